//===- FormatTest.cpp - format strings and the plain layout -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Format.h"
#include "gtest/gtest.h"

using namespace squint;

static std::string canonical(llvm::StringRef text, FormatRole role) {
  llvm::Expected<Format> format = Format::parse(text, role);
  if (!format)
    return "error: " + llvm::toString(format.takeError());
  return format->str();
}

static std::string weight(llvm::StringRef text) {
  return canonical(text, FormatRole::Weight);
}
static std::string activation(llvm::StringRef text) {
  return canonical(text, FormatRole::Activation);
}

TEST(Format, FillsInDefaults) {
  EXPECT_EQ(weight("f32"), "f32");
  EXPECT_EQ(weight("bf16"), "bf16");
  EXPECT_EQ(weight("int8"), "int8:channel,scale=f32");
  EXPECT_EQ(activation("int8"), "int8:token,scale=f32");
  EXPECT_EQ(weight("int4:group=32"), "int4:group=32,scale=f16");
  EXPECT_EQ(weight("int4:block=32"), "int4:group=32,scale=f16");
  EXPECT_EQ(weight("int4:group=32,zero-point,scale=bf16"),
            "int4:group=32,zero-point,scale=bf16");
  EXPECT_EQ(weight("int4,scale=f16,zero-point"),
            "int4:channel,zero-point,scale=f16");
  EXPECT_EQ(weight("int4:group=64,min"), "int4:group=64,min,scale=f16");
  EXPECT_EQ(activation("int8:tensor"), "int8:tensor,scale=f32");
  EXPECT_EQ(activation("int8:group=32"), "int8:group=32,scale=f16");
  EXPECT_EQ(weight("int8,sparse=2:4"), "int8:channel,scale=f32,sparse=2:4");
  EXPECT_EQ(weight("int8,sparse=50%"), "int8:channel,scale=f32,sparse=50%");
  EXPECT_EQ(weight("int4:group=30,sparse=7%"),
            "int4:group=30,scale=f16,sparse=7%");
  EXPECT_EQ(weight("mxfp4,round=even"), "mxfp4,round=even");
  EXPECT_EQ(weight("mxint8:group=32,round=rceil"), "mxint8,round=rceil");
  EXPECT_EQ(weight("mxfp8,round=floor"), "mxfp8");
  EXPECT_EQ(weight("codebook2"), "codebook2:channel,scale=f16");
  EXPECT_EQ(weight("additive2"), "additive2:channel,scale=f16");
  EXPECT_EQ(weight("int3:group=16,outliers=9,scale=bilevel3"),
            "int3:group=16,scale=bilevel3,outliers=9");
  EXPECT_EQ(activation("int4,clip=0.90"), "int4:token,clip=0.900,scale=f32");
  EXPECT_EQ(activation("int4,clip=1"), "int4:token,scale=f32");
  EXPECT_EQ(weight("mxfp4"), "mxfp4");
  EXPECT_EQ(weight("nvfp4:group=16"), "nvfp4");
  EXPECT_EQ(weight("q4_k:group=32"), "q4_k");
  EXPECT_EQ(weight("nf4:group=64,scale=dynamic8"),
            "nf4:group=64,scale=dynamic8");
}

TEST(Format, CanonicalSpellingsParseAgain) {
  for (const Element *element : getElements())
    for (const char *suffix :
         {"", ":tensor", ":channel", ":token", ":group=48", ",zero-point",
          ":group=9,min", ":group=7,zero-point,scale=f32",
          ":channel,scale=bf16", ":group=16,sparse=2:4", ",sparse=33%",
          ",round=even", ",round=ceil", ",round=rceil",
          ":group=16,scale=bilevel3,outliers=7", ":token,clip=0.875"}) {
      llvm::Expected<Format> format =
          Format::parse(element->name.str() + suffix, FormatRole::Any);
      if (!format) {
        llvm::consumeError(format.takeError());
        continue;
      }
      llvm::Expected<Format> again =
          Format::parse(format->str(), FormatRole::Any);
      ASSERT_TRUE(bool(again)) << format->str();
      EXPECT_TRUE(*again == *format) << format->str();
    }
}

TEST(Format, NamesWhatIsWrong) {
  EXPECT_EQ(weight("int5:banana"),
            "error: unknown granularity 'banana', expected tensor, channel, "
            "token or group=N");
  EXPECT_EQ(weight("int9"),
            "error: unknown element 'int9', expected one of f32, f16, bf16, "
            "f8e4m3, f8e5m2, int2, int3, int4, int5, int6, int7, int8, mxint8, "
            "nf4, bnb-fp4, mxfp4, mxfp6e2m3, mxfp6e3m2, mxfp8, mxfp8e5m2, "
            "nvfp4, q4_0, q4_1, q5_0, q5_1, q8_0, "
            "q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl, iq4_xs, tq1_0, tq2_0, "
            "iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, "
            "codebook2, codebook3, codebook4, additive2, additive3");
  EXPECT_EQ(weight("").substr(0, 25), "error: unknown element ''");
  EXPECT_EQ(weight("int4:group=0"),
            "error: expected a group size of at least 1, got '0'");
  EXPECT_EQ(weight("int4:group="),
            "error: expected a group size of at least 1, got ''");
  EXPECT_EQ(weight("int4:group=99999999999"),
            "error: expected a group size of at least 1, got '99999999999'");
  EXPECT_EQ(weight("int8:token"),
            "error: granularity 'token' is for activations, expected tensor, "
            "channel or group=N");
  EXPECT_EQ(activation("int8:channel"),
            "error: granularity 'channel' is for weights, expected tensor, "
            "token or group=N");
  EXPECT_EQ(weight("int8,scale=f64"),
            "error: unknown scale type 'f64', expected f16, bf16, f32, "
            "dynamic8 or bilevel3");
  EXPECT_EQ(weight("int8,zeropoint"),
            "error: unknown option 'zeropoint', expected zero-point, min, "
            "clip=R, "
            "scale=f16|bf16|f32|dynamic8|bilevel3, sparse=2:4|P%, outliers=N "
            "or round=even|ceil|rceil");
  EXPECT_EQ(weight("int8,sparse=1:4"),
            "error: unknown sparsity '1:4', expected 2:4 or 1% to 99%");
  EXPECT_EQ(weight("int8,sparse=100%"),
            "error: unknown sparsity '100%', expected 2:4 or 1% to 99%");
  EXPECT_EQ(weight("int8,sparse=50%,sparse=2:4"),
            "error: 'sparse' given twice");
  EXPECT_EQ(weight("int3,sparse=50%"),
            "error: 'sparse' by a percentage is for int4 and int8, got "
            "'int3,sparse=50%'");
  EXPECT_EQ(activation("int8,sparse=50%"),
            "error: 'int8,sparse=50%' is for weights");
  EXPECT_EQ(weight("mxfp4,round=up"),
            "error: unknown rounding 'up', expected floor, even, ceil or "
            "rceil");
  EXPECT_EQ(weight("mxfp4,round=even,round=ceil"),
            "error: 'round' given twice");
  EXPECT_EQ(weight("nvfp4,round=even"),
            "error: 'round' is for microscaling elements, got "
            "'nvfp4,round=even'");
  EXPECT_EQ(
      weight("int8,zero-point,sparse=2:4"),
      "error: 'sparse' is for integers without zero points and minima, got "
      "'int8,zero-point,sparse=2:4'");
  EXPECT_EQ(
      weight("mxint8,sparse=2:4"),
      "error: 'sparse' is for integers without zero points and minima, got "
      "'mxint8,sparse=2:4'");
  EXPECT_EQ(weight("int4:group=30,sparse=2:4"),
            "error: 'sparse' wants groups in multiples of 4, got 30");
  EXPECT_EQ(activation("int8,sparse=2:4"),
            "error: 'int8,sparse=2:4' is for weights");
  EXPECT_EQ(activation("codebook2:tensor"), "error: codebook2 is for weights");
  EXPECT_EQ(activation("additive2:tensor"), "error: additive2 is for weights");
  EXPECT_EQ(weight("additive3:group=30"),
            "error: additive3 wants groups in multiples of 4, got 30");
  EXPECT_EQ(weight("int3:channel,scale=bilevel3"),
            "error: scale=bilevel3 is for integers in groups and has zero "
            "points of its own, got 'int3:channel,scale=bilevel3'");
  EXPECT_EQ(weight("int3:group=16,outliers=3"),
            "error: 'outliers' go with scale=bilevel3, got "
            "'int3:group=16,outliers=3'");
  EXPECT_EQ(weight("int3:group=16,scale=bilevel3,outliers=0"),
            "error: expected 1 to 65535 outliers, got '0'");
  EXPECT_EQ(weight("int4,clip=0.9"),
            "error: a clip ratio is for activations of symmetric integers by "
            "token or group");
  EXPECT_EQ(activation("int8:tensor,clip=0.9"), weight("int4,clip=0.9"));
  EXPECT_EQ(activation("int8,clip=0"),
            "error: expected a clip ratio above 0 and up to 1, got '0'");
  EXPECT_EQ(activation("int8,clip=nan"),
            "error: expected a clip ratio above 0 and up to 1, got 'nan'");
  EXPECT_EQ(activation("int8,clip=0.12345"),
            "error: expected a clip ratio of at most three decimal places, got "
            "'0.12345'");
  EXPECT_EQ(weight("int8,zero-point,zero-point"),
            "error: 'zero-point' given twice");
  EXPECT_EQ(weight("int8,scale=f16,scale=f16"), "error: 'scale' given twice");
  EXPECT_EQ(weight("int8:"), "error: unknown granularity '', expected tensor, "
                             "channel, token or group=N");
  EXPECT_EQ(weight("f32:channel"), "error: f32 has no scales, expected nothing "
                                   "after it, got ':channel'");
  EXPECT_EQ(weight("nf4,zero-point"),
            "error: zero-point is for integers, got nf4");
  EXPECT_EQ(weight("int4,min"),
            "error: min is for integers in groups, got 'int4,min'");
  EXPECT_EQ(weight("nf4:group=32,min"),
            "error: min is for integers in groups, got 'nf4:group=32,min'");
  EXPECT_EQ(weight("int4:group=32,min,min"), "error: 'min' given twice");
  EXPECT_EQ(weight("int4:group=32,min,zero-point"),
            "error: expected zero-point or min, got both");
  EXPECT_EQ(weight("int4:group=64,scale=dynamic8"),
            "error: scale=dynamic8 is for groups of nf4 and bnb-fp4, got "
            "'int4:group=64,scale=dynamic8'");
  EXPECT_EQ(weight("nf4,scale=dynamic8"),
            "error: scale=dynamic8 is for groups of nf4 and bnb-fp4, got "
            "'nf4,scale=dynamic8'");
  EXPECT_EQ(weight("q4_k:group=64"), "error: q4_k has groups of 32");
  EXPECT_EQ(weight("q4_k,zero-point"),
            "error: zero-point is for integers, got q4_k");
  EXPECT_EQ(weight("mxfp4:group=64"), "error: mxfp4 has groups of 32");
  EXPECT_EQ(weight("mxfp4,scale=f16"),
            "error: mxfp4 has scales of type f8e8m0");
}

static PlainLayout layoutOf(llvm::StringRef text, int64_t rows,
                            int64_t columns) {
  return PlainLayout::get(llvm::cantFail(Format::parse(text, FormatRole::Any)),
                          rows, columns);
}

TEST(PlainLayout, StartsSegmentsAtMultiplesOf64) {
  PlainLayout layout = layoutOf("int4:group=32,zero-point", 3, 70);
  EXPECT_EQ(layout.rowBytes, 35);
  EXPECT_EQ(layout.codesBytes, 105);
  EXPECT_EQ(layout.groups, 3);
  EXPECT_EQ(layout.scalesOffset, 128);
  EXPECT_EQ(layout.scalesBytes, 18);
  EXPECT_EQ(layout.zeroPointsOffset, 192);
  EXPECT_EQ(layout.zeroPointsBytes, 9);
  EXPECT_EQ(layout.totalBytes, 201);
  EXPECT_EQ(layout.scaleIndex(2, 69), 8);
}

TEST(PlainLayout, KeepsBlocksTogether) {
  EXPECT_EQ(layoutOf("q4_k", 3, 512).rowBytes, 288);
  EXPECT_EQ(layoutOf("q4_k", 3, 512).totalBytes, 864);
  EXPECT_EQ(layoutOf("q8_0", 3, 64).totalBytes, 204);
  // 4.127 bits a weight.
  EXPECT_EQ(layoutOf("nf4:group=64,scale=dynamic8", 64, 4096).totalBytes,
            64 * 4096 / 2 + 64 * 64 + 16 * 4 + 4);
}

TEST(PlainLayout, CountsScalesByGranularity) {
  EXPECT_EQ(layoutOf("int8:tensor", 5, 7).scalesBytes, 4);
  EXPECT_EQ(layoutOf("int8:channel", 5, 7).scalesBytes, 20);
  EXPECT_EQ(layoutOf("int8:channel,scale=f16", 5, 7).scalesBytes, 10);
  EXPECT_EQ(layoutOf("f16", 5, 7).totalBytes, 70);
  EXPECT_EQ(layoutOf("int3", 1, 3).rowBytes, 2);
}
