//===- Language.cpp - a language model's library ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Language.h"
#include "PeakMemory.h"

#include "squint/Calibration/Divergence.h"
#include "squint/Calibration/Npz.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace squint;

/// Tokens that a prompt is cut into: logits of all of a block are in memory.
static constexpr int64_t kBlock = 128;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <typename... Args>
Error refuse(const char *format, Args... arguments) {
  return createStringError(inconvertibleErrorCode(), format, arguments...);
}

/// One line that is written over, on a terminal only.
class Progress {
public:
  void show(const Twine &text) {
    if (!errs().is_displayed() || secondsSince(last) < 0.2)
      return;
    last = Clock::now();
    errs() << "\r" << text << "\033[K";
    shown = true;
  }
  ~Progress() {
    if (shown)
      errs() << "\r\033[K";
  }

private:
  Clock::time_point last = Clock::now();
  bool shown = false;
};

/// Ascending numbers: "3,5,8-12".
Expected<std::vector<int64_t>> parsePositions(StringRef text, int64_t length) {
  std::vector<int64_t> positions;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    auto [first, last] = part.split('-');
    int64_t begin, end;
    if (first.getAsInteger(10, begin) ||
        (part.contains('-') ? last.getAsInteger(10, end)
                            : (end = begin, false)) ||
        begin < 0 || end < begin || end >= length ||
        (!positions.empty() && begin <= positions.back()))
      return refuse("expected ascending positions I,J,K-L below %lld, got '%s'",
                    (long long)length, text.str().c_str());
    for (int64_t i = begin; i <= end; ++i)
      positions.push_back(i);
  }
  return positions;
}

/// Windows of tokens.
struct Windows {
  int64_t count = 0, length = 0;
  std::vector<int64_t> tokens;

  ArrayRef<int64_t> get(int64_t i) const {
    return ArrayRef(tokens).slice(i * length, length);
  }
};

Expected<Windows> readWindows(StringRef path) {
  Expected<Array> array = readNpy(path);
  if (!array)
    return array.takeError();
  ArrayRef<int64_t> shape = array->shape();
  squint_dtype dtype = array->dtype();
  bool isWide = dtype.bits == 64;
  if (dtype.code != SQUINT_DTYPE_INT || (dtype.bits != 32 && !isWide) ||
      shape.empty() || shape.size() > 2 || array->size() == 0 ||
      shape.back() < 2)
    return refuse("%s: expected int32 or int64 [windows, tokens], two tokens "
                  "at least, got %s",
                  path.str().c_str(), toString(dtype, shape).c_str());
  Windows windows;
  windows.length = shape.back();
  windows.count = array->size() / windows.length;
  for (int64_t i = 0; i < array->size(); ++i) {
    const char *at = array->bytes().data() + i * (dtype.bits / 8);
    int32_t narrow;
    int64_t wide;
    std::memcpy(&narrow, at, sizeof(narrow));
    if (isWide)
      std::memcpy(&wide, at, sizeof(wide));
    windows.tokens.push_back(isWide ? wide : narrow);
  }
  return windows;
}

/// log(sum(exp(row))).
double logSum(ArrayRef<float> row) {
  double largest = *std::max_element(row.begin(), row.end()), sum = 0;
  for (float x : row)
    sum += std::exp(double(x) - largest);
  return largest + std::log(sum);
}

double mean(ArrayRef<double> values) {
  double sum = 0;
  for (double value : values)
    sum += value;
  return sum / double(values.size());
}

Expected<Array> makeFloats(ArrayRef<int64_t> shape) {
  return Array::create({SQUINT_DTYPE_FLOAT, 32, 1}, shape);
}

MutableArrayRef<float> floats(Array &array) {
  return {reinterpret_cast<float *>(array.bytes().data()),
          size_t(array.size())};
}

} // namespace

Error squint::measurePerplexity(Session &session,
                                const PerplexityOptions &options) {
  Expected<Windows> windows = readWindows(options.tokens);
  if (!windows)
    return windows.takeError();
  if (options.positions.empty() !=
      (options.logits.empty() && options.base.empty()))
    return refuse("expected --positions and --logits-output or --kl-base "
                  "together");
  std::vector<int64_t> positions;
  if (!options.positions.empty()) {
    auto parsed = parsePositions(options.positions, windows->length);
    if (!parsed)
      return parsed.takeError();
    positions = std::move(*parsed);
  }
  Expected<Conversation> first = Conversation::start(session);
  if (!first)
    return first.takeError();
  int64_t vocabulary = first->vocabulary(), count = int64_t(positions.size());
  Expected<Array> losses = makeFloats({windows->count, windows->length - 1});
  Expected<Array> kept = makeFloats(
      {windows->count, options.logits.empty() ? 0 : count, vocabulary});
  if (!losses || !kept)
    return joinErrors(losses.takeError(), kept.takeError());
  Array base;
  if (!options.base.empty()) {
    Expected<Array> read = readNpy(options.base);
    if (!read)
      return read.takeError();
    int64_t wanted[] = {windows->count, count, vocabulary};
    if (read->dtype() != kept->dtype() || read->shape() != ArrayRef(wanted))
      return refuse("%s: expected %s, got %s", options.base.c_str(),
                    toString(kept->dtype(), wanted).c_str(),
                    toString(read->dtype(), read->shape()).c_str());
    base = std::move(*read);
  }

  std::vector<double> divergences;
  int64_t agreeing = 0;
  Progress progress;
  auto start = Clock::now();
  float *loss = floats(*losses).data();
  for (int64_t w = 0; w < windows->count; ++w) {
    ArrayRef<int64_t> tokens = windows->get(w);
    Expected<Conversation> conversation = Conversation::start(session);
    if (!conversation)
      return conversation.takeError();
    auto next = positions.begin();
    for (int64_t at = 0; at < windows->length; at += kBlock) {
      int64_t size = std::min(kBlock, windows->length - at);
      auto logits = conversation->push(tokens.slice(at, size), size);
      if (!logits)
        return logits.takeError();
      for (int64_t i = at; i < at + size; ++i) {
        ArrayRef<float> row = logits->slice((i - at) * vocabulary, vocabulary);
        if (i + 1 < windows->length)
          *loss++ = float(logSum(row) - double(row[tokens[i + 1]]));
        if (next == positions.end() || *next != i)
          continue;
        int64_t number = w * count + (next++ - positions.begin());
        if (!options.logits.empty())
          llvm::copy(row, floats(*kept).begin() + number * vocabulary);
        if (options.base.empty())
          continue;
        ArrayRef<float> other =
            floats(base).slice(number * vocabulary, vocabulary);
        divergences.push_back(diverge(Divergence::Kl, other, row));
        agreeing += getTop(other) == getTop(row);
      }
      double done = double(w * windows->length + at + size);
      progress.show(Twine("window ") + Twine(w + 1) + " of " +
                    Twine(windows->count) + ", " +
                    Twine(int64_t(done / secondsSince(start))) +
                    " tokens a second");
    }
  }

  std::vector<double> all;
  for (float value : floats(*losses))
    all.push_back(value);
  double average = mean(all), spread = 0;
  for (double value : all)
    spread += (value - average) * (value - average);
  double ppl = std::exp(average),
         error = all.size() > 1
                     ? ppl * std::sqrt(spread / double(all.size() - 1) /
                                       double(all.size()))
                     : 0.0;
  double rate = double(windows->count * windows->length) / secondsSince(start);
  json::Object report{{"nll", average},
                      {"ppl", ppl},
                      {"ppl_error", error},
                      {"tokens", int64_t(all.size())},
                      {"tokens_per_s", rate}};
  if (!options.json)
    outs() << format("nll %.5f, ppl %.4f +- %.4f over %zu tokens, %.1f tokens "
                     "a second\n",
                     average, ppl, error, all.size(), rate);
  if (!divergences.empty()) {
    double average = mean(divergences);
    llvm::sort(divergences);
    size_t size = divergences.size();
    double most = divergences[std::min(size - 1, size * 99 / 100)],
           same = double(agreeing) / double(size);
    report["kl"] = average;
    report["kl_99"] = most;
    report["same_top"] = same;
    if (!options.json)
      outs() << format("KL %.6f mean, %.6f at 99 %%; same top token %.2f %%\n",
                       average, most, same * 100);
  }
  if (options.json)
    outs() << json::Value(std::move(report)) << "\n";
  if (!options.nll.empty())
    if (Error failed = writeNpy(options.nll, *losses))
      return failed;
  if (!options.logits.empty())
    return writeNpy(options.logits, *kept);
  return Error::success();
}

Error squint::generate(Session &session, const GenerateOptions &options) {
  if (options.prompt.empty() || options.count < 0)
    return refuse("expected --prompt-tokens=I,J,... and --generate=N");
  Expected<Conversation> conversation = Conversation::start(session);
  if (!conversation)
    return conversation.takeError();
  Sampler sampler(options.sampler);
  auto start = Clock::now();
  auto logits = conversation->push(options.prompt);
  if (!logits)
    return logits.takeError();
  double prefill = secondsSince(start);
  std::vector<int64_t> tokens;
  start = Clock::now();
  while (int64_t(tokens.size()) < options.count) {
    tokens.push_back(sampler.pick(*logits));
    if (!options.json) {
      outs() << (tokens.size() == 1 ? "" : " ") << tokens.back();
      outs().flush();
    }
    if (int64_t(tokens.size()) == options.count)
      break;
    logits = conversation->push(tokens.back());
    if (!logits)
      return logits.takeError();
  }
  double decode = secondsSince(start);
  // The first comes with the prompt.
  double steps = tokens.size() > 1 ? double(tokens.size() - 1) : 0.0;
  double promptRate = double(options.prompt.size()) / prefill,
         rate = steps / decode;
  if (options.json) {
    json::Array list;
    for (int64_t token : tokens)
      list.push_back(token);
    outs() << json::Value(json::Object{{"tokens", std::move(list)},
                                       {"prefill_tokens_per_s", promptRate},
                                       {"decode_tokens_per_s", rate}})
           << "\n";
    return Error::success();
  }
  outs() << "\n";
  errs() << format("prompt: %zu tokens, %.1f a second; generated: %zu, %.1f a "
                   "second\n",
                   options.prompt.size(), promptRate, tokens.size(), rate);
  return Error::success();
}

/// Tokens a second of `count` tokens that a conversation goes on with.
static Expected<double> timeDecoding(Conversation &conversation,
                                     ArrayRef<float> logits, int64_t count) {
  Sampler sampler({});
  auto start = Clock::now();
  for (int64_t i = 0; i < count; ++i) {
    auto next = conversation.push(sampler.pick(logits));
    if (!next)
      return next.takeError();
    logits = *next;
  }
  return double(count) / secondsSince(start);
}

Error squint::benchmarkLanguage(Session &session, int64_t prompt, int64_t count,
                                double seconds, bool json) {
  if (prompt < 1 || count < 1)
    return refuse("expected --prompt and --generate of at least 1");
  constexpr int64_t leastRounds = 3;
  double prefill = 0, decode = 0, behind = 0;
  int64_t rounds = 0;
  auto begin = Clock::now();
  auto measure = [&](int64_t length, double &filling,
                     double &decoding) -> Error {
    Expected<Conversation> conversation = Conversation::start(session);
    if (!conversation)
      return conversation.takeError();
    // Any tokens will do; these are spread over the vocabulary.
    std::vector<int64_t> tokens;
    for (int64_t i = 0; i < length; ++i)
      tokens.push_back(i * 2654435761 % conversation->vocabulary());
    auto start = Clock::now();
    auto logits = conversation->push(tokens);
    if (!logits)
      return logits.takeError();
    filling = std::max(filling, double(length) / secondsSince(start));
    Expected<double> rate = timeDecoding(*conversation, *logits, count);
    if (!rate)
      return rate.takeError();
    decoding = std::max(decoding, *rate);
    return Error::success();
  };
  for (; rounds < leastRounds || secondsSince(begin) < seconds; ++rounds) {
    double ofOne = 0;
    if (Error error = measure(prompt, prefill, behind))
      return error;
    if (Error error = measure(1, ofOne, decode))
      return error;
  }
  int64_t threads = session.library().threads(session.context()),
          workspace = session.library().workspace_bytes(session.context());
  if (json)
    outs() << json::Value(
                  json::Object{{"prefill_tokens_per_s", prefill},
                               {"decode_tokens_per_s", decode},
                               {"decode_behind_prompt_tokens_per_s", behind},
                               {"prompt", prompt},
                               {"generate", count},
                               {"rounds", rounds},
                               {"threads", threads},
                               {"workspace_bytes", workspace},
                               {"peak_rss_bytes", getPeakBytes()}})
           << "\n";
  else
    outs() << format("prefill of %lld: %.1f tokens a second; decode of %lld: "
                     "%.1f tokens a second from the start, %.1f behind the "
                     "prompt; the best of %lld rounds, %lld threads, peak "
                     "memory %llu bytes\n",
                     (long long)prompt, prefill, (long long)count, decode,
                     behind, (long long)rounds, (long long)threads,
                     (unsigned long long)getPeakBytes());
  return Error::success();
}
