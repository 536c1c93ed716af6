//===- CodedMatrix.h - matrices that come as codes ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Hugging Face folders have integers of 2 to 8 bits in words of 32, with scales
// and zero points in other tensors beside them; every method its own way.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_CODEDMATRIX_H
#define SQUINT_LIB_IMPORT_CODEDMATRIX_H

#include "HuggingFaceConfig.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace squint {

/// A tensor as it is stored.
struct StoredTensor {
  /// As safetensors spells it.
  llvm::StringRef type;
  llvm::ArrayRef<char> bytes;
};

class CodedMatrix {
public:
  /// A tensor of the module by the rest of its name, of one of the types and of
  /// the shape; an error names it.
  using Lookup = llvm::function_ref<llvm::Expected<StoredTensor>(
      llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> types,
      llvm::ArrayRef<int64_t> shape)>;
  /// Whether it is there, of that shape if one is given.
  using Has = llvm::function_ref<bool(llvm::StringRef name,
                                      llvm::ArrayRef<int64_t> shape)>;

  /// Refers to the tensors' bytes.
  static llvm::Expected<CodedMatrix> read(const WeightPacking &packing,
                                          int64_t rows, int64_t columns,
                                          Has has, Lookup lookup);

  /// Which input goes with each column; none where they are in order.
  llvm::ArrayRef<int64_t> getOrder() const { return order; }
  /// Rows [first, first + count) in the plain layout, columns in their order.
  DataAttr pack(mlir::MLIRContext *context, int64_t first, int64_t count) const;

private:
  llvm::Error readTensors(Has has, Lookup lookup);
  llvm::Error readCodes(Has has, Lookup lookup);
  llvm::Error readOrder(Has has, Lookup lookup);
  /// to[count][columns], without a sign.
  void loadCodes(int64_t first, int64_t count, uint8_t *to) const;
  int64_t countWords(int64_t count, bool areWhole) const;
  uint32_t loadPacked(llvm::ArrayRef<char> bytes, int64_t first, int64_t stride,
                      int64_t index) const;
  uint32_t getZeroPoint(int64_t row, int64_t group) const;
  float getScale(int64_t row, int64_t group) const;

  WeightPacking packing;
  int64_t rows = 0, columns = 0;
  /// Of scales, along the columns, and rows that have their own.
  int64_t groups = 0, scaleRows = 0;
  llvm::ArrayRef<char> codes, zeroPoints, scales;
  /// No code of compressed-tensors goes on in another word.
  bool hasWholeWords = false;
  ScaleType scaleType = ScaleType::F16;
  std::vector<int64_t> order;
};

} // namespace squint

#endif
