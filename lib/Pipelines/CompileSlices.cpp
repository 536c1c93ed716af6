//===- CompileSlices.cpp - calibration's slices, through the pipelines -*- C++
//-*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Pass/PassRegistry.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Emit/Jit.h"
#include "squint/Pipelines/Pipelines.h"
#include "squint/Pipelines/Register.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/SHA256.h"

using namespace mlir;
using namespace squint;

namespace {

class JitSlice : public CompiledSlice {
public:
  static FailureOr<std::unique_ptr<CompiledSlice>>
  create(ModuleOp module, std::shared_ptr<JitLibrary> code, int threads);
  Session &session() override { return *runner; }

private:
  std::shared_ptr<JitLibrary> code;
  WeightsInMemory weights;
  std::unique_ptr<Session> runner;
};

/// What squintc would emit for this machine, in float. Layers of one structure
/// differ in their weights, which lie outside of the code, so that it is
/// generated once.
class JitSliceCompiler : public SliceCompiler {
public:
  FailureOr<std::unique_ptr<CompiledSlice>> compile(ModuleOp module,
                                                    int threads) override;

private:
  /// By a digest of the module without weights and names.
  llvm::StringMap<std::shared_ptr<JitLibrary>> known;
};

} // namespace

FailureOr<std::unique_ptr<CompiledSlice>>
JitSlice::create(ModuleOp module, std::shared_ptr<JitLibrary> code,
                 int threads) {
  auto slice = std::make_unique<JitSlice>();
  FailureOr<WeightsInMemory> weights = WeightsInMemory::get(module);
  if (failed(weights))
    return failure();
  slice->code = std::move(code);
  slice->weights = std::move(*weights);
  SessionOptions options;
  options.threads = threads;
  options.weights = llvm::ArrayRef(slice->weights.data, slice->weights.size);
  llvm::Expected<std::unique_ptr<Session>> session =
      Session::create(slice->code->table(), options);
  if (!session)
    return emitError(module.getLoc()) << llvm::toString(session.takeError());
  slice->runner = std::move(*session);
  return std::unique_ptr<CompiledSlice>(std::move(slice));
}

/// What the code depends on. Locations are not printed.
static std::string digest(ModuleOp module) {
  SmallVector<NamedAttribute> removed;
  for (StringRef name : {"squint.weights", "squint.launches"})
    if (Attribute attribute = module->removeAttr(name))
      removed.push_back(
          {StringAttr::get(module.getContext(), name), attribute});
  std::string text;
  llvm::raw_string_ostream(text) << module;
  for (NamedAttribute attribute : removed)
    module->setAttr(attribute.getName(), attribute.getValue());
  auto bytes = llvm::SHA256::hash(llvm::ArrayRef(
      reinterpret_cast<const uint8_t *>(text.data()), text.size()));
  return std::string(bytes.begin(), bytes.end());
}

FailureOr<std::unique_ptr<CompiledSlice>>
JitSliceCompiler::compile(ModuleOp module, int threads) {
  llvm::Expected<TargetInfo> native = TargetInfo::get();
  if (!native)
    return emitError(module.getLoc()) << llvm::toString(native.takeError());
  setTargets(module, *native);
  if (failed(runPipeline(module, Stage::Squint, Stage::Llvm, {})))
    return failure();
  std::shared_ptr<JitLibrary> &code = known[digest(module)];
  if (!code) {
    FailureOr<std::unique_ptr<JitLibrary>> library =
        JitLibrary::create(module, /*optLevel=*/2, /*withWeights=*/false);
    if (failed(library))
      return failure();
    code = std::move(*library);
  }
  return JitSlice::create(module, code, threads);
}

void squint::registerSliceCompilation() {
  setSliceCompilation({[]() -> std::unique_ptr<SliceCompiler> {
                         return std::make_unique<JitSliceCompiler>();
                       },
                       registerAllDialects});
}
