//===- OnnxFuzzer.cpp - models as any bytes -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Fuzz.h"
#include "squint/Import/Onnx.h"

using namespace squint;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::InputFile file;
  static fuzz::Context context(registerImportDialects);
  importOnnx(file.write(data, size), context.get());
  return 0;
}
