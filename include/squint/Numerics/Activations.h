//===- Activations.h - the reference for quantized activations --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Every kernel that quantizes activations gives these bits. Each step is one
// f32 operation, rounded half to even, so vector code can follow it exactly.
//
// Dynamic, one row or one group of a row at a time, with the format's clip
// ratio (1 unless it says otherwise) and bounds: -127..127 for int8, for b < 8
// bits -2^(b-1)..2^(b-1)-1; `high` is the upper one.
//   amax  = max |x|              NaN if there is one (the maximum of the bits
//                                of |x| as integers does that)
//   scale = (amax * clip) / high a product (none where clip is 1) and a
//                                division, then rounded to the scale's type
//   inv   = scale == 0 ? 0 : 1 / scale
//   code  = clamp(rne(x * inv), low, high), 0 if x * inv is NaN
// so that a block with NaN or infinity decodes to NaN throughout, and so does
// one whose scale is too large for its type (f16: amax of 8.3e6 and more). One
// whose scale rounds to 0 (f16: amax below 3.8e-6) decodes to 0.
//
// Static, with scale and zero point known when compiling:
//   inv   = 1 / scale
//   code  = clamp(rne(x * inv) + zero, -128, 127), -128 if x is NaN
// with the addition in f32: it is exact where it matters. A range without
// negative values is held in all 256 codes: uint8 stored as code - 128, so
// zero = -128.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_ACTIVATIONS_H
#define SQUINT_NUMERICS_ACTIVATIONS_H

#include "squint/Numerics/Format.h"
#include "llvm/ADT/ArrayRef.h"

namespace squint {

/// Quantizes one block to a format of symmetric integers of at most 8 bits and
/// returns its scale, rounded to the format's type.
float quantizeDynamic(llvm::ArrayRef<float> values, const Format &format,
                      int8_t *codes);

/// How a static activation is stored: value = (code - zeroPoint) * scale.
struct StaticGrid {
  float scale = 1.0f;
  int32_t zeroPoint = 0;
};

/// The static grid for values from `min` to `max`, both finite, of an int8
/// format by tensor:
///   zero point:  s = (max' - min') / 255, zero = rne(-min' / s) - 128, with
///                min' <= 0 <= max'
///   min >= 0:    s = max / 255, zero = -128
///   otherwise:   s = amax / 127, zero = 0
/// with s and the scale rounded to the format's scale type, which may make them
/// 0 or infinite. The scale is 1 where the range is nothing but 0.
StaticGrid chooseStaticGrid(const Format &format, float min, float max);

void quantizeStatic(llvm::ArrayRef<float> values, const StaticGrid &grid,
                    int8_t *codes);

} // namespace squint

#endif // SQUINT_NUMERICS_ACTIVATIONS_H
