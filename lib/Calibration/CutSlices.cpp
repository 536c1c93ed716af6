//===- CutSlices.cpp - a function cut between named values ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "squint/Calibration/Slices.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Transforms/QuantizationAttributes.h"

using namespace mlir;
using namespace squint;

/// All values from outside that an operation reads, in its regions too.
static SetVector<Value> getReads(Operation *op) {
  SetVector<Value> reads;
  reads.insert(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), reads);
  return reads;
}

namespace {
class Cutter {
public:
  Cutter(func::FuncOp function, ArrayRef<Value> cuts, ArrayRef<Value> kept);
  std::vector<Slice> cut();

private:
  bool isCopied(Value value);
  void collect(Slice &slice, size_t begin, size_t end);

  std::vector<Operation *> operations;
  DenseMap<Operation *, size_t> positions;
  SetVector<Value> needed; // and not yet computed by a slice
  SetVector<size_t> ends;
  DenseMap<Value, bool> copied;
};
} // namespace

Cutter::Cutter(func::FuncOp function, ArrayRef<Value> cuts,
               ArrayRef<Value> kept) {
  for (Operation &op : function.front()) {
    positions[&op] = operations.size();
    operations.push_back(&op);
  }
  SmallVector<size_t> found;
  for (Value value : cuts) {
    needed.insert(value);
    found.push_back(positions.lookup(value.getDefiningOp()) + 1);
  }
  needed.insert(kept.begin(), kept.end());
  llvm::sort(found);
  ends.insert(found.begin(), found.end());
}

/// Whether it depends on no input, or cannot pass between slices: then every
/// slice that needs it computes it.
bool Cutter::isCopied(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return false;
  if (auto it = copied.find(value); it != copied.end())
    return it->second;
  bool result =
      !isa<RankedTensorType>(value.getType()) ||
      llvm::all_of(getReads(op), [&](Value read) { return isCopied(read); });
  return copied[value] = result;
}

/// Goes back from the results to what earlier slices must give.
void Cutter::collect(Slice &slice, size_t begin, size_t end) {
  SetVector<Operation *> taken;
  SmallVector<Value> work(slice.results.begin(), slice.results.end());
  SetVector<Value> inputs;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    Operation *op = value.getDefiningOp();
    if (!op || (positions.lookup(op) < begin && !isCopied(value))) {
      inputs.insert(value);
      continue;
    }
    if (taken.insert(op))
      llvm::append_range(work, getReads(op));
  }
  slice.operations.assign(taken.begin(), taken.end());
  llvm::sort(slice.operations, [&](Operation *a, Operation *b) {
    return positions.lookup(a) < positions.lookup(b);
  });
  // In the order of their first use, so that equal slices look equal.
  for (Operation *op : slice.operations)
    for (Value read : getReads(op))
      if (inputs.contains(read))
        slice.inputs.insert(read);
}

std::vector<Slice> Cutter::cut() {
  std::vector<Slice> slices;
  // From the last to the first, as each tells what the earlier must give.
  for (size_t i = ends.size(); i-- > 0;) {
    size_t begin = i ? ends[i - 1] : 0, end = ends[i];
    Slice slice;
    SmallVector<Value> results;
    for (Value value : needed) {
      size_t position = positions.lookup(value.getDefiningOp());
      if (position >= begin && position < end)
        results.push_back(value);
    }
    llvm::sort(results, [&](Value a, Value b) {
      auto key = [&](Value value) {
        return std::pair(positions.lookup(value.getDefiningOp()),
                         cast<OpResult>(value).getResultNumber());
      };
      return key(a) < key(b);
    });
    slice.results.insert(results.begin(), results.end());
    for (Value value : results)
      needed.remove(value);
    collect(slice, begin, end);
    for (Value input : slice.inputs)
      if (input.getDefiningOp())
        needed.insert(input);
    slices.push_back(std::move(slice));
  }
  std::reverse(slices.begin(), slices.end());
  return slices;
}

std::vector<Slice> squint::cutIntoSlices(func::FuncOp function,
                                         ArrayRef<Value> cuts,
                                         ArrayRef<Value> kept) {
  return Cutter(function, cuts, kept).cut();
}

//===----------------------------------------------------------------------===//
// The module of a slice
//===----------------------------------------------------------------------===//

namespace {
class SliceBuilder {
public:
  using Sizes = llvm::function_ref<std::optional<int64_t>(StringRef)>;
  SliceBuilder(const Slice &slice, Sizes sizes) : slice(slice), sizes(sizes) {}
  FailureOr<OwningOpRef<ModuleOp>> build();

private:
  FailureOr<Type> getStaticType(Value value);
  LogicalResult adapt(Operation *original, Operation *copy);
  LogicalResult replaceSizes(ModuleOp module);

  const Slice &slice;
  Sizes sizes;
};
} // namespace

FailureOr<Type> SliceBuilder::getStaticType(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  auto packed = dyn_cast<PackedType>(value.getType());
  if ((!tensor || tensor.hasStaticShape()) &&
      (!packed || !llvm::is_contained(packed.getShape(), ShapedType::kDynamic)))
    return value.getType();
  FailureOr<SmallVector<DimExpr>> dims = getDims(value);
  SmallVector<int64_t> shape;
  for (const DimExpr &dim : succeeded(dims) ? *dims : SmallVector<DimExpr>())
    if (std::optional<int64_t> size = dim.evaluate(sizes); size && *size >= 0)
      shape.push_back(*size);
  if (failed(dims) || shape.size() != dims->size())
    return emitError(value.getLoc())
           << "expected sizes that the samples determine, got "
           << value.getType();
  if (tensor)
    return Type(tensor.clone(shape));
  return Type(
      PackedType::get(shape, packed.getFormatAttr(), packed.getLayout()));
}

LogicalResult SliceBuilder::adapt(Operation *original, Operation *copy) {
  for (auto [from, to] :
       llvm::zip(original->getResults(), copy->getResults())) {
    FailureOr<Type> type = getStaticType(from);
    if (failed(type))
      return failure();
    to.setType(*type);
  }
  copy->removeAttr(kDimsAttr);
  // A slice computes what the float model does.
  for (StringRef name : {kWeightFormatAttr, kActivationFormatAttr, kMethodAttr,
                         kOriginalAttr, kReasonAttr, kRoleAttr, kKeptFloatAttr,
                         kQuantizedByAttr, kOutputErrorAttr})
    copy->removeAttr(name);
  for (auto [from, to] : llvm::zip(original->getRegions(), copy->getRegions()))
    for (auto [fromBlock, toBlock] : llvm::zip(from, to)) {
      for (auto [a, b] :
           llvm::zip(fromBlock.getArguments(), toBlock.getArguments())) {
        FailureOr<Type> type = getStaticType(a);
        if (failed(type))
          return failure();
        b.setType(*type);
      }
      for (auto [a, b] : llvm::zip(fromBlock, toBlock))
        if (failed(adapt(&a, &b)))
          return failure();
    }
  return success();
}

LogicalResult SliceBuilder::replaceSizes(ModuleOp module) {
  WalkResult result = module.walk([&](DimOp dim) -> WalkResult {
    std::optional<int64_t> size = sizes(dim.getSymbol());
    if (!size)
      return dim.emitError()
             << "expected sizes that the samples determine, got '"
             << dim.getSymbol() << "'";
    OpBuilder builder(dim);
    dim.replaceAllUsesWith(
        arith::ConstantIndexOp::create(builder, dim.getLoc(), *size)
            .getResult());
    dim.erase();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

FailureOr<OwningOpRef<ModuleOp>> SliceBuilder::build() {
  MLIRContext *context = slice.results.front().getContext();
  Location loc = slice.results.front().getLoc();
  OpBuilder builder(context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToStart(module->getBody());

  SmallVector<Type> inputs, results;
  for (auto [values, types] :
       {std::pair(&slice.inputs, &inputs), std::pair(&slice.results, &results)})
    for (Value value : *values) {
      FailureOr<Type> type = getStaticType(value);
      if (failed(type))
        return failure();
      types->push_back(*type);
    }
  auto main = func::FuncOp::create(builder, loc, "main",
                                   builder.getFunctionType(inputs, results));
  builder.setInsertionPointToStart(main.addEntryBlock());
  // Places, not the model's names: equal slices are to be equal modules.
  auto name = [&](const char *prefix, size_t index) {
    return builder.getStringAttr(prefix + std::to_string(index));
  };
  IRMapping mapping;
  for (auto [i, value] : llvm::enumerate(slice.inputs)) {
    mapping.map(value, main.getArgument(i));
    main.setArgAttr(i, kNameAttr, name("x", i));
  }
  for (Operation *op : slice.operations)
    if (failed(adapt(op, builder.clone(*op, mapping))))
      return failure();
  SmallVector<Value> values;
  for (auto [i, value] : llvm::enumerate(slice.results)) {
    values.push_back(mapping.lookup(value));
    main.setResultAttr(i, kNameAttr, name("y", i));
  }
  func::ReturnOp::create(builder, loc, values);
  if (failed(replaceSizes(*module)))
    return failure();
  return module;
}

FailureOr<OwningOpRef<ModuleOp>> squint::buildSlice(
    const Slice &slice,
    llvm::function_ref<std::optional<int64_t>(StringRef)> sizes) {
  return SliceBuilder(slice, sizes).build();
}
