//===- Node.h - one operator while it is lowered ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Operators are looked up by name and lowered by functions of one form,
// `LogicalResult lowerX(Node &)`, so that an operator is one row of a table.
// Operands and attributes are read through Node, by their position and name in
// the standard.
//
// A tensor has two element types: the one that ONNX means (ui8, i1, f16) and
// the one it is stored as (i8, i8, f16). In the body of a generic, a scalar has
// a third one that is computed with (i8, i1, f32). The functions below convert.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CONVERSION_ONNXTOLINALG_NODE_H
#define SQUINT_LIB_CONVERSION_ONNXTOLINALG_NODE_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"

namespace squint::lowering {

using Dims = llvm::SmallVector<DimExpr>;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// What an element is stored as; null when there is no way to store it yet.
mlir::Type storageElement(mlir::Type element);
/// What it is computed in.
mlir::Type computeElement(mlir::Type element);
mlir::RankedTensorType tensorType(llvm::ArrayRef<DimExpr> dims,
                                  mlir::Type element);

mlir::Value toCompute(mlir::ImplicitLocOpBuilder &b, mlir::Value stored,
                      mlir::Type element);
mlir::Value toStorage(mlir::ImplicitLocOpBuilder &b, mlir::Value computed,
                      mlir::Type element);
/// Floats of 8 and 4 bits, and integers of 4 and 2.
bool isSmallFloat(mlir::Type element);
bool isSmallInteger(mlir::Type element);
/// The largest finite number of a float type.
double getLargest(mlir::Type element);
mlir::Value decodeSmall(mlir::ImplicitLocOpBuilder &b, mlir::Value stored,
                        mlir::Type element);
mlir::Value encodeSmall(mlir::ImplicitLocOpBuilder &b, mlir::Value computed,
                        mlir::Type element);
/// Converts a computed scalar between ONNX element types as Cast does.
mlir::Value castScalar(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                       mlir::Type from, mlir::Type to);
/// A constant of a compute type.
mlir::Value scalarConstant(mlir::ImplicitLocOpBuilder &b, mlir::Type type,
                           double value);
inline mlir::Value indexConstant(mlir::ImplicitLocOpBuilder &b, int64_t value) {
  return mlir::arith::ConstantIndexOp::create(b, value);
}

//===----------------------------------------------------------------------===//
// Node
//===----------------------------------------------------------------------===//

/// A value with what ONNX knows of it. `value` has the storage type.
struct Tensor {
  mlir::Value value;
  mlir::Type element; // ONNX's
  Dims dims;

  int64_t rank() const { return dims.size(); }
};

/// What the lowering of an operator asks of the pass.
struct Lowerer {
  virtual ~Lowerer() = default;
  /// Moves the operators of a region to where `b` builds and lowers them there;
  /// the values that it yields. `facts` must hold before.
  virtual llvm::FailureOr<llvm::SmallVector<Tensor>>
  inlineRegion(mlir::ImplicitLocOpBuilder &b, mlir::Region &region,
               llvm::ArrayRef<Tensor> arguments) = 0;
  /// From here on, the late symbol number `index` of `op` has a value.
  virtual void bindLate(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op,
                        unsigned index, mlir::Value number) = 0;
  /// Indices from data are trusted.
  bool unsafeIndices = false;
};

class Node {
public:
  using Map = llvm::DenseMap<mlir::Value, Tensor>;

  Node(mlir::Operation *op, mlir::OpBuilder &builder, Map &values,
       Lowerer &lowerer)
      : op(op), b(op->getLoc(), builder), lowerer(lowerer), values(values) {}

  mlir::Operation *op;
  mlir::ImplicitLocOpBuilder b;
  Lowerer &lowerer;

  llvm::StringRef name() const { return op->getName().stripDialect(); }
  /// Position in the schema -> operand, null when absent. A variadic operand
  /// list counts one position an operand.
  mlir::Value operand(unsigned position) const;
  bool has(unsigned position) const { return operand(position) != nullptr; }
  /// All operands.
  llvm::SmallVector<Tensor> inputs();
  Tensor in(unsigned position) { return tensor(operand(position)); }
  Tensor tensor(mlir::Value original);

  mlir::Type resultElement(unsigned result = 0) const;
  Dims resultDims(unsigned result = 0) const;

  int64_t integer(llvm::StringRef attribute, int64_t otherwise) const;
  double number(llvm::StringRef attribute, double otherwise) const;
  llvm::StringRef string(llvm::StringRef attribute,
                         llvm::StringRef otherwise) const;
  llvm::SmallVector<int64_t>
  integers(llvm::StringRef attribute,
           llvm::ArrayRef<int64_t> otherwise = {}) const;
  /// `attribute`, an axis of `rank` dimensions, counted from the front.
  int64_t axis(llvm::StringRef attribute, int64_t otherwise,
               int64_t rank) const;

  /// The numbers of a constant integer operand.
  std::optional<llvm::SmallVector<int64_t>> constantIntegers(unsigned position);
  /// The numbers of an operand that follow from shapes or from the content of
  /// inputs that decides shapes.
  std::optional<llvm::SmallVector<DimExpr>> symbolicIntegers(unsigned position);
  /// The same as run-time or constant sizes, whether the operand is constant or
  /// not.
  llvm::SmallVector<mlir::OpFoldResult> runtimeIntegers(unsigned position);

  mlir::InFlightDiagnostic error() const {
    return op->emitError("'") << op->getName() << "' ";
  }
  void bindLate(unsigned index, mlir::Value number) {
    lowerer.bindLate(b, op, index, number);
  }
  /// Ends the lowering: `value` takes the place of a result.
  mlir::LogicalResult replace(mlir::Value value, unsigned result = 0);

private:
  Map &values;
};

using Lowering = mlir::LogicalResult (*)(Node &);
struct TableEntry {
  llvm::StringLiteral name;
  Lowering lower;
};

// One table a family.
llvm::ArrayRef<TableEntry> dataSizesTable();
llvm::ArrayRef<TableEntry> imageTable();
llvm::ArrayRef<TableEntry> quantizationTable();
llvm::ArrayRef<TableEntry> recurrentTable();
llvm::ArrayRef<TableEntry> scatterTable();
llvm::ArrayRef<TableEntry> signalTable();
llvm::ArrayRef<TableEntry> contractionTable();
llvm::ArrayRef<TableEntry> controlFlowTable();
llvm::ArrayRef<TableEntry> gatherTable();
llvm::ArrayRef<TableEntry> movementTable();
llvm::ArrayRef<TableEntry> poolTable();
llvm::ArrayRef<TableEntry> reductionTable();
llvm::ArrayRef<TableEntry> rowsTable();
llvm::ArrayRef<TableEntry> stateTable();
/// Elementwise operators have a table of scalar functions.
bool isElementwise(llvm::StringRef operation);
mlir::LogicalResult lowerSoftmaxByParts(Node &node, int64_t axis,
                                        bool logarithmic);
mlir::LogicalResult lowerElementwise(Node &node);
mlir::LogicalResult lowerMaxPoolWithIndices(Node &node);
/// squint.attention as one kernel, and as what it stands for.
mlir::LogicalResult lowerAttention(Node &node);
mlir::LogicalResult lowerAttentionByParts(Node &node);
mlir::LogicalResult lowerPositions(Node &node);
mlir::LogicalResult lowerRotary(Node &node);
mlir::LogicalResult lowerRotaryByParts(Node &node);

//===----------------------------------------------------------------------===//
// Building tensors
//===----------------------------------------------------------------------===//

mlir::OpFoldResult size(mlir::ImplicitLocOpBuilder &b, const DimExpr &dim);
llvm::SmallVector<mlir::OpFoldResult> sizes(mlir::ImplicitLocOpBuilder &b,
                                            llvm::ArrayRef<DimExpr> dims);
mlir::Value sizeValue(mlir::ImplicitLocOpBuilder &b, const DimExpr &dim);

/// `element` is ONNX's in all of these; the value has the storage type.
Tensor empty(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<DimExpr> dims,
             mlir::Type element);
/// `scalar` is of the storage type.
Tensor fill(mlir::ImplicitLocOpBuilder &b, mlir::Value scalar,
            llvm::ArrayRef<DimExpr> dims, mlir::Type element);

/// The scalars of a body in the compute type in, what is yielded out.
using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;
using ScalarBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &,
                                                  mlir::ValueRange)>;

/// A linalg.generic; `maps` for the inputs, then the outputs. Inputs that are
/// inline constants of one value become constants of the body. The body sees
/// compute types of inputs and outputs.
llvm::SmallVector<Tensor>
generic(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<Tensor> inputs,
        llvm::ArrayRef<Tensor> outputs, llvm::ArrayRef<mlir::AffineMap> maps,
        llvm::ArrayRef<mlir::utils::IteratorType> iterators, Body body);
/// One element of every input, broadcast as numpy does, to one of the result;
/// the body may use linalg.index.
Tensor map(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<Tensor> inputs,
           llvm::ArrayRef<DimExpr> dims, mlir::Type element, ScalarBody body);
/// The same with explicit maps of the inputs; the result is read in order.
Tensor mapWith(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<Tensor> inputs,
               llvm::ArrayRef<mlir::AffineMap> maps,
               llvm::ArrayRef<DimExpr> dims, mlir::Type element,
               ScalarBody body);
/// Combines elements along `axes`, which are dropped from the result, with what
/// is there so far, `init` at first.
Tensor reduce(mlir::ImplicitLocOpBuilder &b, const Tensor &input,
              llvm::ArrayRef<int64_t> axes, mlir::Type element,
              mlir::TypedAttr init,
              llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &,
                                             mlir::Value, mlir::Value)>
                  combine);

/// The same elements in another shape, as reshapes of as few dimensions as
/// possible.
Tensor reshape(mlir::ImplicitLocOpBuilder &b, const Tensor &input,
               llvm::ArrayRef<DimExpr> dims);
Tensor transpose(mlir::ImplicitLocOpBuilder &b, const Tensor &input,
                 llvm::ArrayRef<int64_t> permutation);
Tensor broadcast(mlir::ImplicitLocOpBuilder &b, const Tensor &input,
                 llvm::ArrayRef<DimExpr> dims);
Tensor castTo(mlir::ImplicitLocOpBuilder &b, const Tensor &input,
              mlir::Type element);
/// A part of a tensor: a view of it, once buffers are made.
Tensor slice(mlir::ImplicitLocOpBuilder &b, const Tensor &input,
             llvm::ArrayRef<mlir::OpFoldResult> offsets,
             llvm::ArrayRef<mlir::OpFoldResult> steps,
             llvm::ArrayRef<DimExpr> dims);
/// Puts a part into a tensor.
mlir::Value insert(mlir::ImplicitLocOpBuilder &b, const Tensor &part,
                   mlir::Value whole,
                   llvm::ArrayRef<mlir::OpFoldResult> offsets);
/// Pads with a scalar of the storage type.
Tensor pad(mlir::ImplicitLocOpBuilder &b, const Tensor &input,
           llvm::ArrayRef<DimExpr> low, llvm::ArrayRef<DimExpr> dims,
           mlir::Value scalar);
/// x [batch, M, K] times y [batch, K, N], in f32 (f16 and bf16 too) or the
/// elements' own type.
Tensor batchMatmul(mlir::ImplicitLocOpBuilder &b, Tensor x, Tensor y);

/// Softmax of the rows of a matrix of f32.
Tensor softmaxRows(mlir::ImplicitLocOpBuilder &b, const Tensor &rows);

DimExpr product(llvm::ArrayRef<DimExpr> dims);
/// All elements in one row.
inline Tensor flatten(mlir::ImplicitLocOpBuilder &b, const Tensor &input) {
  return reshape(b, input, {product(input.dims)});
}

} // namespace squint::lowering

#endif
