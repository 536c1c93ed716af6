//===- ConvTest.cpp - convolutions against their formulas -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "KernelTest.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/Work.h"
#include "squint/Numerics/Packed.h"
#include <cmath>

using namespace squint;
using namespace squint::test;

namespace {

struct Convolution {
  int64_t height, width, channels;
  int64_t kernel[2], strides[2], dilations[2], pads[4];

  int64_t out(int i) const {
    return ((i ? width : height) + pads[i] + pads[i + 2] -
            dilations[i] * (kernel[i] - 1) - 1) /
               strides[i] +
           1;
  }
  int64_t columns() const { return kernel[0] * kernel[1] * channels; }
  /// Where pixel `m` of all images reads position (i, j) of its window; nothing
  /// outside of the image.
  std::optional<int64_t> at(int64_t m, int64_t i, int64_t j) const {
    int64_t image = m / (out(0) * out(1)), pixel = m % (out(0) * out(1));
    int64_t h = pixel / out(1) * strides[0] - pads[0] + i * dilations[0];
    int64_t w = pixel % out(1) * strides[1] - pads[1] + j * dilations[1];
    if (h < 0 || h >= height || w < 0 || w >= width)
      return std::nullopt;
    return ((image * height + h) * width + w) * channels;
  }
  std::string window(int64_t padding) const {
    auto list = [](llvm::ArrayRef<int64_t> values) {
      std::string text = "[";
      for (auto [i, value] : llvm::enumerate(values))
        text += (i ? ", " : "") + str(value);
      return text + "]";
    };
    return "#kernel.window<kernel = " + list(kernel) +
           ", strides = " + list(strides) + ", dilations = " + list(dilations) +
           ", pads = " + list(pads) + ", out = " + list({out(0), out(1)}) +
           ", pad_value = " + str(padding) + ">";
  }
  std::string image(const char *element) const {
    return "memref<?x" + str(height) + "x" + str(width) + "x" + str(channels) +
           "x" + element + ">";
  }
};

constexpr Convolution convolutions[] = {
    {8, 8, 16, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {9, 7, 3, {3, 3}, {2, 2}, {1, 1}, {0, 1, 1, 0}},
    {10, 10, 5, {3, 2}, {1, 2}, {2, 3}, {2, 3, 2, 3}},
    {1, 20, 4, {1, 5}, {1, 3}, {1, 1}, {0, 0, 0, 0}},
    {2, 2, 8, {5, 5}, {1, 1}, {1, 1}, {2, 2, 2, 2}},
    {6, 7, 36, {1, 1}, {2, 1}, {1, 1}, {0, 0, 0, 0}},
    // Lines of the image: with gaps, strides, one side of padding, parts.
    {5, 70, 16, {3, 3}, {1, 1}, {2, 1}, {1, 1, 1, 1}},
    {9, 40, 32, {3, 4}, {2, 3}, {1, 2}, {2, 3, 0, 0}},
    {4, 9, 48, {2, 1}, {1, 1}, {1, 1}, {0, 0, 1, 3}},
    // More than the scratch memory holds the patches of at once.
    {4, 4, 600, {3, 3}, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    // Pixels that are far apart.
    {3, 1260, 75, {3, 3}, {1, 20}, {1, 1}, {1, 1, 1, 1}},
    {2, 700, 20, {2, 2}, {1, 1}, {1, 600}, {0, 1, 0, 1}},
};
constexpr int64_t images = 2, outputs = 37;

class ConvTest : public KernelTest,
                 public testing::WithParamInterface<Convolution> {
protected:
  /// The codes of a plain payload, packed for the kernel.
  template <typename T>
  void pack(const Format &format, Buffer<T> &plain, int64_t columns) {
    auto layout = kernel::PanelLayout::get(format, outputs, columns);
    storage.reset(new Buffer<char>(layout.totalBytes()));
    layout.pack(reinterpret_cast<const char *>(plain.data), storage->data, 0,
                layout.panels);
  }
  int64_t units(int64_t rows) {
    int64_t groups =
        llvm::divideCeil(llvm::divideCeil(outputs, kernel::PanelLayout::width),
                         kernel::kUnitPanels);
    return kernel::getGemmRowBlocks(rows, groups) * groups;
  }
  std::unique_ptr<Buffer<char>> storage;
};

TEST_P(ConvTest, FloatPatches) {
  const Convolution &c = GetParam();
  int64_t rows = images * c.out(0) * c.out(1), columns = c.columns();
  Buffer<float> x(images * c.height * c.width * c.channels),
      w(outputs * columns), y(rows * outputs);
  fill(x), fill(w);
  std::vector<float> expected(y.count);
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t n = 0; n < outputs; ++n) {
      float sum = 0;
      for (int64_t k = 0; k < columns; ++k) {
        int64_t tap = k / c.channels;
        auto at = c.at(m, tap / c.kernel[1], tap % c.kernel[1]);
        sum = std::fma(at ? x[*at + k % c.channels] : 0.0f, w[n * columns + k],
                       sum);
      }
      expected[m * outputs + n] = sum;
    }
  pack(llvm::cantFail(Format::parse("f32", FormatRole::Weight)), w, columns);
  std::string out = "memref<?x" + str(outputs) + "xf32>";
  forTargets("%x: " + c.image("f32") + ", %w: memref<?xi8>, %y: " + out,
             "kernel.gemm ins(%x : " + c.image("f32") +
                 ") weights(%w : memref<?xi8>) outs(%y : " + out +
                 ") attributes {weight_type = !squint.packed<" + str(outputs) +
                 "x" + str(columns) +
                 ", \"f32\", #kernel.panels<16>>, window = " + c.window(0) +
                 "} {\n^bb0(%acc: f32):\n  kernel.yield %acc : f32\n}",
             "", [&](KernelJit &jit, const TestTarget &) {
               auto *f = jit.lookup<void(MemRef<4> *, MemRef<1> *, MemRef<2> *,
                                         int64_t, int64_t)>("f");
               MemRef<4> a(x.data, {images, c.height, c.width, c.channels});
               MemRef<1> b(storage->data, {storage->count});
               MemRef<2> d(y.data, {rows, outputs});
               f(&a, &b, &d, 0, units(rows));
               expectSame(expected.data(), y.data, y.count, "output");
             });
}

TEST_P(ConvTest, CodePatches) {
  constexpr int32_t zero = -3;
  const Convolution &c = GetParam();
  int64_t rows = images * c.out(0) * c.out(1), columns = c.columns();
  Format format =
      llvm::cantFail(Format::parse("int8:channel", FormatRole::Weight));
  PlainLayout plain = PlainLayout::get(format, outputs, columns);
  Buffer<int8_t> x(images * c.height * c.width * c.channels),
      w(plain.totalBytes);
  Buffer<float> y(rows * outputs);
  for (int64_t i = 0; i < x.count; ++i)
    x[i] = random();
  std::vector<uint32_t> codes(columns);
  for (int64_t n = 0; n < outputs; ++n) {
    for (uint32_t &code : codes)
      code = static_cast<uint8_t>(static_cast<int>(random() % 255) - 127);
    packCodes(codes.data(), columns, 8,
              reinterpret_cast<char *>(w.data) + n * plain.rowBytes);
    storeScale(0.25f, format.scale,
               reinterpret_cast<char *>(w.data) + plain.scalesOffset, n);
  }
  PackedView view(reinterpret_cast<char *>(w.data), format, outputs, columns);
  std::vector<float> expected(y.count);
  for (int64_t m = 0; m < rows; ++m)
    for (int64_t n = 0; n < outputs; ++n) {
      int32_t sum = 0;
      for (int64_t k = 0; k < columns; ++k) {
        int64_t tap = k / c.channels;
        if (auto at = c.at(m, tap / c.kernel[1], tap % c.kernel[1]))
          sum += (x[*at + k % c.channels] - zero) * view.code(n, k);
      }
      expected[m * outputs + n] = static_cast<float>(sum) * 0.5f * 0.25f;
    }
  pack(format, w, columns);
  std::string out = "memref<?x" + str(outputs) + "xf32>";
  forTargets("%x: " + c.image("i8") + ", %w: memref<?xi8>, %y: " + out,
             "kernel.gemm ins(%x : " + c.image("i8") +
                 ") weights(%w : memref<?xi8>) outs(%y : " + out +
                 ") attributes {weight_type = !squint.packed<" + str(outputs) +
                 "x" + str(columns) + ", \"" + format.str() +
                 "\", #kernel.panels<16>>, activation_format = "
                 "#squint.format<\"int8:tensor,scale=f32\">, "
                 "activation_scale = 0.5 : f32, activation_zero_point = " +
                 str(zero) + " : i32, window = " + c.window(zero) +
                 "} {\n^bb0(%acc: f32):\n  kernel.yield %acc : f32\n}",
             "", [&](KernelJit &jit, const TestTarget &) {
               auto *f = jit.lookup<void(MemRef<4> *, MemRef<1> *, MemRef<2> *,
                                         int64_t, int64_t)>("f");
               MemRef<4> a(x.data, {images, c.height, c.width, c.channels});
               MemRef<1> b(storage->data, {storage->count});
               MemRef<2> d(y.data, {rows, outputs});
               f(&a, &b, &d, 0, units(rows));
               expectSame(expected.data(), y.data, y.count, "output");
             });
}

/// Floats and codes; the epilogue adds a bias, and what it gets without a
/// residual is another output.
TEST_P(ConvTest, Depthwise) {
  constexpr int32_t zero = 5;
  const Convolution &c = GetParam();
  for (bool isCodes : {false, true}) {
    int64_t rows = images * c.out(0) * c.out(1), channels = c.channels;
    Buffer<float> x(images * c.height * c.width * channels), w(c.columns()),
        bias(channels), residual(rows * channels), y(rows * channels),
        z(rows * channels);
    Buffer<int8_t> codes(x.count);
    fill(x), fill(w), fill(bias), fill(residual);
    for (int64_t i = 0; isCodes && i < x.count; ++i) {
      codes[i] = random();
      x[i] = codes[i] - zero;
    }
    std::vector<float> expected(y.count), shared(y.count);
    for (int64_t m = 0; m < rows; ++m)
      for (int64_t n = 0; n < channels; ++n) {
        float sum = 0;
        for (int64_t i = 0; i < c.kernel[0]; ++i)
          for (int64_t j = 0; j < c.kernel[1]; ++j)
            if (auto at = c.at(m, i, j))
              sum = std::fma(x[*at + n],
                             w[(i * c.kernel[1] + j) * channels + n], sum);
        shared[m * channels + n] = sum + bias[n];
        expected[m * channels + n] =
            shared[m * channels + n] + residual[m * channels + n];
      }
    std::string in = c.image(isCodes ? "i8" : "f32"),
                weights = "memref<" + str(c.kernel[0]) + "x" +
                          str(c.kernel[1]) + "x" + str(channels) + "xf32>",
                vector = "memref<" + str(channels) + "xf32>",
                out = "memref<?x" + str(c.out(0)) + "x" + str(c.out(1)) + "x" +
                      str(channels) + "xf32>";
    forTargets(
        "%x: " + in + ", %w: " + weights + ", %b: " + vector + ", %r: " + out +
            ", %y: " + out + ", %z: " + out,
        "kernel.depthwise ins(%x, %w : " + in + ", " + weights +
            ") extras(%b, %r : " + vector + ", " + out + ") outs(%y, %z : " +
            out + ", " + out + ") attributes {window = " + c.window(0) +
            (isCodes ? ", activation_zero_point = " + str(zero) + " : i32"
                     : "") +
            "} {\n^bb0(%acc: f32, %b0: f32, %r0: f32):\n"
            "  %s = arith.addf %acc, %b0 : f32\n"
            "  %t = arith.addf %s, %r0 : f32\n"
            "  kernel.yield %t, %s : f32, f32\n}",
        "", [&](KernelJit &jit, const TestTarget &) {
          auto *f = jit.lookup<void(MemRef<4> *, MemRef<3> *, MemRef<1> *,
                                    MemRef<4> *, MemRef<4> *, MemRef<4> *,
                                    int64_t, int64_t)>("f");
          std::array<int64_t, 4> inShape{images, c.height, c.width, channels},
              outShape{images, c.out(0), c.out(1), channels};
          MemRef<4> a = isCodes ? MemRef<4>(codes.data, inShape)
                                : MemRef<4>(x.data, inShape);
          MemRef<3> b(w.data, {c.kernel[0], c.kernel[1], channels});
          MemRef<1> e(bias.data, {channels});
          MemRef<4> r(residual.data, outShape), d(y.data, outShape),
              g(z.data, outShape);
          f(&a, &b, &e, &r, &d, &g, 0, images * c.out(0));
          expectSame(expected.data(), y.data, y.count, "output");
          expectSame(shared.data(), z.data, z.count, "other output");
        });
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ConvTest, testing::ValuesIn(convolutions));

} // namespace
