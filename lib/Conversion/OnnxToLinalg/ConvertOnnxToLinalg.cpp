//===- ConvertOnnxToLinalg.cpp - float operators to linalg ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "squint/Conversion/Passes.h"
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
         {contractionTable(), gatherTable(), imageTable(), movementTable(),
          poolTable(), quantizationTable(), recurrentTable(), reductionTable(),
          rowsTable(), scatterTable(), signalTable()})
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
    : squint::impl::ConvertOnnxToLinalgBase<ConvertOnnxToLinalg> {
  using ConvertOnnxToLinalgBase::ConvertOnnxToLinalgBase;

  void runOnOperation() override {
    bool failed = false;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isExternal())
        failed |= mlir::failed(convert(func));
    if (failed)
      signalPassFailure();
  }

  LogicalResult convert(func::FuncOp func);
  LogicalResult lower(Operation *op);
  void convertConstant(ConstantOp op);
  TypedAttr unpackConstant(TypedAttr value, ShapedType type);
  void convertSignature(func::FuncOp func);

  Node::Map values;
  llvm::SmallPtrSet<Operation *, 4> failures;
};

LogicalResult ConvertOnnxToLinalg::convert(func::FuncOp func) {
  values.clear();
  failures.clear();
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
  SmallVector<Operation *> lowered;
  for (Operation *op : ops) {
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
  if (!failures.empty())
    return failure();
  for (Operation *op : llvm::reverse(lowered))
    op->erase();
  numLowered += lowered.size();
  convertSignature(func);
  return success();
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
  Node node(op, builder, values);
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
  return found == lowerings().end() ? lowerElementwise(node)
                                    : found->second(node);
}

} // namespace
