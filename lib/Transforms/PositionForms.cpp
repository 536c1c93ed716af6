//===- PositionForms.cpp - elements as functions of their place -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "PositionForms.h"
#include "Constants.h"
#include "MoveTransposes.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace squint;

using Form = PositionForm;
using MaybeForm = std::optional<PositionForm>;
using Dims = SmallVector<DimExpr>;

/// Positions and their sums stay far below what a double holds exactly.
static constexpr double kMostInteger = 1LL << 52;

/// What is added to hidden scores is this or less.
static constexpr double kHidden = -1e4;

bool Form::isNumber() const {
  return !isChoice && llvm::all_of(factors, [](int64_t f) { return f == 0; });
}

static Form makeNumber(double number, size_t rank) {
  Form form;
  form.constant = number;
  form.factors.assign(rank, 0);
  return form;
}

static Form makeChoice(Form condition, double yes, double no) {
  for (int64_t factor : condition.factors) {
    if (factor == 0)
      continue;
    if (factor < 0) { // not a >= 0 is -a - 1 >= 0
      condition.constant = -condition.constant - 1;
      for (int64_t &f : condition.factors)
        f = -f;
      std::swap(yes, no);
    }
    condition.isChoice = yes != no;
    condition.yes = yes;
    condition.no = no;
    if (condition.isChoice)
      return condition;
    return makeNumber(yes, condition.factors.size());
  }
  return makeNumber(condition.constant >= 0 ? yes : no,
                    condition.factors.size());
}

static Form sum(Form a, const Form &b, int64_t times) {
  a.constant += static_cast<double>(times) * b.constant;
  for (auto [f, g] : llvm::zip_equal(a.factors, b.factors))
    f += times * g;
  return a;
}

/// The operands' elements as a table says what the operator makes of them;
/// truth is 1.
static std::optional<double> evaluate(Operation *op, ArrayRef<double> x) {
  auto truth = [](bool is) { return std::optional<double>(is ? 1.0 : 0.0); };
  if (auto cast = dyn_cast<onnx::CastOp>(op)) {
    Type from = getTensorElement(cast.getInput()),
         to = getTensorElement(cast.getResult());
    if (to.isInteger(1))
      return truth(x[0] != 0);
    if (isa<IntegerType>(to) && isa<FloatType>(from))
      return std::abs(x[0]) < kMostInteger ? std::optional(std::trunc(x[0]))
                                           : std::nullopt;
    return x[0];
  }
  StringRef name = op->getName().stripDialect();
  if (x.size() == 1)
    return llvm::StringSwitch<std::optional<double>>(name)
        .Case("Identity", x[0])
        .Case("Neg", -x[0])
        .Case("Not", truth(x[0] == 0).value())
        .Default(std::nullopt);
  if (x.size() == 3)
    return isa<onnx::WhereOp>(op) ? std::optional(x[0] != 0 ? x[1] : x[2])
                                  : std::nullopt;
  if (x.size() != 2)
    return std::nullopt;
  return llvm::StringSwitch<std::optional<double>>(name)
      .Case("Add", x[0] + x[1])
      .Case("Sub", x[0] - x[1])
      .Case("Mul", x[0] * x[1])
      .Case("Max", std::max(x[0], x[1]))
      .Case("Min", std::min(x[0], x[1]))
      .Case("And", truth(x[0] != 0 && x[1] != 0))
      .Case("Or", truth(x[0] != 0 || x[1] != 0))
      .Case("Xor", truth((x[0] != 0) != (x[1] != 0)))
      .Case("Equal", truth(x[0] == x[1]))
      .Case("Greater", truth(x[0] > x[1]))
      .Case("GreaterOrEqual", truth(x[0] >= x[1]))
      .Case("Less", truth(x[0] < x[1]))
      .Case("LessOrEqual", truth(x[0] <= x[1]))
      .Default(std::nullopt);
}

void PositionForms::assume(Value value, double number) {
  known[value] =
      makeNumber(number, cast<RankedTensorType>(value.getType()).getRank());
}

MaybeForm PositionForms::get(Value value) {
  auto it = known.find(value);
  if (it != known.end())
    return it->second;
  MaybeForm form;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (type && type.getElementType().isIntOrFloat())
    form = compute(value);
  if (form) {
    ArrayRef<int64_t> shape = type.getShape();
    for (auto [size, factor] : llvm::zip_equal(shape, form->factors))
      factor = size == 1 ? 0 : factor;
    if (form->isChoice)
      form = makeChoice(*form, form->yes, form->no);
    bool isExact = std::abs(form->constant) < kMostInteger ||
                   (!form->isChoice && form->isNumber());
    if (!isExact)
      form.reset();
  }
  return known[value] = form;
}

/// Of operands that are broadcast.
MaybeForm PositionForms::computeElementwise(Operation *op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<Form> operands;
  for (Value operand : op->getOperands()) {
    MaybeForm form = operand ? get(operand) : std::nullopt;
    if (!form || form->factors.size() > static_cast<size_t>(type.getRank()))
      return std::nullopt;
    form->factors.insert(form->factors.begin(),
                         type.getRank() - form->factors.size(), 0);
    operands.push_back(*form);
  }
  const Form *choice = nullptr;
  bool isAffine = false;
  for (const Form &form : operands) {
    if (!form.isChoice) {
      isAffine |= !form.isNumber();
      continue;
    }
    if (choice &&
        (choice->factors != form.factors || choice->constant != form.constant))
      return std::nullopt;
    choice = &form;
  }
  if (!isAffine) {
    auto at = [&](bool yes) {
      return evaluate(op, llvm::map_to_vector(operands, [&](const Form &form) {
                        return form.isChoice ? (yes ? form.yes : form.no)
                                             : form.constant;
                      }));
    };
    std::optional<double> yes = at(true), no = at(false);
    if (!yes || !no)
      return std::nullopt;
    return choice ? makeChoice(*choice, *yes, *no)
                  : makeNumber(*yes, type.getRank());
  }
  if (auto cast = dyn_cast<onnx::CastOp>(op)) {
    Type to = type.getElementType();
    // Narrow types do not hold every position.
    return to.isF32() || to.isF64() || to.isInteger(32) || to.isInteger(64)
               ? MaybeForm(operands[0])
               : std::nullopt;
  }
  if (isa<onnx::IdentityOp>(op))
    return operands[0];
  if (auto where = dyn_cast<onnx::WhereOp>(op); where && operands[0].isNumber())
    return operands[operands[0].constant != 0 ? 1 : 2];
  if (choice || operands.size() != 2)
    return std::nullopt;
  const Form &a = operands[0], &b = operands[1];
  auto isWhole = [](const Form &form) {
    return form.constant == std::nearbyint(form.constant);
  };
  if (!isWhole(a) || !isWhole(b))
    return std::nullopt;
  Form minusOne = makeNumber(-1, type.getRank());
  auto atLeast = [](const Form &x, const Form &y) {
    return makeChoice(sum(x, y, -1), 1, 0);
  };
  return llvm::TypeSwitch<Operation *, MaybeForm>(op)
      .Case([&](onnx::AddOp) { return sum(a, b, 1); })
      .Case([&](onnx::SubOp) { return sum(a, b, -1); })
      .Case([&](onnx::GreaterOrEqualOp) { return atLeast(a, b); })
      .Case([&](onnx::LessOrEqualOp) { return atLeast(b, a); })
      .Case([&](onnx::GreaterOp) { return atLeast(sum(a, minusOne, 1), b); })
      .Case([&](onnx::LessOp) { return atLeast(sum(b, minusOne, 1), a); })
      .Default([](Operation *) { return std::nullopt; });
}

/// The factors of a tensor of the same elements in the same order.
static MaybeForm reshape(Form form, Value from, Value to) {
  FailureOr<Dims> own = getDims(from), other = getDims(to);
  if (failed(own) || failed(other))
    return std::nullopt;
  Form result = form;
  result.factors.assign(other->size(), 0);
  if (form.isNumber())
    return result;
  size_t i = 0;
  for (size_t j = 0; j < other->size(); ++j) {
    if ((*other)[j].isConstant(1))
      continue;
    while (i < own->size() && (*own)[i].isConstant(1))
      ++i;
    if (i == own->size() || (*own)[i] != (*other)[j])
      return std::nullopt;
    result.factors[j] = form.factors[i++];
  }
  for (; i < own->size(); ++i)
    if (!(*own)[i].isConstant(1))
      return std::nullopt;
  return result;
}

/// A causal mask that is a table in the model, or a row that counts.
static MaybeForm readTable(ConstantOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  constexpr int64_t kMostBytes = 64 << 20;
  int64_t rank = type.getRank();
  if (type.getNumElements() == 0)
    return std::nullopt;
  FailureOr<SmallVector<double>> numbers = failure();
  if (isa<FloatType>(type.getElementType())) {
    numbers = readNumbers(op.getResult(), kMostBytes);
  } else if (FailureOr<SmallVector<int64_t>> integers =
                 readIntegers(op.getResult(), kMostBytes);
             succeeded(integers)) {
    numbers = SmallVector<double>(integers->begin(), integers->end());
  }
  if (failed(numbers))
    return std::nullopt;
  double first = numbers->front();
  Form form = makeNumber(first, rank);
  if (llvm::all_of(*numbers, [&](double x) { return x == first; }))
    return form;
  ArrayRef<int64_t> shape = type.getShape();
  if (llvm::any_of(shape.drop_back(std::min<int64_t>(rank, 2)),
                   [](int64_t size) { return size != 1; }))
    return std::nullopt;
  int64_t columns = shape.back(), rows = rank > 1 ? shape[rank - 2] : 1;
  if (rows == 1) {
    form.factors.back() = 1;
    for (int64_t i = 0; i < columns; ++i)
      if ((*numbers)[i] != first + static_cast<double>(i))
        return std::nullopt;
    return form;
  }
  double last = (*numbers)[columns - 1];
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      if ((*numbers)[i * columns + j] != (i >= j ? first : last))
        return std::nullopt;
  form.constant = 0;
  form.factors[rank - 2] = 1;
  form.factors[rank - 1] = -1;
  return makeChoice(form, first, last);
}

static MaybeForm slice(onnx::SliceOp op, Form form) {
  FailureOr<Dims> own = getDims(op.getData()), all = getDims(op.getResult());
  if (failed(own) || failed(all))
    return std::nullopt;
  int64_t rank = own->size();
  SmallVector<int64_t> steps, axes;
  auto read = [](Value value, SmallVector<int64_t> &numbers) {
    if (!value)
      return true;
    FailureOr<SmallVector<int64_t>> known = readIntegers(value);
    if (succeeded(known))
      numbers = *known;
    return succeeded(known);
  };
  if (form.isNumber())
    return form;
  if (!read(op.getSteps(), steps) || !read(op.getAxes(), axes) ||
      llvm::any_of(steps, [](int64_t step) { return step != 1; }))
    return std::nullopt;
  FailureOr<SmallVector<int64_t>> starts = readIntegers(op.getStarts());
  if (!op.getAxes() && succeeded(starts))
    llvm::append_range(axes, llvm::seq<int64_t>(0, starts->size()));
  else if (!op.getAxes())
    return std::nullopt;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t d = axis < 0 ? axis + rank : axis;
    if (d < 0 || d >= rank)
      return std::nullopt;
    if (form.factors[d] == 0 || (*own)[d] == (*all)[d])
      continue;
    if (failed(starts) || i >= starts->size() || (*starts)[i] < 0)
      return std::nullopt;
    form.constant += static_cast<double>(form.factors[d] * (*starts)[i]);
  }
  return form;
}

MaybeForm PositionForms::compute(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumResults() != 1)
    return std::nullopt;
  auto type = cast<RankedTensorType>(value.getType());
  size_t rank = type.getRank();
  auto numberOf = [&](Value operand) -> std::optional<double> {
    MaybeForm form = operand ? get(operand) : std::nullopt;
    return form && form->isNumber() ? std::optional(form->constant)
                                    : std::nullopt;
  };
  auto same = [&](Value operand) -> MaybeForm {
    std::optional<double> number = numberOf(operand);
    return number ? MaybeForm(makeNumber(*number, rank)) : std::nullopt;
  };
  return llvm::TypeSwitch<Operation *, MaybeForm>(op)
      .Case([&](ConstantOp constant) { return readTable(constant); })
      .Case([&](PositionsOp positions) -> MaybeForm {
        if (positions.getLengths())
          return std::nullopt;
        Form form = makeNumber(0, rank);
        form.factors[1] = 1;
        return form;
      })
      .Case([&](onnx::RangeOp range) -> MaybeForm {
        std::optional<double> start = numberOf(range.getStart()),
                              delta = numberOf(range.getDelta());
        if (!start || !delta || *delta != 1)
          return std::nullopt;
        Form form = makeNumber(*start, 1);
        form.factors[0] = 1;
        return form;
      })
      .Case([&](onnx::ConstantOfShapeOp fill) -> MaybeForm {
        auto number = dyn_cast_or_null<DenseElementsAttr>(
            fill.getValue() ? *fill.getValue() : Attribute());
        if (!fill.getValue())
          return makeNumber(0, rank);
        if (!number || !number.isSplat())
          return std::nullopt;
        if (isa<FloatType>(number.getElementType()))
          return makeNumber(number.getSplatValue<APFloat>().convertToDouble(),
                            rank);
        APInt integer = number.getSplatValue<APInt>();
        return makeNumber(integer.getBitWidth() == 1
                              ? double(integer.getZExtValue())
                              : double(integer.getSExtValue()),
                          rank);
      })
      .Case<onnx::UnsqueezeOp, onnx::SqueezeOp, onnx::ReshapeOp,
            onnx::FlattenOp>([&](Operation *move) -> MaybeForm {
        MaybeForm form = get(move->getOperand(0));
        return form ? reshape(*form, move->getOperand(0), value) : std::nullopt;
      })
      .Case([&](onnx::ExpandOp expand) -> MaybeForm {
        MaybeForm form = get(expand.getInput());
        if (!form || form->factors.size() > rank)
          return std::nullopt;
        form->factors.insert(form->factors.begin(), rank - form->factors.size(),
                             0);
        return form;
      })
      .Case([&](onnx::TransposeOp transpose) -> MaybeForm {
        MaybeForm form = get(transpose.getData());
        if (!form)
          return std::nullopt;
        Form result = *form;
        for (auto [i, d] : llvm::enumerate(getPermutation(transpose)))
          result.factors[i] = form->factors[d];
        return result;
      })
      .Case([&](onnx::SliceOp op) -> MaybeForm {
        MaybeForm form = get(op.getData());
        return form ? slice(op, *form) : std::nullopt;
      })
      .Case([&](onnx::GatherOp op) { return same(op.getData()); })
      .Case([&](onnx::GatherNDOp op) { return same(op.getData()); })
      .Case([&](onnx::CumSumOp op) -> MaybeForm {
        std::optional<double> number = numberOf(op.getX()),
                              axis = numberOf(op.getAxis());
        if (!number || !axis || op.getExclusive() || op.getReverse() ||
            *number != std::nearbyint(*number))
          return std::nullopt;
        double d = *axis < 0 ? *axis + static_cast<double>(rank) : *axis;
        if (d < 0 || d >= static_cast<double>(rank))
          return std::nullopt;
        Form form = makeNumber(*number, rank);
        form.factors[static_cast<size_t>(d)] = static_cast<int64_t>(*number);
        return form;
      })
      .Case([&](onnx::TriluOp op) -> MaybeForm {
        MaybeForm form = get(op.getInput());
        std::optional<double> k = op.getK() ? numberOf(op.getK()) : 0.0;
        if (!form || !k || rank < 2)
          return std::nullopt;
        // Kept where j - i >= k, or where i - j >= -k.
        Form kept = makeNumber(op.getUpper() ? -*k : *k, rank);
        kept.factors[rank - 1] = op.getUpper() ? 1 : -1;
        kept.factors[rank - 2] = op.getUpper() ? -1 : 1;
        if (form->isNumber())
          return makeChoice(kept, form->constant, 0);
        Form truth = makeChoice(kept, 1, 0);
        if (!form->isChoice || truth.factors != form->factors ||
            truth.constant != form->constant)
          return std::nullopt;
        return makeChoice(truth, truth.yes ? form->yes : 0,
                          truth.no ? form->no : 0);
      })
      .Default([&](Operation *other) {
        return isElementwise(other) ? computeElementwise(other) : std::nullopt;
      });
}

bool squint::findHidden(Value mask, const DimExpr &tokens, PositionForms &forms,
                        HiddenTokens &hidden) {
  bool isSeen = getTensorElement(mask).isInteger(1);
  auto hides = [&](double number) {
    return isSeen ? number == 0 : number <= kHidden;
  };
  auto shows = [&](double number) {
    return isSeen ? number != 0 : number == 0;
  };
  if (std::optional<PositionForm> form = forms.get(mask)) {
    if (form->isNumber())
      return shows(form->constant);
    FailureOr<Dims> dims = getDims(mask);
    size_t rank = succeeded(dims) ? dims->size() : 0;
    // The query's place less the key's, plus a constant.
    if (!form->isChoice || rank < 2 || (*dims)[rank - 2] != tokens ||
        (*dims)[rank - 1] != tokens || form->factors[rank - 2] != 1 ||
        form->factors[rank - 1] != -1 ||
        llvm::count_if(form->factors, [](int64_t f) { return f != 0; }) != 2)
      return false;
    if (form->constant == 0 && shows(form->yes) && hides(form->no)) {
      hidden.later = true;
      return true;
    }
    if (form->constant > -1 || !hides(form->yes) || !shows(form->no))
      return false;
    auto window = static_cast<int64_t>(-form->constant);
    hidden.window = std::min(window, hidden.window.value_or(window));
    return true;
  }
  Operation *op = mask.getDefiningOp();
  if (isa_and_nonnull<onnx::AddOp, onnx::AndOp>(op))
    return findHidden(op->getOperand(0), tokens, forms, hidden) &&
           findHidden(op->getOperand(1), tokens, forms, hidden);
  auto where = dyn_cast_or_null<onnx::WhereOp>(op);
  if (!where || isSeen)
    return false;
  auto isNumber = [&](Value value, auto is) {
    std::optional<PositionForm> form = forms.get(value);
    return form && form->isNumber() && is(form->constant);
  };
  return isNumber(where.getX(), shows) && isNumber(where.getY(), hides) &&
         findHidden(where.getCondition(), tokens, forms, hidden);
}
