//===- GpuCodes.h - codes to the operands of products -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_GPU_GPUCODES_H
#define SQUINT_LIB_KERNELS_GPU_GPUCODES_H

#include "GpuBuilder.h"
#include "squint/Kernels/Fragments.h"

namespace squint::kernel {

/// Turns codes as they are stored into what `mma` multiplies.
class FragmentDecoder {
public:
  using Value = mlir::Value;
  using Values = GpuBuilder::Values;

  FragmentDecoder(GpuBuilder &b, const FragmentLayout &layout);

  /// What integers of `halves` are taken from after 1024 has been added, as two
  /// f16: of the rows g and g + 8. `zero` has their zero points, none for
  /// formats that have none; null results for codes that are no integers.
  std::array<Value, 2> getOffsets(llvm::ArrayRef<Value> zero);

  /// The four registers of fragment `step` of a chunk's words. What the
  /// codes stand for is these times `layout.factor()`.
  Values decode(mlir::ValueRange words, int64_t step,
                const std::array<Value, 2> &offsets);

private:
  Values decodeBytes(mlir::ValueRange words, int64_t step);
  /// The four registers of codes of 2 or 3 bits: of halves under the bits of
  /// 1024.0, of bytes as their high bits.
  Values decodePlanes(mlir::ValueRange words, int64_t step);
  /// Two registers of the four codes in a word's bytes.
  std::array<Value, 2> decodeEight(Value codes);
  Values decodeTable(Value codes);

  GpuBuilder &b;
  const FragmentLayout &layout;
  /// Of a table, the low and the high bytes of 16 halves.
  llvm::SmallVector<Value> low, high;
};

} // namespace squint::kernel

#endif
