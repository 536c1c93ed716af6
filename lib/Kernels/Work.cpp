//===- Work.cpp - how much there is to do -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Work.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "squint/Dialect/Squint/State.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Layout.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {
// What one core does in a nanosecond, on the low side; only the size of chunks
// depends on it.
constexpr int64_t kByteProductsPerNs = 300, kFloatProductsPerNs = 30,
                  kElementsPerNs = 1, kBytesPerNs = 8;
constexpr int64_t kChunkNs = 5000;
} // namespace

bool squint::kernel::isKernel(Operation *op) {
  return isa<GemmOp, QuantizeRowsOp, DepthwiseOp, NormOp, SoftmaxOp,
             kernel::HadamardOp, kernel::RotaryOp, kernel::AttentionOp,
             kernel::AppendCacheOp, kernel::CachedAttentionOp, GatherRowsOp,
             DequantizeOp, linalg::BatchMatmulOp>(op);
}

/// Units that make up a chunk when one takes `ns` nanoseconds.
static Value getGrain(KernelBuilder &b, Value ns) {
  return b.max(b.div(b.index(kChunkNs), b.max(ns, b.index(1))), b.index(1));
}

static Value getDim(KernelBuilder &b, Value value, int64_t i) {
  if (isa<TensorType>(value.getType()))
    return b.createOrFold<tensor::DimOp>(value, i);
  return b.dim(value, i);
}

int64_t squint::kernel::getGemmRowBlocks(int64_t rows, int64_t groups) {
  return std::max<int64_t>(
      llvm::divideCeil(rows, kUnitRows),
      std::min<int64_t>(llvm::divideCeil(rows, kFewUnitRows),
                        llvm::divideCeil(kFewUnits, groups)));
}

Value squint::kernel::getGemmRowBlocks(KernelBuilder &b, Value rows,
                                       int64_t groups) {
  return b.max(b.ceilDiv(rows, kUnitRows),
               b.min(b.ceilDiv(rows, kFewUnitRows),
                     b.index(llvm::divideCeil(kFewUnits, groups))));
}

static Work getGemmWork(KernelBuilder &b, GemmOp op) {
  PackedType type = op.getPackedType();
  int64_t rows = type.getRows(), columns = type.getColumns();
  int64_t groups =
      llvm::divideCeil(llvm::divideCeil(rows, PanelLayout::width), kUnitPanels);
  Value tokens = getDim(b, op.getOutputs()[0], 0);
  Value blocks = getGemmRowBlocks(b, tokens, groups);
  Value units = b.mul(blocks, groups);
  // A unit reads its weights once and multiplies them with its rows.
  int64_t perRow = std::min(kUnitPanels * PanelLayout::width, rows) * columns;
  int64_t rate =
      op.hasIntegerInput() ? kByteProductsPerNs : kFloatProductsPerNs;
  Value unitRows = b.div(tokens, b.max(blocks, b.index(1)));
  Value compute = b.div(b.mul(unitRows, perRow), rate);
  Value read = b.index(perRow * type.getFormat().bits() / 8 / kBytesPerNs / 4);
  return {units, getGrain(b, b.max(compute, read))};
}

static Work getAttentionWork(KernelBuilder &b, kernel::AttentionOp op) {
  bool headsFirst = op.getHeadsFirst() && (*op.getHeadsFirst())[0];
  bool keysFirst = op.getHeadsFirst() && (*op.getHeadsFirst())[1];
  Value query = op.getQuery(), key = op.getKey(), value = op.getValue();
  Value rows = getDim(b, query, headsFirst ? 2 : 1);
  Value heads =
      b.mul(getDim(b, query, 0), getDim(b, query, headsFirst ? 1 : 2));
  Value units = b.mul(heads, b.ceilDiv(rows, kUnitAttentionRows));
  // An exponential function is worth about 32 products.
  Value perScore = b.add(b.add(getDim(b, query, 3), getDim(b, value, 3)), 32);
  Value products = b.mul(b.mul(b.min(rows, b.index(kUnitAttentionRows)),
                               getDim(b, key, keysFirst ? 2 : 1)),
                         perScore);
  return {units, getGrain(b, b.div(products, kFloatProductsPerNs))};
}

/// What is in the cache is known later; a few hundred tokens are worth a thread
/// for each head of the keys.
static Work getCachedAttentionWork(KernelBuilder &b,
                                   kernel::CachedAttentionOp op) {
  Value query = op.getQuery();
  int64_t heads = op.getLayout().getHeads();
  int64_t group = cast<ShapedType>(query.getType()).getDimSize(2) / heads;
  Value rows = b.mul(getDim(b, query, 1), group);
  Value units = b.mul(b.mul(getDim(b, query, 0), heads),
                      b.ceilDiv(rows, kUnitAttentionRows));
  return {units, b.index(1)};
}

Work squint::kernel::materializeWork(OpBuilder &builder, Location loc,
                                     Operation *op) {
  TargetInfo none;
  KernelBuilder b(builder, loc, none);
  if (auto gemm = dyn_cast<GemmOp>(op))
    return getGemmWork(b, gemm);
  if (auto attention = dyn_cast<kernel::AttentionOp>(op))
    return getAttentionWork(b, attention);
  if (auto attention = dyn_cast<kernel::CachedAttentionOp>(op))
    return getCachedAttentionWork(b, attention);
  if (auto append = dyn_cast<kernel::AppendCacheOp>(op)) {
    CacheAttr layout = append.getLayout();
    int64_t elements =
        layout.getHeads() * (layout.getKeySize() + layout.getValueSize());
    Value key = append.getKey();
    Value sequences = getDim(b, key, 0), tokens = getDim(b, key, 1);
    // Units are heads, or tokens with all of their heads.
    if (CacheLayout::get(layout).isGrouped)
      return {b.mul(sequences, layout.getHeads()),
              getGrain(b, b.mul(tokens, elements / layout.getHeads() /
                                            kElementsPerNs))};
    return {b.mul(sequences, tokens),
            getGrain(b, b.index(elements / kElementsPerNs))};
  }
  if (auto rotary = dyn_cast<kernel::RotaryOp>(op)) {
    Value x = rotary.getInput();
    Value elements = b.mul(getDim(b, x, 2), getDim(b, x, 3));
    return {b.mul(getDim(b, x, 0), getDim(b, x, 1)),
            getGrain(b, b.div(elements, kElementsPerNs * 4))};
  }
  if (auto depthwise = dyn_cast<DepthwiseOp>(op)) {
    auto type = cast<ShapedType>(depthwise.getOutputs()[0].getType());
    ArrayRef<int64_t> kernel = depthwise.getWindow().getKernel();
    int64_t products =
        kernel[0] * kernel[1] * type.getDimSize(2) * type.getDimSize(3);
    return {b.mul(getDim(b, depthwise.getInput(), 0), type.getDimSize(1)),
            getGrain(b, b.index(products / kFloatProductsPerNs))};
  }
  if (auto matmul = dyn_cast<linalg::BatchMatmulOp>(op)) {
    Value left = matmul.getInputs()[0], right = matmul.getInputs()[1];
    Value units = b.mul(getDim(b, left, 0),
                        b.ceilDiv(getDim(b, left, 1), kUnitMatmulRows));
    Value products =
        b.mul(b.mul(getDim(b, right, 1), getDim(b, right, 2)), kUnitMatmulRows);
    return {units, getGrain(b, b.div(products, kFloatProductsPerNs))};
  }
  // The rest work row by row of their first output.
  Value output = cast<DestinationStyleOpInterface>(op).getDpsInits()[0];
  auto type = cast<ShapedType>(output.getType());
  if (auto gather = dyn_cast<GatherRowsOp>(op)) {
    Value units = b.index(1);
    for (int64_t i = 0,
                 e = cast<ShapedType>(gather.getIds().getType()).getRank();
         i < e; ++i)
      units = b.mul(units, getDim(b, gather.getIds(), i));
    return {units, getGrain(b, b.div(getDim(b, output, type.getRank() - 1),
                                     kElementsPerNs * 4))};
  }
  Value columns = b.index(1);
  for (int64_t i = 1; i < type.getRank(); ++i)
    columns = b.mul(columns, getDim(b, output, i));
  return {getDim(b, output, 0), getGrain(b, b.div(columns, kElementsPerNs))};
}
