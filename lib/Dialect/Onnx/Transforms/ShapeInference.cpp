//===- ShapeInference.cpp - rules for the shapes of results -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;

namespace squint::onnx {

const ShapeRules &ShapeRules::get() {
  static const ShapeRules rules = [] {
    ShapeRules r;
    addElementwiseRules(r);
    addTensorRules(r);
    addIndexingRules(r);
    addNnRules(r);
    addReductionRules(r);
    addControlFlowRules(r);
    addSignalRules(r);
    addContribRules(r);
    addAttentionRules(r);
    addExpertRules(r);
    addWeightRules(r);
    return r;
  }();
  return rules;
}

ArrayRef<DimExpr> ShapeContext::shape(Value value) const {
  auto it = shapes.find(value);
  return it == shapes.end() ? ArrayRef<DimExpr>()
                            : ArrayRef<DimExpr>(*it->second);
}

std::optional<SmallVector<int64_t>>
ShapeContext::staticShape(Value value) const {
  SmallVector<int64_t> sizes;
  for (const DimExpr &dim : shape(value)) {
    std::optional<int64_t> size = dim.getConstant();
    if (!size)
      return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

std::optional<ArrayRef<DimExpr>> ShapeContext::values(Value value) const {
  auto type = dyn_cast<ShapedType>(value.getType());
  if (!type || !isa<IntegerType>(type.getElementType()))
    return std::nullopt;
  auto it = elements.find(value);
  if (it == elements.end()) {
    if (isa<BlockArgument>(value))
      wanted.insert(value);
    return std::nullopt;
  }
  return ArrayRef<DimExpr>(*it->second);
}

std::optional<SmallVector<int64_t>> ShapeContext::constants(Value value) const {
  std::optional<ArrayRef<DimExpr>> known = values(value);
  if (!known)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (const DimExpr &element : *known) {
    std::optional<int64_t> number = element.getConstant();
    if (!number)
      return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

std::optional<SmallVector<double>> ShapeContext::floats(Value value) const {
  // A number that was an integer first, as exporters write sizes.
  if (Operation *op = value.getDefiningOp(); op && isa<CastOp, CastLikeOp>(op))
    if (std::optional<SmallVector<int64_t>> numbers =
            constants(op->getOperand(0)))
      return SmallVector<double>(numbers->begin(), numbers->end());
  auto constant = value.getDefiningOp<squint::ConstantOp>();
  if (!constant)
    return std::nullopt;
  auto dense = dyn_cast<DenseFPElementsAttr>(constant.getValue());
  if (!dense || dense.getNumElements() > kMostElements)
    return std::nullopt;
  SmallVector<double> numbers;
  for (APFloat number : dense.getValues<APFloat>()) {
    bool lost;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &lost);
    numbers.push_back(number.convertToDouble());
  }
  return numbers;
}

std::optional<Dims> ShapeContext::fixed(Value value) const {
  Dims numbers;
  if (std::optional<SmallVector<double>> known = floats(value)) {
    for (double number : *known) {
      if (!(std::abs(number) < double(1 << 20)))
        return std::nullopt;
      numbers.push_back(
          static_cast<int64_t>(std::nearbyint(number * double(kFixedOne))));
    }
    return numbers;
  }
  if (Operation *op = value.getDefiningOp();
      op && isa<CastOp, CastLikeOp>(op)) {
    Value from = op->getOperand(0);
    auto wide = dyn_cast<FloatType>(getElementTypeOrSelf(value)),
         narrow = dyn_cast<FloatType>(getElementTypeOrSelf(from));
    if (narrow && wide && narrow.getWidth() <= wide.getWidth())
      return fixed(from);
    std::optional<ArrayRef<DimExpr>> whole = values(from);
    if (!whole)
      return std::nullopt;
    for (const DimExpr &number : *whole)
      numbers.push_back(number * DimExpr(kFixedOne));
    return numbers;
  }
  if (Operation *op = value.getDefiningOp(); op && isa<AddOp, SubOp>(op)) {
    std::optional<Dims> a = fixed(op->getOperand(0)),
                        b = fixed(op->getOperand(1));
    if (!a || !b || a->size() != b->size())
      return std::nullopt;
    for (auto [x, y] : llvm::zip_equal(*a, *b))
      numbers.push_back(isa<AddOp>(op) ? x + y : x - y);
    return numbers;
  }
  auto it = elements.find(value);
  if (it != elements.end())
    return *it->second;
  if (isa<BlockArgument>(value))
    wanted.insert(value);
  return std::nullopt;
}

std::optional<ShapeContext::Whole> ShapeContext::whole(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (isa<CastOp, CastLikeOp>(op)) {
    std::optional<ArrayRef<DimExpr>> integers = values(op->getOperand(0));
    if (!integers)
      return std::nullopt;
    return Whole{Dims(*integers), true, Dims(*integers)};
  }
  if (isa<ReluOp>(op)) {
    std::optional<Whole> x = whole(op->getOperand(0));
    for (DimExpr &number : x ? x->numbers : Dims())
      number = DimExpr::max(number, 0);
    return x;
  }
  if (!isa<CeilOp, FloorOp>(op))
    return std::nullopt;
  auto quotient = op->getOperand(0).getDefiningOp<DivOp>();
  if (!quotient)
    return whole(op->getOperand(0));
  auto round = [&](const DimExpr &a, const DimExpr &b) {
    return isa<CeilOp>(op) ? DimExpr::ceildiv(a, b) : DimExpr::floordiv(a, b);
  };
  // Integers below 2^24 have quotients that f32 rounds past no integer.
  std::optional<Whole> whole = this->whole(quotient.getA());
  std::optional<SmallVector<double>> by = floats(quotient.getB());
  if (whole && whole->isExact && by && by->size() == 1 && by->front() >= 1 &&
      by->front() <= double(1 << 24) &&
      by->front() == std::floor(by->front())) {
    for (DimExpr &number : whole->numbers)
      number = round(number, static_cast<int64_t>(by->front()));
    return whole;
  }
  std::optional<Dims> a = fixed(quotient.getA()), b = fixed(quotient.getB());
  if (!a || !b || a->size() != b->size())
    return std::nullopt;
  Whole result{{}, /*isExact=*/false, {}};
  for (auto [x, y] : llvm::zip_equal(*a, *b)) {
    DimExpr size = DimExpr::max(y, -y),
            sign = DimExpr::max(DimExpr::min(y, 1), -1);
    assumeAtMost(1, size);
    result.numbers.push_back(round(sign * x, size));
  }
  return result;
}

LogicalResult ShapeContext::set(Value result, Dims dims) {
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (!dim.isValid())
      return fail() << "expected a size of dimension " << i
                    << " that fits 64 bits";
    if (std::optional<int64_t> size = dim.getConstant(); size && *size < 0)
      return fail() << "expected a size of 0 or more for dimension " << i
                    << " of the result, got " << *size;
  }
  // A size that an input's content decides may turn out to be negative.
  for (DimExpr &dim : dims)
    if (!dim.isNonNegative() && dim.hasValues()) {
      assumeAtMost(0, dim);
      dim = DimExpr::max(dim, 0);
    }
  DimExpr total = 1024;
  for (const DimExpr &dim : dims)
    if (dim.getConstant())
      total = total * dim;
  if (!total.isValid())
    return fail() << "expected a result of less than 2^53 elements";
  shapes[result] = std::make_unique<Dims>(std::move(dims));
  return success();
}

void ShapeContext::setValues(Value result, Dims known) {
  if (static_cast<int64_t>(known.size()) <= kMostElements &&
      llvm::all_of(known,
                   [](const DimExpr &element) { return element.isValid(); }))
    elements[result] = std::make_unique<Dims>(std::move(known));
}

void ShapeContext::assume(std::array<std::string, 3> fact) {
  if (!llvm::is_contained(assumptions, fact))
    assumptions.push_back(std::move(fact));
}

LogicalResult ShapeContext::visitRegion(Region &region) {
  Operation *parent = op;
  Facts outer;
  std::swap(outer, assumptions);
  // What was assumed before operators that said so went.
  if (auto before = parent->getAttrOfType<ArrayAttr>(kAssumeAttr);
      before && region.getRegionNumber() < before.size())
    readFacts(before[region.getRegionNumber()]);
  LogicalResult visited = visitBlock(region.front());
  std::swap(outer, assumptions);
  regionFacts[&region] = std::move(outer);
  if (succeeded(visited))
    op = parent;
  return visited;
}

LogicalResult ShapeContext::tryRegion(Region &region,
                                      SmallVectorImpl<Diagnostic> &said) {
  Operation *parent = op;
  ScopedDiagnosticHandler listen(op->getContext(), [&](Diagnostic &d) {
    said.push_back(std::move(d));
    return success();
  });
  LogicalResult visited = visitRegion(region);
  if (failed(visited))
    failedOp = op;
  op = parent;
  return visited;
}

LogicalResult ShapeContext::inRegion(Region &region,
                                     function_ref<LogicalResult()> rule) {
  std::swap(assumptions, regionFacts[&region]);
  LogicalResult result = rule();
  std::swap(assumptions, regionFacts[&region]);
  return result;
}

DimExpr ShapeContext::inRegion(Region &region, const DimExpr &dim) const {
  for (const auto &[left, relation, right] : regionFacts.lookup(&region)) {
    int64_t number;
    if (relation == "==" && left == dim.str() &&
        !StringRef(right).getAsInteger(10, number))
      return number;
  }
  return dim;
}

bool ShapeContext::isBoundSince(const DimExpr &dim, size_t first) const {
  std::set<std::string> symbols;
  dim.collectSymbols(symbols);
  return llvm::any_of(
      ArrayRef(late).drop_front(std::min(first, late.size())),
      [&](const auto &entry) { return symbols.count(entry.first); });
}

void ShapeContext::readFacts(Attribute facts) {
  auto list = dyn_cast_or_null<ArrayAttr>(facts);
  for (Attribute fact : list ? list.getValue() : ArrayRef<Attribute>()) {
    auto parts = dyn_cast<ArrayAttr>(fact);
    std::array<std::string, 3> texts;
    if (!parts || parts.size() != texts.size())
      continue;
    for (auto [text, part] : llvm::zip_equal(texts, parts))
      if (auto string = dyn_cast<StringAttr>(part))
        text = string.str();
    assume(std::move(texts));
  }
}

DimExpr ShapeContext::makeLate(unsigned index, std::optional<DimExpr> bound) {
  std::string symbol;
  // The name that it had before.
  auto old = op->getAttrOfType<ArrayAttr>(kLateAttr);
  if (old && index < old.size())
    if (auto parts = dyn_cast<ArrayAttr>(old[index]);
        parts && !parts.empty() && isa<StringAttr>(parts[0]))
      symbol = cast<StringAttr>(parts[0]).str();
  if (!DimExpr::isSymbol(symbol) || !DimExpr::isLateSymbol(symbol) ||
      lateNames.contains(symbol)) {
    StringRef name = getNodeName(op);
    std::string base =
        (name.empty() ? op->getName().stripDialect() : name).str();
    symbol = DimExpr::lateSymbol(base, index);
    for (int i = 2; lateNames.contains(symbol); ++i)
      symbol = DimExpr::lateSymbol(base + "_" + std::to_string(i), index);
  }
  lateNames.insert(symbol);
  late.emplace_back(symbol, bound ? bound->str() : "");
  lateOf[op].push_back(late.back());
  return DimExpr::symbol(symbol);
}

void ShapeContext::assumeAtMost(const DimExpr &a, const DimExpr &b) {
  if (!(b - a).isNonNegative())
    assume({a.str(), "<=", b.str()});
}

FailureOr<DimExpr> ShapeContext::unify(const DimExpr &a, const DimExpr &b,
                                       StringRef what) {
  if (a == b)
    return a;
  // A difference that is a number other than 0 never vanishes.
  if ((a - b).getConstant())
    return fail() << "expected equal sizes for " << what << ", got " << a.str()
                  << " and " << b.str();
  bool second = b.getConstant() && !a.getConstant();
  assume(second ? std::array<std::string, 3>{a.str(), "==", b.str()}
                : std::array<std::string, 3>{b.str(), "==", a.str()});
  return second ? b : a;
}

LogicalResult ShapeContext::expectBroadcast(Value operand,
                                            ArrayRef<DimExpr> dims,
                                            StringRef what) {
  ArrayRef<DimExpr> own = shape(operand);
  if (own.size() > dims.size())
    return fail() << "expected " << what << " of at most " << dims.size()
                  << " dimensions, got " << own.size();
  for (auto [size, to] : llvm::zip_equal(own, dims.take_back(own.size())))
    if (!size.isConstant(1) && failed(unify(size, to, what)))
      return failure();
  return success();
}

FailureOr<DimExpr> ShapeContext::divide(const DimExpr &size, const DimExpr &by,
                                        StringRef what) {
  DimExpr quotient = DimExpr::floordiv(size, by);
  if (size.getConstant() && by.getConstant() && !(quotient * by == size))
    return fail() << "expected a multiple of " << by.str() << " for " << what
                  << ", got " << size.str();
  if (failed(unify(quotient * by, size, what)))
    return failure();
  return quotient;
}

FailureOr<DimExpr> ShapeContext::broadcast(const DimExpr &a, const DimExpr &b) {
  if (a.isConstant(1))
    return b;
  return b.isConstant(1) ? FailureOr<DimExpr>(a)
                         : unify(a, b, "dimensions that broadcast");
}

FailureOr<Dims> ShapeContext::broadcast(ArrayRef<DimExpr> a,
                                        ArrayRef<DimExpr> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Dims result(a);
  for (size_t i = 0; i < b.size(); ++i) {
    DimExpr &dim = result[a.size() - b.size() + i];
    FailureOr<DimExpr> both = broadcast(dim, b[i]);
    if (failed(both))
      return failure();
    dim = *both;
  }
  return result;
}

FailureOr<Dims> markAxes(ArrayRef<DimExpr> axes, int64_t rank,
                         ShapeContext &s) {
  Dims gone;
  DimExpr count;
  for (int64_t i = 0; i < rank; ++i) {
    DimExpr here;
    for (const DimExpr &axis : axes)
      here = DimExpr::max(here, DimExpr::max(DimExpr::isEqual(axis, i),
                                             DimExpr::isEqual(axis, i - rank)));
    gone.push_back(here);
    count = count + here;
  }
  // One that is out of range marks nothing, one that repeats nothing new.
  if (failed(s.unify(count, int64_t(axes.size()), "axes and dimensions")))
    return failure();
  return gone;
}

Dims dropMarked(ArrayRef<DimExpr> from, ArrayRef<DimExpr> gone, int64_t count) {
  Dims left(count);
  DimExpr position;
  for (auto [dim, mark] : llvm::zip_equal(from, gone)) {
    DimExpr stays = DimExpr(1) - mark;
    for (int64_t k = 0; k < count; ++k)
      left[k] = left[k] + dim * stays * DimExpr::isEqual(position, k);
    position = position + stays;
  }
  return left;
}

FailureOr<int64_t> ShapeContext::axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return fail() << "expected an axis of a tensor with " << rank
                  << " dimensions, got " << axis;
  return axis < 0 ? axis + rank : axis;
}

LogicalResult ShapeContext::expectRank(Value value, size_t atLeast,
                                       size_t atMost, StringRef what) {
  size_t got = rank(value);
  if (got >= atLeast && got <= atMost)
    return success();
  InFlightDiagnostic diagnostic = fail() << "expected ";
  if (atLeast == atMost)
    diagnostic << atLeast;
  else
    diagnostic << "at least " << atLeast;
  return diagnostic << " dimensions for " << what << ", got " << got;
}

LogicalResult ShapeContext::expectSizes(Value value, ArrayRef<DimExpr> sizes,
                                        StringRef what) {
  if (!value)
    return success();
  if (failed(expectRank(value, sizes.size(), sizes.size(), what)))
    return failure();
  for (auto [own, size] : llvm::zip_equal(Dims(shape(value)), sizes))
    if (failed(unify(own, size, what)))
      return failure();
  return success();
}

std::optional<Dims> readConstantValues(TypedAttr value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isa<IntegerType>(type.getElementType()) ||
      type.getNumElements() > ShapeContext::kMostElements)
    return std::nullopt;
  auto element = cast<IntegerType>(type.getElementType());
  Dims elements;
  auto append = [&](const APInt &number) {
    elements.push_back(element.isUnsigned() || element.getWidth() == 1
                           ? int64_t(number.getZExtValue())
                           : number.getSExtValue());
  };
  if (auto dense = dyn_cast<DenseIntElementsAttr>(value)) {
    for (APInt number : dense.getValues<APInt>())
      append(number);
    return elements;
  }
  unsigned bits = std::max(8u, element.getWidth());
  if (element.getWidth() < 8 && element.getWidth() != 1)
    return std::nullopt;
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(value, scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return std::nullopt;
  }
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    uint64_t raw = 0;
    memcpy(&raw, bytes->data() + i * (bits / 8), bits / 8);
    append(APInt(64, raw).trunc(bits));
  }
  return elements;
}

} // namespace squint::onnx
