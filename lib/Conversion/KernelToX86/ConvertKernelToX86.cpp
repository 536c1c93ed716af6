//===- ConvertKernelToX86.cpp - byte products for x86 -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LowerTiles.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "squint/Conversion/Passes.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTKERNELTOX86
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// Byte products and tables on registers of `bits`.
class X86Products {
public:
  X86Products(KernelBuilder &b) : b(b), bits(b.target.vectorBits) {
    const TargetInfo &target = b.target;
    // Integers need AVX2 for 256 bits.
    if (bits == 256 && !target.avx2)
      bits = 128;
    vnni = target.avx512Vnni || (target.avxVnni && bits == 256);
    ssse3 = target.hasFeature("ssse3");
  }

  LogicalResult convert(DotOp op) {
    bool isSigned = int32_t(op.getWeightMin()) < 0,
         isInputSigned = int32_t(op.getInputMax()) < 128;
    if (vnni ? isSigned == isInputSigned : !isInputSigned)
      return op.emitError()
             << "expected "
             << (vnni ? "one unsigned factor where vpdpbusd multiplies"
                      : "signed activations");
    Value x = splat(op.getInput());
    replace(op, op.getAccumulator(), [&](Value sum, Value w) {
      if (vnni) {
        // The first factor is the unsigned one.
        SmallVector<Value, 3> operands{sum, w, x};
        if (isSigned)
          std::swap(operands[1], operands[2]);
        return call("llvm.x86.avx512.vpdpbusd." + std::to_string(bits),
                    sum.getType(), operands);
      }
      if (!fitsPairs(op, isSigned))
        return keep(add(sum, isSigned ? multiplyWide<arith::ShRSIOp>(w, x)
                                      : multiplyWide<arith::ShRUIOp>(w, x)));
      Value pairs;
      if (isSigned && int32_t(op.getInputMin()) >= 0)
        pairs = multiplyPairs(x, w);
      else if (isSigned)
        pairs = multiplyPairs(math::AbsIOp::create(b, w), moveSigns(x, w));
      else
        pairs = multiplyPairs(w, x);
      return keep(add(sum, addPairs(pairs, ones())));
    });
    return success();
  }

  LogicalResult convert(DotPairsOp op) {
    if (int32_t(op.getWeightMin()) < 0 || !ssse3)
      return op.emitError()
             << "expected unsigned weights and vpmaddubsw for sums of 16 bits";
    Value x = splat(op.getInput());
    replace(op, op.getAccumulator(), [&](Value sum, Value w) {
      return keep(add(sum, multiplyPairs(w, x)));
    });
    return success();
  }

  LogicalResult convert(AddPairsOp op) {
    auto parts = split(op.getPairs());
    Value result = op.getAccumulator();
    replaceParts(op, result, [&](Value sum, int64_t i) {
      return add(sum, addPairs(parts[i], ones()));
    });
    return success();
  }

  /// Left to the generic form where no permutation takes indices.
  LogicalResult convert(LookupOp op) {
    if (bits < 256)
      return success();
    ArrayRef<float> table = op.getTable();
    auto part = [&](ArrayRef<float> entries) -> Value {
      auto type = b.vec(b.getF32Type(), entries.size());
      return arith::ConstantOp::create(b,
                                       DenseElementsAttr::get(type, entries));
    };
    auto permute = [&](ArrayRef<float> entries, Value indices) {
      Value values = part(entries);
      return call(bits == 512 ? "llvm.x86.avx512.permvar.sf.512"
                              : "llvm.x86.avx2.permps",
                  values.getType(), {values, indices});
    };
    replaceParts(op, op.getIndices(), [&](Value indices, int64_t) -> Value {
      if (bits == 512)
        return permute(table, indices);
      // The fourth bit chooses between the halves.
      Value fourth = arith::ShLIOp::create(
          b, indices, b.intConstant(indices.getType(), 28));
      Value high = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, fourth,
                                         b.intConstant(indices.getType(), 0));
      return arith::SelectOp::create(b, high,
                                     permute(table.take_back(8), indices),
                                     permute(table.take_front(8), indices));
    });
    return success();
  }

  LogicalResult convert(LookupBytesOp op) {
    if (!ssse3)
      return success();
    SmallVector<int8_t> table;
    for (unsigned i = 0; i < bits / 128; ++i)
      llvm::append_range(table, op.getTable());
    Value entries = arith::ConstantOp::create(
        b, DenseElementsAttr::get(vectorOf(8), ArrayRef<int8_t>(table)));
    const char *name = bits == 512   ? "llvm.x86.avx512.pshuf.b.512"
                       : bits == 256 ? "llvm.x86.avx2.pshuf.b"
                                     : "llvm.x86.ssse3.pshuf.b.128";
    replaceParts(op, op.getIndices(), [&](Value indices, int64_t) {
      return call(name, vectorOf(8), {entries, indices});
    });
    return success();
  }

private:
  using Values = KernelBuilder::Values;

  VectorType vectorOf(unsigned elementBits) {
    return b.vec(b.getIntegerType(elementBits), bits / elementBits);
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, x, y); }
  Value call(const std::string &name, Type type, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name),
                                         operands)
        .getResult(0);
  }

  /// The value, in a way that LLVM does not look through: it would turn chains
  /// of sums into trees, which take more registers than there are.
  Value keep(Value value) {
    return LLVM::InlineAsmOp::create(
               b, value.getType(), value, /*asm_string=*/"",
               /*constraints=*/bits == 512 ? "=v,0" : "=x,0",
               /*has_side_effects=*/false, /*is_align_stack=*/false,
               LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr())
        .getResult(0);
  }

  Value splat(Value input) {
    return b.bitcast(vectorOf(8), b.splat(input, bits / 32));
  }
  Value ones() { return b.intConstant(vectorOf(16), 1); }

  /// x with the signs of w, for products with the magnitudes of w.
  Value moveSigns(Value x, Value w) {
    if (bits < 512)
      return call(bits == 256 ? "llvm.x86.avx2.psign.b"
                              : "llvm.x86.ssse3.psign.b.128",
                  x.getType(), {x, w});
    // There is no vpsignb of 512 bits, but a subtraction under a mask.
    Value zero = b.intConstant(x.getType(), 0);
    Value isNegative =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, w, zero);
    return arith::SelectOp::create(b, isNegative,
                                   arith::SubIOp::create(b, zero, x), x);
  }

  /// Whether no sum of two products leaves 16 bits, in the form that `convert`
  /// would use.
  bool fitsPairs(DotOp op, bool isSigned) {
    int64_t weight =
        std::max(-int32_t(op.getWeightMin()), int32_t(op.getWeightMax()));
    int64_t input =
        std::max(-int32_t(op.getInputMin()), int32_t(op.getInputMax()));
    if (!ssse3 || 2 * weight * input > 32767)
      return false;
    // The negative of -128 is no byte.
    return !isSigned || int32_t(op.getInputMin()) > -128;
  }

  Value multiplyPairs(Value w, Value x) {
    const char *name = bits == 512   ? "llvm.x86.avx512.pmaddubs.w.512"
                       : bits == 256 ? "llvm.x86.avx2.pmadd.ub.sw"
                                     : "llvm.x86.ssse3.pmadd.ub.sw.128";
    return call(name, vectorOf(16), {w, x});
  }

  /// Products of 16-bit numbers, neighbours added.
  Value addPairs(Value x, Value y) {
    const char *name = bits == 512   ? "llvm.x86.avx512.pmaddw.d.512"
                       : bits == 256 ? "llvm.x86.avx2.pmadd.wd"
                                     : "llvm.x86.sse2.pmadd.wd";
    return call(name, vectorOf(32), {x, y});
  }

  /// Even and odd bytes as 16 bits; `Shift` says whether weights are signed.
  template <typename Shift> Value multiplyWide(Value w, Value x) {
    Value eight = b.intConstant(vectorOf(16), 8);
    auto odd = [&](Value v, auto shift) -> Value {
      return decltype(shift)::create(b, v, eight);
    };
    auto even = [&](Value v, auto shift) -> Value {
      return decltype(shift)::create(b, arith::ShLIOp::create(b, v, eight),
                                     eight);
    };
    w = b.bitcast(vectorOf(16), w);
    x = b.bitcast(vectorOf(16), x);
    Value low = addPairs(even(w, Shift()), even(x, arith::ShRSIOp()));
    return add(low, addPairs(odd(w, Shift()), odd(x, arith::ShRSIOp())));
  }

  /// The registers that a vector takes.
  Values split(Value vector) {
    auto type = cast<VectorType>(vector.getType());
    int64_t total = type.getNumElements(),
            each = bits / type.getElementTypeBitWidth();
    if (each == total)
      return {vector};
    Values parts;
    for (int64_t i = 0; i < total; i += each)
      parts.push_back(vector::ExtractStridedSliceOp::create(
          b, vector, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{each},
          ArrayRef<int64_t>{1}));
    return parts;
  }

  void replaceParts(Operation *op, Value whole,
                    llvm::function_ref<Value(Value, int64_t)> compute) {
    Values parts = split(whole);
    if (parts.size() == 1) {
      op->getResult(0).replaceAllUsesWith(compute(whole, 0));
      op->erase();
      return;
    }
    int64_t each = cast<VectorType>(parts[0].getType()).getNumElements();
    Value result =
        arith::ConstantOp::create(b, b.getZeroAttr(op->getResult(0).getType()));
    for (auto [i, part] : llvm::enumerate(parts))
      result = vector::InsertStridedSliceOp::create(
          b, compute(part, i), result,
          ArrayRef<int64_t>{static_cast<int64_t>(i) * each},
          ArrayRef<int64_t>{1});
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }

  template <typename OpTy>
  void replace(OpTy op, Value sum,
               llvm::function_ref<Value(Value, Value)> compute) {
    Values weights = split(op.getWeights());
    replaceParts(op, sum, [&](Value part, int64_t i) {
      return compute(part, weights[i]);
    });
  }

  KernelBuilder &b;
  unsigned bits;
  bool vnni, ssse3;
};

struct ConvertKernelToX86
    : squint::impl::ConvertKernelToX86Base<ConvertKernelToX86> {
  void runOnOperation() override {
    FunctionTargets targets;
    auto result = getOperation().walk([&](func::FuncOp function) {
      if (!function->hasAttr(kBodyAttr))
        return WalkResult::advance();
      const TargetInfo *target = targets.get(function);
      if (!target)
        return WalkResult::interrupt();
      if (target->arch != TargetInfo::Arch::X86_64)
        return WalkResult::advance();
      if (failed(lowerTiles(function)))
        return WalkResult::interrupt();
      return function.walk([&](Operation *op) -> WalkResult {
        OpBuilder builder(op);
        KernelBuilder b(builder, op->getLoc(), *target);
        if (auto dot = dyn_cast<DotOp>(op))
          return X86Products(b).convert(dot);
        if (auto dot = dyn_cast<DotPairsOp>(op))
          return X86Products(b).convert(dot);
        if (auto pairs = dyn_cast<AddPairsOp>(op))
          return X86Products(b).convert(pairs);
        if (auto lookup = dyn_cast<LookupOp>(op))
          return X86Products(b).convert(lookup);
        if (auto lookup = dyn_cast<LookupBytesOp>(op))
          return X86Products(b).convert(lookup);
        return WalkResult::advance();
      });
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
