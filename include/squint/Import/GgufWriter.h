//===- GgufWriter.h - GGUF files from their parts -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_IMPORT_GGUFWRITER_H
#define SQUINT_IMPORT_GGUFWRITER_H

#include "squint/Import/Gguf.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>

namespace squint {

/// Gathers metadata and tensors, and writes them in their order.
class GgufWriter {
public:
  struct Tensor {
    std::string name;
    const GgufType *type;
    /// The outermost dimension first.
    std::vector<int64_t> shape;
    /// Writes all of its bytes.
    std::function<llvm::Error(llvm::raw_ostream &)> write;

    uint64_t getBytes() const;
  };

  // Metadata. A name that is there already is replaced.
  void set(llvm::StringRef key, uint32_t number);
  void set(llvm::StringRef key, float number);
  void set(llvm::StringRef key, llvm::StringRef text);
  void set(llvm::StringRef key, const std::vector<bool> &flags);
  void set(llvm::StringRef key, const std::vector<std::string> &texts);
  /// As a file has it.
  void set(llvm::StringRef key, const GgufValue &value);

  void setAlignment(uint64_t bytes) { alignment = bytes; }
  void add(Tensor tensor) { tensors.push_back(std::move(tensor)); }
  /// A tensor of f32. Refers to the numbers.
  void add(llvm::StringRef name, std::vector<int64_t> shape,
           llvm::ArrayRef<float> numbers);

  const Tensor &getLast() const { return tensors.back(); }

  llvm::Error write(llvm::raw_ostream &os) const;

private:
  void setBytes(llvm::StringRef key, std::string bytes);

  uint64_t alignment = 32;
  /// Names and encoded values, each with its type in front.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<Tensor> tensors;
};

} // namespace squint

#endif
