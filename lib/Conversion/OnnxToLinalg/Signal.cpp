//===- Signal.cpp - Fourier transforms and sums over labels -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Program.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

/// cos and sin of 2 pi k n / length.
static std::pair<Num, Num> rotation(Num k, Num n, Num length, Type type) {
  ImplicitLocOpBuilder &b = k.builder();
  // A whole number of turns changes nothing, and costs digits.
  Num rest = k * n % max(length, length.constant(1));
  Num angle = convert(rest, type) * (2 * M_PI) / convert(length, type);
  return {{b, math::CosOp::create(b, angle)},
          {b, math::SinOp::create(b, angle)}};
}

/// A complex number at a position whose last index is 0; the imaginary part is
/// 0 where there is none.
static std::pair<Num, Num> loadComplex(Code &code, const Memory &from,
                                       SmallVector<Num> at, bool isReal) {
  at.back() = code.index(0);
  Num real = from.load(at);
  at.back() = code.index(isReal ? 0 : 1);
  return {real, isReal ? real.constant(0) : from.load(at)};
}

static LogicalResult lowerDft(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0);
  Dims dims = node.resultDims();
  int64_t rank = x.rank();
  DimExpr axis = -2;
  if (node.has(2)) {
    auto axes = node.symbolicIntegers(2);
    if (!axes || axes->size() != 1)
      return node.error() << "expected an axis that follows from shapes";
    axis = axes->front();
  }
  bool inverse = node.integer("inverse", 0), half = node.integer("onesided", 0),
       isReal = x.dims.back().isConstant(1);
  bool fromHalf = half && inverse;
  Type type = computeElement(x.element), f64 = b.getF64Type();
  // Which dimension it is may be known at run time only.
  DimExpr size, resultSize;
  SmallVector<Num> isAxis;
  for (int64_t i = 0; i < rank; ++i) {
    DimExpr here = DimExpr::isEqual(axis, i) + DimExpr::isEqual(axis, i - rank);
    size = size + here * x.dims[i];
    resultSize = resultSize + here * dims[i];
    isAxis.push_back(Num(b, sizeValue(b, here)) != Num(b, indexConstant(b, 0)));
  }
  // The length of the whole transform, which a half of the result hides.
  DimExpr whole = resultSize;
  if (half && !inverse) {
    whole = size;
    if (node.has(1)) {
      auto length = node.symbolicIntegers(1);
      if (!length || length->size() != 1)
        return node.error() << "expected a length that follows from shapes";
      whole = length->front();
    }
  }
  Num length(b, sizeValue(b, whole)), given(b, sizeValue(b, size));
  Tensor result = programMap(
      b, x, dims, node.resultElement(),
      [&](Code &code, ArrayRef<Num> at, ArrayRef<Memory> in) -> Num {
        Num zero = code.number(f64, 0), k = code.index(0);
        for (auto [position, here] : llvm::zip(at, isAxis))
          k = select(here, position, k);
        Nums sums = code.loop(
            fromHalf ? length : min(length, given), {zero, zero},
            [&](Num n, ArrayRef<Num> sums) -> Nums {
              SmallVector<Num> from(at);
              Num isMirrored = n >= given;
              // Behind the half stands its mirror image, conjugated.
              Num read = fromHalf ? clamp(select(isMirrored, length - n, n),
                                          code.index(0), given - 1.0)
                                  : n;
              for (auto [position, here] : llvm::zip(from, isAxis))
                position = select(here, read, position);
              auto [real, imaginary] = loadComplex(code, in[0], from, isReal);
              real = convert(real, f64);
              imaginary = convert(imaginary, f64);
              if (fromHalf)
                imaginary = select(isMirrored, -imaginary, imaginary);
              auto [c, s] = rotation(k, n, length, f64);
              if (!inverse)
                s = -s;
              return {sums[0] + (real * c - imaginary * s),
                      sums[1] + (real * s + imaginary * c)};
            });
        Num value = select(at.back() == 0.0, sums[0], sums[1]);
        if (inverse)
          value = value / convert(length, f64);
        return convert(value, type);
      });
  return node.replace(result.value);
}

static LogicalResult lowerStft(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor signal = node.in(0);
  Dims dims = node.resultDims();
  auto step = node.symbolicIntegers(1);
  if (!step || step->size() != 1)
    return node.error() << "expected a frame step that follows from shapes";
  DimExpr frame = signal.dims[1];
  if (node.has(3)) {
    auto length = node.symbolicIntegers(3);
    if (!length || length->size() != 1)
      return node.error() << "expected a frame length that follows from shapes";
    frame = length->front();
  } else if (node.has(2)) {
    frame = node.in(2).dims[0];
  }
  bool isReal = signal.rank() == 2 || signal.dims.back().isConstant(1);
  if (signal.rank() == 2)
    signal = reshape(b, signal, {signal.dims[0], signal.dims[1], 1});
  Type type = computeElement(signal.element), f64 = b.getF64Type();
  Num length(b, sizeValue(b, frame)), by(b, sizeValue(b, step->front()));
  SmallVector<Tensor> inputs{signal};
  bool hasWindow = node.has(2);
  if (hasWindow)
    inputs.push_back(node.in(2));
  Tensor result = programMap(
      b, inputs, dims, node.resultElement(),
      [&](Code &code, ArrayRef<Num> at, ArrayRef<Memory> in) -> Num {
        Num zero = code.number(f64, 0);
        Nums sums = code.loop(
            length, {zero, zero}, [&](Num n, ArrayRef<Num> sums) -> Nums {
              auto [real, imaginary] =
                  loadComplex(code, in[0], {at[0], at[1] * by + n, n}, isReal);
              real = convert(real, f64);
              imaginary = convert(imaginary, f64);
              if (hasWindow) {
                Num weight = convert(in[1].load(n), f64);
                real = real * weight;
                imaginary = imaginary * weight;
              }
              auto [c, s] = rotation(at[2], n, length, f64);
              return {sums[0] + (real * c + imaginary * s),
                      sums[1] + (imaginary * c - real * s)};
            });
        return convert(select(at[3] == 0.0, sums[0], sums[1]), type);
      });
  return node.replace(result.value);
}

/// The loops are the labels: those of the result, then those that are summed.
static LogicalResult lowerEinsum(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  std::string equation;
  for (char c : node.string("equation", ""))
    if (c != ' ')
      equation += c;
  auto [left, right] = StringRef(equation).split("->");
  bool isExplicit = StringRef(equation).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  SmallVector<Tensor> inputs = node.inputs();
  Dims dims = node.resultDims();
  // Labels of each operand; an ellipsis is as many as are left, numbered from
  // the end.
  size_t most = 0;
  SmallVector<SmallVector<std::string>> labels;
  for (auto [term, input] : llvm::zip_equal(terms, inputs)) {
    auto [before, after] = term.split("...");
    SmallVector<std::string> &list = labels.emplace_back();
    for (char c : before)
      list.push_back(std::string(1, c));
    if (term.contains("...")) {
      size_t count = input.rank() - before.size() - after.size();
      most = std::max(most, count);
      for (size_t i = count; i-- > 0;)
        list.push_back("." + std::to_string(i));
    }
    for (char c : after)
      list.push_back(std::string(1, c));
  }
  SmallVector<std::string> result;
  auto addEllipsis = [&] {
    for (size_t i = most; i-- > 0;)
      result.push_back("." + std::to_string(i));
  };
  if (isExplicit) {
    auto [before, after] = right.split("...");
    for (char c : before)
      result.push_back(std::string(1, c));
    if (right.contains("..."))
      addEllipsis();
    for (char c : after)
      result.push_back(std::string(1, c));
  } else {
    // Those that occur once, in the order of letters.
    addEllipsis();
    std::map<std::string, int> counts;
    for (const auto &list : labels)
      for (const std::string &label : list)
        ++counts[label];
    for (auto &[label, count] : counts)
      if (count == 1 && label[0] != '.')
        result.push_back(label);
  }
  SmallVector<std::string> loops(result);
  llvm::StringMap<DimExpr> sizes;
  for (auto [list, input] : llvm::zip_equal(labels, inputs))
    for (auto [label, dim] : llvm::zip_equal(list, input.dims)) {
      if (!llvm::is_contained(loops, label))
        loops.push_back(label);
      auto [it, isNew] = sizes.try_emplace(label, dim);
      if (!isNew && it->second.isConstant(1))
        it->second = dim;
    }
  SmallVector<AffineMap> maps;
  auto place = [&](ArrayRef<std::string> list, const Tensor *input) {
    SmallVector<AffineExpr> exprs;
    for (auto [i, label] : llvm::enumerate(list)) {
      bool repeats =
          input && input->dims[i].isConstant(1) && !sizes[label].isConstant(1);
      exprs.push_back(repeats ? b.getAffineConstantExpr(0)
                              : b.getAffineDimExpr(llvm::find(loops, label) -
                                                   loops.begin()));
    }
    maps.push_back(AffineMap::get(loops.size(), 0, exprs, b.getContext()));
  };
  for (auto [list, input] : llvm::zip_equal(labels, inputs))
    place(list, &input);
  place(result, nullptr);
  SmallVector<utils::IteratorType> iterators(result.size(),
                                             utils::IteratorType::parallel);
  iterators.append(loops.size() - result.size(),
                   utils::IteratorType::reduction);
  // Sums of half types are kept in f32.
  Type element = node.resultElement(), sum = computeElement(element);
  if (isa<IntegerType>(element))
    sum = element;
  Tensor out =
      fill(b, arith::ConstantOp::create(b, b.getZeroAttr(storageElement(sum))),
           dims, sum);
  out = generic(b, inputs, out, maps, iterators,
                [&](ImplicitLocOpBuilder &inner,
                    ValueRange v) -> SmallVector<Value> {
                  Num product(inner, v[0]);
                  for (Value factor : v.drop_front().drop_back())
                    product = product * Num(inner, factor);
                  return {Num(inner, v.back()) + product};
                })
            .front();
  return node.replace(castTo(b, out, element).value);
}

ArrayRef<TableEntry> lowering::signalTable() {
  static const TableEntry table[] = {
      {"DFT", lowerDft},
      {"Einsum", lowerEinsum},
      {"STFT", lowerStft},
  };
  return table;
}
