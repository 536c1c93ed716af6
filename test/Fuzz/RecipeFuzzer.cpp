//===- RecipeFuzzer.cpp - recipes as any bytes --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Fuzz.h"
#include "squint/Transforms/Recipe.h"

using namespace squint;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::InputFile file;
  static fuzz::Context context;
  (void)readRecipe(&context.get(), file.write(data, size));
  return 0;
}
