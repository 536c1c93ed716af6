//===- PlannerTest.cpp - tiles and the registers they take ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Planner.h"
#include <gtest/gtest.h>

using namespace squint;
using namespace squint::kernel;

namespace {

TargetInfo target(llvm::StringRef cpu) {
  bool arm = cpu.starts_with("neoverse") || cpu.starts_with("cortex");
  return llvm::cantFail(
      TargetInfo::get(arm ? "aarch64-linux-gnu" : "x86_64-linux-gnu", cpu));
}

PanelLayout layout(llvm::StringRef format, int64_t rows = 256) {
  return PanelLayout::get(
      llvm::cantFail(Format::parse(format, FormatRole::Weight)), rows, 1024);
}

std::string tile(const GemmPlan &plan) {
  return std::to_string(plan.rows) + "x" + std::to_string(plan.panels);
}

// What the model chooses where nothing was measured.
TEST(Planner, Tiles) {
  auto integer = [](llvm::StringRef cpu, llvm::StringRef format,
                    int64_t block) {
    return tile(planIntegerGemm(target(cpu), layout(format), block));
  };
  auto floats = [](llvm::StringRef cpu, llvm::StringRef format) {
    return tile(planFloatGemm(target(cpu), layout(format)));
  };
  EXPECT_EQ(integer("x86-64-v3", "int4:group=32", 32), "5x1");
  EXPECT_EQ(integer("x86-64-v3", "int8:channel", 1024), "4x1");
  EXPECT_EQ(tile(planIntegerGemm(target("x86-64-v3"), layout("int8:channel"),
                                 1024, /*wholeRange=*/true)),
            "3x1");
  EXPECT_EQ(floats("x86-64-v3", "f32"), "6x1");
  EXPECT_EQ(integer("x86-64-v4", "int4:group=32", 32), "8x1");
  EXPECT_EQ(integer("cascadelake", "int4:group=32", 32), "8x1");
  EXPECT_EQ(integer("cascadelake", "int8:channel", 1024), "10x2");
  EXPECT_EQ(floats("cascadelake", "f32"), "10x2");
  EXPECT_EQ(integer("neoverse-n1", "int8:channel", 1024), "6x1");
}

// Every tile of every processor has room for its sums.
TEST(Planner, Registers) {
  for (const char *cpu : {"x86-64", "x86-64-v3", "x86-64-v4", "haswell",
                          "alderlake", "sapphirerapids", "znver3", "znver4",
                          "znver5", "cortex-a72", "neoverse-n1", "neoverse-v2"})
    for (const char *format : {"int8:channel", "int8:group=32", "int4:channel",
                               "int4:group=32", "f32", "f16"})
      for (int64_t rows : {1, 16, 48, 4096}) {
        TargetInfo info = target(cpu);
        PanelLayout weights = layout(format, rows);
        GemmPlan plan =
            weights.isFloat()
                ? planFloatGemm(info, weights)
                : planIntegerGemm(info, weights,
                                  weights.grouped ? weights.groupSize : 1024);
        int64_t each = PanelLayout::width * 32 / info.vectorBits;
        EXPECT_GE(plan.rows, 1);
        EXPECT_LE(plan.panels, weights.panels) << cpu << " " << format;
        EXPECT_LE(plan.fewPanels, weights.panels) << cpu << " " << format;
        EXPECT_LT(plan.rows * plan.panels * each, info.numVectorRegisters)
            << cpu << " " << format << " " << tile(plan);
      }
}

TEST(Planner, Tuning) {
  Tuning tuning = llvm::cantFail(Tuning::parse("streams=4,rows=3,panels=2"));
  EXPECT_EQ(tuning.prefetchBytes, Tuning::unknown);
  TargetInfo info = target("x86-64-v3");
  info.tuning[unsigned(InnerLoop::Groups)].update(tuning);
  GemmPlan plan = planIntegerGemm(info, layout("int8:group=32"), 32);
  EXPECT_EQ(plan.fewPanels, 4);
  EXPECT_EQ(tile(plan), "3x2");
  // A weight of one panel has no second one.
  EXPECT_EQ(tile(planIntegerGemm(info, layout("int8:group=32", 16), 32)),
            "3x1");
  for (const char *text : {"rows", "rows=0", "rows=x", "streams=-1", "cols=3"})
    EXPECT_EQ(llvm::toString(Tuning::parse(text).takeError()),
              std::string("expected streams, prefetch-bytes, prefetch-rows, "
                          "rows or panels with a number of at least 1, got '") +
                  text + "'");
}

} // namespace
