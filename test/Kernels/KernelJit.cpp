//===- KernelJit.cpp - single kernels as callable code ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "KernelJit.h"
#include "CodeGen.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "squint/Conversion/Passes.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Target/Optimize.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace mlir;
using namespace squint;
using namespace squint::test;

std::unique_ptr<MLIRContext> KernelJit::createContext() {
  static const bool registered = [] {
    mlir::registerTransformsPasses();
    mlir::registerConversionPasses();
    memref::registerMemRefPasses();
    registerConvertKernelToVector();
    registerConvertKernelToX86();
    registerConvertKernelToArm();
    registerConvertKernelToGeneric();
    registerExpandMath();
    return true;
  }();
  (void)registered;
  DialectRegistry registry;
  registry.insert<SquintDialect, kernel::KernelDialect, affine::AffineDialect,
                  arith::ArithDialect, cf::ControlFlowDialect,
                  func::FuncDialect, index::IndexDialect, linalg::LinalgDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
  registerAllToLLVMIRTranslations(registry);
  return std::make_unique<MLIRContext>(registry,
                                       MLIRContext::Threading::DISABLED);
}

std::unique_ptr<KernelJit> KernelJit::compile(MLIRContext &context,
                                              const std::string &text,
                                              const TargetInfo &target,
                                              Products products,
                                              const std::string &tuning) {
  OwningOpRef<ModuleOp> op = parseSourceString<ModuleOp>(text, &context);
  if (!op)
    return nullptr;
  (*op)->setAttr(
      kTargetsAttr,
      ArrayAttr::get(&context, TargetAttr::get(&context, target.triple,
                                               target.cpu, target.features)));
  PassManager passes(&context);
  std::string pipeline = "convert-kernel-to-vector{tuning=" + tuning + "},";
  if (products == Products::Native)
    pipeline += "convert-kernel-to-x86,convert-kernel-to-arm,";
  pipeline += "convert-kernel-to-generic,squint-expand-math,canonicalize,cse,"
              "convert-scf-to-cf,expand-strided-metadata,"
              "lower-affine,convert-vector-to-llvm,finalize-memref-to-llvm,"
              "convert-math-to-llvm,convert-arith-to-llvm,"
              "convert-index-to-llvm,convert-cf-to-llvm,convert-func-to-llvm,"
              "convert-ub-to-llvm,"
              "reconcile-unrealized-casts,canonicalize,cse";
  if (failed(parsePassPipeline(pipeline, passes)) || failed(passes.run(*op)))
    return nullptr;

  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(*op, llvmContext);
  if (!module)
    return nullptr;
  auto machine = target.createMachine(llvm::CodeGenOptLevel::Default);
  module->setTargetTriple(llvm::Triple(target.triple));
  module->setDataLayout(machine->createDataLayout());
  for (llvm::Function &function : *module)
    if (!function.isDeclaration())
      setTarget(function, target);
  optimize(*module, *machine, 2);
  for (llvm::Function &function : *module)
    expandHalfConversions(function, target);
  expandSingleLaneStores(*module);

  auto result = std::make_unique<KernelJit>();
  for (auto type : {llvm::CodeGenFileType::AssemblyFile,
                    llvm::CodeGenFileType::ObjectFile}) {
    std::unique_ptr<llvm::Module> copy = llvm::CloneModule(*module);
    llvm::SmallVector<char, 0> bytes;
    llvm::raw_svector_ostream stream(bytes);
    llvm::legacy::PassManager emit;
    if (machine->addPassesToEmitFile(emit, stream, nullptr, type))
      return nullptr;
    emit.run(*copy);
    if (type == llvm::CodeGenFileType::AssemblyFile) {
      result->assembly.assign(bytes.begin(), bytes.end());
      continue;
    }
    auto jit = llvm::orc::LLJITBuilder().create();
    if (!jit ||
        (*jit)->addObjectFile(
            std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes))))
      return nullptr;
    result->jit = std::move(*jit);
  }
  return result;
}

void *KernelJit::find(const std::string &name) {
  auto address = jit->lookup(name);
  if (!address) {
    llvm::consumeError(address.takeError());
    return nullptr;
  }
  return address->toPtr<void *>();
}
