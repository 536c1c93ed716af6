//===- Header.h - the C header of an emitted library --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EMIT_HEADER_H
#define SQUINT_LIB_EMIT_HEADER_H

#include "ModelInfo.h"

namespace squint {

/// The text of the header: self-contained, C11 and C++17.
std::string generateHeader(const ModelInfo &info, llvm::StringRef prefix);

} // namespace squint

#endif // SQUINT_LIB_EMIT_HEADER_H
