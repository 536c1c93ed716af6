//===- Chain.h - operators one after another ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_CHAIN_H
#define SQUINT_LIB_IMPORT_CHAIN_H

#include "Node.h"
#include "mlir/IR/TypeUtilities.h"

namespace squint {

/// Builds operators one after another; the first failure makes all that follow
/// null.
class Chain {
public:
  explicit Chain(NodeBuilder &b) : b(b) {}

  mlir::Value make(llvm::StringRef name, llvm::ArrayRef<mlir::Value> operands,
                   llvm::ArrayRef<mlir::NamedAttribute> attributes = {}) {
    for (mlir::Value operand : operands)
      if (!operand)
        return {};
    return take(b.create(name, operands, attributes));
  }
  mlir::Value take(llvm::Expected<mlir::Value> made) {
    if (made)
      return *made;
    error = llvm::joinErrors(std::move(error), made.takeError());
    return {};
  }
  mlir::NamedAttribute attribute(llvm::StringRef name, int64_t value) {
    return {b.builder.getStringAttr(name), b.builder.getI64IntegerAttr(value)};
  }
  mlir::Value cast(mlir::Value x, mlir::Type element) {
    if (!x || mlir::getElementTypeOrSelf(x.getType()) == element)
      return x;
    return make("Cast", x, attribute("to", getDataType(element)));
  }
  /// Dimensions [from, to) of x.
  mlir::Value sizes(mlir::Value x, int64_t from, int64_t to) {
    return make("Shape", x, {attribute("end", to), attribute("start", from)});
  }
  mlir::Value concat(llvm::ArrayRef<mlir::Value> parts) {
    return make("Concat", parts, attribute("axis", 0));
  }
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> order) {
    return make("Transpose", x,
                mlir::NamedAttribute(b.builder.getStringAttr("perm"),
                                     b.builder.getDenseI64ArrayAttr(order)));
  }

  NodeBuilder &b;
  llvm::Error error = llvm::Error::success();
};

} // namespace squint

#endif
