//===- Safetensors.h - files of named tensors ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A file is the length of a header (u64, little-endian), the header, a JSON
// object, and the tensors' bytes, one after the other without gaps. The files
// are untrusted; an error names the file, the tensor and the rule.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_SAFETENSORS_H
#define SQUINT_IMPORT_SAFETENSORS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <string>
#include <vector>

namespace squint {

/// A tensor of a file, as the header says.
struct SafetensorsEntry {
  std::string name;
  /// As the format spells it: F32, BF16, I8 ...
  std::string type;
  std::vector<int64_t> shape;
  /// Of its bytes, from the end of the header on.
  uint64_t begin, end;
};

class SafetensorsFile {
public:
  /// Maps a file and checks all of its header: types, shapes, and that the
  /// tensors are next to each other and fill the file.
  static llvm::Expected<std::unique_ptr<SafetensorsFile>>
  open(llvm::StringRef path);
  /// The same of a file that is mapped already, which it refers to.
  static llvm::Expected<std::unique_ptr<SafetensorsFile>>
  parse(llvm::ArrayRef<char> bytes);

  /// In the order of their bytes.
  llvm::ArrayRef<SafetensorsEntry> entries() const { return tensors; }
  /// Null where there is none of that name.
  const SafetensorsEntry *find(llvm::StringRef name) const;
  /// Row by row, little-endian, at any alignment.
  llvm::ArrayRef<char> bytes(const SafetensorsEntry &entry) const {
    return contents.slice(getOffset(entry), entry.end - entry.begin);
  }
  /// Of an entry's bytes, in the file.
  uint64_t getOffset(const SafetensorsEntry &entry) const {
    return start + entry.begin;
  }

private:
  llvm::Error read();
  llvm::Error readEntry(llvm::StringRef name, const llvm::json::Value &value);

  std::unique_ptr<llvm::MemoryBuffer> file;
  llvm::ArrayRef<char> contents;
  uint64_t start = 0; // of the tensors
  std::vector<SafetensorsEntry> tensors;
  llvm::StringMap<size_t> indices;
};

/// Maps a regular file of any size.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
mapFile(llvm::StringRef path);

/// A JSON object in which nothing is nested deeper than `depth`: the parser
/// calls itself for each level.
llvm::Expected<llvm::json::Object> parseJsonObject(llvm::StringRef text,
                                                   unsigned depth);

} // namespace squint

#endif
