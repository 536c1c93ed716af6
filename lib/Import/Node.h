//===- Node.h - operators from schemas ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_NODE_H
#define SQUINT_LIB_IMPORT_NODE_H

#include "Tensor.h"
#include "mlir/IR/Builders.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include <memory>
#include <string>

namespace squint {

/// A node on its way from the file to the IR. Adapters rewrite it from an older
/// form to the newest.
struct Node {
  std::string dialect, name;
  /// By position, as in the file; null for an operand that is left out.
  llvm::SmallVector<mlir::Value> operands;
  /// Under the standard's names.
  mlir::NamedAttrList attributes;
  /// Whether each output is there; one for each position up to the last.
  llvm::SmallVector<bool> outputs;
  llvm::SmallVector<std::pair<std::string, std::unique_ptr<mlir::Region>>>
      regions;
  /// The opset that the model imports.
  int opset = 0;
};

/// Builds operators, and what adapters need beside them.
class NodeBuilder {
public:
  NodeBuilder(mlir::OpBuilder &builder, mlir::Location loc,
              TensorReader &tensors)
      : builder(builder), loc(loc), tensors(tensors) {}

  /// The operator of a node; its results by output position, null where one is
  /// left out. `what` fails with the rule that the node breaks.
  llvm::Expected<llvm::SmallVector<mlir::Value>> create(Node &node);

  /// Operators of the newest version that an adapter puts beside a node; one
  /// result.
  llvm::Expected<mlir::Value>
  create(llvm::StringRef name, llvm::ArrayRef<mlir::Value> operands,
         llvm::ArrayRef<mlir::NamedAttribute> attributes = {});
  mlir::Value createInts(llvm::ArrayRef<int64_t> values);
  mlir::Value createConstant(mlir::TypedAttr value);
  /// A scalar of the element type of `like`.
  llvm::Expected<mlir::Value> createScalar(mlir::Value like, double value);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  TensorReader &tensors;
};

/// Rewrites a node whose operator changed since the model's opset; does nothing
/// to one that did not. An adapter may build the whole replacement: then
/// `results` is filled.
llvm::Error adaptNode(Node &node, int version, NodeBuilder &builder,
                      llvm::SmallVectorImpl<mlir::Value> &results);

} // namespace squint

#endif
