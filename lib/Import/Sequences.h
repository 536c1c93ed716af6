//===- Sequences.h - lists of tensors, resolved ------------------*- C++
//-*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A sequence whose length is known when the model is imported is a list of
// values, and its operators leave nothing behind but what they do to tensors;
// an optional is what it holds.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_SEQUENCES_H
#define SQUINT_LIB_IMPORT_SEQUENCES_H

#include "Node.h"

namespace squint {

/// A sequence, or an optional without a value.
struct List {
  llvm::SmallVector<mlir::Value> values;
  bool isAbsent = false;
};

/// An operand or result: one of the two.
struct Item {
  mlir::Value tensor;
  std::optional<List> list;
};

bool isSequenceOperator(llvm::StringRef name);

/// What an operator on sequences or optionals gives. Fails with not_supported
/// where a length or a position is not known.
llvm::Expected<Item> resolveSequence(llvm::StringRef name,
                                     llvm::ArrayRef<Item> operands,
                                     const mlir::NamedAttrList &attributes,
                                     NodeBuilder &builder);

/// The number that an integer or a boolean of one element is known to be.
std::optional<int64_t> readConstantInteger(mlir::Value value);

/// A new first dimension that counts `parts`.
llvm::Expected<mlir::Value> stack(llvm::ArrayRef<mlir::Value> parts,
                                  int64_t axis, NodeBuilder &builder);

} // namespace squint

#endif
