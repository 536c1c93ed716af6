//===- Levels.h - codes before their scale ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_LEVELS_H
#define SQUINT_LIB_NUMERICS_LEVELS_H

#include "squint/Numerics/Format.h"

namespace squint {

/// What a code stands for before its scale: value = level * scale - minimum.
inline float decodeLevel(const Format &format, uint32_t code,
                         int32_t zeroPoint) {
  return format.isInteger() && !format.isSymmetric()
             ? float(int32_t(code) - zeroPoint)
             : format.element->decode(code);
}

} // namespace squint

#endif // SQUINT_LIB_NUMERICS_LEVELS_H
