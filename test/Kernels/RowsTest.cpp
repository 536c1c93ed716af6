//===- RowsTest.cpp - row kernels against their formulas --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "KernelTest.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/PanelRows.h"
#include "squint/Kernels/Work.h"
#include "squint/Numerics/Activations.h"
#include "squint/Numerics/DynamicScale.h"
#include "squint/Numerics/Hadamard.h"
#include "squint/Numerics/Packed.h"
#include "squint/Runtime/Abi.h"
#include <cmath>
#include <limits>

using namespace squint;
using namespace squint::test;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

class RowsTest : public KernelTest {};

/// 16 lanes and the tree.
float reduce(int64_t count, llvm::function_ref<float(int64_t, float)> step) {
  float lanes[16] = {};
  for (int64_t k = 0; k < count; ++k)
    lanes[k % 16] = step(k, lanes[k % 16]);
  for (int half = 8; half >= 1; half /= 2)
    for (int i = 0; i < half; ++i)
      lanes[i] += lanes[i + half];
  return lanes[0];
}

TEST_F(RowsTest, Norm) {
  constexpr int64_t rows = 5;
  for (bool centered : {true, false})
    for (int64_t columns : {384, 37, 7}) {
      Buffer<float> x(rows * columns), scale(columns), bias(columns),
          y(rows * columns);
      fill(x), fill(scale), fill(bias);
      std::vector<float> expected(y.count);
      for (int64_t m = 0; m < rows; ++m) {
        const float *row = x.data + m * columns;
        float n = columns;
        float mean =
            centered ? reduce(columns,
                              [&](int64_t k, float s) { return s + row[k]; }) /
                           n
                     : 0.0f;
        float variance =
            reduce(columns,
                   [&](int64_t k, float s) {
                     return std::fma(row[k] - mean, row[k] - mean, s);
                   }) /
            n;
        float inverse = 1.0f / std::sqrt(variance + 1e-5f);
        for (int64_t k = 0; k < columns; ++k) {
          float value = (row[k] - mean) * inverse;
          expected[m * columns + k] =
              centered ? std::fma(value, scale[k], bias[k]) : value * scale[k];
        }
      }
      std::string matrix = "memref<?x" + str(columns) + "xf32>",
                  vector = "memref<" + str(columns) + "xf32>";
      forTargets(
          "%x: " + matrix + ", %s: " + vector + ", %b: " + vector +
              ", %y: " + matrix,
          centered ? "kernel.norm ins(%x, %s, %b : " + matrix + ", " + vector +
                         ", " + vector + ") outs(%y : " + matrix +
                         ") {centered, epsilon = 1.0e-5 : f64}"
                   : "kernel.norm ins(%x, %s : " + matrix + ", " + vector +
                         ") outs(%y : " + matrix + ") {epsilon = 1.0e-5 : f64}",
          "", [&](KernelJit &jit, const TestTarget &) {
            auto *f = jit.lookup<void(MemRef<2> *, MemRef<1> *, MemRef<1> *,
                                      MemRef<2> *, int64_t, int64_t)>("f");
            MemRef<2> in(x.data, {rows, columns}), out(y.data, {rows, columns});
            MemRef<1> s(scale.data, {columns}), b(bias.data, {columns});
            f(&in, &s, &b, &out, 0, rows);
            expectSame(expected.data(), y.data, y.count, "norm");
          });
    }
}

/// The codes, scales and sums of kernel.quantize_rows after kernel.norm, with
/// and without the rows themselves.
TEST_F(RowsTest, QuantizedNorm) {
  constexpr int64_t rows = 6;
  struct Case {
    const char *format, *attributes;
    int64_t columns, scales, sums;
  } cases[] = {
      {"int8:token,scale=f32", "", 384, 1, 1},
      {"int8:token,scale=f16", "", 37, 1, 1},
      {"int8:group=32,scale=f32", ", sum_group = 16 : i64", 100, 4, 7},
      {"int8:tensor,scale=f32",
       ", SCALE = 0.05 : f32, ZERO = -9 : i32, sum_group = 64 : i64", 70, 0, 2},
  };
  for (const Case &c : cases) {
    Buffer<float> x(rows * c.columns), gain(c.columns), bias(c.columns),
        y(rows * c.columns), z(rows * c.columns);
    fill(x, -3, 5), fill(gain), fill(bias);
    for (int64_t k = 0; k < c.columns; ++k)
      x[2 * c.columns + k] = 0.25f; // no deviation
    x[3 * c.columns + 5] = kNan;
    Buffer<int8_t> codes(2 * rows * c.columns);
    Buffer<float> scales(2 * rows * std::max<int64_t>(c.scales, 1));
    Buffer<int32_t> sums(2 * rows * c.sums);
    auto matrix = [](int64_t columns, const char *element) {
      return "memref<?x" + str(columns) + "x" + element + ">";
    };
    std::string floats = matrix(c.columns, "f32"),
                vector = "memref<" + str(c.columns) + "xf32>",
                outs = "%q, " + std::string(c.scales ? "%s, " : "") + "%t",
                types = matrix(c.columns, "i8") + ", " +
                        (c.scales ? matrix(c.scales, "f32") + ", " : "") +
                        matrix(c.sums, "i32");
    auto attributes = [&](std::string prefix, const char *format) {
      std::string text = std::string(format) + " = #squint.format<\"" +
                         c.format + "\">" + c.attributes;
      for (auto [name, attribute] :
           {std::pair("SCALE", "scale"), std::pair("ZERO", "zero_point")})
        if (size_t at = text.find(name); at != std::string::npos)
          text.replace(at, strlen(name), prefix + attribute);
      return text;
    };
    std::string norm = "kernel.norm ins(%x, %g, %b : " + floats + ", " +
                       vector + ", " + vector + ") outs(",
                centered = "centered, epsilon = 1.0e-5 : f64";
    std::string bodies[] = {
        norm + "%y : " + floats + ") {" + centered + "}",
        norm + outs + " : " + types + ") {" + centered + ", " +
            attributes("activation_", "activation_format") + "}",
        norm + outs + ", %y : " + types + ", " + floats + ") {" + centered +
            ", " + attributes("activation_", "activation_format") + "}"};
    std::string quantize = "kernel.quantize_rows ins(%y : " + floats +
                           ") outs(" + outs + " : " + types + ") {" +
                           attributes("", "format") + "}";
    std::string arguments =
        "%x: " + floats + ", %g: " + vector + ", %b: " + vector +
        ", %y: " + floats + ", %q: " + matrix(c.columns, "i8") +
        ", %s: " + matrix(std::max<int64_t>(c.scales, 1), "f32") +
        ", %t: " + matrix(c.sums, "i32");
    auto run = [&](KernelJit &jit, bool second, float *out) {
      auto *f = jit.lookup<void(MemRef<2> *, MemRef<1> *, MemRef<1> *,
                                MemRef<2> *, MemRef<2> *, MemRef<2> *,
                                MemRef<2> *, int64_t, int64_t)>("f");
      int64_t n = std::max<int64_t>(c.scales, 1);
      MemRef<2> in(x.data, {rows, c.columns}), to(out, {rows, c.columns}),
          q(codes.data + second * rows * c.columns, {rows, c.columns}),
          s(scales.data + second * rows * n, {rows, n}),
          t(sums.data + second * rows * c.sums, {rows, c.sums});
      MemRef<1> g(gain.data, {c.columns}), b(bias.data, {c.columns});
      f(&in, &g, &b, &to, &q, &s, &t, 0, rows);
    };
    // One after the other, then at once.
    forTargets(
        arguments, bodies[0], "",
        [&](KernelJit &jit, const TestTarget &) { run(jit, 0, y.data); });
    forTargets(
        arguments, quantize, "",
        [&](KernelJit &jit, const TestTarget &) { run(jit, 0, y.data); });
    for (const std::string &body : {bodies[1], bodies[2]})
      forTargets(arguments, body, "", [&](KernelJit &jit, const TestTarget &) {
        run(jit, 1, z.data);
        expectSame(codes.data, codes.data + rows * c.columns, rows * c.columns,
                   "codes");
        expectSame(scales.data, scales.data + rows * c.scales, rows * c.scales,
                   "scales");
        expectSame(sums.data, sums.data + rows * c.sums, rows * c.sums, "sums");
        if (body == bodies[2])
          expectSame(y.data, z.data, z.count, "rows");
      });
  }
}

TEST_F(RowsTest, Softmax) {
  constexpr int64_t rows = 4;
  for (int64_t columns : {128, 33, 3}) {
    Buffer<float> x(rows * columns), y(rows * columns);
    fill(x, -20, 20);
    x[1] = -kInfinity;
    std::vector<float> first;
    forTargets(
        "%x: memref<?x?xf32>, %y: memref<?x?xf32>",
        "kernel.softmax ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>)",
        "", [&](KernelJit &jit, const TestTarget &) {
          auto *f =
              jit.lookup<void(MemRef<2> *, MemRef<2> *, int64_t, int64_t)>("f");
          MemRef<2> in(x.data, {rows, columns}), out(y.data, {rows, columns});
          f(&in, &out, 0, rows);
          for (int64_t m = 0; m < rows; ++m) {
            double sum = 0, highest = -INFINITY;
            for (int64_t k = 0; k < columns; ++k)
              highest = std::max<double>(highest, x[m * columns + k]);
            for (int64_t k = 0; k < columns; ++k)
              sum += std::exp(x[m * columns + k] - highest);
            for (int64_t k = 0; k < columns; ++k)
              EXPECT_NEAR(y[m * columns + k],
                          std::exp(x[m * columns + k] - highest) / sum, 1e-6);
          }
          if (first.empty())
            first.assign(y.data, y.data + y.count);
          expectSame(first.data(), y.data, y.count, "softmax");
        });
  }
}

TEST_F(RowsTest, QuantizeRows) {
  constexpr int64_t rows = 9;
  struct Case {
    const char *format;
    int64_t columns, sumGroup; // -1: symbolic columns
  };
  for (Case c :
       {Case{"int8:token", 384, 0}, Case{"int8:token", 75, 32},
        Case{"int8:group=32", 128, 32}, Case{"int8:group=64", 150, 32},
        Case{"int8:group=24,scale=f32", 60, 24},
        Case{"int8:group=32,scale=bf16", 96, 32},
        Case{"int8:token,scale=f16", 33, 0},
        Case{"int8:token,scale=bf16", 48, 16}, Case{"int8:token", 29, -1},
        Case{"int4:token", 75, 32}, Case{"int4:group=32,clip=0.9", 96, 32},
        Case{"int5:token,clip=0.85,scale=f16", 33, 0},
        Case{"int8:tensor", 50, 0}, Case{"int8:tensor", 70, 32}}) {
    auto format =
        llvm::cantFail(Format::parse(c.format, FormatRole::Activation));
    bool isStatic = format.granularity == Granularity::Tensor;
    int64_t columns = c.columns,
            group = format.granularity == Granularity::Group ? format.groupSize
                                                             : columns;
    int64_t groups = llvm::divideCeil(columns, group),
            part = c.sumGroup > 0 ? c.sumGroup : columns;
    int64_t parts = llvm::divideCeil(columns, part);
    Buffer<float> x(rows * columns), scales(rows * groups);
    Buffer<int8_t> codes(rows * columns);
    SCOPED_TRACE(c.format);
    Buffer<int32_t> sums(rows * parts);
    fill(x);
    x[2 * columns + 1] = kNan;
    x[3 * columns + 2] = kInfinity;
    for (int64_t k = 0; k < columns; ++k)
      x[4 * columns + k] = 0.0f;
    // Scales that are subnormal, zero and infinite in f16.
    for (int64_t k = 0; k < columns; ++k) {
      x[5 * columns + k] *= 1e-4f;
      x[6 * columns + k] *= 1e-7f;
      x[7 * columns + k] *= 1e8f;
    }
    std::vector<int8_t> expected(rows * columns);
    std::vector<float> expectedScales(rows * groups);
    std::vector<int32_t> expectedSums(rows * parts);
    StaticGrid grid{0.01171875f, -7};
    for (int64_t m = 0; m < rows; ++m) {
      for (int64_t start = 0; start < columns; start += group) {
        llvm::ArrayRef<float> values(x.data + m * columns + start,
                                     std::min(group, columns - start));
        if (isStatic)
          quantizeStatic(values, grid, expected.data() + m * columns + start);
        else
          expectedScales[m * groups + start / group] = quantizeDynamic(
              values, format, expected.data() + m * columns + start);
      }
      for (int64_t k = 0; k < columns; ++k)
        expectedSums[m * parts + k / part] += expected[m * columns + k];
    }
    std::string width = c.sumGroup < 0 ? "?" : str(columns);
    std::string in = "memref<?x" + width + "xf32>",
                q = "memref<?x" + width + "xi8>";
    std::string s = "memref<?x" + str(groups) + "xf32>",
                z = "memref<?x" + str(parts) + "xi32>";
    std::string body =
        "kernel.quantize_rows ins(%x : " + in + ") outs(" +
        (isStatic ? "%q, %z : " + q + ", " + z
                  : "%q, %s, %z : " + q + ", " + s + ", " + z) +
        ") {format = #squint.format<\"" + format.str() +
        "\">, sum_group = " + str(std::max<int64_t>(c.sumGroup, 0)) + " : i64" +
        (isStatic ? ", scale = 0.01171875 : f32, zero_point = -7 : i32}" : "}");
    forTargets("%x: " + in + ", %q: " + q + ", %s: " + s + ", %z: " + z, body,
               "", [&](KernelJit &jit, const TestTarget &) {
                 auto *f =
                     jit.lookup<void(MemRef<2> *, MemRef<2> *, MemRef<2> *,
                                     MemRef<2> *, int64_t, int64_t)>("f");
                 MemRef<2> a(x.data, {rows, columns}),
                     b(codes.data, {rows, columns}),
                     d(scales.data, {rows, groups});
                 MemRef<2> e(sums.data, {rows, parts});
                 f(&a, &b, &d, &e, 0, rows);
                 SCOPED_TRACE(c.format);
                 expectSame(expected.data(), codes.data, codes.count, "code");
                 expectSame(expectedSums.data(), sums.data, sums.count, "sum");
                 for (int64_t i = 0; !isStatic && i < scales.count; ++i)
                   if (!std::isnan(expectedScales[i]))
                     EXPECT_EQ(expectedScales[i], scales[i]);
                   else
                     EXPECT_TRUE(std::isnan(scales[i]));
               });
  }
}

// Blocks within a vector, of many vectors, with and without signs, and tails;
// floats, codes, or both.
TEST_F(RowsTest, Hadamard) {
  constexpr int64_t rows = 3;
  struct Case {
    int64_t size, blocks;
  };
  for (Case c : {Case{1, 5}, Case{2, 9}, Case{8, 8}, Case{16, 1}, Case{64, 3},
                 Case{2048, 1}, Case{12, 3}, Case{20, 1}, Case{24, 3},
                 Case{576, 2}, Case{1536, 1}, Case{112, 2}})
    for (int outputs : {0, 1, 2}) {
      int64_t columns = c.size * c.blocks, order = getHadamardOrder(c.size);
      std::vector<float> signs = getHadamardSigns(order);
      Buffer<float> x(rows * columns), h(order * order), y(rows * columns),
          scales(rows);
      Buffer<int8_t> codes(rows * columns);
      Buffer<int32_t> sums(rows);
      fill(x);
      std::copy(signs.begin(), signs.end(), h.data);
      std::vector<float> expected(x.data, x.data + x.count);
      for (int64_t i = 0; i < x.count; i += c.size)
        rotate(llvm::MutableArrayRef(expected).slice(i, c.size), signs);
      Format format = llvm::cantFail(
          Format::parse("int4:token,clip=0.9", FormatRole::Activation));
      std::vector<int8_t> expectedCodes(x.count);
      std::vector<float> expectedScales;
      for (int64_t m = 0; m < rows; ++m)
        expectedScales.push_back(quantizeDynamic(
            llvm::ArrayRef(expected).slice(m * columns, columns), format,
            expectedCodes.data() + m * columns));

      std::string matrix = "memref<?x" + str(columns) + "xf32>",
                  table = "memref<" + str(order) + "x" + str(order) + "xf32>",
                  byte = "memref<?x" + str(columns) + "xi8>";
      std::string body = "kernel.hadamard ins(%x" +
                         std::string(order > 1 ? ", %h" : "") + " : " + matrix +
                         (order > 1 ? ", " + table : "") + ") outs(";
      std::string parts = " : " + byte + ", memref<?x1xf32>, memref<?x1xi32>";
      body += outputs == 0   ? "%y : " + matrix
              : outputs == 1 ? "%q, %s, %z" + parts
                             : "%q, %s, %z, %y" + parts + ", " + matrix;
      body += ") size = " + str(c.size);
      if (outputs)
        body +=
            " {activation_format = #squint.format<\"" + format.str() + "\">}";
      forTargets(
          "%x: " + matrix + ", %h: " + table + ", %y: " + matrix +
              ", %q: " + byte + ", %s: memref<?x1xf32>, %z: memref<?x1xi32>",
          body, "", [&](KernelJit &jit, const TestTarget &) {
            auto *f = jit.lookup<void(MemRef<2> *, MemRef<2> *, MemRef<2> *,
                                      MemRef<2> *, MemRef<2> *, MemRef<2> *,
                                      int64_t, int64_t)>("f");
            MemRef<2> a(x.data, {rows, columns}), b(h.data, {order, order}),
                d(y.data, {rows, columns}), e(codes.data, {rows, columns}),
                g(scales.data, {rows, 1}), i(sums.data, {rows, 1});
            f(&a, &b, &d, &e, &g, &i, 0, rows);
            SCOPED_TRACE(str(c.size) + " x " + str(c.blocks));
            if (outputs != 1)
              expectSame(expected.data(), y.data, y.count, "element");
            if (!outputs)
              return;
            expectSame(expectedCodes.data(), codes.data, codes.count, "code");
            expectSame(expectedScales.data(), scales.data, rows, "scale");
            for (int64_t m = 0; m < rows; ++m) {
              int32_t sum = 0;
              for (int64_t k = 0; k < columns; ++k)
                sum += expectedCodes[m * columns + k];
              EXPECT_EQ(sum, sums[m]);
            }
          });
    }
}

TEST_F(RowsTest, GatherRows) {
  constexpr int64_t rows = 9, columns = 37, count = 6;
  Buffer<float> table(rows * columns), y(count * columns);
  fill(table);
  Buffer<int64_t> ids(count);
  int64_t chosen[] = {0, 8, -1, -9, 3, 3};
  std::string in = "memref<9x37xf32>", out = "memref<?x37xf32>";
  forTargets(
      "%t: " + in + ", %i: memref<?xi64>, %y: " + out,
      "kernel.gather_rows ins(%t, %i : " + in + ", memref<?xi64>) outs(%y : " +
          out + ")\n%ok = arith.constant 0 : i32",
      "return %ok : i32", [&](KernelJit &jit, const TestTarget &) {
        auto *f = jit.lookup<int32_t(MemRef<2> *, MemRef<1> *, MemRef<2> *,
                                     int64_t, int64_t)>("f");
        MemRef<2> t(table.data, {rows, columns}), o(y.data, {count, columns});
        MemRef<1> i(ids.data, {count});
        std::copy_n(chosen, count, ids.data);
        EXPECT_EQ(f(&t, &i, &o, 0, count), SQUINT_OK);
        for (int64_t r = 0; r < count; ++r)
          expectSame(table.data + (chosen[r] + rows) % rows * columns,
                     y.data + r * columns, columns, "row");
        for (int64_t wrong :
             {rows, -rows - 1, std::numeric_limits<int64_t>::min()}) {
          ids[2] = wrong;
          EXPECT_EQ(f(&t, &i, &o, 0, count), SQUINT_INDEX_OUT_OF_RANGE);
          EXPECT_EQ(f(&t, &i, &o, 3, count), SQUINT_OK);
        }
      });
}

TEST_F(RowsTest, GatherAndDequantizePacked) {
  constexpr int64_t rows = 7, count = 4;
  for (std::pair<const char *, int64_t> item :
       {std::pair<const char *, int64_t>{"int8:channel", 50},
        {"int4:group=32", 100},
        {"int4:group=32,zero-point", 45},
        {"int8:tensor", 33},
        {"f16", 21},
        {"bf16", 40},
        {"int4:channel", 31},
        {"int8:group=16,zero-point,scale=bf16", 40},
        {"mxfp6e2m3", 45},
        {"mxint8", 64},
        {"nf4:group=4,scale=dynamic8", 190},
        {"int8:channel,sparse=2:4", 71},
        {"int3:group=12,sparse=2:4", 50},
        {"int8:channel,sparse=50%", 71},
        {"int4:group=10,sparse=80%", 150},
        {"additive2", 71},
        {"additive3:group=12", 50},
        {"int4:group=32,min", 45},
        {"q4_0", 64},
        {"q4_1", 32},
        {"q5_0", 64},
        {"q5_1", 96},
        {"q8_0", 64},
        {"q2_k", 256},
        {"q3_k", 512},
        {"q4_k", 512},
        {"q5_k", 256},
        {"q6_k", 512},
        {"iq4_nl", 64},
        {"iq4_xs", 256},
        {"tq1_0", 512},
        {"tq2_0", 256}}) {
    const char *text = item.first;
    int64_t columns = item.second;
    Format format = llvm::cantFail(Format::parse(text, FormatRole::Weight));
    PlainLayout layout = PlainLayout::get(format, rows, columns);
    Buffer<char> payload(layout.totalBytes);
    for (int64_t i = 0; i < payload.count; ++i)
      payload[i] = random();
    if (format.blocks())
      fillBlocks(format, llvm::MutableArrayRef(payload.data, payload.count),
                 /*extreme=*/false, random);
    std::vector<uint32_t> codes(columns);
    for (int64_t row = 0; row < rows && format.sparse; ++row) {
      for (uint32_t &code : codes)
        code = random() & ((1u << format.bits()) - 1);
      // Of neighbours two are zero, and of the row what is not stored.
      for (int64_t k = 0; k < columns; ++k)
        if (k % 4 > 1 || k >= layout.stored)
          codes[k] = 0;
      packRow(format, codes.data(), columns,
              payload.data + row * layout.rowBytes);
    }
    if (format.scale == ScaleType::Dynamic8) {
      std::vector<float> scales(layout.scaleCount());
      for (float &scale : scales)
        scale = uniform(0.01f, 1);
      DynamicScale::store(scales, payload.data + layout.scalesOffset,
                          payload.data + layout.numbersOffset);
    }
    for (int64_t i = 0; i < format.tableNumbers(); ++i)
      storeScale(uniform(-1, 1), ScaleType::F16,
                 payload.data + layout.numbersOffset, i);
    for (int64_t i = 0; (format.hasFreeScales() || format.isAdditive()) &&
                        i < layout.scaleRows * layout.groups;
         ++i)
      storeScale(uniform(0.01f, 1), format.scale,
                 payload.data + layout.scalesOffset, i);
    for (int64_t i = 0; format.minimum && i < layout.scaleCount(); ++i)
      storeScale(uniform(-1, 1), ScaleType::F16,
                 payload.data + layout.zeroPointsOffset, i);
    if (!format.hasScale())
      for (int64_t i = 0; i < rows * columns; ++i)
        reinterpret_cast<uint16_t *>(payload.data)[i] =
            0x3800 + random() % 0x300;
    PackedView view(payload.data, format, rows, columns);
    std::vector<float> expected(rows * columns);
    view.dequantizeRows(0, rows, expected.data());
    std::string type =
        "!squint.packed<7x" + str(columns) + ", \"" + format.str() + "\">";
    std::string out = "memref<?x" + str(columns) + "xf32>";
    forTargets(
        "%w: memref<?xi8>, %y: " + out,
        "kernel.dequantize ins(%w : memref<?xi8>) outs(%y : " + out +
            ") {weight_type = " + type + "}",
        "", [&](KernelJit &jit, const TestTarget &) {
          SCOPED_TRACE(text);
          Buffer<float> y(rows * columns);
          auto *f =
              jit.lookup<void(MemRef<1> *, MemRef<2> *, int64_t, int64_t)>("f");
          MemRef<1> w(payload.data, {payload.count});
          MemRef<2> o(y.data, {rows, columns});
          f(&w, &o, 0, rows);
          expectSame(expected.data(), y.data, y.count, "value");
        });
    int32_t ids[] = {6, 0, -2, 3};
    forTargets(
        "%w: memref<?xi8>, %i: memref<?xi32>, %y: " + out,
        "kernel.gather_rows ins(%w, %i : memref<?xi8>, memref<?xi32>) outs(%y "
        ": " +
            out + ") {table_type = " + type + "}\n%ok = arith.constant 0 : i32",
        "return %ok : i32", [&](KernelJit &jit, const TestTarget &) {
          SCOPED_TRACE(text);
          Buffer<float> y(count * columns);
          auto *f = jit.lookup<int32_t(MemRef<1> *, MemRef<1> *, MemRef<2> *,
                                       int64_t, int64_t)>("f");
          MemRef<1> w(payload.data, {payload.count}), i(ids, {count});
          MemRef<2> o(y.data, {count, columns});
          EXPECT_EQ(f(&w, &i, &o, 0, count), SQUINT_OK);
          for (int64_t r = 0; r < count; ++r)
            expectSame(expected.data() + (ids[r] + rows) % rows * columns,
                       y.data + r * columns, columns, "row");
        });
  }
}

/// Rows out of the panels that products read have the bits of the plain table:
/// three panels, the last one not full.
TEST_F(RowsTest, GatherAndDequantizePanels) {
  constexpr int64_t rows = 37, count = 5;
  Buffer<int64_t> ids(count);
  int64_t chosen[] = {0, 36, -1, 15, 16};
  std::copy_n(chosen, count, ids.data);
  for (std::pair<const char *, int64_t> item :
       {std::pair<const char *, int64_t>{"int8:channel", 50},
        {"int8:tensor", 33},
        {"int8:channel,zero-point", 70},
        {"int8:group=16,zero-point,scale=bf16", 40},
        {"int7:group=24", 61},
        {"int6:channel", 109},
        {"int6:group=48,zero-point", 130},
        {"int5:group=7", 30},
        {"int5:channel", 3},
        {"int4:group=32", 100},
        {"int4:group=32,zero-point", 45},
        {"int4:channel", 31},
        {"int3:group=32", 77},
        {"int3:tensor,zero-point", 46},
        {"int2:group=64,zero-point", 130},
        {"int2:channel", 19},
        {"nf4:group=64,scale=f32", 150},
        {"nf4:channel", 58},
        {"f8e4m3", 37},
        {"f8e5m2:group=32", 70},
        {"mxfp4", 75},
        {"mxfp8", 40},
        {"nvfp4", 50},
        {"nvfp4", 12},
        {"f32", 21},
        {"f16", 40},
        {"bf16", 15},
        {"int4:group=32,min", 70},
        {"q4_0", 96},
        {"q4_1", 64},
        {"q5_0", 32},
        {"q5_1", 96},
        {"q8_0", 160},
        {"iq4_nl", 64},
        {"q2_k", 512},
        {"q3_k", 256},
        {"q4_k", 256},
        {"q5_k", 512},
        {"q6_k", 256},
        {"iq4_xs", 512},
        {"tq1_0", 256},
        {"tq2_0", 512},
        {"iq1_s", 256},
        {"iq1_m", 512},
        {"iq2_xxs", 512},
        {"iq2_xs", 256},
        {"iq2_s", 512},
        {"iq3_xxs", 256},
        {"iq3_s", 512}}) {
    SCOPED_TRACE(item.first);
    int64_t columns = item.second;
    Format format =
        llvm::cantFail(Format::parse(item.first, FormatRole::Weight));
    ASSERT_TRUE(kernel::hasPanelRows(format));
    PlainLayout plainLayout = PlainLayout::get(format, rows, columns);
    Buffer<char> plain(plainLayout.totalBytes);
    std::memset(plain.data, 0, plain.count);
    std::vector<uint32_t> codes(columns);
    std::vector<float> floats(columns);
    if (!kernel::hasPlainRows(format))
      fillBlocks(format, llvm::MutableArrayRef(plain.data, plain.count),
                 /*extreme=*/false, random);
    for (int64_t n = 0; n < rows && kernel::hasPlainRows(format); ++n) {
      if (format.blocks()) {
        for (float &x : floats)
          x = uniform(-1, 2);
        format.blocks()->quantize(floats.data(), /*importance=*/nullptr,
                                  columns,
                                  plain.data + n * plainLayout.rowBytes);
        continue;
      }
      for (uint32_t &code : codes)
        code = format.isInteger()
                   ? random() & ((1u << format.bits()) - 1)
                   : format.element->encode(format.hasScale()
                                                ? uniform(-1, 1) *
                                                      format.element->largest
                                                : uniform(-2, 2));
      packCodes(codes.data(), columns, format.bits(),
                plain.data + n * plainLayout.rowBytes);
    }
    for (int64_t i = 0; i < plainLayout.scaleCount(); ++i) {
      if (plainLayout.scalesBytes)
        storeScale(uniform(0.01f, 1), format.scale,
                   plain.data + plainLayout.scalesOffset, i);
      if (format.minimum)
        storeScale(uniform(0, 1), ScaleType::F16,
                   plain.data + plainLayout.zeroPointsOffset, i);
    }
    for (int64_t i = 0; format.zeroPoint && i < plainLayout.zeroPointsBytes;
         ++i)
      plain[plainLayout.zeroPointsOffset + i] =
          random() & ((1u << format.bits()) - 1);
    if (hasTensorScale(format))
      storeScale(0.37f, ScaleType::F32,
                 plain.data + getTensorScaleOffset(plainLayout), 0);
    std::vector<float> expected(rows * columns);
    PackedView(plain.data, format, rows, columns)
        .dequantizeRows(0, rows, expected.data());
    auto layout = kernel::PanelLayout::get(format, rows, columns);
    Buffer<char> panels(layout.totalBytes());
    layout.pack(plain.data, panels.data, 0, layout.panels);
    std::string type = "!squint.packed<37x" + str(columns) + ", \"" +
                       format.str() + "\", #kernel.panels<16>>",
                out = "memref<?x" + str(columns) + "xf32>",
                begin = "(%w: memref<?xi8>, %i: memref<?xi64>, %y: " + out +
                        ", %begin: index, %end: index) -> i32 attributes "
                        "{kernel.body, llvm.emit_c_interface} {\n"
                        "%ok = arith.constant 0 : i32\n",
                end = "return %ok : i32\n}\n";
    forTargets(
        "func.func @dequantize" + begin +
            "kernel.dequantize ins(%w : memref<?xi8>) outs(%y : " + out +
            ") {weight_type = " + type + "}\n" + end + "func.func @gather" +
            begin +
            "kernel.gather_rows ins(%w, %i : memref<?xi8>, memref<?xi64>) "
            "outs(%y : " +
            out + ") {table_type = " + type + "}\n" + end,
        [&](KernelJit &jit, const TestTarget &) {
          Buffer<float> y(rows * columns);
          MemRef<1> w(panels.data, {panels.count}), i(ids.data, {count});
          MemRef<2> all(y.data, {rows, columns}),
              some(y.data, {count, columns});
          auto lookup = [&](const char *name) {
            return jit.lookup<int32_t(MemRef<1> *, MemRef<1> *, MemRef<2> *,
                                      int64_t, int64_t)>(name);
          };
          EXPECT_EQ(lookup("dequantize")(&w, &i, &all, 0, rows), SQUINT_OK);
          expectSame(expected.data(), y.data, rows * columns, "value");
          std::memset(y.data, 0, y.count * sizeof(float));
          EXPECT_EQ(lookup("gather")(&w, &i, &some, 0, count), SQUINT_OK);
          for (int64_t r = 0; r < count; ++r)
            expectSame(expected.data() + (ids[r] + rows) % rows * columns,
                       y.data + r * columns, columns, "row");
        });
  }
  for (const char *text : {"nf4:group=64,scale=dynamic8", "codebook2",
                           "int8,sparse=2:4", "int4,sparse=50%", "additive2",
                           "int3:group=16,outliers=9,scale=bilevel3"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(kernel::hasPanelRows(
        llvm::cantFail(Format::parse(text, FormatRole::Weight))));
  }
}

TEST_F(RowsTest, BatchMatmul) {
  constexpr int64_t batch = 3;
  struct Case {
    int64_t rows, depth, columns;
  };
  for (Case c :
       {Case{33, 32, 128}, Case{1, 20, 50}, Case{17, 9, 7}, Case{16, 64, 48}}) {
    Buffer<float> x(batch * c.rows * c.depth), w(batch * c.depth * c.columns),
        y(batch * c.rows * c.columns);
    fill(x), fill(w);
    std::vector<float> expected(y.count);
    for (int64_t i = 0; i < batch; ++i)
      for (int64_t m = 0; m < c.rows; ++m)
        for (int64_t n = 0; n < c.columns; ++n) {
          float sum = 0.5f;
          for (int64_t k = 0; k < c.depth; ++k)
            sum = std::fma(x[(i * c.rows + m) * c.depth + k],
                           w[(i * c.depth + k) * c.columns + n], sum);
          expected[(i * c.rows + m) * c.columns + n] = sum;
        }
    for (std::string type : {std::string("memref<?x?x?xf32>"), std::string()}) {
      std::string a = type, b = type, d = type;
      if (type.empty()) {
        a = "memref<3x" + str(c.rows) + "x" + str(c.depth) + "xf32>";
        b = "memref<3x" + str(c.depth) + "x" + str(c.columns) + "xf32>";
        d = "memref<3x" + str(c.rows) + "x" + str(c.columns) + "xf32>";
      }
      forTargets("%x: " + a + ", %w: " + b + ", %y: " + d,
                 "linalg.batch_matmul ins(%x, %w : " + a + ", " + b +
                     ") outs(%y : " + d + ")",
                 "", [&](KernelJit &jit, const TestTarget &) {
                   auto *f =
                       jit.lookup<void(MemRef<3> *, MemRef<3> *, MemRef<3> *,
                                       int64_t, int64_t)>("f");
                   for (int64_t i = 0; i < y.count; ++i)
                     y[i] = 0.5f;
                   MemRef<3> xs(x.data, {batch, c.rows, c.depth}),
                       ws(w.data, {batch, c.depth, c.columns});
                   MemRef<3> ys(y.data, {batch, c.rows, c.columns});
                   f(&xs, &ws, &ys, 0,
                     batch * llvm::divideCeil(c.rows, kernel::kUnitMatmulRows));
                   expectSame(expected.data(), y.data, y.count, "product");
                 });
    }
  }
}

} // namespace
