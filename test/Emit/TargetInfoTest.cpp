//===- TargetInfoTest.cpp - processors as data --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Target/TargetInfo.h"

#include "gtest/gtest.h"

using namespace squint;

namespace {

TargetInfo get(llvm::StringRef triple, llvm::StringRef cpu,
               llvm::StringRef features = "") {
  llvm::Expected<TargetInfo> info = TargetInfo::get(triple, cpu, features);
  EXPECT_TRUE(bool(info)) << llvm::toString(info.takeError());
  return std::move(*info);
}

std::string error(llvm::StringRef triple, llvm::StringRef cpu,
                  llvm::StringRef features = "") {
  llvm::Expected<TargetInfo> info = TargetInfo::get(triple, cpu, features);
  return info ? "" : llvm::toString(info.takeError());
}

TEST(TargetInfo, X86Levels) {
  TargetInfo base = get("x86_64-linux-gnu", "x86-64");
  EXPECT_EQ(base.triple, "x86_64-unknown-linux-gnu");
  EXPECT_EQ(base.vectorBits, 128u);
  EXPECT_FALSE(base.avx2 || base.fma || base.f16c || base.avx512);
  TargetInfo v3 = get("x86_64-linux-gnu", "x86-64-v3");
  EXPECT_TRUE(v3.avx2 && v3.fma && v3.f16c);
  EXPECT_FALSE(v3.avx512 || v3.avx512Vnni);
  EXPECT_EQ(v3.vectorBits, 256u);
  EXPECT_EQ(v3.numVectorRegisters, 16u);
  EXPECT_EQ(v3.lanes(32), 8u);
  TargetInfo zen4 = get("x86_64-linux-gnu", "znver4");
  EXPECT_TRUE(zen4.avx512 && zen4.avx512Vnni && zen4.avx512Bf16);
  EXPECT_FALSE(zen4.avxVnni || zen4.amxInt8);
  EXPECT_EQ(zen4.vectorBits, 512u);
  EXPECT_EQ(zen4.numVectorRegisters, 32u);
  EXPECT_EQ(zen4.getTuning(InnerLoop::Groups).streams, 1);
  EXPECT_EQ(
      get("x86_64-linux-gnu", "znver3").getTuning(InnerLoop::Bytes).streams, 4);
  EXPECT_TRUE(get("x86_64-linux-gnu", "sapphirerapids").amxInt8);
  EXPECT_TRUE(get("x86_64-linux-gnu", "alderlake").avxVnni);
}

TEST(TargetInfo, Features) {
  TargetInfo info = get("x86_64-linux-gnu", "x86-64-v3", "+avxvnni,-bmi2");
  EXPECT_TRUE(info.avxVnni);
  EXPECT_TRUE(info.hasFeature("avx2"));
  EXPECT_FALSE(info.hasFeature("bmi2"));
  EXPECT_EQ(info.features, "+avxvnni,-bmi2");
}

TEST(TargetInfo, Arm) {
  TargetInfo base = get("aarch64-linux-gnu", "");
  EXPECT_EQ(base.cpu, "generic");
  EXPECT_EQ(base.arch, TargetInfo::Arch::AArch64);
  EXPECT_TRUE(base.fma);
  EXPECT_FALSE(base.dotProd || base.i8mm);
  EXPECT_EQ(base.numVectorRegisters, 32u);
  TargetInfo n2 = get("aarch64-linux-gnu", "neoverse-n2");
  EXPECT_TRUE(n2.dotProd && n2.i8mm && n2.bf16 && n2.sve);
  EXPECT_TRUE(get("aarch64-linux-gnu", "generic", "+dotprod").dotProd);
}

/// What `native` resolves to is found again from what it prints.
TEST(TargetInfo, NativeIsRecordedAsResolved) {
  TargetInfo native = get("", "native");
  EXPECT_NE(native.cpu, "native");
  TargetInfo again = get(native.triple, native.cpu, native.features);
  EXPECT_EQ(again.features, native.features);
  EXPECT_EQ(again.vectorBits, native.vectorBits);
  EXPECT_EQ(again.avx2, native.avx2);
  EXPECT_EQ(again.avx512Vnni, native.avx512Vnni);
}

TEST(TargetInfo, RequirementsAreInTheOrderOfWorth) {
  std::vector<std::string> ascending = {
      "x86-64",    "x86-64-v2",      "x86-64-v3", "alderlake",
      "x86-64-v4", "icelake-server", "znver4",    "sapphirerapids"};
  uint64_t last = 0;
  for (const std::string &cpu : ascending) {
    uint64_t mask = get("x86_64-linux-gnu", cpu).getRequirements();
    EXPECT_TRUE(mask > last || cpu == "x86-64") << cpu;
    last = mask;
  }
  EXPECT_EQ(get("x86_64-linux-gnu", "x86-64").getRequirements(), 0u);
  EXPECT_EQ(get("aarch64-linux-gnu", "neoverse-n2").getRequirements(), 0u);
  // What a hypervisor hides is not asked for.
  EXPECT_LT(get("x86_64-linux-gnu", "znver4", "-avx512vnni").getRequirements(),
            get("x86_64-linux-gnu", "znver4").getRequirements());
}

TEST(TargetInfo, SeveralInOneLibrary) {
  auto sort = [](std::vector<TargetInfo> targets) -> std::string {
    auto sorted = TargetInfo::sort(std::move(targets));
    if (!sorted)
      return llvm::toString(sorted.takeError());
    std::string names;
    for (const TargetInfo &target : *sorted)
      names += (names.empty() ? "" : ",") + target.cpu;
    return names;
  };
  llvm::StringRef x86 = "x86_64-linux-gnu", arm = "aarch64-linux-gnu";
  TargetInfo v3 = get(x86, "x86-64-v3"), v4 = get(x86, "x86-64-v4");
  EXPECT_EQ(sort({v3, v4}), "x86-64-v4,x86-64-v3");
  EXPECT_EQ(sort({v4, v3, get(x86, "sapphirerapids")}),
            "sapphirerapids,x86-64-v4,x86-64-v3");
  EXPECT_NE(sort({v3, get(arm, "neoverse-n1")}).find("of one triple"),
            std::string::npos);
  EXPECT_NE(sort({get(arm, "neoverse-n1"), get(arm, "neoverse-v1")})
                .find("expected one target of 'aarch64"),
            std::string::npos);
  EXPECT_NE(sort({v3, v3}).find("of which the second would never run"),
            std::string::npos);
  EXPECT_NE(sort({get(x86, "x86-64-v3", "+avxvnni"), v3}).find("twice"),
            std::string::npos);
}

TEST(TargetInfo, Gpus) {
  TargetInfo ampere = get("nvptx64-nvidia-cuda", "sm_80"),
             hopper = get("nvptx64-nvidia-cuda", "sm_90a");
  EXPECT_TRUE(ampere.isDevice() && hopper.isDevice());
  EXPECT_FALSE(ampere.isExact || ampere.wgmma);
  EXPECT_TRUE(hopper.isExact && hopper.wgmma);
  EXPECT_EQ(ampere.getRequirements(), 160u);
  EXPECT_EQ(hopper.getRequirements(), 181u);
  auto sorted = llvm::cantFail(TargetInfo::sort({ampere, hopper}));
  EXPECT_EQ(sorted.front().cpu, "sm_90a");
}

TEST(TargetInfo, Errors) {
  EXPECT_EQ(error("x86_64-linux-gnu", "nonesuch"),
            "unknown CPU 'nonesuch' for 'x86_64-unknown-linux-gnu'");
  EXPECT_EQ(error("riscv64-linux-gnu", ""),
            "expected a target of x86_64 or aarch64 on Linux, or "
            "nvptx64-nvidia-cuda, got 'riscv64-linux-gnu'");
  EXPECT_EQ(error("garbage", ""),
            "expected a target of x86_64 or aarch64 on Linux, or "
            "nvptx64-nvidia-cuda, got 'garbage'");
  EXPECT_EQ(error("nvptx64-nvidia-cuda", "sm_75"),
            "expected a GPU of sm_80 or later, sm_90a for one, got 'sm_75'");
  EXPECT_EQ(error("x86_64-linux-gnu", "x86-64", "+nonesuch"),
            "expected a feature of 'x86_64-unknown-linux-gnu' with + or -, got "
            "'+nonesuch'");
  EXPECT_EQ(error("x86_64-linux-gnu", "x86-64", "avx2"),
            "expected a feature of 'x86_64-unknown-linux-gnu' with + or -, got "
            "'avx2'");
}

} // namespace
