//===- HalfTest.cpp - conversions without libgcc ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "CodeGen.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace squint;

namespace {

constexpr char conversions[] = R"(
define void @half_to_float(ptr %in, ptr %out) {
  %x = load <8 x half>, ptr %in, align 2
  %y = fpext <8 x half> %x to <8 x float>
  store <8 x float> %y, ptr %out, align 4
  ret void
}
define void @half_to_double(ptr %in, ptr %out) {
  %x = load <8 x half>, ptr %in, align 2
  %y = fpext <8 x half> %x to <8 x double>
  store <8 x double> %y, ptr %out, align 8
  ret void
}
define void @float_to_half(ptr %in, ptr %out) {
  %x = load <8 x float>, ptr %in, align 4
  %y = fptrunc <8 x float> %x to <8 x half>
  store <8 x half> %y, ptr %out, align 2
  ret void
}
define void @double_to_half(ptr %in, ptr %out) {
  %x = load <8 x double>, ptr %in, align 8
  %y = fptrunc <8 x double> %x to <8 x half>
  store <8 x half> %y, ptr %out, align 2
  ret void
}
define void @float_to_bfloat(ptr %in, ptr %out) {
  %x = load <8 x float>, ptr %in, align 4
  %y = fptrunc <8 x float> %x to <8 x bfloat>
  store <8 x bfloat> %y, ptr %out, align 2
  ret void
}
define void @double_to_bfloat(ptr %in, ptr %out) {
  %x = load <8 x double>, ptr %in, align 8
  %y = fptrunc <8 x double> %x to <8 x bfloat>
  store <8 x bfloat> %y, ptr %out, align 2
  ret void
}
)";

/// What models do with these types, scalar.
constexpr char arithmetic[] = R"(
declare half @llvm.fma.f16(half, half, half)
declare bfloat @llvm.maxnum.bf16(bfloat, bfloat)
declare half @llvm.fabs.f16(half)
define half @f16(half %a, half %b, i32 %i) {
  %1 = fadd half %a, %b
  %2 = call half @llvm.fma.f16(half %1, half %a, half %b)
  %3 = sitofp i32 %i to half
  %4 = fmul half %2, %3
  %5 = call half @llvm.fabs.f16(half %4)
  %6 = fcmp olt half %5, %a
  %7 = select i1 %6, half %5, half %b
  ret half %7
}
define bfloat @bf16(bfloat %a, bfloat %b, i64 %i) {
  %1 = fdiv bfloat %a, %b
  %2 = call bfloat @llvm.maxnum.bf16(bfloat %1, bfloat %a)
  %3 = uitofp i64 %i to bfloat
  %4 = fsub bfloat %2, %3
  ret bfloat %4
}
define i32 @to_int(half %a, bfloat %b) {
  %1 = fptosi half %a to i32
  %2 = fptoui bfloat %b to i32
  %3 = add i32 %1, %2
  ret i32 %3
}
define double @wide(half %a, bfloat %b) {
  %1 = fpext half %a to double
  %2 = fpext bfloat %b to double
  %3 = fadd double %1, %2
  ret double %3
}
)";

struct Compiled {
  std::unique_ptr<llvm::LLVMContext> context =
      std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module;
  llvm::SmallVector<char, 0> object;
};

Compiled compile(const char *text, const TargetInfo &target) {
  Compiled result;
  llvm::SMDiagnostic error;
  result.module = llvm::parseAssemblyString(text, error, *result.context);
  EXPECT_TRUE(bool(result.module)) << error.getMessage().str();
  auto machine = target.createMachine(llvm::CodeGenOptLevel::Default);
  result.module->setTargetTriple(llvm::Triple(target.triple));
  result.module->setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : *result.module)
    expandHalfConversions(function, target);
  llvm::legacy::PassManager passes;
  llvm::raw_svector_ostream stream(result.object);
  EXPECT_FALSE(machine->addPassesToEmitFile(passes, stream, nullptr,
                                            llvm::CodeGenFileType::ObjectFile));
  passes.run(*result.module);
  return result;
}

TEST(Half, NoFunctionOfLibgccIsCalled) {
  for (auto [triple, cpu] : {std::pair("x86_64-linux-gnu", "x86-64"),
                             std::pair("x86_64-linux-gnu", "x86-64-v3"),
                             std::pair("x86_64-linux-gnu", "x86-64-v4"),
                             std::pair("x86_64-linux-gnu", "znver4"),
                             std::pair("x86_64-linux-gnu", "sapphirerapids"),
                             std::pair("aarch64-linux-gnu", "generic"),
                             std::pair("aarch64-linux-gnu", "neoverse-n2")})
    for (const char *text : {conversions, arithmetic}) {
      Compiled compiled = compile(text, cantFail(TargetInfo::get(triple, cpu)));
      auto file =
          llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(
              {compiled.object.data(), compiled.object.size()}, "object"));
      ASSERT_TRUE(bool(file));
      for (const auto &symbol : (*file)->symbols()) {
        std::string name = cantFail(symbol.getName()).str();
        // x86-64 has no FMA; libm does.
        if (name != "fmaf" && (cantFail(symbol.getFlags()) &
                               llvm::object::SymbolRef::SF_Undefined))
          EXPECT_EQ(name, "") << cpu;
      }
    }
}

#if defined(__x86_64__)

/// value rounded to `digits` bits of significand with the least exponent, in
/// double: exact, since both types have less than half of double's digits.
double roundTo(double value, int digits, int minExponent, double max) {
  if (!std::isfinite(value) || value == 0)
    return value;
  int exponent = std::max(std::ilogb(value), minExponent);
  // rint is to nearest even; ldexp is exact here.
  double rounded =
      std::ldexp(std::rint(std::ldexp(value, digits - 1 - exponent)),
                 exponent - digits + 1);
  return std::fabs(rounded) > max ? std::copysign(INFINITY, value) : rounded;
}

double halfValue(uint16_t bits) {
  int exponent = bits >> 10 & 31, significand = bits & 1023;
  double value = exponent == 31 ? (significand ? NAN : INFINITY)
                 : exponent == 0
                     ? std::ldexp(significand, -24)
                     : std::ldexp(significand + 1024, exponent - 25);
  return bits >> 15 ? -value : value;
}

double bfloatValue(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

void expectSame(double got, double want, double from) {
  if (std::isnan(want)) {
    EXPECT_TRUE(std::isnan(got)) << from;
    return;
  }
  ASSERT_EQ(got, want) << std::hexfloat << from;
  ASSERT_EQ(std::signbit(got), std::signbit(want)) << from;
}

class HalfConversions : public ::testing::TestWithParam<const char *> {
protected:
  HalfConversions() {
    Compiled compiled =
        compile(conversions, cantFail(TargetInfo::get("", GetParam())));
    jit = cantFail(llvm::orc::LLJITBuilder()
                       .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                       .create());
    cantFail(jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
        llvm::StringRef(compiled.object.data(), compiled.object.size()))));
  }

  template <typename To, typename From>
  std::vector<To> run(const char *name, std::vector<From> in) {
    auto *function =
        cantFail(jit->lookup(name)).toPtr<void (*)(const From *, To *)>();
    in.resize((in.size() + 7) / 8 * 8);
    std::vector<To> out(in.size());
    for (size_t i = 0; i < in.size(); i += 8)
      function(&in[i], &out[i]);
    return out;
  }

  /// All the values of the narrow type, what lies half way between two of
  /// them, that less and more by the last place, and random bits.
  template <typename T>
  static std::vector<T> samples(double (*valueOf)(uint16_t)) {
    std::vector<T> values;
    for (int bits = 0; bits < 0x10000; ++bits) {
      double here = valueOf(bits), next = valueOf(bits + 1 & 0xffff);
      T middle = T(here / 2 + next / 2);
      for (T value : {T(here), middle, std::nextafter(middle, T(INFINITY)),
                      std::nextafter(middle, T(-INFINITY))})
        values.push_back(value);
    }
    std::mt19937_64 random(7);
    for (int i = 0; i < 200000; ++i) {
      uint64_t bits = random();
      T value;
      std::memcpy(&value, &bits, sizeof(value));
      values.push_back(value);
    }
    values.push_back(std::numeric_limits<T>::quiet_NaN());
    return values;
  }

  std::unique_ptr<llvm::orc::LLJIT> jit;
};

TEST_P(HalfConversions, FromHalf) {
  std::vector<uint16_t> all(0x10000);
  for (int i = 0; i < 0x10000; ++i)
    all[i] = i;
  auto floats = run<float>("half_to_float", all);
  auto doubles = run<double>("half_to_double", all);
  for (int i = 0; i < 0x10000; ++i) {
    expectSame(floats[i], halfValue(i), i);
    expectSame(doubles[i], halfValue(i), i);
  }
}

template <typename T>
void expectHalf(const std::vector<T> &in, const std::vector<uint16_t> &out) {
  for (size_t i = 0; i < in.size(); ++i)
    expectSame(halfValue(out[i]), roundTo(in[i], 11, -14, 65504), in[i]);
}

template <typename T>
void expectBfloat(const std::vector<T> &in, const std::vector<uint16_t> &out) {
  for (size_t i = 0; i < in.size(); ++i)
    expectSame(bfloatValue(out[i]), roundTo(in[i], 8, -126, 0x1.fep127), in[i]);
}

TEST_P(HalfConversions, ToHalf) {
  auto floats = samples<float>(halfValue);
  expectHalf(floats, run<uint16_t>("float_to_half", floats));
  auto doubles = samples<double>(halfValue);
  expectHalf(doubles, run<uint16_t>("double_to_half", doubles));
}

TEST_P(HalfConversions, ToBfloat) {
  auto floats = samples<float>(bfloatValue);
  expectBfloat(floats, run<uint16_t>("float_to_bfloat", floats));
  auto doubles = samples<double>(bfloatValue);
  expectBfloat(doubles, run<uint16_t>("double_to_bfloat", doubles));
}

INSTANTIATE_TEST_SUITE_P(Targets, HalfConversions,
                         ::testing::Values("x86-64", "native"),
                         [](const auto &info) {
                           return std::string(info.index ? "Native"
                                                         : "Baseline");
                         });

#endif // __x86_64__

} // namespace
