//===- OutlineKernels.cpp - one function for each kernel --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/Lower/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"
#include "squint/Conversion/LinalgThreads.h"
#include "squint/Conversion/LinalgWork.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Kernels/GpuKernels.h"
#include "squint/Kernels/Targets.h"
#include "squint/Kernels/Work.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace squint {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "squint/Conversion/Lower/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

struct OutlineKernels : squint::impl::OutlineKernelsBase<OutlineKernels> {
  using OutlineKernelsBase::OutlineKernelsBase;

  void runOnOperation() override;

private:
  LogicalResult outline(Operation *op, SymbolTable &symbols);
  /// A function for each number of rows of activations that has a tile.
  LogicalResult outlineForGpu(GemmOp op, const TargetInfo &target,
                              SymbolTable &symbols);
  LogicalResult outlineTiles(GemmOp op, ArrayRef<GpuTileChoice> choices,
                             SymbolTable &symbols);
  std::optional<Work> getWork(OpBuilder &builder, Operation *op);

  /// Whether kernels are for a GPU.
  bool isDevice = false;
  /// What the option `tiles` says.
  SmallVector<GpuTileChoice> given;
  /// Functions by their printed body, which leaves out names and locations.
  llvm::StringMap<func::FuncOp> functions;
};

bool computes(Operation *op) {
  return isa<linalg::LinalgOp>(op) || (isa<KernelDialect>(op->getDialect()) &&
                                       isa<DestinationStyleOpInterface>(op));
}

std::string elementName(Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << type;
  return name;
}

/// `D` stands for a size that is known at run time only.
std::string shapeName(ArrayRef<int64_t> shape) {
  std::string name;
  for (int64_t size : shape)
    name +=
        (name.empty() ? "" : "x") +
        (ShapedType::isDynamic(size) ? std::string("D") : std::to_string(size));
  return name.empty() ? "scalar" : name;
}

/// A generic operator is named after what it computes: the operators of its
/// body.
std::string bodyName(linalg::LinalgOp op) {
  if (!isa<linalg::GenericOp>(op))
    return op->getName().stripDialect().str();
  llvm::SmallSetVector<StringRef, 4> names;
  for (Operation &inner : op->getRegion(0).front().without_terminator())
    if (!inner.hasTrait<OpTrait::ConstantLike>())
      names.insert(inner.getName().stripDialect());
  std::string name = op.getNumReductionLoops() ? "reduce" : "map";
  for (StringRef part : names.getArrayRef().take_front(4))
    name += "_" + part.str();
  if (names.empty())
    name = "copy";
  return name;
}

std::string kernelName(Operation *op) {
  std::string name;
  if (auto gemm = dyn_cast<GemmOp>(op)) {
    PackedType weight = gemm.getPackedType();
    name = "gemm_" + weight.getFormat().element->name.str() + "_" +
           (gemm.getActivationFormat()
                ? gemm.getActivationFormat()->getFormat().element->name.str()
                : "f32") +
           "_" + shapeName(weight.getShape());
    if (std::optional<GpuTile> tile = getGpuTile(gemm))
      name += "_" + tile->getName();
  } else {
    auto generic = dyn_cast<linalg::LinalgOp>(op);
    name = generic ? bodyName(generic) : op->getName().stripDialect().str();
    auto type = cast<ShapedType>(
        cast<DestinationStyleOpInterface>(op).getDpsInits()[0].getType());
    name += "_" + elementName(type.getElementType()) + "_" +
            shapeName(type.getShape());
  }
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return name;
}

/// Whether a kernel can find out at run time that its input is wrong; its
/// function then returns a status.
bool canFail(Operation *op) { return isa<GatherRowsOp, ProgramOp>(op); }

} // namespace

/// Of a GPU, `grain` is the units of a block.
std::optional<Work> OutlineKernels::getWork(OpBuilder &builder, Operation *op) {
  Location loc = op->getLoc();
  auto linalg = dyn_cast<linalg::LinalgOp>(op);
  if (isDevice && linalg)
    return materializeThreadWork(builder, loc, linalg);
  if (isDevice && isFragmentGemm(op)) {
    auto gemm = cast<GemmOp>(op);
    return materializeGpuGemmWork(builder, loc, gemm, *getGpuTile(gemm));
  }
  std::optional<Work> work;
  if (auto program = dyn_cast<ProgramOp>(op))
    work = Work{program.getUnits(),
                arith::ConstantIndexOp::create(builder, loc, 1)};
  else if (isKernel(op))
    work = materializeWork(builder, loc, op);
  else
    return materializeLinalgWork(builder, loc, linalg);
  if (isDevice)
    work->grain = arith::ConstantIndexOp::create(
        builder, loc, isKernel(op) ? kGroupsOfUnits : kThreadsOfUnits);
  return work;
}

LogicalResult OutlineKernels::outlineTiles(GemmOp op,
                                           ArrayRef<GpuTileChoice> choices,
                                           SymbolTable &symbols) {
  const GpuTileChoice &choice = choices.front();
  if (choices.size() == 1) {
    setGpuTile(op, choice.tile);
    return outline(op, symbols);
  }
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value rows = builder.createOrFold<memref::DimOp>(loc, op.getOutputs()[0], 0);
  Value areFew = arith::CmpIOp::create(
      builder, loc, arith::CmpIPredicate::sle, rows,
      arith::ConstantIndexOp::create(builder, loc, choice.mostRows));
  auto check = scf::IfOp::create(builder, loc, areFew, /*withElse=*/true);
  auto clone = [&](Block *block) {
    OpBuilder inner = OpBuilder::atBlockBegin(block);
    return cast<GemmOp>(inner.clone(*op));
  };
  if (failed(outlineTiles(clone(check.thenBlock()), choice, symbols)) ||
      failed(outlineTiles(clone(check.elseBlock()), choices.drop_front(),
                          symbols)))
    return failure();
  op.erase();
  return success();
}

LogicalResult OutlineKernels::outlineForGpu(GemmOp op, const TargetInfo &target,
                                            SymbolTable &symbols) {
  SmallVector<GpuTileChoice> choices = given;
  if (given.empty()) {
    FailureOr<SmallVector<GpuTileChoice>> known = getGpuTiles(op, target);
    if (failed(known))
      return failure();
    choices = std::move(*known);
  }
  // A large tile may have become the one before it.
  SmallVector<GpuTileChoice> fitting;
  for (GpuTileChoice choice : choices) {
    choice.tile = fitGpuTile(op, choice.tile);
    if (!fitting.empty() && fitting.back().tile == choice.tile)
      fitting.back().mostRows = choice.mostRows;
    else
      fitting.push_back(choice);
  }
  return outlineTiles(op, fitting, symbols);
}

LogicalResult OutlineKernels::outline(Operation *op, SymbolTable &symbols) {
  Location loc = op->getLoc();
  OpBuilder builder(op);
  // Operands, then what the region uses from outside; constants are copied in.
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  SmallVector<Value> arguments(op->getOperands()), constants;
  for (Value value : captured) {
    Operation *definition = value.getDefiningOp();
    if (definition && definition->hasTrait<OpTrait::ConstantLike>())
      constants.push_back(value);
    else if (!llvm::is_contained(arguments, value))
      arguments.push_back(value);
  }

  std::optional<Work> work = getWork(builder, op);
  if (!work)
    return op->emitOpError() << "expected an operator that has a kernel";

  SmallVector<Type> types = llvm::to_vector(ValueRange(arguments).getTypes());
  types.append(2, builder.getIndexType());
  SmallVector<Type> results;
  if (canFail(op))
    results.push_back(builder.getI32Type());
  auto function =
      func::FuncOp::create(builder.getUnknownLoc(), kernelName(op),
                           FunctionType::get(&getContext(), types, results));
  function.setPrivate();
  function->setAttr(kBodyAttr, builder.getUnitAttr());
  if (isDevice && isKernel(op) && !isFragmentGemm(op) &&
      !isa<linalg::LinalgOp>(op))
    function->setAttr(kGroupsAttr, builder.getI64IntegerAttr(0));
  Block *block = function.addEntryBlock();
  OpBuilder inner = OpBuilder::atBlockBegin(block);
  IRMapping mapping;
  for (Value constant : constants)
    mapping.map(constant, inner.clone(*constant.getDefiningOp())->getResult(0));
  for (auto [argument, value] : llvm::zip(block->getArguments(), arguments))
    if (!mapping.contains(value))
      mapping.map(value, argument);
  Operation *clone = inner.clone(*op, mapping);
  // The same buffer twice is two arguments, so that the function does not
  // depend on it.
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    clone->setOperand(i, block->getArgument(i));
  clone->removeDiscardableAttr(kDimsAttr);
  SmallVector<Value> status;
  if (canFail(op))
    status.push_back(arith::ConstantIntOp::create(inner, loc, 0, 32));
  func::ReturnOp::create(inner, builder.getUnknownLoc(), status);

  std::string key;
  llvm::raw_string_ostream os(key);
  function->print(os, OpPrintingFlags().useLocalScope().printGenericOpForm());
  auto [it, isNew] = functions.try_emplace(key, function);
  if (isNew) {
    symbols.insert(function);
    ++distinct;
  } else {
    function->erase();
  }
  StringRef node = getNodeName(loc);
  LaunchOp::create(builder, loc, it->second.getSymName(), arguments,
                   work->units, work->grain,
                   node.empty() ? op->getName().getStringRef() : node);
  ++outlined;
  op->erase();
  return success();
}

void OutlineKernels::runOnOperation() {
  ModuleOp module = getOperation();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  SymbolTable symbols(module);
  SmallVector<Operation *> work;
  main.walk([&](memref::CopyOp copy) {
    OpBuilder builder(copy);
    linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(),
                             copy.getTarget());
    copy.erase();
  });
  main.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!computes(op))
      return WalkResult::advance();
    work.push_back(op);
    return WalkResult::skip();
  });
  isDevice = isForDevice(module);
  FunctionTargets targets;
  const TargetInfo *target = isDevice ? targets.get(main) : nullptr;
  if (isDevice && !target)
    return signalPassFailure();
  if (isDevice && !tiles.empty()) {
    llvm::Expected<SmallVector<GpuTileChoice>> parsed = parseGpuTiles(tiles);
    if (!parsed) {
      module.emitError() << "tiles: " << llvm::toString(parsed.takeError());
      return signalPassFailure();
    }
    given = std::move(*parsed);
  }
  for (Operation *op : work) {
    bool hasTiles = isDevice && isFragmentGemm(op);
    if (failed(hasTiles ? outlineForGpu(cast<GemmOp>(op), *target, symbols)
                        : outline(op, symbols)))
      return signalPassFailure();
  }
}
