//===- FoldElementwise.cpp - arithmetic on constants --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace squint;

namespace {
using Floats = ArrayRef<double>;
using Integers = ArrayRef<int64_t>;
using Integer = std::optional<int64_t>;

/// What an operator computes of one element of each operand. A null function
/// leaves that kind of element to run time.
struct Function {
  StringLiteral name;
  double (*ofFloats)(Floats);
  Integer (*ofIntegers)(Integers);
};
} // namespace

static double minimum(Floats x, bool greatest) {
  double result = x.front();
  for (double value : x.drop_front())
    if (std::isnan(value) || (greatest ? value > result : value < result))
      result = value;
  return result;
}

static Integer power(Integers x) {
  if (x[1] < 0)
    return std::nullopt;
  uint64_t result = 1, base = x[0];
  for (uint64_t exponent = x[1]; exponent; exponent >>= 1, base *= base)
    if (exponent & 1)
      result *= base;
  return result;
}

static Integer divide(Integers x) {
  if (x[1] == 0 || (x[1] == -1 && x[0] == std::numeric_limits<int64_t>::min()))
    return std::nullopt;
  return x[0] / x[1];
}

/// The rest has the divisor's sign.
static Integer modulo(Integers x) {
  if (x[1] == 0 || x[1] == -1)
    return x[1] ? Integer(0) : std::nullopt;
  int64_t rest = x[0] % x[1];
  return rest && (rest < 0) != (x[1] < 0) ? rest + x[1] : rest;
}

static double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

// Integers are computed as unsigned ones, so that they wrap.
#define FLOAT(expression) [](Floats x) -> double { return expression; }
#define INTEGER(expression) [](Integers x) -> Integer { return expression; }
#define BOTH(expression) FLOAT(expression), INTEGER(expression)

static const Function functions[] = {
    {"onnx.Add", FLOAT(x[0] + x[1]), INTEGER(uint64_t(x[0]) + uint64_t(x[1]))},
    {"onnx.Sub", FLOAT(x[0] - x[1]), INTEGER(uint64_t(x[0]) - uint64_t(x[1]))},
    {"onnx.Mul", FLOAT(x[0] * x[1]), INTEGER(uint64_t(x[0]) * uint64_t(x[1]))},
    {"onnx.Div", FLOAT(x[0] / x[1]), divide},
    {"onnx.Mod", nullptr, modulo},
    {"onnx.Pow", FLOAT(std::pow(x[0], x[1])), power},
    {"onnx.Max", FLOAT(minimum(x, true)), INTEGER(*llvm::max_element(x))},
    {"onnx.Min", FLOAT(minimum(x, false)), INTEGER(*llvm::min_element(x))},
    {"onnx.Neg", FLOAT(-x[0]), INTEGER(-uint64_t(x[0]))},
    {"onnx.Abs", FLOAT(std::fabs(x[0])),
     INTEGER(x[0] < 0 ? -uint64_t(x[0]) : uint64_t(x[0]))},
    {"onnx.Sign", FLOAT(sign(x[0])), INTEGER((x[0] > 0) - (x[0] < 0))},
    {"onnx.Sqrt", FLOAT(std::sqrt(x[0])), nullptr},
    {"onnx.Reciprocal", FLOAT(1 / x[0]), nullptr},
    {"onnx.Floor", FLOAT(std::floor(x[0])), nullptr},
    {"onnx.Ceil", FLOAT(std::ceil(x[0])), nullptr},
    {"onnx.Equal", BOTH(x[0] == x[1])},
    {"onnx.Less", BOTH(x[0] < x[1])},
    {"onnx.LessOrEqual", BOTH(x[0] <= x[1])},
    {"onnx.Greater", BOTH(x[0] > x[1])},
    {"onnx.GreaterOrEqual", BOTH(x[0] >= x[1])},
    {"onnx.And", nullptr, INTEGER(x[0] & x[1])},
    {"onnx.Or", nullptr, INTEGER(x[0] | x[1])},
    {"onnx.Xor", nullptr, INTEGER(x[0] ^ x[1])},
    {"onnx.Not", nullptr, INTEGER(!x[0])},
};
#undef BOTH
#undef INTEGER
#undef FLOAT

/// For each operand the strides with which it is read along the result's
/// dimensions; nothing when the operands do not broadcast to the result's
/// shape.
static std::optional<SmallVector<SmallVector<int64_t>>>
getBroadcast(ValueRange operands, ArrayRef<int64_t> shape) {
  SmallVector<SmallVector<int64_t>> all;
  SmallVector<int64_t> joint(shape.size(), 1);
  for (Value operand : operands) {
    ArrayRef<int64_t> own =
        cast<RankedTensorType>(operand.getType()).getShape();
    std::optional<SmallVector<int64_t>> strides =
        getBroadcastStrides(own, shape);
    if (!strides)
      return std::nullopt;
    for (auto [size, to] :
         llvm::zip_equal(own, MutableArrayRef(joint).take_back(own.size())))
      to = size == 1 ? to : size;
    all.push_back(std::move(*strides));
  }
  if (joint != shape)
    return std::nullopt;
  return all;
}

/// Calls `function` with one element of each operand for each element of the
/// result; false as soon as it fails.
template <typename T>
static bool forEach(ArrayRef<SmallVector<T>> operands,
                    ArrayRef<SmallVector<int64_t>> strides,
                    ArrayRef<int64_t> shape,
                    llvm::function_ref<bool(ArrayRef<T>)> function) {
  SmallVector<int64_t> resultStrides = computeStrides(shape);
  SmallVector<T> elements(operands.size());
  for (int64_t i = 0, count = computeProduct(shape); i < count; ++i) {
    SmallVector<int64_t> index = delinearize(i, resultStrides);
    for (auto [element, operand, stride] :
         llvm::zip_equal(elements, operands, strides))
      element = operand[linearize(index, stride)];
    if (!function(elements))
      return false;
  }
  return true;
}

static TypedAttr foldFloats(Operation *op, RankedTensorType result,
                            const Function &function) {
  SmallVector<SmallVector<double>> operands;
  for (Value operand : op->getOperands()) {
    FailureOr<SmallVector<double>> numbers = readNumbers(operand);
    if (failed(numbers))
      return {};
    operands.push_back(std::move(*numbers));
  }
  auto strides = getBroadcast(op->getOperands(), result.getShape());
  if (!strides)
    return {};
  // A float that is not finite stays visible where it arises.
  Type element = result.getElementType();
  SmallVector<double> values;
  bool ok =
      forEach<double>(operands, *strides, result.getShape(), [&](Floats x) {
        double value = function.ofFloats(x);
        double rounded = element.isF32() ? static_cast<float>(value) : value;
        values.push_back(value);
        return std::isfinite(rounded) ||
               !llvm::all_of(x, [](double v) { return std::isfinite(v); });
      });
  if (!ok)
    return {};
  if (isa<FloatType>(element))
    return makeConstant(result, encodeNumbers(element, values));
  SmallVector<int64_t> bits(
      llvm::map_range(values, [](double value) { return value != 0; }));
  return makeConstant(result, encodeIntegers(element, bits));
}

static TypedAttr foldIntegers(Operation *op, RankedTensorType result,
                              const Function &function) {
  SmallVector<SmallVector<int64_t>> operands;
  for (Value operand : op->getOperands()) {
    FailureOr<SmallVector<int64_t>> numbers = readIntegers(operand);
    // Comparisons and divisions would take the upper half of uint64 for
    // negative numbers.
    if (failed(numbers) ||
        getElementTypeOrSelf(operand.getType()).isUnsignedInteger(64))
      return {};
    operands.push_back(std::move(*numbers));
  }
  auto strides = getBroadcast(op->getOperands(), result.getShape());
  if (!strides)
    return {};
  SmallVector<int64_t> values;
  bool ok =
      forEach<int64_t>(operands, *strides, result.getShape(), [&](Integers x) {
        Integer value = function.ofIntegers(x);
        values.push_back(value.value_or(0));
        return value.has_value();
      });
  return ok ? makeConstant(result,
                           encodeIntegers(result.getElementType(), values))
            : TypedAttr();
}

static TypedAttr foldCast(onnx::CastOp op, RankedTensorType result) {
  FailureOr<SmallVector<double>> numbers = readNumbers(op.getInput());
  Type to = result.getElementType(),
       from = cast<RankedTensorType>(op.getInput().getType()).getElementType();
  if (failed(numbers) ||
      cast<RankedTensorType>(op.getInput().getType()).getShape() !=
          result.getShape())
    return {};
  if (isa<FloatType>(to)) {
    // Integers of 64 bits may round twice on their way through double.
    if (from.isInteger(64) && !to.isF64() &&
        !llvm::all_of(*numbers,
                      [](double v) { return std::fabs(v) <= 0x1p53; }))
      return {};
    return makeConstant(result, encodeNumbers(to, *numbers));
  }
  if (isa<IntegerType>(from) && !to.isInteger(1))
    return makeConstant(result,
                        encodeIntegers(to, *readIntegers(op.getInput())));
  SmallVector<int64_t> values;
  for (double number : *numbers) {
    if (to.isInteger(1)) {
      values.push_back(number != 0);
      continue;
    }
    // Values that the type cannot hold are the target's business.
    double low = to.isUnsignedInteger()
                     ? 0
                     : -std::ldexp(1.0, to.getIntOrFloatBitWidth() - 1);
    double high = std::ldexp(1.0, to.getIntOrFloatBitWidth() -
                                      (to.isUnsignedInteger() ? 0 : 1));
    double whole = std::trunc(number);
    if (!(whole >= low && whole < high) || std::fabs(whole) >= 0x1p63)
      return {};
    values.push_back(static_cast<int64_t>(whole));
  }
  return makeConstant(result, encodeIntegers(to, values));
}

TypedAttr squint::foldElementwise(Operation *op) {
  if (op->getNumResults() != 1 || op->getNumOperands() == 0)
    return {};
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  std::optional<int64_t> size = getByteSize(op->getResult(0).getType());
  if (!size || *size > kMaxFoldedBytes ||
      !llvm::all_of(op->getOperands(), getConstant))
    return {};
  if (auto castOp = dyn_cast<onnx::CastOp>(op))
    return foldCast(castOp, result);
  const auto *function = llvm::find_if(functions, [&](const Function &f) {
    return f.name == op->getName().getStringRef();
  });
  if (function == std::end(functions))
    return {};
  if (auto mod = dyn_cast<onnx::ModOp>(op); mod && mod.getFmod())
    return {};
  Type element =
      cast<RankedTensorType>(op->getOperand(0).getType()).getElementType();
  if (isa<FloatType>(element))
    return function->ofFloats ? foldFloats(op, result, *function) : TypedAttr();
  return function->ofIntegers ? foldIntegers(op, result, *function)
                              : TypedAttr();
}
