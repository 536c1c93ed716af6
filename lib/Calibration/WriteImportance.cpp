//===- WriteImportance.cpp - importance matrices from samples -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/WriteImportance.h"
#include "squint/Calibration/LayerInputs.h"
#include "squint/Import/ImportanceMatrix.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace squint;

/// What llama.cpp calls the weight. Linears that are rows of one tensor have
/// the name of that.
static std::string getTensorName(WeightedOpInterface op) {
  Value weight = op.getWeightOperand().get();
  if (auto dequantize = weight.getDefiningOp<DequantizeOp>())
    weight = dequantize.getInput();
  StringRef node = getNodeName(op),
            own = weight.getDefiningOp() ? getNodeName(weight.getDefiningOp())
                                         : "";
  if (own.contains("qkv") &&
      (node.consume_back(".attn_q") || node.consume_back(".attn_k") ||
       node.consume_back(".attn_v")))
    return (node + ".attn_qkv.weight").str();
  if ((own.contains("ffn_up") || own.contains("gate_up")) &&
      node.consume_back(".ffn_gate"))
    return (node + ".ffn_up.weight").str();
  return (node + ".weight").str();
}

LogicalResult squint::writeImportance(ModuleOp module, StringRef calibration,
                                      StringRef path, int64_t jobs) {
  FailureOr<std::unique_ptr<Samples>> samples =
      openSamples(module, calibration, /*samples=*/0, jobs);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (failed(samples) || !main)
    return failure();
  std::vector<Layer> layers = collectLayers(
      main, [](WeightedOpInterface op) { return !getNodeName(op).empty(); });
  ImportanceMatrix matrix;
  matrix.dataset = llvm::sys::path::filename(calibration).str();
  matrix.chunks = uint32_t((*samples)->size());
  LayerInputsOptions options;
  options.threads = int(jobs);
  options.withGram = false;
  options.what = "imatrix";
  auto visit = [&](const Layer &layer, const LayerInputs &inputs) {
    matrix.chunkSize =
        std::max(matrix.chunkSize,
                 uint32_t(inputs.rows / std::max<int64_t>(matrix.chunks, 1)));
    for (WeightedOpInterface op : layer.operators) {
      ImportanceMatrix::Entry &entry = matrix.entries[getTensorName(op)];
      entry.sums.assign(inputs.squares.begin(), inputs.squares.end());
      entry.count = float(inputs.rows);
    }
    return success();
  };
  if (failed(visitLayers(main, **samples, layers, options, visit)))
    return failure();
  if (matrix.entries.empty())
    return module.emitError() << "expected linears with names to write how "
                                 "large their inputs are";
  if (llvm::Error error = matrix.write(path))
    return module.emitError() << llvm::toString(std::move(error));
  return success();
}
