//===- SplitOutliers.cpp - large activations as floats ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/SliceCompiler.h"
#include "squint/Calibration/Slices.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_SPLITOUTLIERS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
/// A value as the sum of two: what stays to be codes, and what does not.
struct Parts {
  Value rest, large;
};

struct SplitOutliers : squint::impl::SplitOutliersBase<SplitOutliers> {
  using SplitOutliersBase::SplitOutliersBase;

  LogicalResult initialize(MLIRContext *context) override;
  void getDependentDialects(DialectRegistry &registry) const override {
    SplitOutliersBase::getDependentDialects(registry);
    addSliceDialects(registry);
  }
  void runOnOperation() override;

private:
  bool isStatic() const { return mode == "static"; }
  LogicalResult findColumns(ArrayRef<LinearOp> linears);
  LogicalResult splitColumns(LinearOp op);
  void splitElements(LinearOp op);
  void replace(LinearOp op, Parts inputs, Value restWeight, Value largeWeight,
               StringRef largeFormat);

  /// Whether each column of a value has something large.
  llvm::MapVector<Value, std::vector<bool>> columns;
  /// Parts by value; those by column are the same for all that read it.
  llvm::DenseMap<Value, Parts> parts;
};
} // namespace

LogicalResult SplitOutliers::initialize(MLIRContext *context) {
  Location loc = UnknownLoc::get(context);
  if (mode != "dynamic" && mode != "static")
    return emitError(loc) << "expected mode dynamic or static, got '" << mode
                          << "'";
  if (!(threshold >= 0.0) || std::isinf(threshold))
    return emitError(loc) << "expected a threshold of 0 or more, got "
                          << llvm::formatv("{0}", threshold.getValue()).str();
  if (isStatic() == calibration.empty())
    return emitError(loc) << (isStatic() ? "expected samples to find columns in"
                                         : "expected no samples for thresholds "
                                           "that hold by token");
  if (samples < 0 || jobs < 0)
    return emitError(loc) << "expected no negative numbers";
  return success();
}

/// Whether its activations are to become codes, and its weight too.
static bool isSplit(LinearOp op) {
  auto activation = op->getAttrOfType<StringAttr>(kActivationFormatAttr);
  if (!activation || !op->hasAttr(kWeightFormatAttr) ||
      !op.getWeight().getDefiningOp<ConstantOp>() ||
      !isa<mlir::FloatType>(getElementTypeOrSelf(op.getWeight().getType())))
    return false;
  llvm::Expected<Format> format =
      Format::parse(activation.getValue(), FormatRole::Any);
  if (format)
    return format->isInteger();
  llvm::consumeError(format.takeError());
  return false;
}

//===----------------------------------------------------------------------===//
// What both kinds share
//===----------------------------------------------------------------------===//

/// Gives an operator the sizes of `value`, but for `last` columns if not 0.
static void setDimsLike(Operation *op, Value value, int64_t last = 0) {
  FailureOr<SmallVector<DimExpr>> dims = getDims(value);
  if (failed(dims))
    return;
  if (last)
    dims->back() = DimExpr(last);
  setDims(op, {*dims});
}

static Value createScalar(OpBuilder &builder, Location loc, Type element,
                          double value) {
  return ConstantOp::create(builder, loc,
                            makeConstant(RankedTensorType::get({}, element),
                                         encodeNumbers(element, value)));
}

/// x where `keep` and 0 elsewhere, or the other way round.
static Value select(OpBuilder &builder, Location loc, Value keep, Value x,
                    bool isInverted) {
  auto type = cast<RankedTensorType>(x.getType());
  Value zero = createScalar(builder, loc, type.getElementType(), 0.0);
  auto op = onnx::WhereOp::create(builder, loc, type, keep,
                                  isInverted ? zero : x, isInverted ? x : zero);
  setDimsLike(op, x);
  return op;
}

void SplitOutliers::replace(LinearOp op, Parts inputs, Value restWeight,
                            Value largeWeight, StringRef largeFormat) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto rest = LinearOp::create(builder, loc, op.getType(), inputs.rest,
                               restWeight, op.getBias());
  rest->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  auto large = LinearOp::create(builder, loc, op.getType(), inputs.large,
                                largeWeight, Value());
  large->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  large->removeDiscardableAttr(kActivationFormatAttr);
  large->removeDiscardableAttr(kMethodAttr);
  if (largeFormat.empty())
    large->removeDiscardableAttr(kWeightFormatAttr);
  else
    large->setDiscardableAttr(kWeightFormatAttr,
                              builder.getStringAttr(largeFormat));
  if (!isStatic())
    large->setDiscardableAttr(kSparseInputAttr, builder.getUnitAttr());
  auto sum = onnx::AddOp::create(builder, loc, op.getType(), rest.getResult(),
                                 large.getResult());
  setDimsLike(sum, op.getResult());
  op.getResult().replaceAllUsesWith(sum);
  op.erase();
  ++numSplit;
}

//===----------------------------------------------------------------------===//
// By element
//===----------------------------------------------------------------------===//

void SplitOutliers::splitElements(LinearOp op) {
  Value x = op.getInput();
  Parts &found = parts[x];
  if (!found.rest) {
    OpBuilder builder(&getContext());
    builder.setInsertionPointAfterValue(x);
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(x.getType());
    auto magnitude = onnx::AbsOp::create(builder, loc, type, x);
    setDimsLike(magnitude, x);
    Value limit = createScalar(builder, loc, type.getElementType(), threshold);
    // False for NaN, which then makes its token NaN as it does in float.
    auto few =
        onnx::LessOp::create(builder, loc, type.clone(builder.getI1Type()),
                             magnitude.getResult(), limit);
    setDimsLike(few, x);
    found.rest = select(builder, loc, few, x, /*isInverted=*/false);
    found.large = select(builder, loc, few, x, /*isInverted=*/true);
  }
  StringRef format =
      op->getAttrOfType<StringAttr>(kWeightFormatAttr).getValue();
  replace(op, found, op.getWeight(), op.getWeight(), format);
}

//===----------------------------------------------------------------------===//
// By column
//===----------------------------------------------------------------------===//

LogicalResult SplitOutliers::findColumns(ArrayRef<LinearOp> linears) {
  auto main = getOperation().lookupSymbol<func::FuncOp>("main");
  Location loc = UnknownLoc::get(&getContext());
  if (!main || main.isExternal() || !main.getBody().hasOneBlock())
    return emitError(loc) << "expected a function 'main' with one block";
  SmallVector<Value> wanted;
  for (LinearOp op : linears) {
    Value x = op.getInput();
    auto type = cast<RankedTensorType>(x.getType());
    if (x.getParentBlock() != &main.front())
      return op.emitError() << "columns inside of regions are not built yet";
    if (!type.getElementType().isF32())
      return op.emitError() << "expected an input of f32, got " << type;
    int64_t count =
        cast<RankedTensorType>(op.getWeight().getType()).getDimSize(1);
    if (columns.insert({x, std::vector<bool>(count)}).second)
      wanted.push_back(x);
  }
  llvm::Expected<std::unique_ptr<Samples>> file =
      Samples::open(calibration, main);
  if (!file)
    return emitError(loc) << llvm::toString(file.takeError());
  auto sink = [&](Value value, int64_t, const Array &array) {
    std::vector<bool> &large = columns.find(value)->second;
    const auto *x = reinterpret_cast<const float *>(array.bytes().data());
    for (int64_t i = 0, width = large.size(); i < array.size(); ++i)
      if (!(std::fabs(x[i]) < threshold))
        large[i % width] = true;
    return success();
  };
  return runSlices(main, **file, wanted, samples, jobs, sink);
}

/// The bytes of a weight in row-major order.
static FailureOr<std::vector<char>> readWeight(LinearOp op) {
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(
      op.getWeight().getDefiningOp<ConstantOp>().getValue(), scratch);
  if (!bytes)
    return op.emitError() << llvm::toString(bytes.takeError());
  return std::vector<char>(bytes->begin(), bytes->end());
}

LogicalResult SplitOutliers::splitColumns(LinearOp op) {
  Value x = op.getInput();
  const std::vector<bool> &isLarge = columns.find(x)->second;
  SmallVector<int64_t> large;
  for (size_t k = 0; k < isLarge.size(); ++k)
    if (isLarge[k])
      large.push_back(k);
  if (large.empty())
    return success();
  FailureOr<std::vector<char>> bytes = readWeight(op);
  if (failed(bytes))
    return failure();

  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(x);
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(x.getType());
  int64_t count = large.size(), width = isLarge.size();
  Parts &found = parts[x];
  if (!found.rest) {
    SmallVector<int64_t> keep;
    for (bool column : isLarge)
      keep.push_back(!column);
    Type boolean = builder.getI1Type();
    Value kept =
        ConstantOp::create(builder, loc,
                           makeConstant(RankedTensorType::get({width}, boolean),
                                        encodeIntegers(boolean, keep)));
    found.rest = select(builder, loc, kept, x, /*isInverted=*/false);
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = count;
    auto gather = onnx::GatherOp::create(builder, loc, type.clone(shape), x,
                                         createIntegers(builder, loc, large),
                                         type.getRank() - 1);
    setDimsLike(gather, x, count);
    found.large = gather;
  }

  auto weightType = cast<RankedTensorType>(op.getWeight().getType());
  Type element = weightType.getElementType();
  int64_t rows = weightType.getDimSize(0), size = getElementBytes(element);
  std::vector<char> taken;
  for (int64_t n = 0; n < rows; ++n)
    for (int64_t k : large) {
      char *at = bytes->data() + (n * width + k) * size;
      taken.insert(taken.end(), at, at + size);
      std::fill_n(at, size, 0);
    }
  builder.setInsertionPoint(op);
  Value rest =
      ConstantOp::create(builder, loc, makeConstant(weightType, *bytes));
  Value outliers = ConstantOp::create(
      builder, loc,
      makeConstant(RankedTensorType::get({rows, count}, element), taken));
  replace(op, found, rest, outliers, element.isF32() ? "f16" : "");
  numColumns += count;
  return success();
}

void SplitOutliers::runOnOperation() {
  columns.clear();
  parts.clear();
  SmallVector<LinearOp> linears;
  getOperation().walk([&](LinearOp op) {
    if (isSplit(op))
      linears.push_back(op);
  });
  if (linears.empty()) {
    emitError(getOperation().getLoc())
        << "splitting outliers touched nothing: expected a linear with a "
           "constant float weight and activations of integers";
    return signalPassFailure();
  }
  if (isStatic() && failed(findColumns(linears)))
    return signalPassFailure();
  for (LinearOp op : linears) {
    // Both products read one weight, whatever its samples are like.
    if (!isStatic() && op->hasAttr(kMethodAttr)) {
      op.emitError()
          << "expected weights rounded to nearest where outliers are "
             "split by element, got "
          << op->getAttr(kMethodAttr);
      return signalPassFailure();
    }
    if (!isStatic())
      splitElements(op);
    else if (failed(splitColumns(op)))
      return signalPassFailure();
  }
  // Weights that nothing reads any more.
  getOperation().walk([](ConstantOp op) {
    if (op.use_empty())
      op.erase();
  });
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
