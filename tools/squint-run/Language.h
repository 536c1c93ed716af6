//===- Language.h - a language model's library --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_RUN_LANGUAGE_H
#define SQUINT_RUN_LANGUAGE_H

#include "squint/Runtime/Conversation.h"

namespace squint {

/// What --perplexity and its companions ask for. Empty names: not asked for.
struct PerplexityOptions {
  std::string tokens; ///< [windows, length] of int32 or int64, or [length]
  std::string nll;    ///< where losses go, [windows, length - 1] of f32
  std::string logits; ///< where those of `positions` go
  std::string base;   ///< logits to compare with, of `positions`
  std::string positions;
  bool json = false;
};

/// Every window from an empty state: mean loss, perplexity with its standard
/// error, and the divergence from the base.
llvm::Error measurePerplexity(Session &session,
                              const PerplexityOptions &options);

struct GenerateOptions {
  std::vector<int64_t> prompt;
  int64_t count = 0;
  SamplerOptions sampler;
  bool json = false;
};

/// Prints tokens as they come, or one JSON object.
llvm::Error generate(Session &session, const GenerateOptions &options);

/// Tokens a second of a prompt, of `count` tokens from the start and of as many
/// behind the prompt, the best of at least three rounds.
llvm::Error benchmarkLanguage(Session &session, int64_t prompt, int64_t count,
                              double seconds, bool json);

} // namespace squint

#endif // SQUINT_RUN_LANGUAGE_H
