//===- Bench.cpp - limits of the machine, and every kernel ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// squint-bench [--cpu=CPU] [--threads=N...] and Google Benchmark's options
// (--benchmark_filter=REGEX). Benchmarks are named
//   limit/NAME/threads:T
//   kernel/WEIGHT/ACTIVATION/tokens:M/threads:T
// and have the counters `best` (seconds of one pass) and `amount` (1e9 bytes or
// multiplications and additions of a limit); those of kernels, `operations` and
// `bytes` of the weight.
//===----------------------------------------------------------------------===//

#include "KernelCase.h"
#include "Limits.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <benchmark/benchmark.h>
#include <cstring>
#include <map>

using namespace squint::bench;

namespace {

struct Pair {
  const char *weight, *activation;
};

/// Every kind of inner loop, and every width of codes.
constexpr Pair pairs[] = {
    {"int8:channel", "int8:token"},
    {"int8:channel", "int8:tensor"},
    {"int8:group=32", "int8:group=32"},
    {"int8:group=32", "f32"},
    {"int6:group=32", "int8:group=32"},
    {"int5:group=32", "int8:group=32"},
    {"int4:channel", "int8:token"},
    {"int4:group=128", "int8:token"},
    {"int4:group=32", "int8:token"},
    {"int4:group=32", "int8:group=32"},
    {"int4:group=32,zero-point", "int8:group=32"},
    {"int4:group=32", "f32"},
    {"int3:group=32", "int8:group=32"},
    {"int3:group=32", "f32"},
    {"int2:group=32", "int8:group=32"},
    {"int2:group=32", "f32"},
    {"nf4:group=64", "f32"},
    {"mxfp4", "int8:group=32"},
    {"mxfp4", "f32"},
    {"nvfp4", "int8:group=16"},
    {"f8e4m3:channel", "f32"},
    {"f8e5m2:channel", "f32"},
    {"bf16", "f32"},
    {"f16", "f32"},
    {"f32", "f32"},
};
constexpr int64_t tokens[] = {1, 2, 4, 8, 16, 32, 512};

/// Up to so many tokens weights come from memory.
constexpr int64_t kColdTokens = 32;

Workers &getWorkers(int threads) {
  static std::map<int, std::unique_ptr<Workers>> all;
  // Idle ones would take a processor each.
  if (!all.count(threads))
    all.clear();
  std::unique_ptr<Workers> &workers = all[threads];
  if (!workers)
    workers = std::make_unique<Workers>(threads);
  return *workers;
}

/// Runs `pass`, which returns seconds, as often as asked.
template <typename Pass> void measure(benchmark::State &state, Pass pass) {
  double best = 1e30;
  for (auto _ : state) {
    double seconds = pass();
    best = std::min(best, seconds);
    state.SetIterationTime(seconds);
  }
  state.counters["best"] = best;
}

void addLimit(const Limit &limit, int threads) {
  std::string name = std::string("limit/") + limit.name +
                     "/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(name.c_str(), [&limit, threads](
                                                 benchmark::State &state) {
    double amount = 0;
    measure(state, [&] {
      Limit::Sample sample = limit.measure(getWorkers(threads));
      amount = sample.amount;
      return sample.seconds;
    });
    state.counters["amount"] = amount;
    state.SetLabel(limit.unit);
  })->UseManualTime();
}

void addKernel(const Pair &pair, const std::string &cpu, int64_t count,
               int threads) {
  std::string name = std::string("kernel/") + pair.weight + "/" +
                     pair.activation + "/tokens:" + std::to_string(count) +
                     "/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(name.c_str(), [&pair, cpu, count, threads](
                                                 benchmark::State &state) {
    static std::map<const Pair *, std::unique_ptr<KernelCase>> compiled;
    std::unique_ptr<KernelCase> &kernel = compiled[&pair];
    if (!kernel) {
      KernelOptions options;
      options.weight = pair.weight;
      options.activation = pair.activation;
      options.cpu = cpu;
      kernel = KernelCase::create(options);
    }
    if (!kernel)
      return state.SkipWithError("expected a kernel that compiles");
    kernel->prepare(count, count <= kColdTokens);
    Workers &workers = getWorkers(threads);
    measure(state, [&] { return kernel->run(workers); });
    state.counters["operations"] = kernel->operations(count);
    state.counters["bytes"] = double(kernel->weightBytes());
  })->UseManualTime();
}

} // namespace

int main(int argc, char **argv) {
  benchmark::Initialize(&argc, argv);
  std::string cpu;
  std::vector<int> threads;
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef argument = argv[i];
    int count = 0;
    if (argument.consume_front("--cpu=")) {
      cpu = argument.str();
    } else if (argument.consume_front("--threads=") &&
               !argument.getAsInteger(10, count) && count > 0 &&
               count <= 1024) {
      threads.push_back(count);
    } else {
      llvm::errs() << "squint-bench: expected --cpu=CPU or --threads=N, got '"
                   << argv[i] << "'\n";
      return 1;
    }
  }
  if (threads.empty())
    threads = {1, 2};
  for (int count : threads) {
    for (const Limit &limit : getLimits())
      addLimit(limit, count);
    for (const Pair &pair : pairs)
      for (int64_t m : tokens)
        addKernel(pair, cpu, m, count);
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
