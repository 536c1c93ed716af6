//===- TensorView.h - float tensors in mapped memory ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_TENSORVIEW_H
#define SQUINT_NUMERICS_TENSORVIEW_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace squint {

enum class FloatType { F32, F16, BF16, F64 };

/// Bytes of one value.
unsigned getFloatBytes(FloatType type);

/// A float tensor that is read in place: it may be unaligned, and its
/// dimensions may be a permutation of those in memory. It is looked at as a
/// matrix whose rows are the first dimension and whose columns are all others,
/// the last fastest.
class TensorView {
public:
  /// A view whose dimension i is dimension permutation[i] of the tensor of
  /// shape `stored` at `data`. An empty permutation is the identity. `data`
  /// must hold all of `stored`.
  TensorView(const char *data, FloatType type, llvm::ArrayRef<int64_t> stored,
             llvm::ArrayRef<int64_t> permutation = {});

  int64_t rows() const { return shape.front(); }
  int64_t columns() const { return columnCount; }
  llvm::ArrayRef<int64_t> dims() const { return shape; }

  /// Writes rows [begin, end) as f32 to out[end - begin][columns]. f64 is
  /// rounded to f32. Memory is walked along its fastest dimension among the
  /// rows asked for, so a transposed weight is best read 16 rows and more at a
  /// time.
  void readRows(int64_t begin, int64_t end, float *out) const;

  /// Where an element lies in memory, counted in elements.
  int64_t storedIndex(int64_t row, int64_t column) const;

private:
  const char *data;
  FloatType type;
  llvm::SmallVector<int64_t, 4> shape, strides;
  int64_t columnCount;
};

} // namespace squint

#endif // SQUINT_NUMERICS_TENSORVIEW_H
