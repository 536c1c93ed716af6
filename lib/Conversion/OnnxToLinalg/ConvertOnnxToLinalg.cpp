//===- ConvertOnnxToLinalg.cpp - float operators to linalg ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "squint/Conversion/Passes.h"
#include "squint/Runtime/Abi.h"
#include "llvm/ADT/StringMap.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTONNXTOLINALG
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

/// Names in the tables: without the dialect for ONNX's own.
static StringRef tableName(StringRef operation) {
  operation.consume_front("onnx.");
  return operation;
}
static StringRef tableName(Operation *op) {
  return tableName(op->getName().getStringRef());
}

static const llvm::StringMap<Lowering> &lowerings() {
  static const llvm::StringMap<Lowering> map = [] {
    llvm::StringMap<Lowering> all;
    for (ArrayRef<TableEntry> table :
         {contractionTable(), controlFlowTable(), dataSizesTable(),
          gatherTable(), imageTable(), movementTable(), poolTable(),
          quantizationTable(), recurrentTable(), reductionTable(), rowsTable(),
          stateTable(), scatterTable(), signalTable()})
      for (const TableEntry &entry : table)
        all[entry.name] = entry.lower;
    return all;
  }();
  return map;
}

bool squint::hasLowering(StringRef operation) {
  return lowerings().contains(tableName(operation)) || isElementwise(operation);
}

static bool isLoweredHere(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  // Convolutions of one group become a kernel.
  if (auto conv = dyn_cast<ConvOp>(op); conv && conv.getGroups() == 1)
    return false;
  return dialect == "onnx" || dialect == "msft" ||
         lowerings().contains(tableName(op));
}

/// The element type that an argument or result of the entry has in the model,
/// where it is stored as another.
static constexpr llvm::StringLiteral kElementAttr = "squint.element";

/// Whether an element type is stored as another one.
static bool changes(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Type storage = tensor ? storageElement(tensor.getElementType()) : Type();
  return storage && storage != tensor.getElementType();
}

static Type storageType(Type type) {
  return changes(type) ? cast<ShapedType>(type).clone(
                             storageElement(getElementTypeOrSelf(type)))
                       : type;
}

namespace {

struct ConvertOnnxToLinalg
    : squint::impl::ConvertOnnxToLinalgBase<ConvertOnnxToLinalg>,
      Lowerer {
  using ConvertOnnxToLinalgBase::ConvertOnnxToLinalgBase;
  ConvertOnnxToLinalg(const ConvertOnnxToLinalg &other)
      : ConvertOnnxToLinalgBase(other) {}

  void runOnOperation() override {
    Lowerer::unsafeIndices = ConvertOnnxToLinalgBase::unsafeIndices;
    bool failed = false;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal())
        failed |= mlir::failed(convert(func));
    if (failed)
      signalPassFailure();
  }

  LogicalResult convert(func::FuncOp func);
  void convertOps(ArrayRef<Operation *> ops);
  LogicalResult lower(Operation *op);
  FailureOr<SmallVector<Tensor>>
  inlineRegion(ImplicitLocOpBuilder &b, Region &region,
               ArrayRef<Tensor> arguments) override;
  void bindLate(ImplicitLocOpBuilder &b, Operation *op, unsigned index,
                Value number) override;
  void require(ImplicitLocOpBuilder &b, Operation *op, Attribute facts,
               StringRef mentioned);
  void convertConstant(ConstantOp op);
  TypedAttr unpackConstant(TypedAttr value, ShapedType type);
  void convertSignature(func::FuncOp func);

  Node::Map values;
  llvm::SmallPtrSet<Operation *, 4> failures;
  SmallVector<Operation *> lowered;
  /// What the regions that are being lowered assume, with the operator that
  /// says so.
  SmallVector<std::pair<Operation *, Attribute>> assumed;
  /// Late symbols that have a value here.
  SmallVector<StringRef> bound;
};

LogicalResult ConvertOnnxToLinalg::convert(func::FuncOp func) {
  values.clear();
  failures.clear();
  lowered.clear();
  bound.clear();
  assumed.assign(1, {func, func->getAttr(kAssumeAttr)});
  if (!func.getBody().hasOneBlock())
    return func.emitError("expected one block");
  for (BlockArgument argument : func.getArguments()) {
    if (!changes(argument.getType()))
      continue;
    values[argument] = {argument, getElementTypeOrSelf(argument.getType()), {}};
    argument.setType(storageType(argument.getType()));
  }
  SmallVector<Operation *> ops;
  for (Operation &op : func.getBody().front())
    ops.push_back(&op);
  convertOps(ops);
  if (!failures.empty())
    return failure();
  // What stood in a region refers to arguments that go with it.
  for (Operation *op : lowered)
    op->dropAllReferences();
  for (Operation *op : llvm::reverse(lowered))
    op->erase();
  numLowered += lowered.size();
  convertSignature(func);
  return success();
}

void ConvertOnnxToLinalg::convertOps(ArrayRef<Operation *> ops) {
  for (Operation *op : ops) {
    if (isa<KeepOp>(op)) {
      lowered.push_back(op);
      continue;
    }
    if (isLoweredHere(op)) {
      if (mlir::failed(lower(op)))
        failures.insert(op);
      lowered.push_back(op);
      continue;
    }
    if (auto constant = dyn_cast<ConstantOp>(op);
        constant && changes(constant.getType())) {
      convertConstant(constant);
      lowered.push_back(op);
      continue;
    }
    for (OpOperand &operand : op->getOpOperands())
      if (auto found = values.find(operand.get()); found != values.end())
        operand.set(found->second.value);
  }
}

/// Ends the run unless those facts hold that can be checked here: all of whose
/// late symbols are bound, and which mention one.
void ConvertOnnxToLinalg::require(ImplicitLocOpBuilder &b, Operation *op,
                                  Attribute facts, StringRef mentioned) {
  FailureOr<Value> holds = materializeAssumptions(
      b, b.getLoc(), op, facts, [&](const DimExpr &left, const DimExpr &right) {
        std::set<std::string> symbols;
        left.collectSymbols(symbols);
        right.collectSymbols(symbols);
        return (mentioned.empty() || symbols.count(mentioned.str())) &&
               llvm::all_of(symbols, [&](StringRef symbol) {
                 return !DimExpr::isLateSymbol(symbol) ||
                        llvm::is_contained(bound, symbol);
               });
      });
  if (mlir::failed(holds))
    failures.insert(op);
  else if (*holds)
    kernel::RequireOp::create(b, *holds, SQUINT_SHAPE_MISMATCH);
}

void ConvertOnnxToLinalg::bindLate(ImplicitLocOpBuilder &b, Operation *op,
                                   unsigned index, Value number) {
  auto late = op->getAttrOfType<ArrayAttr>(kLateAttr);
  auto entry = late && index < late.size() ? dyn_cast<ArrayAttr>(late[index])
                                           : ArrayAttr();
  auto symbol =
      entry && !entry.empty() ? dyn_cast<StringAttr>(entry[0]) : StringAttr();
  if (!symbol) {
    op->emitOpError() << "expected a symbol number " << index << " in "
                      << kLateAttr;
    failures.insert(op);
    return;
  }
  BindDimOp::create(b, symbol, number);
  bound.push_back(symbol.getValue());
  for (auto [owner, facts] : assumed)
    require(b, owner, facts, symbol.getValue());
}

FailureOr<SmallVector<Tensor>>
ConvertOnnxToLinalg::inlineRegion(ImplicitLocOpBuilder &b, Region &region,
                                  ArrayRef<Tensor> arguments) {
  Block &block = region.front();
  for (auto [argument, tensor] :
       llvm::zip_equal(block.getArguments(), arguments))
    values[argument] = tensor;
  Operation *parent = region.getParentOp();
  size_t numBound = bound.size();
  auto all = parent->getAttrOfType<ArrayAttr>(kAssumeAttr);
  Attribute facts = all && region.getRegionNumber() < all.size()
                        ? all[region.getRegionNumber()]
                        : Attribute();
  require(b, parent, facts, "");
  assumed.emplace_back(parent, facts);
  SmallVector<Operation *> ops;
  for (Operation &op : block.without_terminator())
    ops.push_back(&op);
  for (Operation *op : ops)
    op->moveBefore(b.getInsertionBlock(), b.getInsertionPoint());
  convertOps(ops);
  assumed.pop_back();
  bound.truncate(numBound);
  if (!failures.empty())
    return failure();
  SmallVector<Tensor> yielded;
  OpBuilder builder(parent);
  Node node(parent, builder, values, *this);
  for (Value value : block.getTerminator()->getOperands())
    yielded.push_back(node.tensor(value));
  return yielded;
}

void ConvertOnnxToLinalg::convertSignature(func::FuncOp func) {
  Builder b(&getContext());
  FunctionType old = func.getFunctionType();
  auto storage = [](Type type) { return storageType(type); };
  func.setFunctionType(
      b.getFunctionType(llvm::map_to_vector(old.getInputs(), storage),
                        llvm::map_to_vector(old.getResults(), storage)));
  for (auto [i, type] : llvm::enumerate(old.getInputs()))
    if (changes(type))
      func.setArgAttr(i, kElementAttr,
                      TypeAttr::get(getElementTypeOrSelf(type)));
  for (auto [i, type] : llvm::enumerate(old.getResults()))
    if (changes(type))
      func.setResultAttr(i, kElementAttr,
                         TypeAttr::get(getElementTypeOrSelf(type)));
}

void ConvertOnnxToLinalg::convertConstant(ConstantOp op) {
  auto type = cast<ShapedType>(storageType(op.getType()));
  TypedAttr value;
  Type element = getElementTypeOrSelf(op.getType());
  if (isSmallInteger(element) || isa<Float4E2M1FNType>(element)) {
    value = unpackConstant(op.getValue(), type);
  } else if (DataAttr data = op.getData()) {
    value =
        DataAttr::get(&getContext(), type, data.getStore(), data.getOffset(),
                      data.getLength(), data.getPermutation());
  } else {
    auto elements = cast<DenseElementsAttr>(op.getValue());
    if (elements.getElementType().isInteger(1))
      value = elements.mapValues(type.getElementType(),
                                 [](const APInt &bit) { return bit.zext(8); });
    else
      value = elements.bitcast(type.getElementType());
  }
  OpBuilder builder(op);
  values[op] = {ConstantOp::create(builder, op.getLoc(), value),
                getElementTypeOrSelf(op.getType()),
                {}};
}

/// Elements of less than a byte as bytes; in a store they are packed, the
/// lowest bits first.
TypedAttr ConvertOnnxToLinalg::unpackConstant(TypedAttr value,
                                              ShapedType type) {
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return DenseElementsAttr::getFromRawBuffer(type, dense.getRawData());
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(value, scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return {};
  }
  unsigned bits = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth(),
           perByte = 8 / bits;
  int64_t count = type.getNumElements();
  return getContext().getLoadedDialect<SquintDialect>()->getStores().create(
      type, count, [&](MutableArrayRef<char> out) {
        for (int64_t i = 0; i < count; ++i)
          out[i] = uint8_t((*bytes)[i / perByte]) >> (i % perByte * bits) &
                   ((1 << bits) - 1);
      });
}

LogicalResult ConvertOnnxToLinalg::lower(Operation *op) {
  OpBuilder builder(op);
  Node node(op, builder, values, *this);
  auto found = lowerings().find(tableName(op));
  if (!hasLowering(op->getName().getStringRef()))
    return node.error() << "has no lowering yet";
  // One message for each cause: nothing about what uses the value of an
  // operator that failed.
  if (llvm::any_of(op->getOperands(), [&](Value operand) {
        return failures.contains(operand.getDefiningOp());
      }))
    return failure();
  auto check = [&](Value value) -> LogicalResult {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return node.error() << "expected tensors, got " << value.getType();
    if (!storageElement(type.getElementType()))
      return node.error() << "expected elements that are computed with, got "
                          << type.getElementType();
    if (mlir::failed(getDims(value)))
      return node.error() << "expected a shape that is known when the model is "
                             "compiled, got "
                          << type;
    return success();
  };
  for (Value value : llvm::concat<Value>(llvm::to_vector(op->getOperands()),
                                         llvm::to_vector(op->getResults())))
    if (!isa<PackedType>(value.getType()) && mlir::failed(check(value)))
      return failure();
  if (reference && isa<AttentionOp>(op))
    return lowerAttentionByParts(node);
  if (reference && isa<RotaryOp>(op))
    return lowerRotaryByParts(node);
  return found == lowerings().end() ? lowerElementwise(node)
                                    : found->second(node);
}

} // namespace
