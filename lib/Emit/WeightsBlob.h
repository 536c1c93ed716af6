//===- WeightsBlob.h - the weights as one range of bytes ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EMIT_WEIGHTSBLOB_H
#define SQUINT_LIB_EMIT_WEIGHTSBLOB_H

#include "ModelInfo.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <string>

namespace squint {

/// Hands the blob out from front to back in ranges of the mapped stores, gaps
/// as zeros; it never lies in memory as a whole.
llvm::Error streamWeights(const ModelInfo &info,
                          llvm::function_ref<void(llvm::ArrayRef<char>)> sink);

/// Ties states to the model: the digest of weights and caches.
llvm::Error identifyState(ModelInfo &info);

/// The bytes before the blob in a weights file: safetensors' length and
/// header with one tensor, `weights`, whose data starts at a multiple of 64.
/// The digest in the metadata ties file and library together.
llvm::Expected<std::string> getWeightsHeader(const ModelInfo &info,
                                             llvm::StringRef prefix);

} // namespace squint

#endif // SQUINT_LIB_EMIT_WEIGHTSBLOB_H
