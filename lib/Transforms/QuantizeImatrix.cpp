//===- QuantizeImatrix.cpp - codes by how large inputs are ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MethodLayers.h"
#include "WeightedOps.h"
#include "squint/Import/ImportanceMatrix.h"
#include "squint/Numerics/Rtn.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZEIMATRIX
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct QuantizeImatrix : squint::impl::QuantizeImatrixBase<QuantizeImatrix> {
  using QuantizeImatrixBase::QuantizeImatrixBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    addSliceDialects(registry);
  }
  void runOnOperation() override;
};
} // namespace

/// The mean square of each column's inputs.
static std::vector<float> getImportance(const LayerInputs &inputs,
                                        const Format &format) {
  std::vector<float> importance;
  double sum = 0.0;
  for (double square : inputs.squares) {
    importance.push_back(float(square / double(inputs.rows)));
    sum += importance.back();
  }
  // Where a table has a mean to take, every value must count something.
  float least = float(sum / double(inputs.columns)) * 1e-6f;
  for (float &value : importance)
    if (format.isCodebook())
      value = std::max(value, least > 0.0f ? least : 1.0f);
  return importance;
}

static FailureOr<LayerCodes> quantize(const LayerWeight &weight) {
  WeightedOpInterface op = weight.op;
  const Format &format = weight.format;
  // Nothing is chosen in a format without scales.
  if (format.hasScale() && !format.blocks() && !format.hasFreeScales())
    return op->emitError() << "expected a format with free scales or of blocks "
                              "to weigh errors in, got '"
                           << format.str() << "'";
  std::vector<float> importance = getImportance(weight.inputs, format);
  RangeOptions range;
  range.rule = RangeRule::Mse;
  range.importance = importance;
  FailureOr<DataAttr> data =
      packWeight(op, weight.constant, format,
                 [&](const TensorView &view, MutableArrayRef<char> payload) {
                   return quantizeRtn(view, format, payload,
                                      getThreadPool(op->getContext()), range);
                 });
  if (failed(data))
    return failure();
  return LayerCodes{*data};
}

/// The means that a file has for the inputs of a layer.
static FailureOr<LayerInputs> getInputs(const ImportanceMatrix &matrix,
                                        const Layer &layer) {
  WeightedOpInterface first = layer.operators.front();
  for (WeightedOpInterface op : layer.operators) {
    const ImportanceMatrix::Entry *entry = matrix.find(getNodeName(op));
    if (!entry)
      continue;
    auto type = cast<RankedTensorType>(op.getWeightOperand().get().getType());
    LayerInputs inputs;
    inputs.rows = 1;
    inputs.columns = type.getNumElements() / type.getDimSize(0);
    std::vector<float> means = entry->getMeans();
    if (int64_t(means.size()) != inputs.columns)
      return LogicalResult(op->emitError()
                           << "expected importance of " << inputs.columns
                           << " columns, got " << means.size());
    inputs.squares.assign(means.begin(), means.end());
    return inputs;
  }
  return LogicalResult(first->emitError()
                       << "expected an entry '" << getNodeName(first)
                       << ".weight' in the importance matrix");
}

void QuantizeImatrix::runOnOperation() {
  ImportanceMatrix matrix;
  if (!imatrix.empty()) {
    llvm::Expected<ImportanceMatrix> read = ImportanceMatrix::read(imatrix);
    if (!read) {
      emitError(getOperation().getLoc()) << llvm::toString(read.takeError());
      return signalPassFailure();
    }
    matrix = std::move(*read);
  }
  auto given = [&](const Layer &layer) { return getInputs(matrix, layer); };
  FailureOr<int64_t> count = quantizeLayers(
      getOperation(), "imatrix", {calibration, samples, jobs, checkpoint},
      quantize,
      /*withGram=*/false,
      imatrix.empty()
          ? llvm::function_ref<FailureOr<LayerInputs>(const Layer &)>()
          : given);
  if (failed(count))
    return signalPassFailure();
  numWeights += *count;
}
