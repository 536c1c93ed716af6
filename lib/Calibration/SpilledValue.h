//===- SpilledValue.h - a value of every sample, in a file ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CALIBRATION_SPILLEDVALUE_H
#define SQUINT_LIB_CALIBRATION_SPILLEDVALUE_H

#include "squint/Runtime/Array.h"
#include <memory>

namespace squint {

/// Arrays of one size, one after the other, in a temporary file that has no
/// name any more: it goes with this or with the process.
class SpilledValue {
public:
  static llvm::Expected<std::unique_ptr<SpilledValue>>
  create(squint_dtype dtype, llvm::ArrayRef<int64_t> shape);
  ~SpilledValue();
  SpilledValue(const SpilledValue &) = delete;

  llvm::Error write(int64_t sample, const Array &array);
  llvm::Error read(int64_t sample, Array &array) const;
  llvm::Expected<Array> makeArray() const {
    return Array::create(dtype, shape);
  }

private:
  SpilledValue() = default;
  int file = -1;
  squint_dtype dtype;
  std::vector<int64_t> shape;
};

} // namespace squint

#endif // SQUINT_LIB_CALIBRATION_SPILLEDVALUE_H
