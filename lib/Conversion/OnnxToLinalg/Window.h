//===- Window.h - windows of convolutions and pools ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CONVERSION_ONNXTOLINALG_WINDOW_H
#define SQUINT_LIB_CONVERSION_ONNXTOLINALG_WINDOW_H

#include "Node.h"

namespace squint::lowering {

/// By spatial dimension. Output `o` reads inputs `o * stride - low + i *
/// dilation` for `i` in [0, kernel).
struct Window {
  llvm::SmallVector<int64_t> kernel, strides, dilations, low, high;

  int64_t reach(unsigned i) const { return (kernel[i] - 1) * dilations[i] + 1; }
};

/// Reads strides, dilations, pads and auto_pad, with ONNX's defaults.
mlir::FailureOr<Window> readWindow(Node &node, llvm::ArrayRef<int64_t> kernel,
                                   llvm::ArrayRef<DimExpr> in,
                                   llvm::ArrayRef<DimExpr> out);

/// Pads the spatial dimensions, from `first` on, so that every window of `out`
/// lies inside.
Tensor padWindow(mlir::ImplicitLocOpBuilder &b, const Tensor &input,
                 const Window &window, unsigned first,
                 llvm::ArrayRef<DimExpr> out, mlir::Value scalar);

} // namespace squint::lowering

#endif
