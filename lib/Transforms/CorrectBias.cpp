//===- CorrectBias.cpp - take off what codes add on average -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MapWeights.h"
#include "squint/Calibration/LayerInputs.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Numerics/Packed.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_CORRECTBIAS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct CorrectBias : squint::impl::CorrectBiasBase<CorrectBias> {
  using CorrectBiasBase::CorrectBiasBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    CorrectBiasBase::getDependentDialects(registry);
    addSliceDialects(registry);
  }
  void runOnOperation() override;

private:
  FailureOr<std::vector<double>> findShift(WeightedOpInterface op,
                                           const LayerInputs &inputs);
  LogicalResult correct(WeightedOpInterface op, ArrayRef<double> shift);
};
} // namespace

/// The codes behind a weight that knows what it was.
static squint::DequantizeOp getQuantized(WeightedOpInterface op) {
  auto weight =
      op.getWeightOperand().get().getDefiningOp<squint::DequantizeOp>();
  return weight && weight->hasAttr(kOriginalAttr) &&
                 weight.getInput().getDefiningOp<ConstantOp>()
             ? weight
             : squint::DequantizeOp();
}

/// (W' - W) E[x], W' being what the codes stand for.
FailureOr<std::vector<double>>
CorrectBias::findShift(WeightedOpInterface op, const LayerInputs &inputs) {
  squint::DequantizeOp weight = getQuantized(op);
  FailureOr<std::vector<float>> original =
      readMatrix(op, cast<TypedAttr>(weight->getAttr(kOriginalAttr)));
  if (failed(original))
    return failure();
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> payload = getConstantBytes(
      weight.getInput().getDefiningOp<ConstantOp>().getValue(), scratch);
  if (!payload)
    return op.emitError() << llvm::toString(payload.takeError());
  PackedType type = weight.getInput().getType();
  int64_t rows = type.getRows(), columns = type.getColumns();
  PackedView view(payload->data(), type.getFormat(), rows, columns);
  std::vector<double> shift(rows, 0.0);
  std::vector<float> row(columns);
  for (int64_t r = 0; r < rows; ++r) {
    view.dequantizeRows(r, r + 1, row.data());
    for (int64_t c = 0; c < columns; ++c)
      shift[r] += (double(row[c]) - double((*original)[r * columns + c])) *
                  (inputs.sum[c] / double(inputs.rows));
  }
  return shift;
}

LogicalResult CorrectBias::correct(WeightedOpInterface op,
                                   ArrayRef<double> shift) {
  auto linear = dyn_cast<LinearOp>(op.getOperation());
  auto conv = dyn_cast<ConvOp>(op.getOperation());
  MutableOperandRange bias =
      linear ? linear.getBiasMutable() : conv.getBiasMutable();
  Type element =
      cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
  SmallVector<double> values(shift.size(), 0.0);
  if (!bias.empty()) {
    Value own = bias[0].get();
    if (!isFloatConstant(own))
      return success();
    FailureOr<std::vector<float>> read =
        readMatrix(op, getConstant(own).getValue());
    if (failed(read))
      return failure();
    values.assign(read->begin(), read->end());
    element = cast<RankedTensorType>(own.getType()).getElementType();
  }
  for (auto [value, error] : llvm::zip(values, shift))
    value -= error;
  auto type = RankedTensorType::get({int64_t(values.size())}, element);
  TypedAttr constant = makeConstant(type, encodeNumbers(element, values));
  if (!bias.empty()) {
    replaceConstant(bias[0], constant);
  } else {
    OpBuilder builder(op);
    bias.assign(ConstantOp::create(builder, op.getLoc(), constant).getResult());
  }
  ++numCorrected;
  return success();
}

void CorrectBias::runOnOperation() {
  auto main = getOperation().lookupSymbol<func::FuncOp>("main");
  Location loc = UnknownLoc::get(&getContext());
  auto fail = [&](const Twine &message) {
    emitError(loc) << message;
    signalPassFailure();
  };
  if (calibration.empty() || samples < 0 || jobs < 0)
    return fail("expected a file of samples, and no negative numbers");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock())
    return fail("expected a function 'main' with one block");
  std::vector<Layer> layers = collectLayers(main, [](WeightedOpInterface op) {
    return isa<LinearOp, ConvOp>(op.getOperation()) && getQuantized(op);
  });
  if (layers.empty())
    return fail("bias correction touched nothing: expected quantized weights "
                "with squint.original");
  llvm::Expected<std::unique_ptr<Samples>> file =
      Samples::open(calibration, main);
  if (!file)
    return fail(llvm::toString(file.takeError()));
  LayerInputsOptions options;
  options.limit = samples;
  options.threads = jobs;
  // Biases change when all has been seen.
  std::vector<std::pair<WeightedOpInterface, std::vector<double>>> shifts;
  auto visit = [&](const Layer &layer,
                   const LayerInputs &inputs) -> LogicalResult {
    for (WeightedOpInterface op : layer.operators) {
      FailureOr<std::vector<double>> shift = findShift(op, inputs);
      if (failed(shift))
        return failure();
      shifts.push_back({op, std::move(*shift)});
    }
    return success();
  };
  if (failed(visitLayers(main, **file, layers, options, visit)))
    return signalPassFailure();
  for (auto &[op, shift] : shifts)
    if (failed(correct(op, shift)))
      return signalPassFailure();
}
