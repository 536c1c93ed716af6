//===- Rtn.h - round to nearest ---------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_RTN_H
#define SQUINT_NUMERICS_RTN_H

#include "squint/Numerics/Format.h"
#include "squint/Numerics/TensorView.h"

namespace llvm {
class ThreadPoolInterface;
} // namespace llvm

namespace squint {

/// The grid of one block of values: value = (code - zeroPoint) * scale - min.
/// Scale and minimum are already rounded to the types that they are stored in.
struct Grid {
  float scale = 0.0f;
  int32_t zeroPoint = 0;
  float min = 0.0f;
  /// The stored part of the scale where one of the tensor is on top of it.
  float stored = 0.0f;
};

/// The grid that covers values from `min` to `max`, both finite:
///
///   zero point:      s = (max' - min') / (2^b - 1), z = rne(-min' / s), with
///                    the range widened to hold 0: min' <= 0 <= max'
///   minimum:         s = (max - min) / (2^b - 1), m = -min
///   int8:            s = amax / 127
///   narrower:        s = m / -2^(b-1), m the one of min and max of larger
///                    magnitude (min if equal), so that s may be negative
///   float and table: s = amax / largest
///   mxfp4, mxfp8:    s = 2^(floor(log2(amax)) - floor(log2(largest))), which
///                    may clip the largest values (OCP MX 1.0, section 6.3)
///   nvfp4:           s = t * e4m3(amax / (6 * t)), 1 in place of a second
///                    factor of 0; t = amax of the tensor / (6 * 448), 1 if 0
///   dynamic8:        s = amax / largest, quantized after the codes are taken
///
/// all in f32. The scale is infinite if it is beyond its type. `tensorScale` is
/// the t of nvfp4 and 1 for all others.
Grid chooseGrid(const Format &format, float min, float max,
                float tensorScale = 1.0f);
/// The t above for values from `min` to `max`.
float chooseTensorScale(const Format &format, float min, float max);

/// Writes a grid as that of block `index` of a payload in the plain layout.
void storeGrid(const Format &format, const PlainLayout &layout,
               const Grid &grid, int64_t index, char *payload);

/// The codes of finite values: clamp(rne((value + m) / s) + z), or the code of
/// 0 if s is 0. Two's complement cut to the width for symmetric integers. For
/// tables the value is multiplied with 1 / s, as bitsandbytes does.
void encodeValues(const Format &format, const Grid &grid, const float *values,
                  int64_t count, uint32_t *codes);

/// How the range of a block of values is chosen, which its grid then covers.
enum class RangeRule {
  /// From the smallest to the largest.
  MinMax,
  /// From the value that 100 - P percent of the others do not exceed to the one
  /// that P percent do not, as numpy.percentile has them.
  Percentile,
  /// Of ranges of 0.4 to 1.15 times the whole (with a zero point also at one
  /// end
  /// alone) the one with the least sum of importance * (value - decoded)^2.
  /// Integers then take the least-squares scale (and minimum), and those that
  /// are symmetric and narrower than 8 bits are tried with both signs of it.
  /// Never worse than MinMax.
  Mse,
  /// Of ranges of 1/8 to 1 times the whole the one with the least
  /// Kullback-Leibler divergence of the values, clipped, from what they decode
  /// to, over a histogram; the widest of equal ones. For blocks of hundreds of
  /// values and more.
  Entropy,
  /// For formats with minima the scale s of MinMax and the minimum of HQQ
  /// (Badri
  /// and Shaji, Half-Quadratic Quantization of Large Machine Learning Models,
  /// 2023): with z = m / s, z is set to the mean of q - (w - e) / s, where q
  /// are
  /// the codes and e = shrink(w - decoded), shrink(d) = sign(d) * max(|d| -
  /// |d|^(p - 1) / beta, 0), p = 0.7, beta = 10; 20 times, or as long as the
  /// mean
  /// of |w - decoded| falls. MinMax for other formats.
  HalfQuadratic
};

struct RangeOptions {
  RangeRule rule = RangeRule::MinMax;
  /// P above, over 50 and at most 100.
  double percentile = 99.99;
  /// What an error in each column counts (Mse, and elements in blocks); empty
  /// if all count the same.
  llvm::ArrayRef<float> importance = {};
};

/// Quantizes `weight` to the nearest codes, for codebooks those of the tables
/// that fit their blocks best (Codebook.h), for sparse formats after leaving
/// out the smaller two of every four values, and writes `payload` (of
/// PlainLayout::get(format, rows, columns).totalBytes bytes) in the plain
/// layout. Rows are split over `pool` if there is one; the bytes do not depend
/// on its size. Elements in blocks are searched as their reference does, under
/// the importance of columns if there is one, whatever the rule. Fails, naming
/// the first element (counted in the order of the view), on NaN and infinity
/// where a scale is taken, on a scale beyond its type and on a value beyond f16
/// or bf16; and on rows that are no whole blocks.
llvm::Error quantizeRtn(const TensorView &weight, const Format &format,
                        llvm::MutableArrayRef<char> payload,
                        llvm::ThreadPoolInterface *pool = nullptr,
                        const RangeOptions &options = {});

} // namespace squint

#endif // SQUINT_NUMERICS_RTN_H
