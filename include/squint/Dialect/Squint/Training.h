//===- Training.h - what training leaves and needs ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// squint.fake_quantize and squint.lora, apart from the operators that most
// files know.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_TRAINING_H
#define SQUINT_DIALECT_SQUINT_TRAINING_H

#include "squint/Dialect/Squint/Squint.h"

#define GET_OP_CLASSES
#include "squint/Dialect/Squint/SquintTraining.h.inc"

#endif
