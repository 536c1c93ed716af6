//===- Checkpoint.h - results of long work, kept in a folder ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_CHECKPOINT_H
#define SQUINT_CALIBRATION_CHECKPOINT_H

#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <string>
#include <vector>

namespace squint {

/// What a pass has worked out so far, so that the same work goes on from there
/// after an interruption. A result is a file in a folder of the work's own,
/// whose name is a digest of all that results depend on: the module, the bytes
/// of its constants, the samples, and the program.
class Checkpoint {
public:
  /// Keeps nothing.
  Checkpoint() = default;

  /// `folder` is made where it is missing; an empty one keeps nothing. `work`
  /// names the pass and the options that matter. Errors are diagnostics.
  static mlir::FailureOr<Checkpoint> open(llvm::StringRef folder,
                                          llvm::StringRef work,
                                          mlir::ModuleOp module,
                                          llvm::StringRef samples);

  /// A result of that many bytes (any count for none); one that is not there,
  /// or not whole, is none.
  std::optional<std::vector<char>> find(const llvm::Twine &name,
                                        std::optional<size_t> size = {}) const;

  /// Writes a result, one piece behind the other, all of it or nothing.
  llvm::Error keep(const llvm::Twine &name,
                   llvm::ArrayRef<llvm::StringRef> pieces) const;

private:
  std::string getFile(const llvm::Twine &name) const;

  std::string folder;
};

} // namespace squint

#endif // SQUINT_CALIBRATION_CHECKPOINT_H
