//===- DimExpr.cpp - symbolic sizes of dimensions -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/DimExpr.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;

namespace squint {

//===----------------------------------------------------------------------===//
// Form
//===----------------------------------------------------------------------===//

DimExpr::DimExpr(int64_t constant) {
  if (constant)
    terms.push_back({constant, {}});
}

bool DimExpr::isSymbol(StringRef name) {
  if (name.empty() || !(llvm::isAlpha(name[0]) || name[0] == '_'))
    return false;
  if (!llvm::all_of(name, [](char c) {
        return llvm::isAlnum(c) || c == '_' || c == '.';
      }))
    return false;
  return !llvm::is_contained({"floordiv", "ceildiv", "mod", "min", "max"},
                             name);
}

DimExpr DimExpr::symbol(StringRef name) {
  DimExpr result;
  result.terms.push_back({1, {Atom{name.str(), std::nullopt, nullptr}}});
  return result;
}

std::string DimExpr::valueSymbol(StringRef name, int64_t index) {
  std::string text = "value.";
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  return text + "." + std::to_string(index);
}

bool DimExpr::isValueSymbol(StringRef name) {
  return name.starts_with("value.");
}

bool DimExpr::hasValues() const {
  std::set<std::string> symbols;
  collectSymbols(symbols);
  return llvm::any_of(symbols, isValueSymbol);
}

std::string DimExpr::lateSymbol(StringRef name, int64_t index) {
  std::string text = "late.";
  for (char c : name)
    text += llvm::isAlnum(c) ? c : '_';
  return text + "." + std::to_string(index);
}

bool DimExpr::isLateSymbol(StringRef name) { return name.starts_with("late."); }

bool DimExpr::hasLate() const {
  std::set<std::string> symbols;
  collectSymbols(symbols);
  return llvm::any_of(symbols, isLateSymbol);
}

/// As one atom, so that products with it stay short.
DimExpr DimExpr::isEqual(const DimExpr &a, const DimExpr &b) {
  return max(DimExpr(1) - max(a - b, b - a), 0);
}

/// Higher degree first, then by the factors' text; so the constant is last.
int DimExpr::compare(const std::vector<Atom> &a, const std::vector<Atom> &b) {
  if (a.size() != b.size())
    return a.size() > b.size() ? -1 : 1;
  for (auto [x, y] : llvm::zip_equal(a, b))
    if (int order = x.text.compare(y.text))
      return order;
  return 0;
}

DimExpr DimExpr::fromTerms(std::vector<Term> terms, bool valid) {
  llvm::sort(terms, [](const Term &a, const Term &b) {
    return compare(a.factors, b.factors) < 0;
  });
  DimExpr result;
  result.valid = valid;
  for (Term &term : terms) {
    if (!result.terms.empty() &&
        compare(result.terms.back().factors, term.factors) == 0) {
      int64_t &sum = result.terms.back().coefficient;
      result.valid &= !llvm::AddOverflow(sum, term.coefficient, sum);
    } else {
      result.terms.push_back(std::move(term));
    }
    if (result.terms.back().coefficient == 0)
      result.terms.pop_back();
  }
  return result;
}

bool operator==(const DimExpr &a, const DimExpr &b) {
  return a.valid && b.valid && a.terms.size() == b.terms.size() &&
         llvm::all_of_zip(a.terms, b.terms,
                          [](const DimExpr::Term &x, const DimExpr::Term &y) {
                            return x.coefficient == y.coefficient &&
                                   DimExpr::compare(x.factors, y.factors) == 0;
                          });
}

std::optional<int64_t> DimExpr::getConstant() const {
  if (!valid)
    return std::nullopt;
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms[0].factors.empty())
    return terms[0].coefficient;
  return std::nullopt;
}

std::string DimExpr::str() const {
  if (!valid)
    return "overflow";
  if (terms.empty())
    return "0";
  std::string text;
  for (const Term &term : terms) {
    if (term.coefficient > 0 && !text.empty())
      text += '+';
    bool unit = !term.factors.empty() &&
                (term.coefficient == 1 || term.coefficient == -1);
    if (unit)
      text += term.coefficient < 0 ? "-" : "";
    else
      text += std::to_string(term.coefficient);
    for (auto [i, factor] : llvm::enumerate(term.factors)) {
      if (i || !unit)
        text += '*';
      text += factor.text;
    }
  }
  return text;
}

bool DimExpr::isNonNegative() const {
  auto nonNegative = [](const Atom &atom) {
    if (!atom.function)
      return !isValueSymbol(atom.text);
    const auto &[a, b] = *atom.arguments;
    switch (*atom.function) {
    case Function::FloorDiv:
      return a.isNonNegative() && b.isPositive();
    case Function::Min:
      return a.isNonNegative() && b.isNonNegative();
    case Function::Max:
      return a.isNonNegative() || b.isNonNegative();
    }
    return false;
  };
  return valid && llvm::all_of(terms, [&](const Term &term) {
           return term.coefficient > 0 &&
                  llvm::all_of(term.factors, nonNegative);
         });
}

bool DimExpr::isPositive() const {
  return (*this - DimExpr(1)).isNonNegative();
}

void DimExpr::collectSymbols(std::set<std::string> &symbols) const {
  for (const Term &term : terms)
    for (const Atom &atom : term.factors) {
      if (!atom.function) {
        symbols.insert(atom.text);
        continue;
      }
      atom.arguments->first.collectSymbols(symbols);
      atom.arguments->second.collectSymbols(symbols);
    }
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

DimExpr operator+(const DimExpr &a, const DimExpr &b) {
  std::vector<DimExpr::Term> terms = a.terms;
  terms.insert(terms.end(), b.terms.begin(), b.terms.end());
  return DimExpr::fromTerms(std::move(terms), a.valid && b.valid);
}

DimExpr operator*(const DimExpr &a, const DimExpr &b) {
  // A product of long sums has a size that no model needs and that would take
  // all memory.
  constexpr size_t kMostTerms = 4096, kMostFactors = 64;
  bool valid =
      a.valid && b.valid && a.terms.size() * b.terms.size() <= kMostTerms;
  std::vector<DimExpr::Term> terms;
  if (valid)
    for (const DimExpr::Term &x : a.terms)
      for (const DimExpr::Term &y : b.terms) {
        DimExpr::Term product{0, x.factors};
        valid &= !llvm::MulOverflow(x.coefficient, y.coefficient,
                                    product.coefficient);
        product.factors.insert(product.factors.end(), y.factors.begin(),
                               y.factors.end());
        valid &= product.factors.size() <= kMostFactors;
        llvm::sort(product.factors,
                   [](const DimExpr::Atom &p, const DimExpr::Atom &q) {
                     return p.text < q.text;
                   });
        terms.push_back(std::move(product));
      }
  return DimExpr::fromTerms(std::move(terms), valid);
}

DimExpr DimExpr::function(Function f, const DimExpr &a, const DimExpr &b) {
  DimExpr result;
  result.valid = a.valid && b.valid;
  const char *name = f == Function::FloorDiv ? "floordiv"
                     : f == Function::Min    ? "min"
                                             : "max";
  Atom atom{name + ("(" + a.str()) + "," + b.str() + ")", f,
            std::make_shared<std::pair<DimExpr, DimExpr>>(a, b)};
  // Nested quotients print in full; beyond this they describe no real model.
  result.valid &= atom.text.size() <= 1 << 14;
  result.terms.push_back({1, {std::move(atom)}});
  return result;
}

DimExpr DimExpr::floordiv(const DimExpr &a, const DimExpr &b) {
  if (std::optional<int64_t> divisor = b.getConstant();
      divisor && *divisor != 0) {
    if (std::optional<int64_t> dividend = a.getConstant()) {
      DimExpr result;
      result.valid = !(*dividend == INT64_MIN && *divisor == -1);
      return result.valid
                 ? DimExpr(llvm::divideFloorSigned(*dividend, *divisor))
                 : result;
    }
    if (*divisor < 0)
      return *divisor == INT64_MIN ? function(Function::FloorDiv, a, b)
                                   : floordiv(-a, -b);
    // Terms that the divisor divides come out whole.
    std::vector<Term> whole, rest;
    for (const Term &term : a.terms) {
      int64_t quotient = llvm::divideFloorSigned(term.coefficient, *divisor);
      if (!term.factors.empty() && term.coefficient % *divisor != 0) {
        rest.push_back(term);
        continue;
      }
      whole.push_back({quotient, term.factors});
      rest.push_back({term.coefficient - quotient * *divisor, term.factors});
    }
    DimExpr quotient = fromTerms(std::move(whole), a.valid && b.valid);
    DimExpr remainder = fromTerms(std::move(rest), a.valid && b.valid);
    if (std::optional<int64_t> constant = remainder.getConstant())
      return quotient + DimExpr(llvm::divideFloorSigned(*constant, *divisor));
    return quotient + function(Function::FloorDiv, remainder, b);
  }
  if (std::optional<DimExpr> exact = a.divideExactly(b))
    return *exact;
  return function(Function::FloorDiv, a, b);
}

DimExpr DimExpr::ceildiv(const DimExpr &a, const DimExpr &b) {
  return floordiv(a + b - DimExpr(1), b);
}

DimExpr DimExpr::mod(const DimExpr &a, const DimExpr &b) {
  return a - b * floordiv(a, b);
}

DimExpr DimExpr::min(const DimExpr &a, const DimExpr &b) {
  if ((b - a).isNonNegative())
    return a;
  if ((a - b).isNonNegative())
    return b;
  return a.str() < b.str() ? function(Function::Min, a, b)
                           : function(Function::Min, b, a);
}

DimExpr DimExpr::max(const DimExpr &a, const DimExpr &b) {
  if ((b - a).isNonNegative())
    return b;
  if ((a - b).isNonNegative())
    return a;
  return a.str() < b.str() ? function(Function::Max, a, b)
                           : function(Function::Max, b, a);
}

/// Long division by the leading term; it ends because each step removes the
/// largest term that is left.
std::optional<DimExpr> DimExpr::divideExactly(const DimExpr &divisor) const {
  if (!valid || !divisor.valid || divisor.terms.empty())
    return std::nullopt;
  const Term &leading = divisor.terms.front();
  DimExpr rest = *this, quotient;
  for (unsigned steps = 0; !rest.terms.empty(); ++steps) {
    const Term &term = rest.terms.front();
    bool divides = leading.coefficient == -1
                       ? term.coefficient != INT64_MIN
                       : term.coefficient % leading.coefficient == 0;
    if (steps > 256 || !divides)
      return std::nullopt;
    DimExpr step;
    Term part{term.coefficient / leading.coefficient, {}};
    auto next = leading.factors.begin();
    for (const Atom &factor : term.factors) {
      if (next != leading.factors.end() && next->text == factor.text)
        ++next;
      else
        part.factors.push_back(factor);
    }
    if (next != leading.factors.end())
      return std::nullopt;
    step.terms.push_back(std::move(part));
    quotient = quotient + step;
    DimExpr smaller = rest - step * divisor;
    if (!smaller.valid ||
        (!smaller.terms.empty() && compare(smaller.terms.front().factors,
                                           rest.terms.front().factors) <= 0))
      return std::nullopt;
    rest = smaller;
  }
  return quotient;
}

DimExpr DimExpr::substitute(
    llvm::function_ref<std::optional<DimExpr>(StringRef)> replacement) const {
  DimExpr sum;
  sum.valid = valid;
  for (const Term &term : terms) {
    DimExpr product(term.coefficient);
    for (const Atom &atom : term.factors) {
      if (!atom.function) {
        std::optional<DimExpr> value = replacement(atom.text);
        product = product * (value ? *value : symbol(atom.text));
        continue;
      }
      DimExpr a = atom.arguments->first.substitute(replacement),
              b = atom.arguments->second.substitute(replacement);
      product = product * (*atom.function == Function::FloorDiv ? floordiv(a, b)
                           : *atom.function == Function::Min    ? min(a, b)
                                                                : max(a, b));
    }
    sum = sum + product;
  }
  return sum;
}

std::optional<DimExpr>
DimExpr::bound(llvm::function_ref<std::optional<DimExpr>(StringRef)> largest,
               bool isUpper) const {
  if (!hasLate())
    return *this;
  auto boundAtom = [&](const Atom &atom,
                       bool isUpper) -> std::optional<DimExpr> {
    if (!atom.function) {
      if (!isLateSymbol(atom.text))
        return symbol(atom.text);
      return isUpper ? largest(atom.text) : DimExpr(0);
    }
    const auto &[x, y] = *atom.arguments;
    bool isQuotient = *atom.function == Function::FloorDiv;
    // A quotient falls with its divisor; what is divided must then not be
    // negative.
    if (isQuotient && y.hasLate() && !x.isNonNegative())
      return std::nullopt;
    std::optional<DimExpr> a = x.bound(largest, isUpper),
                           b = y.bound(largest, isUpper != isQuotient);
    if (!a || !b)
      return std::nullopt;
    if (isQuotient)
      return floordiv(*a, y.isPositive() ? *b : max(*b, 1));
    return *atom.function == Function::Min ? min(*a, *b) : max(*a, *b);
  };
  DimExpr sum;
  for (const Term &term : terms) {
    bool isLarge = isUpper == (term.coefficient > 0);
    DimExpr product(term.coefficient);
    for (const Atom &atom : term.factors) {
      DimExpr factor;
      factor.terms.push_back({1, {atom}});
      std::optional<DimExpr> extreme = boundAtom(atom, isLarge);
      if (!extreme)
        return std::nullopt;
      // Products grow with factors that are not negative.
      if (term.factors.size() > 1) {
        if (!factor.isNonNegative())
          return std::nullopt;
        if (!extreme->isNonNegative())
          extreme = max(*extreme, 0);
      }
      product = product * *extreme;
    }
    sum = sum + product;
  }
  return sum.valid ? std::optional<DimExpr>(sum) : std::nullopt;
}

std::optional<int64_t> DimExpr::evaluate(
    llvm::function_ref<std::optional<int64_t>(StringRef)> values) const {
  DimExpr result = substitute([&](StringRef name) -> std::optional<DimExpr> {
    if (std::optional<int64_t> value = values(name))
      return DimExpr(*value);
    return std::nullopt;
  });
  return result.getConstant();
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

class DimExpr::Parser {
public:
  explicit Parser(StringRef text) : text(text) {}

  std::optional<DimExpr> parse() {
    std::optional<DimExpr> result = sum(0);
    text = text.ltrim();
    return result && result->isValid() && text.empty() ? result : std::nullopt;
  }

private:
  bool consume(StringRef token) {
    text = text.ltrim();
    return text.consume_front(token);
  }

  std::optional<DimExpr> sum(unsigned depth) {
    std::optional<DimExpr> result = DimExpr(0);
    bool negative = consume("-");
    while (true) {
      std::optional<DimExpr> term = product(depth);
      if (!term)
        return std::nullopt;
      result = negative ? *result - *term : *result + *term;
      if (consume("+"))
        negative = false;
      else if (consume("-"))
        negative = true;
      else
        return result;
    }
  }

  std::optional<DimExpr> product(unsigned depth) {
    std::optional<DimExpr> result = atom(depth);
    while (result && consume("*")) {
      std::optional<DimExpr> factor = atom(depth);
      if (!factor)
        return std::nullopt;
      result = *result * *factor;
    }
    return result;
  }

  std::optional<DimExpr> atom(unsigned depth) {
    if (depth > 64) // attributes are untrusted; the stack is not endless
      return std::nullopt;
    if (consume("(")) {
      std::optional<DimExpr> inner = sum(depth + 1);
      return inner && consume(")") ? inner : std::nullopt;
    }
    text = text.ltrim();
    if (!text.empty() && llvm::isDigit(text[0])) {
      int64_t number;
      StringRef digits =
          text.take_while([](char c) { return llvm::isDigit(c); });
      text = text.drop_front(digits.size());
      return digits.getAsInteger(10, number) ? std::nullopt
                                             : std::optional<DimExpr>(number);
    }
    StringRef name = text.take_while(
        [](char c) { return llvm::isAlnum(c) || c == '_' || c == '.'; });
    text = text.drop_front(name.size());
    if (isSymbol(name))
      return symbol(name);
    if (name.empty() || !consume("("))
      return std::nullopt;
    std::optional<DimExpr> a = sum(depth + 1);
    if (!a || !consume(","))
      return std::nullopt;
    std::optional<DimExpr> b = sum(depth + 1);
    if (!b || !consume(")"))
      return std::nullopt;
    if (name == "min")
      return min(*a, *b);
    if (name == "max")
      return max(*a, *b);
    if (b->isConstant(0))
      return std::nullopt;
    if (name == "floordiv")
      return floordiv(*a, *b);
    if (name == "ceildiv")
      return ceildiv(*a, *b);
    return name == "mod" ? std::optional<DimExpr>(mod(*a, *b)) : std::nullopt;
  }

  StringRef text;
};

std::optional<DimExpr> DimExpr::parse(StringRef text) {
  return Parser(text).parse();
}

//===----------------------------------------------------------------------===//
// In the IR
//===----------------------------------------------------------------------===//

Value DimExpr::materialize(OpBuilder &builder, Location loc) const {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto materializeAtom = [&](const Atom &atom) -> Value {
    if (!atom.function)
      return DimOp::create(builder, loc, builder.getIndexType(),
                           builder.getStringAttr(atom.text));
    const auto &[a, b] = *atom.arguments;
    Value lhs = a.materialize(builder, loc), rhs = b.materialize(builder, loc);
    if (*atom.function == Function::Min)
      return arith::MinSIOp::create(builder, loc, lhs, rhs);
    if (*atom.function == Function::Max)
      return arith::MaxSIOp::create(builder, loc, lhs, rhs);
    // A symbol that is 0 at run time must not trap; the plan rejects such
    // shapes by their other dimensions.
    if (!b.isPositive())
      rhs = arith::MaxSIOp::create(builder, loc, rhs, constant(1));
    if (a.isNonNegative())
      return arith::DivSIOp::create(builder, loc, lhs, rhs);
    return arith::FloorDivSIOp::create(builder, loc, lhs, rhs);
  };

  Value sum;
  for (const Term &term : terms) {
    Value product;
    for (const Atom &atom : term.factors) {
      Value factor = materializeAtom(atom);
      product = product ? arith::MulIOp::create(builder, loc, product, factor)
                        : factor;
    }
    if (!product)
      product = constant(term.coefficient);
    else if (term.coefficient != 1)
      product = arith::MulIOp::create(builder, loc, product,
                                      constant(term.coefficient));
    sum = sum ? arith::AddIOp::create(builder, loc, sum, product) : product;
  }
  return sum ? sum : constant(0);
}

Value materializeDim(OpBuilder &builder, Location loc, const DimExpr &dim) {
  return dim.materialize(builder, loc);
}

static std::optional<DimExpr> readScalar(Value value, unsigned depth) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > 64)
    return std::nullopt;
  if (auto dim = dyn_cast<DimOp>(op))
    return DimExpr::symbol(dim.getSymbol());
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto number = dyn_cast<IntegerAttr>(constant.getValue());
    return number ? std::optional<DimExpr>(number.getInt()) : std::nullopt;
  }
  if (isa<arith::IndexCastOp>(op))
    return readScalar(op->getOperand(0), depth + 1);
  if (op->getNumOperands() != 2)
    return std::nullopt;
  std::optional<DimExpr> a = readScalar(op->getOperand(0), depth + 1),
                         b = readScalar(op->getOperand(1), depth + 1);
  if (!a || !b)
    return std::nullopt;
  if (isa<arith::AddIOp>(op))
    return *a + *b;
  if (isa<arith::SubIOp>(op))
    return *a - *b;
  if (isa<arith::MulIOp>(op))
    return *a * *b;
  if (isa<arith::MinSIOp>(op))
    return DimExpr::min(*a, *b);
  if (isa<arith::MaxSIOp>(op))
    return DimExpr::max(*a, *b);
  if (isa<arith::DivSIOp, arith::FloorDivSIOp>(op) && !b->isConstant(0))
    return DimExpr::floordiv(*a, *b);
  return std::nullopt;
}

std::optional<DimExpr> readDimExpr(Value scalar) {
  return readScalar(scalar, 0);
}

ArrayAttr getDimsAttr(MLIRContext *context, ArrayRef<DimExpr> dims) {
  SmallVector<Attribute> texts;
  for (const DimExpr &dim : dims)
    texts.push_back(StringAttr::get(context, dim.str()));
  return ArrayAttr::get(context, texts);
}

FailureOr<SmallVector<DimExpr>> parseDimsAttr(Attribute attribute) {
  auto array = dyn_cast_or_null<ArrayAttr>(attribute);
  if (!array)
    return failure();
  SmallVector<DimExpr> dims;
  for (Attribute element : array) {
    auto text = dyn_cast<StringAttr>(element);
    std::optional<DimExpr> dim =
        text ? DimExpr::parse(text.getValue()) : std::nullopt;
    if (!dim)
      return failure();
    dims.push_back(*dim);
  }
  return dims;
}

/// `squint.dims` of the operation or function that makes a value.
static Attribute findDimsAttr(Value value) {
  if (auto result = dyn_cast<OpResult>(value)) {
    auto all = result.getOwner()->getAttrOfType<ArrayAttr>(kDimsAttr);
    return all && result.getResultNumber() < all.size()
               ? all[result.getResultNumber()]
               : Attribute();
  }
  auto argument = cast<BlockArgument>(value);
  Operation *parent = argument.getOwner()->getParentOp();
  if (!parent || !argument.getOwner()->isEntryBlock())
    return {};
  if (auto function = dyn_cast<FunctionOpInterface>(parent))
    return function.getArgAttr(argument.getArgNumber(), kDimsAttr);
  auto all = parent->getAttrOfType<ArrayAttr>(kBodyDimsAttr);
  return all && argument.getArgNumber() < all.size()
             ? all[argument.getArgNumber()]
             : Attribute();
}

FailureOr<SmallVector<DimExpr>> getDims(Value value) {
  ArrayRef<int64_t> shape;
  if (auto shaped = dyn_cast<ShapedType>(value.getType())) {
    if (!shaped.hasRank())
      return failure();
    shape = shaped.getShape();
  } else if (auto packed = dyn_cast<PackedType>(value.getType())) {
    shape = packed.getShape();
  } else {
    return failure();
  }
  FailureOr<SmallVector<DimExpr>> symbolic = parseDimsAttr(findDimsAttr(value));
  SmallVector<DimExpr> dims;
  for (auto [i, size] : llvm::enumerate(shape)) {
    if (!ShapedType::isDynamic(size))
      dims.push_back(size);
    else if (succeeded(symbolic) && symbolic->size() == shape.size())
      dims.push_back((*symbolic)[i]);
    else
      return failure();
  }
  return dims;
}

void setDims(Operation *op, ArrayRef<SmallVector<DimExpr>> dims) {
  bool dynamic = false;
  SmallVector<Attribute> all;
  for (ArrayRef<DimExpr> one : dims) {
    dynamic |= llvm::any_of(
        one, [](const DimExpr &dim) { return !dim.getConstant(); });
    all.push_back(getDimsAttr(op->getContext(), one));
  }
  if (dynamic)
    op->setAttr(kDimsAttr, ArrayAttr::get(op->getContext(), all));
  else
    op->removeAttr(kDimsAttr);
}

FailureOr<Value> materializeAssumptions(
    OpBuilder &builder, Location loc, Operation *op, Attribute facts,
    llvm::function_ref<bool(const DimExpr &, const DimExpr &)> selected) {
  Value all;
  auto list = dyn_cast_or_null<ArrayAttr>(facts);
  for (Attribute fact : list ? list.getValue() : ArrayRef<Attribute>()) {
    auto parts = dyn_cast<ArrayAttr>(fact);
    SmallVector<StringRef> texts;
    for (Attribute part : parts ? parts.getValue() : ArrayRef<Attribute>())
      if (auto text = dyn_cast<StringAttr>(part))
        texts.push_back(text.getValue());
    std::optional<DimExpr> left, right;
    if (texts.size() == 3 && (texts[1] == "==" || texts[1] == "<=")) {
      left = DimExpr::parse(texts[0]);
      right = DimExpr::parse(texts[2]);
    }
    if (!left || !right)
      return op->emitOpError() << "expected [left, \"==\" or \"<=\", right] in "
                               << kAssumeAttr << ", got " << fact;
    if (!selected(*left, *right))
      continue;
    Value holds = arith::CmpIOp::create(
        builder, loc,
        texts[1] == "==" ? arith::CmpIPredicate::eq : arith::CmpIPredicate::sle,
        left->materialize(builder, loc), right->materialize(builder, loc));
    all = all ? arith::AndIOp::create(builder, loc, all, holds) : holds;
  }
  return all;
}

std::map<std::string, DimExpr> readLateBounds(Attribute late) {
  std::map<std::string, DimExpr> bounds;
  auto list = dyn_cast_or_null<ArrayAttr>(late);
  for (Attribute entry : list ? list.getValue() : ArrayRef<Attribute>()) {
    auto parts = dyn_cast<ArrayAttr>(entry);
    if (!parts || parts.size() != 2)
      continue;
    auto symbol = dyn_cast<StringAttr>(parts[0]);
    auto text = dyn_cast<StringAttr>(parts[1]);
    std::optional<DimExpr> bound =
        text ? DimExpr::parse(text.getValue()) : std::nullopt;
    if (bound)
      bound = bound->upperBound([&](StringRef name) -> std::optional<DimExpr> {
        auto known = bounds.find(name.str());
        return known == bounds.end() ? std::nullopt
                                     : std::optional<DimExpr>(known->second);
      });
    if (symbol && bound)
      bounds[symbol.str()] = *bound;
  }
  return bounds;
}

FailureOr<SmallVector<OpFoldResult>>
materializeDims(OpBuilder &builder, Location loc, Value value) {
  FailureOr<SmallVector<DimExpr>> dims = getDims(value);
  if (failed(dims))
    return failure();
  SmallVector<OpFoldResult> sizes;
  for (const DimExpr &dim : *dims) {
    if (std::optional<int64_t> constant = dim.getConstant())
      sizes.push_back(builder.getIndexAttr(*constant));
    else
      sizes.push_back(dim.materialize(builder, loc));
  }
  return sizes;
}

FailureOr<SmallVector<OpFoldResult>>
materializeDims(OpBuilder &builder, Operation *op, unsigned resultIndex) {
  return materializeDims(builder, op->getLoc(), op->getResult(resultIndex));
}

} // namespace squint
