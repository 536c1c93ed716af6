//===- ShapesControlFlow.cpp - branches and loops -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// The result is what the branch that runs yields. Facts that it needs hold for
/// the whole scope.
LogicalResult take(IfOp op, bool isThen, ShapeContext &s) {
  Region &region = isThen ? op.getThenBranch() : op.getElseBranch();
  for (const auto &fact : s.getAssumptions(region))
    s.assume(fact);
  s.setTaken(op, isThen);
  for (auto [result, value] : llvm::zip_equal(
           op.getResults(), region.front().getTerminator()->getOperands())) {
    if (failed(s.set(result, Dims(s.shape(value)))))
      return failure();
    if (std::optional<ArrayRef<DimExpr>> known = s.values(value))
      s.setValues(result, Dims(*known));
  }
  return success();
}

/// A region that an earlier run has found to have no result.
bool isDead(IfOp op, Region &region) {
  return region.front().getTerminator()->getNumOperands() == 0 &&
         op.getNumResults() != 0;
}

/// Both branches can run. `choice` is 1 for the first and 0 for the second,
/// where shapes decide.
LogicalResult inferEither(IfOp op, const std::optional<DimExpr> &choice,
                          size_t firstLate, ShapeContext &s) {
  Operation *yes = op.getThenBranch().front().getTerminator(),
            *no = op.getElseBranch().front().getTerminator();
  unsigned numLate = 0;
  for (auto [i, result] : llvm::enumerate(op.getResults())) {
    Value x = yes->getOperand(i), y = no->getOperand(i);
    Dims dims;
    for (auto [a, b] : llvm::zip_equal(s.shape(x), s.shape(y))) {
      if (a == b)
        dims.push_back(a);
      else if (choice && !s.isBoundSince(a + b, firstLate))
        dims.push_back(squint::onnx::choose(*choice, a, b));
      else
        dims.push_back(s.makeLate(numLate++, DimExpr::max(a, b)));
    }
    std::optional<ArrayRef<DimExpr>> first = s.values(x), second = s.values(y);
    if (first && second && first->size() == second->size()) {
      Dims known;
      for (auto [a, b] : llvm::zip_equal(*first, *second))
        if ((a == b || choice) && !s.isBoundSince(a + b, firstLate))
          known.push_back(a == b ? a : squint::onnx::choose(*choice, a, b));
      if (known.size() == first->size())
        s.setValues(result, std::move(known));
    }
    if (failed(s.set(result, std::move(dims))))
      return failure();
  }
  return success();
}

/// Where the branches' results differ in rank, one of them must be the one that
/// runs: shapes that choose the other one are refused at run time. A branch
/// without a result ends the run with an error.
LogicalResult inferIf(IfOp op, ShapeContext &s) {
  Region *regions[] = {&op.getThenBranch(), &op.getElseBranch()};
  for (Region *region : regions)
    if (!isDead(op, *region) &&
        region->front().getTerminator()->getNumOperands() != op.getNumResults())
      return s.fail() << "expected " << op.getNumResults()
                      << " results from both branches";
  std::optional<ArrayRef<DimExpr>> condition = s.values(op.getCond());
  std::optional<DimExpr> choice;
  if (condition && condition->size() == 1) {
    choice = condition->front();
    if (std::optional<int64_t> number = choice->getConstant()) {
      Region &region = *regions[*number ? 0 : 1];
      return success(succeeded(s.visitRegion(region)) &&
                     succeeded(take(op, *number, s)));
    }
    choice = DimExpr::min(DimExpr::max(*choice, -*choice), 1);
  }
  size_t firstLate = s.getLate().size();
  SmallVector<Diagnostic> said[2];
  bool isGood[2];
  for (int i : {0, 1})
    isGood[i] = !isDead(op, *regions[i]) &&
                succeeded(s.tryRegion(*regions[i], said[i]));
  for (int i : {0, 1}) {
    if (isGood[i])
      continue;
    // What is not built yet, or two branches without a result, is no fact of
    // the model.
    if (!isGood[1 - i] || llvm::any_of(said[i], isRefusal)) {
      for (Diagnostic &diagnostic : said[i])
        op.getContext()->getDiagEngine().emit(std::move(diagnostic));
      if (s.failedOp)
        s.op = s.failedOp;
      return failure();
    }
    if (choice) {
      s.assumeEqual(*choice, i == 0 ? 0 : 1);
      return take(op, /*isThen=*/i == 1, s);
    }
    if (!isDead(op, *regions[i]))
      s.setDead(*regions[i], said[i].front().str());
    Operation *end = regions[1 - i]->front().getTerminator();
    for (auto [result, value] :
         llvm::zip_equal(op.getResults(), end->getOperands()))
      if (failed(s.set(result, Dims(s.shape(value)))))
        return failure();
    return success();
  }
  Operation *yes = regions[0]->front().getTerminator(),
            *no = regions[1]->front().getTerminator();
  for (auto [x, y] : llvm::zip_equal(yes->getOperands(), no->getOperands())) {
    if (s.rank(x) == s.rank(y))
      continue;
    if (!choice)
      return s.refuse() << "expected both branches to give one count of "
                           "dimensions, got "
                        << s.rank(x) << " and " << s.rank(y)
                        << " (dynamic rank is not supported)";
    // Of one element, the one with more dimensions is the rule, and a scalar in
    // its place the exception.
    auto isOne = [](const DimExpr &dim) { return dim == DimExpr(1); };
    bool startsWithElse = s.rank(x) < s.rank(y) &&
                          llvm::all_of(s.shape(x), isOne) &&
                          llvm::all_of(s.shape(y), isOne);
    bool isElse = s.choose(op) != startsWithElse;
    s.assumeEqual(*choice, isElse ? 0 : 1);
    return take(op, !isElse, s);
  }
  return inferEither(op, choice, firstLate, s);
}

/// The shapes of a value before and after an iteration must be one; it is
/// carried at that shape.
LogicalResult carry(Value before, Value after, Value result, Region &body,
                    ShapeContext &s) {
  ArrayRef<DimExpr> a = s.shape(before), b = s.shape(after);
  auto refuse = [&] {
    return s.refuse() << "expected a body that keeps the shapes of carried "
                         "values (others are not supported)";
  };
  if (a.size() != b.size())
    return refuse();
  for (size_t i = 0; i < a.size(); ++i) {
    const DimExpr &x = a[i], &y = b[i];
    // A size that is a number after each iteration is one before; anything else
    // is checked where it is known.
    if ((x - y).getConstant().value_or(0))
      return refuse();
    if (x != y && failed(s.inRegion(body, [&] {
          return LogicalResult(s.unify(x, y, "carried values"));
        })))
      return failure();
  }
  return s.set(result, Dims(a));
}

/// What each iteration yields to a collected result has one shape.
FailureOr<Dims> collect(Value value, Region &body, size_t firstLate,
                        ShapeContext &s) {
  Dims dims;
  for (const DimExpr &dim : s.shape(value)) {
    dims.push_back(s.inRegion(body, dim));
    if (s.isBoundSince(dims.back(), firstLate))
      return s.refuse() << "expected results of one shape in all iterations, "
                           "got a size of "
                        << dim.str() << " (others are not supported)";
  }
  return dims;
}

/// Facts about late symbols are checked in each iteration, others once.
LogicalResult visitBody(Region &body, ShapeContext &s) {
  if (failed(s.visitRegion(body)))
    return failure();
  for (const auto &[left, relation, right] : s.getAssumptions(body)) {
    std::optional<DimExpr> a = DimExpr::parse(left), b = DimExpr::parse(right);
    if (a && b && !a->hasLate() && !b->hasLate())
      s.assume({left, relation, right});
  }
  return success();
}

/// The count of iterations follows from shapes, or is a late symbol of at most
/// the trip count.
LogicalResult inferLoop(LoopOp op, ShapeContext &s) {
  // More iterations bound no buffer.
  constexpr int64_t kMostIterations = int64_t(1) << 40;
  Block &body = op.getBody().front();
  std::optional<ArrayRef<DimExpr>> trips =
      op.getM() ? s.values(op.getM()) : std::nullopt;
  std::optional<DimExpr> most;
  if (trips && trips->size() == 1) {
    most = trips->front();
    if (!most->isNonNegative())
      most = DimExpr::max(*most, 0);
    if (most->getConstant().value_or(0) > kMostIterations)
      most.reset();
  }
  // A count that is computed in floats, as that of a Range, may be one more
  // than what numbers say, or less; the lowering checks it.
  bool isExact = most.has_value();
  if (auto cast = op.getM() ? op.getM().getDefiningOp<CastOp>() : CastOp();
      cast && !most && op.getNumResults() > op.getVInitial().size())
    if (std::optional<ShapeContext::Whole> whole = s.whole(cast.getInput());
        whole && whole->numbers.size() == 1)
      most = DimExpr::max(whole->numbers.front() + DimExpr(1), 0);
  std::optional<SmallVector<int64_t>> enter =
      op.getCond() ? s.constants(op.getCond())
                   : std::optional<SmallVector<int64_t>>({1});
  ValueRange initial = op.getVInitial();
  if (body.getNumArguments() != initial.size() + 2)
    return s.fail() << "expected a body of " << initial.size() + 2
                    << " inputs, got " << body.getNumArguments();
  OperandRange yielded = body.getTerminator()->getOperands();
  if (yielded.size() != op.getNumResults() + 1)
    return s.fail() << "expected a body of " << op.getNumResults() + 1
                    << " results, got " << yielded.size();
  if (failed(s.set(body.getArgument(0), {})) ||
      failed(s.set(body.getArgument(1), {})))
    return failure();
  size_t firstLate = s.getLate().size();
  s.setValues(body.getArgument(0), {s.makeLate(0, most)});
  s.setValues(body.getArgument(1), {1}); // or the body does not run
  for (auto [argument, value] :
       llvm::zip_equal(body.getArguments().drop_front(2), initial))
    if (failed(s.set(argument, Dims(s.shape(value)))))
      return failure();
  if (failed(visitBody(op.getBody(), s)))
    return failure();
  for (auto [i, value] : llvm::enumerate(initial))
    if (failed(carry(value, yielded[i + 1], op.getResult(i), op.getBody(), s)))
      return failure();
  if (op.getNumResults() == initial.size())
    return success();
  std::optional<SmallVector<int64_t>> goOn = s.constants(yielded[0]);
  bool isWhole = goOn && goOn->size() == 1 && goOn->front();
  DimExpr count;
  if (enter && enter->size() == 1 && !enter->front())
    count = 0;
  else if (isExact && isWhole && enter && enter->size() == 1)
    count = *most;
  else if (most)
    count = s.makeLate(1, *most);
  else
    return s.refuse() << "expected a bound on the count of iterations that "
                         "follows from shapes, got one that depends on data";
  for (size_t i = initial.size(); i < op.getNumResults(); ++i) {
    FailureOr<Dims> dims = collect(yielded[i + 1], op.getBody(), firstLate, s);
    if (failed(dims))
      return failure();
    dims->insert(dims->begin(), count);
    if (failed(s.set(op.getResult(i), std::move(*dims))))
      return failure();
  }
  return success();
}

/// State goes through; scanned operands lose their axis in the body, and
/// scanned results gain one.
LogicalResult inferScan(ScanOp op, ShapeContext &s) {
  Block &body = op.getBody().front();
  OperandRange operands = op.getInitialStateAndScanInputs();
  int64_t inputs = op.getNumScanInputs(),
          states = int64_t(operands.size()) - inputs;
  if (inputs < 1 || states < 0 || body.getNumArguments() != operands.size() ||
      int64_t(op.getNumResults()) < states ||
      body.getTerminator()->getNumOperands() != op.getNumResults())
    return s.fail() << "expected a body that fits the operands and results";
  auto readAxis = [&](std::optional<ArrayRef<int64_t>> axes, size_t i,
                      size_t rank) {
    return s.axis(axes && i < axes->size() ? (*axes)[i] : 0, rank);
  };
  DimExpr length = 0;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    Dims dims(s.shape(operand));
    if (int64_t(i) >= states) {
      FailureOr<int64_t> axis =
          readAxis(op.getScanInputAxes(), i - states, dims.size());
      if (failed(axis))
        return failure();
      FailureOr<DimExpr> both =
          int64_t(i) == states ? FailureOr<DimExpr>(dims[*axis])
                               : s.unify(length, dims[*axis], "scanned axes");
      if (failed(both))
        return failure();
      length = *both;
      dims.erase(dims.begin() + *axis);
    }
    if (failed(s.set(body.getArgument(i), std::move(dims))))
      return failure();
  }
  size_t firstLate = s.getLate().size();
  if (failed(visitBody(op.getBody(), s)))
    return failure();
  for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands())) {
    if (int64_t(i) < states) {
      if (failed(carry(operands[i], value, op.getResult(i), op.getBody(), s)))
        return failure();
      continue;
    }
    FailureOr<Dims> dims = collect(value, op.getBody(), firstLate, s);
    if (failed(dims))
      return failure();
    FailureOr<int64_t> axis =
        readAxis(op.getScanOutputAxes(), i - states, dims->size() + 1);
    if (failed(axis))
      return failure();
    dims->insert(dims->begin() + *axis, length);
    if (failed(s.set(op.getResult(i), std::move(*dims))))
      return failure();
  }
  return success();
}
} // namespace

void addControlFlowRules(ShapeRules &rules) {
  rules.add<IfOp, inferIf>();
  rules.add<LoopOp, inferLoop>();
  rules.add<ScanOp, inferScan>();
}

} // namespace squint::onnx
