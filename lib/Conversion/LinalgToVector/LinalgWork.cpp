//===- LinalgWork.cpp - plan the loops of a linalg operator -*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/LinalgWork.h"
#include "LoopNest.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace squint;

bool Monomial::operator==(const Monomial &other) const {
  return known && other.known && factor == other.factor &&
         (factor == 0 || dims == other.dims);
}

Monomial Monomial::operator*(const Monomial &other) const {
  Monomial result;
  result.known = known && other.known;
  result.factor = factor * other.factor;
  result.dims.append(dims);
  result.dims.append(other.dims);
  llvm::sort(result.dims);
  return result;
}

//===----------------------------------------------------------------------===//
// Analysis
//===----------------------------------------------------------------------===//

/// Splits `expr` into `sum factors[d] * d + constant`.
static LogicalResult readLinear(AffineExpr expr, int64_t scale,
                                MutableArrayRef<int64_t> factors,
                                int64_t &constant) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    factors[dim.getPosition()] += scale;
    return success();
  }
  if (auto value = dyn_cast<AffineConstantExpr>(expr)) {
    constant += scale * value.getValue();
    return success();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return failure();
  if (binary.getKind() == AffineExprKind::Add)
    return success(
        succeeded(readLinear(binary.getLHS(), scale, factors, constant)) &&
        succeeded(readLinear(binary.getRHS(), scale, factors, constant)));
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() == AffineExprKind::Mul && factor)
    return readLinear(binary.getLHS(), scale * factor.getValue(), factors,
                      constant);
  return failure();
}

LogicalResult LoopNest::readDims() {
  unsigned count = op.getNumLoops();
  staticSizes.assign(count, ShapedType::kDynamic);
  sizeSources.assign(count, {~0u, 0});
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<ShapedType>(operand.get().getType());
    if (!type)
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [position, expr] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim)
        continue;
      unsigned number = dim.getPosition();
      bool better = sizeSources[number].first == ~0u ||
                    (staticSizes[number] == ShapedType::kDynamic &&
                     !type.isDynamicDim(position));
      if (!better)
        continue;
      sizeSources[number] = {operand.getOperandNumber(),
                             static_cast<unsigned>(position)};
      staticSizes[number] = type.getDimSize(position);
    }
  }
  return success(llvm::none_of(
      sizeSources, [](auto source) { return source.first == ~0u; }));
}

Monomial LoopNest::size(const AffineMap &map, MemRefType type,
                        unsigned position) const {
  if (!type.isDynamicDim(position))
    return {true, type.getDimSize(position), {}};
  auto dim = dyn_cast<AffineDimExpr>(map.getResult(position));
  if (!dim)
    return {false, 0, {}};
  if (int64_t extent = staticSizes[dim.getPosition()];
      extent != ShapedType::kDynamic)
    return {true, extent, {}};
  return {true, 1, {dim.getPosition()}};
}

LogicalResult LoopNest::readAccess(OpOperand &operand) {
  unsigned count = op.getNumLoops();
  Access access{
      &operand, dyn_cast<MemRefType>(operand.get().getType()), {}, {}, {}};
  access.terms.resize(count);
  access.strides.resize(count);
  if (!access.type) {
    if (isa<ShapedType>(operand.get().getType()))
      return failure();
    accesses.push_back(std::move(access));
    return success();
  }
  SmallVector<int64_t> constantStrides;
  int64_t offset;
  if (failed(access.type.getStridesAndOffset(constantStrides, offset)))
    return failure();
  AffineMap map = op.getMatchingIndexingMap(&operand);
  // A dynamic stride of a contiguous buffer is the product of the sizes after
  // it.
  SmallVector<Monomial> strides(access.type.getRank());
  Monomial running{true, 1, {}};
  for (int64_t i = access.type.getRank() - 1; i >= 0; --i) {
    if (constantStrides[i] != ShapedType::kDynamic)
      strides[i] = {true, constantStrides[i], {}};
    else
      strides[i] = access.type.getLayout().isIdentity()
                       ? running
                       : Monomial{false, 0, {}};
    running = running * size(map, access.type, i);
  }
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    SmallVector<int64_t> factors(count, 0);
    int64_t constant = 0;
    if (failed(readLinear(expr, 1, factors, constant)))
      return failure();
    unsigned dim = position;
    if (constant)
      access.constant.push_back({constant, dim});
    for (unsigned i = 0; i < count; ++i) {
      if (!factors[i])
        continue;
      Monomial stride = strides[dim] * Monomial{true, factors[i], {}};
      if (access.terms[i].empty())
        access.strides[i] = stride;
      else if (access.strides[i].isConstant() && stride.isConstant())
        access.strides[i].factor += stride.factor;
      else
        access.strides[i].known = false;
      access.terms[i].push_back({factors[i], dim});
    }
  }
  accesses.push_back(std::move(access));
  return success();
}

bool LoopNest::isRead(const Access &access) {
  return op.isDpsInit(access.operand) ||
         !op.getMatchingBlockArgument(access.operand).use_empty();
}

void LoopNest::collapse() {
  bool indexed = !op->getRegion(0).getOps<linalg::IndexOp>().empty();
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  for (unsigned i = 0, e = op.getNumLoops(); i < e; ++i) {
    if (staticSizes[i] == 1)
      continue;
    bool isStatic = staticSizes[i] != ShapedType::kDynamic;
    Loop loop{{i},
              kinds[i] == utils::IteratorType::reduction,
              isStatic ? Monomial{true, staticSizes[i], {}}
                       : Monomial{true, 1, {i}}};
    bool merges =
        !indexed && !loops.empty() &&
        loops.back().reduction == loop.reduction &&
        llvm::all_of(accesses, [&](const Access &access) {
          return !isRead(access) || access.strides[loops.back().dims.back()] ==
                                        access.strides[i] * loop.extent;
        });
    if (!merges) {
      loops.push_back(loop);
      continue;
    }
    loops.back().dims.push_back(i);
    loops.back().extent = loops.back().extent * loop.extent;
  }
}

FailureOr<LoopNest> LoopNest::analyze(linalg::LinalgOp op) {
  LoopNest nest;
  nest.op = op;
  if (isa<linalg::BatchMatmulOp, linalg::ContractionOpInterface>(
          op.getOperation()) &&
      !isa<linalg::GenericOp>(op))
    return failure();
  if (failed(nest.readDims()))
    return failure();
  for (OpOperand &operand : op->getOpOperands())
    if (failed(nest.readAccess(operand)))
      return failure();
  nest.collapse();
  nest.plan();
  return nest;
}

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

Operation *squint::getCombiner(linalg::LinalgOp op, unsigned number,
                               unsigned &valueOperand) {
  Block *body = op.getBlock();
  BlockArgument accumulator =
      op.getMatchingBlockArgument(op.getDpsInitOperand(number));
  if (!accumulator.hasOneUse())
    return nullptr;
  Operation *combiner = *accumulator.getUsers().begin();
  if (combiner->getNumOperands() != 2 || combiner->getNumResults() != 1 ||
      body->getTerminator()->getOperand(number) != combiner->getResult(0) ||
      !combiner->getResult(0).hasOneUse())
    return nullptr;
  valueOperand = combiner->getOperand(0) == accumulator ? 1 : 0;
  // Products and sums alike need an element that changes nothing, for the lanes
  // without a value.
  return arith::getNeutralElement(combiner) ? combiner : nullptr;
}

/// Whether the body may run on vectors as it stands.
static bool isElementwise(linalg::LinalgOp op) {
  return llvm::all_of(op.getBlock()->without_terminator(),
                      [](Operation &inner) {
                        return isa<linalg::IndexOp, arith::ConstantOp>(inner) ||
                               OpTrait::hasElementwiseMappableTraits(&inner);
                      });
}

void LoopNest::plan() {
  SmallVector<unsigned> parallel;
  for (auto [number, loop] : llvm::enumerate(loops))
    (loop.reduction ? reductions : parallel).push_back(number);
  ArrayRef<Access> outputs =
      ArrayRef<Access>(accesses).drop_front(op.getNumDpsInputs());
  SmallVector<Access>
      inputs; // those that are read; others give a loop its size
  llvm::copy_if(ArrayRef<Access>(accesses).take_front(op.getNumDpsInputs()),
                std::back_inserter(inputs),
                [&](const Access &access) { return isRead(access); });
  auto isZero = [&](unsigned loop) {
    return [this, loop](const Access &a) { return stride(a, loop).isZero(); };
  };
  auto isOne = [&](unsigned loop) {
    return [this, loop](const Access &a) { return stride(a, loop).isOne(); };
  };
  auto isSimple = [&](unsigned loop) {
    return [this, loop](const Access &a) {
      return stride(a, loop).isZero() || stride(a, loop).isOne();
    };
  };

  auto contiguous = llvm::find_if(llvm::reverse(parallel), [&](unsigned loop) {
    return llvm::all_of(outputs, isOne(loop));
  });
  bool found = contiguous != parallel.rend();
  strategy = Strategy::Scalar;
  if (isElementwise(op)) {
    bool simple = found && llvm::all_of(inputs, isSimple(*contiguous));
    if (found) {
      strategy = Strategy::Parallel;
      inner = *contiguous;
    }
    unsigned ignored;
    bool combines = !reductions.empty();
    for (unsigned i = 0, e = outputs.size(); i < e; ++i)
      combines &= getCombiner(op, i, ignored) != nullptr;
    if (combines && !simple) {
      auto along = llvm::find_if(llvm::reverse(reductions), [&](unsigned loop) {
        return llvm::all_of(outputs, isZero(loop)) &&
               llvm::all_of(inputs, isSimple(loop)) &&
               llvm::any_of(inputs, isOne(loop));
      });
      if (along != reductions.rend()) {
        strategy = Strategy::Reduce;
        inner = *along;
      }
    }
    if (reductions.empty() && found && !simple) {
      auto across = llvm::find_if(llvm::reverse(parallel), [&](unsigned loop) {
        return loop != *contiguous &&
               llvm::all_of(inputs, [&](const Access &a) {
                 return isSimple(*contiguous)(a) || isOne(loop)(a);
               });
      });
      if (across != parallel.rend()) {
        strategy = Strategy::Transpose;
        block = *across;
      }
    }
  }
  if (strategy == Strategy::Scalar && !parallel.empty())
    inner = parallel.back();
  for (unsigned loop : parallel)
    if (loop != inner && loop != block)
      outer.push_back(loop);
  if (strategy == Strategy::Reduce) {
    lanes = kLanes;
    llvm::erase(reductions, *inner);
  } else if (strategy == Strategy::Transpose) {
    lanes = kBlock;
  } else if (strategy == Strategy::Parallel) {
    const Monomial &extent = loops[*inner].extent;
    lanes = extent.isConstant()
                ? std::min<int64_t>(kLanes,
                                    llvm::bit_floor<uint64_t>(
                                        std::max<int64_t>(extent.factor, 1)))
                : kLanes;
  }
}

Value LoopNest::extent(OpBuilder &b, Location loc, unsigned number) const {
  Value product;
  int64_t constant = 1;
  for (unsigned dim : loops[number].dims) {
    if (staticSizes[dim] != ShapedType::kDynamic) {
      constant *= staticSizes[dim];
      continue;
    }
    auto [operand, position] = sizeSources[dim];
    Value size =
        memref::DimOp::create(b, loc, op->getOperand(operand), position);
    product = product ? arith::MulIOp::create(b, loc, product, size) : size;
  }
  Value factor = arith::ConstantIndexOp::create(b, loc, constant);
  if (!product)
    return factor;
  return constant == 1
             ? product
             : arith::MulIOp::create(b, loc, product, factor).getResult();
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

static int64_t bodyCost(linalg::LinalgOp op) {
  int64_t cost = 1;
  for (Operation &inner : op.getBlock()->without_terminator())
    cost += isa<math::MathDialect>(inner.getDialect()) &&
                    !isa<math::FmaOp, math::AbsFOp>(inner)
                ? 10
                : 1;
  return cost;
}

std::optional<kernel::Work> squint::materializeLinalgWork(OpBuilder &builder,
                                                          Location loc,
                                                          linalg::LinalgOp op) {
  FailureOr<LoopNest> nest = LoopNest::analyze(op);
  if (failed(nest))
    return std::nullopt;
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto multiply = [&](Value lhs, Value rhs) -> Value {
    return builder.createOrFold<arith::MulIOp>(loc, lhs, rhs);
  };
  auto ceilDiv = [&](Value lhs, int64_t rhs) -> Value {
    Value rounded =
        builder.createOrFold<arith::AddIOp>(loc, lhs, constant(rhs - 1));
    return builder.createOrFold<arith::DivUIOp>(loc, rounded, constant(rhs));
  };
  Value units = constant(1), work = constant(bodyCost(op));
  for (unsigned loop : nest->outer)
    units = multiply(units, nest->extent(builder, loc, loop));
  for (unsigned loop : nest->reductions)
    work = multiply(work, nest->extent(builder, loc, loop));
  if (nest->hasPieces()) {
    units = ceilDiv(nest->extent(builder, loc, *nest->inner), nest->piece());
    work = multiply(work, constant(nest->piece()));
  } else if (nest->inner) {
    work = multiply(work, nest->extent(builder, loc, *nest->inner));
  }
  if (nest->block) {
    units = multiply(units, ceilDiv(nest->extent(builder, loc, *nest->block),
                                    LoopNest::kBlock));
    work = multiply(work, constant(LoopNest::kBlock));
  }
  // kGrainWork / work + 1, for an empty loop too.
  Value atLeastOne =
      builder.createOrFold<arith::MaxUIOp>(loc, work, constant(1));
  Value quotient = builder.createOrFold<arith::DivUIOp>(
      loc, constant(LoopNest::kGrainWork), atLeastOne);
  return kernel::Work{
      units, builder.createOrFold<arith::AddIOp>(loc, quotient, constant(1))};
}
