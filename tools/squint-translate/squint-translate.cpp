//===- squint-translate.cpp - formats of models to and from IR -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/FileUtilities.h"
#include "squint/Import/Diagnostics.h"
#include "squint/Import/Onnx.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/ToolOutputFile.h"

namespace cl = llvm::cl;

static cl::OptionCategory category("squint-translate options");
static cl::opt<std::string> input(cl::Positional, cl::Required, cl::value_desc("file"), cl::desc("FILE"),
                                  cl::cat(category));
static cl::opt<bool> importOnnx("import-onnx", cl::Required,
                                cl::desc("Read FILE as an ONNX model and print it in the onnx dialect"),
                                cl::cat(category));
static cl::opt<std::string> output("o", cl::value_desc("file"), cl::init("-"),
                                   cl::desc("Where to write (default: standard output)"), cl::cat(category));
static cl::list<std::string> dims("dim", cl::value_desc("NAME=N"), cl::desc("Pin a symbolic dimension (repeatable)"),
                                  cl::cat(category));
static cl::list<std::string> allowExternal("allow-external", cl::value_desc("dir"),
                                           cl::desc("Also read external data from this folder (repeatable)"),
                                           cl::cat(category));
static cl::opt<bool> debugInfo("mlir-print-debuginfo", cl::desc("Print locations, which hold the nodes' names"),
                               cl::cat(category));

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv,
                              "Squint's translator: models in other formats as IR\n\n"
                              "  squint-translate --import-onnx model.onnx | squint-opt --squint-infer-shapes\n\n"
                              "Weights stay in the model's files; the IR refers to them relative to the model's "
                              "folder.\n");
  squint::ImportOptions options;
  options.allowExternal.assign(allowExternal.begin(), allowExternal.end());
  for (llvm::StringRef dim : dims) {
    auto [name, size] = dim.rsplit('=');
    int64_t value;
    if (name.empty() || size.getAsInteger(10, value) || value <= 0) {
      llvm::errs() << "error: expected --dim NAME=N with N of 1 or more, got '" << dim << "'\n";
      return 1;
    }
    options.dims[name.str()] = value;
  }

  mlir::MLIRContext context;
  squint::DiagnosticPrinter printer(&context);
  mlir::OwningOpRef<mlir::ModuleOp> module = squint::importOnnx(input, context, options);
  if (!module)
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
