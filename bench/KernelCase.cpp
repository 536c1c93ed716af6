//===- KernelCase.cpp - one matrix product to measure -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "KernelCase.h"
#include "squint/Kernels/Work.h"
#include "llvm/Support/raw_ostream.h"
#include <random>
#include <sys/mman.h>

using namespace squint;
using namespace squint::bench;
using namespace squint::kernel;
using namespace squint::test;

namespace {

constexpr int64_t kColdBytes = 512'000'000;

/// Bytes that make ordinary numbers in whatever format they are read: neither
/// tiny nor infinite.
void fill(char *data, int64_t bytes) {
  std::mt19937_64 random(1);
  for (int64_t i = 0; i < bytes; ++i)
    data[i] = char(0x2c + random() % 20);
}

/// Memory for weights, of huge pages, shared by all cases.
char *getWeights(int64_t bytes) {
  static char *data = nullptr;
  static int64_t size = 0;
  if (bytes > size) {
    std::free(data);
    size = llvm::alignTo(bytes, 2 << 20);
    data = static_cast<char *>(std::aligned_alloc(2 << 20, size));
    madvise(data, size, MADV_HUGEPAGE);
    fill(data, std::min<int64_t>(size, 16 << 20));
    for (int64_t at = 16 << 20; at < size; at += 16 << 20)
      std::memcpy(data + at, data, std::min<int64_t>(16 << 20, size - at));
  }
  return data;
}

std::string memref(int64_t n, const char *element) {
  return "memref<?x" + std::to_string(n) + "x" + element + ">";
}

} // namespace

std::unique_ptr<KernelCase> KernelCase::create(const KernelOptions &options) {
  auto fail = [&](llvm::Error error) {
    llvm::errs() << options.weight << " x " << options.activation << ": "
                 << llvm::toString(std::move(error)) << "\n";
    return nullptr;
  };
  auto result = std::make_unique<KernelCase>();
  bool integer = options.activation != "f32";
  auto format = Format::parse(options.weight, FormatRole::Weight);
  if (!format)
    return fail(format.takeError());
  auto target = TargetInfo::get("", options.cpu, options.features);
  if (!target)
    return fail(target.takeError());
  result->layout = PanelLayout::get(*format, options.outputs, options.columns);
  std::string attributes;
  bool isStatic = false;
  if (integer) {
    auto other = Format::parse(options.activation, FormatRole::Activation);
    if (!other)
      return fail(other.takeError());
    auto group = getSumGroup(*format, *other);
    if (!group)
      return fail(group.takeError());
    if (other->granularity == Granularity::Group)
      result->scales = llvm::divideCeil(options.columns, other->groupSize);
    if (*group)
      result->sums = llvm::divideCeil(options.columns, *group);
    attributes =
        ", activation_format = #squint.format<\"" + other->str() + "\">";
    isStatic = other->granularity == Granularity::Tensor;
    if (isStatic)
      attributes += ", activation_scale = 0.03125 : f32, "
                    "activation_zero_point = 0 : i32";
  }
  std::string x = memref(options.columns, integer ? "i8" : "f32"),
              s = memref(result->scales, "f32"),
              z = memref(result->sums, "i32"),
              y = memref(options.outputs, "f32"),
              b = "memref<" + std::to_string(options.outputs) + "xf32>",
              inputs = "%x : " + x;
  if (isStatic)
    inputs = "%x, %z : " + x + ", " + z;
  else if (integer)
    inputs = "%x, %s, %z : " + x + ", " + s + ", " + z;
  std::string text =
      "func.func @gemm(%x: " + x + ", %s: " + s + ", %z: " + z +
      ", %w: memref<?xi8>, %b: " + b + ", %y: " + y +
      ", %begin: index, %end: index) attributes {kernel.body, "
      "llvm.emit_c_interface} {\n  kernel.gemm ins(" +
      inputs + ") weights(%w : memref<?xi8>) extras(%b : " + b +
      ") outs(%y : " + y + ") attributes {weight_type = !squint.packed<" +
      std::to_string(options.outputs) + "x" + std::to_string(options.columns) +
      ", \"" + format->str() + "\", #kernel.panels<16>>" + attributes +
      "} {\n^bb0(%acc: f32, %bias: f32):\n  %0 = arith.addf %acc, %bias : "
      "f32\n  kernel.yield %0 : f32\n}\n  return\n}\n";
  auto context = KernelJit::createContext();
  result->jit = KernelJit::compile(*context, text, *target,
                                   KernelJit::Products::Native, options.tuning);
  if (!result->jit)
    return nullptr;
  result->gemm = result->jit->lookup<GemmFn>("gemm");
  return result;
}

void KernelCase::prepare(int64_t count, bool cold) {
  int64_t bytes = layout.totalBytes();
  copies = cold ? std::max<int64_t>(2, kColdBytes / bytes) : 1;
  getWeights(bytes * copies);
  if (rows == count)
    return;
  rows = count;
  auto resize = [](std::vector<char> &data, int64_t floats) {
    data.resize(floats * 4 + 64);
    fill(data.data(), data.size());
  };
  resize(input, rows * layout.columns);
  resize(scale, rows * scales);
  resize(sum, rows * sums);
  resize(output, rows * layout.rows);
  resize(bias, layout.rows);
}

double KernelCase::run(Workers &workers) {
  auto align = [](std::vector<char> &data) {
    return reinterpret_cast<char *>(
        llvm::alignTo(reinterpret_cast<uintptr_t>(data.data()), 64));
  };
  int64_t bytes = layout.totalBytes();
  char *weights = getWeights(bytes * copies) + next++ % copies * bytes;
  MemRef<2> x(align(input), {rows, layout.columns}),
      s(align(scale), {rows, scales}), z(align(sum), {rows, sums}),
      y(align(output), {rows, layout.rows});
  MemRef<1> w(weights, {bytes}), b(align(bias), {layout.rows});
  int64_t groups = llvm::divideCeil(layout.panels, kUnitPanels),
          units = getGemmRowBlocks(rows, groups) * groups;
  return workers.run([&](int id) {
    gemm(&x, &s, &z, &w, &b, &y, units * id / workers.size(),
         units * (id + 1) / workers.size());
  });
}
