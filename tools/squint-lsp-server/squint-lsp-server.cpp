//===- squint-lsp-server.cpp - editor support -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "squint/Pipelines/Register.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  squint::registerAllDialects(registry);
  squint::registerAllPasses();
  return failed(mlir::MlirLspServerMain(argc, argv, registry));
}
