//===- DeviceCode.cpp - kernels of GPUs to PTX and cubins -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "CodeGen.h"
#include "Files.h"

#include "squint/Dialect/Squint/Squint.h"
#include "squint/Kernels/Targets.h"
#include "squint/Target/Optimize.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace squint;

static void prepare(llvm::Module &module, const TargetInfo &target) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    setTarget(function, target);
    function.addFnAttr(llvm::Attribute::NoUnwind);
    if (function.getCallingConv() != llvm::CallingConv::PTX_Kernel) {
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
      function.addFnAttr(llvm::Attribute::AlwaysInline);
    }
    // What threads do together does not move under a condition.
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction))
        if (auto *text =
                llvm::dyn_cast<llvm::InlineAsm>(call->getCalledOperand());
            text && text->hasSideEffects())
          call->setConvergent();
  }
}

/// PTX of one module.
static FailureOr<std::string>
compile(gpu::GPUModuleOp op, const TargetInfo &target, unsigned optLevel) {
  auto refuse = [&] { return emitError(op.getLoc()); };
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(op, context, target.cpu);
  if (!module)
    return refuse() << "cannot translate the kernels to LLVM IR";
  std::unique_ptr<llvm::TargetMachine> machine =
      target.createMachine(llvm::CodeGenOptLevel::Aggressive);
  module->setTargetTriple(llvm::Triple(target.triple));
  module->setDataLayout(machine->createDataLayout());
  prepare(*module, target);
  std::string errors;
  llvm::raw_string_ostream stream(errors);
  if (llvm::verifyModule(*module, &stream))
    return refuse() << "the kernels are not valid as LLVM IR: " << errors;
  optimize(*module, *machine, optLevel);
  for (llvm::Function &function : *module)
    if (function.isDeclaration() && !function.isIntrinsic() &&
        !function.use_empty())
      return refuse() << "expected kernels that a GPU has all functions for, "
                         "got a call of '"
                      << function.getName() << "'";
  llvm::SmallVector<char, 0> text;
  llvm::raw_svector_ostream out(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, out, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return refuse() << "cannot generate code for " << target.cpu;
  passes.run(*module);
  return std::string(text.begin(), text.end());
}

FailureOr<std::vector<std::string>>
squint::generateDeviceCode(ModuleOp module, const ModelInfo &info,
                           unsigned optLevel) {
  std::vector<std::string> texts;
  for (const TargetInfo &target : info.targets) {
    gpu::GPUModuleOp found;
    for (auto op : module.getOps<gpu::GPUModuleOp>())
      if (auto attr = op->getAttrOfType<TargetAttr>(kTargetAttr);
          attr && attr.getCpu() == target.cpu)
        found = op;
    if (!found)
      return module.emitError() << "expected a gpu.module for " << target.cpu;
    FailureOr<std::string> text = compile(found, target, optLevel);
    if (failed(text))
      return failure();
    texts.push_back(std::move(*text));
  }
  return texts;
}

/// The path of ptxas, empty where there is none.
static std::string findAssembler(StringRef program) {
  if (!program.empty())
    return program.str();
  SmallVector<std::string, 2> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *folder = std::getenv(variable))
      folders.push_back(std::string(folder) + "/bin");
  folders.push_back("/usr/local/cuda/bin");
  if (auto found = llvm::sys::findProgramByName("ptxas"))
    return *found;
  SmallVector<StringRef> names(folders.begin(), folders.end());
  if (auto found = llvm::sys::findProgramByName("ptxas", names))
    return *found;
  return "";
}

/// Machine code of PTX.
static FailureOr<std::string> assemble(ModuleOp module, StringRef text,
                                       const TargetInfo &target,
                                       StringRef program) {
  auto refuse = [&] { return module.emitError(); };
  llvm::SmallString<128> source, result;
  for (auto [path, suffix] :
       {std::pair(&source, "ptx"), std::pair(&result, "cubin")})
    if (std::error_code error =
            llvm::sys::fs::createTemporaryFile("squint", suffix, *path))
      return refuse() << "cannot make a temporary file: " << error.message();
  llvm::FileRemover removers[] = {llvm::FileRemover(source),
                                  llvm::FileRemover(result)};
  llvm::Error error = llvm::writeToOutput(source, [&](llvm::raw_ostream &os) {
    os << text;
    return llvm::Error::success();
  });
  if (!error)
    error = runProgram({program, "-arch=" + target.cpu, source, "-o", result});
  if (error)
    return refuse() << llvm::toString(std::move(error));
  auto binary = llvm::MemoryBuffer::getFile(result);
  if (!binary)
    return refuse() << result << ": " << binary.getError().message();
  return (*binary)->getBuffer().str();
}

FailureOr<std::vector<DeviceImage>>
squint::makeDeviceImages(ModuleOp module, const ModelInfo &info,
                         unsigned optLevel, StringRef program) {
  FailureOr<std::vector<std::string>> texts =
      generateDeviceCode(module, info, optLevel);
  if (failed(texts))
    return failure();
  std::string assembler = findAssembler(program);
  std::vector<DeviceImage> images;
  for (auto [i, text] : llvm::enumerate(*texts)) {
    const TargetInfo &target = info.targets[i];
    if (!assembler.empty()) {
      FailureOr<std::string> binary = assemble(module, text, target, assembler);
      if (failed(binary))
        return failure();
      images.push_back({*binary, static_cast<uint32_t>(i), false});
    }
    images.push_back({text + '\0', static_cast<uint32_t>(i), true});
  }
  return images;
}
