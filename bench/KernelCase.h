//===- KernelCase.h - one matrix product to measure ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_BENCH_KERNELCASE_H
#define SQUINT_BENCH_KERNELCASE_H

#include "KernelJit.h"
#include "Workers.h"
#include "squint/Kernels/Layout.h"

namespace squint::bench {

/// What is compiled: `activation` is a format or `f32`, `outputs` x `columns`
/// the weight, `tuning` the option of convert-kernel-to-vector.
struct KernelOptions {
  std::string weight, activation;
  int64_t outputs = 4096, columns = 4096;
  std::string cpu, features, tuning;
};

/// A `kernel.gemm` with a bias, compiled for any count of rows.
class KernelCase {
public:
  /// Null with an error printed.
  static std::unique_ptr<KernelCase> create(const KernelOptions &options);

  /// Data for products of `rows` rows. `cold`: every product reads another copy
  /// of the weight, out of more than fits a cache.
  void prepare(int64_t rows, bool cold);
  /// Seconds of one product on all threads.
  double run(Workers &workers);

  int64_t weightBytes() const { return layout.totalBytes(); }
  double operations(int64_t rows) const {
    return 2.0 * rows * layout.rows * layout.columns;
  }
  const std::string &assembly() const { return jit->assembly; }

private:
  struct Data;
  using GemmFn = void(test::MemRef<2> *, test::MemRef<2> *, test::MemRef<2> *,
                      test::MemRef<1> *, test::MemRef<1> *, test::MemRef<2> *,
                      int64_t, int64_t);

  kernel::PanelLayout layout;
  int64_t scales = 1, sums = 1;
  std::unique_ptr<test::KernelJit> jit;
  GemmFn *gemm = nullptr;
  std::vector<char> input, scale, sum, output, bias;
  int64_t rows = 0, copies = 1, next = 0;
};

} // namespace squint::bench

#endif
