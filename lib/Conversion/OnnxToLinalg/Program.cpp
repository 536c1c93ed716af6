//===- Program.cpp - operators as loops over memory -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

namespace squint::lowering {

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Num Num::constant(double number) const {
  if (type().isIndex())
    return {*b, indexConstant(*b, static_cast<int64_t>(number))};
  return {*b, scalarConstant(*b, type(), number)};
}

template <typename FloatOp, typename IntOp> static Num either(Num x, Num y) {
  ImplicitLocOpBuilder &b = x.builder();
  if (x.isFloat())
    return {b, FloatOp::create(b, x, y)};
  return {b, b.createOrFold<IntOp>(x, y)};
}

Num operator+(Num x, Num y) {
  return either<arith::AddFOp, arith::AddIOp>(x, y);
}
Num operator-(Num x, Num y) {
  return either<arith::SubFOp, arith::SubIOp>(x, y);
}
Num operator*(Num x, Num y) {
  return either<arith::MulFOp, arith::MulIOp>(x, y);
}
Num operator/(Num x, Num y) {
  return either<arith::DivFOp, arith::DivSIOp>(x, y);
}
Num operator%(Num x, Num y) {
  return either<arith::RemFOp, arith::RemSIOp>(x, y);
}

static Num compare(Num x, Num y, arith::CmpFPredicate f,
                   arith::CmpIPredicate i) {
  ImplicitLocOpBuilder &b = x.builder();
  if (x.isFloat())
    return {b, arith::CmpFOp::create(b, f, x, y)};
  return {b, arith::CmpIOp::create(b, i, x, y)};
}

Num operator<(Num x, Num y) {
  return compare(x, y, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
}
Num operator<=(Num x, Num y) {
  return compare(x, y, arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle);
}
Num operator==(Num x, Num y) {
  return compare(x, y, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}
Num operator!=(Num x, Num y) {
  return compare(x, y, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}
Num operator&(Num x, Num y) {
  return {x.builder(), arith::AndIOp::create(x.builder(), x, y)};
}
Num operator|(Num x, Num y) {
  return {x.builder(), arith::OrIOp::create(x.builder(), x, y)};
}
Num operator!(Num x) {
  ImplicitLocOpBuilder &b = x.builder();
  return {b,
          arith::XOrIOp::create(b, x, arith::ConstantIntOp::create(b, 1, 1))};
}

Num select(Num condition, Num x, Num y) {
  ImplicitLocOpBuilder &b = x.builder();
  return {b, arith::SelectOp::create(b, condition, x, y)};
}
Num min(Num x, Num y) {
  ImplicitLocOpBuilder &b = x.builder();
  if (!x.isFloat())
    return {b, b.createOrFold<arith::MinSIOp>(x, y)};
  return select(x < y, x, y);
}
Num max(Num x, Num y) {
  ImplicitLocOpBuilder &b = x.builder();
  if (!x.isFloat())
    return {b, b.createOrFold<arith::MaxSIOp>(x, y)};
  return select(x > y, x, y);
}

template <typename Op> static Num call(Num x) {
  return {x.builder(), Op::create(x.builder(), x)};
}
Num floor(Num x) { return call<math::FloorOp>(x); }
Num ceil(Num x) { return call<math::CeilOp>(x); }
Num exp(Num x) { return call<math::ExpOp>(x); }
Num tanh(Num x) { return call<math::TanhOp>(x); }
Num sqrt(Num x) { return call<math::SqrtOp>(x); }
Num abs(Num x) { return x.isFloat() ? call<math::AbsFOp>(x) : max(x, -x); }

Num convert(Num x, Type to) {
  ImplicitLocOpBuilder &b = x.builder();
  Type i64 = b.getI64Type();
  if (x.type() == to)
    return x;
  if (x.type().isIndex())
    return convert({b, arith::IndexCastOp::create(b, i64, x)}, to);
  if (to.isIndex()) {
    Num wide = convert(x, i64);
    return {b, arith::IndexCastOp::create(b, to, wide)};
  }
  return {b, castScalar(b, x, x.type(), to)};
}
Num toIndex(Num x) { return convert(x, x.builder().getIndexType()); }

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static SmallVector<Value> values(ArrayRef<Num> numbers) {
  return SmallVector<Value>(numbers.begin(), numbers.end());
}

Num Memory::load(ArrayRef<Num> at) const {
  Value stored = memref::LoadOp::create(*b, memref, values(at));
  return {*b, toCompute(*b, stored, element)};
}

void Memory::store(Num value, ArrayRef<Num> at) const {
  memref::StoreOp::create(*b, toStorage(*b, value, element), memref,
                          values(at));
}

Num Memory::dim(int64_t i) const {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(i))
    return {*b, indexConstant(*b, type.getDimSize(i))};
  return {*b, memref::DimOp::create(*b, memref, i)};
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

Nums Code::loop(Num count, ArrayRef<Num> inits,
                function_ref<Nums(Num, ArrayRef<Num>)> body) const {
  auto loop = scf::ForOp::create(b, index(0), count, index(1), values(inits));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Num> carried;
  Nums results;
  for (Value value : loop.getRegionIterArgs())
    carried.push_back({b, value});
  Nums next = body({b, loop.getInductionVar()}, carried);
  if (!inits.empty())
    scf::YieldOp::create(b, values(next));
  for (Value value : loop.getResults())
    results.push_back({b, value});
  return results;
}

void Code::loop(Num count, function_ref<void(Num)> body) const {
  loop(count, {}, [&](Num i, ArrayRef<Num>) -> Nums {
    body(i);
    return {};
  });
}

void Code::ifThen(Num condition, function_ref<void()> then) const {
  auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  then();
}

Num Code::ifElse(Num condition, function_ref<Num()> then,
                 function_ref<Num()> otherwise) const {
  // The type of the result is known once the first branch is built.
  auto branch = scf::IfOp::create(b, TypeRange(b.getI32Type()), condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Num first = then();
  scf::YieldOp::create(b, Value(first));
  b.setInsertionPointToStart(branch.elseBlock());
  Num second = otherwise();
  scf::YieldOp::create(b, Value(second));
  branch.getResult(0).setType(first.type());
  return {b, branch.getResult(0)};
}

SmallVector<Num> Code::delinearize(Num flat, ArrayRef<Num> extents) const {
  SmallVector<Num> at(extents.size());
  for (size_t i = extents.size(); i-- > 0;) {
    if (i == 0) {
      at[i] = flat;
      break;
    }
    // An extent of 0 has no positions.
    Num extent = max(extents[i], index(1));
    at[i] = flat % extent;
    flat = flat / extent;
  }
  return at;
}

SmallVector<Num> extentsOf(ImplicitLocOpBuilder &b, ArrayRef<DimExpr> dims) {
  SmallVector<Num> extents;
  for (const DimExpr &dim : dims)
    extents.push_back({b, sizeValue(b, dim)});
  return extents;
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

SmallVector<Tensor> program(ImplicitLocOpBuilder &b, const DimExpr &units,
                            ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs,
                            ProgramBody body) {
  SmallVector<Value> in, out;
  SmallVector<Type> types{b.getIndexType()}, results;
  auto view = [&](const Tensor &tensor) {
    auto type = cast<RankedTensorType>(tensor.value.getType());
    SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
    auto layout =
        StridedLayoutAttr::get(b.getContext(), ShapedType::kDynamic, strides);
    types.push_back(
        MemRefType::get(type.getShape(), type.getElementType(), layout));
  };
  for (const Tensor &input : inputs) {
    in.push_back(input.value);
    view(input);
  }
  for (const Tensor &output : outputs) {
    out.push_back(output.value);
    results.push_back(output.value.getType());
    view(output);
  }
  auto op = kernel::ProgramOp::create(b, results, sizeValue(b, units), in, out);
  {
    OpBuilder::InsertionGuard guard(b);
    Block *block =
        b.createBlock(&op.getBody(), op.getBody().end(), types,
                      SmallVector<Location>(types.size(), b.getLoc()));
    SmallVector<Memory> memories;
    for (auto [i, tensor] :
         llvm::enumerate(llvm::concat<const Tensor>(inputs, outputs)))
      memories.push_back({&b, block->getArgument(i + 1), tensor.element});
    Code code(b);
    Num status = body(code, {b, block->getArgument(0)},
                      ArrayRef(memories).take_front(inputs.size()),
                      ArrayRef(memories).drop_front(inputs.size()));
    Value ok = status.isSet()
                   ? Value(status)
                   : arith::ConstantIntOp::create(b, SQUINT_OK, 32).getResult();
    kernel::YieldOp::create(b, ok);
  }
  SmallVector<Tensor> made;
  for (auto [value, output] : llvm::zip_equal(op.getResults(), outputs))
    made.push_back({value, output.element, output.dims});
  return made;
}

Tensor
programMap(ImplicitLocOpBuilder &b, ArrayRef<Tensor> inputs,
           ArrayRef<DimExpr> dims, Type element,
           function_ref<Num(Code &, ArrayRef<Num>, ArrayRef<Memory>)> body) {
  int64_t rank = dims.size();
  DimExpr rows = rank ? product(dims.drop_back()) : DimExpr(1);
  return program(b, rows, inputs, empty(b, dims, element),
                 [&](Code &code, Num unit, ArrayRef<Memory> in,
                     ArrayRef<Memory> out) -> Num {
                   SmallVector<Num> extents;
                   for (int64_t i = 0; i + 1 < rank; ++i)
                     extents.push_back(out[0].dim(i));
                   SmallVector<Num> at = code.delinearize(unit, extents);
                   if (!rank) {
                     out[0].store(body(code, {}, in), {});
                     return {};
                   }
                   code.loop(out[0].dim(rank - 1), [&](Num column) {
                     SmallVector<Num> position(at);
                     position.push_back(column);
                     out[0].store(body(code, position, in), position);
                   });
                   return {};
                 })
      .front();
}

} // namespace squint::lowering
