//===- squint-translate.cpp - formats of models to and from IR -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "squint/Import/Diagnostics.h"
#include "squint/Import/Models.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;

static cl::OptionCategory category("squint-translate options");
static cl::opt<std::string> input(cl::Positional, cl::Required,
                                  cl::value_desc("file"), cl::desc("FILE"),
                                  cl::cat(category));
static cl::opt<bool> importOnnx(
    "import-onnx",
    cl::desc("Read FILE as an ONNX model and print it in the onnx dialect"),
    cl::cat(category));
static cl::opt<bool>
    importGguf("import-gguf",
               cl::desc("Read FILE as a language model in GGUF and print it as "
                        "operators of the squint and onnx dialects"),
               cl::cat(category));
static cl::opt<bool> importHuggingFace(
    "import-hugging-face",
    cl::desc("Read FILE, a folder with config.json and safetensors files, as a "
             "language model"),
    cl::cat(category));
static cl::opt<std::string>
    output("o", cl::value_desc("file"), cl::init("-"),
           cl::desc("Where to write (default: standard output)"),
           cl::cat(category));
static cl::list<std::string>
    dims("dim", cl::value_desc("NAME=N"),
         cl::desc("Pin a symbolic dimension (repeatable)"), cl::cat(category));
static cl::list<std::string> allowExternal(
    "allow-external", cl::value_desc("dir"),
    cl::desc("Also read external data from this folder (repeatable)"),
    cl::cat(category));
static cl::opt<std::string> store(
    "store", cl::value_desc("file"),
    cl::desc(
        "Safetensors file for constants that do not lie in a file as they are, "
        "or "
        "not in the folder of the output (default: the output's name with the "
        "extension .weights)"),
    cl::cat(category));
static cl::opt<bool>
    debugInfo("mlir-print-debuginfo",
              cl::desc("Print locations, which hold the nodes' names"),
              cl::cat(category));

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Squint's translator: models in other formats as IR\n\n"
      "  squint-translate --import-onnx model.onnx | squint-opt "
      "--squint-infer-shapes\n"
      "  squint-translate --import-gguf model.gguf\n"
      "  squint-translate --import-hugging-face folder\n\n"
      "Weights stay in the model's files, which the IR refers to; those that "
      "cannot be read "
      "from the folder of the output are written to a file beside it. Text on "
      "standard output "
      "is for the folder of the model.\n");
  if (importOnnx + importGguf + importHuggingFace != 1) {
    llvm::errs() << "error: expected --import-onnx, --import-gguf or "
                    "--import-hugging-face\n";
    return 1;
  }
  squint::ImportOptions options;
  options.allowExternal.assign(allowExternal.begin(), allowExternal.end());
  for (llvm::StringRef dim : dims) {
    auto [name, size] = dim.rsplit('=');
    int64_t value;
    if (name.empty() || size.getAsInteger(10, value) || value <= 0) {
      llvm::errs() << "error: expected --dim NAME=N with N of 1 or more, got '"
                   << dim << "'\n";
      return 1;
    }
    options.dims[name.str()] = value;
  }

  mlir::MLIRContext context;
  squint::DiagnosticPrinter printer(&context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      importGguf          ? squint::importGguf(input, context, options)
      : importHuggingFace ? squint::importHuggingFace(input, context, options)
                          : squint::importOnnx(input, context, options);
  if (!module)
    return 1;
  squint::ExternalizeDataOptions weights;
  weights.path = store;
  if (weights.path.empty() && output != "-") {
    llvm::SmallString<128> name(output.getValue());
    llvm::sys::path::replace_extension(name, "weights");
    weights.path = name.str().str();
  }
  mlir::PassManager manager(&context);
  manager.addPass(squint::createExternalizeData(weights));
  if (failed(manager.run(*module)))
    return 1;
  std::string error;
  auto file = mlir::openOutputFile(output, &error);
  if (!file) {
    llvm::errs() << "error: " << error << "\n";
    return 1;
  }
  mlir::OpPrintingFlags flags;
  if (debugInfo)
    flags.enableDebugInfo();
  module->print(file->os(), flags);
  file->keep();
  return 0;
}
