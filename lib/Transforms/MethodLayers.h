//===- MethodLayers.h - layers of a method, with their inputs ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What the passes share that carry out a method which looks at samples.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_METHODLAYERS_H
#define SQUINT_LIB_TRANSFORMS_METHODLAYERS_H

#include "squint/Calibration/LayerInputs.h"
#include "squint/Transforms/Methods.h"

namespace squint {

/// The samples that a pass was told to read.
struct MethodSamples {
  llvm::StringRef calibration;
  int64_t limit;
  int jobs;
};

/// The method of an operator and its options.
MethodOptions getMethodOptions(WeightedOpInterface op);

/// Hands all operators with the method of that name to `visit`, as layers in
/// the order of data (see `visitLayers`). Operators without a matrix of inputs
/// are errors. `needsFloatModel` says of an operator's options whether they
/// look at the float model too.
mlir::LogicalResult visitMethodLayers(
    mlir::ModuleOp module, llvm::StringRef method, const MethodSamples &samples,
    llvm::function_ref<bool(const MethodOptions &)> needsFloatModel,
    llvm::function_ref<mlir::LogicalResult(const Layer &, const LayerInputs &)>
        visit);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_METHODLAYERS_H
