//===- LoraAdapter.h - adapters in PEFT's layout ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// `adapter_config.json` and `adapter_model.safetensors` in one folder, as
// Hugging Face's PEFT saves them. The files are untrusted.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_LORAADAPTER_H
#define SQUINT_IMPORT_LORAADAPTER_H

#include "squint/Import/Safetensors.h"

namespace squint {

/// What an adapter adds to one module: `scale * B (A x)`.
struct LoraModule {
  /// The path in the adapted model: `model.layers.0.self_attn.q_proj`.
  std::string name;
  /// [rank, inputs] and [outputs, rank], of F32, F16 or BF16.
  const SafetensorsEntry *a, *b;
  double scale;
};

class LoraAdapter {
public:
  /// `path` is the folder, or the file of tensors, whose configuration lies
  /// beside it.
  static llvm::Expected<std::unique_ptr<LoraAdapter>>
  open(llvm::StringRef path);
  /// The two files that `open` reads.
  static std::pair<std::string, std::string> getFiles(llvm::StringRef path);

  /// In the order of their names.
  llvm::ArrayRef<LoraModule> modules() const { return all; }
  llvm::ArrayRef<char> bytes(const SafetensorsEntry &entry) const {
    return tensors->bytes(entry);
  }

private:
  llvm::Error readConfig(llvm::StringRef path);
  llvm::Error readTensors();

  llvm::json::Object config;
  std::unique_ptr<SafetensorsFile> tensors;
  std::vector<LoraModule> all;
};

} // namespace squint

#endif
