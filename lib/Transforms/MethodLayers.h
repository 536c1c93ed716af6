//===- MethodLayers.h - weights by what their inputs are like ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What the passes share that carry out a method which looks at samples.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_METHODLAYERS_H
#define SQUINT_LIB_TRANSFORMS_METHODLAYERS_H

#include "squint/Calibration/LayerInputs.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Numerics/Format.h"
#include "squint/Numerics/Gptq.h"
#include "squint/Numerics/TensorView.h"
#include "squint/Transforms/Methods.h"
#include <map>

namespace squint {

/// The samples that a pass was told to read, and the folder to keep layers in
/// that are done; empty for none.
struct MethodSamples {
  llvm::StringRef calibration;
  int64_t limit;
  int jobs;
  llvm::StringRef checkpoint;
};

/// The Hessians of a layer's inputs: its operators may differ in their options.
using LayerHessians = std::map<std::pair<double, bool>, Hessian>;

/// A weight that a method is asked for, and what it reads on the samples in the
/// model as quantized so far.
struct LayerWeight {
  WeightedOpInterface op;
  ConstantOp constant;
  const Format &format;
  const MethodOptions &options;
  const LayerInputs &inputs;
  llvm::ArrayRef<double> residual;
  LayerHessians &hessians;

  /// Damped and ordered as the options say, or else as given. Damping that is
  /// too small for a factorization is raised, and a remark says so.
  mlir::FailureOr<const Hessian *> getHessian(double damping,
                                              bool actOrder) const;
};

/// What a method makes of a weight.
struct LayerCodes {
  DataAttr data;
  /// The squared error of the layer's outputs over the squared outputs;
  /// negative where the method does not know it.
  double error = -1.0;
};

/// The values of a weight, and what its options `targets` and `residual` make
/// of them.
GptqLayer getTargetLayer(const LayerWeight &weight,
                         llvm::ArrayRef<float> values);
std::vector<float> readTargets(const LayerWeight &weight,
                               const Hessian &hessian, const TensorView &view);

/// The codes of GPTQ with `options` and what the operator says of `targets`,
/// `residual` and `descent`, the rounds of which are `descent` otherwise.
mlir::FailureOr<LayerCodes> quantizeByGptq(const LayerWeight &weight,
                                           const Hessian &hessian,
                                           GptqOptions options,
                                           int64_t descent);

/// Replaces the weights of all operators with the method of that name by what
/// `quantize` makes of them, layer after layer in the order of data (see
/// `visitLayers`), and returns their count. Operators without a matrix of
/// inputs are errors; errors are diagnostics. Options named `targets` and
/// `residual` ask for the float model beside the quantized one. Without
/// `withGram` the inputs have no Gram matrix. Where `given` says what the
/// inputs are, no samples are read.
mlir::FailureOr<int64_t> quantizeLayers(
    mlir::ModuleOp module, llvm::StringRef method, const MethodSamples &samples,
    llvm::function_ref<mlir::FailureOr<LayerCodes>(const LayerWeight &)>
        quantize,
    bool withGram = true,
    llvm::function_ref<mlir::FailureOr<LayerInputs>(const Layer &)> given = {});

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_METHODLAYERS_H
