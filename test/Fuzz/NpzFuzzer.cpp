//===- NpzFuzzer.cpp - archives of arrays -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Fuzz.h"
#include "squint/Calibration/Npz.h"

using namespace squint;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::InputFile file;
  auto reader = NpzReader::open(file.write(data, size));
  if (!reader) {
    llvm::consumeError(reader.takeError());
    return 0;
  }
  for (const NpzEntry &entry : (*reader)->entries()) {
    auto array = (*reader)->read(entry);
    if (!array)
      llvm::consumeError(array.takeError());
  }
  return 0;
}
