//===- GgufVocabulary.h - a folder's vocabulary as GGUF ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_GGUFVOCABULARY_H
#define SQUINT_LIB_EXPORT_GGUFVOCABULARY_H

#include "squint/Import/GgufWriter.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace squint {

/// Writes what tokenizer.model, or else tokenizer.json, and the files beside it
/// say as `tokenizer.ggml.*`: `count` tokens, of which those that no file names
/// are unused. `settings` are those of config.json. Without a vocabulary that
/// GGUF has words for `tokenizer.ggml.model` is `none`. An error names the file
/// and the rule; `warn` gets what the words do not say.
llvm::Error
addGgufVocabulary(llvm::StringRef folder, const llvm::json::Object &settings,
                  int64_t count, GgufWriter &writer,
                  llvm::function_ref<void(const llvm::Twine &)> warn);

} // namespace squint

#endif
