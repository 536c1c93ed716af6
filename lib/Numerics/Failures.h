//===- Failures.h - what is said of values that do not fit ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_NUMERICS_FAILURES_H
#define SQUINT_LIB_NUMERICS_FAILURES_H

#include "squint/Numerics/Format.h"

namespace squint {

/// As `%g`.
std::string spell(double value);

/// Of a value that is not finite.
std::string describeNonFinite(float value, int64_t element);

/// Of a block whose scale is beyond its type.
std::string describeScale(const Format &format, float min, float max,
                          int64_t element);

} // namespace squint

#endif // SQUINT_LIB_NUMERICS_FAILURES_H
