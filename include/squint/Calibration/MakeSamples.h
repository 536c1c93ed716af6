//===- MakeSamples.h - samples where there are no data ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_MAKESAMPLES_H
#define SQUINT_CALIBRATION_MAKESAMPLES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringRef.h"
#include <functional>
#include <optional>

namespace squint {

struct MakeSamplesOptions {
  int64_t count = 32;
  uint32_t seed = 1;
  /// 0: as many as passes may use.
  int threads = 0;
  /// The size of a symbolic dimension that is not the batch.
  std::function<std::optional<int64_t>(llvm::StringRef)> getSize;
  /// Let a language model speak; otherwise tokens are drawn evenly.
  bool generate = true;
  /// What it starts with; none is drawn evenly.
  std::optional<int64_t> firstToken;
};

/// Writes a file of samples for `main`, a function in the stage `squint`, that
/// `Samples` can read. Floats are normal, positions count up, indices into a
/// table are drawn evenly, other integers are 1 (masks that hide nothing). With
/// `generate`, a causal language model (its first result scores the next token
/// after each of the tokens that it reads) speaks for itself: each token
/// but the first is drawn from the softmax of the scores behind those before
/// it. The same seed gives the same file. Errors are
/// diagnostics.
mlir::LogicalResult makeSamples(mlir::func::FuncOp main, llvm::StringRef path,
                                const MakeSamplesOptions &options);

} // namespace squint

#endif // SQUINT_CALIBRATION_MAKESAMPLES_H
