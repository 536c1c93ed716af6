//===- GgufVocabulary.h - a folder's vocabulary as GGUF ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_GGUFVOCABULARY_H
#define SQUINT_LIB_EXPORT_GGUFVOCABULARY_H

#include "squint/Import/GgufWriter.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace squint {

/// Writes what tokenizer.model and the files beside it say as
/// `tokenizer.ggml.*`: `count` tokens, of which those that no file names are
/// unused. `settings` are those of config.json. Without a tokenizer.model of
/// pairs that are merged `tokenizer.ggml.model` is `none`. An error names the
/// file and the rule.
llvm::Error addGgufVocabulary(llvm::StringRef folder,
                              const llvm::json::Object &settings, int64_t count,
                              GgufWriter &writer);

} // namespace squint

#endif
