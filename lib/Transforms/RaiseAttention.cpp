//===- RaiseAttention.cpp - softmax(Q K^T) V as one operator ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Raise.h"
#include "mlir/IR/TypeUtilities.h"
#include "squint/Dialect/Onnx/Rounding.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace squint;

/// Sizes of heads that the kernel has room for.
static constexpr int64_t kMaxHeadSize = 256;
/// A mask's constant below this makes any finite score vanish beside it.
static constexpr double kMasked = -1e30;

static onnx::TransposeOp getTranspose(Value value,
                                      ArrayRef<int64_t> permutation) {
  auto op = value.getDefiningOp<onnx::TransposeOp>();
  return op && getPermutation(op) == permutation ? op : onnx::TransposeOp();
}

/// Takes multiplications with and divisions by constants off a value that
/// `user` alone reads.
static Value stripScale(Value value, Operation *user, double &scale) {
  while (Operation *op = value.getDefiningOp()) {
    auto mul = dyn_cast<onnx::MulOp>(op);
    auto div = dyn_cast<onnx::DivOp>(op);
    if ((!mul && !div) || !isOnlyForUser(op, user))
      break;
    Value other = op->getOperand(0);
    std::optional<double> factor = readScalar(op->getOperand(1));
    if (mul && !factor) {
      factor = readScalar(op->getOperand(0));
      other = op->getOperand(1);
    }
    if (!factor || !std::isfinite(*factor) || *factor == 0 ||
        other.getType() != op->getResult(0).getType())
      break;
    scale = mul ? scale * *factor : scale / *factor;
    value = other;
    user = op;
  }
  return value;
}

namespace {
/// One of query, key and value, [B, tokens, heads, size], or with the middle
/// two exchanged.
struct Heads {
  Value value;
  bool headsFirst = true;

  /// Of a value [B, heads, tokens, size].
  static Heads get(Value value) {
    if (auto transpose = getTranspose(value, {0, 2, 1, 3}))
      return {transpose.getData(), false};
    return {value, true};
  }
  unsigned axis() const { return headsFirst ? 1 : 2; }
  int64_t count() const {
    return cast<ShapedType>(value.getType()).getDimSize(axis());
  }

  /// What is left when heads that are copies of their neighbours are not made:
  /// Reshape(Expand(x)) whose Expand repeats a new dimension behind the heads.
  Heads shared() const {
    auto reshape = value.getDefiningOp<onnx::ReshapeOp>();
    auto expand =
        reshape ? reshape.getData().getDefiningOp<onnx::ExpandOp>() : nullptr;
    if (!expand)
      return *this;
    Value source = expand.getInput();
    if (auto unsqueeze = source.getDefiningOp<onnx::UnsqueezeOp>())
      source = unsqueeze.getData();
    else if (auto split = source.getDefiningOp<onnx::ReshapeOp>())
      source = split.getData();
    else
      return *this;
    FailureOr<SmallVector<DimExpr>> x = getDims(source),
                                    one = getDims(expand.getInput()),
                                    many = getDims(expand.getResult()),
                                    all = getDims(value);
    if (failed(x) || failed(one) || failed(many) || failed(all) ||
        x->size() != 4 || one->size() != 5 || many->size() != 5)
      return *this;
    SmallVector<DimExpr> wanted(*x);
    wanted.insert(wanted.begin() + axis() + 1, DimExpr(1));
    if (*one != wanted)
      return *this;
    wanted[axis() + 1] = (*many)[axis() + 1];
    SmallVector<DimExpr> merged(*x);
    merged[axis()] = (*x)[axis()] * wanted[axis() + 1];
    if (*many != wanted || *all != merged)
      return *this;
    return headsFirst ? get(source) : Heads{source, false};
  }
};

/// What the scores of a softmax are made of.
struct Scores {
  Value query, key; // [B, H, S, D], [B, H, D, T]
  Value mask;       // null for none; a Where's condition
  double scale = 1;
  /// Puts a constant in the place of the scores where its condition is
  /// `masked`.
  onnx::WhereOp where;
  bool masked = false;
};
} // namespace

/// Matches `MatMul(query, key)` behind scales.
static bool matchProduct(Value value, Operation *user, Scores &scores) {
  double scale = 1;
  auto product = stripScale(value, user, scale).getDefiningOp<onnx::MatMulOp>();
  if (!product ||
      !isOnlyForUser(product, *product.getResult().getUsers().begin()))
    return false;
  scores.query = stripScale(product.getA(), product, scale);
  scores.key = stripScale(product.getB(), product, scale);
  scores.scale = scale;
  return true;
}

/// Matches a softmax's operand: a product, to which a mask may be added.
static std::optional<Scores> matchScores(Operation *softmax, Value value) {
  Scores scores;
  if (matchProduct(value, softmax, scores))
    return scores;
  Operation *op = value.getDefiningOp();
  if (!op || !isOnlyForUser(op, softmax))
    return std::nullopt;
  if (auto add = dyn_cast<onnx::AddOp>(op)) {
    for (auto [product, mask] : {std::make_pair(add.getA(), add.getB()),
                                 std::make_pair(add.getB(), add.getA())})
      if (product.getType() == value.getType() &&
          matchProduct(product, add, scores)) {
        scores.mask = mask;
        return scores;
      }
    return std::nullopt;
  }
  auto where = dyn_cast<onnx::WhereOp>(op);
  if (!where)
    return std::nullopt;
  for (bool masked : {true, false}) {
    Value product = masked ? where.getY() : where.getX();
    std::optional<double> number =
        readScalar(masked ? where.getX() : where.getY());
    if (!number || !(*number < kMasked) ||
        product.getType() != value.getType() ||
        !matchProduct(product, where, scores))
      continue;
    scores.where = where;
    scores.masked = masked;
    scores.mask = where.getCondition();
    return scores;
  }
  return std::nullopt;
}

/// A constant that takes the place of scores may as well be added to them.
static Value createMask(PatternRewriter &rewriter, const Scores &scores) {
  if (!scores.where)
    return scores.mask;
  onnx::WhereOp where = scores.where;
  Value constant = scores.masked ? where.getX() : where.getY();
  auto scalar = RankedTensorType::get(
      {}, cast<RankedTensorType>(constant.getType()).getElementType());
  auto splat = [&](double number) -> Value {
    Attribute value = rewriter.getFloatAttr(scalar.getElementType(), number);
    return ConstantOp::create(rewriter, where.getLoc(),
                              DenseElementsAttr::get(scalar, value));
  };
  Value zero = splat(0), least = splat(*readScalar(constant));
  auto condition = cast<RankedTensorType>(where.getCondition().getType());
  auto mask = onnx::WhereOp::create(
      rewriter, where.getLoc(), condition.clone(scalar.getElementType()),
      where.getCondition(), scores.masked ? least : zero,
      scores.masked ? zero : least);
  setDims(mask, {*getDims(where.getCondition())});
  return mask;
}

/// Whether a mask broadcasts to `dims` and is one number for every key.
static bool isMask(Value mask, ArrayRef<DimExpr> dims) {
  FailureOr<SmallVector<DimExpr>> own = getDims(mask);
  if (failed(own) || own->empty() || own->size() > dims.size() ||
      own->back() != dims.back())
    return false;
  for (auto [size, wanted] :
       llvm::zip(llvm::reverse(*own), llvm::reverse(dims)))
    if (size != wanted && size != DimExpr(1))
      return false;
  return true;
}

namespace {
struct RaiseAttention : OpRewritePattern<onnx::MatMulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::MatMulOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    auto softmax = op.getA().getDefiningOp<onnx::SoftmaxOp>();
    if (!softmax || !isOnlyForUser(softmax, op) || !type ||
        type.getRank() != 4 || !isRaisedFloat(type.getElementType()) ||
        (softmax.getAxis() != -1 && softmax.getAxis() != 3))
      return rewriter.notifyMatchFailure(
          op, "expected a softmax of the last of four dimensions");
    FailureOr<SmallVector<DimExpr>> dims = getDims(softmax.getInput()),
                                    out = getDims(op.getResult());
    if (failed(dims) || failed(out) || dims->size() != 4)
      return rewriter.notifyMatchFailure(op, "expected known sizes");
    if (onnx::isRoundedByStep(type.getElementType(),
                              dims->back().getConstant()))
      return rewriter.notifyMatchFailure(
          op, "expected more keys, or scores that are not rounded");
    std::optional<Scores> scores = matchScores(softmax, softmax.getInput());
    if (!scores || (scores->mask && !isMask(scores->mask, *dims)))
      return rewriter.notifyMatchFailure(
          op, "expected a scaled product, to which a mask may be added");

    auto isHeads = [&](Value value, DimExpr tokens) {
      FailureOr<SmallVector<DimExpr>> own = getDims(value);
      return succeeded(own) && own->size() == 4 && (*own)[0] == (*dims)[0] &&
             (*own)[1] == (*dims)[1] && (*own)[2] == tokens &&
             own->back().getConstant() &&
             *own->back().getConstant() <= kMaxHeadSize;
    };
    FailureOr<SmallVector<DimExpr>> keyDims = getDims(scores->key);
    if (failed(keyDims) || keyDims->size() != 4 ||
        (*keyDims)[0] != (*dims)[0] || (*keyDims)[1] != (*dims)[1] ||
        !isHeads(scores->query, (*dims)[2]) || !isHeads(op.getB(), (*dims)[3]))
      return rewriter.notifyMatchFailure(
          op, "expected query, key and value of as many batches and heads, "
              "which are of a static, small size");
    Heads query = Heads::get(scores->query), value = Heads::get(op.getB());
    if (ShapedType::isDynamic(query.count()))
      return rewriter.notifyMatchFailure(op, "expected a static number of "
                                             "heads");
    Heads key;
    if (auto transpose = getTranspose(scores->key, {0, 2, 3, 1}))
      key = {transpose.getData(), false};
    else if (auto transpose = getTranspose(scores->key, {0, 1, 3, 2}))
      key = Heads::get(transpose.getData());
    else if (Value transposed = createTranspose(rewriter, op.getLoc(),
                                                scores->key, {0, 1, 3, 2}))
      key = {transposed, true};
    else
      return rewriter.notifyMatchFailure(op, "expected keys in order");
    Heads sharedKey = key.shared(), sharedValue = value.shared();
    if (sharedKey.count() == sharedValue.count() &&
        query.count() % sharedKey.count() == 0)
      key = sharedKey, value = sharedValue;

    // A transpose of the result is part of it when nothing else reads it.
    Operation *last = op;
    if (op.getResult().hasOneUse())
      if (auto next =
              dyn_cast<onnx::TransposeOp>(*op.getResult().getUsers().begin());
          next && getPermutation(next) == ArrayRef<int64_t>{0, 2, 1, 3} &&
          next->getBlock() == op->getBlock())
        last = next;
    bool headsFirst[] = {query.headsFirst, key.headsFirst, value.headsFirst,
                         last == op};
    DenseBoolArrayAttr order;
    if (llvm::is_contained(headsFirst, true))
      order = rewriter.getDenseBoolArrayAttr(headsFirst);
    rewriter.setInsertionPoint(last);
    auto attention = AttentionOp::create(
        rewriter, op.getLoc(), last->getResult(0).getType(), query.value,
        key.value, value.value, createMask(rewriter, *scores),
        rewriter.getF32FloatAttr(static_cast<float>(scores->scale)), order,
        /*causal=*/nullptr, /*window=*/nullptr);
    copyDims(last, attention);
    rewriter.replaceOp(last, attention);
    return success();
  }
};
} // namespace

void squint::populateRaiseAttentionPatterns(RewritePatternSet &patterns) {
  patterns.add<RaiseAttention>(patterns.getContext());
}
