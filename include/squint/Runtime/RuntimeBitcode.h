//===- RuntimeBitcode.h - the runtime's bitcode as bytes -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_RUNTIME_RUNTIMEBITCODE_H
#define SQUINT_RUNTIME_RUNTIMEBITCODE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/TargetParser/Triple.h"

namespace squint {

/// Returns the bitcode of lib/Runtime for an architecture; empty where there
/// is none.
llvm::StringRef getRuntimeBitcode(llvm::Triple::ArchType arch);

} // namespace squint

#endif // SQUINT_RUNTIME_RUNTIMEBITCODE_H
