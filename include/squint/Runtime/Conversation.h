//===- Conversation.h - tokens in, logits out ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_RUNTIME_CONVERSATION_H
#define SQUINT_RUNTIME_CONVERSATION_H

#include "squint/Runtime/Library.h"

#include <random>

namespace squint {

/// One sequence in the state of a language model's library, from its first
/// token on.
class Conversation {
public:
  /// Whether a library takes tokens and gives logits: an input `input_ids`
  /// [1, n] of i64, one `logits_to_keep` [1], a state, and logits of f32.
  static bool isSupportedBy(const squint_library &library);
  /// Forgets what the session's state holds. The session must outlive this.
  static llvm::Expected<Conversation> start(Session &session);

  /// Adds tokens, at least one. The logits of the last `keep` of them
  /// [keep, vocabulary] live until the next call. A token outside the
  /// vocabulary and more tokens than the state holds are errors; nothing is
  /// added then.
  llvm::Expected<llvm::ArrayRef<float>> push(llvm::ArrayRef<int64_t> tokens,
                                             int64_t keep = 1);
  int64_t vocabulary() const { return numLogits; }

private:
  explicit Conversation(Session &session) : session(&session) {}
  Session *session;
  int64_t numLogits = 0;
  std::vector<Array> outputs;
};

/// How a token is chosen. 0 (min-p and top-k too) and top-p 1 leave a rule out;
/// without a temperature the likeliest token is taken, the first of equals.
struct SamplerOptions {
  float temperature = 0.0f;
  int64_t topK = 0;
  float topP = 1.0f;
  float minP = 0.0f;
  uint64_t seed = 0;
};

/// Chooses tokens; the same seed and logits give the same ones.
class Sampler {
public:
  explicit Sampler(const SamplerOptions &options)
      : options(options), random(options.seed) {}
  int64_t pick(llvm::ArrayRef<float> logits);

private:
  SamplerOptions options;
  std::mt19937_64 random;
};

} // namespace squint

#endif // SQUINT_RUNTIME_CONVERSATION_H
