//===- FolderConfig.h - config.json of a GGUF model -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_FOLDERCONFIG_H
#define SQUINT_LIB_EXPORT_FOLDERCONFIG_H

#include "../Import/HuggingFaceConfig.h"
#include "squint/Import/Gguf.h"

namespace squint {

/// The settings of a model from a GGUF file, as Hugging Face's classes read
/// them. An error where no settings say what the model computes.
llvm::Expected<llvm::json::Object> makeFolderConfig(const LanguageModel &model,
                                                    const GgufFile &file);

} // namespace squint

#endif
