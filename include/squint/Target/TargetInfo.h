//===- TargetInfo.h - a processor as data -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What a processor has: the only place that passes, kernels and the planner
// ask. Nothing in them names a CPU.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TARGET_TARGETINFO_H
#define SQUINT_TARGET_TARGETINFO_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include <array>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace squint {

/// The inner loops of matrix products, which are tuned apart: bytes whose
/// scales change within a row and bytes whose scales do not, floats of 32 bits
/// and narrower ones, codes that are decoded to floats.
enum class InnerLoop { Groups, Bytes, Floats, Halves, Decoded };
inline constexpr unsigned kInnerLoops = 5;

/// What was measured to be best for an inner loop. None of it changes a bit of
/// any result.
struct Tuning {
  static constexpr int64_t unknown = -1;
  /// Panels of a weight that one thread reads at once when memory bounds it.
  int64_t streams = unknown;
  /// How far ahead of its reads a kernel asks for weights, from so many rows of
  /// activations a tile on: between many products a core's own prefetcher falls
  /// behind. 0 bytes: never.
  int64_t prefetchBytes = unknown, prefetchRows = unknown;
  /// Of a tile between many rows; unknown where the planner's model decides.
  int64_t rows = unknown, panels = unknown;

  /// Takes what is known in the other one.
  void update(const Tuning &other);
  /// Reads "streams=4,prefetch-bytes=0,prefetch-rows=1,rows=6,panels=2", any of
  /// them.
  static llvm::Expected<Tuning> parse(llvm::StringRef text);
};

struct TargetInfo {
  enum class Arch { X86_64, AArch64, NVPTX };

  /// As LLVM spells them; `native` is resolved. The features are the sorted
  /// differences from what the CPU has by default, so that the same processor
  /// always prints the same.
  std::string triple;
  std::string cpu;
  std::string features;

  Arch arch = Arch::X86_64;

  /// Vectors: bits of a register and how many there are.
  unsigned vectorBits = 128;
  unsigned numVectorRegisters = 16;

  /// x86: multiplies and dot products.
  bool fma = false;
  bool f16c = false;
  bool avx2 = false;
  bool avx512 = false; ///< F, BW, CD, DQ and VL
  bool avx512Vnni = false;
  bool avxVnni = false;
  bool avx512Bf16 = false;
  bool amxInt8 = false;
  bool amxBf16 = false;
  /// Arm: `sdot`, `smmla`, `bfmmla`, scalable vectors.
  bool dotProd = false;
  bool i8mm = false;
  bool bf16 = false;
  bool sve = false;
  /// NVIDIA: ten times the compute capability; whether the code is for exactly
  /// that one, with all it has (`sm_90a`); products that a group of four warps
  /// does with memory operands (`wgmma`).
  unsigned capability = 0;
  bool isExact = false;
  bool wgmma = false;

  /// Bytes of one core's caches, and of the last level as one core may count on
  /// it.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 512 << 10;
  int64_t l3Bytes = 8 << 20;
  /// In a cycle: multiply-adds or dot products of whole registers, and loads
  /// (broadcasts are); cycles until a sum can be added to again.
  unsigned productsPerCycle = 2, loadsPerCycle = 2, productLatency = 4;
  /// Streams and prefetching are known for all loops.
  std::array<Tuning, kInnerLoops> tuning;
  const Tuning &getTuning(InnerLoop loop) const {
    return tuning[static_cast<unsigned>(loop)];
  }

  /// Resolves and checks a command line. Empty `triple` and `cpu` mean this
  /// machine; `cpu` may be `native` there, and is `generic` for another
  /// architecture when empty. `features` is LLVM's list, `+avx2,-fma`. An error
  /// names what is unknown.
  static llvm::Expected<TargetInfo> get(llvm::StringRef triple = "",
                                        llvm::StringRef cpu = "",
                                        llvm::StringRef features = "");

  bool isDevice() const { return arch == Arch::NVPTX; }

  /// Whether LLVM's feature of that name is on.
  bool hasFeature(llvm::StringRef name) const;

  /// The least processor of the architecture, which every other one extends.
  TargetInfo getBaseline() const;

  /// LLVM's code generator for the target, for position-independent code.
  std::unique_ptr<llvm::TargetMachine>
  createMachine(llvm::CodeGenOptLevel level) const;

  /// What the code asks of an x86 processor, as a mask of
  /// squint/Runtime/CpuFeatures.def; of a GPU twice the capability, plus 1
  /// where it is exact. Of two the larger number is the more capable target's.
  /// 0 on others.
  uint64_t getRequirements() const;

  /// Vector registers hold this many elements of `bits`.
  unsigned lanes(unsigned bits) const { return vectorBits / bits; }

  /// Targets of one library, best first. An error says why they cannot be in
  /// one.
  static llvm::Expected<std::vector<TargetInfo>>
  sort(std::vector<TargetInfo> targets);

private:
  std::vector<std::string> enabled; // sorted
};

} // namespace squint

#endif // SQUINT_TARGET_TARGETINFO_H
