//===- PlanMemory.cpp - one workspace for all buffers -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/Lower/Passes.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Runtime/Abi.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/Support/MathExtras.h"

namespace squint {
#define GEN_PASS_DEF_PLANMEMORY
#include "squint/Conversion/Lower/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {

/// A buffer with the operations between which it is live.
struct Buffer {
  memref::AllocOp alloc;
  int64_t first, last;
  /// Bytes = fixed * product of the sizes.
  int64_t fixed;
  SmallVector<Value> sizes;
  /// Equal for equal products of the sizes.
  std::string key;
};

/// Buffers that share memory because they are never live together.
struct Slot {
  int64_t lastUse;
  SmallVector<unsigned> buffers;
};

struct PlanMemory : squint::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override;

private:
  FailureOr<Buffer> measure(memref::AllocOp alloc);
  int64_t lastUse(memref::AllocOp alloc, Operation *user);
  SmallVector<Slot> assign(ArrayRef<Buffer> buffers);
  /// A copy at `builder` of a size that depends on dimensions only, or null.
  Value cloneSize(OpBuilder &builder, Value value, IRMapping &mapping);
  /// The same number in f64, which cannot wrap. `largest` is kept to be at
  /// least everything that it is computed from.
  Value estimate(OpBuilder &builder, Value value, IRMapping &mapping,
                 Value &largest);

  /// Every operation's number, regions inside their operation; and the last one
  /// inside of it.
  DenseMap<Operation *, int64_t> order, ends;
  /// The largest that late symbols can be, and a size with them.
  std::map<std::string, DimExpr> bounds;
  std::optional<DimExpr> largest(const DimExpr &size) {
    return size.upperBound([&](StringRef name) -> std::optional<DimExpr> {
      auto known = bounds.find(name.str());
      return known == bounds.end() ? std::nullopt
                                   : std::optional<DimExpr>(known->second);
    });
  }
};

constexpr int64_t alignment = 64;

int64_t elementBytes(Type type) {
  if (type.isIndex())
    return 8;
  return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

/// The size of a buffer's dimension, from what made the buffer; null where it
/// came from outside with an unknown one.
OpFoldResult sizeOf(OpBuilder &builder, Location loc, Value buffer,
                    int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dim))
    return builder.getIndexAttr(type.getDimSize(dim));
  Operation *op = buffer.getDefiningOp();
  if (auto alloc = dyn_cast_or_null<memref::AllocOp>(op))
    return alloc.getDynamicSizes()[type.getDynamicDimIndex(dim)];
  if (auto view = dyn_cast_or_null<memref::ViewOp>(op))
    return view.getSizes()[type.getDynamicDimIndex(dim)];
  if (auto cast = dyn_cast_or_null<memref::ReinterpretCastOp>(op))
    return cast.getMixedSizes()[dim];
  if (auto cast = dyn_cast_or_null<memref::CastOp>(op))
    return sizeOf(builder, loc, cast.getSource(), dim);
  if (auto expand = dyn_cast_or_null<memref::ExpandShapeOp>(op))
    return expand.getMixedOutputShape()[dim];
  if (auto subview = dyn_cast_or_null<memref::SubViewOp>(op)) {
    // A subview may drop dimensions of size one.
    llvm::SmallBitVector dropped = subview.getDroppedDims();
    for (auto [i, size] : llvm::enumerate(subview.getMixedSizes()))
      if (!dropped.test(i) && dim-- == 0)
        return size;
  }
  if (auto collapse = dyn_cast_or_null<memref::CollapseShapeOp>(op)) {
    OpFoldResult product = builder.getIndexAttr(1);
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    for (int64_t source : groups[dim]) {
      OpFoldResult size = sizeOf(builder, loc, collapse.getSrc(), source);
      if (!size)
        return {};
      product = arith::MulIOp::create(
                    builder, loc,
                    getValueOrCreateConstantIndexOp(builder, loc, product),
                    getValueOrCreateConstantIndexOp(builder, loc, size))
                    .getResult();
    }
    return product;
  }
  // The entry's arguments are the inputs, then the outputs.
  auto argument = dyn_cast<BlockArgument>(buffer);
  auto module = buffer.getParentRegion()->getParentOfType<ModuleOp>();
  if (!argument || !module)
    return {};
  SmallVector<Attribute> values;
  for (StringRef name : {"squint.inputs", "squint.outputs"})
    if (auto list = module->getAttrOfType<ArrayAttr>(name))
      llvm::append_range(values, list);
  if (argument.getArgNumber() >= values.size())
    return {};
  auto dims = parseDimsAttr(
      cast<DictionaryAttr>(values[argument.getArgNumber()]).get("dims"));
  if (failed(dims) || dim >= static_cast<int64_t>(dims->size()))
    return {};
  return materializeDim(builder, loc, (*dims)[dim]);
}

/// Sizes that bufferization asked of buffers, in terms of the symbolic
/// dimensions again.
void resolveDims(func::FuncOp main) {
  main.walk([&](memref::DimOp op) {
    std::optional<int64_t> dim = op.getConstantIndex();
    OpBuilder builder(op);
    if (!dim)
      return;
    if (OpFoldResult size =
            sizeOf(builder, op.getLoc(), op.getSource(), *dim)) {
      op.replaceAllUsesWith(
          getValueOrCreateConstantIndexOp(builder, op.getLoc(), size));
      op.erase();
    }
  });
}

} // namespace

/// A loop that uses a buffer from outside uses it until its end.
int64_t PlanMemory::lastUse(memref::AllocOp alloc, Operation *user) {
  int64_t last = order[user];
  for (Operation *loop = user->getParentOp();
       loop && !loop->isProperAncestor(alloc) && !isa<func::FuncOp>(loop);
       loop = loop->getParentOp())
    if (isa<LoopLikeOpInterface>(loop))
      last = std::max(last, ends[loop]);
  return last;
}

FailureOr<Buffer> PlanMemory::measure(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  if (!type.getLayout().isIdentity())
    return alloc.emitError() << "expected a contiguous buffer, got " << type;
  Buffer buffer{alloc, order[alloc], 0, elementBytes(type.getElementType()), {},
                {}};
  buffer.last = buffer.first;
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      buffer.fixed *= size;
  buffer.sizes.assign(alloc.getDynamicSizes().begin(),
                      alloc.getDynamicSizes().end());
  DimExpr product = 1;
  for (Value size : buffer.sizes) {
    if (std::optional<DimExpr> known = readDimExpr(size))
      product = product * *known;
    else
      llvm::raw_string_ostream(buffer.key) << size.getAsOpaquePointer() << ' ';
  }
  buffer.key += product.str();
  // Views of the buffer keep it alive.
  SmallVector<Value> aliases{alloc.getResult()};
  DenseSet<Value> seen;
  while (!aliases.empty()) {
    Value value = aliases.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    for (Operation *user : value.getUsers()) {
      buffer.last = std::max(buffer.last, lastUse(alloc, user));
      // What a region gets or yields may be any of its operator's values.
      Operation *flow = isa<RegionBranchOpInterface>(user) ? user
                        : user->hasTrait<OpTrait::IsTerminator>()
                            ? user->getParentOp()
                            : nullptr;
      if (flow && !isa<func::FuncOp>(flow)) {
        aliases.append(flow->result_begin(), flow->result_end());
        for (Region &region : flow->getRegions())
          aliases.append(region.args_begin(), region.args_end());
      }
      if (isa<ViewLikeOpInterface, arith::SelectOp>(user))
        aliases.append(user->result_begin(), user->result_end());
    }
  }
  return buffer;
}

SmallVector<Slot> PlanMemory::assign(ArrayRef<Buffer> buffers) {
  SmallVector<Slot> slots;
  for (auto [index, buffer] : llvm::enumerate(buffers)) {
    // Among the free slots of the same run-time sizes, the one whose size fits
    // best.
    Slot *best = nullptr;
    int64_t bestDistance = 0;
    for (Slot &slot : slots) {
      const Buffer &owner = buffers[slot.buffers.front()];
      if (slot.lastUse >= buffer.first || owner.key != buffer.key)
        continue;
      int64_t largest = 0;
      for (unsigned member : slot.buffers)
        largest = std::max(largest, buffers[member].fixed);
      int64_t distance = std::abs(largest - buffer.fixed);
      if (!best || distance < bestDistance)
        best = &slot, bestDistance = distance;
    }
    if (!best)
      best = &slots.emplace_back();
    best->buffers.push_back(index);
    best->lastUse = buffer.last;
  }
  return slots;
}

Value PlanMemory::cloneSize(OpBuilder &builder, Value value,
                            IRMapping &mapping) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  // What only the run knows, at its largest.
  if (std::optional<DimExpr> size = readDimExpr(value);
      size && size->hasLate()) {
    std::optional<DimExpr> most = largest(*size);
    if (!most)
      return {};
    Value copy = materializeDim(builder, value.getLoc(), *most);
    mapping.map(value, copy);
    return copy;
  }
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions() ||
      !(isa<DimOp>(op) || isa<arith::ArithDialect>(op->getDialect())))
    return {};
  for (Value operand : op->getOperands())
    if (!cloneSize(builder, operand, mapping))
      return {};
  builder.clone(*op, mapping);
  return mapping.lookup(value);
}

Value PlanMemory::estimate(OpBuilder &builder, Value value, IRMapping &mapping,
                           Value &largest) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *op = value.getDefiningOp();
  Location loc = value.getLoc();
  auto f64 = builder.getF64Type();
  auto toFloat = [&](Value integer) -> Value {
    if (integer.getType().isIndex())
      integer = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                           integer);
    return arith::SIToFPOp::create(builder, loc, f64, integer);
  };
  SmallVector<Value> x;
  for (Value operand : op->getOperands())
    x.push_back(estimate(builder, operand, mapping, largest));
  Value result;
  if (isa<arith::AddIOp>(op))
    result = arith::AddFOp::create(builder, loc, x[0], x[1]);
  else if (isa<arith::SubIOp>(op))
    result = arith::SubFOp::create(builder, loc, x[0], x[1]);
  else if (isa<arith::MulIOp>(op))
    result = arith::MulFOp::create(builder, loc, x[0], x[1]);
  else
    result = toFloat(value); // no larger than what it is computed from
  mapping.map(value, result);
  Value size = math::AbsFOp::create(builder, loc, result);
  largest = arith::MaximumFOp::create(builder, loc, largest, size);
  return result;
}

void PlanMemory::runOnOperation() {
  ModuleOp module = getOperation();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  Block &block = main.getBody().front();
  resolveDims(main);
  bounds = readLateBounds(module->getAttr(kLateAttr));
  order.clear();
  ends.clear();
  main.walk<WalkOrder::PreOrder>([&](Operation *op) {
    int64_t number = order.size();
    order[op] = number;
    for (; op && op != main; op = op->getParentOp())
      ends[op] = number;
  });

  SmallVector<Buffer> found;
  WalkResult walk =
      main.walk<WalkOrder::PreOrder>([&](memref::AllocOp alloc) -> WalkResult {
        FailureOr<Buffer> buffer = measure(alloc);
        if (failed(buffer))
          return WalkResult::interrupt();
        found.push_back(*buffer);
        return WalkResult::advance();
      });
  if (walk.wasInterrupted())
    return signalPassFailure();
  // Sizes are compared by value after they have been cloned next to one
  // another.
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  auto i64 = builder.getI64Type();
  auto pointer = LLVM::LLVMPointerType::get(&getContext());
  Location loc = main.getLoc();
  auto plan = func::FuncOp::create(
      loc, "squint_plan",
      builder.getFunctionType({pointer, i64, pointer}, builder.getI32Type()));
  module.push_back(plan);
  OpBuilder planner = OpBuilder::atBlockBegin(plan.addEntryBlock());

  SmallVector<Slot> slots = assign(found);
  buffers += found.size();
  slotsUsed += slots.size();
  IRMapping here, there;
  // offset of each slot = the sum of the sizes before it, in the entry and, for
  // the total, in the plan
  auto place = [&](OpBuilder &at, IRMapping &mapping,
                   SmallVectorImpl<Value> *offsets) -> FailureOr<Value> {
    Value total = arith::ConstantIndexOp::create(at, loc, 0);
    for (Slot &slot : slots) {
      if (offsets)
        offsets->push_back(total);
      int64_t fixed = 0;
      for (unsigned member : slot.buffers)
        fixed = std::max(fixed, found[member].fixed);
      Value size = arith::ConstantIndexOp::create(at, loc, fixed);
      for (Value dynamic : found[slot.buffers.front()].sizes) {
        Value cloned = cloneSize(at, dynamic, mapping);
        if (!cloned)
          return found[slot.buffers.front()].alloc.emitError()
                 << "expected a size that follows from the inputs' shapes, got "
                    "one that depends on their data";
        // Nothing, where a branch that will not run has no such size.
        memref::AllocOp owner = found[slot.buffers.front()].alloc;
        if (owner->getBlock() != &block)
          cloned = arith::MaxSIOp::create(
              at, loc, cloned, arith::ConstantIndexOp::create(at, loc, 0));
        size = arith::MulIOp::create(at, loc, size, cloned);
      }
      Value up = arith::ConstantIndexOp::create(at, loc, alignment - 1);
      Value mask = arith::ConstantIndexOp::create(at, loc, -alignment);
      size = arith::AndIOp::create(
          at, loc, arith::AddIOp::create(at, loc, size, up), mask);
      total = arith::AddIOp::create(at, loc, total, size);
    }
    return total;
  };
  SmallVector<Value> offsets;
  FailureOr<Value> total = place(planner, there, nullptr);
  if (failed(total) || failed(place(builder, here, &offsets)))
    return signalPassFailure();

  Value workspace = block.addArgument(
      MemRefType::get({ShapedType::kDynamic}, builder.getI8Type()), loc);
  main.setType(FunctionType::get(&getContext(), block.getArgumentTypes(), {}));
  for (auto [slot, offset] : llvm::zip(slots, offsets))
    for (unsigned member : slot.buffers) {
      memref::AllocOp alloc = found[member].alloc;
      OpBuilder at(alloc);
      Value view =
          memref::ViewOp::create(at, alloc.getLoc(), alloc.getType(), workspace,
                                 offset, alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }

  // The plan's results: the bytes of the workspace, then every dimension of
  // every output, late ones at their largest. Behind a run, these are said by
  // squint_shapes.
  auto shapes = func::FuncOp::create(
      loc, "squint_shapes", builder.getFunctionType({pointer, pointer}, {}));
  module.push_back(shapes);
  OpBuilder teller = OpBuilder::atBlockBegin(shapes.addEntryBlock());
  auto store = [&](OpBuilder &at, Value to, int64_t index, Value value) {
    Value word = arith::IndexCastOp::create(at, loc, i64, value);
    Value slot = LLVM::GEPOp::create(at, loc, pointer, i64, to,
                                     LLVM::GEPArg(static_cast<int32_t>(index)));
    LLVM::StoreOp::create(at, loc, word, slot);
  };
  store(planner, plan.getArgument(2), 0, *total);
  int64_t index = 0;
  for (auto output : module->getAttrOfType<ArrayAttr>("squint.outputs")
                         .getAsRange<DictionaryAttr>())
    for (auto dim : output.getAs<ArrayAttr>("dims").getAsRange<StringAttr>()) {
      auto expression = DimExpr::parse(dim.getValue());
      std::optional<DimExpr> most =
          expression ? largest(*expression) : std::nullopt;
      if (!most) {
        module.emitError() << "expected a size with a bound in the shape of an "
                              "output, got '"
                           << dim.getValue() << "'";
        return signalPassFailure();
      }
      store(planner, plan.getArgument(2), 1 + index,
            materializeDim(planner, loc, *most));
      store(teller, shapes.getArgument(1), index++,
            materializeDim(teller, loc, *expression));
    }
  func::ReturnOp::create(teller, loc);
  // Shapes for which the operators do not fit one another have no result.
  FailureOr<Value> fits =
      materializeAssumptions(planner, loc, main, main->getAttr(kAssumeAttr),
                             [](const DimExpr &left, const DimExpr &right) {
                               return !left.hasLate() && !right.hasLate();
                             });
  if (failed(fits))
    return signalPassFailure();
  // Numbers that inputs contain may be anything: no size may have wrapped.
  Value status = arith::ConstantIntOp::create(planner, loc, SQUINT_OK, 32);
  auto symbols = module->getAttrOfType<ArrayAttr>("squint.symbols");
  if (symbols &&
      llvm::any_of(symbols.getAsRange<StringAttr>(), [](StringAttr symbol) {
        return DimExpr::isValueSymbol(symbol);
      })) {
    auto f64 = planner.getF64Type();
    Value largest =
        arith::ConstantOp::create(planner, loc, planner.getF64FloatAttr(0));
    IRMapping estimates;
    for (Operation &op : llvm::make_early_inc_range(*planner.getBlock()))
      if (op.getNumResults() == 1 && op.getResult(0).getType().isIndex())
        estimate(planner, op.getResult(0), estimates, largest);
    Value limit = arith::ConstantOp::create(planner, loc,
                                            planner.getFloatAttr(f64, 0x1p62));
    Value small = arith::CmpFOp::create(planner, loc, arith::CmpFPredicate::OLT,
                                        largest, limit);
    status = arith::SelectOp::create(
        planner, loc, small, status,
        arith::ConstantIntOp::create(planner, loc, SQUINT_OUT_OF_MEMORY, 32));
  }
  if (*fits)
    status = arith::SelectOp::create(
        planner, loc, *fits, status,
        arith::ConstantIntOp::create(planner, loc, SQUINT_SHAPE_MISMATCH, 32));
  func::ReturnOp::create(planner, loc, status);
}
