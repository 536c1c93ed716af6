//===- Floats.h - the values of an array --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CALIBRATION_FLOATS_H
#define SQUINT_LIB_CALIBRATION_FLOATS_H

#include "squint/Runtime/Array.h"
#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace squint {

/// An array's values, `scratch` holding them where they are not f32. A
/// double that f32 cannot hold becomes infinity.
llvm::ArrayRef<float> getFloats(const Array &array,
                                std::vector<float> &scratch);

} // namespace squint

#endif // SQUINT_LIB_CALIBRATION_FLOATS_H
