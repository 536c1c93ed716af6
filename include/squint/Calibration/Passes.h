//===- Passes.h - calibrate on samples --------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_PASSES_H
#define SQUINT_CALIBRATION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace squint {

#define GEN_PASS_DECL
#include "squint/Calibration/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "squint/Calibration/Passes.h.inc"

} // namespace squint

#endif // SQUINT_CALIBRATION_PASSES_H
