//===- ConvertKernelToGeneric.cpp - byte products anywhere ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/Passes.h"
#include "squint/Kernels/Kernels.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTKERNELTOGENERIC
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

/// Byte `i` of every 32-bit lane (or of one number), sign- or zero-extended in
/// place.
static Value extendByte(KernelBuilder &b, Value words, int64_t i,
                        bool isSigned) {
  Type type = words.getType();
  if (i < 3)
    words = arith::ShLIOp::create(b, words, b.intConstant(type, 24 - 8 * i));
  Value shift = b.intConstant(type, 24);
  return isSigned ? arith::ShRSIOp::create(b, words, shift).getResult()
                  : arith::ShRUIOp::create(b, words, shift).getResult();
}

static void convertDot(KernelBuilder &b, DotOp op) {
  Value words = b.bitcast(b.i32s(), op.getWeights());
  Value sum = op.getAccumulator();
  for (int64_t i = 0; i < 4; ++i) {
    Value weight = extendByte(b, words, i, int32_t(op.getWeightMin()) < 0);
    Value input = b.splat(
        extendByte(b, op.getInput(), i, int32_t(op.getInputMax()) < 128));
    sum =
        arith::AddIOp::create(b, sum, arith::MulIOp::create(b, weight, input));
  }
  op.getResult().replaceAllUsesWith(sum);
  op.erase();
}

/// The low and the high byte (or half) of every lane, extended in place.
static std::pair<Value, Value> extendHalves(KernelBuilder &b, Value lanes,
                                            bool isSigned) {
  Value shift = b.intConstant(
      lanes.getType(),
      getElementTypeOrSelf(lanes.getType()).getIntOrFloatBitWidth() / 2);
  Value low = arith::ShLIOp::create(b, lanes, shift);
  if (isSigned)
    return {arith::ShRSIOp::create(b, low, shift),
            arith::ShRSIOp::create(b, lanes, shift)};
  return {arith::ShRUIOp::create(b, low, shift),
          arith::ShRUIOp::create(b, lanes, shift)};
}

static void convertDotPairs(KernelBuilder &b, DotPairsOp op) {
  VectorType type = b.vec(b.getI16Type(), 2 * kLanes);
  auto [low, high] = extendHalves(b, b.bitcast(type, op.getWeights()), false);
  auto [lowInput, highInput] =
      extendHalves(b, b.bitcast(type, b.splat(op.getInput())), true);
  Value sum = arith::AddIOp::create(b, op.getAccumulator(),
                                    arith::MulIOp::create(b, low, lowInput));
  sum =
      arith::AddIOp::create(b, sum, arith::MulIOp::create(b, high, highInput));
  op.getResult().replaceAllUsesWith(sum);
  op.erase();
}

static void convertAddPairs(KernelBuilder &b, AddPairsOp op) {
  auto [low, high] = extendHalves(b, b.bitcast(b.i32s(), op.getPairs()), true);
  Value sum = arith::AddIOp::create(b, op.getAccumulator(), low);
  sum = arith::AddIOp::create(b, sum, high);
  op.getResult().replaceAllUsesWith(sum);
  op.erase();
}

/// Halves the table by one bit of the index after the other.
template <typename OpTy> static void convertLookup(KernelBuilder &b, OpTy op) {
  Value indices = op.getIndices();
  auto type = cast<VectorType>(op.getResult().getType());
  Type element = type.getElementType();
  SmallVector<Value> entries;
  for (auto entry : op.getTable())
    entries.push_back(isa<FloatType>(element) ? b.constant(type, entry)
                                              : b.intConstant(type, entry));
  for (int64_t bit = 1; bit < 16; bit *= 2) {
    Value masked = arith::AndIOp::create(b, indices,
                                         b.intConstant(indices.getType(), bit));
    Value odd = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, masked,
                                      b.intConstant(indices.getType(), 0));
    for (size_t i = 0; i + 1 < entries.size(); i += 2)
      entries[i / 2] =
          arith::SelectOp::create(b, odd, entries[i + 1], entries[i]);
    entries.resize(entries.size() / 2);
  }
  op.getResult().replaceAllUsesWith(entries[0]);
  op.erase();
}

namespace {
struct ConvertKernelToGeneric
    : squint::impl::ConvertKernelToGenericBase<ConvertKernelToGeneric> {
  void runOnOperation() override {
    TargetInfo any;
    getOperation().walk([&](Operation *op) {
      OpBuilder builder(op);
      KernelBuilder b(builder, op->getLoc(), any);
      if (auto dot = dyn_cast<DotOp>(op))
        convertDot(b, dot);
      else if (auto dot = dyn_cast<DotPairsOp>(op))
        convertDotPairs(b, dot);
      else if (auto pairs = dyn_cast<AddPairsOp>(op))
        convertAddPairs(b, pairs);
      else if (auto lookup = dyn_cast<LookupOp>(op))
        convertLookup(b, lookup);
      else if (auto lookup = dyn_cast<LookupBytesOp>(op))
        convertLookup(b, lookup);
    });
  }
};
} // namespace
