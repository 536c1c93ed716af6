//===- FuseKernels.cpp - products become kernels ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Transforms/Passes.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Kernels/Layout.h"

namespace squint {
#define GEN_PASS_DEF_FUSEKERNELS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {

/// Sizes of a tensor as its type and the expressions of its symbolic dimensions
/// give them.
using Sizes = SmallVector<OpFoldResult>;

/// An activation on its way into a product: floats, or a quantization whose
/// codes the kernel reads.
struct Activation {
  Value source;
  QuantizeOp quantize;
  Format format() { return quantize.getResult().getType().getFormat(); }
  bool isStatic() { return quantize && quantize.getScale().has_value(); }
};

/// The attribute's accessor is unsigned.
int32_t getZeroPoint(QuantizeOp op) {
  return static_cast<int32_t>(op.getZeroPoint().value_or(0));
}

Activation traceActivation(Value input) {
  if (auto dequantize = input.getDefiningOp<squint::DequantizeOp>())
    if (auto quantize = dequantize.getInput().getDefiningOp<QuantizeOp>())
      return {quantize.getInput(), quantize};
  return {input, {}};
}

struct Builder {
  PatternRewriter &rewriter;
  Location loc;

  Value empty(ArrayRef<OpFoldResult> sizes, Type element) {
    return tensor::EmptyOp::create(rewriter, loc, sizes, element);
  }
  Value constant(float value) {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getF32FloatAttr(value));
  }

  OpFoldResult multiply(OpFoldResult a, OpFoldResult b) {
    std::optional<int64_t> x = getConstantIntValue(a),
                           y = getConstantIntValue(b);
    if (x && y)
      return rewriter.getIndexAttr(*x * *y);
    if (x && *x == 1)
      return b;
    if (y && *y == 1)
      return a;
    return arith::MulIOp::create(
               rewriter, loc, getValueOrCreateConstantIndexOp(rewriter, loc, a),
               getValueOrCreateConstantIndexOp(rewriter, loc, b))
        .getResult();
  }
  OpFoldResult product(ArrayRef<OpFoldResult> sizes) {
    OpFoldResult result = rewriter.getIndexAttr(1);
    for (OpFoldResult size : sizes)
      result = multiply(result, size);
    return result;
  }

  /// [leading..., columns] as a matrix [rows, columns].
  Value asMatrix(Value value) {
    return collapse(value,
                    cast<RankedTensorType>(value.getType()).getRank() - 1);
  }

  /// A matrix of the first `leading` dimensions by the others.
  Value collapse(Value value, int64_t leading) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() == 2 && leading == 1)
      return value;
    if (leading == 0) {
      auto matrix = RankedTensorType::get({1, type.getShape().back()},
                                          type.getElementType());
      return tensor::ExpandShapeOp::create(
          rewriter, loc, matrix, value, ArrayRef<ReassociationIndices>{{0, 1}});
    }
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t i = 0; i < type.getRank(); ++i)
      groups[i >= leading].push_back(i);
    return tensor::CollapseShapeOp::create(rewriter, loc, value, groups);
  }

  /// The matrix [rows, columns] as a tensor of `type`, whose rows are all
  /// `sizes` but the last.
  Value expand(Value matrix, RankedTensorType type,
               ArrayRef<OpFoldResult> sizes) {
    return expand(matrix, type, sizes, type.getRank() - 1);
  }

  /// The reverse of `collapse`.
  Value expand(Value matrix, RankedTensorType type,
               ArrayRef<OpFoldResult> sizes, int64_t leading) {
    if (type.getRank() == 2 && leading == 1)
      return matrix;
    if (type.getRank() == 1)
      return tensor::CollapseShapeOp::create(
          rewriter, loc, matrix, ArrayRef<ReassociationIndices>{{0, 1}});
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t i = 0; i < type.getRank(); ++i)
      groups[i >= leading].push_back(i);
    return tensor::ExpandShapeOp::create(rewriter, loc, type, matrix, groups,
                                         sizes);
  }

  /// One elementwise operator; `inputs` are read through `maps`, the result is
  /// `sizes` of `element`.
  Value map(ValueRange inputs, ArrayRef<AffineMap> maps,
            ArrayRef<OpFoldResult> sizes, Type element,
            function_ref<Value(OpBuilder &, ValueRange)> body) {
    Value init = empty(sizes, element);
    SmallVector<AffineMap> all(maps);
    all.push_back(rewriter.getMultiDimIdentityMap(sizes.size()));
    SmallVector<utils::IteratorType> iterators(sizes.size(),
                                               utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               rewriter, loc, TypeRange(init.getType()), inputs, init, all,
               iterators,
               [&](OpBuilder &builder, Location, ValueRange arguments) {
                 Value value = body(builder, arguments);
                 linalg::YieldOp::create(builder, loc, value);
               })
        .getResult(0);
  }

  Value toF32(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getElementType().isF32())
      return value;
    return arith::ExtFOp::create(rewriter, loc,
                                 type.clone(rewriter.getF32Type()), value);
  }

  /// Static codes, element by element, so that they fuse into what makes the
  /// floats.
  Value staticCodes(Value source, ArrayRef<OpFoldResult> sizes,
                    QuantizeOp quantize) {
    float scale = quantize.getScale()->convertToFloat();
    float inverse = scale == 0.0f ? 0.0f : 1.0f / scale;
    float zero = getZeroPoint(quantize);
    return map(source, rewriter.getMultiDimIdentityMap(sizes.size()), sizes,
               rewriter.getI8Type(),
               [&](OpBuilder &b, ValueRange arguments) -> Value {
                 Value x = arith::MulFOp::create(b, loc, arguments[0],
                                                 constant(inverse));
                 x = math::RoundEvenOp::create(b, loc, x);
                 x = arith::AddFOp::create(b, loc, x, constant(zero));
                 x = arith::MaxNumFOp::create(b, loc, x, constant(-128.0f));
                 x = arith::MinNumFOp::create(b, loc, x, constant(127.0f));
                 return arith::FPToSIOp::create(b, loc, b.getI8Type(), x);
               });
  }
};

/// The weight as a packed value: a quantized one as it is, a float constant as
/// the packed format of its element.
FailureOr<Value> packedWeight(PatternRewriter &rewriter, Operation *op,
                              Value weight) {
  if (auto dequantize = weight.getDefiningOp<squint::DequantizeOp>())
    if (dequantize.getInput().getDefiningOp<ConstantOp>())
      return Value(dequantize.getInput());
  auto constant = weight.getDefiningOp<ConstantOp>();
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  if (!constant || !type)
    return failure();
  StringRef name = type.getElementType().isF32()    ? "f32"
                   : type.getElementType().isF16()  ? "f16"
                   : type.getElementType().isBF16() ? "bf16"
                                                    : "";
  if (name.empty())
    return failure();
  auto packed = PackedType::get(type.getShape(),
                                FormatAttr::get(rewriter.getContext(), name));
  DataAttr data = constant.getData();
  if (!data || !data.getPermutation().empty()) {
    std::vector<char> scratch;
    llvm::Expected<ArrayRef<char>> bytes =
        getConstantBytes(cast<TypedAttr>(constant.getValue()), scratch);
    if (!bytes)
      return op->emitError() << llvm::toString(bytes.takeError());
    DataStores &stores =
        rewriter.getContext()->getLoadedDialect<SquintDialect>()->getStores();
    data = stores.create(packed, bytes->size(), [&](MutableArrayRef<char> to) {
      llvm::copy(*bytes, to.begin());
    });
  } else {
    data = DataAttr::get(rewriter.getContext(), packed, data.getStore(),
                         data.getOffset(), data.getLength(), {});
  }
  return ConstantOp::create(rewriter, constant.getLoc(), cast<TypedAttr>(data))
      .getResult();
}

/// kernel.gemm with the bias as its epilogue.
Value createGemm(Builder &b, Value input, Value scales, Value sums,
                 Value weight, Value bias, OpFoldResult rows, Type element,
                 QuantizeOp quantize) {
  PatternRewriter &rewriter = b.rewriter;
  int64_t outputs = cast<PackedType>(weight.getType()).getRows();
  Value init = b.empty({rows, rewriter.getIndexAttr(outputs)}, element);
  FormatAttr format;
  FloatAttr scale;
  IntegerAttr zeroPoint;
  if (quantize) {
    format = quantize.getResult().getType().getFormatAttr();
    scale = quantize.getScaleAttr();
    zeroPoint = quantize.getZeroPointAttr();
  }
  SmallVector<Value> extras;
  if (bias)
    extras.push_back(bias);
  auto gemm = kernel::GemmOp::create(rewriter, b.loc, TypeRange(init.getType()),
                                     input, scales, sums, weight, extras,
                                     ValueRange(init), TypeAttr(), format,
                                     scale, zeroPoint, DictionaryAttr());
  OpBuilder::InsertionGuard guard(rewriter);
  Block *block = rewriter.createBlock(&gemm.getEpilogue());
  Value value = block->addArgument(rewriter.getF32Type(), b.loc);
  if (bias) {
    Value addend = block->addArgument(
        cast<RankedTensorType>(bias.getType()).getElementType(), b.loc);
    if (!addend.getType().isF32())
      addend =
          arith::ExtFOp::create(rewriter, b.loc, rewriter.getF32Type(), addend);
    value = arith::AddFOp::create(rewriter, b.loc, value, addend);
  }
  if (element != value.getType())
    value = arith::TruncFOp::create(rewriter, b.loc, element, value);
  kernel::YieldOp::create(rewriter, b.loc, value);
  return gemm.getResult(0);
}

/// codes, scales (null when static) and sums of the rows of a matrix.
std::array<Value, 3> quantizeRows(Builder &b, Value matrix, OpFoldResult rows,
                                  OpFoldResult columns, QuantizeOp quantize,
                                  int64_t sumGroup) {
  PatternRewriter &rewriter = b.rewriter;
  auto groups = [&](int64_t size) {
    return rewriter.getIndexAttr(
        size ? llvm::divideCeil(*getConstantIntValue(columns), size) : 1);
  };
  Format format = quantize.getResult().getType().getFormat();
  SmallVector<Value> outs{b.empty({rows, columns}, rewriter.getI8Type())};
  bool isStatic = quantize.getScale().has_value();
  if (!isStatic)
    outs.push_back(
        b.empty({rows, groups(format.granularity == Granularity::Group
                                  ? format.groupSize
                                  : 0)},
                rewriter.getF32Type()));
  outs.push_back(b.empty({rows, groups(sumGroup)}, rewriter.getI32Type()));
  auto op = kernel::QuantizeRowsOp::create(
      rewriter, b.loc, ValueRange(outs).getTypes(), matrix, outs,
      quantize.getResult().getType().getFormatAttr(), sumGroup,
      quantize.getScaleAttr(), quantize.getZeroPointAttr());
  return {op.getResult(0), isStatic ? Value() : op.getResult(1),
          op.getResults().back()};
}

struct FuseLinear : OpRewritePattern<LinearOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LinearOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<Value> weight = packedWeight(rewriter, op, op.getWeight());
    if (failed(weight))
      return rewriter.notifyMatchFailure(op, "the weight is no constant");
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();
    Builder b{rewriter, op.getLoc()};
    auto type = cast<RankedTensorType>(op.getResult().getType());
    OpFoldResult rows = b.product(ArrayRef(*sizes).drop_back());
    Activation activation = traceActivation(op.getInput());
    Value matrix = b.asMatrix(b.toF32(activation.source)), scales, sums;
    if (activation.quantize) {
      llvm::Expected<int64_t> group = kernel::getSumGroup(
          cast<PackedType>(weight->getType()).getFormat(), activation.format());
      if (!group)
        return op.emitError() << llvm::toString(group.takeError());
      std::array<Value, 3> parts =
          quantizeRows(b, matrix, rows,
                       rewriter.getIndexAttr(
                           cast<PackedType>(weight->getType()).getColumns()),
                       activation.quantize, *group);
      matrix = parts[0], scales = parts[1], sums = parts[2];
    }
    Value result = createGemm(b, matrix, scales, sums, *weight, op.getBias(),
                              rows, type.getElementType(), activation.quantize);
    rewriter.replaceOp(op, b.expand(result, type, *sizes));
    return success();
  }
};

struct FuseConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto input = cast<RankedTensorType>(op.getInput().getType());
    auto type = cast<RankedTensorType>(op.getResult().getType());
    auto weightType = cast<RankedTensorType>(op.getWeight().getType());
    if (op.getGroups() != 1 || input.getRank() > 4)
      return rewriter.notifyMatchFailure(op, "grouped or three-dimensional");
    bool oneDimension = input.getRank() == 3;
    for (int64_t size : input.getShape().drop_front())
      if (ShapedType::isDynamic(size))
        return rewriter.notifyMatchFailure(op, "image of symbolic size");
    FailureOr<Value> weight = packedWeight(rewriter, op, op.getWeight());
    if (failed(weight))
      return rewriter.notifyMatchFailure(op, "the weight is no constant");
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();

    Builder b{rewriter, op.getLoc()};
    Activation activation = traceActivation(op.getInput());
    Value source = b.toF32(activation.source), scales, sums;
    Sizes inputSizes{(*sizes)[0]};
    for (int64_t size : input.getShape().drop_front())
      inputSizes.push_back(rewriter.getIndexAttr(size));
    OpFoldResult pixels = b.product(ArrayRef(*sizes).drop_front().drop_back());
    OpFoldResult rows = b.multiply((*sizes)[0], pixels);
    int64_t padValue = 0;
    if (activation.isStatic()) {
      padValue = getZeroPoint(activation.quantize);
      source = b.staticCodes(source, inputSizes, activation.quantize);
    } else if (activation.quantize) {
      // A token of an image is the image.
      auto parts = quantizeRows(b, b.collapse(source, 1), (*sizes)[0],
                                b.product(ArrayRef(inputSizes).drop_front()),
                                activation.quantize, 0);
      source = parts[0];
      if (input.getRank() > 2) {
        SmallVector<ReassociationIndices> groups(2);
        groups[0] = {0};
        for (int64_t i = 1; i < input.getRank(); ++i)
          groups[1].push_back(i);
        source = tensor::ExpandShapeOp::create(
            rewriter, b.loc, input.clone(rewriter.getI8Type()), source, groups,
            inputSizes);
      }
      auto d0 = rewriter.getAffineDimExpr(0);
      auto read = AffineMap::get(2, 0, {d0, rewriter.getAffineConstantExpr(0)},
                                 rewriter.getContext());
      Value spread =
          b.map(parts[1], read, {(*sizes)[0], pixels}, rewriter.getF32Type(),
                [](OpBuilder &, ValueRange arguments) { return arguments[0]; });
      Value column = tensor::CollapseShapeOp::create(
          rewriter, b.loc, spread, ArrayRef<ReassociationIndices>{{0, 1}});
      auto columnType = RankedTensorType::get(
          {cast<RankedTensorType>(column.getType()).getShape()[0], 1},
          rewriter.getF32Type());
      scales =
          tensor::ExpandShapeOp::create(rewriter, b.loc, columnType, column,
                                        ArrayRef<ReassociationIndices>{{0, 1}},
                                        Sizes{rows, rewriter.getIndexAttr(1)});
    }

    // One spatial dimension is an image of height one.
    auto two = [&](ArrayRef<int64_t> values, int64_t one) {
      SmallVector<int64_t> result(values);
      if (oneDimension)
        for (unsigned i = 0; i < result.size(); i += 2)
          result.insert(result.begin() + i, one);
      return rewriter.getDenseI64ArrayAttr(result);
    };
    if (oneDimension) {
      auto element = cast<RankedTensorType>(source.getType()).getElementType();
      auto image = RankedTensorType::get(
          {input.getDimSize(0), 1, input.getDimSize(1), input.getDimSize(2)},
          element);
      source = tensor::ExpandShapeOp::create(
          rewriter, b.loc, image, source,
          ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3}},
          Sizes{inputSizes[0], rewriter.getIndexAttr(1), inputSizes[1],
                inputSizes[2]});
    }
    ArrayRef<int64_t> kernelShape =
        weightType.getShape().drop_front().drop_back();
    int64_t columns = cast<PackedType>(weight->getType()).getColumns();
    Type element = cast<RankedTensorType>(source.getType()).getElementType();
    SmallVector<Value> outs{
        b.empty({rows, rewriter.getIndexAttr(columns)}, element)};
    int64_t sumGroup = 0;
    if (activation.quantize) {
      llvm::Expected<int64_t> group = kernel::getSumGroup(
          cast<PackedType>(weight->getType()).getFormat(), activation.format());
      if (!group)
        return op.emitError() << llvm::toString(group.takeError());
      sumGroup = *group;
      int64_t groups = sumGroup ? llvm::divideCeil(columns, sumGroup) : 1;
      outs.push_back(b.empty({rows, rewriter.getIndexAttr(groups)},
                             rewriter.getI32Type()));
    }
    auto patches = kernel::Im2colOp::create(
        rewriter, b.loc, ValueRange(outs).getTypes(), source, outs,
        two(kernelShape, 1), two(op.getStrides(), 1), two(op.getDilations(), 1),
        two(op.getPads(), 0), two(type.getShape().drop_front().drop_back(), 1),
        padValue, sumGroup);
    if (activation.quantize)
      sums = patches.getResult(1);
    Value result =
        createGemm(b, patches.getResult(0), scales, sums, *weight, op.getBias(),
                   rows, type.getElementType(), activation.quantize);
    rewriter.replaceOp(op, b.expand(result, type, *sizes));
    return success();
  }
};

/// A dequantized weight that nothing fuses is written out as floats.
struct LowerDequantizedWeight : OpRewritePattern<squint::DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(squint::DequantizeOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getInput().getDefiningOp<ConstantOp>())
      return failure();
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value init = tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(),
                                         type.getElementType());
    rewriter.replaceOpWithNewOp<kernel::DequantizeOp>(
        op, TypeRange(type), op.getInput(), ValueRange(init), TypeAttr());
    return success();
  }
};

/// A dequantized activation that nothing fuses: its codes times their scales.
struct LowerDequantizedActivation : OpRewritePattern<squint::DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(squint::DequantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto quantize = op.getInput().getDefiningOp<QuantizeOp>();
    if (!quantize)
      return failure();
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();
    Builder b{rewriter, op.getLoc()};
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value source = b.toF32(quantize.getInput());
    auto rounded = [&](OpBuilder &builder, Value value) -> Value {
      if (type.getElementType().isF32())
        return value;
      return arith::TruncFOp::create(builder, b.loc, type.getElementType(),
                                     value);
    };
    AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
    if (quantize.getScale()) {
      Value codes = b.staticCodes(source, *sizes, quantize);
      float scale = quantize.getScale()->convertToFloat(),
            zero = getZeroPoint(quantize);
      rewriter.replaceOp(
          op, b.map(codes, identity, *sizes, type.getElementType(),
                    [&](OpBuilder &builder, ValueRange arguments) -> Value {
                      Value x = arith::SIToFPOp::create(
                          builder, b.loc, builder.getF32Type(), arguments[0]);
                      x = arith::SubFOp::create(builder, b.loc, x,
                                                b.constant(zero));
                      return rounded(builder,
                                     arith::MulFOp::create(builder, b.loc, x,
                                                           b.constant(scale)));
                    }));
      return success();
    }
    // A token is a row, or the image.
    int64_t leading = quantize.getImage() ? 1 : type.getRank() - 1;
    OpFoldResult rows = b.product(ArrayRef(*sizes).take_front(leading)),
                 columns = b.product(ArrayRef(*sizes).drop_front(leading));
    auto parts = quantizeRows(b, b.collapse(source, leading), rows, columns,
                              quantize, 0);
    Format format = quantize.getResult().getType().getFormat();
    AffineMap own = rewriter.getMultiDimIdentityMap(2),
              scaleOfRow = AffineMap::get(2, 0,
                                          {rewriter.getAffineDimExpr(0),
                                           rewriter.getAffineConstantExpr(0)},
                                          rewriter.getContext());
    bool isGrouped = format.granularity == Granularity::Group;
    SmallVector<Value> reads{parts[0]};
    if (!isGrouped)
      reads.push_back(parts[1]);
    Value floats = b.map(
        reads, ArrayRef<AffineMap>{own, scaleOfRow}.take_front(reads.size()),
        {rows, columns}, type.getElementType(),
        [&](OpBuilder &builder, ValueRange arguments) -> Value {
          Value x = arith::SIToFPOp::create(builder, b.loc,
                                            builder.getF32Type(), arguments[0]);
          if (!isGrouped)
            return rounded(builder, arith::MulFOp::create(builder, b.loc, x,
                                                          arguments[1]));
          Value row = linalg::IndexOp::create(builder, b.loc, 0),
                column = linalg::IndexOp::create(builder, b.loc, 1);
          Value group = arith::DivUIOp::create(
              builder, b.loc, column,
              arith::ConstantIndexOp::create(builder, b.loc, format.groupSize));
          Value scale = tensor::ExtractOp::create(builder, b.loc, parts[1],
                                                  ValueRange{row, group});
          return rounded(builder,
                         arith::MulFOp::create(builder, b.loc, x, scale));
        });
    rewriter.replaceOp(op, b.expand(floats, type, *sizes, leading));
    return success();
  }
};

/// A product of two tensors in memory: y[m, n] = sum_k x[m, k] * w[n, k].
struct LowerLinear : OpRewritePattern<LinearOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LinearOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();
    Builder b{rewriter, op.getLoc()};
    auto type = cast<RankedTensorType>(op.getResult().getType());
    OpFoldResult rows = b.product(ArrayRef(*sizes).drop_back());
    Value zero = b.constant(0.0f);
    Value init = b.empty({rows, sizes->back()}, rewriter.getF32Type());
    init = linalg::FillOp::create(rewriter, b.loc, zero, init).getResult(0);
    AffineExpr m, n, k;
    bindDims(rewriter.getContext(), m, n, k);
    auto maps = SmallVector<AffineMap>{
        AffineMap::get(3, 0, {m, k}, rewriter.getContext()),
        AffineMap::get(3, 0, {n, k}, rewriter.getContext()),
        AffineMap::get(3, 0, {m, n}, rewriter.getContext())};
    SmallVector<utils::IteratorType> iterators(3,
                                               utils::IteratorType::parallel);
    iterators[2] = utils::IteratorType::reduction;
    Value result = linalg::GenericOp::create(
                       rewriter, b.loc, TypeRange(init.getType()),
                       ValueRange{b.asMatrix(b.toF32(op.getInput())),
                                  b.toF32(op.getWeight())},
                       init, maps, iterators,
                       [&](OpBuilder &builder, Location, ValueRange arguments) {
                         Value sum =
                             math::FmaOp::create(builder, b.loc, arguments[0],
                                                 arguments[1], arguments[2]);
                         linalg::YieldOp::create(builder, b.loc, sum);
                       })
                       .getResult(0);
    AffineMap identity = rewriter.getMultiDimIdentityMap(2);
    AffineMap last = AffineMap::get(2, 0, {rewriter.getAffineDimExpr(1)},
                                    rewriter.getContext());
    if (op.getBias())
      result = b.map({result, b.toF32(op.getBias())}, {identity, last},
                     {rows, sizes->back()}, rewriter.getF32Type(),
                     [&](OpBuilder &builder, ValueRange arguments) -> Value {
                       return arith::AddFOp::create(builder, b.loc,
                                                    arguments[0], arguments[1]);
                     });
    result = b.expand(result, type.clone(rewriter.getF32Type()), *sizes);
    if (!type.getElementType().isF32())
      result = arith::TruncFOp::create(rewriter, b.loc, type, result);
    rewriter.replaceOp(op, result);
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
    Builder b{rewriter, op.getLoc()};
    Value input = b.toF32(op.getInput()), weight = b.toF32(op.getWeight());
    auto inputType = cast<RankedTensorType>(input.getType());
    auto weightType = cast<RankedTensorType>(weight.getType());
    auto type = cast<RankedTensorType>(op.getResult().getType());
    int64_t rank = type.getRank(), spatial = rank - 2, groups = op.getGroups();
    int64_t channels = weightType.getShape().back(),
            outputs = type.getShape().back() / groups;
    if (inputType.isDynamicDim(rank - 1)) {
      SmallVector<int64_t> shape(inputType.getShape());
      shape.back() = groups * channels;
      inputType = inputType.clone(shape);
      input = tensor::CastOp::create(rewriter, b.loc, inputType, input);
    }

    if (llvm::any_of(op.getPads(), [](int64_t pad) { return pad != 0; })) {
      SmallVector<OpFoldResult> low(rank, rewriter.getIndexAttr(0)), high = low;
      SmallVector<int64_t> shape(inputType.getShape());
      for (int64_t i = 0; i < spatial; ++i) {
        low[i + 1] = rewriter.getIndexAttr(op.getPads()[i]);
        high[i + 1] = rewriter.getIndexAttr(op.getPads()[i + spatial]);
        if (!ShapedType::isDynamic(shape[i + 1]))
          shape[i + 1] += op.getPads()[i] + op.getPads()[i + spatial];
      }
      input = tensor::PadOp::create(rewriter, b.loc, inputType.clone(shape),
                                    input, low, high, b.constant(0.0f));
      inputType = cast<RankedTensorType>(input.getType());
    }
    // Channels and outputs are split into groups: [N, spatial..., G, C], [G, O,
    // kernel..., C], [N, out..., G, O].
    auto split = [&](Value value, int64_t axis, int64_t first, int64_t second,
                     Sizes mixed) -> Value {
      auto from = cast<RankedTensorType>(value.getType());
      SmallVector<int64_t> shape(from.getShape());
      shape[axis] = first;
      shape.insert(shape.begin() + axis + 1, second);
      SmallVector<ReassociationIndices> groupsOf;
      for (int64_t i = 0, at = 0; i < from.getRank(); ++i) {
        groupsOf.push_back({at++});
        if (i == axis)
          groupsOf.back().push_back(at++);
      }
      return tensor::ExpandShapeOp::create(rewriter, b.loc, from.clone(shape),
                                           value, groupsOf, mixed);
    };
    auto mixedSizes = [&](RankedTensorType from, int64_t axis, int64_t first,
                          int64_t second, Value value) {
      Sizes mixed;
      for (int64_t i = 0; i < from.getRank(); ++i) {
        if (i == axis) {
          mixed.push_back(rewriter.getIndexAttr(first));
          mixed.push_back(rewriter.getIndexAttr(second));
        } else if (from.isDynamicDim(i)) {
          mixed.push_back(
              tensor::DimOp::create(rewriter, b.loc, value, i).getResult());
        } else {
          mixed.push_back(rewriter.getIndexAttr(from.getDimSize(i)));
        }
      }
      return mixed;
    };
    input = split(input, rank - 1, groups, channels,
                  mixedSizes(inputType, rank - 1, groups, channels, input));
    weight = split(weight, 0, groups, outputs,
                   mixedSizes(weightType, 0, groups, outputs, weight));
    Sizes outSizes(ArrayRef(*sizes).drop_back());
    outSizes.push_back(rewriter.getIndexAttr(groups));
    outSizes.push_back(rewriter.getIndexAttr(outputs));
    Value init = b.empty(outSizes, rewriter.getF32Type());
    init = linalg::FillOp::create(rewriter, b.loc, b.constant(0.0f), init)
               .getResult(0);

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
    SmallVector<AffineMap> maps{
        AffineMap::get(loops, 0, in, rewriter.getContext()),
        AffineMap::get(loops, 0, w, rewriter.getContext()),
        AffineMap::get(loops, 0, out, rewriter.getContext())};
    SmallVector<utils::IteratorType> iterators(loops,
                                               utils::IteratorType::parallel);
    for (unsigned i = k0; i < loops; ++i)
      iterators[i] = utils::IteratorType::reduction;
    Value result = linalg::GenericOp::create(
                       rewriter, b.loc, TypeRange(init.getType()),
                       ValueRange{input, weight}, init, maps, iterators,
                       [&](OpBuilder &builder, Location, ValueRange arguments) {
                         Value sum =
                             math::FmaOp::create(builder, b.loc, arguments[0],
                                                 arguments[1], arguments[2]);
                         linalg::YieldOp::create(builder, b.loc, sum);
                       })
                       .getResult(0);
    SmallVector<ReassociationIndices> merge;
    for (int64_t i = 0; i < rank; ++i)
      merge.push_back({i});
    merge.back().push_back(rank);
    result = tensor::CollapseShapeOp::create(rewriter, b.loc, result, merge);
    if (op.getBias())
      result =
          b.map({result, b.toF32(op.getBias())},
                {rewriter.getMultiDimIdentityMap(rank),
                 AffineMap::get(rank, 0, {d(rank - 1)}, rewriter.getContext())},
                *sizes, rewriter.getF32Type(),
                [&](OpBuilder &builder, ValueRange arguments) -> Value {
                  return arith::AddFOp::create(builder, b.loc, arguments[0],
                                               arguments[1]);
                });
    if (!type.getElementType().isF32())
      result = arith::TruncFOp::create(rewriter, b.loc, type, result);
    rewriter.replaceOp(op, result);
    return success();
  }
};

struct FuseKernels : squint::impl::FuseKernelsBase<FuseKernels> {
  using FuseKernelsBase::FuseKernelsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    if (!reference)
      patterns.add<FuseLinear, FuseConv>(&getContext(), /*benefit=*/2);
    patterns.add<LowerLinear, LowerConv>(&getContext());
    GreedyRewriteConfig config;
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    // Only what no product took is dequantized into memory.
    RewritePatternSet rest(&getContext());
    rest.add<LowerDequantizedWeight, LowerDequantizedActivation>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(rest), config)))
      return signalPassFailure();
    getOperation().walk([&](kernel::GemmOp) { ++numKernels; });
  }
};

} // namespace
