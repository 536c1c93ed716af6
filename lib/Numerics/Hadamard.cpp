//===- Hadamard.cpp - rotations by Hadamard matrices ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Hadamard.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <optional>

using namespace squint;

static constexpr int64_t kMaxOrder = 1024;

namespace {

/// The field of p^k elements, k up to 3: polynomials of degree k - 1 over the
/// integers modulo p, written as numbers in base p.
class Field {
public:
  static std::optional<Field> get(int64_t order) {
    int64_t p = 2;
    while (order % p && p * p <= order)
      ++p;
    if (order % p)
      p = order;
    int64_t degree = 0;
    for (int64_t rest = order; rest % p == 0; rest /= p)
      ++degree;
    if (order < 2 || degree > 3 || (degree > 1 && p == order) ||
        order != (degree == 1   ? p
                  : degree == 2 ? p * p
                                : p * p * p))
      return std::nullopt;
    return Field(p, degree);
  }

  int64_t order() const { return elements; }
  int64_t subtract(int64_t a, int64_t b) const {
    int64_t result = 0, place = 1;
    for (int64_t i = 0; i < degree; ++i, place *= p, a /= p, b /= p)
      result += (a % p - b % p + p) % p * place;
    return result;
  }
  /// 1 for squares, -1 for others, 0 for 0.
  std::vector<int> characters() const {
    std::vector<int> result(elements, -1);
    for (int64_t a = 0; a < elements; ++a)
      result[multiply(a, a)] = 1;
    result[0] = 0;
    return result;
  }

private:
  Field(int64_t p, int64_t degree) : p(p), degree(degree) {
    elements = 1;
    for (int64_t i = 0; i < degree; ++i)
      elements *= p;
    // Of degree 2 or 3 a polynomial without roots is irreducible.
    for (lower = 0; degree > 1 && hasRoot(); ++lower)
      ;
  }

  /// Of x^degree + the polynomial `lower`.
  bool hasRoot() const {
    for (int64_t x = 0; x < p; ++x) {
      int64_t value = 0, power = 1, rest = lower;
      for (int64_t i = 0; i < degree; ++i, rest /= p) {
        value += rest % p * power;
        power = power * x % p;
      }
      if ((value + power) % p == 0)
        return true;
    }
    return false;
  }

  int64_t multiply(int64_t a, int64_t b) const {
    int64_t product[5] = {};
    int64_t restA = a;
    for (int64_t i = 0; i < degree; ++i, restA /= p) {
      int64_t restB = b;
      for (int64_t j = 0; j < degree; ++j, restB /= p)
        product[i + j] += restA % p * (restB % p);
    }
    for (int64_t i = 2 * degree - 2; i >= degree; --i) {
      int64_t rest = lower, factor = product[i] % p;
      for (int64_t j = 0; j < degree; ++j, rest /= p)
        product[i - degree + j] += (p - rest % p) * factor;
    }
    int64_t result = 0;
    for (int64_t i = degree; i-- > 0;)
      result = result * p + product[i] % p;
    return result;
  }

  int64_t p, degree, elements = 1;
  int64_t lower = 0;
};

} // namespace

/// The field of Paley's construction for an order, if there is one.
static std::optional<Field> getPaleyField(int64_t order) {
  if (order % 4)
    return std::nullopt;
  if (std::optional<Field> field = Field::get(order - 1))
    return field; // order - 1 = 3 (mod 4)
  int64_t q = order / 2 - 1;
  return q % 4 == 1 ? Field::get(q) : std::nullopt;
}

int64_t squint::getHadamardOrder(int64_t size) {
  if (size < 1)
    return 0;
  if (llvm::isPowerOf2_64(size))
    return 1;
  int64_t odd = size >> llvm::countr_zero(uint64_t(size));
  for (int64_t order = odd * 4; order <= kMaxOrder && size % order == 0;
       order *= 2)
    if (getPaleyField(order))
      return order;
  return 0;
}

int64_t squint::getHadamardBlock(int64_t columns) {
  int64_t best = 1;
  for (int64_t i = 1; i * i <= columns; ++i) {
    if (columns % i)
      continue;
    for (int64_t size : {i, columns / i})
      if (size > best && getHadamardOrder(size))
        best = size;
  }
  return best;
}

std::vector<float> squint::getHadamardSigns(int64_t order) {
  if (order == 1)
    return {1.0f};
  std::optional<Field> field = getPaleyField(order);
  if (!field)
    return {};
  int64_t q = field->order(), n = q + 1;
  bool isFirst = n == order;
  std::vector<int> chi = field->characters();
  // [0, 1; +-1, Q]
  std::vector<int> core(n * n, 0);
  for (int64_t i = 1; i < n; ++i) {
    core[i] = 1;
    core[i * n] = isFirst ? -1 : 1;
    for (int64_t j = 1; j < n; ++j)
      core[i * n + j] = chi[field->subtract(i - 1, j - 1)];
  }
  std::vector<float> signs(order * order);
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) {
      int c = core[i * n + j];
      if (isFirst) {
        signs[i * n + j] = float(c + (i == j));
        continue;
      }
      const int doubled[2][2] = {{1, 1}, {1, -1}},
                diagonal[2][2] = {{1, -1}, {-1, -1}};
      for (int64_t s = 0; s < 2; ++s)
        for (int64_t t = 0; t < 2; ++t)
          signs[(2 * i + s) * order + 2 * j + t] =
              float(c * doubled[s][t] + (i == j ? diagonal[s][t] : 0));
    }
  return signs;
}

template <typename T>
static void rotateBlock(llvm::MutableArrayRef<T> x,
                        llvm::ArrayRef<float> signs) {
  int64_t order = std::llround(std::sqrt(double(signs.size())));
  int64_t size = x.size(), p = size / order;
  if (order > 1) {
    std::vector<T> column(order);
    for (int64_t b = 0; b < p; ++b) {
      for (int64_t i = 0; i < order; ++i) {
        T sum = 0;
        for (int64_t a = 0; a < order; ++a)
          sum = std::fma(T(signs[i * order + a]), x[a * p + b], sum);
        column[i] = sum;
      }
      for (int64_t i = 0; i < order; ++i)
        x[i * p + b] = column[i];
    }
  }
  // As p is a power of two, the low bits of an index are those of b.
  for (int64_t h = 1; h < p; h *= 2)
    for (int64_t i = 0; i < size; ++i) {
      if (i & h)
        continue;
      T low = x[i], high = x[i + h];
      x[i] = low + high;
      x[i + h] = low - high;
    }
  T factor = T(1.0 / std::sqrt(double(size)));
  for (T &value : x)
    value *= factor;
}

void squint::rotate(llvm::MutableArrayRef<float> block,
                    llvm::ArrayRef<float> signs) {
  rotateBlock(block, signs);
}
void squint::rotate(llvm::MutableArrayRef<double> block,
                    llvm::ArrayRef<float> signs) {
  rotateBlock(block, signs);
}
