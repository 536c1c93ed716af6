//===- KernelBench.cpp - the speed of one matrix product --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// For experiments with one kernel, and for bench/tune.py. Prints a line for
// every count of rows: the best and the median time, GOP/s and the weight's
// GB/s.
//===----------------------------------------------------------------------===//

#include "KernelCase.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include <algorithm>
#include <chrono>

using namespace squint::bench;
namespace cl = llvm::cl;

static cl::opt<std::string> weight(cl::Positional, cl::Required,
                                   cl::desc("WEIGHT"));
static cl::opt<std::string> activation(cl::Positional, cl::Required,
                                       cl::desc("ACTIVATION|f32"));
static cl::opt<int64_t> outputs(cl::Positional, cl::Required, cl::desc("N"));
static cl::opt<int64_t> columns(cl::Positional, cl::Required, cl::desc("K"));
static cl::list<int64_t> rows(cl::Positional, cl::OneOrMore, cl::desc("M..."));
static cl::opt<std::string> cpu("cpu",
                                cl::desc("LLVM's name of the processor"));
static cl::opt<std::string> features("features",
                                     cl::desc("LLVM's list of features"));
static cl::opt<bool>
    cold("cold", cl::desc("Go through copies of the weight that fit no cache"));
static cl::opt<int> threads("workers", cl::init(1), cl::desc("Threads"));
static cl::opt<std::string> assembly("asm", cl::desc("Write the assembly"));
static cl::opt<std::string>
    tuning("tuning", cl::desc("The option of convert-kernel-to-vector"));
static cl::opt<double> seconds("seconds", cl::init(1.0),
                               cl::desc("Time to measure"));

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  auto now = [start = std::chrono::steady_clock::now()] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  auto kernel = KernelCase::create(
      {weight, activation, outputs, columns, cpu, features, tuning});
  if (!kernel)
    return 1;
  auto target = llvm::cantFail(squint::TargetInfo::get("", cpu, features));
  llvm::outs() << llvm::format("compiled in %.2f s for ", now()) << target.cpu
               << " on " << llvm::sys::getHostCPUName() << ", registers for "
               << target.numVectorRegisters * target.vectorBits / 512
               << " sums of a panel\n";
  if (!assembly.empty()) {
    std::error_code error;
    llvm::raw_fd_ostream(assembly, error) << kernel->assembly();
  }
  Workers workers(threads);
  for (int64_t count : rows) {
    kernel->prepare(count, cold);
    std::vector<double> times;
    double begin = now();
    while (now() - begin < seconds || times.size() < 5)
      times.push_back(kernel->run(workers));
    std::sort(times.begin(), times.end());
    double best = times[0], median = times[times.size() / 2];
    llvm::outs() << llvm::format(
        "%s x %s %ldx%ld M=%ld: best %.1f us, median %.1f us, %.1f GOP/s, %.1f "
        "GB/s\n",
        weight.c_str(), activation.c_str(), long(outputs), long(columns),
        long(count), best * 1e6, median * 1e6,
        kernel->operations(count) / best / 1e9,
        kernel->weightBytes() / best / 1e9);
  }
  return 0;
}
