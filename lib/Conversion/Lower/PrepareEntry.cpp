//===- PrepareEntry.cpp - buffers for arguments and results -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/Lower/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/State.h"

namespace squint {
#define GEN_PASS_DEF_PREPAREENTRY
#include "squint/Conversion/Lower/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {

struct PrepareEntry : squint::impl::PrepareEntryBase<PrepareEntry> {
  void runOnOperation() override;
};

/// The dictionary that the emitter reads: name, element type and dimensions of
/// one argument or result.
FailureOr<DictionaryAttr> describe(func::FuncOp main, Type type,
                                   DictionaryAttr attributes, StringRef what) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return main.emitError()
           << "expected " << what << " to be a ranked tensor, got " << type;
  Builder builder(main.getContext());
  auto name =
      attributes ? attributes.getAs<StringAttr>(kNameAttr) : StringAttr();
  auto dims = attributes ? attributes.getAs<ArrayAttr>(kDimsAttr) : ArrayAttr();
  if (!dims) {
    if (!tensor.hasStaticShape())
      return main.emitError() << "expected " << what << " of type " << type
                              << " to carry " << kDimsAttr;
    SmallVector<Attribute> sizes;
    for (int64_t size : tensor.getShape())
      sizes.push_back(builder.getStringAttr(std::to_string(size)));
    dims = builder.getArrayAttr(sizes);
  }
  if (static_cast<int64_t>(dims.size()) != tensor.getRank())
    return main.emitError() << "expected " << tensor.getRank() << " names in "
                            << kDimsAttr << " of " << what;
  // Buffers hold signless integers; the model's own element type is kept
  // beside.
  auto element =
      attributes ? attributes.getAs<TypeAttr>("squint.element") : TypeAttr();
  NamedAttrList description;
  description.set("name", name ? name : builder.getStringAttr(what));
  description.set("type",
                  element ? element : TypeAttr::get(tensor.getElementType()));
  description.set("dims", dims);
  if (auto values =
          attributes ? attributes.getAs<ArrayAttr>(kValuesAttr) : ArrayAttr())
    description.set("values", values);
  return description.getDictionary(main.getContext());
}

MemRefType bufferOf(RankedTensorType type) {
  return MemRefType::get(type.getShape(), type.getElementType());
}

/// A row of elements as a tensor of `dims`.
Value shape(OpBuilder &builder, Location loc, Value row, MemRefType type,
            ArrayRef<DimExpr> dims) {
  SmallVector<OpFoldResult> sizes, strides(dims.size());
  DimExpr stride = 1;
  auto materialize = [&](const DimExpr &dim) -> OpFoldResult {
    if (std::optional<int64_t> number = dim.getConstant())
      return builder.getIndexAttr(*number);
    return materializeDim(builder, loc, dim);
  };
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = materialize(stride);
    stride = stride * dims[i];
  }
  for (const DimExpr &dim : dims)
    sizes.push_back(materialize(dim));
  return memref::ReinterpretCastOp::create(
      builder, loc, type, row, builder.getIndexAttr(0), sizes, strides);
}

/// Bufferization goes by the order of uses, which text does not hold: they are
/// put as a parser leaves them, the last one first, so that a compilation that
/// goes on from text gives the same code.
void orderUses(func::FuncOp main) {
  llvm::DenseMap<Operation *, unsigned> numbers;
  main.walk([&](Operation *op) { numbers[op] = numbers.size(); });
  auto order = [&](Value value) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : value.getUses())
      uses.push_back(&use);
    SmallVector<OpOperand *> sorted(uses);
    llvm::sort(sorted, [&](OpOperand *a, OpOperand *b) {
      return std::make_pair(numbers[a->getOwner()], a->getOperandNumber()) >
             std::make_pair(numbers[b->getOwner()], b->getOperandNumber());
    });
    llvm::DenseMap<OpOperand *, unsigned> positions;
    for (auto [position, use] : llvm::enumerate(sorted))
      positions[use] = position;
    if (uses != sorted)
      value.shuffleUseList(llvm::map_to_vector(
          uses, [&](OpOperand *use) { return positions[use]; }));
  };
  main.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), order);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), order);
  });
}

} // namespace

void PrepareEntry::runOnOperation() {
  ModuleOp module = getOperation();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock()) {
    module.emitError() << "expected a function 'main' with one block";
    return signalPassFailure();
  }
  orderUses(main);
  OpBuilder builder(main.getContext());
  SmallVector<Attribute> inputs, outputs, symbols;
  auto addSymbols = [&](DictionaryAttr description, Type type) {
    for (auto [size, name] : llvm::zip(cast<RankedTensorType>(type).getShape(),
                                       description.getAs<ArrayAttr>("dims")))
      if (ShapedType::isDynamic(size) && !llvm::is_contained(symbols, name))
        symbols.push_back(name);
    if (auto values = description.getAs<ArrayAttr>("values"))
      llvm::append_range(symbols, values);
  };
  for (auto [i, type] : llvm::enumerate(main.getArgumentTypes())) {
    if (main.getArgAttr(i, kStateAttr))
      continue;
    FailureOr<DictionaryAttr> description = describe(
        main, type, main.getArgAttrDict(i), "input" + std::to_string(i));
    if (failed(description))
      return signalPassFailure();
    inputs.push_back(*description);
    addSymbols(*description, type);
  }
  for (auto [i, type] : llvm::enumerate(main.getResultTypes())) {
    if (main.getResultAttr(i, kStateAttr))
      continue;
    FailureOr<DictionaryAttr> description = describe(
        main, type, main.getResultAttrDict(i), "output" + std::to_string(i));
    if (failed(description))
      return signalPassFailure();
    outputs.push_back(*description);
  }
  module->setAttr("squint.inputs", builder.getArrayAttr(inputs));
  module->setAttr("squint.outputs", builder.getArrayAttr(outputs));
  module->setAttr("squint.symbols", builder.getArrayAttr(symbols));
  if (Attribute late = main->getAttr(kLateAttr))
    module->setAttr(kLateAttr, late);

  Block &block = main.getBody().front();
  Location loc = main.getLoc();
  builder.setInsertionPointToStart(&block);
  SmallVector<Type> types;
  Value cache;
  for (BlockArgument argument : block.getArguments()) {
    auto state =
        main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kStateAttr);
    bool isCache = state && state.getValue() == "cache";
    auto type = cast<RankedTensorType>(argument.getType());
    argument.setType(bufferOf(type));
    types.push_back(argument.getType());
    auto tensor = bufferization::ToTensorOp::create(builder, loc, type,
                                                    argument, /*restrict=*/true,
                                                    /*writable=*/isCache);
    argument.replaceAllUsesExcept(tensor, tensor);
    if (isCache)
      cache = argument;
  }
  Operation *terminator = block.getTerminator();
  builder.setInsertionPoint(terminator);
  unsigned number = 0;
  for (auto [i, result] : llvm::enumerate(terminator->getOperands())) {
    // A state is written where it lies.
    if (main.getResultAttr(i, kStateAttr)) {
      bufferization::MaterializeInDestinationOp::create(
          builder, result.getLoc(), /*result=*/Type(), result, cache,
          /*restrict=*/true, /*writable=*/true);
      continue;
    }
    MemRefType type = bufferOf(cast<RankedTensorType>(result.getType()));
    FailureOr<SmallVector<DimExpr>> dims =
        parseDimsAttr(cast<DictionaryAttr>(outputs[number++]).get("dims"));
    // What is known at the end only becomes the shape of the buffer there.
    bool isLate =
        succeeded(dims) &&
        llvm::any_of(*dims, [](const DimExpr &dim) { return dim.hasLate(); });
    Value destination = block.addArgument(
        isLate ? MemRefType::get({ShapedType::kDynamic}, type.getElementType())
               : type,
        loc);
    types.push_back(destination.getType());
    if (isLate)
      destination = shape(builder, result.getLoc(), destination, type, *dims);
    bufferization::MaterializeInDestinationOp::create(
        builder, result.getLoc(), /*result=*/Type(), result, destination,
        /*restrict=*/true, /*writable=*/true);
  }
  terminator->setOperands({});
  main.setType(FunctionType::get(main.getContext(), types, {}));
  main.setAllArgAttrs(ArrayRef<DictionaryAttr>());
  main.setAllResultAttrs(ArrayRef<DictionaryAttr>());
}
