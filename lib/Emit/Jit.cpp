//===- Jit.cpp - the library in this process ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Emit/Jit.h"

#include "CodeGen.h"
#include "WeightsBlob.h"

#include "squint/Dialect/Squint/Squint.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace squint;
namespace orc = llvm::orc;

struct JitLibrary::Impl {
  WeightsInMemory weights;
  std::unique_ptr<orc::LLJIT> jit;
};

JitLibrary::JitLibrary() : impl(std::make_unique<Impl>()) {}
JitLibrary::~JitLibrary() = default;

/// The blob where it is, if that is one aligned range of a mapped file.
static const char *findMapped(ModuleOp module, const ModelInfo &info) {
  if (info.weights.size() != 1 || info.weights[0].offset ||
      info.weights[0].size != info.weightsSize)
    return nullptr;
  auto data = dyn_cast<DataAttr>(info.weights[0].value);
  if (!data || !data.getPermutation().empty())
    return nullptr;
  DataStores &stores =
      module.getContext()->getOrLoadDialect<SquintDialect>()->getStores();
  auto drop = [](llvm::Error error) {
    // Whoever copies the weights reports it.
    llvm::consumeError(std::move(error));
    return nullptr;
  };
  llvm::Expected<const DataStore *> store = stores.lookup(data.getStore());
  if (!store)
    return drop(store.takeError());
  llvm::Expected<llvm::ArrayRef<char>> bytes = stores.get(data);
  if (!bytes)
    return drop(bytes.takeError());
  bool usable = (*store)->isFile() && uintptr_t(bytes->data()) % 64 == 0;
  return usable ? bytes->data() : nullptr;
}

FailureOr<WeightsInMemory> WeightsInMemory::get(ModuleOp module) {
  FailureOr<ModelInfo> info = ModelInfo::get(module);
  if (failed(info))
    return failure();
  auto refuse = [&](llvm::Error error) {
    return emitError(module.getLoc()) << llvm::toString(std::move(error));
  };
  WeightsInMemory weights;
  weights.size = info->weightsSize;
  weights.data = findMapped(module, *info);
  if (weights.data || !weights.size)
    return weights;
  llvm::Expected<Array> array =
      Array::create({SQUINT_DTYPE_UINT, 8, 1}, int64_t(weights.size));
  if (!array)
    return refuse(array.takeError());
  weights.copy = std::move(*array);
  char *to = weights.copy.bytes().data();
  weights.data = to;
  if (llvm::Error error = streamWeights(*info, [&](llvm::ArrayRef<char> bytes) {
        to = std::copy(bytes.begin(), bytes.end(), to);
      }))
    return refuse(std::move(error));
  return weights;
}

FailureOr<std::unique_ptr<JitLibrary>>
JitLibrary::create(ModuleOp module, unsigned optLevel, bool withWeights) {
  auto refuse = [&](llvm::Error error) {
    return emitError(module.getLoc()) << llvm::toString(std::move(error));
  };
  FailureOr<ModelInfo> info = ModelInfo::get(module);
  if (failed(info))
    return failure();
  llvm::Triple triple(info->target.triple);
  if (triple.getArch() != llvm::Triple(llvm::sys::getProcessTriple()).getArch())
    return emitError(module.getLoc())
           << "expected a target of this machine to run the code on, got '"
           << info->target.triple << "'";

  CodeGenOptions options;
  options.prefix = "model";
  options.weights = WeightsPlace::Symbol;
  options.exportTable = true;
  options.optLevel = optLevel;
  llvm::SmallVector<char, 0> object;
  {
    FailureOr<CompiledModel> model = generateCode(module, *info, options);
    if (failed(model) ||
        failed(writeMachineCode(module, *model,
                                llvm::CodeGenFileType::ObjectFile, object)))
      return failure();
  }

  std::unique_ptr<JitLibrary> library(new JitLibrary);
  Impl &impl = *library->impl;
  if (withWeights) {
    FailureOr<WeightsInMemory> weights = WeightsInMemory::get(module);
    if (failed(weights))
      return failure();
    impl.weights = std::move(*weights);
  }

  orc::JITTargetMachineBuilder machine(triple);
  auto jit = orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(machine))
                 .setPlatformSetUp(orc::setUpInactivePlatform)
                 .create();
  if (!jit)
    return refuse(jit.takeError());
  impl.jit = std::move(*jit);
  if (info->weightsSize)
    if (llvm::Error error =
            impl.jit->getMainJITDylib().define(orc::absoluteSymbols(
                {{impl.jit->mangleAndIntern(getWeightsSymbol(options.prefix)),
                  {orc::ExecutorAddr::fromPtr(impl.weights.data),
                   llvm::JITSymbolFlags::Exported}}})))
      return refuse(std::move(error));
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(
      llvm::StringRef(object.data(), object.size()), options.prefix);
  if (llvm::Error error = impl.jit->addObjectFile(std::move(buffer)))
    return refuse(std::move(error));
  auto table = impl.jit->lookup("squint_library_v1");
  if (!table)
    return refuse(table.takeError());
  library->description = table->toPtr<const squint_library *>();
  return library;
}
