//===- GgufFuzzer.cpp - language models as any bytes --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Fuzz.h"
#include "squint/Import/Gguf.h"
#include "squint/Import/ImportanceMatrix.h"
#include "squint/Import/Models.h"

using namespace squint;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static fuzz::InputFile file;
  static fuzz::Context context(registerImportDialects);
  const std::string &path = file.write(data, size);
  importGguf(path, context.get());
  // Of either form.
  if (llvm::Expected<ImportanceMatrix> matrix = ImportanceMatrix::read(path);
      !matrix)
    llvm::consumeError(matrix.takeError());
  llvm::Expected<GgufFile> reader =
      GgufFile::parse({reinterpret_cast<const char *>(data), size});
  if (!reader) {
    llvm::consumeError(reader.takeError());
    return 0;
  }
  // Every byte that a tensor says it has is there, and any metadata can be
  // asked for as anything.
  volatile char last = 0;
  for (const GgufTensor &tensor : reader->tensors())
    for (char byte : reader->bytes(tensor))
      last = byte;
  (void)last;
  for (const auto &entry : reader->metadata()) {
    llvm::consumeError(reader->getUnsigned(entry.first()).takeError());
    llvm::consumeError(reader->getNumber(entry.first()).takeError());
    llvm::consumeError(reader->getBool(entry.first()).takeError());
    llvm::consumeError(reader->getString(entry.first()).takeError());
  }
  return 0;
}
