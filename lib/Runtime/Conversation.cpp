//===- Conversation.cpp - tokens in, logits out -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Runtime/Conversation.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <cstring>

using namespace llvm;
using namespace squint;

static constexpr squint_dtype kI64 = {SQUINT_DTYPE_INT, 64, 1};
static constexpr squint_dtype kF32 = {SQUINT_DTYPE_FLOAT, 32, 1};

bool Conversation::isSupportedBy(const squint_library &library) {
  if (!library.state || library.num_inputs != 2 || library.num_outputs != 1)
    return false;
  const squint_value_v1 &ids = library.inputs[0], &keep = library.inputs[1],
                        &logits = library.outputs[0];
  return StringRef(ids.name) == "input_ids" && ids.dtype == kI64 &&
         ids.ndim == 2 && StringRef(keep.name) == "logits_to_keep" &&
         keep.dtype == kI64 && keep.ndim == 1 && logits.dtype == kF32 &&
         logits.ndim == 3 && logits.dims[2] > 0;
}

Expected<Conversation> Conversation::start(Session &session) {
  const squint_library &library = session.library();
  if (!isSupportedBy(library))
    return createStringError(
        inconvertibleErrorCode(),
        "expected a language model with a state: inputs 'input_ids' [batch, "
        "sequence] and 'logits_to_keep' [1] of i64, and logits of f32");
  if (Error error = session.rewind())
    return std::move(error);
  Conversation conversation(session);
  conversation.numLogits = library.outputs[0].dims[2];
  return conversation;
}

Expected<ArrayRef<float>> Conversation::push(ArrayRef<int64_t> tokens,
                                             int64_t keep) {
  for (int64_t token : tokens)
    if (token < 0 || token >= numLogits)
      return createStringError(inconvertibleErrorCode(),
                               "expected tokens below %lld, got %lld",
                               (long long)numLogits, (long long)token);
  Expected<Array> ids = Array::create(kI64, {1, int64_t(tokens.size())}),
                  kept = Array::create(kI64, {1});
  if (!ids || !kept)
    return joinErrors(ids.takeError(), kept.takeError());
  std::memcpy(ids->bytes().data(), tokens.data(),
              tokens.size() * sizeof(int64_t));
  std::memcpy(kept->bytes().data(), &keep, sizeof(keep));
  auto results = session->run({&*ids, &*kept});
  if (!results)
    return results.takeError();
  outputs = std::move(*results);
  ArrayRef<char> bytes = outputs[0].bytes();
  return ArrayRef(reinterpret_cast<const float *>(bytes.data()),
                  bytes.size() / sizeof(float));
}

int64_t Sampler::pick(ArrayRef<float> logits) {
  auto largest = std::max_element(logits.begin(), logits.end());
  if (!(options.temperature > 0.0f))
    return largest - logits.begin();

  struct Choice {
    int64_t token;
    double weight;
  };
  std::vector<Choice> choices;
  for (auto [token, logit] : enumerate(logits)) {
    double weight =
        std::exp((double(logit) - double(*largest)) / options.temperature);
    // The largest weight is 1.
    if (weight >= options.minP && weight > 0)
      choices.push_back({int64_t(token), weight});
  }
  // A row of NaN.
  if (choices.empty())
    return largest - logits.begin();
  llvm::sort(choices, [](const Choice &a, const Choice &b) {
    return a.weight != b.weight ? a.weight > b.weight : a.token < b.token;
  });
  if (options.topK > 0 && choices.size() > size_t(options.topK))
    choices.resize(options.topK);
  auto addUp = [&] {
    double sum = 0;
    for (const Choice &choice : choices)
      sum += choice.weight;
    return sum;
  };
  if (options.topP < 1.0f) {
    double enough = addUp() * options.topP, sum = 0;
    size_t count = 0;
    while (count < choices.size() && (count == 0 || sum < enough))
      sum += choices[count++].weight;
    choices.resize(count);
  }
  // 53 random bits: what a library's distribution would do may differ.
  double at = double(random() >> 11) * 0x1p-53 * addUp();
  for (const Choice &choice : choices)
    if ((at -= choice.weight) < 0)
      return choice.token;
  return choices.back().token;
}
