//===- IRFuzzer.cpp - text of our dialects ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Attributes, types and operators of the squint, kernel and onnx dialects,
// parsed, verified and printed.
//===----------------------------------------------------------------------===//

#include "Fuzz.h"
#include "mlir/Parser/Parser.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Import/Onnx.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace squint;

static void registerDialects(DialectRegistry &registry) {
  registerImportDialects(registry);
  registry.insert<kernel::KernelDialect>();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::Context context(registerDialects);
  // The lexer looks for the zero at the end.
  std::string copy(reinterpret_cast<const char *>(data), size);
  llvm::StringRef text = copy;
  // What upstream's own resources and locations make of a text is not ours.
  if (text.contains('\0') || text.contains("dialect_resources"))
    return -1;
  if (OwningOpRef<ModuleOp> module =
          parseSourceString<ModuleOp>(text, &context.get()))
    module->print(llvm::nulls());
  return 0;
}
