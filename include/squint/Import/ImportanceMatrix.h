//===- ImportanceMatrix.h - llama.cpp's importance matrices -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// How large the inputs of each column of a weight are, in a file of two forms:
// GGUF, `general.type` = "imatrix", with tensors `NAME.in_sum2` [1, columns],
// the sums of squares over all tokens, and `NAME.counts` [1, 1], the tokens;
// and an older one, all little-endian,
//
//   i32 entries, then for each: i32 length, the name, i32 calls, i32 columns,
//   f32[columns], the means of squares times the calls; then perhaps i32
//   chunks, i32 length, the name of the data.
//
// The files are untrusted; an error names the file, the entry and the rule.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_IMPORTANCEMATRIX_H
#define SQUINT_IMPORT_IMPORTANCEMATRIX_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <string>
#include <vector>

namespace squint {

struct ImportanceMatrix {
  struct Entry {
    std::vector<float> sums;
    float count = 0;

    /// The mean of squares of each column; 1 where there were no tokens.
    std::vector<float> getMeans() const;
  };

  static llvm::Expected<ImportanceMatrix> read(llvm::StringRef path);
  /// The older form if `path` ends in `.dat`. No file is left behind on an
  /// error.
  llvm::Error write(llvm::StringRef path) const;

  /// That of the weight of a node: its own, or that of the tensor which has
  /// queries, keys and values, or gate and up. Null where there is none.
  const Entry *find(llvm::StringRef node) const;

  /// By the names of tensors: `blk.0.attn_q.weight`.
  std::map<std::string, Entry> entries;
  /// What the samples were called, how many there were and their longest
  /// length.
  std::string dataset;
  uint32_t chunks = 0, chunkSize = 0;

private:
  llvm::Error readGguf(llvm::ArrayRef<char> bytes);
  llvm::Error readOlder(llvm::ArrayRef<char> bytes);
};

} // namespace squint

#endif
