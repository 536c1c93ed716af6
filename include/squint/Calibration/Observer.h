//===- Observer.h - from values seen to a range -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// An observer sees an activation's values sample after sample and chooses the
// range that a static format covers. Memory does not grow with what it saw, and
// the result depends on nothing but the values and, for the moving average,
// the order of the samples. `squint.observe` has the list and the formulas.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_OBSERVER_H
#define SQUINT_CALIBRATION_OBSERVER_H

#include "squint/Numerics/Format.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <algorithm>
#include <cstdint>
#include <memory>

namespace squint {

/// The values from `min` to `max`.
struct ObservedRange {
  float min = 0.0f, max = 0.0f;

  float absmax() const { return std::max(-min, max); }
  /// Without negative values, so that unsigned codes hold it.
  bool isOneSided() const { return min >= 0.0f; }
};

class Observer {
public:
  virtual ~Observer();

  /// Parses `min-max`, `moving-average=0.01`, `percentile=99.99`, `mse` or
  /// `entropy`. The last two search the range that suits `format`, which has
  /// one scale a tensor.
  static llvm::Expected<std::unique_ptr<Observer>> create(llvm::StringRef text,
                                                          const Format &format);

  /// Takes a sample's values; false, and nothing taken, if one is NaN or
  /// infinite. A sample without values is none.
  bool observe(llvm::ArrayRef<float> values);
  int64_t getSamples() const { return samples; }
  /// All values seen lie in it.
  ObservedRange getFullRange() const { return full; }
  /// The range chosen; getSamples() must not be 0.
  virtual ObservedRange getRange() const = 0;

protected:
  /// `range` is that of the values, which are finite; at least one.
  virtual void update(llvm::ArrayRef<float> values, ObservedRange range) = 0;

private:
  ObservedRange full;
  int64_t samples = 0;
};

} // namespace squint

#endif // SQUINT_CALIBRATION_OBSERVER_H
