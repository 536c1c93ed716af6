//===- GgmlTest.cpp - GGML's types byte by byte -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What GGML's reference code makes of the same values. The hashes were taken
// from the bytes of libggml (llama.cpp, ggml_quantize_chunk) and from the
// floats of its gguf package; SQUINT_TEST_DATA has bytes of real weights.
//
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Packed.h"
#include "squint/Numerics/Rtn.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ThreadPool.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstdlib>
#include <cstring>

using namespace squint;

static Format parse(llvm::StringRef text) {
  return llvm::cantFail(Format::parse(text, FormatRole::Weight));
}

static TensorView viewOf(const std::vector<float> &values, int64_t columns) {
  return TensorView(reinterpret_cast<const char *>(values.data()),
                    FloatType::F32,
                    {static_cast<int64_t>(values.size()) / columns, columns});
}

static std::vector<char> quantize(const std::vector<float> &values,
                                  int64_t columns, const Format &format,
                                  llvm::ArrayRef<float> importance = {}) {
  int64_t rows = static_cast<int64_t>(values.size()) / columns;
  std::vector<char> payload(PlainLayout::get(format, rows, columns).totalBytes);
  RangeOptions options;
  options.importance = importance;
  llvm::cantFail(quantizeRtn(viewOf(values, columns), format, payload,
                             /*pool=*/nullptr, options));
  return payload;
}

static std::vector<float> dequantize(const std::vector<char> &payload,
                                     const Format &format, int64_t rows,
                                     int64_t columns) {
  std::vector<float> values(rows * columns);
  PackedView(payload.data(), format, rows, columns)
      .dequantizeRows(0, rows, values.data());
  return values;
}

static std::string quantizeError(const std::vector<float> &values,
                                 int64_t columns, llvm::StringRef format) {
  Format parsed = parse(format);
  std::vector<char> payload(
      PlainLayout::get(parsed, values.size() / columns, columns).totalBytes);
  return llvm::toString(quantizeRtn(viewOf(values, columns), parsed, payload));
}

namespace {
/// FNV-1a.
struct Hash {
  uint64_t value = 0xcbf29ce484222325;

  void add(const void *data, size_t size) {
    for (size_t i = 0; i < size; ++i)
      value = (value ^ static_cast<const uint8_t *>(data)[i]) * 0x100000001b3;
  }
};

/// Numbers of 24 bits.
struct Random {
  uint32_t state = 1;
  uint32_t next() {
    state = state * 1664525 + 1013904223;
    return state >> 8;
  }
};

constexpr int64_t kRows = 32, kColumns = 512;

/// Rows of eight kinds: even, with outliers, of one sign, with groups of zeros,
/// constant groups, tiny, with one value far above the rest of its block.
struct Inputs {
  std::vector<float> values, importance;

  Inputs() : values(kRows * kColumns), importance(kColumns) {
    Random random;
    for (int64_t r = 0; r < kRows; ++r)
      for (int64_t c = 0; c < kColumns; ++c) {
        float value = static_cast<float>(static_cast<int32_t>(random.next()) -
                                         (1 << 23)) *
                      0x1p-23f;
        float &out = values[r * kColumns + c];
        switch (r % 8) {
        case 1:
          value *= c % 16 == 3 ? 8.0f : 1.0f;
          break;
        case 2:
          value = std::fabs(value);
          break;
        case 3:
          value = -std::fabs(value);
          break;
        case 4:
          value = c / 32 % 2 ? 0.0f : value;
          break;
        case 5:
          value = c % 32 ? *(&out - 1) : value;
          break;
        case 6:
          value *= 0x1p-20f;
          break;
        case 7:
          value *= c % 256 == 0 ? 64.0f : 1.0f;
          break;
        }
        out = value;
      }
    for (int64_t c = 0; c < kColumns; ++c) {
      uint32_t next = random.next();
      importance[c] = c % 7 ? static_cast<float>(next) * 0x1p-24f : 0.0f;
    }
  }
};

struct Golden {
  const char *type;
  uint64_t plain, weighted, decoded;
};
} // namespace

static const Golden kGolden[] = {
    {"q4_0", 0x3ed11415d01dcd03, 0x5c896eb52bfe90d0, 0xd6da623fbe5fad84},
    {"q4_1", 0x8699b28c3b9a7b1f, 0x862ee556a64eeefa, 0xd28516e22184bf07},
    {"q5_0", 0xe1ac5705f97e1449, 0x637ac490878cf83e, 0xe424e0d11bc9dc69},
    {"q5_1", 0xf117cda275f94cee, 0xe517869a744a23a6, 0xc64194a45aaee6f6},
    {"q8_0", 0xdb2a1dc06b177d9e, 0xdb2a1dc06b177d9e, 0xf315583fb3ad8747},
    {"q2_k", 0x74f4bc1c4f837d40, 0xb403730f52543a43, 0xd0492c58255b2ded},
    {"q3_k", 0x3a1129530da33298, 0xa8ed8ae172f8eb8a, 0x2c03cdc71531cd26},
    {"q4_k", 0x477fda2ce94b1450, 0x97751dd12cf79650, 0xe816cb350237f35f},
    {"q5_k", 0x239c1ababda5bffd, 0x939bea25e6ab4c4c, 0x2796269334334f11},
    {"q6_k", 0x64aea69ec0be3904, 0x4a8bfe4258643caf, 0x32711ff852fdee70},
    {"iq4_nl", 0x88a2d67fcc640aa3, 0x1529f90e1c829d10, 0x8ca22626981d502d},
    {"iq4_xs", 0xc07ab90123ac12f7, 0x73225e868d9273d1, 0x3921fa3667e9cdf2},
    {"tq1_0", 0xe98f1703caccad23, 0xe98f1703caccad23, 0x5584169d0a7b4940},
    {"tq2_0", 0xe062b58fc6d92dd0, 0xe062b58fc6d92dd0, 0x5584169d0a7b4940},
};

TEST(Ggml, GivesTheReferenceBytes) {
  Inputs inputs;
  for (const Golden &golden : kGolden) {
    Format format = parse(golden.type);
    Hash plain, weighted, decoded;
    std::vector<char> bytes = quantize(inputs.values, kColumns, format);
    plain.add(bytes.data(), bytes.size());
    EXPECT_EQ(plain.value, golden.plain) << golden.type;
    bytes = quantize(inputs.values, kColumns, format, inputs.importance);
    weighted.add(bytes.data(), bytes.size());
    EXPECT_EQ(weighted.value, golden.weighted) << golden.type;
    std::vector<float> values = dequantize(bytes, format, kRows, kColumns);
    decoded.add(values.data(), values.size() * sizeof(float));
    EXPECT_EQ(decoded.value, golden.decoded) << golden.type;
  }
}

// The parts of a value and the value itself are decoded in two ways.
TEST(Ggml, DecodesValuesAsItDecodesRows) {
  Inputs inputs;
  for (const Golden &golden : kGolden) {
    Format format = parse(golden.type);
    std::vector<char> bytes = quantize(inputs.values, kColumns, format);
    PackedView packed(bytes.data(), format, kRows, kColumns);
    std::vector<float> rows(kRows * kColumns);
    packed.dequantizeRows(0, kRows, rows.data());
    for (int64_t i = 0; i < kRows * kColumns; ++i) {
      float value = packed.value(i / kColumns, i % kColumns);
      ASSERT_EQ(std::memcmp(&value, &rows[i], 4), 0)
          << golden.type << " " << i << ": " << value << " and " << rows[i];
    }
  }
}

TEST(Ggml, GivesTheSameBytesForAnyCountOfThreads) {
  Inputs inputs;
  for (const char *type : {"q4_0", "q2_k", "q6_k", "iq4_xs"}) {
    Format format = parse(type);
    std::vector<char> expected =
        quantize(inputs.values, kColumns, format, inputs.importance);
    // Rows are split where there are more than 32.
    std::vector<float> values = inputs.values;
    for (int i = 0; i < 3; ++i)
      values.insert(values.end(), inputs.values.begin(), inputs.values.end());
    for (unsigned threads : {2, 5}) {
      llvm::DefaultThreadPool pool(llvm::hardware_concurrency(threads));
      std::vector<char> bytes(4 * expected.size());
      RangeOptions options;
      options.importance = inputs.importance;
      llvm::cantFail(
          quantizeRtn(viewOf(values, kColumns), format, bytes, &pool, options));
      for (int i = 0; i < 4; ++i)
        EXPECT_EQ(std::memcmp(&bytes[i * expected.size()], expected.data(),
                              expected.size()),
                  0)
            << type;
    }
  }
}

// Below what f16 holds all is zero, and no step is undefined on the way.
TEST(Ggml, TakesSubnormals) {
  for (const Golden &golden : kGolden)
    for (float size : {0.0f, 0x1p-149f, 0x1p-130f, 0x1p-60f}) {
      std::vector<float> values(256);
      for (int64_t i = 0; i < 256; ++i)
        values[i] = i % 3 ? size * static_cast<float>(i % 5 - 2) : 0.0f;
      Format format = parse(golden.type);
      for (float value :
           dequantize(quantize(values, 256, format), format, 1, 256))
        EXPECT_EQ(value, 0.0f) << golden.type << " " << size;
    }
}

TEST(Ggml, RefusesWhatItCannotStore) {
  std::vector<float> values(512, 1.0f);
  EXPECT_EQ(quantizeError(values, 128, "q4_k"),
            "expected rows of a multiple of 256 values for 'q4_k', got 128");
  EXPECT_EQ(quantizeError(std::vector<float>(80, 1.0f), 40, "q8_0"),
            "expected rows of a multiple of 32 values for 'q8_0', got 40");
  values[300] = INFINITY;
  for (const Golden &golden : kGolden)
    EXPECT_EQ(quantizeError(values, 256, golden.type),
              "expected finite values, got inf at element 300");
  for (float huge : {-3e38f, 1e20f, -1e11f, 3e8f}) {
    values[300] = huge;
    for (const Golden &golden : kGolden)
      EXPECT_EQ(quantizeError(values, 256, golden.type).substr(0, 33),
                "expected a scale within f16, got ")
          << golden.type << " " << huge;
  }
}

static std::vector<char> readFile(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return {};
  llvm::StringRef bytes = (*buffer)->getBuffer();
  return std::vector<char>(bytes.begin(), bytes.end());
}

// Types on grids are only read.
TEST(Ggml, RefusesToMakeGrids) {
  EXPECT_EQ(quantizeError(std::vector<float>(256, 1.0f), 256, "iq2_s"),
            "expected a format that weights can be quantized to, got 'iq2_s', "
            "which is only read from GGUF files");
}

/// Any bytes, with scales that are finite.
static std::vector<char> fillGrid(const Format &format) {
  const BlockCodec &blocks = *format.blocks();
  Random random;
  std::vector<char> bytes(kRows * blocks.rowBytes(kColumns));
  for (char &byte : bytes)
    byte = static_cast<char>(random.next());
  bool isSplit = format.element->name == "iq1_m";
  for (size_t at = 0; at < bytes.size(); at += blocks.bytes)
    bytes[at + (isSplit ? blocks.bytes - 1 : 1)] &= isSplit ? 63 : 59;
  return bytes;
}

struct Decoded {
  const char *type;
  uint64_t decoded;
};
static const Decoded kGrids[] = {
    {"iq1_s", 0x68171bd01233fada},   {"iq1_m", 0x1e6f785952fc3f76},
    {"iq2_xxs", 0x75c91af5a17ff21d}, {"iq2_xs", 0x7055fa2b042a29d1},
    {"iq2_s", 0xc7e65bb0f5a73143},   {"iq3_xxs", 0x5f9eef679bd1f6be},
    {"iq3_s", 0x78b79be871624d45},
};

// Every number of a point, every sign and every scale.
TEST(Ggml, DecodesGrids) {
  for (const Decoded &grid : kGrids) {
    Format format = parse(grid.type);
    std::vector<char> bytes = fillGrid(format);
    std::vector<float> values = dequantize(bytes, format, kRows, kColumns);
    Hash decoded;
    decoded.add(values.data(), values.size() * sizeof(float));
    EXPECT_EQ(decoded.value, grid.decoded) << grid.type;
    PackedView packed(bytes.data(), format, kRows, kColumns);
    for (int64_t i = 0; i < 1024; ++i)
      ASSERT_EQ(packed.value(i / kColumns, i % kColumns), values[i])
          << grid.type << " " << i;
  }
}

// Weights of a trained model, and what llama.cpp's tools make of them.
TEST(Ggml, AgreesOnRealWeights) {
  const char *data = std::getenv("SQUINT_TEST_DATA");
  std::string folder = std::string(data ? data : "") + "/ggml_golden/";
  std::vector<char> input = readFile(folder + "input_f32_16x512.bin");
  if (input.empty())
    GTEST_SKIP() << "no data";
  std::vector<float> values(input.size() / sizeof(float));
  std::memcpy(values.data(), input.data(), input.size());
  for (const Golden &golden : kGolden) {
    std::string upper = llvm::StringRef(golden.type).upper();
    std::vector<char> quantized = readFile(folder + upper + ".q.bin"),
                      decoded = readFile(folder + upper + ".deq_f32.bin");
    ASSERT_FALSE(quantized.empty()) << upper;
    Format format = parse(golden.type);
    EXPECT_EQ(quantize(values, 512, format), quantized) << upper;
    std::vector<float> ours = dequantize(quantized, format, 16, 512);
    ASSERT_EQ(decoded.size(), ours.size() * sizeof(float));
    EXPECT_EQ(std::memcmp(ours.data(), decoded.data(), decoded.size()), 0)
        << upper;
  }
  for (const Decoded &grid : kGrids) {
    std::string upper = llvm::StringRef(grid.type).upper();
    std::vector<char> quantized = readFile(folder + upper + ".q.bin"),
                      decoded = readFile(folder + upper + ".deq_f32.bin");
    ASSERT_FALSE(quantized.empty()) << upper;
    std::vector<float> ours = dequantize(quantized, parse(grid.type), 16, 512);
    ASSERT_EQ(decoded.size(), ours.size() * sizeof(float));
    EXPECT_EQ(std::memcmp(ours.data(), decoded.data(), decoded.size()), 0)
        << upper;
  }
}
