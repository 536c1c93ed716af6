//===- MapWeights.cpp - float constants computed anew -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MapWeights.h"
#include "Constants.h"
#include "mlir/IR/Threading.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Numerics/TensorView.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace squint;

/// Rows that are read together, so that a transposed constant is walked along
/// its memory, and columns that are.
static constexpr int64_t kTogether = 32;

namespace {
/// The bytes of a constant, and how they are looked at.
struct Source {
  std::vector<char> scratch;
  std::optional<TensorView> view;
  RankedTensorType type;
};
} // namespace

static LogicalResult open(Operation *op, TypedAttr values, Source &source) {
  source.type = dyn_cast<RankedTensorType>(values.getType());
  Type element = source.type ? source.type.getElementType() : Type();
  if (!source.type || source.type.getRank() < 1 ||
      !source.type.hasStaticShape() ||
      !(element.isF32() || element.isF16() || element.isBF16()))
    return op->emitError() << "expected a float constant, got "
                           << values.getType();
  auto data = dyn_cast<DataAttr>(values);
  DataStores &stores =
      op->getContext()->getLoadedDialect<SquintDialect>()->getStores();
  llvm::Expected<ArrayRef<char>> bytes =
      data ? stores.get(data) : getConstantBytes(values, source.scratch);
  if (!bytes)
    return op->emitError() << llvm::toString(bytes.takeError());
  SmallVector<int64_t> stored(source.type.getShape());
  if (data)
    stored = data.getStoredShape();
  source.view.emplace(bytes->data(),
                      element.isF16()    ? squint::FloatType::F16
                      : element.isBF16() ? squint::FloatType::BF16
                                         : squint::FloatType::F32,
                      stored,
                      data ? data.getPermutation() : ArrayRef<int64_t>());
  return success();
}

static void store(Type element, ArrayRef<double> values, char *to) {
  if (element.isF32()) {
    for (size_t i = 0; i < values.size(); ++i) {
      auto rounded = float(values[i]);
      std::memcpy(to + 4 * i, &rounded, 4);
    }
    return;
  }
  std::vector<char> bytes = encodeNumbers(element, values);
  llvm::copy(bytes, to);
}

/// A constant of that type whose bytes `fill` writes: in line where it is
/// small.
static TypedAttr create(MLIRContext *context, RankedTensorType type,
                        llvm::function_ref<void(char *)> fill) {
  int64_t size = *getByteSize(type);
  if (size <= 1024) {
    std::vector<char> bytes(size);
    fill(bytes.data());
    return makeConstant(type, bytes);
  }
  DataStores &stores = context->getLoadedDialect<SquintDialect>()->getStores();
  return stores.create(
      type, size, [&](MutableArrayRef<char> bytes) { fill(bytes.data()); });
}

FailureOr<TypedAttr> squint::mapRows(Operation *op, TypedAttr values,
                                     MapFunction map) {
  Source source;
  if (failed(open(op, values, source)))
    return failure();
  int64_t rows = source.view->rows(), columns = source.view->columns();
  Type element = source.type.getElementType();
  int64_t rowBytes = columns * getElementBytes(element);
  return create(op->getContext(), source.type, [&](char *to) {
    parallelFor(op->getContext(), 0, llvm::divideCeil(rows, kTogether),
                [&](size_t block) {
                  int64_t begin = int64_t(block) * kTogether,
                          end = std::min(rows, begin + kTogether);
                  std::vector<float> floats((end - begin) * columns);
                  source.view->readRows(begin, end, floats.data());
                  std::vector<double> row(columns);
                  for (int64_t r = begin; r < end; ++r) {
                    std::copy_n(floats.data() + (r - begin) * columns, columns,
                                row.begin());
                    map(r, row);
                    store(element, row, to + r * rowBytes);
                  }
                });
  });
}

FailureOr<TypedAttr> squint::mapColumns(Operation *op, TypedAttr values,
                                        MapFunction map) {
  Source source;
  if (failed(open(op, values, source)))
    return failure();
  int64_t rows = source.view->rows(), columns = source.view->columns();
  std::vector<float> matrix(rows * columns);
  source.view->readRows(0, rows, matrix.data());
  Type element = source.type.getElementType();
  int64_t bytes = getElementBytes(element);
  return create(op->getContext(), source.type, [&](char *to) {
    parallelFor(
        op->getContext(), 0, llvm::divideCeil(columns, kTogether),
        [&](size_t block) {
          int64_t begin = int64_t(block) * kTogether,
                  end = std::min(columns, begin + kTogether);
          std::vector<double> column(rows), mapped(rows * (end - begin));
          for (int64_t c = begin; c < end; ++c) {
            for (int64_t r = 0; r < rows; ++r)
              column[r] = matrix[r * columns + c];
            map(c, column);
            for (int64_t r = 0; r < rows; ++r)
              mapped[r * (end - begin) + c - begin] = column[r];
          }
          for (int64_t r = 0; r < rows; ++r)
            store(element,
                  ArrayRef(mapped).slice(r * (end - begin), end - begin),
                  to + (r * columns + begin) * bytes);
        });
  });
}

FailureOr<std::vector<float>> squint::readMatrix(Operation *op,
                                                 TypedAttr values) {
  Source source;
  if (failed(open(op, values, source)))
    return failure();
  std::vector<float> matrix(source.view->rows() * source.view->columns());
  source.view->readRows(0, source.view->rows(), matrix.data());
  return matrix;
}

bool squint::isFloatConstant(Value value) {
  ConstantOp constant = getConstant(value);
  if (!constant)
    return false;
  auto type = cast<RankedTensorType>(constant.getType());
  Type element = type.getElementType();
  return type.getRank() > 0 &&
         (element.isF32() || element.isF16() || element.isBF16());
}

void squint::replaceConstant(OpOperand &operand, TypedAttr values) {
  auto old = operand.get().getDefiningOp<ConstantOp>();
  OpBuilder builder(old);
  operand.set(ConstantOp::create(builder, old.getLoc(), values));
  if (old.use_empty())
    old.erase();
}

Value squint::scaleColumns(OpBuilder &builder, Value input,
                           ArrayRef<double> factors) {
  auto type = cast<RankedTensorType>(input.getType());
  auto vector =
      RankedTensorType::get({int64_t(factors.size())}, type.getElementType());
  Location loc = input.getLoc();
  Value constant = ConstantOp::create(
      builder, loc,
      makeConstant(vector, encodeNumbers(type.getElementType(), factors)));
  auto scaled = onnx::MulOp::create(builder, loc, type, input, constant);
  if (FailureOr<SmallVector<DimExpr>> dims = getDims(input); succeeded(dims))
    setDims(scaled, {*dims});
  return scaled->getResult(0);
}
