//===- OnnxDialect.cpp - the operators of the ONNX standard -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/DialectImplementation.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/TypeSwitch.h"

#include "squint/Dialect/Onnx/OnnxDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "squint/Dialect/Onnx/OnnxTypes.cpp.inc"

void squint::onnx::OnnxDialect::initialize() {
  registerOnnxDialectOperations(this);
  addTypes<
#define GET_TYPEDEF_LIST
#include "squint/Dialect/Onnx/OnnxTypes.cpp.inc"
      >();
}
