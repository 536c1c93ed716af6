//===- TargetInfo.cpp - a processor as data -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Target/TargetInfo.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace squint;

namespace {

/// What is known of processors: the others take the defaults.
struct Processor {
  StringLiteral cpu;
  int64_t l1, l2, l3;
  int64_t streams, prefetchBytes = 0;
  /// With the widest registers there are.
  unsigned productsPerCycle = 2, loadsPerCycle = 2;
};

constexpr int64_t KiB = 1 << 10, MiB = 1 << 20;

constexpr Processor processors[] = {
    {"haswell", 32 * KiB, 256 * KiB, 8 * MiB, 4},
    {"skylake", 32 * KiB, 256 * KiB, 8 * MiB, 4},
    {"skylake-avx512", 32 * KiB, 1 * MiB, 8 * MiB, 2, 4 * KiB},
    {"cascadelake", 32 * KiB, 1 * MiB, 8 * MiB, 2, 4 * KiB},
    {"icelake-server", 48 * KiB, 1280 * KiB, 8 * MiB, 2, 4 * KiB},
    {"alderlake", 48 * KiB, 1280 * KiB, 16 * MiB, 2, 0, 2, 3},
    {"sapphirerapids", 48 * KiB, 2 * MiB, 8 * MiB, 2, 4 * KiB},
    {"graniterapids", 48 * KiB, 2 * MiB, 8 * MiB, 2, 4 * KiB},
    {"znver1", 32 * KiB, 512 * KiB, 8 * MiB, 4, 0, 1, 1},
    {"znver2", 32 * KiB, 512 * KiB, 16 * MiB, 4},
    {"znver3", 32 * KiB, 512 * KiB, 32 * MiB, 4, 0, 2, 3},
    {"znver4", 32 * KiB, 1 * MiB, 32 * MiB, 1, 4 * KiB, 1, 2},
    {"znver5", 48 * KiB, 1 * MiB, 32 * MiB, 1, 6 * KiB},
    {"cortex-a72", 32 * KiB, 512 * KiB, 1 * MiB, 1, 0, 1, 1},
    {"cortex-a76", 64 * KiB, 512 * KiB, 2 * MiB, 1},
    {"neoverse-n1", 64 * KiB, 1 * MiB, 8 * MiB, 1},
    {"neoverse-v1", 64 * KiB, 1 * MiB, 8 * MiB, 1, 0, 4, 3},
    {"neoverse-n2", 64 * KiB, 1 * MiB, 8 * MiB, 1, 0, 2, 3},
    {"neoverse-v2", 64 * KiB, 2 * MiB, 16 * MiB, 1, 0, 4, 3},
    {"apple-m1", 128 * KiB, 12 * MiB, 12 * MiB, 1, 0, 4, 3},
};

/// One line of the table.
struct Tuned {
  StringLiteral cpu;
  InnerLoop loop;
  Tuning tuning;
};

constexpr Tuned tuned[] = {
#define SQUINT_TUNED(cpu, loop, ...) {cpu, InnerLoop::loop, {__VA_ARGS__}},
#include "Tuning.def"
#undef SQUINT_TUNED
};

void initializeTargets() {
  static const bool done = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeAArch64AsmParser();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)done;
}

template <typename... Args>
Error refuse(const char *format, Args... arguments) {
  return createStringError(inconvertibleErrorCode(), format, arguments...);
}

/// The differences between this machine and what LLVM expects of its CPU:
/// hypervisors hide features.
std::string getHostDifferences(const Target &target, const Triple &triple,
                               StringRef cpu) {
  std::unique_ptr<MCSubtargetInfo> base(
      target.createMCSubtargetInfo(triple, cpu, ""));
  std::vector<std::string> names;
  for (const auto &feature : sys::getHostCPUFeatures()) {
    StringRef name = feature.getKey();
    bool known = any_of(base->getAllProcessorFeatures(),
                        [&](const auto &f) { return name == f.Key; });
    if (known && base->checkFeatures(("+" + name).str()) != feature.getValue())
      names.push_back(((feature.getValue() ? "+" : "-") + name).str());
  }
  llvm::sort(names, [](StringRef a, StringRef b) {
    return a.drop_front() < b.drop_front();
  });
  return join(names, ",");
}

/// Of an architecture `sm_90a`: what it is and has. The code is written in the
/// least version of PTX that knows it, and what it has.
Error describeDevice(TargetInfo &info) {
  StringRef name = info.cpu;
  unsigned number = 0;
  bool isKnown = name.consume_front("sm_") && !name.consumeInteger(10, number);
  info.isExact = name == "a";
  if (!isKnown || !(name.empty() || info.isExact) || number < 80)
    return refuse("expected a GPU of sm_80 or later, sm_90a for one, got '%s'",
                  info.cpu.c_str());
  info.capability = number;
  info.wgmma = info.isExact && number == 90;
  if (info.features.empty())
    info.features = number >= 100 ? "+ptx88" : "+ptx84";
  return Error::success();
}

} // namespace

void Tuning::update(const Tuning &other) {
  for (int64_t Tuning::*field :
       {&Tuning::streams, &Tuning::prefetchBytes, &Tuning::prefetchRows,
        &Tuning::rows, &Tuning::panels})
    if (other.*field != unknown)
      this->*field = other.*field;
}

Expected<Tuning> Tuning::parse(StringRef text) {
  Tuning tuning;
  SmallVector<StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    auto [name, number] = part.split('=');
    int64_t *field = StringSwitch<int64_t *>(name)
                         .Case("streams", &tuning.streams)
                         .Case("prefetch-bytes", &tuning.prefetchBytes)
                         .Case("prefetch-rows", &tuning.prefetchRows)
                         .Case("rows", &tuning.rows)
                         .Case("panels", &tuning.panels)
                         .Default(nullptr);
    int64_t least = name == "prefetch-bytes" ? 0 : 1;
    if (!field || number.getAsInteger(10, *field) || *field < least ||
        *field > 1 << 20)
      return refuse("expected streams, prefetch-bytes, prefetch-rows, rows or "
                    "panels with a number of at least %d, got '%s'",
                    int(least), part.str().c_str());
  }
  return tuning;
}

bool TargetInfo::hasFeature(StringRef name) const {
  return std::binary_search(enabled.begin(), enabled.end(), name);
}

Expected<TargetInfo> TargetInfo::get(StringRef givenTriple, StringRef cpu,
                                     StringRef features) {
  initializeTargets();
  Triple host(Triple::normalize(sys::getDefaultTargetTriple()));
  Triple triple = givenTriple.empty() || givenTriple == "native"
                      ? host
                      : Triple(Triple::normalize(givenTriple));
  // Debian's own spelling has no vendor; LLVM's `pc` and `unknown` mean the
  // same.
  if (triple.getVendor() == Triple::PC)
    triple.setVendor(Triple::UnknownVendor);

  bool isDevice =
      triple.getArch() == Triple::nvptx64 && triple.getOS() == Triple::CUDA;
  bool supported = isDevice || ((triple.getArch() == Triple::x86_64 ||
                                 triple.getArch() == Triple::aarch64) &&
                                triple.isOSBinFormatELF() &&
                                triple.isOSLinux() && !triple.isX32());
  std::string error;
  const Target *target =
      supported ? TargetRegistry::lookupTarget(triple, error) : nullptr;
  if (!target)
    return refuse("expected a target of x86_64 or aarch64 on Linux, or "
                  "nvptx64-nvidia-cuda, got '%s'",
                  givenTriple.str().c_str());

  TargetInfo info;
  info.triple = triple.str();
  info.arch = isDevice                             ? Arch::NVPTX
              : triple.getArch() == Triple::x86_64 ? Arch::X86_64
                                                   : Arch::AArch64;

  bool isHost = triple.getArch() == host.getArch();
  bool native = cpu == "native" || (cpu.empty() && isHost);
  if (native && !isHost)
    return refuse("expected the name of a CPU for '%s', got 'native' on a "
                  "machine of another architecture",
                  info.triple.c_str());
  if (native)
    info.cpu = sys::getHostCPUName().str();
  else
    info.cpu = !cpu.empty()                ? cpu.str()
               : isDevice                  ? "sm_80"
               : info.arch == Arch::X86_64 ? "x86-64"
                                           : "generic";

  std::unique_ptr<MCSubtargetInfo> base(
      target->createMCSubtargetInfo(triple, "", ""));
  if (native && !base->isCPUStringValid(info.cpu))
    info.cpu = info.arch == Arch::X86_64 ? "x86-64" : "generic";
  if (!base->isCPUStringValid(info.cpu))
    return refuse("unknown CPU '%s' for '%s'", info.cpu.c_str(),
                  info.triple.c_str());

  SmallVector<StringRef> parts;
  features.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    StringRef name = part.trim();
    bool sign = name.consume_front("+") || name.consume_front("-");
    bool known = any_of(base->getAllProcessorFeatures(),
                        [&](const auto &f) { return name == f.Key; });
    if (!sign || !known)
      return refuse("expected a feature of '%s' with + or -, got '%s'",
                    info.triple.c_str(), part.str().c_str());
  }
  if (native)
    info.features = getHostDifferences(*target, triple, info.cpu);
  if (!features.empty())
    info.features += (info.features.empty() ? "" : ",") + features.str();
  if (isDevice)
    if (Error error = describeDevice(info))
      return error;

  std::unique_ptr<MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, info.cpu, info.features));
  for (const auto &feature : subtarget->getAllProcessorFeatures())
    if (subtarget->checkFeatures((Twine("+") + feature.Key).str()))
      info.enabled.push_back(feature.Key);
  llvm::sort(info.enabled);

  auto has = [&](StringRef name) { return info.hasFeature(name); };
  if (info.arch == Arch::X86_64) {
    info.fma = has("fma");
    info.f16c = has("f16c");
    info.avx2 = has("avx2") && info.fma && info.f16c;
    info.avx512 = info.avx2 && has("avx512f") && has("avx512bw") &&
                  has("avx512cd") && has("avx512dq") && has("avx512vl");
    info.avx512Vnni = info.avx512 && has("avx512vnni");
    info.avxVnni = info.avx2 && has("avxvnni");
    info.avx512Bf16 = info.avx512 && has("avx512bf16");
    info.amxInt8 = info.avx512 && has("amx-int8");
    info.amxBf16 = info.avx512 && has("amx-bf16");
    info.vectorBits = info.avx512 ? 512 : has("avx") ? 256 : 128;
    info.numVectorRegisters = info.avx512 ? 32 : 16;
  } else if (isDevice) {
    info.fma = info.f16c = true;
  } else {
    info.fma = info.f16c = true;
    info.dotProd = has("dotprod");
    info.i8mm = has("i8mm");
    info.bf16 = has("bf16");
    info.sve = has("sve");
    info.numVectorRegisters = 32;
  }
  bool wide = info.avx512 || info.arch != Arch::X86_64;
  Tuning all;
  all.streams = wide ? 1 : 4;
  all.prefetchBytes = info.avx512 ? 4 * KiB : 0;
  all.prefetchRows = 4;
  for (const Processor &processor : processors)
    if (processor.cpu == info.cpu) {
      info.l1Bytes = processor.l1;
      info.l2Bytes = processor.l2;
      info.l3Bytes = processor.l3;
      info.productsPerCycle = processor.productsPerCycle;
      info.loadsPerCycle = processor.loadsPerCycle;
      all.streams = processor.streams;
      all.prefetchBytes = processor.prefetchBytes;
    }
  info.tuning.fill(all);
  for (const Tuned &line : tuned)
    if (line.cpu == info.cpu)
      info.tuning[unsigned(line.loop)].update(line.tuning);
  return info;
}

uint64_t TargetInfo::getRequirements() const {
  if (isDevice())
    return 2 * capability + isExact;
  if (arch != Arch::X86_64)
    return 0;
  static constexpr StringLiteral names[] = {
#define SQUINT_CPU_FEATURE(name, llvm, word, bit, state) llvm,
#include "squint/Runtime/CpuFeatures.def"
  };
  uint64_t mask = 0;
  for (auto [bit, name] : enumerate(names))
    mask |= uint64_t(hasFeature(name)) << bit;
  return mask;
}

TargetInfo TargetInfo::getBaseline() const {
  return cantFail(get(triple, arch == Arch::X86_64 ? "x86-64" : "generic"));
}

Expected<std::vector<TargetInfo>>
TargetInfo::sort(std::vector<TargetInfo> targets) {
  llvm::sort(targets, [](const TargetInfo &a, const TargetInfo &b) {
    return std::make_pair(b.getRequirements(), StringRef(a.cpu)) <
           std::make_pair(a.getRequirements(), StringRef(b.cpu));
  });
  for (size_t i = 1; i < targets.size(); ++i) {
    const TargetInfo &a = targets[i - 1], &b = targets[i];
    if (a.triple != b.triple)
      return refuse("expected targets of one triple in one library, got '%s' "
                    "and '%s'",
                    a.triple.c_str(), b.triple.c_str());
    if (a.arch == Arch::AArch64)
      return refuse("expected one target of '%s', got '%s' and '%s': libraries "
                    "choose between those of x86_64 and GPUs only",
                    a.triple.c_str(), a.cpu.c_str(), b.cpu.c_str());
    if (a.getRequirements() == b.getRequirements())
      return refuse("expected targets that ask for different features, got "
                    "'%s' and '%s', of which the second would never run",
                    a.cpu.c_str(), b.cpu.c_str());
    if (any_of(ArrayRef(targets).take_front(i),
               [&](const TargetInfo &other) { return other.cpu == b.cpu; }))
      return refuse("expected every CPU once, got '%s' twice", b.cpu.c_str());
  }
  return targets;
}

std::unique_ptr<TargetMachine>
TargetInfo::createMachine(CodeGenOptLevel level) const {
  initializeTargets();
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(Triple(triple), error);
  TargetOptions options;
  // Every fused multiply-add is written as one; none may appear or vanish.
  options.AllowFPOpFusion = FPOpFusion::Strict;
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(Triple(triple), cpu, features, options,
                                  Reloc::PIC_, CodeModel::Small, level));
}
