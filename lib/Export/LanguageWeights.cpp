//===- LanguageWeights.cpp - a language model's tensors ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LanguageWeights.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace squint;

static ConstantOp getWeight(Value weight) {
  if (auto dequantize = weight.getDefiningOp<DequantizeOp>())
    weight = dequantize.getInput();
  return weight.getDefiningOp<ConstantOp>();
}

ArrayRef<int64_t> LanguageWeights::getShape(ConstantOp constant) {
  Type type = constant.getType();
  if (auto packed = dyn_cast<PackedType>(type))
    return packed.getShape();
  return cast<RankedTensorType>(type).getShape();
}

LogicalResult LanguageWeights::collectOp(Operation *op) {
  StringRef node = getNodeName(op);
  std::string tensor = node.str();
  // One tensor has the rows of several linears, in this order.
  if (architecture->joinedWeights) {
    StringRef stem = node;
    if (stem.consume_back(".attn_q") || stem.consume_back(".attn_k") ||
        stem.consume_back(".attn_v"))
      tensor = (stem + ".attn_qkv").str();
    else if (stem.consume_back(".ffn_gate"))
      tensor = (stem + ".ffn_up").str();
  }
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](LinearOp linear) -> LogicalResult {
        if (node == "output")
          head = getWeight(linear.getWeight());
        else
          take(tensor + ".weight", getWeight(linear.getWeight()), op);
        if (linear.getBias())
          take(tensor + ".bias", getWeight(linear.getBias()), op);
        return success();
      })
      .Case([&](EmbeddingOp embedding) {
        table = getWeight(embedding.getTable());
        take(tensor + ".weight", table, op);
        return success();
      })
      .Case([&](NormOp norm) {
        take(tensor + ".weight", getWeight(norm.getScale()), op);
        return success();
      })
      .Case<AttentionOp, RotaryOp, PositionsOp, ConstantOp, DequantizeOp,
            QuantizeOp, KeepOp, onnx::ReshapeOp, onnx::MulOp, onnx::AddOp,
            onnx::CastOp, onnx::CosOp, onnx::SinOp, onnx::SigmoidOp,
            onnx::GeluOp, func::ReturnOp>([](auto) { return success(); })
      .Default([&](Operation *other) {
        return refusal(other->emitOpError())
               << "expected an operator of the architecture '"
               << architecture->name << "' to write the model as " << target;
      });
}

LogicalResult LanguageWeights::collect(const Architecture &kind) {
  architecture = &kind;
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || !main.getBody().hasOneBlock())
    return module.emitError() << "expected a function 'main' to export";
  for (Operation &op : main.getBody().front())
    if (failed(collectOp(&op)))
      return failure();
  if (!table || !head)
    return module.emitError() << "expected a table and a head to export";
  for (const auto &[name, parts] : tensors)
    for (const Part &part : parts)
      if (!part.constant)
        return module.emitError()
               << "tensor '" << name.getValue() << "': expected a constant";
  return success();
}

void LanguageWeights::addHead() {
  tensors[spell("output.weight")].push_back({head, "output"});
}

LogicalResult LanguageWeights::addOwnHead() {
  if (head == table)
    return success();
  std::vector<char> headScratch, tableScratch;
  llvm::Expected<ArrayRef<char>> headBytes = read(head, headScratch),
                                 tableBytes = read(table, tableScratch);
  if (!headBytes || !tableBytes)
    return head->emitOpError() << llvm::toString(
               llvm::joinErrors(headBytes.takeError(), tableBytes.takeError()));
  if (head.getType() != table.getType() || *headBytes != *tableBytes)
    addHead();
  return success();
}
