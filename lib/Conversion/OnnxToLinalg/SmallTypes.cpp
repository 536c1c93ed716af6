//===- SmallTypes.cpp - numbers of less than 16 bits ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Floats of 8 and 4 bits are stored as their bits, in a byte, and computed with
// as f32; integers of 4 and 2 bits are stored and computed with as bytes. What
// a caller leaves in the unused bits of a byte says nothing.
//===----------------------------------------------------------------------===//

#include "Node.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

namespace {

/// What a small float is made of; `bits` counts the sign.
struct SmallFloat {
  unsigned bits, mantissa;
  int64_t bias;
  bool isSigned, isFinite, hasInfinity;
  /// Code of NaN without the sign; FNUZ have the only one where -0 would be.
  unsigned nan;
  bool isFnuz;

  /// The largest finite number's code.
  unsigned largest() const {
    unsigned all = (1u << (bits - isSigned)) - 1;
    if (isFinite || isFnuz)
      return all;
    return hasInfinity ? (all >> mantissa << mantissa) - 1 : all - 1;
  }
};

std::optional<SmallFloat> getSmallFloat(Type type) {
  if (isa<Float8E4M3FNType>(type))
    return SmallFloat{8, 3, 7, true, false, false, 0x7f, false};
  if (isa<Float8E4M3FNUZType>(type))
    return SmallFloat{8, 3, 8, true, false, false, 0x80, true};
  if (isa<Float8E5M2Type>(type))
    return SmallFloat{8, 2, 15, true, false, true, 0x7e, false};
  if (isa<Float8E5M2FNUZType>(type))
    return SmallFloat{8, 2, 16, true, false, false, 0x80, true};
  if (isa<Float4E2M1FNType>(type))
    return SmallFloat{4, 1, 1, true, true, false, 0, false};
  return std::nullopt;
}

/// i32 arithmetic.
struct Bits {
  ImplicitLocOpBuilder &b;

  Value constant(int64_t value) const {
    return arith::ConstantIntOp::create(b, value, 32);
  }
  Value real(double value) const {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  }
  Value add(Value x, Value y) const { return arith::AddIOp::create(b, x, y); }
  Value sub(Value x, Value y) const { return arith::SubIOp::create(b, x, y); }
  Value both(Value x, int64_t mask) const {
    return arith::AndIOp::create(b, x, constant(mask));
  }
  Value either(Value x, Value y) const { return arith::OrIOp::create(b, x, y); }
  Value left(Value x, int64_t by) const {
    return arith::ShLIOp::create(b, x, constant(by));
  }
  Value right(Value x, int64_t by) const {
    return arith::ShRUIOp::create(b, x, constant(by));
  }
  Value equal(Value x, int64_t y) const {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x, constant(y));
  }
  Value select(Value c, Value x, Value y) const {
    return arith::SelectOp::create(b, c, x, y);
  }
  Value toFloat(Value bits) const {
    return arith::BitcastOp::create(b, b.getF32Type(), bits);
  }
  Value toBits(Value real) const {
    return arith::BitcastOp::create(b, b.getI32Type(), real);
  }
};

Value decodePower(ImplicitLocOpBuilder &builder, Value code) {
  Bits b{builder};
  // 2^(code - 127); the lowest is subnormal in f32.
  Value bits =
      b.select(b.equal(code, 0), b.constant(0x00400000), b.left(code, 23));
  return b.toFloat(b.select(b.equal(code, 255), b.constant(0x7fc00000), bits));
}

/// The power of two at or above a number, saturating.
Value encodePower(ImplicitLocOpBuilder &builder, Value real) {
  Bits b{builder};
  Value bits = b.both(b.toBits(real), 0x7fffffff);
  Value code = b.right(bits, 23), fraction = b.both(bits, 0x7fffff);
  Value isNan =
      arith::CmpFOp::create(builder, arith::CmpFPredicate::UNO, real, real);
  Value up = b.select(b.equal(fraction, 0), code, b.add(code, b.constant(1)));
  // Subnormal numbers: 2^-127 or the least normal one.
  Value isTiny = arith::CmpIOp::create(builder, arith::CmpIPredicate::ule, bits,
                                       b.constant(0x00400000));
  up = b.select(isTiny, b.constant(0), up);
  up = arith::MinUIOp::create(builder, up, b.constant(254));
  return b.select(isNan, b.constant(255), up);
}

Value decode(ImplicitLocOpBuilder &builder, Value code, const SmallFloat &f) {
  Bits b{builder};
  unsigned magnitudeBits = f.bits - 1;
  Value magnitude = b.both(code, (1u << magnitudeBits) - 1);
  Value sign = b.left(b.both(b.right(code, magnitudeBits), 1), 31);
  Value exponent = b.right(magnitude, f.mantissa);
  // A subnormal number is its mantissa times the least step.
  Value small = arith::MulFOp::create(
      builder,
      arith::UIToFPOp::create(builder, builder.getF32Type(), magnitude),
      b.real(std::ldexp(1.0, 1 - f.bias - f.mantissa)));
  Value normal = b.add(b.left(magnitude, 23 - f.mantissa),
                       b.constant((127 - f.bias) << 23));
  Value bits = b.select(b.equal(exponent, 0), b.toBits(small), normal);
  if (f.hasInfinity) {
    Value special =
        b.select(b.equal(b.both(magnitude, (1 << f.mantissa) - 1), 0),
                 b.constant(0x7f800000), b.constant(0x7fc00000));
    bits = b.select(b.equal(exponent, (1 << (magnitudeBits - f.mantissa)) - 1),
                    special, bits);
  } else if (!f.isFinite && !f.isFnuz) {
    bits = b.select(b.equal(magnitude, f.nan), b.constant(0x7fc00000), bits);
  }
  bits = b.either(bits, sign);
  if (f.isFnuz)
    bits = b.select(b.equal(b.both(code, 0xff), f.nan), b.constant(0x7fc00000),
                    bits);
  return b.toFloat(bits);
}

/// Rounds half to even. What is too large becomes infinite or, without
/// infinities, NaN (the largest where there is no NaN either).
Value encode(ImplicitLocOpBuilder &builder, Value real, const SmallFloat &f) {
  Bits b{builder};
  Value sign = b.right(b.toBits(real), 31);
  Value bits = b.both(b.toBits(real), 0x7fffffff), a = b.toFloat(bits);
  Value isNan =
      arith::CmpFOp::create(builder, arith::CmpFPredicate::UNO, real, real);
  // Round to a multiple of the step 2^(e - mantissa) at this exponent.
  Value e =
      arith::MaxSIOp::create(builder, b.sub(b.right(bits, 23), b.constant(127)),
                             b.constant(1 - f.bias));
  // Numbers beyond any code need no step of their own.
  e = arith::MinSIOp::create(builder, e, b.constant(100));
  Value inverse = b.toFloat(b.left(b.sub(b.constant(127 + f.mantissa), e), 23));
  Value count = math::RoundEvenOp::create(
      builder, arith::MulFOp::create(builder, a, inverse));
  Value step =
      b.toFloat(b.left(b.add(e, b.constant(127 - int64_t(f.mantissa))), 23));
  Value rounded = arith::MulFOp::create(builder, count, step);
  double largest = 0;
  {
    unsigned code = f.largest(), m = code & ((1u << f.mantissa) - 1);
    largest =
        std::ldexp(double((1u << f.mantissa) + m),
                   int(code >> f.mantissa) - int(f.bias) - int(f.mantissa));
  }
  Value least = b.real(std::ldexp(1.0, 1 - f.bias));
  Value isSmall =
      arith::CmpFOp::create(builder, arith::CmpFPredicate::OLT, rounded, least);
  Value smallCode = arith::FPToUIOp::create(
      builder, builder.getI32Type(), b.select(isSmall, count, b.real(0)));
  Value normalCode =
      b.right(b.sub(b.toBits(rounded), b.constant((127 - f.bias) << 23)),
              23 - f.mantissa);
  Value code = b.select(isSmall, smallCode, normalCode);
  Value isLarge = arith::CmpFOp::create(builder, arith::CmpFPredicate::OGT,
                                        rounded, b.real(largest));
  unsigned beyond = f.isFinite      ? f.largest()
                    : f.hasInfinity ? f.largest() + 1
                                    : f.nan;
  code = b.select(isLarge, b.constant(beyond), code);
  if (f.isFinite) // no NaN: the standard's numbers become -0 there
    return b.select(isNan, b.constant(1 << (f.bits - 1)),
                    b.either(code, b.left(sign, f.bits - 1)));
  if (f.isFnuz) {
    Value hasSign = arith::AndIOp::create(
        builder, b.equal(sign, 1),
        arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, code,
                              b.constant(0)));
    code = b.select(hasSign, b.either(code, b.constant(0x80)), code);
    return b.select(isNan, b.constant(f.nan), code);
  }
  code = b.select(isNan, b.constant(f.nan), code);
  return b.either(code, b.left(sign, f.bits - 1));
}

} // namespace

bool lowering::isSmallFloat(Type element) {
  return getSmallFloat(element) || isa<Float8E8M0FNUType>(element);
}

bool lowering::isSmallInteger(Type element) {
  return element.isInteger(2) || element.isInteger(4);
}

double lowering::getLargest(Type element) {
  return llvm::APFloat::getLargest(cast<FloatType>(element).getFloatSemantics())
      .convertToDouble();
}

Value lowering::decodeSmall(ImplicitLocOpBuilder &b, Value stored,
                            Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    Value unused = arith::ConstantIntOp::create(b, 8 - integer.getWidth(), 8);
    Value high = arith::ShLIOp::create(b, stored, unused);
    if (integer.isUnsigned())
      return arith::ShRUIOp::create(b, high, unused);
    return arith::ShRSIOp::create(b, high, unused);
  }
  Value code = arith::ExtUIOp::create(b, b.getI32Type(), stored);
  if (std::optional<SmallFloat> format = getSmallFloat(element))
    return decode(b, code, *format);
  return decodePower(b, code);
}

Value lowering::encodeSmall(ImplicitLocOpBuilder &b, Value computed,
                            Type element) {
  if (isa<IntegerType>(element))
    return decodeSmall(b, computed, element);
  std::optional<SmallFloat> format = getSmallFloat(element);
  Value code = format ? encode(b, computed, *format) : encodePower(b, computed);
  return arith::TruncIOp::create(b, b.getI8Type(), code);
}
