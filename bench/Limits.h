//===- Limits.h - what this machine can do at most ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_BENCH_LIMITS_H
#define SQUINT_BENCH_LIMITS_H

#include "Workers.h"

namespace squint::bench {

/// Reading memory bounds a product with one token, multiplications bound one
/// with many.
struct Limit {
  const char *name, *unit;
  /// One short measurement: units of 1e9 (bytes, or multiplications and
  /// additions) and the seconds that they took on all threads.
  struct Sample {
    double amount, seconds;
  };
  Sample (*measure)(Workers &workers);
};

const std::vector<Limit> &getLimits();

} // namespace squint::bench

#endif
