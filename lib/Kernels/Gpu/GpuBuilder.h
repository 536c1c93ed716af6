//===- GpuBuilder.h - what kernels of GPUs are written with -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_GPU_GPUBUILDER_H
#define SQUINT_LIB_KERNELS_GPU_GPUBUILDER_H

#include "squint/Kernels/Builder.h"

namespace squint::kernel {

/// PTX's names of the elements of a product's operands.
struct Factors {
  llvm::StringRef a = "f16", b = "f16";
  bool areHalves() const { return a == "f16"; }
  bool areIntegers() const { return a == "s8"; }
};

/// Kernels that blocks of threads compute together. Numbers of threads and
/// lanes are of type index; a register is an i32, whatever it holds.
class GpuBuilder : public KernelBuilder {
public:
  using KernelBuilder::KernelBuilder;

  static constexpr int64_t warpSize = 32;

  // Threads.
  Value thread();
  Value lane() { return rem(thread(), warpSize); }
  Value warp() { return div(thread(), warpSize); }
  void barrier();
  void warpBarrier();

  // Memory.
  /// `bytes` of the block's threads, at a multiple of 128.
  Value shared(int64_t bytes);
  /// `bytes` behind a pointer into shared memory.
  Value offset(Value pointer, Value bytes);
  Value loadShared(mlir::Type type, Value pointer, int64_t alignment);
  void storeShared(Value value, Value pointer, int64_t alignment);
  /// Registers from a contiguous memref of bytes, at a multiple of their bytes.
  Values loadWords(Value bytes, Value offset, int64_t count);
  /// A number of `type` at a byte offset that is a multiple of its size.
  Value loadNumber(mlir::Type type, Value bytes, Value offset);
  /// Four matrices of 8 rows of 16 bytes, whose rows' addresses are those of
  /// lanes 0 to 7, 8 to 15 and so on.
  Values loadMatrices(Value pointer);
  /// 16 bytes from device memory, of which the first `count` are read and the
  /// rest are zero; there for `waitCopies` and a barrier.
  void copyAsync(Value shared, Value memref, ValueRange indices, Value count);
  void commitCopies();
  void waitCopies(int64_t pending);

  // Registers.
  Value word(uint32_t bits);
  Value cast(mlir::Type type, Value value);
  Value andi(Value a, Value b);
  Value ori(Value a, Value b);
  Value shr(Value a, unsigned bits);
  Value shl(Value a, unsigned bits);
  /// (a & mask) | bits.
  Value maskOr(Value a, uint32_t mask, Value bits);
  /// Bytes of a (0 to 3) and b (4 to 7), chosen by the nibbles of a selector; a
  /// nibble plus 8 is the byte's sign, eight times.
  Value permute(Value a, Value b, Value selector);
  /// Two floats as f16, the first one in the low half.
  Value packHalves(Value low, Value high);
  /// a - b on two f16.
  Value subHalves(Value a, Value b);

  // Products: d = a b + c of one warp.
  /// m16n8k16 of f16 in f32, m16n8k32 of i8 in i32 or of 8-bit floats in f32.
  Values mma(const Factors &factors, ValueRange a, ValueRange b, ValueRange c);

  // Products of four warps (wgmma): a in registers, b in shared memory as
  // [k / 16 bytes][columns][16 bytes].
  /// What threads have stored to shared memory is there for `wgmma` behind the
  /// next barrier.
  void fenceShared();
  /// Sums for 64 rows and `columns` columns, `a` being of one step of 32 bytes.
  Values wgmma(const Factors &factors, ValueRange a, Value b, int64_t columns,
               ValueRange c);
  void wgmmaWait();

private:
  Values inlineAsm(llvm::StringRef text, llvm::StringRef constraints,
                   mlir::TypeRange results, ValueRange operands,
                   bool hasEffects);
  Values unpack(Value structure);
};

} // namespace squint::kernel

#endif
