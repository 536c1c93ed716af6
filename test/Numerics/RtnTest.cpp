//===- RtnTest.cpp - round to nearest ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Rtn.h"
#include "squint/Numerics/DynamicScale.h"
#include "squint/Numerics/Packed.h"
#include "llvm/Support/ThreadPool.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace squint;

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Any));
}

static std::vector<float> randomValues(int64_t count, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<float> values(count);
  for (float &value : values)
    value = (float(random()) / 4294967296.0f - 0.5f) *
            (random() % 16 == 0 ? 4.0f : 1.0f);
  return values;
}

static TensorView viewOf(const std::vector<float> &values, int64_t rows,
                         int64_t columns) {
  return TensorView(reinterpret_cast<const char *>(values.data()),
                    FloatType::F32, {rows, columns});
}

static std::vector<char> quantize(const TensorView &view, const Format &format,
                                  llvm::ThreadPoolInterface *pool = nullptr) {
  std::vector<char> payload(
      PlainLayout::get(format, view.rows(), view.columns()).totalBytes,
      char(0xcc));
  llvm::cantFail(quantizeRtn(view, format, payload, pool));
  return payload;
}

static std::string quantizeError(const TensorView &view,
                                 llvm::StringRef format) {
  Format parsed = parse(format);
  std::vector<char> payload(
      PlainLayout::get(parsed, view.rows(), view.columns()).totalBytes);
  return llvm::toString(quantizeRtn(view, parsed, payload));
}

static std::vector<std::string> integerFormats() {
  std::vector<std::string> formats;
  for (int bits = 2; bits <= 8; ++bits)
    for (const char *block : {"tensor", "channel", "group=32", "group=5"})
      for (const char *zero : {"", ",zero-point"})
        for (const char *scale : {"f32", "f16", "bf16"})
          formats.push_back("int" + std::to_string(bits) + ":" + block + zero +
                            ",scale=" + scale);
  return formats;
}

// A code inside the range is at most half a step off; a clipped one is at the
// end of the codes.
TEST(Rtn, StaysWithinHalfAStep) {
  constexpr int64_t rows = 7, columns = 75;
  std::vector<float> values = randomValues(rows * columns);
  for (const std::string &text : integerFormats()) {
    Format format = parse(text);
    std::vector<char> payload = quantize(viewOf(values, rows, columns), format);
    PackedView packed(payload.data(), format, rows, columns);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column) {
        float value = values[row * columns + column];
        float scale = packed.scale(row, column);
        int32_t code = packed.code(row, column);
        ASSERT_EQ(scale, roundScale(scale, format.scale));
        ASSERT_GE(code, format.minCode());
        ASSERT_LE(code, format.maxCode());
        double error = std::fabs(double(value) -
                                 double(code - packed.zeroPoint(row, column)) *
                                     double(scale));
        // The zero point itself is rounded, so both ends may clip by half a
        // step.
        bool clipped = code == format.minCode() || code == format.maxCode();
        double bound = std::fabs(scale) * (clipped ? 1.02 : 0.50001);
        ASSERT_LE(error, bound) << text << " " << value;
      }
  }
}

TEST(Rtn, IsIdempotent) {
  constexpr int64_t rows = 9, columns = 67;
  std::vector<float> values = randomValues(rows * columns, 2);
  for (const std::string &text : integerFormats()) {
    Format format = parse(text);
    // Two bits leave too few codes for a row to be sure to use both ends.
    if (format.zeroPoint && (format.bits() < 4 || format.groupSize == 5 ||
                             format.scale != ScaleType::F32))
      continue;
    std::vector<char> payload = quantize(viewOf(values, rows, columns), format);
    PackedView packed(payload.data(), format, rows, columns);
    std::vector<float> decoded(rows * columns);
    packed.dequantizeRows(0, rows, decoded.data());
    std::vector<char> again = quantize(viewOf(decoded, rows, columns), format);
    PlainLayout layout = packed.layout();
    EXPECT_EQ(std::string(payload.data(), layout.codesBytes),
              std::string(again.data(), layout.codesBytes))
        << text;
  }
}

TEST(Rtn, DecodesRowsAsItDecodesValues) {
  constexpr int64_t rows = 3, columns = 45;
  std::vector<float> values = randomValues(rows * columns, 3);
  for (const char *text : {"f32", "f16", "bf16", "nf4:group=16", "f8e4m3",
                           "int4:group=32,zero-point", "int4:group=20,min",
                           "int8:tensor", "int3"}) {
    Format format = parse(text);
    std::vector<char> payload = quantize(viewOf(values, rows, columns), format);
    PackedView packed(payload.data(), format, rows, columns);
    std::vector<float> decoded(rows * columns);
    packed.dequantizeRows(0, rows, decoded.data());
    for (int64_t i = 0; i < rows * columns; ++i) {
      EXPECT_EQ(decoded[i], packed.value(i / columns, i % columns)) << text;
      EXPECT_NEAR(decoded[i], values[i], 0.31) << text;
    }
  }
}

TEST(Rtn, PutsTheSignedMaximumOnTheLowerEnd) {
  std::vector<float> values = {1.0f, -0.5f, 0.25f, -2.0f, 1.0f, 2.0f};
  Format format = parse("int4:channel");
  std::vector<char> payload = quantize(viewOf(values, 2, 3), format);
  PackedView packed(payload.data(), format, 2, 3);
  EXPECT_EQ(packed.scale(0, 0), -0.125f);
  EXPECT_EQ(packed.code(0, 0), -8);
  EXPECT_EQ(packed.code(0, 1), 4);
  EXPECT_EQ(packed.code(0, 2), -2);
  // Equal magnitudes take the positive scale, and the positive end clips.
  EXPECT_EQ(packed.scale(1, 0), 0.25f);
  EXPECT_EQ(packed.code(1, 0), -8);
  EXPECT_EQ(packed.code(1, 2), 7);
}

TEST(Rtn, LeavesOutMinus128) {
  std::vector<float> values = {-127.0f, 127.0f, 0.5f, 1.5f, -2.5f};
  Format format = parse("int8:tensor");
  std::vector<char> payload = quantize(viewOf(values, 1, 5), format);
  PackedView packed(payload.data(), format, 1, 5);
  std::vector<int32_t> expected = {-127, 127, 0, 2, -2};
  for (int64_t column = 0; column < 5; ++column)
    EXPECT_EQ(packed.code(0, column), expected[column]);
}

TEST(Rtn, WidensTheRangeToZero) {
  std::vector<float> values = {3.0f, 15.0f, -3.0f, -15.0f};
  Format format = parse("int4:channel,zero-point");
  std::vector<char> payload = quantize(viewOf(values, 2, 2), format);
  PackedView packed(payload.data(), format, 2, 2);
  EXPECT_EQ(packed.zeroPoint(0, 0), 0);
  EXPECT_EQ(packed.code(0, 0), 3);
  EXPECT_EQ(packed.code(0, 1), 15);
  EXPECT_EQ(packed.zeroPoint(1, 0), 15);
  EXPECT_EQ(packed.code(1, 0), 12);
  EXPECT_EQ(packed.code(1, 1), 0);
}

TEST(Rtn, StoresZeroBlocksAsZero) {
  std::vector<float> values(40, 0.0f);
  for (const std::string &text : integerFormats()) {
    Format format = parse(text);
    std::vector<char> payload = quantize(viewOf(values, 1, 40), format);
    EXPECT_EQ(payload, std::vector<char>(payload.size(), 0)) << text;
  }
}

TEST(Rtn, KeepsTailsApart) {
  std::vector<float> values = {1.0f, 1.0f, 1.0f, 1.0f, 100.0f};
  Format format = parse("int8:group=4,scale=f32");
  std::vector<char> payload = quantize(viewOf(values, 1, 5), format);
  PackedView packed(payload.data(), format, 1, 5);
  EXPECT_EQ(packed.layout().groups, 2);
  EXPECT_EQ(packed.code(0, 3), 127);
  EXPECT_EQ(packed.code(0, 4), 127);
  EXPECT_EQ(packed.scale(0, 4), 100.0f / 127.0f);
}

// Double quantization: codes are taken with the scale as it was, and scales
// come back to within half a level of the largest in their block.
TEST(Rtn, QuantizesScales) {
  constexpr int64_t rows = 37, columns = 70 * 8;
  std::vector<float> values = randomValues(rows * columns, 5);
  Format exact = parse("nf4:group=8,scale=f32"),
         nested = parse("nf4:group=8,scale=dynamic8");
  std::vector<char> wide = quantize(viewOf(values, rows, columns), exact),
                    narrow = quantize(viewOf(values, rows, columns), nested);
  PackedView a(wide.data(), exact, rows, columns),
      b(narrow.data(), nested, rows, columns);
  std::vector<float> decoded(rows * columns);
  b.dequantizeRows(0, rows, decoded.data());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      ASSERT_EQ(a.code(row, column), b.code(row, column));
      // Two levels are at most 0.0141 apart; scales differ by less than 4.
      ASSERT_NEAR(a.scale(row, column), b.scale(row, column), 0.0142 * 2);
      ASSERT_EQ(decoded[row * columns + column], b.value(row, column));
    }
}

// bitsandbytes' map: seven decades of twice as many levels each, and the ends.
TEST(DynamicScale, HasLevels) {
  llvm::ArrayRef<float> levels = DynamicScale::levels();
  EXPECT_TRUE(std::is_sorted(levels.begin(), levels.end()));
  EXPECT_EQ(levels[127], 0.0f);
  EXPECT_EQ(levels[255], 1.0f);
  EXPECT_FLOAT_EQ(levels[0], -0.99296875f);
  EXPECT_FLOAT_EQ(levels[128], 0.55e-6f);
  for (int code = 0; code < 256; ++code) {
    EXPECT_EQ(DynamicScale::encode(levels[code]), code);
    if (code < 255) {
      float middle = (levels[code] + levels[code + 1]) * 0.5f;
      EXPECT_EQ(DynamicScale::encode(middle), code);
      EXPECT_EQ(DynamicScale::encode(std::nextafter(middle, 2.0f)), code + 1);
    }
  }
  EXPECT_EQ(DynamicScale::encode(-3.0f), 0);
  EXPECT_EQ(DynamicScale::encode(3.0f), 255);
}

TEST(Rtn, NamesTheElementThatIsNotFinite) {
  std::vector<float> values = randomValues(200 * 10);
  values[1234] = std::nanf("");
  values[1999] = INFINITY;
  for (const char *format : {"int8:tensor", "int4:channel", "int4:group=3"})
    EXPECT_EQ(quantizeError(viewOf(values, 200, 10), format),
              "expected finite values, got NaN at element 1234");
  values[1234] = -INFINITY;
  EXPECT_EQ(quantizeError(viewOf(values, 200, 10), "int4:channel"),
            "expected finite values, got -inf at element 1234");
  // Without a scale there is nothing to spoil.
  EXPECT_EQ(quantizeError(viewOf(values, 200, 10), "f16"), "");
}

TEST(Rtn, RefusesWhatAScaleCannotHold) {
  std::vector<float> values = {0.0f, 1.0f, 1e30f, 2.0f};
  EXPECT_EQ(quantizeError(viewOf(values, 2, 2), "int8:channel,scale=f16"),
            "expected a scale within f16, got values from 2 to 1e+30 in the "
            "block at element 2");
  EXPECT_EQ(quantizeError(viewOf(values, 2, 2), "int8:channel"), "");
  EXPECT_EQ(quantizeError(viewOf(values, 2, 2), "f16"),
            "expected a value within f16, got 1e+30 at element 2");
}

TEST(Rtn, GivesTheSameBytesForAnyCountOfThreads) {
  std::vector<float> values = randomValues(333 * 50, 4);
  for (const char *text : {"int8:tensor", "int4:group=32", "int5,zero-point"}) {
    Format format = parse(text);
    std::vector<char> expected = quantize(viewOf(values, 333, 50), format);
    for (unsigned threads : {1, 2, 5}) {
      llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
      EXPECT_EQ(quantize(viewOf(values, 333, 50), format, &pool), expected);
    }
  }
}

TEST(Rtn, AcceptsEmptyMatrices) {
  std::vector<float> values(1);
  EXPECT_EQ(quantizeError(viewOf(values, 0, 5), "int8:tensor"), "");
  EXPECT_EQ(quantizeError(viewOf(values, 5, 0), "int4:group=32"), "");
}

// Every code of every width at every offset, all-extreme rows included.
TEST(Packed, RoundTripsEveryCode) {
  for (unsigned bits = 2; bits <= 8; ++bits) {
    uint32_t codes = 1u << bits;
    for (uint32_t fill = 0; fill < codes; ++fill)
      for (int64_t count : {1, 3, 8, 13}) {
        std::vector<uint32_t> row(count, fill);
        row[count / 2] = codes - 1 - fill;
        std::vector<char> bytes((count * bits + 7) / 8 + 1, char(0x5a));
        packCodes(row.data(), count, bits, bytes.data());
        EXPECT_EQ(bytes.back(), char(0x5a));
        for (int64_t i = 0; i < count; ++i)
          ASSERT_EQ(unpackCode(bytes.data(), i, bits), row[i]);
      }
  }
}

TEST(Packed, PutsTheFirstCodeLowest) {
  uint32_t codes[] = {0x1, 0xf, 0x8};
  char bytes[2];
  packCodes(codes, 3, 4, bytes);
  EXPECT_EQ(uint8_t(bytes[0]), 0xf1);
  EXPECT_EQ(uint8_t(bytes[1]), 0x08);
}

TEST(TensorView, ReadsPermutationsAndAnyAlignment) {
  // stored[a][b][c] seen as [c][a][b].
  constexpr int64_t a = 3, b = 5, c = 37;
  std::vector<float> values(a * b * c);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = float(i);
  std::vector<char> bytes(values.size() * 4 + 1);
  std::memcpy(bytes.data() + 1, values.data(), values.size() * 4);
  TensorView view(bytes.data() + 1, FloatType::F32, {a, b, c}, {2, 0, 1});
  ASSERT_EQ(view.rows(), c);
  ASSERT_EQ(view.columns(), a * b);
  std::vector<float> rows(20 * a * b);
  view.readRows(7, 27, rows.data());
  for (int64_t row = 7; row < 27; ++row)
    for (int64_t column = 0; column < a * b; ++column) {
      EXPECT_EQ(rows[(row - 7) * a * b + column], float(column * c + row));
      EXPECT_EQ(view.storedIndex(row, column), column * c + row);
    }
}

TEST(TensorView, ConvertsOtherFloats) {
  uint16_t half[] = {0x3c00, 0xc000}, bfloat[] = {0x3f80, 0xc000};
  double wide[] = {1.0, -2.0};
  auto check = [](const void *data, FloatType type) {
    float out[2];
    TensorView(static_cast<const char *>(data), type, {1, 2})
        .readRows(0, 1, out);
    EXPECT_EQ(out[0], 1.0f);
    EXPECT_EQ(out[1], -2.0f);
  };
  check(half, FloatType::F16);
  check(bfloat, FloatType::BF16);
  check(wide, FloatType::F64);
}
