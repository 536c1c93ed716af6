//===- LayerInputs.h - what operators with a weight read --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Methods that compensate for what quantization loses, or that weigh it, look
// at the inputs of a layer on samples: at their Gram matrix and their size by
// channel. Layer after layer is visited in the order of data, and each may be
// changed when it is: the next sees the inputs that the changed model gives,
// and those of the float model beside them.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_LAYERINPUTS_H
#define SQUINT_CALIBRATION_LAYERINPUTS_H

#include "squint/Calibration/Samples.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <functional>
#include <vector>

namespace squint {

/// Operators that contract one value with their weights, such as q, k and v of
/// an attention. Convolutions stand alone, as their windows differ.
struct Layer {
  mlir::Value input;
  llvm::SmallVector<WeightedOpInterface> operators;
};

/// The operators of `main` that `wanted` takes, as layers in the order of data.
/// Left out are those inside of regions, those that choose rows (embeddings)
/// and grouped convolutions, whose weight's rows read different columns.
std::vector<Layer>
collectLayers(mlir::func::FuncOp main,
              llvm::function_ref<bool(WeightedOpInterface)> wanted);

/// Sums over the samples. Rows of X are the tokens of a linear, or the windows
/// of a convolution's output pixels, columns as the weight has them. The sums
/// do not depend on the count of threads.
struct LayerInputs {
  int64_t rows = 0, columns = 0;
  /// X^T X, [columns, columns]; empty where the options want none.
  std::vector<double> gram;
  /// By column: the largest |x|, the sums of |x|, of x and of its square.
  std::vector<double> absmax, absolute, sum, squares;
  /// (Xf - X)^T X, [columns, columns], Xf being what the float model gives.
  std::vector<double> cross;
  /// By operator, (Rf - R)^T X, [outputs, columns], where its result is added
  /// to a value R (the residual stream); empty for others.
  std::vector<std::vector<double>> residuals;
};

struct LayerInputsOptions {
  /// Of the samples, 0 for all.
  int64_t limit = 0;
  /// 0: as many as passes may use.
  int threads = 0;
  /// Compute `gram`, by far the most of the work.
  bool withGram = true;
  /// Run the float model too, for `cross` and `residuals`.
  bool withFloatModel = false;
  /// Whether a layer is visited without its inputs, which are not computed
  /// then; null for none.
  std::function<bool(const Layer &)> isKnown;
  /// What progress is reported as.
  llvm::StringRef what = "calibrate";
};

/// Hands the layers to `visit`, one after the other. It may replace weights of
/// the layer that it gets and nothing else. Errors are diagnostics.
mlir::LogicalResult visitLayers(
    mlir::func::FuncOp main, Samples &samples, llvm::ArrayRef<Layer> layers,
    const LayerInputsOptions &options,
    llvm::function_ref<mlir::LogicalResult(const Layer &, const LayerInputs &)>
        visit);

/// A copy of `main` in a module of its own in which nothing is quantized that
/// was not when the model came: weights are what their `squint.original` says,
/// activations are left alone. `mapping` leads to it.
mlir::OwningOpRef<mlir::ModuleOp> cloneFloatModel(mlir::func::FuncOp main,
                                                  mlir::IRMapping &mapping);

} // namespace squint

#endif // SQUINT_CALIBRATION_LAYERINPUTS_H
