//===- ExpandHalf.cpp - f16 and bf16 without libgcc ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "CodeGen.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;
using namespace squint;

namespace {

/// All of it works on a scalar and on a vector of any length alike.
class Expander {
public:
  Expander(const TargetInfo &target) {
    bool x86 = target.arch == TargetInfo::Arch::X86_64;
    nativeHalf = !x86 || target.hasFeature("avx512fp16");
    nativeHalfFloat = nativeHalf || target.f16c;
  }
  void run(Function &function);

private:
  bool promote(Instruction &instruction);
  Value *expand(Instruction &instruction);
  Value *extendHalf(Value *half, Type *type);
  Value *truncateToHalf(Value *value, Type *type);
  Value *truncateToBfloat(Value *value, Type *type);
  Value *roundToOdd(Value *value);

  static bool isSmall(Type *type) {
    return type->getScalarType()->is16bitFPTy();
  }
  Type *with(Type *type, Type *scalar) { return type->getWithNewType(scalar); }
  Constant *constant(Type *type, uint64_t bits) {
    return ConstantInt::get(type, bits);
  }

  bool nativeHalf;      // f16 with any float
  bool nativeHalfFloat; // f16 with f32
  IRBuilder<> *b = nullptr;
};

} // namespace

/// f16 bits, moved up and scaled by 2^112 to the exponents of f32; infinities
/// and NaNs get the exponent that the scaling does not reach.
Value *Expander::extendHalf(Value *half, Type *type) {
  Type *f32 = with(type, b->getFloatTy()), *i32 = with(type, b->getInt32Ty());
  Value *bits =
      b->CreateZExt(b->CreateBitCast(half, with(type, b->getInt16Ty())), i32);
  Value *magnitude = b->CreateAnd(bits, constant(i32, 0x7fff));
  Value *sign = b->CreateShl(b->CreateAnd(bits, constant(i32, 0x8000)),
                             constant(i32, 16));
  Value *shifted = b->CreateShl(magnitude, constant(i32, 13));
  // Subnormal f16 are subnormal f32 here; the multiplication is exact.
  Value *scaled = b->CreateFMul(
      b->CreateBitCast(shifted, f32),
      b->CreateBitCast(constant(i32, uint64_t(127 + 112) << 23), f32));
  Value *special = b->CreateOr(shifted, constant(i32, 0x7f800000));
  Value *isSpecial = b->CreateICmpUGE(magnitude, constant(i32, 0x7c00));
  Value *result = b->CreateOr(
      b->CreateSelect(isSpecial, special, b->CreateBitCast(scaled, i32)), sign);
  result = b->CreateBitCast(result, f32);
  return f32 == type ? result : b->CreateFPExt(result, type);
}

/// f64 to f32 towards zero with the last bit set when inexact: rounding that
/// again to at most 22 bits is as rounding once.
Value *Expander::roundToOdd(Value *value) {
  Type *type = value->getType();
  if (!type->getScalarType()->isDoubleTy())
    return value;
  Type *f32 = with(type, b->getFloatTy()), *i32 = with(type, b->getInt32Ty()),
       *i64 = with(type, b->getInt64Ty());
  Value *nearest = b->CreateFPTrunc(value, f32);
  Value *bits = b->CreateBitCast(nearest, i32);
  auto magnitude = [&](Value *v) {
    return b->CreateAnd(b->CreateBitCast(v, i64),
                        constant(i64, 0x7fffffffffffffff));
  };
  Value *exact = magnitude(value),
        *rounded = magnitude(b->CreateFPExt(nearest, type));
  Value *tooLarge = b->CreateICmpUGT(rounded, exact);
  Value *inexact = b->CreateFCmpONE(b->CreateFPExt(nearest, type), value);
  Value *towardsZero = b->CreateSub(bits, b->CreateZExt(tooLarge, i32));
  Value *odd = b->CreateOr(towardsZero, constant(i32, 1));
  return b->CreateBitCast(b->CreateSelect(inexact, odd, bits), f32);
}

/// Rounds the significand in integers for normal results and by adding a large
/// number for subnormal ones.
Value *Expander::truncateToHalf(Value *value, Type *type) {
  value = roundToOdd(value);
  Type *f32 = value->getType(), *i32 = with(type, b->getInt32Ty());
  Value *bits = b->CreateBitCast(value, i32);
  Value *sign = b->CreateAnd(bits, constant(i32, 0x80000000));
  Value *magnitude = b->CreateXor(bits, sign);

  // Half to even: add half of the last place less one, plus the last bit kept.
  Value *last = b->CreateAnd(b->CreateLShr(magnitude, constant(i32, 13)),
                             constant(i32, 1));
  Value *biased =
      b->CreateAdd(b->CreateAdd(magnitude, constant(i32, uint32_t(-112) << 23)),
                   b->CreateAdd(last, constant(i32, 0xfff)));
  Value *normal = b->CreateLShr(biased, constant(i32, 13));
  // 2^-24, the smallest f16, is the last place of 0.5 in f32.
  Value *half = b->CreateBitCast(constant(i32, 0x3f000000), f32);
  Value *subnormal = b->CreateSub(
      b->CreateBitCast(b->CreateFAdd(b->CreateBitCast(magnitude, f32), half),
                       i32),
      constant(i32, 0x3f000000));
  Value *infinity = constant(i32, 0x7c00), *nan = constant(i32, 0x7e00);

  Value *result =
      b->CreateSelect(b->CreateICmpULT(magnitude, constant(i32, 113u << 23)),
                      subnormal, normal);
  result = b->CreateSelect(
      b->CreateICmpUGE(magnitude, constant(i32, 0x477ff000)), infinity, result);
  result = b->CreateSelect(
      b->CreateICmpUGT(magnitude, constant(i32, 0x7f800000)), nan, result);
  result = b->CreateOr(result, b->CreateLShr(sign, constant(i32, 16)));
  return b->CreateBitCast(b->CreateTrunc(result, with(type, b->getInt16Ty())),
                          type);
}

Value *Expander::truncateToBfloat(Value *value, Type *type) {
  value = roundToOdd(value);
  Type *i32 = with(type, b->getInt32Ty());
  Value *bits = b->CreateBitCast(value, i32);
  Value *last =
      b->CreateAnd(b->CreateLShr(bits, constant(i32, 16)), constant(i32, 1));
  Value *rounded =
      b->CreateAdd(b->CreateAdd(bits, constant(i32, 0x7fff)), last);
  Value *quiet = b->CreateOr(bits, constant(i32, 0x400000));
  Value *result = b->CreateLShr(
      b->CreateSelect(b->CreateFCmpUNO(value, value), quiet, rounded),
      constant(i32, 16));
  return b->CreateBitCast(b->CreateTrunc(result, with(type, b->getInt16Ty())),
                          type);
}

Value *Expander::expand(Instruction &instruction) {
  Value *source = instruction.getOperand(0);
  Type *from = source->getType(), *to = instruction.getType();
  Type *f32 = with(to, b->getFloatTy());
  bool single =
      to->getScalarType()->isFloatTy() || from->getScalarType()->isFloatTy();
  bool native = single ? nativeHalfFloat : nativeHalf;
  if (isa<FPExtInst>(instruction)) {
    if (!from->getScalarType()->isHalfTy() || native)
      return nullptr;
    return nativeHalfFloat ? b->CreateFPExt(b->CreateFPExt(source, f32), to)
                           : extendHalf(source, to);
  }
  if (to->getScalarType()->isBFloatTy())
    return truncateToBfloat(source, to);
  if (!to->getScalarType()->isHalfTy() || native)
    return nullptr;
  return nativeHalfFloat ? b->CreateFPTrunc(roundToOdd(source), to)
                         : truncateToHalf(source, to);
}

/// Arithmetic in f16 and bf16 becomes arithmetic in f32 between conversions,
/// which is what LLVM does with it later; returns whether it was any.
bool Expander::promote(Instruction &instruction) {
  Type *type = instruction.getType();
  auto extend = [&](Value *value) {
    return b->CreateFPExt(value, with(value->getType(), b->getFloatTy()));
  };
  Value *result = nullptr;
  if (auto *binary = dyn_cast<BinaryOperator>(&instruction)) {
    if (!isSmall(type))
      return false;
    result = b->CreateBinOp(binary->getOpcode(), extend(binary->getOperand(0)),
                            extend(binary->getOperand(1)));
  } else if (auto *compare = dyn_cast<FCmpInst>(&instruction)) {
    if (!isSmall(compare->getOperand(0)->getType()))
      return false;
    result =
        b->CreateFCmp(compare->getPredicate(), extend(compare->getOperand(0)),
                      extend(compare->getOperand(1)));
  } else if (isa<FPToSIInst, FPToUIInst>(instruction)) {
    if (!isSmall(instruction.getOperand(0)->getType()))
      return false;
    result = b->CreateCast(cast<CastInst>(instruction).getOpcode(),
                           extend(instruction.getOperand(0)), type);
  } else if (isa<SIToFPInst, UIToFPInst>(instruction)) {
    if (!isSmall(type))
      return false;
    result =
        b->CreateCast(cast<CastInst>(instruction).getOpcode(),
                      instruction.getOperand(0), with(type, b->getDoubleTy()));
  } else if (auto *call = dyn_cast<IntrinsicInst>(&instruction)) {
    Intrinsic::ID id = call->getIntrinsicID();
    bool bitwise = id == Intrinsic::fabs || id == Intrinsic::copysign;
    bool small = isSmall(type) && all_of(call->args(), [](Value *v) {
                   return isSmall(v->getType());
                 });
    if (!small || bitwise || call->arg_empty())
      return false;
    SmallVector<Value *> arguments;
    for (Value *argument : call->args())
      arguments.push_back(extend(argument));
    result = b->CreateIntrinsic(with(type, b->getFloatTy()), id, arguments);
  } else {
    return false;
  }
  if (result->getType() != type)
    result = b->CreateFPTrunc(result, type);
  instruction.replaceAllUsesWith(result);
  instruction.eraseFromParent();
  return true;
}

void Expander::run(Function &function) {
  SmallVector<Instruction *> work;
  for (Instruction &instruction : instructions(function))
    work.push_back(&instruction);
  for (Instruction *instruction : work) {
    IRBuilder<> builder(instruction);
    b = &builder;
    promote(*instruction);
  }
  work.clear();
  for (Instruction &instruction : instructions(function))
    if (isa<FPExtInst, FPTruncInst>(instruction))
      work.push_back(&instruction);
  for (Instruction *instruction : work) {
    IRBuilder<> builder(instruction);
    b = &builder;
    if (Value *value = expand(*instruction)) {
      instruction->replaceAllUsesWith(value);
      instruction->eraseFromParent();
    }
  }
}

void squint::expandHalfConversions(Function &function,
                                   const TargetInfo &target) {
  Expander(target).run(function);
}
