//===- VerifyRewrites.h - the float function stays as it is -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Rotations, folds and splits leave the float function equal but for rounding.
// With this every such pass is followed by a comparison: the module as it was
// and as it is run side by side on samples, or on random inputs.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_PIPELINES_VERIFYREWRITES_H
#define SQUINT_PIPELINES_VERIFYREWRITES_H

#include "mlir/Pass/PassManager.h"
#include <memory>
#include <string>

namespace squint {

struct VerifyRewritesOptions {
  /// A file of samples, of which the first two are run; random inputs if empty.
  std::string samples;
  /// How far an output may be from what it was, |y' - y| / |y| over all of it.
  double tolerance = 1e-4;
};

/// Whether a pass claims to leave the float function equal.
bool isRewrite(llvm::StringRef pass);

/// Makes `manager` compare before and after each rewrite. A difference is an
/// error that names pass, output and size, and sets `failed`: the manager
/// itself goes on.
void verifyRewrites(mlir::PassManager &manager,
                    const VerifyRewritesOptions &options, bool &failed);

} // namespace squint

#endif // SQUINT_PIPELINES_VERIFYREWRITES_H
