//===- Options.h - the command line of squint-run -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TOOLS_RUN_OPTIONS_H
#define SQUINT_TOOLS_RUN_OPTIONS_H

#include "llvm/Support/CommandLine.h"
#include <string>

namespace squint {

namespace cl = llvm::cl;

/// Made in main, after LLVM's own options are gone: some have these names.
struct Options {
  cl::OptionCategory category{"squint-run options"};
  cl::opt<std::string> model{cl::Positional, cl::Required,
                             cl::desc("LIB.so|MODEL.onnx|MODEL.gguf|FOLDER"),
                             cl::cat(category)};
  cl::opt<std::string> inputs{"inputs", cl::desc("Arrays named as the inputs"),
                              cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<std::string> outputs{"outputs",
                               cl::desc("Where to write the outputs"),
                               cl::value_desc("file.npz"), cl::cat(category)};
  cl::opt<int> threads{"threads",
                       cl::desc("Threads to run with; 0: all (default: 1)"),
                       cl::value_desc("n"), cl::init(1), cl::cat(category)};
  cl::opt<bool> profile{
      "profile", cl::desc("Print the time of every launch, longest first"),
      cl::cat(category)};
  cl::opt<std::string> benchmark{
      "benchmark", cl::ValueOptional,
      cl::desc("Run again and again for some seconds (default: 2) and print "
               "the latency; without --inputs on random data"),
      cl::value_desc("seconds"), cl::cat(category)};
  cl::opt<bool> json{"json",
                     cl::desc("Print one JSON object and nothing else, with "
                              "--benchmark, --perplexity or --generate"),
                     cl::cat(category)};
  cl::list<std::string> dims{
      "dim",
      cl::desc("Extent of a symbolic dimension for random data (default: 1); "
               "pins it in a model; repeatable"),
      cl::value_desc("name=n"), cl::cat(category)};
  cl::opt<std::string> check{
      "check",
      cl::desc("Compare with ONNX test data: a folder with test_data_set_*, or "
               "one with input_*.pb and output_*.pb; exit 1 says different, 2 "
               "unsupported"),
      cl::value_desc("dir"), cl::cat(category)};
  cl::OptionCategory language{"Language models"};
  cl::opt<std::string> perplexity{
      "perplexity",
      cl::desc(
          "Measure the loss on windows of tokens, int32 [windows, length]"),
      cl::value_desc("tokens.npy"), cl::cat(language)};
  cl::opt<std::string> nllOutput{
      "nll-output",
      cl::desc("With --perplexity: where the loss of every token goes"),
      cl::value_desc("file.npy"), cl::cat(language)};
  cl::opt<std::string> logitsOutput{
      "logits-output",
      cl::desc("With --perplexity: where the logits of --positions go, "
               "[windows, positions, vocabulary]"),
      cl::value_desc("file.npy"), cl::cat(language)};
  cl::opt<std::string> positions{
      "positions", cl::desc("Positions in every window, ascending from 0"),
      cl::value_desc("I,J,K-L"), cl::cat(language)};
  cl::opt<std::string> klBase{
      "kl-base",
      cl::desc("With --perplexity: logits as --logits-output writes them, to "
               "print the divergence from"),
      cl::value_desc("file.npy"), cl::cat(language)};
  cl::list<int64_t> promptTokens{
      "prompt-tokens", cl::CommaSeparated,
      cl::desc("Tokens to go on from with --generate"),
      cl::value_desc("I,J,..."), cl::cat(language)};
  cl::opt<int64_t> generate{
      "generate",
      cl::desc("Tokens to generate, or to decode in a --benchmark (default "
               "there: 64)"),
      cl::value_desc("n"), cl::init(0), cl::cat(language)};
  cl::opt<int64_t> prompt{
      "prompt",
      cl::desc("With --benchmark: tokens of the prompt. Tokens are decoded "
               "from an empty state and behind the prompt"),
      cl::value_desc("n"), cl::init(512), cl::cat(language)};
  cl::opt<float> temperature{
      "temperature",
      cl::desc("Choose tokens at random, the more so the higher; 0, the "
               "default: the likeliest"),
      cl::value_desc("t"), cl::init(0.0f), cl::cat(language)};
  cl::opt<int64_t> topK{"top-k", cl::desc("Among the k likeliest tokens"),
                        cl::value_desc("k"), cl::init(0), cl::cat(language)};
  cl::opt<float> topP{
      "top-p", cl::desc("Among the likeliest that make up this probability"),
      cl::value_desc("p"), cl::init(1.0f), cl::cat(language)};
  cl::opt<float> minP{
      "min-p",
      cl::desc("Among those with this part of the likeliest's probability"),
      cl::value_desc("p"), cl::init(0.0f), cl::cat(language)};
  cl::opt<uint64_t> seed{"seed", cl::desc("Of the random choices"),
                         cl::value_desc("n"), cl::init(0), cl::cat(language)};
  cl::opt<std::string> weightsFile{
      "weights-file",
      cl::desc("The weights file of a library, where it is not beside it"),
      cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> target{
      "target",
      cl::desc("One of the CPUs that a library is for (default: the best that "
               "this machine runs)"),
      cl::value_desc("cpu"), cl::cat(category)};
  cl::opt<bool> largePages{
      "large-pages",
      cl::desc("Copy large weights into memory of large pages, which is read "
               "faster, where there is enough (default: true); false leaves "
               "them in the library's file"),
      cl::init(true), cl::cat(category)};
  cl::opt<int32_t> device{
      "device", cl::desc("Number of the GPU to run on, of a library for GPUs"),
      cl::value_desc("n"), cl::init(0), cl::cat(category)};
  cl::opt<std::string> weights{
      "weights", cl::desc("Format of a model's weights, as squintc takes it"),
      cl::value_desc("format"), cl::cat(category)};
  cl::opt<std::string> activations{
      "activations",
      cl::desc("Format of a model's activations, as squintc takes it"),
      cl::value_desc("format"), cl::cat(category)};
  cl::opt<std::string> cache{
      "cache",
      cl::desc("What a model's states keep keys and values as, as squintc "
               "takes it"),
      cl::value_desc("format"), cl::cat(category)};
  cl::opt<std::string> context{
      "context", cl::desc("Tokens of a model's states, as squintc takes it"),
      cl::value_desc("n"), cl::cat(category)};
  cl::opt<std::string> calibration{
      "calibration", cl::desc("Samples for static activations of a model"),
      cl::value_desc("file.npz"), cl::cat(category)};
};

inline constexpr char overview[] =
    "runs a library that squintc emitted, or a model, which is compiled "
    "first\n\n"
    "  With --inputs the model runs once on the arrays of an npz file, and\n"
    "  --outputs receives what it computes. Types that numpy lacks travel as\n"
    "  their bits in uint8 or uint16. With --benchmark the model runs for "
    "some\n"
    "  seconds and the least and the median latency are printed; --profile\n"
    "  prints where the time went, by node of the model. Without any of them\n"
    "  the inputs and outputs of the model are printed. What is compiled is\n"
    "  for this machine and leaves no file; squintc writes one.\n\n"
    "  Examples:\n"
    "    squint-run model.so\n"
    "    squint-run model.so --inputs=x.npz --outputs=y.npz --threads=2\n"
    "    squint-run model.so --benchmark=5 --json --dim batch=8\n"
    "    squint-run model.onnx --weights=int8 --activations=int8 --profile "
    "--benchmark\n"
    "    squint-run test_add/model.onnx --check=test_add\n"
    "    squint-run llm.so --prompt-tokens=1,403,310 --generate=64\n"
    "    squint-run llm.gguf --cache=int8 --benchmark --threads=2\n"
    "    squint-run llm.so --perplexity=windows.npy --threads=2\n";

} // namespace squint

#endif // SQUINT_TOOLS_RUN_OPTIONS_H
