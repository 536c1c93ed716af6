//===- FuseKernels.cpp - products become kernels ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "FuseKernels.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Kernels/GpuKernels.h"
#include "squint/Kernels/Layout.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_FUSEKERNELS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {

/// An activation on its way into a product: floats, a quantization whose codes
/// the kernel reads, or codes that the model made.
struct Activation {
  Value source;
  QuantizeOp quantize;
  CodesOp codes;

  bool hasCodes() { return quantize || codes; }
  FormatAttr formatAttr() {
    if (!hasCodes())
      return {};
    return (quantize ? quantize.getResult() : codes.getResult())
        .getType()
        .getFormatAttr();
  }
  Format format() { return formatAttr().getFormat(); }
  bool isStatic() { return codes || (quantize && quantize.getScale()); }
  FloatAttr scale() {
    if (codes)
      return Builder(codes.getContext()).getF32FloatAttr(1.0f);
    return quantize ? quantize.getScaleAttr() : FloatAttr();
  }
  IntegerAttr zeroPoint();
  /// What the model computes as a zero point.
  Value variableZeroPoint() {
    Value zero = codes ? codes.getZeroPoint() : Value();
    return zero && !zero.getDefiningOp<ConstantOp>() ? zero : Value();
  }
};

/// The attribute's accessor is unsigned.
int32_t getZeroPoint(QuantizeOp op) {
  return static_cast<int32_t>(op.getZeroPoint().value_or(0));
}

IntegerAttr Activation::zeroPoint() {
  if (!codes)
    return quantize ? quantize.getZeroPointAttr() : IntegerAttr();
  Value zero = codes.getZeroPoint();
  auto constant = zero ? zero.getDefiningOp<ConstantOp>() : ConstantOp();
  if (!constant)
    return {};
  auto dense = cast<DenseElementsAttr>(constant.getValue());
  int64_t value = (*dense.value_begin<APInt>()).getSExtValue();
  return Builder(codes.getContext())
      .getI32IntegerAttr(static_cast<int32_t>(value));
}

Activation traceActivation(Value input) {
  if (auto dequantize = input.getDefiningOp<squint::DequantizeOp>()) {
    if (auto quantize = dequantize.getInput().getDefiningOp<QuantizeOp>())
      return {quantize.getInput(), quantize, {}};
    if (auto codes = dequantize.getInput().getDefiningOp<CodesOp>())
      return {codes.getInput(), {}, codes};
  }
  return {input, {}, {}};
}

/// Static codes, element by element, so that they fuse into what makes the
/// floats.
Value staticCodes(TensorBuilder &b, Value source, ArrayRef<OpFoldResult> sizes,
                  QuantizeOp quantize) {
  float scale = quantize.getScale()->convertToFloat();
  float inverse = scale == 0.0f ? 0.0f : 1.0f / scale;
  float zero = getZeroPoint(quantize);
  Location loc = b.loc;
  return b.map(
      source, b.rewriter.getMultiDimIdentityMap(sizes.size()), sizes,
      b.rewriter.getI8Type(),
      [&](OpBuilder &inner, ValueRange arguments) -> Value {
        Value x = arith::MulFOp::create(inner, loc, arguments[0],
                                        b.constant(inverse));
        // Bounds are integers, so clamping first gives the same codes; adding
        // 1.5 * 2^23, whose last bit is worth 1, rounds.
        x = arith::MaxNumFOp::create(inner, loc, x, b.constant(-128.0f - zero));
        x = arith::MinNumFOp::create(inner, loc, x, b.constant(127.0f - zero));
        x = arith::AddFOp::create(inner, loc, x, b.constant(12582912.0f));
        Value code =
            arith::BitcastOp::create(inner, loc, inner.getI32Type(), x);
        code = arith::AddIOp::create(
            inner, loc, code,
            arith::ConstantOp::create(
                inner, loc, inner.getI32IntegerAttr(getZeroPoint(quantize))));
        // Of 1.5 * 2^23 the low byte has no bits.
        return arith::TruncIOp::create(inner, loc, inner.getI8Type(), code);
      });
}

/// What a product with `weight` reads: codes where there is a kernel of
/// integers, or one of 8-bit floats, and otherwise the floats that they stand
/// for.
Activation chooseActivation(Value input, Value weight, bool hasFloat8) {
  Activation activation = traceActivation(input);
  auto packed = cast<PackedType>(weight.getType());
  Format format = packed.getFormat();
  bool isBuilt =
      !activation.hasCodes() ||
      kernel::hasIntegerProducts(format, activation.format()) ||
      (hasFloat8 && kernel::hasFloat8Products(packed, activation.format()));
  // Sums of groups of codes are of whole groups, and constant zero points.
  int64_t columns = packed.getColumns();
  if (activation.codes && format.granularity == Granularity::Group)
    isBuilt &= !activation.variableZeroPoint() &&
               columns % std::min(format.groupSize, columns) == 0;
  return isBuilt ? activation : Activation{input, {}, {}};
}

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

/// A zero point that the model computes as the kernel reads it.
Value widenZeroPoint(TensorBuilder &b, Value zero) {
  auto type = cast<RankedTensorType>(zero.getType());
  auto one = RankedTensorType::get({1}, type.getElementType());
  if (type.getRank() == 0)
    zero = tensor::ExpandShapeOp::create(b.rewriter, b.loc, one, zero,
                                         ArrayRef<ReassociationIndices>{});
  else if (type.getRank() > 1)
    zero = tensor::CollapseShapeOp::create(
        b.rewriter, b.loc, one, zero,
        ArrayRef<ReassociationIndices>{
            llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()))});
  return b.map(zero, b.rewriter.getMultiDimIdentityMap(1),
               {b.rewriter.getIndexAttr(1)}, b.rewriter.getI32Type(),
               [&](OpBuilder &inner, ValueRange arguments) -> Value {
                 return arith::ExtSIOp::create(inner, b.loc, inner.getI32Type(),
                                               arguments[0]);
               });
}

/// The sums of every `group` codes of a matrix's rows (0 is all of a row).
Value sumCodes(TensorBuilder &b, Value matrix, OpFoldResult rows,
               int64_t columns, int64_t group) {
  PatternRewriter &rewriter = b.rewriter;
  Location loc = b.loc;
  int64_t size = group ? std::min(group, columns) : columns;
  Sizes sizes{rows, rewriter.getIndexAttr(columns / size)};
  auto type = cast<RankedTensorType>(matrix.getType());
  Sizes split = sizes;
  split.push_back(rewriter.getIndexAttr(size));
  Value groups = tensor::ExpandShapeOp::create(
      rewriter, loc,
      RankedTensorType::get({type.getDimSize(0), columns / size, size},
                            type.getElementType()),
      matrix, ArrayRef<ReassociationIndices>{{0}, {1, 2}}, split);
  Value init = b.empty(sizes, rewriter.getI32Type());
  Value zero =
      arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(0));
  init = linalg::FillOp::create(rewriter, loc, zero, init).getResult(0);
  AffineExpr m, g, k;
  bindDims(rewriter.getContext(), m, g, k);
  AffineMap maps[] = {rewriter.getMultiDimIdentityMap(3),
                      AffineMap::get(3, 0, {m, g}, rewriter.getContext())};
  utils::IteratorType iterators[] = {utils::IteratorType::parallel,
                                     utils::IteratorType::parallel,
                                     utils::IteratorType::reduction};
  return linalg::GenericOp::create(
             rewriter, loc, TypeRange(init.getType()), groups, init, maps,
             iterators,
             [&](OpBuilder &inner, Location, ValueRange arguments) {
               Value wide = arith::ExtSIOp::create(
                   inner, loc, inner.getI32Type(), arguments[0]);
               wide = arith::AddIOp::create(inner, loc, arguments[1], wide);
               linalg::YieldOp::create(inner, loc, wide);
             })
      .getResult(0);
}

/// kernel.gemm with the bias as its epilogue.
Value createGemm(TensorBuilder &b, Value input, Value scales, Value sums,
                 Value weight, Value bias, OpFoldResult rows, Type element,
                 Activation activation, kernel::WindowAttr window = {},
                 DictionaryAttr tile = {}) {
  PatternRewriter &rewriter = b.rewriter;
  int64_t outputs = cast<PackedType>(weight.getType()).getRows();
  Value init = b.empty({rows, rewriter.getIndexAttr(outputs)}, element);
  SmallVector<Value> extras;
  if (bias)
    extras.push_back(bias);
  Value zeroPoint = activation.variableZeroPoint();
  if (zeroPoint)
    zeroPoint = widenZeroPoint(b, zeroPoint);
  auto gemm = kernel::GemmOp::create(
      rewriter, b.loc, TypeRange(init.getType()), input, scales, sums,
      zeroPoint, weight, extras, ValueRange(init), TypeAttr(),
      activation.formatAttr(), activation.scale(), activation.zeroPoint(), tile,
      window);
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

/// codes, scales (null when static) and sums (null of floats) of the rows of a
/// matrix.
std::array<Value, 3> quantizeRows(TensorBuilder &b, Value matrix,
                                  OpFoldResult rows, OpFoldResult columns,
                                  QuantizeOp quantize, int64_t sumGroup) {
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
  if (format.isInteger())
    outs.push_back(b.empty({rows, groups(sumGroup)}, rewriter.getI32Type()));
  auto op = kernel::QuantizeRowsOp::create(
      rewriter, b.loc, ValueRange(outs).getTypes(), matrix, outs,
      quantize.getResult().getType().getFormatAttr(),
      format.isInteger() ? sumGroup : 0, quantize.getScaleAttr(),
      quantize.getZeroPointAttr());
  return {op.getResult(0), isStatic ? Value() : op.getResult(1),
          format.isInteger() ? op.getResults().back() : Value()};
}

struct FuseLinear : OpRewritePattern<LinearOp> {
  /// Targets may multiply 8-bit floats as they are.
  FuseLinear(MLIRContext *context, bool hasFloat8)
      : OpRewritePattern(context, /*benefit=*/2), hasFloat8(hasFloat8) {}

  LogicalResult matchAndRewrite(LinearOp op,
                                PatternRewriter &rewriter) const override {
    FailureOr<Value> weight = packedWeight(rewriter, op, op.getWeight());
    if (failed(weight))
      return rewriter.notifyMatchFailure(op, "the weight is no constant");
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();
    TensorBuilder b{rewriter, op.getLoc()};
    auto type = cast<RankedTensorType>(op.getResult().getType());
    OpFoldResult rows = b.product(ArrayRef(*sizes).drop_back());
    Activation activation = chooseActivation(op.getInput(), *weight, hasFloat8);
    auto packed = cast<PackedType>(weight->getType());
    Value matrix = activation.codes ? b.asMatrix(activation.source)
                                    : b.asMatrix(b.toF32(activation.source));
    Value scales, sums;
    if (activation.hasCodes()) {
      llvm::Expected<int64_t> group =
          kernel::getSumGroup(packed.getFormat(), activation.format());
      if (!group)
        return op.emitError() << llvm::toString(group.takeError());
      if (activation.codes) {
        sums = sumCodes(b, matrix, rows, packed.getColumns(), *group);
      } else {
        std::array<Value, 3> parts = quantizeRows(
            b, matrix, rows, rewriter.getIndexAttr(packed.getColumns()),
            activation.quantize, *group);
        matrix = parts[0], scales = parts[1], sums = parts[2];
      }
    }
    DictionaryAttr tile;
    if (op->hasAttr(kSparseInputAttr))
      tile = rewriter.getDictionaryAttr(
          rewriter.getNamedAttr("sparse_input", rewriter.getUnitAttr()));
    Value result =
        createGemm(b, matrix, scales, sums, *weight, op.getBias(), rows,
                   type.getElementType(), activation, {}, tile);
    rewriter.replaceOp(op, b.expand(result, type, *sizes));
    return success();
  }

  bool hasFloat8;
};

struct FuseConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto input = cast<RankedTensorType>(op.getInput().getType());
    auto type = cast<RankedTensorType>(op.getResult().getType());
    if (op.getGroups() != 1 || input.getRank() > 4)
      return rewriter.notifyMatchFailure(op, "grouped or three-dimensional");
    for (int64_t size : input.getShape().drop_front())
      if (ShapedType::isDynamic(size))
        return rewriter.notifyMatchFailure(op, "image of symbolic size");
    FailureOr<Value> weight = packedWeight(rewriter, op, op.getWeight());
    if (failed(weight))
      return rewriter.notifyMatchFailure(op, "the weight is no constant");
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();

    TensorBuilder b{rewriter, op.getLoc()};
    Activation activation =
        chooseActivation(op.getInput(), *weight, /*hasFloat8=*/false);
    Value source =
              activation.codes ? activation.source : b.toF32(activation.source),
          scales;
    Sizes inputSizes{(*sizes)[0]};
    for (int64_t size : input.getShape().drop_front())
      inputSizes.push_back(rewriter.getIndexAttr(size));
    OpFoldResult pixels = b.product(ArrayRef(*sizes).drop_front().drop_back());
    OpFoldResult rows = b.multiply((*sizes)[0], pixels);
    if (activation.quantize && activation.isStatic()) {
      source = staticCodes(b, source, inputSizes, activation.quantize);
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

    SmallVector<int64_t> pads(op.getPads());
    if (Value zero = activation.variableZeroPoint())
      source = pad(b, source, zero, inputSizes, pads);
    auto window = getWindow(op, activation, pads);
    if (input.getRank() == 3) {
      auto padded = cast<RankedTensorType>(source.getType());
      auto image = RankedTensorType::get(
          {padded.getDimSize(0), 1, padded.getDimSize(1), padded.getDimSize(2)},
          padded.getElementType());
      source = tensor::ExpandShapeOp::create(
          rewriter, b.loc, image, source,
          ArrayRef<ReassociationIndices>{{0}, {1, 2}, {3}},
          Sizes{inputSizes[0], rewriter.getIndexAttr(1), inputSizes[1],
                inputSizes[2]});
    }
    if (activation.hasCodes()) {
      llvm::Expected<int64_t> group = kernel::getSumGroup(
          cast<PackedType>(weight->getType()).getFormat(), activation.format());
      if (!group)
        return op.emitError() << llvm::toString(group.takeError());
    } else if (isPointwise(window)) {
      source = b.collapse(source, 3);
      window = {};
    }
    Value result = createGemm(b, source, scales, Value(), *weight, op.getBias(),
                              rows, type.getElementType(), activation, window);
    rewriter.replaceOp(op, b.expand(result, type, *sizes));
    return success();
  }

private:
  /// Codes with a zero point that the model computes around them: the window's
  /// is a constant. `sizes` and `pads` become those of the result.
  static Value pad(TensorBuilder &b, Value codes, Value zero, Sizes &sizes,
                   SmallVector<int64_t> &pads) {
    if (llvm::all_of(pads, [](int64_t pad) { return pad == 0; }))
      return codes;
    PatternRewriter &rewriter = b.rewriter;
    size_t spatial = pads.size() / 2;
    Sizes inner = sizes, offsets(sizes.size(), rewriter.getIndexAttr(0)),
          ones(sizes.size(), rewriter.getIndexAttr(1));
    for (size_t i = 0; i < spatial; ++i) {
      offsets[i + 1] = rewriter.getIndexAttr(pads[i]);
      sizes[i + 1] = rewriter.getIndexAttr(*getConstantIntValue(sizes[i + 1]) +
                                           pads[i] + pads[i + spatial]);
    }
    pads.assign(pads.size(), 0);
    SmallVector<Value> origin(
        cast<RankedTensorType>(zero.getType()).getRank(),
        arith::ConstantIndexOp::create(rewriter, b.loc, 0));
    Value scalar = tensor::ExtractOp::create(rewriter, b.loc, zero, origin);
    Value whole = b.empty(sizes, rewriter.getI8Type());
    whole = linalg::FillOp::create(rewriter, b.loc, scalar, whole).getResult(0);
    return tensor::InsertSliceOp::create(rewriter, b.loc, codes, whole, offsets,
                                         inner, ones);
  }

  /// One spatial dimension is an image of height one.
  static kernel::WindowAttr getWindow(ConvOp op, Activation activation,
                                      ArrayRef<int64_t> pads) {
    auto two = [&](ArrayRef<int64_t> values, int64_t one) {
      SmallVector<int64_t> result(values);
      if (cast<RankedTensorType>(op.getType()).getRank() == 3)
        for (unsigned i = 0; i < result.size(); i += 2)
          result.insert(result.begin() + i, one);
      return DenseI64ArrayAttr::get(op.getContext(), result);
    };
    auto spatial = [](Value value) {
      return cast<RankedTensorType>(value.getType())
          .getShape()
          .drop_front()
          .drop_back();
    };
    IntegerAttr zero = activation.zeroPoint();
    int64_t padding = zero ? zero.getInt() : 0;
    return kernel::WindowAttr::get(
        op.getContext(), two(spatial(op.getWeight()), 1),
        two(op.getStrides(), 1), two(op.getDilations(), 1), two(pads, 0),
        two(spatial(op.getResult()), 1), padding);
  }

  /// Whether patches are the image as it is.
  static bool isPointwise(kernel::WindowAttr window) {
    auto all = [](ArrayRef<int64_t> values, int64_t wanted) {
      return llvm::all_of(values, [&](int64_t v) { return v == wanted; });
    };
    return all(window.getKernel(), 1) && all(window.getStrides(), 1) &&
           all(window.getPads(), 0);
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
    if (auto codes = op.getInput().getDefiningOp<CodesOp>())
      return decode(op, codes, rewriter);
    auto quantize = op.getInput().getDefiningOp<QuantizeOp>();
    if (!quantize)
      return failure();
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();
    TensorBuilder b{rewriter, op.getLoc()};
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value source = b.toF32(quantize.getInput());
    auto rounded = [&](OpBuilder &builder, Value value) -> Value {
      if (type.getElementType().isF32())
        return value;
      return arith::TruncFOp::create(builder, b.loc, type.getElementType(),
                                     value);
    };
    AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
    Format format = quantize.getResult().getType().getFormat();
    if (!format.hasScale()) {
      Type narrow = format.element->name == "f16"
                        ? Type(rewriter.getF16Type())
                        : Type(rewriter.getBF16Type());
      auto round = [&](OpBuilder &builder, ValueRange arguments) -> Value {
        Value x = arith::TruncFOp::create(builder, b.loc, narrow, arguments[0]);
        return arith::ExtFOp::create(builder, b.loc, builder.getF32Type(), x);
      };
      Value floats =
          b.map(source, identity, *sizes, rewriter.getF32Type(), round);
      if (!type.getElementType().isF32())
        floats = arith::TruncFOp::create(rewriter, b.loc, type, floats);
      rewriter.replaceOp(op, floats);
      return success();
    }
    if (quantize.getScale()) {
      Value codes = staticCodes(b, source, *sizes, quantize);
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
    if (!format.isInteger()) {
      Value init = b.empty({rows, columns}, rewriter.getF32Type());
      Value floats = kernel::QuantizeRowsOp::create(
                         rewriter, b.loc, TypeRange(init.getType()),
                         b.collapse(source, leading), ValueRange(init),
                         quantize.getResult().getType().getFormatAttr(),
                         /*sum_group=*/0, FloatAttr(), IntegerAttr())
                         .getResult(0);
      floats =
          b.expand(floats, type.clone(rewriter.getF32Type()), *sizes, leading);
      if (!type.getElementType().isF32())
        floats = arith::TruncFOp::create(rewriter, b.loc, type, floats);
      rewriter.replaceOp(op, floats);
      return success();
    }
    bool isGrouped = format.granularity == Granularity::Group;
    auto parts = quantizeRows(b, b.collapse(source, leading), rows, columns,
                              quantize, isGrouped ? format.groupSize : 0);
    AffineMap own = rewriter.getMultiDimIdentityMap(2),
              scaleOfRow = AffineMap::get(2, 0,
                                          {rewriter.getAffineDimExpr(0),
                                           rewriter.getAffineConstantExpr(0)},
                                          rewriter.getContext());
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

private:
  /// float(code - zero point)
  static LogicalResult decode(squint::DequantizeOp op, CodesOp codes,
                              PatternRewriter &rewriter) {
    FailureOr<Sizes> sizes = materializeDims(rewriter, op, 0);
    if (failed(sizes))
      return failure();
    TensorBuilder b{rewriter, op.getLoc()};
    auto type = cast<RankedTensorType>(op.getResult().getType());
    AffineMap identity = rewriter.getMultiDimIdentityMap(type.getRank());
    SmallVector<Value> reads{codes.getInput()};
    SmallVector<AffineMap> maps{identity};
    if (codes.getZeroPoint()) {
      reads.push_back(codes.getZeroPoint());
      int64_t rank = cast<RankedTensorType>(reads.back().getType()).getRank();
      maps.push_back(AffineMap::get(
          type.getRank(), 0,
          SmallVector<AffineExpr>(rank, rewriter.getAffineConstantExpr(0)),
          rewriter.getContext()));
    }
    rewriter.replaceOp(
        op, b.map(reads, maps, *sizes, type.getElementType(),
                  [&](OpBuilder &builder, ValueRange arguments) -> Value {
                    SmallVector<Value> wide;
                    for (Value value : arguments.take_front(reads.size()))
                      wide.push_back(arith::ExtSIOp::create(
                          builder, b.loc, builder.getI32Type(), value));
                    Value x = wide[0];
                    if (wide.size() == 2)
                      x = arith::SubIOp::create(builder, b.loc, x, wide[1]);
                    return arith::SIToFPOp::create(builder, b.loc,
                                                   type.getElementType(), x);
                  }));
    return success();
  }
};

struct FuseKernels : squint::impl::FuseKernelsBase<FuseKernels> {
  using FuseKernelsBase::FuseKernelsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    if (!reference)
      patterns.add<FuseLinear>(
          &getContext(),
          getLeastCapability(getOperation()->getParentOfType<ModuleOp>()) >=
              kernel::kFloat8Capability);
    if (!reference)
      patterns.add<FuseConv>(&getContext(), /*benefit=*/2);
    populateLowerProductsPatterns(patterns);
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
