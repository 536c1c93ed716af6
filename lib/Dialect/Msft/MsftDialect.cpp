//===- MsftDialect.cpp - the operators that ONNX Runtime adds -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Msft/Msft.h"

#include "squint/Dialect/Msft/MsftDialect.cpp.inc"

void squint::msft::MsftDialect::initialize() {
  registerMsftDialectOperations(this);
}
