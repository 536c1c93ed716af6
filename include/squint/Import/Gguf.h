//===- Gguf.h - GGUF files ----------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A file is "GGUF", a version (u32), the numbers of tensors and of metadata
// (u64), the metadata, what the tensors are, padding, and the tensors' bytes,
// each at a multiple of the alignment. All is little-endian. The files are
// untrusted; an error names the metadata or the tensor, and the rule.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_GGUF_H
#define SQUINT_IMPORT_GGUF_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace squint {

/// A type of tensors: `block` values take `bytes` bytes.
struct GgufType {
  uint32_t number;
  /// As GGML spells it in lower case: f32, bf16, i8, q4_1 ...
  llvm::StringLiteral name;
  uint64_t block, bytes;
};

/// The type of a name, null where there is none.
const GgufType *lookupGgufType(llvm::StringRef name);

struct GgufTensor {
  std::string name;
  const GgufType *type;
  /// The outermost dimension first, unlike in the file. Sizes are 1 or more.
  std::vector<int64_t> shape;
  /// Of its bytes, in the file.
  uint64_t begin, end;
};

/// The numbers of the format.
enum class GgufKind : uint32_t {
  U8,
  I8,
  U16,
  I16,
  U32,
  I32,
  F32,
  Bool,
  String,
  Array,
  U64,
  I64,
  F64
};

/// A metadata value as it is stored.
struct GgufValue {
  GgufKind kind = GgufKind::U8;
  /// Of an array: what its elements are, and how many.
  GgufKind element = GgufKind::U8;
  uint64_t count = 0;
  /// A string's text, an array's elements, a number.
  llvm::ArrayRef<char> bytes;
};

/// Whether a file's first bytes say that it is one.
bool isGguf(llvm::ArrayRef<char> bytes);

class GgufFile {
public:
  /// Checks all of a file but the values of tensors. Refers to `bytes`.
  static llvm::Expected<GgufFile> parse(llvm::ArrayRef<char> bytes);

  /// In the order of the file.
  llvm::ArrayRef<GgufTensor> tensors() const { return allTensors; }
  /// Null where there is none of that name.
  const GgufTensor *find(llvm::StringRef name) const;
  llvm::ArrayRef<char> bytes(const GgufTensor &tensor) const {
    return file.slice(tensor.begin, tensor.end - tensor.begin);
  }

  const llvm::StringMap<GgufValue> &metadata() const { return values; }
  /// Names of metadata in the order of the file.
  llvm::ArrayRef<llvm::StringRef> keys() const { return order; }
  const GgufValue *lookup(llvm::StringRef key) const;
  // Metadata of a kind; nothing where there is none of that name, an error
  // where it is of another kind. Integers of any width are unsigned numbers
  // unless they are negative, and they are numbers.
  llvm::Expected<std::optional<uint64_t>>
  getUnsigned(llvm::StringRef key) const;
  llvm::Expected<std::optional<double>> getNumber(llvm::StringRef key) const;
  llvm::Expected<std::optional<bool>> getBool(llvm::StringRef key) const;
  llvm::Expected<std::optional<llvm::StringRef>>
  getString(llvm::StringRef key) const;

private:
  llvm::Error read();
  llvm::Error readMetadata();
  llvm::Error readTensor();
  llvm::Error placeTensors();
  llvm::Expected<GgufValue> readValue(GgufKind kind, unsigned depth);
  template <typename T> llvm::Error readNumber(T &value);
  llvm::Expected<llvm::StringRef> readString(uint64_t longest);

  llvm::ArrayRef<char> file;
  uint64_t at = 0;
  uint64_t alignment = 32;
  llvm::StringMap<GgufValue> values;
  std::vector<llvm::StringRef> order;
  std::vector<GgufTensor> allTensors;
  llvm::StringMap<size_t> indices;
};

} // namespace squint

#endif
