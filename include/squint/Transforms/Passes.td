//===- Passes.td - decide and rewrite ----------------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_PASSES
#define SQUINT_TRANSFORMS_PASSES

include "squint/Transforms/Raise.td"
include "squint/Transforms/Quantization.td"
include "squint/Transforms/Rewrite.td"
include "squint/Transforms/WeightMethods.td"
include "squint/Transforms/State.td"
include "squint/Transforms/Fuse.td"

#endif
