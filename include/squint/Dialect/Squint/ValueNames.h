//===- ValueNames.h - what statistics are keyed by --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_VALUENAMES_H
#define SQUINT_DIALECT_SQUINT_VALUENAMES_H

#include "mlir/IR/Value.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace squint {

/// The names of a function's arguments and of the tensors that its operations
/// make, as `squint.statistics` spells them. Constants have none. Names are
/// taken when this is made and stay with the values.
class ValueNames {
public:
  explicit ValueNames(mlir::FunctionOpInterface function);
  /// Empty for a value that has none.
  llvm::StringRef lookup(mlir::Value value) const;

private:
  llvm::DenseMap<mlir::Value, std::string> names;
};

} // namespace squint

#endif // SQUINT_DIALECT_SQUINT_VALUENAMES_H
