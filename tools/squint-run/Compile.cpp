//===- Compile.cpp - a model compiled in process ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Compile.h"

#include "squint/Import/Diagnostics.h"
#include "squint/Import/Onnx.h"
#include "squint/Pipelines/Operators.h"
#include "squint/Pipelines/Register.h"

#include "llvm/Support/Path.h"

using namespace mlir;
using namespace squint;

std::unique_ptr<LoadedModel>
squint::compileModel(llvm::StringRef path, const PipelineOptions &options,
                     ImportOptions import, bool &refused) {
  refused = false;
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllPasses();
  llvm::StringRef folder = llvm::sys::path::parent_path(path);
  setDataFolder(registry, folder.empty() ? "." : folder, {});

  auto result = std::make_unique<LoadedModel>();
  result->context = std::make_unique<MLIRContext>(registry);
  DiagnosticPrinter diagnostics(result->context.get());
  import.isSupported = isSupportedOperator;
  OwningOpRef<ModuleOp> module = importOnnx(path, *result->context, import);
  llvm::Expected<TargetInfo> target = TargetInfo::get();
  if (!target) {
    emitError(UnknownLoc::get(result->context.get()))
        << llvm::toString(target.takeError());
    return nullptr;
  }
  if (!module) {
    refused = diagnostics.onlyRefused();
    return nullptr;
  }
  setTargets(*module, *target);
  bool isSound = false;
  auto afterStage = [&](Stage, ModuleOp) {
    isSound = true;
    return success();
  };
  if (failed(runPipeline(*module, std::nullopt, Stage::Llvm, options,
                         /*timing=*/false, afterStage))) {
    refused = isSound || diagnostics.onlyRefused();
    return nullptr;
  }
  FailureOr<std::unique_ptr<JitLibrary>> library = JitLibrary::create(*module);
  if (failed(library))
    return nullptr;
  result->library = std::move(*library);
  return result;
}
