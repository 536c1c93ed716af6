//===- Passes.td - conversions from one level to the next --*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_PASSES
#define SQUINT_CONVERSION_PASSES

include "squint/Conversion/OnnxToLinalg.td"
include "squint/Conversion/LinalgToVector.td"
include "squint/Conversion/KernelToVector.td"

#endif
