//===- KernelBench.cpp - the speed of single matrix products ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// KernelBench WEIGHT ACTIVATION|f32 N K M [--cpu=CPU] [--features=...] [--cold]
// [--asm=FILE] One thread. Prints the best and the median time, GOP/s and the
// weight's GB/s. --cold goes through copies of the weight that do not fit a
// cache.
//===----------------------------------------------------------------------===//

#include "KernelJit.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/Work.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>
#include <random>

using namespace squint;
using namespace squint::kernel;
using namespace squint::test;
namespace cl = llvm::cl;

static cl::opt<std::string> weight(cl::Positional, cl::Required,
                                   cl::desc("WEIGHT"));
static cl::opt<std::string> activation(cl::Positional, cl::Required,
                                       cl::desc("ACTIVATION"));
static cl::opt<int64_t> outputs(cl::Positional, cl::Required, cl::desc("N"));
static cl::opt<int64_t> columns(cl::Positional, cl::Required, cl::desc("K"));
static cl::opt<int64_t> rows(cl::Positional, cl::Required, cl::desc("M"));
static cl::opt<std::string> cpu("cpu",
                                cl::desc("LLVM's name of the processor"));
static cl::opt<std::string> features("features",
                                     cl::desc("LLVM's list of features"));
static cl::opt<bool> cold("cold", cl::desc("Weights from memory"));
static cl::opt<std::string> assembly("asm", cl::desc("Write the assembly"));
static cl::opt<std::string>
    tuning("tuning", cl::desc("The option of convert-kernel-to-vector"));
static cl::opt<double> seconds("seconds", cl::init(1.0),
                               cl::desc("Time to measure"));

static std::string memref(int64_t n, const char *element) {
  return "memref<?x" + std::to_string(n) + "x" + element + ">";
}

static char *allocate(size_t bytes) {
  auto *data = static_cast<char *>(
      std::aligned_alloc(2 << 20, llvm::alignTo(bytes, 2 << 20)));
  std::mt19937_64 random(1);
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    uint64_t value = random();
    std::memcpy(data + i, &value, 8);
  }
  return data;
}

using GemmFn = void(MemRef<2> *, MemRef<2> *, MemRef<2> *, MemRef<1> *,
                    MemRef<1> *, MemRef<2> *, int64_t, int64_t);

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  bool integer = activation != "f32";
  auto format = llvm::cantFail(Format::parse(weight, FormatRole::Weight));
  auto layout = PanelLayout::get(format, outputs, columns);
  auto target = llvm::cantFail(TargetInfo::get("", cpu, features));
  int64_t scales = 1, sums = 1;
  std::string attributes;
  if (integer) {
    auto other =
        llvm::cantFail(Format::parse(activation, FormatRole::Activation));
    int64_t group = llvm::cantFail(getSumGroup(format, other));
    if (other.granularity == Granularity::Group)
      scales = llvm::divideCeil(columns, other.groupSize);
    if (group)
      sums = llvm::divideCeil(columns, group);
    attributes =
        ", activation_format = #squint.format<\"" + other.str() + "\">";
  }
  std::string x = memref(columns, integer ? "i8" : "f32"),
              s = memref(scales, "f32"), z = memref(sums, "i32");
  std::string y = memref(outputs, "f32"),
              b = "memref<" + std::to_string(outputs) + "xf32>";
  std::string text =
      "func.func @gemm(%x: " + x + ", %s: " + s + ", %z: " + z +
      ", %w: memref<?xi8>, %b: " + b + ", %y: " + y +
      ", %begin: index, %end: index) attributes {kernel.body, "
      "llvm.emit_c_interface} {\n  kernel.gemm ins(%x" +
      (integer ? ", %s, %z : " + x + ", " + s + ", " + z : " : " + x) +
      ") weights(%w : memref<?xi8>) extras(%b : " + b + ") outs(%y : " + y +
      ") attributes {weight_type = !squint.packed<" + std::to_string(outputs) +
      "x" + std::to_string(columns) + ", \"" + format.str() +
      "\", #kernel.panels<16>>" + attributes +
      "} {\n^bb0(%acc: f32, %bias: f32):\n  %0 = arith.addf %acc, %bias : "
      "f32\n  kernel.yield %0 : f32\n}\n"
      "  return\n}\n";
  auto context = KernelJit::createContext();
  auto start = std::chrono::steady_clock::now();
  auto now = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  auto jit = KernelJit::compile(*context, text, target,
                                KernelJit::Products::Native, tuning);
  if (!jit)
    return 1;
  llvm::outs() << llvm::format("compiled in %.2f s, ", now());
  if (!assembly.empty()) {
    std::error_code error;
    llvm::raw_fd_ostream(assembly, error) << jit->assembly;
  }
  auto *gemm = jit->lookup<GemmFn>("gemm");
  int64_t bytes = layout.totalBytes(),
          copies = cold ? std::max<int64_t>(2, 600000000 / bytes) : 1;
  char *w = allocate(bytes * copies);
  MemRef<2> codes(allocate(rows * columns * 4), {rows, columns}),
      scale(allocate(rows * scales * 4), {rows, scales});
  MemRef<2> sum(allocate(rows * sums * 4), {rows, sums}),
      out(allocate(rows * outputs * 4), {rows, outputs});
  MemRef<1> bias(allocate(outputs * 4), {outputs});
  int64_t groups = llvm::divideCeil(layout.panels, kUnitPanels),
          units = getGemmRowBlocks(rows, groups) * groups;
  std::vector<double> times;
  double begin = now();
  for (int64_t i = 0; now() - begin < seconds || i < 5; ++i) {
    MemRef<1> weights(w + i % copies * bytes, {bytes});
    double t = now();
    gemm(&codes, &scale, &sum, &weights, &bias, &out, 0, units);
    times.push_back(now() - t);
  }
  std::sort(times.begin(), times.end());
  double best = times[0], median = times[times.size() / 2];
  llvm::outs() << llvm::format(
      "%s x %s %ldx%ld M=%ld: best %.1f us, median %.1f us, %.1f GOP/s, %.1f "
      "GB/s\n",
      weight.c_str(), activation.c_str(), long(outputs), long(columns),
      long(rows), best * 1e6, median * 1e6,
      2.0 * rows * columns * outputs / best / 1e9, bytes / best / 1e9);
  return 0;
}
