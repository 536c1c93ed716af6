//===- HuggingFaceConfig.h - what config.json says ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The numbers of a language model, and how its matrices are packed. A model's
// type names the class that reads the settings, so those that the class does
// not know mean nothing.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_HUGGINGFACECONFIG_H
#define SQUINT_LIB_IMPORT_HUGGINGFACECONFIG_H

#include "LanguageModel.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace squint {

/// How matrices are packed that come as codes.
struct WeightPacking {
  enum Kind {
    /// AutoAWQ's `gemm`: `qweight` [inputs, outputs / 8].
    Awq,
    /// GPTQ's: `qweight` [inputs * bits / 32, outputs].
    Gptq,
    /// compressed-tensors' pack-quantized: `weight_packed` [outputs, words].
    Packed,
    /// Its int-quantized and float-quantized: a `weight` of bytes.
    Bytes
  };
  Kind kind = Packed;
  /// Modules by name, `Linear` for all, or `re:` and an expression. None: all.
  std::vector<std::string> targets;
  unsigned bits = 4;
  bool isFloat = false;
  /// Zero points of GPTQ are stored less one.
  bool storesZerosLessOne = false;
  /// Columns that share a scale; 0 where rows or the whole matrix do.
  int64_t groupSize = 0;
  bool isByTensor = false;
};

struct HuggingFaceConfig {
  LanguageModel model;
  /// None where all weights are floats.
  std::vector<WeightPacking> packings;
  /// The table is the head's weight, too.
  bool isTied = false;
  /// Linears that may have biases.
  bool hasInputBiases = false; // of queries, keys and values
  bool hasOutputBiases = false, hasFeedForwardBiases = false;

  /// An error names the setting and the rule. `refused` is set where it is
  /// sound but asks for something that is not built.
  static llvm::Expected<HuggingFaceConfig> read(const llvm::json::Object &json,
                                                bool &refused);
  /// How a module is packed if it comes as codes; null where nothing says it.
  const WeightPacking *findPacking(llvm::StringRef module) const;
};

} // namespace squint

#endif
