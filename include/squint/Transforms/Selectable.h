//===- Selectable.h - operators whose weight may take a format --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_SELECTABLE_H
#define SQUINT_TRANSFORMS_SELECTABLE_H

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "squint/Dialect/Squint/Squint.h"
#include <vector>

namespace squint {

/// The operators of a function whose weight is a constant of f32, f16 or bf16
/// or quantized already, in order. Left out are those that carry a decision,
/// and those whose activation is a function of sizes alone, such as the angles
/// of a rotary embedding.
std::vector<WeightedOpInterface>
collectSelectable(mlir::FunctionOpInterface function);

} // namespace squint

#endif // SQUINT_TRANSFORMS_SELECTABLE_H
