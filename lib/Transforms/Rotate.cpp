//===- Rotate.cpp - spread outliers over all channels -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MapWeights.h"
#include "ResidualStream.h"
#include "TransformerParts.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Numerics/Hadamard.h"
#include "squint/Transforms/Passes.h"
#include <map>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_ROTATE
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {

/// R = H D: a Hadamard matrix, in blocks where the whole has none, and signs of
/// the columns.
struct Rotation {
  int64_t size; // of a block
  std::vector<float> signs;
  std::vector<double> columns; // 1 and -1; empty for all 1

  explicit Rotation(int64_t width)
      : size(getHadamardBlock(width)),
        signs(getHadamardSigns(getHadamardOrder(size))) {}

  /// Each block of R x.
  void apply(MutableArrayRef<double> x) const {
    for (auto [value, sign] : llvm::zip(x, columns))
      value *= sign;
    for (size_t i = 0; i < x.size(); i += size)
      rotate(x.slice(i, size), signs);
  }
};

struct Rotate : squint::impl::RotateBase<Rotate> {
  using RotateBase::RotateBase;
  void runOnOperation() override;

private:
  LogicalResult rotateStream(ResidualStream &stream);
  LogicalResult foldNorms(ResidualStream &stream, const Rotation &rotation);
  LogicalResult writeRotated(ResidualStream &stream, const Rotation &rotation,
                             bool centre);
  LogicalResult rotateValues(squint::AttentionOp attention);
  void rotateKeys(squint::AttentionOp attention);
  LogicalResult rotateInput(LinearOp linear);

  Value createHadamard(OpBuilder &builder, Location loc, Value input,
                       int64_t size, bool transpose = false);
  /// R x and scale * R^T x, computed when the model runs.
  Value rotateOnline(OpBuilder &builder, Value input, const Rotation &rotation);
  Value rotateBack(OpBuilder &builder, Value input, const Rotation &rotation,
                   ArrayRef<double> scale);
  /// Columns of the weight become those that read a rotated input.
  LogicalResult mapReader(LinearOp linear, const Rotation &rotation,
                          ArrayRef<double> scale = {});

  /// The matrix of an order, as a constant of the function at hand.
  Value getSigns(OpBuilder &builder, int64_t order, bool transpose);
  func::FuncOp function;
  /// Of the stream at hand.
  DenseSet<Operation *> tied;
  std::map<std::pair<int64_t, bool>, Value> signsOfOrder;
  /// Whether anything has been done.
  bool isRotated = false;
};

} // namespace

Value Rotate::getSigns(OpBuilder &builder, int64_t order, bool transpose) {
  Value &value = signsOfOrder[{order, transpose}];
  if (value)
    return value;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  std::vector<float> signs = getHadamardSigns(order);
  SmallVector<double> numbers(signs.begin(), signs.end());
  if (transpose)
    for (int64_t i = 0; i < order * order; ++i)
      numbers[i] = signs[i % order * order + i / order];
  auto type = RankedTensorType::get({order, order}, builder.getF32Type());
  return value = ConstantOp::create(
             builder, builder.getUnknownLoc(),
             makeConstant(type, encodeNumbers(type.getElementType(), numbers)));
}

Value Rotate::createHadamard(OpBuilder &builder, Location loc, Value input,
                             int64_t size, bool transpose) {
  int64_t order = getHadamardOrder(size);
  auto rotated = HadamardOp::create(
      builder, loc, input.getType(), input,
      order > 1 ? getSigns(builder, order, transpose) : Value(), size);
  if (FailureOr<SmallVector<DimExpr>> dims = getDims(input); succeeded(dims))
    setDims(rotated, *dims);
  ++numOnline;
  isRotated = true;
  return rotated;
}

Value Rotate::rotateOnline(OpBuilder &builder, Value input,
                           const Rotation &rotation) {
  return createHadamard(builder, input.getLoc(),
                        scaleColumns(builder, input, rotation.columns),
                        rotation.size);
}

Value Rotate::rotateBack(OpBuilder &builder, Value input,
                         const Rotation &rotation, ArrayRef<double> scale) {
  SmallVector<double> factors(scale);
  for (auto [factor, sign] : llvm::zip_equal(factors, rotation.columns))
    factor *= sign;
  return scaleColumns(builder,
                      createHadamard(builder, input.getLoc(), input,
                                     rotation.size, /*transpose=*/true),
                      factors);
}

LogicalResult Rotate::mapReader(LinearOp linear, const Rotation &rotation,
                                ArrayRef<double> scale) {
  OpOperand &weight = linear.getWeightMutable();
  FailureOr<TypedAttr> mapped =
      mapRows(linear, getConstant(weight.get()).getValue(),
              [&](int64_t, MutableArrayRef<double> row) {
                for (auto [value, factor] : llvm::zip(row, scale))
                  value *= factor;
                rotation.apply(row);
              });
  if (failed(mapped))
    return failure();
  replaceConstant(weight, *mapped);
  ++numWeights;
  isRotated = true;
  return success();
}

//===----------------------------------------------------------------------===//
// The residual stream: R1
//===----------------------------------------------------------------------===//

/// b + W beta, rounded once; a new bias where there was none.
static FailureOr<TypedAttr> foldBias(LinearOp linear, ArrayRef<double> beta) {
  TypedAttr weight = getConstant(linear.getWeight()).getValue();
  auto type = cast<RankedTensorType>(weight.getType());
  FailureOr<std::vector<float>> matrix = readMatrix(linear, weight);
  if (failed(matrix))
    return failure();
  int64_t outputs = type.getShape()[0], columns = type.getShape()[1];
  std::vector<float> bias(outputs, 0.0f);
  Type element = type.getElementType();
  if (linear.getBias()) {
    FailureOr<std::vector<float>> own =
        readMatrix(linear, getConstant(linear.getBias()).getValue());
    if (failed(own))
      return failure();
    bias = std::move(*own);
    element =
        cast<RankedTensorType>(linear.getBias().getType()).getElementType();
  }
  SmallVector<double> sums;
  for (int64_t o = 0; o < outputs; ++o) {
    double sum = bias[o];
    for (int64_t c = 0; c < columns; ++c)
      sum += double((*matrix)[o * columns + c]) * beta[c];
    sums.push_back(sum);
  }
  return makeConstant(RankedTensorType::get({outputs}, element),
                      encodeNumbers(element, sums));
}

/// Tables that are the weights of linears behind norms too, and those linears.
/// They stay as they are: both sides rotate when the model runs. Rows that are
/// to be centred cannot stay.
static DenseSet<Operation *> findTied(ResidualStream &stream) {
  DenseSet<Operation *> tied;
  for (auto &[norm, linears] : stream.norms)
    for (LinearOp linear : linears)
      for (EmbeddingOp table : stream.tables)
        if (!norm.getCentered() &&
            getConstant(table.getTable()).getValue() ==
                getConstant(linear.getWeight()).getValue()) {
          tied.insert(linear);
          tied.insert(table);
        }
  return tied;
}

/// A norm's scale and bias go into the linears that read it.
LogicalResult Rotate::foldNorms(ResidualStream &stream,
                                const Rotation &rotation) {
  for (auto &[norm, linears] : stream.norms) {
    FailureOr<std::vector<float>> scale =
        readMatrix(norm, getConstant(norm.getScale()).getValue());
    if (failed(scale))
      return failure();
    std::vector<double> gamma(scale->begin(), scale->end()), beta;
    if (norm.getBias()) {
      FailureOr<std::vector<float>> bias =
          readMatrix(norm, getConstant(norm.getBias()).getValue());
      if (failed(bias))
        return failure();
      beta.assign(bias->begin(), bias->end());
    }
    SmallVector<LinearOp> behind;
    for (LinearOp linear : linears) {
      if (!beta.empty()) {
        FailureOr<TypedAttr> bias = foldBias(linear, beta);
        if (failed(bias))
          return failure();
        OpBuilder builder(linear);
        linear.getBiasMutable().assign(
            ConstantOp::create(builder, linear.getLoc(), *bias).getResult());
      }
      if (tied.contains(linear))
        behind.push_back(linear);
      else if (failed(mapReader(linear, rotation, gamma)))
        return failure();
    }
    OpBuilder builder(norm);
    auto type = cast<RankedTensorType>(norm.getScale().getType());
    Value ones = ConstantOp::create(
        builder, norm.getLoc(),
        makeConstant(type,
                     encodeNumbers(type.getElementType(),
                                   std::vector<double>(stream.width, 1.0))));
    auto plain =
        NormOp::create(builder, norm.getLoc(), norm.getType(), norm.getInput(),
                       ones, Value(), UnitAttr(), norm.getEpsilonAttr());
    plain->setDiscardableAttrs(norm->getDiscardableAttrDictionary());
    norm.replaceAllUsesWith(plain.getResult());
    norm.erase();
    builder.setInsertionPointAfter(plain);
    for (LinearOp linear : behind)
      linear.getInputMutable().set(rotateBack(builder, plain, rotation, gamma));
  }
  for (LinearOp linear : stream.readers)
    if (failed(mapReader(linear, rotation)))
      return failure();
  return success();
}

/// What is added to the stream is rotated, and centred for norms that centre.
LogicalResult Rotate::writeRotated(ResidualStream &stream,
                                   const Rotation &rotation, bool centre) {
  auto map = [&](int64_t, MutableArrayRef<double> values) {
    double mean = 0.0;
    for (double value : values)
      mean += value;
    mean /= double(values.size());
    for (double &value : values)
      if (centre)
        value -= mean;
    rotation.apply(values);
  };
  auto replace = [&](OpOperand &operand, bool isRow) -> LogicalResult {
    TypedAttr values = getConstant(operand.get()).getValue();
    Operation *op = operand.getOwner();
    FailureOr<TypedAttr> mapped =
        isRow ? mapRows(op, values, map) : mapColumns(op, values, map);
    if (failed(mapped))
      return failure();
    replaceConstant(operand, *mapped);
    ++numWeights;
    return success();
  };
  for (LinearOp linear : stream.writers)
    if (failed(replace(linear.getWeightMutable(), /*isRow=*/false)) ||
        (linear.getBias() && failed(replace(linear.getBiasMutable()[0],
                                            /*isRow=*/false))))
      return failure();
  for (EmbeddingOp table : stream.tables) {
    if (!tied.contains(table)) {
      if (failed(replace(table.getTableMutable(), /*isRow=*/true)))
        return failure();
      continue;
    }
    Value rows = table.getResult();
    OpBuilder builder(table.getContext());
    builder.setInsertionPointAfter(table);
    Value rotated = rotateOnline(builder, rows, rotation);
    Operation *first =
        rotated.getDefiningOp<HadamardOp>().getInput().getDefiningOp();
    rows.replaceAllUsesExcept(rotated, first);
  }
  // A constant of any rank: its rows are those of the last dimension.
  for (OpOperand *operand : stream.constants) {
    auto type = cast<RankedTensorType>(operand->get().getType());
    TypedAttr values = getConstant(operand->get()).getValue();
    TypedAttr flat = reshapeConstant(
        values, {type.getNumElements() / stream.width, stream.width});
    if (!flat)
      return operand->getOwner()->emitError()
             << "expected a constant that is no transpose, got " << type;
    FailureOr<TypedAttr> mapped = mapRows(operand->getOwner(), flat, map);
    if (failed(mapped))
      return failure();
    replaceConstant(*operand, reshapeConstant(*mapped, type.getShape()));
  }
  return success();
}

LogicalResult Rotate::rotateStream(ResidualStream &stream) {
  Rotation rotation(stream.width);
  if (rotation.size == 1)
    return stream.norms.front().first.emitError()
           << "expected a width that a Hadamard matrix or blocks of them have, "
              "got "
           << stream.width;
  // The same signs in every run: a number's bits, well mixed (splitmix64).
  uint64_t state = uint64_t(seed);
  for (int64_t i = 0; i < stream.width; ++i) {
    uint64_t bits = state += 0x9E3779B97F4A7C15u;
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    rotation.columns.push_back((bits ^ (bits >> 31)) & 1 ? -1.0 : 1.0);
  }
  size_t centered = llvm::count_if(
      stream.norms, [](auto &item) { return item.first.getCentered(); });
  if (centered && (centered != stream.norms.size() || !stream.readers.empty()))
    return stream.norms.front().first.emitError()
           << "residual stream cannot be rotated: expected norms that all "
              "centre to be all that reads it, got others too";
  ++numStreams;
  tied = findTied(stream);
  // Writers first: they are found by their operators, readers too.
  if (failed(writeRotated(stream, rotation, centered != 0)))
    return failure();
  return foldNorms(stream, rotation);
}

//===----------------------------------------------------------------------===//
// Heads and intermediate values: R2, R3, R4
//===----------------------------------------------------------------------===//

/// Each head of the values is rotated where a linear makes them, and back
/// where a linear reads what attention made of them.
LogicalResult Rotate::rotateValues(squint::AttentionOp attention) {
  std::optional<ValueFold> fold = findValueFold(attention);
  if (!fold)
    return success();
  Rotation rotation(fold->headSize);
  if (rotation.size == 1)
    return success();
  auto rotateHeads = [&](int64_t, MutableArrayRef<double> values) {
    for (size_t i = 0; i < values.size(); i += fold->headSize)
      rotation.apply(values.slice(i, fold->headSize));
  };
  for (OpOperand *operand : fold->getWriterOperands()) {
    FailureOr<TypedAttr> mapped = mapColumns(
        fold->writer, getConstant(operand->get()).getValue(), rotateHeads);
    if (failed(mapped))
      return failure();
    replaceConstant(*operand, *mapped);
  }
  ++numWeights;
  ++numHeads;
  return mapReader(fold->reader, rotation);
}

/// Queries and keys are rotated alike, which their products do not see.
void Rotate::rotateKeys(squint::AttentionOp attention) {
  auto type = cast<RankedTensorType>(attention.getQuery().getType());
  int64_t size = type.getShape().back();
  if (ShapedType::isDynamic(size) || getHadamardBlock(size) == 1)
    return;
  OpBuilder builder(attention);
  for (OpOperand *operand :
       {&attention.getQueryMutable(), &attention.getKeyMutable()})
    operand->set(createHadamard(builder, attention.getLoc(), operand->get(),
                                getHadamardBlock(size)));
}

/// What a linear reads is rotated when the model runs, and its weight now.
LogicalResult Rotate::rotateInput(LinearOp linear) {
  int64_t columns =
      cast<RankedTensorType>(linear.getWeight().getType()).getShape()[1];
  Rotation rotation(columns);
  if (rotation.size == 1)
    return success();
  OpBuilder builder(linear);
  Value rotated = createHadamard(builder, linear.getLoc(), linear.getInput(),
                                 rotation.size);
  linear.getInputMutable().set(rotated);
  return mapReader(linear, rotation);
}

void Rotate::runOnOperation() {
  auto fail = [&] { signalPassFailure(); };
  isRotated = false;
  for (auto found : getOperation().getOps<func::FuncOp>()) {
    function = found;
    if (function.isExternal())
      continue;
    signsOfOrder.clear();
    SmallVector<squint::AttentionOp> attentions;
    function.walk([&](squint::AttentionOp op) { attentions.push_back(op); });
    std::vector<LinearOp> downs = findDownLinears(function);
    if (residual) {
      FailureOr<std::vector<ResidualStream>> streams =
          findResidualStreams(function);
      if (failed(streams))
        return fail();
      for (ResidualStream &stream : *streams)
        if (failed(rotateStream(stream)))
          return fail();
    }
    for (squint::AttentionOp attention : attentions) {
      if (values && failed(rotateValues(attention)))
        return fail();
      if (keys)
        rotateKeys(attention);
    }
    for (LinearOp linear : downs)
      if (down && failed(rotateInput(linear)))
        return fail();
  }
  if (!isRotated) {
    getOperation().emitError() << "rotation touched nothing: expected a "
                                  "residual stream, attention or linears "
                                  "behind an activation function";
    return fail();
  }
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
