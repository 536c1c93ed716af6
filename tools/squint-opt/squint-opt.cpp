//===- squint-opt.cpp - run passes on text ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Data that a pass rewrote is written to FILE.weights beside -o FILE.mlir, or
// to --store on standard output.
//===----------------------------------------------------------------------===//

#include "TestPasses.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "squint/Pipelines/Register.h"
#include "squint/Pipelines/VerifyRewrites.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
namespace cl = llvm::cl;

static cl::opt<std::string>
    store("store", cl::value_desc("file"),
          cl::desc("Safetensors file for rewritten weights (default: the "
                   "output's name with "
                   "the extension .weights)"));
static cl::opt<bool> verify(
    "verify-rewrites",
    cl::desc("Compare the float function before and after every rewrite"));
static cl::opt<std::string>
    verifySamples("verify-samples", cl::value_desc("file.npz"),
                  cl::desc("Samples for --verify-rewrites (default: random "
                           "inputs)"));
static cl::list<std::string>
    allowExternal("allow-external", cl::value_desc("dir"),
                  cl::desc("Also read weights from this folder (repeatable)"));

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  DialectRegistry registry;
  squint::registerAllDialects(registry);
  squint::registerAllPasses();
  squint::registerTestPasses();
  auto [input, output] = registerAndParseCLIOptions(
      argc, argv, "Squint's optimizer: every step of the compiler as a pass",
      registry);

  SmallString<128> folder(input == "-" ? "."
                                       : llvm::sys::path::parent_path(input));
  squint::setDataFolder(registry, folder, allowExternal);

  std::string weights = store;
  if (weights.empty() && output != "-") {
    SmallString<128> name(output);
    llvm::sys::path::replace_extension(name, "weights");
    weights = name.str().str();
  }
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  MlirOptMainConfig inner = config;
  bool hasWrongRewrite = false;
  config.setPassPipelineSetupFn([&](PassManager &manager) -> LogicalResult {
    if (failed(inner.setupPassPipeline(manager)))
      return failure();
    if (verify)
      squint::verifyRewrites(manager, {verifySamples}, hasWrongRewrite);
    squint::ExternalizeDataOptions options;
    options.path = weights;
    manager.addPass(squint::createExternalizeData(options));
    return success();
  });

  std::string error;
  auto file = openInputFile(input, &error);
  if (!file) {
    llvm::errs() << error << "\n";
    return 1;
  }
  auto result = openOutputFile(output, &error);
  if (!result) {
    llvm::errs() << error << "\n";
    return 1;
  }
  if (failed(MlirOptMain(result->os(), std::move(file), registry, config)) ||
      hasWrongRewrite)
    return 1;
  result->keep();
  return 0;
}
