//===- Builder.cpp - what kernels are written with --------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Builder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

Value KernelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(*this, value);
}
Value KernelBuilder::add(Value a, Value b) {
  return createOrFold<arith::AddIOp>(a, b);
}
Value KernelBuilder::sub(Value a, Value b) {
  return createOrFold<arith::SubIOp>(a, b);
}
Value KernelBuilder::mul(Value a, Value b) {
  return createOrFold<arith::MulIOp>(a, b);
}
// Sizes and offsets are never negative: the unsigned forms are shifts and masks
// for powers of two.
Value KernelBuilder::div(Value a, Value b) {
  return createOrFold<arith::DivUIOp>(a, b);
}
Value KernelBuilder::rem(Value a, Value b) {
  return createOrFold<arith::RemUIOp>(a, b);
}
Value KernelBuilder::min(Value a, Value b) {
  return createOrFold<arith::MinSIOp>(a, b);
}
Value KernelBuilder::max(Value a, Value b) {
  return createOrFold<arith::MaxSIOp>(a, b);
}
Value KernelBuilder::less(Value a, Value b) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, a, b);
}
Value KernelBuilder::dim(Value memref, int64_t i) {
  return createOrFold<memref::DimOp>(memref, i);
}

VectorType KernelBuilder::vec(Type element, int64_t lanes) {
  return VectorType::get({lanes}, element);
}
Type KernelBuilder::scaleType(ScaleType type) {
  return type == ScaleType::F32   ? Type(getF32Type())
         : type == ScaleType::F16 ? Type(getF16Type())
                                  : Type(getBF16Type());
}
Value KernelBuilder::f32(float value) { return constant(getF32Type(), value); }
Value KernelBuilder::i32(int32_t value) {
  return intConstant(getI32Type(), value);
}

Value KernelBuilder::constant(Type type, double value) {
  TypedAttr scalar = getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    scalar = DenseElementsAttr::get(vector, Attribute(scalar));
  return arith::ConstantOp::create(*this, scalar);
}

Value KernelBuilder::intConstant(Type type, int64_t value) {
  TypedAttr scalar = getIntegerAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    scalar = DenseElementsAttr::get(vector, Attribute(scalar));
  return arith::ConstantOp::create(*this, scalar);
}

Value KernelBuilder::splat(Value scalar, int64_t lanes) {
  return createOrFold<vector::BroadcastOp>(vec(scalar.getType(), lanes),
                                           scalar);
}

Value KernelBuilder::load(VectorType type, Value memref, ValueRange indices,
                          int64_t alignment) {
  return vector::LoadOp::create(
      *this, type, memref, indices, /*nontemporal=*/false,
      alignment ? llvm::MaybeAlign(alignment) : llvm::MaybeAlign());
}

void KernelBuilder::store(Value vector, Value memref, ValueRange indices) {
  vector::StoreOp::create(*this, vector, memref, indices);
}

Value KernelBuilder::load(VectorType type, Value memref, ValueRange indices,
                          Value mask, Value fill) {
  if (!mask)
    return load(type, memref, indices);
  if (!fill)
    fill = arith::ConstantOp::create(*this, getZeroAttr(type));
  return vector::MaskedLoadOp::create(*this, type, memref, indices, mask, fill);
}

void KernelBuilder::store(Value vector, Value memref, ValueRange indices,
                          Value mask) {
  if (!mask)
    return store(vector, memref, indices);
  vector::MaskedStoreOp::create(*this, memref, indices, mask, vector);
}

Value KernelBuilder::view(Value matrix, Value row, Value column, int64_t rows,
                          int64_t columns) {
  OpFoldResult one = getIndexAttr(1);
  return memref::SubViewOp::create(
      *this, matrix, ArrayRef<OpFoldResult>{row, column},
      ArrayRef<OpFoldResult>{getIndexAttr(rows), getIndexAttr(columns)},
      ArrayRef<OpFoldResult>{one, one});
}

Value KernelBuilder::mask(Value count, int64_t lanes) {
  return vector::CreateMaskOp::create(*this, vec(getI1Type(), lanes), count);
}

Value KernelBuilder::mask(int64_t count, int64_t lanes) {
  SmallVector<bool> bits(lanes, false);
  std::fill_n(bits.begin(), count, true);
  return arith::ConstantOp::create(
      *this, DenseElementsAttr::get(vec(getI1Type(), lanes), bits));
}

Value KernelBuilder::fma(Value a, Value b, Value c) {
  if (target.arch == TargetInfo::Arch::X86_64 && !target.fma)
    return arith::AddFOp::create(*this, arith::MulFOp::create(*this, a, b), c);
  return math::FmaOp::create(*this, a, b, c);
}

Type KernelBuilder::like(Type shape, Type element) {
  if (auto vector = dyn_cast<VectorType>(shape))
    return VectorType::get(vector.getShape(), element);
  return element;
}

Value KernelBuilder::toF32(Value value) {
  if (getElementTypeOrSelf(value.getType()).isF32())
    return value;
  return arith::ExtFOp::create(*this, like(value.getType(), getF32Type()),
                               value);
}

Value KernelBuilder::bitcast(VectorType type, Value value) {
  return createOrFold<vector::BitCastOp>(type, value);
}

Value KernelBuilder::reduce(Value vector,
                            llvm::function_ref<Value(Value, Value)> combine) {
  for (int64_t lanes = kLanes / 2; lanes >= 1; lanes /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t i = 0; i < lanes; ++i) {
      low.push_back(i);
      high.push_back(i + lanes);
    }
    Value a = vector::ShuffleOp::create(*this, vector, vector, low);
    Value b = vector::ShuffleOp::create(*this, vector, vector, high);
    vector = combine(a, b);
  }
  return vector::ExtractOp::create(*this, vector, ArrayRef<int64_t>{0});
}

Value KernelBuilder::reduceAdd(Value vector) {
  return reduce(vector, [&](Value a, Value b) -> Value {
    if (isa<FloatType>(getElementTypeOrSelf(a.getType())))
      return arith::AddFOp::create(*this, a, b);
    return arith::AddIOp::create(*this, a, b);
  });
}

KernelBuilder::Values KernelBuilder::loop(Value lower, Value upper,
                                          int64_t step, ValueRange init,
                                          Body body) {
  auto loop = scf::ForOp::create(*this, lower, upper, index(step), init);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  Values carried = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!init.empty())
    scf::YieldOp::create(*this, carried);
  return Values(loop.getResults());
}

void KernelBuilder::loop(Value lower, Value upper, int64_t step,
                         llvm::function_ref<void(Value)> body) {
  loop(lower, upper, step, ValueRange(), [&](Value i, ValueRange) -> Values {
    body(i);
    return {};
  });
}

KernelBuilder::Values KernelBuilder::lanes(Value count, ValueRange init,
                                           LaneBody body) {
  std::optional<int64_t> known = getConstantIntValue(count);
  Value full = mul(div(count, kLanes), kLanes);
  Values carried(init);
  if (!known || *known >= kLanes)
    carried =
        loop(index(0), full, kLanes, init,
             [&](Value k, ValueRange current) { return body(k, {}, current); });
  if (known)
    return *known % kLanes ? body(full, mask(*known % kLanes), carried)
                           : carried;
  Value rest = sub(count, full);
  auto op = scf::IfOp::create(*this, ValueRange(init).getTypes(),
                              less(index(0), rest), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  Values last = body(full, mask(rest), carried);
  if (init.empty())
    return {};
  scf::YieldOp::create(*this, last);
  setInsertionPointToStart(op.elseBlock());
  scf::YieldOp::create(*this, carried);
  return Values(op.getResults());
}

void KernelBuilder::ifElse(Value condition, llvm::function_ref<void()> then,
                           llvm::function_ref<void()> otherwise) {
  auto op =
      scf::IfOp::create(*this, condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(op.thenBlock());
  then();
  if (otherwise) {
    setInsertionPointToStart(op.elseBlock());
    otherwise();
  }
}

void KernelBuilder::switchOn(Value value, ArrayRef<int64_t> cases,
                             llvm::function_ref<void(int64_t)> body) {
  auto op = scf::IndexSwitchOp::create(*this, TypeRange(), value, cases,
                                       cases.size());
  OpBuilder::InsertionGuard guard(*this);
  auto fill = [&](Region &region, llvm::function_ref<void()> build) {
    setInsertionPointToStart(&region.emplaceBlock());
    build();
    scf::YieldOp::create(*this);
  };
  fill(op.getDefaultRegion(), [] {});
  for (auto [region, i] : llvm::zip(op.getCaseRegions(), cases)) {
    int64_t number = i;
    fill(region, [&] { body(number); });
  }
}

Value KernelBuilder::scratch(int64_t elements, Type element) {
  OpBuilder::InsertionGuard guard(*this);
  auto function = getInsertionBlock()->getParentOp();
  if (!isa<func::FuncOp>(function))
    function = function->getParentOfType<func::FuncOp>();
  setInsertionPointToStart(&cast<func::FuncOp>(function).getBody().front());
  return memref::AllocaOp::create(*this, MemRefType::get({elements}, element),
                                  getI64IntegerAttr(64));
}

Value squint::kernel::flatten(KernelBuilder &b, Operation *op, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  if (type.getRank() == 1)
    return memref;
  SmallVector<ReassociationIndices> all(1);
  for (int64_t i = 0; i < type.getRank(); ++i)
    all[0].push_back(i);
  if (!memref::CollapseShapeOp::isGuaranteedCollapsible(type, all)) {
    op->emitError() << "expected a contiguous memref, got " << type;
    return {};
  }
  return memref::CollapseShapeOp::create(b, memref, all);
}

LogicalResult squint::kernel::checkRows(Operation *op, ValueRange memrefs) {
  for (Value value : memrefs) {
    auto type = dyn_cast_or_null<MemRefType>(value ? value.getType() : Type());
    if (!value)
      continue;
    if (!type || type.getRank() == 0 || !type.isLastDimUnitStride())
      return op->emitError()
             << "expected a memref whose rows are contiguous, got "
             << value.getType();
  }
  return success();
}

SmallVector<Value> squint::kernel::transpose8(ImplicitLocOpBuilder &b,
                                              ArrayRef<Value> rows) {
  static constexpr int64_t masks[3][2][8] = {
      {{0, 8, 1, 9, 4, 12, 5, 13}, {2, 10, 3, 11, 6, 14, 7, 15}},
      {{0, 1, 8, 9, 4, 5, 12, 13}, {2, 3, 10, 11, 6, 7, 14, 15}},
      {{0, 1, 2, 3, 8, 9, 10, 11}, {4, 5, 6, 7, 12, 13, 14, 15}}};
  auto shuffle = [&](Value lhs, Value rhs, const int64_t (&mask)[8]) -> Value {
    return vector::ShuffleOp::create(b, lhs, rhs, ArrayRef<int64_t>(mask));
  };
  Value pairs[8], quads[8];
  for (int i = 0; i < 8; i += 2)
    for (int half = 0; half < 2; ++half)
      pairs[i + half] = shuffle(rows[i], rows[i + 1], masks[0][half]);
  // pairs[i + half] holds columns 2 half, 2 half + 1 (and those + 4) of rows i,
  // i + 1.
  for (int i = 0; i < 8; i += 4)
    for (int half = 0; half < 2; ++half)
      for (int part = 0; part < 2; ++part)
        quads[i + 2 * half + part] =
            shuffle(pairs[i + half], pairs[i + 2 + half], masks[1][part]);
  // quads[i + c] holds columns c and c + 4 of rows i .. i + 3.
  SmallVector<Value> columns(8);
  for (int column = 0; column < 4; ++column)
    for (int part = 0; part < 2; ++part)
      columns[column + 4 * part] =
          shuffle(quads[column], quads[4 + column], masks[2][part]);
  return columns;
}
