//===- LowerProducts.cpp - products as loops --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "FuseKernels.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "squint/Dialect/Squint/DimExpr.h"

using namespace mlir;
using namespace squint;

/// sum x * w over the loops past the `parallel` first ones, in f32, in tensors
/// of `sizes`.
static Value contract(TensorBuilder &b, Value x, Value w,
                      ArrayRef<AffineMap> maps, unsigned parallel,
                      ArrayRef<OpFoldResult> sizes) {
  Value init = b.empty(sizes, b.rewriter.getF32Type());
  init = linalg::FillOp::create(b.rewriter, b.loc, b.constant(0.0f), init)
             .getResult(0);
  SmallVector<utils::IteratorType> iterators(maps[0].getNumDims(),
                                             utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), parallel, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             b.rewriter, b.loc, TypeRange(init.getType()), ValueRange{x, w},
             init, maps, iterators,
             [&](OpBuilder &inner, Location, ValueRange arguments) {
               Value sum = math::FmaOp::create(inner, b.loc, arguments[0],
                                               arguments[1], arguments[2]);
               linalg::YieldOp::create(inner, b.loc, sum);
             })
      .getResult(0);
}

/// Adds a bias to the last dimension of f32 sums of `sizes`.
static Value addBias(TensorBuilder &b, Value sums, Value bias,
                     ArrayRef<OpFoldResult> sizes) {
  if (!bias)
    return sums;
  unsigned rank = sizes.size();
  AffineMap identity = b.rewriter.getMultiDimIdentityMap(rank);
  AffineMap last = AffineMap::get(
      rank, 0, b.rewriter.getAffineDimExpr(rank - 1), b.rewriter.getContext());
  return b.map(
      {sums, b.toF32(bias)}, {identity, last}, sizes, b.rewriter.getF32Type(),
      [&](OpBuilder &inner, ValueRange arguments) -> Value {
        return arith::AddFOp::create(inner, b.loc, arguments[0], arguments[1]);
      });
}

/// Rounds f32 to the elements of the operator that they replace.
static void replace(TensorBuilder &b, Operation *op, Value floats) {
  Type type = op->getResult(0).getType();
  if (floats.getType() != type)
    floats = arith::TruncFOp::create(b.rewriter, b.loc, type, floats);
  b.rewriter.replaceOp(op, floats);
}

namespace {

/// A product of two tensors in memory: y[m, n] = sum_k x[m, k] * w[n, k].
struct LowerLinear : OpRewritePattern<LinearOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LinearOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();
    TensorBuilder b{rewriter, op.getLoc()};
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Sizes matrix{b.product(ArrayRef(*sizes).drop_back()), sizes->back()};
    AffineExpr m, n, k;
    bindDims(rewriter.getContext(), m, n, k);
    auto map = [&](AffineExpr row, AffineExpr column) {
      return AffineMap::get(3, 0, {row, column}, rewriter.getContext());
    };
    Value sums =
        contract(b, b.asMatrix(b.toF32(op.getInput())), b.toF32(op.getWeight()),
                 {map(m, k), map(n, k), map(m, n)}, 2, matrix);
    sums = addBias(b, sums, op.getBias(), matrix);
    replace(b, op, b.expand(sums, type.clone(rewriter.getF32Type()), *sizes));
    return success();
  }
};

/// A convolution of any rank, in any number of groups, as loops over its
/// definition.
struct LowerConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();
    TensorBuilder b{rewriter, op.getLoc()};
    Value weight = b.toF32(op.getWeight());
    auto type = cast<RankedTensorType>(op.getResult().getType());
    int64_t rank = type.getRank(), spatial = rank - 2, groups = op.getGroups();
    int64_t channels =
                cast<RankedTensorType>(weight.getType()).getShape().back(),
            outputs = type.getShape().back() / groups;
    // Channels and outputs are split into groups: [N, spatial..., G, C], [G, O,
    // kernel..., C], [N, out..., G, O].
    Value input =
        split(b, pad(b, op, groups * channels), rank - 1, groups, channels);
    weight = split(b, weight, 0, groups, outputs);
    Sizes outSizes(ArrayRef(*sizes).drop_back());
    outSizes.push_back(rewriter.getIndexAttr(groups));
    outSizes.push_back(rewriter.getIndexAttr(outputs));

    // Loops: n, out..., g, o, then kernel..., c.
    unsigned loops = 2 * spatial + 4, g = spatial + 1, o = g + 1, k0 = o + 1,
             c = loops - 1;
    auto d = [&](unsigned i) { return rewriter.getAffineDimExpr(i); };
    SmallVector<AffineExpr> in{d(0)}, w{d(g), d(o)}, out{d(0)};
    for (int64_t i = 0; i < spatial; ++i) {
      in.push_back(d(i + 1) * op.getStrides()[i] +
                   d(k0 + i) * op.getDilations()[i]);
      w.push_back(d(k0 + i));
      out.push_back(d(i + 1));
    }
    in.append({d(g), d(c)});
    w.push_back(d(c));
    out.append({d(g), d(o)});
    SmallVector<AffineMap> maps;
    for (ArrayRef<AffineExpr> expressions : {in, w, out})
      maps.push_back(
          AffineMap::get(loops, 0, expressions, rewriter.getContext()));
    Value sums = contract(b, input, weight, maps, k0, outSizes);
    SmallVector<ReassociationIndices> merge;
    for (int64_t i = 0; i < rank; ++i)
      merge.push_back({i});
    merge.back().push_back(rank);
    sums = tensor::CollapseShapeOp::create(rewriter, b.loc, sums, merge);
    replace(b, op, addBias(b, sums, op.getBias(), *sizes));
    return success();
  }

private:
  /// The input as f32 of `channels` channels, with zeros around it.
  static Value pad(TensorBuilder &b, ConvOp op, int64_t channels) {
    Value input = b.toF32(op.getInput());
    auto type = cast<RankedTensorType>(input.getType());
    if (type.isDynamicDim(type.getRank() - 1)) {
      SmallVector<int64_t> shape(type.getShape());
      shape.back() = channels;
      type = type.clone(shape);
      input = tensor::CastOp::create(b.rewriter, b.loc, type, input);
    }
    ArrayRef<int64_t> pads = op.getPads();
    if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
      return input;
    int64_t spatial = type.getRank() - 2;
    Sizes low(type.getRank(), b.rewriter.getIndexAttr(0)), high = low;
    SmallVector<int64_t> shape(type.getShape());
    for (int64_t i = 0; i < spatial; ++i) {
      low[i + 1] = b.rewriter.getIndexAttr(pads[i]);
      high[i + 1] = b.rewriter.getIndexAttr(pads[i + spatial]);
      if (!ShapedType::isDynamic(shape[i + 1]))
        shape[i + 1] += pads[i] + pads[i + spatial];
    }
    return tensor::PadOp::create(b.rewriter, b.loc, type.clone(shape), input,
                                 low, high, b.constant(0.0f));
  }

  /// A dimension as two.
  static Value split(TensorBuilder &b, Value value, int64_t axis, int64_t first,
                     int64_t second) {
    auto type = cast<RankedTensorType>(value.getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[axis] = first;
    shape.insert(shape.begin() + axis + 1, second);
    Sizes sizes = tensor::getMixedSizes(b.rewriter, b.loc, value);
    sizes[axis] = b.rewriter.getIndexAttr(first);
    sizes.insert(sizes.begin() + axis + 1, b.rewriter.getIndexAttr(second));
    SmallVector<ReassociationIndices> groups;
    for (int64_t i = 0, at = 0; i < type.getRank(); ++i) {
      groups.push_back({at++});
      if (i == axis)
        groups.back().push_back(at++);
    }
    return tensor::ExpandShapeOp::create(b.rewriter, b.loc, type.clone(shape),
                                         value, groups, sizes);
  }
};

} // namespace

void squint::populateLowerProductsPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerLinear, LowerConv>(patterns.getContext());
}
