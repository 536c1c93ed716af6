//===- GemmTest.cpp - matrix products against their formula -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Every kernel gives the bits of the formula in `kernel.gemm`'s description, on
// every instruction set that this machine has.
//===----------------------------------------------------------------------===//

#include "KernelTest.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/Work.h"
#include "squint/Numerics/DynamicScale.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Numerics/Packed.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace squint;
using namespace squint::kernel;
using namespace squint::test;

namespace {

struct Problem {
  std::string weight, activation; // no activation format: floats
  int64_t rows, columns;          // N, K
  int32_t zero = 0;               // of static activations
};

std::ostream &operator<<(std::ostream &os, const Problem &p) {
  return os << p.weight << " x "
            << (p.activation.empty() ? "f32" : p.activation) << " " << p.rows
            << "x" << p.columns << " zero " << p.zero;
}

/// One problem with its data, its reference and its packed weight.
struct Instance {
  Instance(const Problem &problem, bool extreme)
      : problem(problem),
        format(
            llvm::cantFail(Format::parse(problem.weight, FormatRole::Weight))),
        plainLayout(PlainLayout::get(format, problem.rows, problem.columns)),
        plain(plainLayout.totalBytes),
        layout(PanelLayout::get(format, problem.rows, problem.columns)),
        packed(layout.totalBytes()), bias(problem.rows), random(7) {
    if (!problem.activation.empty())
      activation = llvm::cantFail(
          Format::parse(problem.activation, FormatRole::Activation));
    fillWeights(extreme);
    layout.pack(plain.data, packed.data, 0, layout.panels);
    decodeWeights();
    for (int64_t n = 0; n < problem.rows; ++n)
      bias[n] = uniform(-1, 1);
    if (isInteger()) {
      sumGroup = llvm::cantFail(getSumGroup(format, activation));
      group = activation.granularity == Granularity::Group
                  ? std::min(activation.groupSize, columns())
                  : columns();
    }
    this->extreme = extreme;
  }

  bool isInteger() const { return !problem.activation.empty(); }
  bool isStatic() const {
    return isInteger() && activation.granularity == Granularity::Tensor;
  }
  int64_t columns() const { return problem.columns; }
  int64_t scaleColumns() const { return llvm::divideCeil(columns(), group); }
  int64_t sumStep() const {
    return sumGroup ? std::min(sumGroup, columns()) : columns();
  }
  int64_t sumColumns() const { return llvm::divideCeil(columns(), sumStep()); }

  float uniform(float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random);
  }

  void fillWeights(bool extreme) {
    if (format.blocks())
      return fillBlocks(format, llvm::MutableArrayRef(plain.data, plain.count),
                        extreme, random);
    std::memset(plain.data, 0, plain.count);
    std::vector<uint32_t> codes(columns());
    for (int64_t n = 0; n < problem.rows; ++n) {
      for (uint32_t &code : codes) {
        if (format.hasScale() && !format.isInteger()) {
          code = random() & ((1u << format.bits()) - 1);
          continue;
        }
        if (!format.isInteger()) {
          float value = uniform(-1, 1);
          code = format.bits() == 32 ? llvm::bit_cast<uint32_t>(value)
                 : format.element->name == "f16"
                     ? 0x3800u | (random() % 0x8400 & 0x83FF)
                     : llvm::bit_cast<uint32_t>(value) >> 16;
          continue;
        }
        int32_t low = format.minCode(), high = format.maxCode();
        int32_t value =
            extreme
                ? (random() % 8 ? (n % 2 ? low : high) : (n % 2 ? high : low))
                : low + static_cast<int32_t>(random() % (high - low + 1));
        code = static_cast<uint32_t>(value) & ((1u << format.bits()) - 1);
      }
      // Of each four any two are zero, or more.
      for (int64_t k = 0; k < columns() && format.isTwoOfFour(); k += 4) {
        int64_t first = random() % 4, second = random() % 3;
        second += second >= first;
        for (int64_t i : {first, second})
          if (k + i < columns())
            codes[k + i] = 0;
      }
      // Of a row as many as are not stored, or more.
      for (int64_t zeros = columns() - plainLayout.stored;
           zeros > 0 && format.prunedPercent;) {
        uint32_t &code = codes[random() % columns()];
        zeros -= code != 0 || random() % 2;
        code = 0;
      }
      packRow(format, codes.data(), columns(),
              plain.data + n * plainLayout.rowBytes);
    }
    if (!format.hasScale())
      return;
    if (format.isBilevel())
      return fillBilevel();
    for (int64_t i = 0; i < format.tableNumbers(); ++i)
      storeScale(uniform(-1, 1), ScaleType::F16,
                 plain.data + plainLayout.numbersOffset, i);
    if (hasTensorScale(format))
      storeScale(uniform(0.1f, 2.0f), ScaleType::F32,
                 plain.data + getTensorScaleOffset(plainLayout), 0);
    if (format.scale == ScaleType::Dynamic8) {
      std::vector<float> scales(plainLayout.scaleCount());
      for (float &scale : scales)
        scale = uniform(0.001f, 0.02f);
      return DynamicScale::store(scales, plain.data + plainLayout.scalesOffset,
                                 plain.data + plainLayout.numbersOffset);
    }
    for (int64_t i = 0; i < plainLayout.scaleRows * plainLayout.groups; ++i) {
      if (format.minimum)
        storeScale(uniform(-0.02f, 0.02f), ScaleType::F16,
                   plain.data + plainLayout.zeroPointsOffset, i);
      for (int64_t j = 0; j < format.scalesPerBlock(); ++j)
        storeScale(uniform(0.001f, 0.02f), format.scale,
                   plain.data + plainLayout.scalesOffset,
                   i * format.scalesPerBlock() + j);
      if (format.zeroPoint)
        plain[plainLayout.zeroPointsOffset + i] =
            extreme ? (i % 2 ? 0 : format.maxCode())
                    : random() % (format.maxCode() + 1);
    }
  }

  /// Codes and grids of scales and zero points, and outliers wherever.
  void fillBilevel() {
    auto store = [&](int64_t offset, uint16_t value) {
      std::memcpy(plain.data + offset, &value, 2);
    };
    for (int64_t i = 0; i < plainLayout.scalesBytes; ++i)
      plain[plainLayout.scalesOffset + i] = random() & 63;
    for (int64_t i = 0; i < plainLayout.numbersBytes / 2; ++i)
      store(plainLayout.numbersOffset + 2 * i,
            floatToHalf(i % 2 ? uniform(-8, 8) : uniform(0.001f, 0.02f)));
    if (!format.outliers)
      return;
    for (int64_t n = 0; n < problem.rows; n += PlainLayout::rowBlock) {
      int64_t list = plainLayout.outliersOffset +
                     n / PlainLayout::rowBlock * plainLayout.outlierBytes;
      int64_t count = 0;
      for (int64_t lane = 0; lane < PlainLayout::rowBlock; ++lane) {
        store(list + 2 * lane, count);
        for (int64_t k = 0; k < columns() && n + lane < problem.rows; ++k)
          if (random() % columns() < 2 && count < format.outliers) {
            int64_t at = list + PlainLayout::outlierColumnsOffset + 2 * count++;
            store(at, k);
            store(at + 2 * format.outliers, floatToHalf(uniform(-3, 3)));
          }
      }
      store(list + 2 * PlainLayout::rowBlock, count);
    }
  }

  void decodeWeights() {
    PackedView w(plain.data, format, problem.rows, problem.columns);
    for (int64_t n = 0; n < problem.rows; ++n)
      for (int64_t k = 0; k < problem.columns; ++k) {
        int32_t code = w.code(n, k);
        levels.push_back(
            format.isBilevel()    ? static_cast<float>(code) - w.offset(n, k)
            : format.isInteger()  ? static_cast<float>(code - w.zeroPoint(n, k))
            : format.isCodebook() ? w.value(n, k)
            : format.isAdditive() ? w.addVectors(n, k)
                                  : format.element->decode(code));
        scales.push_back(w.storedScale(n, k));
        mins.push_back(w.min(n, k));
      }
  }

  /// With `codesOut` the residual is a column [M, 1] and the result is
  /// quantized: code = clamp(rne(y * 8) - 7).
  std::string text(bool codesOut = false) const {
    std::string text;
    llvm::raw_string_ostream os(text);
    int64_t N = problem.rows, K = columns();
    std::string x =
        "memref<?x" + std::to_string(K) + (isInteger() ? "xi8>" : "xf32>");
    std::string s = "memref<?x" +
                    std::to_string(isInteger() ? scaleColumns() : 1) + "xf32>";
    std::string z =
        "memref<?x" + std::to_string(isInteger() ? sumColumns() : 1) + "xi32>";
    std::string b = "memref<" + std::to_string(N) + "xf32>",
                y = "memref<?x" + std::to_string(N) +
                    (codesOut ? "xi8>" : "xf32>"),
                r = codesOut ? "memref<?x1xf32>" : y;
    os << "func.func @gemm(%x: " << x << ", %s: " << s << ", %z: " << z
       << ", %w: memref<?xi8>, %b: " << b << ", %r: " << r << ", %y: " << y
       << ", %begin: index, %end: index) attributes {kernel.body, "
          "llvm.emit_c_interface} {\n"
       << "  kernel.gemm ins(%x";
    if (isInteger())
      os << (isStatic() ? ", %z : " : ", %s, %z : ") << x
         << (isStatic() ? "" : ", " + s) << ", " << z;
    else
      os << " : " << x;
    os << ") weights(%w : memref<?xi8>) extras(%b, %r : " << b << ", " << r
       << ") outs(%y : " << y << ") attributes {weight_type = !squint.packed<"
       << N << "x" << K << ", \"" << format.str() << "\", #kernel.panels<16>>";
    if (isInteger())
      os << ", activation_format = #squint.format<\"" << activation.str()
         << "\">";
    if (isStatic())
      os << ", activation_scale = 0.03125 : f32, activation_zero_point = "
         << problem.zero << " : i32";
    os << "} {\n^bb0(%acc: f32, %bias: f32, %residual: f32):\n"
          "  %0 = arith.addf %acc, %bias : f32\n  %1 = arith.addf %0, "
          "%residual : f32\n";
    if (codesOut)
      os << "  %c8 = arith.constant 8.0 : f32\n"
            "  %zero = arith.constant -7.0 : f32\n"
            "  %low = arith.constant -128.0 : f32\n"
            "  %high = arith.constant 127.0 : f32\n"
            "  %2 = arith.mulf %1, %c8 : f32\n"
            "  %3 = math.roundeven %2 : f32\n"
            "  %4 = arith.addf %3, %zero : f32\n"
            "  %5 = arith.maxnumf %4, %low : f32\n"
            "  %6 = arith.minnumf %5, %high : f32\n"
            "  %7 = arith.fptosi %6 : f32 to i8\n"
            "  kernel.yield %7 : i8\n}\n";
    else
      os << "  kernel.yield %1 : f32\n}\n";
    os << "  return\n}\n";
    return text;
  }

  Problem problem;
  Format format, activation;
  PlainLayout plainLayout;
  Buffer<char> plain;
  PanelLayout layout;
  Buffer<char> packed;
  Buffer<float> bias;
  /// Of every weight.
  std::vector<float> levels, scales, mins;
  int64_t sumGroup = 0, group = 0;
  bool extreme = false;
  std::mt19937 random;
};

struct Activations {
  Activations(Instance &in, int64_t rows)
      : rows(rows), codes(rows * in.columns()), floats(rows * in.columns()),
        scales(rows * (in.isInteger() ? in.scaleColumns() : 1)),
        sums(rows * (in.isInteger() ? in.sumColumns() : 1)),
        residual(rows * in.problem.rows), y(rows * in.problem.rows) {
    int low = in.isStatic() ? -128 : -127;
    for (int64_t i = 0; i < codes.count; ++i) {
      codes[i] = in.extreme ? (in.random() % 8 ? low : 127)
                            : low + static_cast<int>(in.random() % (128 - low));
      floats[i] = in.uniform(-1, 1);
    }
    for (int64_t i = 0; i < scales.count; ++i)
      scales[i] = in.uniform(0.001f, 0.02f);
    for (int64_t i = 0; i < residual.count; ++i)
      residual[i] = in.uniform(-1, 1);
    if (!in.isInteger())
      return;
    for (int64_t i = 0; i < sums.count; ++i)
      sums[i] = 0;
    for (int64_t m = 0; m < rows; ++m)
      for (int64_t k = 0; k < in.columns(); ++k)
        sums[m * in.sumColumns() + k / in.sumStep()] +=
            codes[m * in.columns() + k];
  }

  int64_t rows;
  Buffer<int8_t> codes;
  Buffer<float> floats, scales;
  Buffer<int32_t> sums;
  Buffer<float> residual, y;
};

/// The sum of a group's activations: 16 lanes and their tree.
float addLanes(const float *x, int64_t count) {
  float lanes[16] = {};
  for (int64_t k = 0; k < count; ++k)
    lanes[k % 16] += x[k];
  for (int64_t half = 8; half; half /= 2)
    for (int64_t i = 0; i < half; ++i)
      lanes[i] += lanes[i + half];
  return lanes[0];
}

/// One output, by the formula.
float reference(Instance &in, Activations &x, int64_t m, int64_t n) {
  PackedView w(in.plain.data, in.format, in.problem.rows, in.columns());
  int64_t K = in.columns();
  const float *levels = &in.levels[n * K], *scales = &in.scales[n * K],
              *mins = &in.mins[n * K];
  float acc = 0;
  if (!in.isInteger()) {
    const Format &format = in.format;
    bool blocks = format.granularity == Granularity::Group &&
                  (format.groupSize < K || format.hasMins() || format.blocks());
    int64_t block = blocks ? format.groupSize : K;
    for (int64_t start = 0; start < K; start += block) {
      // Four sums, as products of floats with codes have; one for floats.
      float parts[4] = {};
      for (int64_t k = start; k < std::min(start + block, K); ++k) {
        float &part = parts[format.hasScale() ? (k - start) % 4 : 0];
        part = std::fma(x.floats[m * K + k], levels[k], part);
      }
      float part = (parts[0] + parts[2]) + (parts[1] + parts[3]);
      acc = !blocks ? part : std::fma(part, scales[start], acc);
      if (format.hasMins())
        acc = std::fma(
            addLanes(&x.floats[m * K + start], std::min(block, K - start)),
            -mins[start], acc);
    }
    if (format.hasScale())
      acc *= blocks ? w.tensorScale() : w.scale(n, 0);
    if (format.outliers) {
      float sum = 0;
      w.forOutliers(n, [&](int64_t k, float value) {
        float decoded = (float(w.code(n, k)) - w.offset(n, k)) * w.scale(n, k);
        sum = std::fma(x.floats[m * K + k], value - decoded, sum);
      });
      acc += sum;
    }
  } else {
    auto factor = static_cast<float>(in.layout.levels.factor);
    bool weightBlocks =
        in.format.granularity == Granularity::Group &&
        (in.format.groupSize < K || in.format.hasMins() || in.format.blocks());
    bool inputBlocks = in.group < K;
    int64_t block = std::min(weightBlocks ? in.format.groupSize : K, in.group);
    for (int64_t start = 0; start < K; start += block) {
      int64_t t = 0, sum = 0;
      for (int64_t k = start; k < std::min(start + block, K); ++k) {
        int64_t code = x.codes[m * K + k] - in.problem.zero;
        t += code * int64_t(factor ? factor * levels[k] : levels[k]);
        sum += code;
      }
      float value = static_cast<float>(static_cast<int32_t>(t));
      float sw = scales[start],
            sx = in.isStatic()
                     ? 0
                     : x.scales[m * in.scaleColumns() + start / in.group];
      if (weightBlocks && inputBlocks)
        acc = std::fma(value * sx, sw, acc);
      else if (weightBlocks || inputBlocks)
        acc = std::fma(value, weightBlocks ? sw : sx, acc);
      else
        acc = value;
      float inputs = static_cast<float>(sum);
      if (in.format.hasMins())
        acc = std::fma(inputBlocks ? inputs * sx : inputs, -mins[start], acc);
    }
    if (!inputBlocks)
      acc *= in.isStatic() ? 0.03125f : x.scales[m];
    if (factor > 0)
      acc *= (weightBlocks ? w.tensorScale() : w.scale(n, 0)) / factor;
    else if (!weightBlocks)
      acc *= w.scale(n, 0);
  }
  acc += in.bias[n];
  return acc + x.residual[m * in.problem.rows + n];
}

using GemmFn = void(MemRef<2> *, MemRef<2> *, MemRef<2> *, MemRef<1> *,
                    MemRef<1> *, MemRef<2> *, MemRef<2> *, int64_t, int64_t);

class GemmOutputTest : public testing::Test {
protected:
  std::unique_ptr<mlir::MLIRContext> context = KernelJit::createContext();
};

class GemmTest : public testing::TestWithParam<Problem> {
protected:
  void check(const TestTarget &test, llvm::ArrayRef<Instance *> instances);
  void run(const TestTarget &test, KernelJit &jit, Instance &in);
  std::unique_ptr<mlir::MLIRContext> context = KernelJit::createContext();
};

void GemmTest::check(const TestTarget &test,
                     llvm::ArrayRef<Instance *> instances) {
  if (!test.runs())
    return;
  auto jit = KernelJit::compile(*context, instances[0]->text(), test.get(),
                                test.products);
  ASSERT_TRUE(jit) << instances[0]->text();
  for (Instance *in : instances)
    run(test, *jit, *in);
}

void GemmTest::run(const TestTarget &test, KernelJit &jit, Instance &in) {
  auto *gemm = jit.lookup<GemmFn>("gemm");
  ASSERT_TRUE(gemm);
  for (int64_t rows : {1, 2, 3, 4, 5, 8, 13, 16, 17, 31, 33, 70}) {
    Activations x(in, rows);
    MemRef<2> codes(x.codes.data, {rows, in.columns()}),
        floats(x.floats.data, {rows, in.columns()});
    MemRef<2> scales(x.scales.data, {rows, x.scales.count / rows}),
        sums(x.sums.data, {rows, x.sums.count / rows});
    MemRef<1> weights(in.packed.data, {in.packed.count}),
        bias(in.bias.data, {in.problem.rows});
    MemRef<2> residual(x.residual.data, {rows, in.problem.rows}),
        y(x.y.data, {rows, in.problem.rows});
    int64_t groups = llvm::divideCeil(in.layout.panels, kUnitPanels),
            units = getGemmRowBlocks(rows, groups) * groups;
    // In two calls, as two threads would.
    int64_t half = in.random() % (units + 1);
    for (auto [begin, end] :
         {std::pair<int64_t, int64_t>{half, units}, {0, half}})
      gemm(in.isInteger() ? &codes : &floats, &scales, &sums, &weights, &bias,
           &residual, &y, begin, end);
    int wrong = 0;
    for (int64_t m = 0; m < rows && wrong < 3; ++m)
      for (int64_t n = 0; n < in.problem.rows && wrong < 3; ++n) {
        float expected = reference(in, x, m, n),
              got = x.y[m * in.problem.rows + n];
        if (std::memcmp(&expected, &got, 4) != 0) {
          ++wrong;
          ADD_FAILURE() << in.problem << " on " << test.cpu
                        << (test.products == KernelJit::Products::Generic
                                ? " generic"
                                : "")
                        << (in.extreme ? ", extreme" : "") << ", " << rows
                        << " rows: [" << m << ", " << n << "] expected "
                        << expected << ", got " << got;
        }
      }
  }
}

TEST_P(GemmTest, EqualsTheFormula) {
  Instance random(GetParam(), false), extreme(GetParam(), true);
  for (const TestTarget &target : targets)
    check(target, {&random, &extreme});
}

// What a static activation of the next product asks for: outputs of one byte,
// with a tail of one column, and an extra of one number a row.
TEST_F(GemmOutputTest, QuantizesItsOutput) {
  for (const Problem &problem :
       {Problem{"int8:channel", "int8:tensor", 33, 50, -7},
        Problem{"int4:group=32", "int8:token", 48, 70},
        Problem{"f32", "", 17, 20}}) {
    Instance in(problem, false);
    for (const TestTarget &test : targets) {
      if (!test.runs())
        continue;
      auto jit = KernelJit::compile(*context, in.text(/*codesOut=*/true),
                                    test.get(), test.products);
      ASSERT_TRUE(jit) << in.text(true);
      for (int64_t rows : {1, 4, 21}) {
        Activations x(in, rows);
        Buffer<float> column(rows);
        Buffer<int8_t> y(rows * problem.rows);
        for (int64_t m = 0; m < rows; ++m) {
          column[m] = in.uniform(-1, 1);
          for (int64_t n = 0; n < problem.rows; ++n)
            x.residual[m * problem.rows + n] = column[m];
        }
        MemRef<2> codes(x.codes.data, {rows, in.columns()}),
            floats(x.floats.data, {rows, in.columns()}),
            scales(x.scales.data, {rows, x.scales.count / rows}),
            sums(x.sums.data, {rows, x.sums.count / rows}),
            residual(column.data, {rows, 1}), out(y.data, {rows, problem.rows});
        MemRef<1> weights(in.packed.data, {in.packed.count}),
            bias(in.bias.data, {problem.rows});
        int64_t groups = llvm::divideCeil(in.layout.panels, kUnitPanels);
        jit->lookup<GemmFn>("gemm")(in.isInteger() ? &codes : &floats, &scales,
                                    &sums, &weights, &bias, &residual, &out, 0,
                                    getGemmRowBlocks(rows, groups) * groups);
        for (int64_t i = 0; i < y.count; ++i) {
          float value =
              reference(in, x, i / problem.rows, i % problem.rows) * 8.0f;
          float code = std::nearbyint(value) - 7.0f;
          code = std::fmin(std::fmax(code, -128.0f), 127.0f);
          ASSERT_EQ(int(code), int(y[i])) << problem << " on " << test.cpu
                                          << ", " << rows << " rows, " << i;
        }
      }
    }
  }
}

const Problem problems[] = {
    {"int8:channel", "int8:token", 48, 64},
    {"int8:channel", "int8:token", 37, 27},
    {"int8:tensor", "int8:token", 16, 101},
    {"int8:channel,zero-point", "int8:token", 40, 45},
    {"int8:channel", "int8:tensor", 33, 50, 0},
    {"int8:channel", "int8:tensor", 33, 50, -128},
    {"int8:channel,zero-point", "int8:tensor", 20, 34, 17},
    {"int8:group=32", "int8:token", 80, 100},
    {"int8:group=64", "int8:group=64", 16, 200},
    {"int8:group=32,scale=bf16", "int8:group=32", 32, 96},
    {"int8:channel", "int8:group=32", 32, 70},
    {"int8:group=64", "int8:group=32", 32, 150},
    {"int8:group=32,zero-point", "int8:tensor", 17, 70, -5},
    {"int4:channel", "int8:token", 48, 64},
    {"int4:channel", "int8:token", 16, 75},
    {"int4:group=32", "int8:group=32", 64, 128},
    {"int4:group=32", "int8:token", 37, 107},
    {"int4:group=128,scale=f32", "int8:token", 16, 300},
    {"int4:group=64,zero-point", "int8:token", 32, 130},
    {"int4:group=32,zero-point", "int8:group=64", 32, 130},
    {"int4:group=32,zero-point", "int8:tensor", 32, 66, 100},
    {"int4:channel,zero-point", "int8:tensor", 23, 66, -128},
    {"int4:group=24", "int8:token", 16, 60},
    {"f32", "", 48, 33},
    {"f16", "", 21, 64},
    {"bf16", "", 80, 17},
    {"int8:channel", "", 48, 30},
    {"int8:group=32,zero-point", "", 33, 70},
    {"int4:group=32", "", 64, 96},
    {"int4:channel,zero-point", "", 16, 45},
    {"int4:group=512", "", 16, 1040},
    {"int4:tensor", "", 40, 600},
    {"int2:group=32", "int8:group=32", 64, 128},
    {"int2:group=16,zero-point", "int8:token", 48, 75},
    {"int2:channel", "int8:tensor", 20, 90, -128},
    {"int3:group=32", "int8:group=32", 64, 128},
    {"int3:group=64,zero-point", "int8:token", 37, 150},
    {"int3:tensor", "int8:token", 16, 45},
    {"int5:group=32", "int8:group=32", 32, 70},
    {"int5:group=10", "int8:token", 32, 47},
    {"int6:group=32,zero-point", "int8:group=64", 33, 130},
    {"int6:channel", "int8:tensor", 16, 77, 5},
    {"int7:group=32", "int8:token", 32, 107},
    {"int7:channel,zero-point", "int8:token", 48, 61},
    {"int2:group=32", "", 48, 100},
    {"int2:channel,zero-point", "", 17, 29},
    {"int3:group=64", "", 33, 150},
    {"int3:group=5,zero-point", "", 16, 33},
    {"int5:channel", "", 32, 64},
    {"int5:group=300,zero-point", "", 16, 700},
    {"int6:group=32,scale=bf16", "", 32, 96},
    {"int6:tensor,zero-point", "", 20, 50},
    {"int7:group=128,scale=f32", "", 32, 300},
    {"int8:group=48,zero-point,scale=f32", "", 32, 100},
    {"nf4:group=64", "", 48, 200},
    {"nf4:channel", "", 16, 75},
    {"nf4:tensor", "", 16, 30},
    {"f8e4m3:channel", "", 48, 300},
    {"f8e4m3:group=32", "", 17, 70},
    {"f8e5m2:tensor", "", 16, 45},
    {"f8e5m2:group=100,scale=f32", "", 32, 250},
    {"mxfp4", "", 48, 128},
    {"mxfp4", "", 16, 75},
    {"mxfp8", "", 33, 100},
    {"nvfp4", "", 48, 128},
    {"nvfp4", "", 16, 41},
    {"nvfp4", "", 16, 9},
    {"mxfp4", "int8:group=32", 48, 128},
    {"mxfp4", "int8:token", 33, 75},
    {"mxfp4", "int8:tensor", 16, 32, -7},
    {"nvfp4", "int8:group=32", 16, 96},
    {"nvfp4", "int8:tensor", 32, 41, 100},
    {"nvfp4", "int8:token", 20, 16},
    {"int3:group=16,scale=bilevel3", "", 48, 200},
    {"int3:group=16,scale=bilevel3,outliers=40", "", 48, 200},
    {"int4:group=32,scale=bilevel3,outliers=9", "", 35, 71},
    {"int2:group=400,scale=bilevel3,outliers=64", "", 17, 300},
    {"codebook2:group=64", "", 48, 200},
    {"codebook2:tensor", "", 16, 300},
    {"codebook4:group=300,scale=f32", "", 32, 700},
    {"codebook3:channel,scale=bf16", "", 17, 600},
    {"mxfp6e2m3", "", 33, 70},
    {"mxfp6e3m2", "", 16, 96},
    {"mxfp8e5m2", "", 16, 64},
    {"mxint8", "", 33, 70},
    {"mxint8", "int8:group=32", 48, 100},
    {"mxint8", "int8:token", 16, 64},
    {"nf4:group=8,scale=dynamic8", "", 51, 200},
    {"nf4:group=64,scale=dynamic8", "", 33, 576},
    {"nf4:group=64,scale=dynamic8", "", 16, 64},
    {"bnb-fp4:group=2,scale=dynamic8", "", 16, 600},
    {"int4:group=32,min", "", 33, 75},
    {"int3:group=300,min,scale=f32", "", 16, 700},
    {"int8:group=64,min,scale=bf16", "", 16, 40},
    {"int4:group=32,min", "int8:group=32", 33, 75},
    {"int2:group=64,min", "int8:tensor", 16, 130, -7},
    {"int8:group=32,min", "int8:token", 20, 70},
    {"int4:group=64,min", "int8:token", 48, 50},
    {"q4_0", "", 33, 96},
    {"q4_0", "int8:group=32", 48, 128},
    {"q4_0", "int8:tensor", 16, 32, -7},
    {"q4_1", "", 35, 96},
    {"q4_1", "", 16, 32},
    {"q4_1", "int8:group=32", 48, 128},
    {"q4_1", "int8:token", 33, 96},
    {"q4_1", "int8:tensor", 16, 32, 5},
    {"q5_0", "", 16, 64},
    {"q5_0", "int8:token", 33, 96},
    {"q5_1", "", 33, 64},
    {"q5_1", "int8:group=64", 16, 160},
    {"q8_0", "", 33, 96},
    {"q8_0", "int8:group=32", 48, 96},
    {"q8_0", "int8:tensor", 16, 64, 100},
    {"q2_k", "", 33, 512},
    {"q2_k", "int8:token", 35, 256},
    {"q2_k", "int8:group=32", 48, 512},
    {"q2_k", "int8:tensor", 16, 256, -128},
    {"q3_k", "", 33, 512},
    {"q3_k", "int8:token", 35, 256},
    {"q3_k", "int8:group=16", 48, 512},
    {"q4_k", "", 33, 512},
    {"q4_k", "int8:token", 35, 256},
    {"q4_k", "int8:group=32", 48, 512},
    {"q4_k", "int8:group=256", 16, 512},
    {"q4_k", "int8:tensor", 16, 256, 17},
    {"q5_k", "", 33, 512},
    {"q5_k", "int8:group=32", 48, 512},
    {"q6_k", "", 33, 512},
    {"q6_k", "int8:token", 35, 256},
    {"q6_k", "int8:group=64", 48, 512},
    {"iq4_nl", "", 33, 96},
    {"iq4_nl", "int8:group=32", 48, 128},
    {"iq4_nl", "int8:tensor", 16, 64, -7},
    {"iq4_xs", "", 33, 512},
    {"iq4_xs", "int8:token", 35, 256},
    {"iq4_xs", "int8:group=32", 48, 512},
    {"iq1_s", "", 33, 512},
    {"iq1_s", "int8:group=32", 48, 512},
    {"iq1_m", "", 35, 256},
    {"iq1_m", "int8:token", 16, 256},
    {"iq2_xxs", "", 33, 512},
    {"iq2_xxs", "int8:group=64", 33, 512},
    {"iq2_xs", "", 16, 256},
    {"iq2_xs", "int8:group=32", 48, 512},
    {"iq2_s", "", 33, 256},
    {"iq2_s", "int8:tensor", 48, 256, 5},
    {"iq3_xxs", "", 33, 512},
    {"iq3_xxs", "int8:group=32", 48, 512},
    {"iq3_s", "", 33, 512},
    {"iq3_s", "int8:token", 35, 256},
    {"tq1_0", "", 33, 512},
    {"tq2_0", "int8:token", 48, 256},
    {"tq2_0", "int8:group=32", 33, 512},
};

INSTANTIATE_TEST_SUITE_P(Formats, GemmTest, testing::ValuesIn(problems));

/// Every weight with every kind of activation and with floats, with and without
/// zero points and groups, on tails of outputs and of k (or of a group).
std::vector<Problem> getProducts() {
  std::vector<Problem> result;
  for (std::string integer :
       {"int2", "int3", "int4", "int5", "int6", "int7", "int8"})
    for (auto [rest, activation, outputs, columns, zero] :
         {std::tuple(":channel", "int8:token", 35, 71, 0),
          std::tuple(":channel,zero-point", "int8:tensor", 50, 37, -9),
          std::tuple(":group=32", "int8:group=32", 19, 70, 0),
          std::tuple(":group=64,zero-point", "int8:token", 35, 101, 0),
          std::tuple(":group=32,zero-point", "", 35, 71, 0)})
      result.push_back({integer + rest, activation, outputs, columns, zero});
  for (std::string element :
       {"nf4", "f8e4m3", "f8e5m2", "codebook2", "codebook3", "codebook4",
        "additive2", "additive3"})
    for (const char *rest : {":channel", ":group=32"})
      result.push_back({element + rest, "", 35, 71});
  for (std::string integer : {"int3", "int4", "int8"})
    for (auto [rest, activation, outputs, columns, zero] :
         {std::tuple(":channel", "int8:token", 35, 71, 0),
          std::tuple(":tensor", "int8:tensor", 48, 66, -9),
          std::tuple(":group=32", "int8:group=32", 19, 70, 0),
          std::tuple(":group=64", "int8:token", 35, 130, 0),
          std::tuple(":channel", "", 48, 300, 0),
          std::tuple(":group=12", "", 17, 45, 0)})
      for (std::string kept : {"2:4", "50%", "85%"})
        if (kept == "2:4" || integer != "int3")
          result.push_back({integer + rest + ",sparse=" + kept, activation,
                            outputs, columns, zero});
  return result;
}

INSTANTIATE_TEST_SUITE_P(Products, GemmTest, testing::ValuesIn(getProducts()));

} // namespace
