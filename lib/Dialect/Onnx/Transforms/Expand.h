//===- Expand.h - operators in terms of others --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_ONNX_EXPAND_H
#define SQUINT_LIB_ONNX_EXPAND_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Dialect/Squint/Squint.h"
#include <cmath>

namespace squint::onnx {

/// A number beside tensors, of the type that its operator needs.
class Body {
public:
  explicit Body(mlir::Operation *op)
      : b(op->getLoc(), op), op(op), schema(*lookupSchema(op)) {}

  //===--------------------------------------------------------------------===//
  // The operator that is expanded
  //===--------------------------------------------------------------------===//

  /// The operand at a position of the schema, null when it is absent.
  mlir::Value in(unsigned position) const;
  /// The operands from a position on that all belong to it.
  mlir::OperandRange all(unsigned position) const;
  /// The result at a position, null when it is absent or has no use.
  mlir::Value out(unsigned position) const;
  int64_t integer(llvm::StringRef name, int64_t otherwise) const;
  double number(llvm::StringRef name, double otherwise) const;
  llvm::StringRef string(llvm::StringRef name, llvm::StringRef otherwise) const;
  llvm::ArrayRef<int64_t> integers(llvm::StringRef name) const;
  llvm::ArrayRef<float> reals(llvm::StringRef name) const;
  bool has(llvm::StringRef name) const { return op->hasAttr(name); }
  mlir::LogicalResult refuse(const llvm::Twine &what) {
    return refusal(op->emitOpError()) << what;
  }
  /// For a model that is not sound.
  mlir::LogicalResult fail(const llvm::Twine &what) {
    return op->emitOpError() << what;
  }
  /// The result at a position, in use or not.
  mlir::Value output(unsigned position) const;
  /// A result is what an operator of the expansion makes.
  void replace(unsigned position, mlir::Value value);

  static mlir::Type element(mlir::Value value) {
    return mlir::getElementTypeOrSelf(value.getType());
  }
  /// Of a value that shape inference has seen.
  static int64_t rank(mlir::Value value) {
    return mlir::cast<mlir::ShapedType>(value.getType()).getRank();
  }
  static llvm::SmallVector<DimExpr> dims(mlir::Value value);

  //===--------------------------------------------------------------------===//
  // The expansion
  //===--------------------------------------------------------------------===//

  /// An operator of one result; operands by position, null where one is left
  /// out. The element type is that of the first operand unless given.
  mlir::Value make(llvm::StringRef name, llvm::ArrayRef<mlir::Value> operands,
                   llvm::ArrayRef<mlir::NamedAttribute> attributes = {},
                   mlir::Type element = {});
  /// An operator with a result of each element type, by position; null where
  /// one is left out.
  llvm::SmallVector<mlir::Value>
  makeAll(llvm::StringRef name, llvm::ArrayRef<mlir::Value> operands,
          llvm::ArrayRef<mlir::NamedAttribute> attributes,
          llvm::ArrayRef<mlir::Type> elements);
  mlir::NamedAttribute attribute(llvm::StringRef name, int64_t value);
  mlir::NamedAttribute attribute(llvm::StringRef name,
                                 llvm::ArrayRef<int64_t> values);
  mlir::NamedAttribute attribute(llvm::StringRef name, llvm::StringRef text);
  mlir::NamedAttribute real(llvm::StringRef name, double value);
  /// Those of the operator that is expanded which have one of the names.
  llvm::SmallVector<mlir::NamedAttribute>
  copyAttributes(llvm::ArrayRef<llvm::StringRef> names);
  mlir::Value ints(llvm::ArrayRef<int64_t> values);
  mlir::Value scalar(mlir::Type element, double value);

  mlir::Value add(mlir::Value x, mlir::Value y) { return make("Add", {x, y}); }
  mlir::Value sub(mlir::Value x, mlir::Value y) { return make("Sub", {x, y}); }
  mlir::Value mul(mlir::Value x, mlir::Value y) { return make("Mul", {x, y}); }
  mlir::Value div(mlir::Value x, mlir::Value y) { return make("Div", {x, y}); }
  mlir::Value mul(mlir::Value x, double y) {
    return mul(x, scalar(element(x), y));
  }
  mlir::Value add(mlir::Value x, double y) {
    return add(x, scalar(element(x), y));
  }
  mlir::Value compare(llvm::StringRef name, mlir::Value x, mlir::Value y) {
    return make(name, {x, y}, {}, b.getI1Type());
  }
  mlir::Value where(mlir::Value condition, mlir::Value x, mlir::Value y) {
    return make("Where", {condition, x, y}, {}, element(x));
  }
  mlir::Value cast(mlir::Value x, mlir::Type to);
  mlir::Value reduce(llvm::StringRef name, mlir::Value x,
                     llvm::ArrayRef<int64_t> axes, bool keepDims = true);
  mlir::Value reshape(mlir::Value x, llvm::ArrayRef<int64_t> sizes) {
    return make("Reshape", {x, ints(sizes)});
  }
  mlir::Value reshapeLike(mlir::Value x, mlir::Value like) {
    return make("Reshape", {x, make("Shape", like, {}, b.getI64Type())});
  }
  mlir::Value transpose(mlir::Value x, llvm::ArrayRef<int64_t> permutation) {
    return make("Transpose", x, attribute("perm", permutation));
  }
  mlir::Value unsqueeze(mlir::Value x, llvm::ArrayRef<int64_t> axes) {
    return make("Unsqueeze", {x, ints(axes)});
  }
  mlir::Value concat(llvm::ArrayRef<mlir::Value> values, int64_t axis) {
    return make("Concat", values, attribute("axis", axis));
  }
  /// x[..., start:end:step, ...]; to the end with the largest number.
  mlir::Value slice(mlir::Value x, int64_t axis, int64_t start, int64_t end,
                    int64_t step = 1) {
    return make("Slice", {x, ints(start), ints(end), ints(axis), ints(step)});
  }
  static constexpr int64_t toEnd = std::numeric_limits<int64_t>::max();
  /// The size of a dimension as an i64 scalar, or as a vector of one.
  mlir::Value size(mlir::Value x, int64_t axis, bool isScalar = true);
  /// 0, 1, 2, ... up to a scalar.
  mlir::Value range(mlir::Value count);

  mlir::ImplicitLocOpBuilder b;

private:
  mlir::Operation *op;
  const OpSchema &schema;
};

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// What is added to the scores: 0, or -inf where a query must not see a key.
struct AttentionBias {
  mlir::Value value;
  /// Whether a query may see no key at all, and then has zeros as its result.
  bool mayHideAll = false;

  void add(Body &body, mlir::Value next) {
    value = value ? body.add(value, next) : next;
  }
};

/// softmax(cap(scale * q k^T) + bias) v over heads that are first:
/// q [batch, qHeads, tokens, size], k [batch, kvHeads, keys, size],
/// v [batch, kvHeads, keys, vSize].
struct Attention {
  Attention(mlir::Value q, mlir::Value k, mlir::Value v, int64_t qHeads,
            int64_t kvHeads, int64_t size, int64_t vSize)
      : q(q), k(k), v(v), qHeads(qHeads), kvHeads(kvHeads), size(size),
        vSize(vSize), scale(1 / std::sqrt(double(size))) {}
  mlir::Value q, k, v;
  int64_t qHeads, kvHeads, size, vSize;
  double scale, softcap = 0;
  AttentionBias bias;
  /// [heads, 1, 1], or one number: a score that takes its share of the softmax
  /// and has no value.
  mlir::Value sink;
  /// Of the softmax; that of q if it is left out.
  mlir::Type precision;
};

/// Scores at a stage: the product, capped, with the bias, after the softmax.
using AttentionScores = std::array<mlir::Value, 4>;

/// [batch, qHeads, tokens, vSize]
mlir::Value attend(Body &body, const Attention &attention,
                   AttentionScores *scores = nullptr);
/// [batch, tokens, heads * size] -> [batch, heads, tokens, size], and back.
mlir::Value splitHeads(Body &body, mlir::Value x, int64_t heads);
mlir::Value mergeHeads(Body &body, mlir::Value x);
/// 0, or -inf where a condition does not hold.
mlir::Value hideUnless(Body &body, mlir::Value allowed, mlir::Type element);

/// a b of codes, as floats: sums of integers are exact.
mlir::Value multiplyCodes(Body &body, mlir::Value a, mlir::Value aScale,
                          mlir::Value aZero, mlir::Value b, mlir::Value bScale,
                          mlir::Value bZero);

using Expansion = mlir::LogicalResult (*)(Body &);
struct ExpansionEntry {
  llvm::StringLiteral name;
  Expansion expand;
  /// Whether this operator is to be expanded; null for always.
  bool (*applies)(Body &) = nullptr;
};

// One table a family. Those of com.microsoft are written in operators of the
// standard, which are expanded in turn.
llvm::ArrayRef<ExpansionEntry> attentionExpansions();
llvm::ArrayRef<ExpansionEntry> contribAttentionExpansions();
llvm::ArrayRef<ExpansionEntry> contribExpansions();
llvm::ArrayRef<ExpansionEntry> contribQuantizedExpansions();
llvm::ArrayRef<ExpansionEntry> convExpansions();
llvm::ArrayRef<ExpansionEntry> expertExpansions();
llvm::ArrayRef<ExpansionEntry> normExpansions();
llvm::ArrayRef<ExpansionEntry> quantizedExpansions();
llvm::ArrayRef<ExpansionEntry> tensorExpansions();
llvm::ArrayRef<ExpansionEntry> weightExpansions();

} // namespace squint::onnx

#endif
