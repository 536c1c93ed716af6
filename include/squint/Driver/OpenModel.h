//===- OpenModel.h - a model's file as a loaded library ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DRIVER_OPENMODEL_H
#define SQUINT_DRIVER_OPENMODEL_H

#include "squint/Driver/Compiler.h"
#include "squint/Runtime/Library.h"

namespace squint {

/// Whether a path is that of a model, to be compiled, and not of a library: a
/// folder, or by its bytes or its extension a GGUF, .onnx or .mlir file.
bool isModelPath(llvm::StringRef path);

/// Compiles `options.input` as squintc does, for this machine, into a file of
/// the system's folder for temporary ones, and loads it. The file is gone when
/// this returns; what is loaded stays. Null after diagnostics on
/// `streams.errors`.
std::unique_ptr<Library> openModel(CompileOptions options,
                                   const CompileStreams &streams);

} // namespace squint

#endif // SQUINT_DRIVER_OPENMODEL_H
