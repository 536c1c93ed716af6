//===- Failures.cpp - what is said of values that do not fit ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Failures.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace squint;

std::string squint::spell(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", value);
  return text;
}

std::string squint::describeNonFinite(float value, int64_t element) {
  return llvm::formatv("expected finite values, got {0} at element {1}",
                       std::isnan(value) ? "NaN" : spell(value), element);
}

std::string squint::describeScale(const Format &format, float min, float max,
                                  int64_t element) {
  return llvm::formatv(
      "expected a scale within {0}, got values from {1} to {2} in the block at "
      "element {3}",
      stringifyScaleType(format.scale), spell(min), spell(max), element);
}
