//===- State.cpp - what a model remembers -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/State.h"
#include "Attention.h"
#include "Node.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

static Value toFloats(Node &node, Value value) {
  return castTo(node.b, node.tensor(value), node.b.getF32Type()).value;
}

static LogicalResult lowerAppendCache(Node &node) {
  auto op = cast<AppendCacheOp>(node.op);
  Value state = node.tensor(op.getCache()).value;
  auto append = kernel::AppendCacheOp::create(
      node.b, TypeRange(state.getType()), toFloats(node, op.getKey()),
      toFloats(node, op.getValue()), node.tensor(op.getLengths()).value,
      /*front=*/Value(), ValueRange(state), op.getLayout(), op.getRecent());
  copyActivationFormat(op, append);
  return node.replace(append.getResult(0));
}

static LogicalResult lowerCachedAttention(Node &node) {
  auto op = cast<CachedAttentionOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Tensor result = empty(b, node.resultDims(), b.getF32Type());
  SmallVector<Value> own;
  for (Value value : op.getOwn())
    own.push_back(toFloats(node, value));
  auto attention = kernel::CachedAttentionOp::create(
      b, TypeRange(result.value.getType()), toFloats(node, op.getQuery()),
      node.tensor(op.getCache()).value, node.tensor(op.getLengths()).value, own,
      /*front=*/Value(), ValueRange(result.value), op.getLayout(),
      op.getScaleAttr(), op.getWindowAttr());
  copyActivationFormat(op, attention);
  result.value = attention.getResult(0);
  return node.replace(castTo(b, result, node.resultElement()).value);
}

static LogicalResult lowerLastTokens(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor input = node.in(0);
  Dims dims = node.resultDims();
  SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)),
      ones(3, b.getIndexAttr(1));
  offsets[1] = sizeValue(b, input.dims[1] - dims[1]);
  return node.replace(slice(b, input, offsets, ones, dims).value);
}

ArrayRef<TableEntry> lowering::stateTable() {
  static const TableEntry table[] = {
      {"squint.append_cache", lowerAppendCache},
      {"squint.cached_attention", lowerCachedAttention},
      {"squint.last_tokens", lowerLastTokens},
  };
  return table;
}
