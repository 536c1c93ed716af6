//===- SafetensorsFuzzer.cpp - files of named tensors -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Fuzz.h"
#include "squint/Import/Safetensors.h"

using namespace squint;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::InputFile file;
  // What configurations beside the tensors are read with.
  auto object = parseJsonObject(
      llvm::StringRef(reinterpret_cast<const char *>(data), size), 16);
  if (!object)
    llvm::consumeError(object.takeError());
  auto reader = SafetensorsFile::open(file.write(data, size));
  if (!reader) {
    llvm::consumeError(reader.takeError());
    return 0;
  }
  // Every byte that an entry says it has is there.
  volatile char last = 0;
  for (const SafetensorsEntry &entry : (*reader)->entries())
    for (char byte : (*reader)->bytes(entry))
      last = byte;
  (void)last;
  return 0;
}
