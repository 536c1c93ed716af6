//===- GgufTypes.h - packed weights in GGML's types ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_GGUFTYPES_H
#define SQUINT_LIB_EXPORT_GGUFTYPES_H

#include "squint/Dialect/Squint/Squint.h"
#include "squint/Import/Gguf.h"

namespace squint {

/// The type that holds the numbers of a constant, packed or of floats; null
/// where none does.
const GgufType *chooseGgufType(mlir::Type type);

/// Row `row` of a constant's bytes, in the type that was chosen for it; bytes
/// of GGML's own types are referred to, others written to `scratch`.
llvm::ArrayRef<char> getGgufRow(mlir::Type type, llvm::ArrayRef<char> bytes,
                                int64_t row, std::vector<char> &scratch);

} // namespace squint

#endif
