//===- Msft.h - the operators that ONNX Runtime adds --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_MSFT_MSFT_H
#define SQUINT_DIALECT_MSFT_MSFT_H

#include "squint/Dialect/Onnx/Onnx.h"

#include "squint/Dialect/Msft/MsftDialect.h.inc"

#define GET_OP_CLASSES
#include "squint/Dialect/Msft/MsftOps.h.inc"

#endif
