//===- ShapesExperts.cpp - mixtures of experts --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// x [tokens, hidden] or [batch, sequence, hidden], with a row of the router
/// [tokens, experts] for each token.
FailureOr<DimExpr> expectTokens(Value x, Value router, ShapeContext &s) {
  if (failed(s.expectRank(x, 2, 3, "the input")) ||
      failed(s.expectRank(router, 2, 2, "router_probs")))
    return failure();
  Dims dims(s.shape(x));
  DimExpr tokens = dims.size() == 3 ? dims[0] * dims[1] : dims[0];
  if (failed(s.unify(s.shape(router)[0], tokens, "the tokens")))
    return failure();
  return s.shape(router)[1];
}

/// A weight [experts, outputs, inputs] of `perByte` inputs an element, and its
/// bias [experts, outputs]; the outputs.
FailureOr<DimExpr> expectLayer(Value weight, Value bias, const DimExpr &experts,
                               const DimExpr &inputs, int64_t perByte,
                               StringRef name, ShapeContext &s) {
  if (failed(s.expectRank(weight, 3, 3, name)))
    return failure();
  Dims dims(s.shape(weight));
  if (failed(s.unify(dims[0], experts, name)) ||
      failed(s.unify(dims[2] * DimExpr(perByte), inputs, name)))
    return failure();
  if (bias && (failed(s.expectRank(bias, 2, 2, "a bias")) ||
               failed(s.unify(s.shape(bias)[0], experts, "a bias")) ||
               failed(s.unify(s.shape(bias)[1], dims[1], "a bias"))))
    return failure();
  return dims[1];
}

/// What the second layer reads: half of what the first makes where that holds
/// both factors.
FailureOr<DimExpr> inferInner(StringRef activation, int64_t fusion,
                              const DimExpr &outputs, ShapeContext &s) {
  return activation == "swiglu" && fusion != 0
             ? s.divide(outputs, 2, "the width of fc1")
             : FailureOr<DimExpr>(outputs);
}

LogicalResult inferMoE(msft::MoEOp op, ShapeContext &s) {
  FailureOr<DimExpr> experts =
      expectTokens(op.getInput(), op.getRouterProbs(), s);
  if (failed(experts))
    return failure();
  Dims dims(s.shape(op.getInput()));
  FailureOr<DimExpr> outer =
      expectLayer(op.getFc1ExpertsWeights(), op.getFc1ExpertsBias(), *experts,
                  dims.back(), 1, "fc1_experts_weights", s);
  if (failed(outer))
    return failure();
  FailureOr<DimExpr> inner =
      inferInner(op.getActivationType(), op.getSwigluFusion(), *outer, s);
  if (failed(inner))
    return failure();
  FailureOr<DimExpr> out =
      expectLayer(op.getFc2ExpertsWeights(), op.getFc2ExpertsBias(), *experts,
                  *inner, 1, "fc2_experts_weights", s);
  if (failed(out) || failed(s.unify(*out, dims.back(), "the width of fc2")))
    return failure();
  if (op.getFc3ExpertsWeights()) {
    FailureOr<DimExpr> other =
        expectLayer(op.getFc3ExpertsWeights(), op.getFc3ExpertsBias(), *experts,
                    dims.back(), 1, "fc3_experts_weights", s);
    if (failed(other) || failed(s.unify(*other, *inner, "the width of fc3")))
      return failure();
  }
  return s.set(op->getResult(0), std::move(dims));
}

/// Scales [experts, outputs], or with blocks of inputs, and zero points in
/// bytes of codes.
LogicalResult expectScales(Value scales, Value zeros, const DimExpr &experts,
                           const DimExpr &outputs, const DimExpr &inputs,
                           int64_t block, int64_t perByte, StringRef name,
                           ShapeContext &s) {
  Dims wanted{experts, outputs};
  if (block > 0) // the last may be shorter
    wanted.push_back(
        DimExpr::floordiv(inputs + DimExpr(block - 1), DimExpr(block)));
  if (!scales)
    return s.fail() << "expected " << name;
  if (failed(s.expectSizes(scales, wanted, name)))
    return failure();
  wanted.back() =
      DimExpr::floordiv(wanted.back() + DimExpr(perByte - 1), DimExpr(perByte));
  return s.expectSizes(zeros, wanted, name);
}

LogicalResult inferQMoE(msft::QMoEOp op, ShapeContext &s) {
  FailureOr<DimExpr> experts =
      expectTokens(op.getInput(), op.getRouterProbs(), s);
  if (failed(experts))
    return failure();
  Dims dims(s.shape(op.getInput()));
  if (op.getQuantType() != "int")
    return s.refuse() << "expected quant_type to be int, got '"
                      << op.getQuantType() << "'";
  int64_t block = op.getBlockSize().value_or(0);
  if (block > 0 && (block < 16 || !llvm::isPowerOf2_64(block)))
    return s.fail() << "expected a block_size that is a power of two and at "
                       "least 16, got "
                    << block;
  auto layer = [&](Value weight, Value bias, Value scales, Value zeros,
                   std::optional<uint64_t> own, const DimExpr &inputs,
                   StringRef name) -> FailureOr<DimExpr> {
    int64_t bits = own.value_or(op.getExpertWeightBits());
    if (bits != 2 && bits != 4 && bits != 8)
      return LogicalResult(s.fail() << "expected " << name
                                    << " of 2, 4 or 8 bits, got " << bits);
    FailureOr<DimExpr> outputs =
        expectLayer(weight, bias, *experts, inputs, 8 / bits, name, s);
    if (failed(outputs) ||
        failed(expectScales(scales, zeros, *experts, *outputs, inputs, block,
                            8 / bits, (name + " scales").str(), s)))
      return failure();
    return outputs;
  };
  FailureOr<DimExpr> outer = layer(
      op.getFc1ExpertsWeights(), op.getFc1ExpertsBias(), op.getFc1Scales(),
      op.getFc1ZeroPoints(), op.getFc1ExpertWeightBits(), dims.back(), "fc1");
  if (failed(outer))
    return failure();
  FailureOr<DimExpr> inner =
      inferInner(op.getActivationType(), op.getSwigluFusion(), *outer, s);
  if (failed(inner))
    return failure();
  FailureOr<DimExpr> out = layer(
      op.getFc2ExpertsWeights(), op.getFc2ExpertsBias(), op.getFc2Scales(),
      op.getFc2ZeroPoints(), op.getFc2ExpertWeightBits(), *inner, "fc2");
  if (failed(out) || failed(s.unify(*out, dims.back(), "the width of fc2")))
    return failure();
  if (op.getFc3ExpertsWeights()) {
    FailureOr<DimExpr> other = layer(
        op.getFc3ExpertsWeights(), op.getFc3ExpertsBias(), op.getFc3Scales(),
        op.getFc3ZeroPoints(), op.getFc3ExpertWeightBits(), dims.back(), "fc3");
    if (failed(other) || failed(s.unify(*other, *inner, "the width of fc3")))
      return failure();
  }
  if (Value mixing = op.getRouterWeights();
      mixing && (failed(s.expectRank(mixing, 2, 2, "router_weights")) ||
                 failed(s.expectBroadcast(mixing, s.shape(op.getRouterProbs()),
                                          "router_weights"))))
    return failure();
  return s.set(op->getResult(0), std::move(dims));
}
} // namespace

void addExpertRules(ShapeRules &rules) {
  rules.add<msft::MoEOp, inferMoE>();
  rules.add<msft::QMoEOp, inferQMoE>();
}

} // namespace squint::onnx
