//===- CompileSlices.cpp - calibration's slices, through the pipelines -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Emit/Jit.h"
#include "squint/Pipelines/Pipelines.h"
#include "squint/Pipelines/Register.h"

using namespace mlir;
using namespace squint;

namespace {

class JitSlice : public CompiledSlice {
public:
  JitSlice(std::unique_ptr<JitLibrary> library, std::unique_ptr<Session> runner)
      : library(std::move(library)), runner(std::move(runner)) {}
  Session &session() override { return *runner; }

private:
  std::unique_ptr<JitLibrary> library;
  std::unique_ptr<Session> runner;
};

/// What squintc would emit for this machine, in float.
class JitSliceCompiler : public SliceCompiler {
public:
  FailureOr<std::unique_ptr<CompiledSlice>> compile(ModuleOp module, int threads) override;
};

} // namespace

FailureOr<std::unique_ptr<CompiledSlice>> JitSliceCompiler::compile(ModuleOp module, int threads) {
  llvm::Expected<TargetInfo> native = TargetInfo::get();
  if (!native)
    return emitError(module.getLoc()) << llvm::toString(native.takeError());
  setTarget(module, *native);
  // Not runPipeline, which frees the buffers that the module does not refer to: those of the model.
  FailureOr<OpPassManager> passes = parsePassPipeline(getPipeline(Stage::Squint, Stage::Llvm, {}));
  if (failed(passes))
    return failure();
  PassManager manager(module.getContext());
  static_cast<OpPassManager &>(manager) = *passes;
  if (failed(manager.run(module)))
    return failure();
  FailureOr<std::unique_ptr<JitLibrary>> library = JitLibrary::create(module);
  if (failed(library))
    return failure();
  llvm::Expected<std::unique_ptr<Session>> session = Session::create((*library)->table(), {threads, ""});
  if (!session)
    return emitError(module.getLoc()) << llvm::toString(session.takeError());
  return std::unique_ptr<CompiledSlice>(std::make_unique<JitSlice>(std::move(*library), std::move(*session)));
}

void squint::registerSliceCompilation() {
  setSliceCompilation({[]() -> std::unique_ptr<SliceCompiler> { return std::make_unique<JitSliceCompiler>(); },
                       registerAllDialects});
}
