//===- CodeGen.cpp - from the llvm stage to machine code ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "CodeGen.h"

#include "squint/Dialect/Squint/Squint.h"
#include "squint/Kernels/Targets.h"
#include "squint/Runtime/RuntimeBitcode.h"
#include "squint/Target/Optimize.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace squint;

/// What the runtime calls from the model, and the model from the runtime.
static constexpr llvm::StringLiteral modelEntries[] = {
    "squint_plan", "squint_run", "squint_shapes"};
static constexpr llvm::StringLiteral apiPrefix = "squint_api_";

/// The model's code is for its processors; the runtime's stays portable, so
/// that creating a model on another one fails with an error code.
static void setTargets(ModuleOp op, llvm::Module &module,
                       const ModelInfo &info) {
  // Of the clones, the others being for the common target.
  llvm::StringMap<const TargetInfo *> own;
  for (auto function : op.getOps<LLVM::LLVMFuncOp>())
    if (auto attr = function->getAttrOfType<TargetAttr>(kTargetAttr))
      for (const TargetInfo &target : info.targets)
        if (target.cpu == attr.getCpu())
          own[function.getSymName()] = &target;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    const TargetInfo *given = own.lookup(function.getName());
    setTarget(function, given ? *given : info.target);
    function.addFnAttr(llvm::Attribute::NoUnwind);
    // Those that a model begins with hold calls only and run once; of a deep
    // model they are most of the code.
    if (llvm::is_contained(modelEntries, function.getName())) {
      function.addFnAttr(llvm::Attribute::OptimizeForSize);
      function.addFnAttr(llvm::Attribute::MinSize);
    }
    // What is launched keeps its name in profiles.
    if (function.hasAddressTaken())
      function.addFnAttr(llvm::Attribute::NoInline);
  }
}

/// The target that `setTargets` gave a function.
static const TargetInfo &getTarget(const llvm::Function &function,
                                   const ModelInfo &info) {
  llvm::StringRef cpu =
      function.getFnAttribute("target-cpu").getValueAsString();
  for (const TargetInfo &target : info.targets)
    if (target.cpu == cpu)
      return target;
  return info.target;
}

static LogicalResult linkRuntime(ModuleOp op, llvm::Module &module,
                                 const TargetInfo &target) {
  llvm::StringRef bitcode =
      getRuntimeBitcode(llvm::Triple(target.triple).getArch());
  auto runtime = llvm::parseBitcodeFile(
      llvm::MemoryBufferRef(bitcode, "runtime"), module.getContext());
  if (!runtime)
    return emitError(op.getLoc()) << "cannot read the runtime: "
                                  << llvm::toString(runtime.takeError());
  (*runtime)->setTargetTriple(module.getTargetTriple());
  (*runtime)->setDataLayout(module.getDataLayout());
  // Its flags (PIC level, frame pointers) would be merged with those that the
  // model does not have.
  if (llvm::NamedMDNode *flags = (*runtime)->getModuleFlagsMetadata())
    flags->eraseFromParent();
  if (llvm::NamedMDNode *ident = (*runtime)->getNamedMetadata("llvm.ident"))
    ident->eraseFromParent();
  if (llvm::Linker::linkModules(module, std::move(*runtime)))
    return emitError(op.getLoc()) << "cannot link the runtime";
  return success();
}

/// Everything becomes internal; the functions of the interface are reached
/// from outside through aliases, so that calls inside are direct.
static void exportInterface(llvm::Module &module, llvm::StringRef prefix) {
  llvm::SmallVector<llvm::Function *> interface;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.setVisibility(llvm::GlobalValue::DefaultVisibility);
    function.setLinkage(llvm::GlobalValue::InternalLinkage);
    if (function.getName().starts_with(apiPrefix))
      interface.push_back(&function);
  }
  for (llvm::GlobalVariable &variable : module.globals())
    if (!variable.isDeclaration() && !variable.hasAppendingLinkage()) {
      variable.setVisibility(llvm::GlobalValue::DefaultVisibility);
      variable.setLinkage(llvm::GlobalValue::InternalLinkage);
    }
  for (llvm::Function *function : interface)
    llvm::GlobalAlias::create(
        function->getValueType(), 0, llvm::GlobalValue::ExternalLinkage,
        prefix + "_" + function->getName().drop_front(apiPrefix.size()),
        function, &module);
}

/// What neither LLVM's passes nor the processor do.
static void expand(llvm::Module &module, const ModelInfo &info) {
  for (llvm::Function &function : module)
    expandHalfConversions(function, getTarget(function, info));
  expandSingleLaneStores(module);
}

FailureOr<CompiledModel> squint::generateCode(ModuleOp op,
                                              const ModelInfo &info,
                                              const CodeGenOptions &options) {
  CompiledModel result;
  result.context = std::make_unique<llvm::LLVMContext>();
  result.module = translateModuleToLLVMIR(op, *result.context, options.prefix);
  if (!result.module)
    return emitError(op.getLoc()) << "cannot translate the module to LLVM IR";
  llvm::Module &module = *result.module;

  constexpr llvm::CodeGenOptLevel levels[] = {
      llvm::CodeGenOptLevel::None, llvm::CodeGenOptLevel::Less,
      llvm::CodeGenOptLevel::Default, llvm::CodeGenOptLevel::Aggressive};
  result.machine =
      info.target.createMachine(levels[std::min(options.optLevel, 3u)]);
  module.setTargetTriple(llvm::Triple(info.target.triple));
  module.setDataLayout(result.machine->createDataLayout());
  module.setSourceFileName(options.prefix);
  module.setPICLevel(llvm::PICLevel::BigPIC);

  for (llvm::StringRef name : modelEntries) {
    llvm::Function *function = module.getFunction(name);
    if (!function || function->isDeclaration())
      return emitError(op.getLoc())
             << "expected the function '" << name << "' of a lowered model";
  }
  setTargets(op, module, info);
  if (failed(linkRuntime(op, module, info.target)))
    return failure();
  describeModel(module, info, options);
  exportInterface(module, options.prefix);

  std::string errors;
  llvm::raw_string_ostream stream(errors);
  if (llvm::verifyModule(module, &stream))
    return emitError(op.getLoc())
           << "the module is not valid as LLVM IR: " << errors;
  optimize(module, *result.machine, options.optLevel);
  // Afterwards, since the optimiser may still fold conversions and masks.
  expand(module, info);
  return result;
}

LogicalResult squint::writeMachineCode(ModuleOp op, CompiledModel &model,
                                       llvm::CodeGenFileType type,
                                       llvm::SmallVectorImpl<char> &out) {
  llvm::raw_svector_ostream stream(out);
  llvm::legacy::PassManager passes;
  if (model.machine->addPassesToEmitFile(passes, stream, nullptr, type))
    return emitError(op.getLoc()) << "cannot generate code of this kind";
  passes.run(*model.module);
  return success();
}

/// What LLVM may call for an instruction that a target lacks, and what the
/// runtime calls.
static const llvm::StringSet<> &getSystemFunctions() {
  static const llvm::StringSet<> names = {
      // libc
      "__errno_location", "__sched_cpucount", "abort", "bcmp", "clock_gettime",
      "close", "dladdr", "dlclose", "dlopen", "dlsym", "free", "fstat",
      "madvise", "memcmp", "memcpy", "memmove", "memset", "mmap", "munmap",
      "open", "posix_memalign", "pthread_cond_broadcast",
      "pthread_cond_destroy", "pthread_cond_init", "pthread_cond_wait",
      "pthread_create", "pthread_join", "pthread_mutex_destroy",
      "pthread_mutex_init", "pthread_mutex_lock", "pthread_mutex_unlock",
      "pthread_sigmask", "read", "sched_getaffinity", "sched_yield",
      "sigfillset", "snprintf", "stpcpy", "strchr", "strcpy", "strcspn",
      "strerror", "strlen", "strcmp", "strrchr", "strstr", "syscall", "sysconf",
      "vsnprintf",
      // libm
      "acos", "acosf", "acosh", "acoshf", "asin", "asinf", "asinh", "asinhf",
      "atan", "atan2", "atan2f", "atanf", "atanh", "atanhf", "cbrt", "cbrtf",
      "ceil", "ceilf", "copysign", "copysignf", "cos", "cosf", "cosh", "coshf",
      "erf", "erff", "exp", "exp10", "exp10f", "exp2", "exp2f", "expf", "expm1",
      "expm1f", "fabs", "fabsf", "floor", "floorf", "fma", "fmaf", "fmax",
      "fmaxf", "fmin", "fminf", "fmod", "fmodf", "frexp", "frexpf", "ldexp",
      "ldexpf", "llrint", "llrintf", "log", "log10", "log10f", "log1p",
      "log1pf", "log2", "log2f", "logf", "lrint", "lrintf", "modf", "modff",
      "nearbyint", "nearbyintf", "pow", "powf", "rint", "rintf", "round",
      "roundeven", "roundevenf", "roundf", "sin", "sincos", "sincosf", "sinf",
      "sinh", "sinhf", "sqrt", "sqrtf", "tan", "tanf", "tanh", "tanhf", "trunc",
      "truncf"};
  return names;
}

LogicalResult squint::checkUndefined(ModuleOp op, llvm::ArrayRef<char> object,
                                     llvm::StringRef prefix) {
  auto file = llvm::object::ObjectFile::createELFObjectFile(
      llvm::MemoryBufferRef({object.data(), object.size()}, "object"));
  if (!file)
    return emitError(op.getLoc()) << llvm::toString(file.takeError());
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    llvm::Expected<uint32_t> flags = symbol.getFlags();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!flags || !name)
      return emitError(op.getLoc()) << "cannot read the symbols of the object";
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty() &&
        *name != "_GLOBAL_OFFSET_TABLE_" && *name != getWeightsSymbol(prefix) &&
        !getSystemFunctions().contains(*name))
      return emitError(op.getLoc())
             << "expected code that needs libc and libm only, "
                "got a call of '"
             << *name << "'";
  }
  return success();
}
