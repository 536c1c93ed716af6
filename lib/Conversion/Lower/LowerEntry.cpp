//===- LowerEntry.cpp - the functions that the runtime calls ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/Lower/Passes.h"

#include "LowerDevice.h"
#include "TaskArguments.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/SymbolTable.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/State.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_LOWERENTRY
#include "squint/Conversion/Lower/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// The arguments of squint_run, in order.
enum EntryArgument {
  Context,
  Dims,
  Inputs,
  Outputs,
  Workspace,
  Weights,
  Threads,
  Target,
  Lengths,
  State,
  NumEntryArguments
};

struct LowerEntry : squint::impl::LowerEntryBase<LowerEntry> {
  void runOnOperation() override;

private:
  func::FuncOp createRun(func::FuncOp main);
  LogicalResult lowerDims(func::FuncOp function, Value dims);
  void lowerRequires(func::FuncOp run);
  Block *getFailed(func::FuncOp run);
  LogicalResult lowerLaunches(func::FuncOp run);
  LLVM::LLVMFuncOp createTask(func::FuncOp body);
  LLVM::GlobalOp createTable(func::FuncOp body, ArrayAttr variants);
  Value getTask(OpBuilder &builder, Location loc, func::FuncOp body,
                Value target);
  LLVM::LLVMStructType argumentsOf(func::FuncOp body);

  std::shared_ptr<TaskArguments> arguments;
  LLVM::LLVMPointerType pointer;
  /// Returns its argument from the run.
  Block *failedBlock = nullptr;
  DenseMap<Operation *, LLVM::LLVMFuncOp> tasks;
  /// Tasks of kernels with variants, in the order of the targets.
  DenseMap<Operation *, LLVM::GlobalOp> tables;
};

} // namespace

/// squint_run: main's block behind a prologue that makes its memrefs from the
/// plain arguments.
func::FuncOp LowerEntry::createRun(func::FuncOp main) {
  ModuleOp module = getOperation();
  OpBuilder builder(module.getBodyRegion());
  auto i64 = builder.getI64Type();
  Location loc = main.getLoc();
  builder.setInsertionPoint(main);
  auto run = func::FuncOp::create(
      builder, loc, "squint_run",
      builder.getFunctionType({pointer, pointer, pointer, pointer, pointer,
                               pointer, i64, builder.getI32Type(), pointer,
                               pointer},
                              builder.getI32Type()));
  Block *block = run.addEntryBlock();
  builder.setInsertionPointToStart(block);

  ArrayAttr inputs = module->getAttrOfType<ArrayAttr>("squint.inputs");
  ArrayAttr outputs = module->getAttrOfType<ArrayAttr>("squint.outputs");
  Value unbounded = LLVM::ConstantOp::create(
      builder, loc, i64,
      builder.getI64IntegerAttr(std::numeric_limits<int64_t>::max()));
  SmallVector<Value> values;
  auto bind = [&](Attribute description, Type argumentType, Value table,
                  int64_t index) -> LogicalResult {
    auto type = llvm::cast<MemRefType>(argumentType);
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, table,
                                     LLVM::GEPArg(index));
    Value address = LLVM::LoadOp::create(builder, loc, pointer, slot);
    SmallVector<Value> sizes;
    ArrayAttr dims =
        llvm::cast<DictionaryAttr>(description).getAs<ArrayAttr>("dims");
    // A row whose shape is known later; its size is never asked for.
    if (llvm::any_of(dims.getAsRange<StringAttr>(), [](StringAttr dim) {
          auto expression = DimExpr::parse(dim.getValue());
          return expression && expression->hasLate();
        })) {
      values.push_back(
          arguments->makeMemRef(builder, loc, type, address, unbounded));
      return success();
    }
    for (int64_t i = 0; i < type.getRank(); ++i) {
      if (!type.isDynamicDim(i))
        continue;
      auto text = llvm::cast<StringAttr>(dims[i]).getValue();
      auto expression = DimExpr::parse(text);
      if (!expression)
        return main.emitError()
               << "expected a size in a shape, got '" << text << "'";
      Value size = materializeDim(builder, loc, *expression);
      sizes.push_back(arith::IndexCastOp::create(builder, loc, i64, size));
    }
    values.push_back(arguments->makeMemRef(builder, loc, type, address, sizes));
    return success();
  };
  unsigned argument = 0;
  for (auto [i, description] : llvm::enumerate(inputs))
    if (failed(bind(description, main.getArgumentTypes()[argument++],
                    block->getArgument(Inputs), i)))
      return {};
  // What is remembered, whose sizes are never asked for.
  if (module->hasAttr(kStateAttr))
    for (EntryArgument which : {Lengths, State})
      values.push_back(arguments->makeMemRef(
          builder, loc,
          llvm::cast<MemRefType>(main.getArgumentTypes()[argument++]),
          block->getArgument(which), unbounded));
  for (auto [i, description] : llvm::enumerate(outputs))
    if (failed(bind(description, main.getArgumentTypes()[argument++],
                    block->getArgument(Outputs), i)))
      return {};
  // The sizes of these two are never asked for.
  for (EntryArgument which : {Weights, Workspace})
    values.push_back(arguments->makeMemRef(
        builder, loc,
        llvm::cast<MemRefType>(main.getArgumentTypes()[argument++]),
        block->getArgument(which), unbounded));

  Block &body = main.getBody().front();
  for (auto [old, value] : llvm::zip(body.getArguments(), values))
    old.replaceAllUsesWith(value);
  block->getOperations().splice(block->end(), body.getOperations());
  // What control flow has become.
  auto &blocks = main.getBody().getBlocks();
  run.getBody().getBlocks().splice(run.getBody().end(), blocks,
                                   std::next(blocks.begin()), blocks.end());
  for (Block &each : run.getBody()) {
    Operation *terminator = each.getTerminator();
    if (!isa<func::ReturnOp>(terminator))
      continue;
    builder.setInsertionPoint(terminator);
    func::ReturnOp::create(
        builder, loc,
        ValueRange{arith::ConstantIntOp::create(builder, loc, 0, 32)});
    terminator->erase();
  }
  main.erase();
  return run;
}

LogicalResult LowerEntry::lowerDims(func::FuncOp function, Value dims) {
  SmallVector<StringRef> symbols;
  for (auto symbol : getOperation()
                         ->getAttrOfType<ArrayAttr>("squint.symbols")
                         .getAsRange<StringAttr>())
    symbols.push_back(symbol.getValue());
  // Late symbols are kept behind those of the inputs.
  if (auto late = getOperation()->getAttrOfType<ArrayAttr>(kLateAttr))
    for (auto entry : late.getAsRange<ArrayAttr>())
      symbols.push_back(llvm::cast<StringAttr>(entry[0]).getValue());
  auto slotOf = [&](OpBuilder &builder, Operation *op,
                    StringRef symbol) -> Value {
    auto *it = llvm::find(symbols, symbol);
    if (it == symbols.end()) {
      op->emitOpError() << "expected a symbol of the inputs, got '" << symbol
                        << "'";
      return {};
    }
    return LLVM::GEPOp::create(
        builder, op->getLoc(), pointer, builder.getI64Type(), dims,
        LLVM::GEPArg(static_cast<int32_t>(it - symbols.begin())));
  };
  SmallVector<DimOp> reads;
  SmallVector<BindDimOp> binds;
  function.walk([&](DimOp op) { reads.push_back(op); });
  function.walk([&](BindDimOp op) { binds.push_back(op); });
  DominanceInfo dominance(function);
  for (DimOp op : reads) {
    bool isBound = !DimExpr::isLateSymbol(op.getSymbol()) || binds.empty() ||
                   llvm::any_of(binds, [&](BindDimOp bind) {
                     return bind.getSymbol() == op.getSymbol() &&
                            dominance.properlyDominates(bind.getOperation(),
                                                        op.getOperation());
                   });
    if (!isBound)
      return op.emitOpError() << "expected '" << op.getSymbol()
                              << "' to be bound before its use";
  }
  for (DimOp op : reads) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Value slot = slotOf(builder, op, op.getSymbol());
    if (!slot)
      return failure();
    Value size = LLVM::LoadOp::create(builder, loc, builder.getI64Type(), slot);
    op.replaceAllUsesWith(
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), size)
            .getResult());
    op.erase();
  }
  for (BindDimOp op : binds) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Value slot = slotOf(builder, op, op.getSymbol());
    if (!slot)
      return failure();
    Value size = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                            op.getValue());
    LLVM::StoreOp::create(builder, loc, size, slot);
    op.erase();
  }
  return success();
}

/// A device's kernel gets more: see getLaunchFields.
LLVM::LLVMStructType LowerEntry::argumentsOf(func::FuncOp body) {
  SmallVector<Type> fields = arguments->getFields(body);
  if (body->hasAttr(kDeviceKernelAttr))
    llvm::append_range(fields, getLaunchFields(&getContext()));
  return LLVM::LLVMStructType::getLiteral(&getContext(), fields);
}

/// i32 task(ptr arguments, i64 begin, i64 end, i32 worker): what a thread runs.
LLVM::LLVMFuncOp LowerEntry::createTask(func::FuncOp body) {
  LLVM::LLVMFuncOp &task = tasks[body];
  if (task)
    return task;
  OpBuilder builder(body);
  Location loc = body.getLoc();
  auto i32 = builder.getI32Type(), i64 = builder.getI64Type();
  task = LLVM::LLVMFuncOp::create(
      builder, loc, (body.getSymName() + "_task").str(),
      LLVM::LLVMFunctionType::get(i32, {pointer, i64, i64, i32}),
      LLVM::Linkage::Internal);
  if (Attribute target = body->getAttr(kTargetAttr))
    task->setAttr(kTargetAttr, target);
  builder.setInsertionPointToStart(task.addEntryBlock(builder));
  LLVM::LLVMStructType type = argumentsOf(body);
  SmallVector<Value> fields;
  for (auto [i, field] : llvm::enumerate(type.getBody())) {
    Value slot =
        LLVM::GEPOp::create(builder, loc, pointer, type, task.getArgument(0),
                            ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
    fields.push_back(LLVM::LoadOp::create(builder, loc, field, slot));
  }
  SmallVector<Value> values = arguments->rebuild(builder, loc, body, fields);
  for (unsigned i : {1, 2})
    values.push_back(arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(), task.getArgument(i)));
  auto call = func::CallOp::create(builder, loc, body, values);
  Value status =
      call.getNumResults()
          ? call.getResult(0)
          : arith::ConstantIntOp::create(builder, loc, 0, 32).getResult();
  LLVM::ReturnOp::create(builder, loc, status);
  return task;
}

LLVM::GlobalOp LowerEntry::createTable(func::FuncOp body, ArrayAttr variants) {
  SymbolTable symbols(getOperation());
  SmallVector<LLVM::LLVMFuncOp> elements;
  for (auto name : variants.getAsRange<FlatSymbolRefAttr>())
    elements.push_back(
        createTask(symbols.lookup<func::FuncOp>(name.getAttr())));
  OpBuilder builder(body);
  Location loc = body.getLoc();
  auto type = LLVM::LLVMArrayType::get(pointer, elements.size());
  auto table = LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true,
                                      LLVM::Linkage::Internal,
                                      (body.getSymName() + "_tasks").str(),
                                      /*value=*/Attribute());
  builder.setInsertionPointToStart(
      builder.createBlock(&table.getInitializerRegion()));
  Value list = LLVM::UndefOp::create(builder, loc, type);
  for (auto [i, task] : llvm::enumerate(elements)) {
    Value address =
        LLVM::AddressOfOp::create(builder, loc, pointer, task.getSymName());
    list = LLVM::InsertValueOp::create(builder, loc, list, address, i);
  }
  LLVM::ReturnOp::create(builder, loc, list);
  return table;
}

/// The address of the task that runs for a target.
Value LowerEntry::getTask(OpBuilder &builder, Location loc, func::FuncOp body,
                          Value target) {
  auto variants = body->getAttrOfType<ArrayAttr>(kVariantsAttr);
  if (!variants)
    return LLVM::AddressOfOp::create(builder, loc, pointer,
                                     createTask(body).getSymName());
  LLVM::GlobalOp &table = tables[body];
  if (!table)
    table = createTable(body, variants);
  Value list =
      LLVM::AddressOfOp::create(builder, loc, pointer, table.getSymName());
  Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, list,
                                   LLVM::GEPArg(target));
  return LLVM::LoadOp::create(builder, loc, pointer, slot);
}

Block *LowerEntry::getFailed(func::FuncOp run) {
  if (failedBlock)
    return failedBlock;
  OpBuilder builder(run.getContext());
  failedBlock = builder.createBlock(&run.getBody(), run.getBody().end(),
                                    builder.getI32Type(), run.getLoc());
  func::ReturnOp::create(builder, run.getLoc(), failedBlock->getArgument(0));
  return failedBlock;
}

void LowerEntry::lowerRequires(func::FuncOp run) {
  SmallVector<RequireOp> ops;
  run.walk([&](RequireOp op) { ops.push_back(op); });
  for (RequireOp op : ops) {
    Block *failed = getFailed(run), *block = op->getBlock(),
          *rest = block->splitBlock(op->getNextNode());
    OpBuilder builder = OpBuilder::atBlockEnd(block);
    Value status =
        arith::ConstantOp::create(builder, op.getLoc(), op.getStatusAttr());
    cf::CondBranchOp::create(builder, op.getLoc(), op.getCondition(), rest,
                             ValueRange(), failed, ValueRange(status));
    op.erase();
  }
}

LogicalResult LowerEntry::lowerLaunches(func::FuncOp run) {
  ModuleOp module = getOperation();
  SymbolTable symbols(module);
  OpBuilder builder(module.getBodyRegion());
  auto i32 = builder.getI32Type(), i64 = builder.getI64Type();
  builder.setInsertionPoint(run);
  auto declare = [&](StringRef name, ArrayRef<Type> types) {
    return LLVM::LLVMFuncOp::create(builder, run.getLoc(), name,
                                    LLVM::LLVMFunctionType::get(i32, types));
  };
  LLVM::LLVMFuncOp launcher, deviceLauncher;
  if (module->hasAttr(kDeviceKernelsAttr))
    deviceLauncher = declare("squint_launch_device",
                             {pointer, i32, i32, pointer, i64, i64, i64});
  else
    launcher =
        declare("squint_launch", {pointer, i32, pointer, pointer, i64, i64});

  SmallVector<LaunchOp> launches;
  run.walk([&](LaunchOp launch) { launches.push_back(launch); });
  // Launches follow one another, so that one buffer holds the arguments of each
  // in turn.
  DataLayout layout(module);
  uint64_t bytes = 1;
  for (LaunchOp launch : launches)
    bytes = std::max<uint64_t>(
        bytes, layout.getTypeSize(argumentsOf(
                   symbols.lookup<func::FuncOp>(launch.getBody()))));
  builder.setInsertionPointToStart(&run.getBody().front());
  Value one = LLVM::ConstantOp::create(builder, run.getLoc(), i64,
                                       builder.getI64IntegerAttr(bytes));
  Value buffer =
      LLVM::AllocaOp::create(builder, run.getLoc(), pointer,
                             builder.getI8Type(), one, /*alignment=*/16);

  SmallVector<Attribute> names;
  for (LaunchOp launch : launches) {
    if (launch->getParentOp() != run)
      return launch.emitOpError()
             << "expected control flow to be lowered to branches";
    auto body = symbols.lookup<func::FuncOp>(launch.getBody());
    LLVM::LLVMStructType type = argumentsOf(body);
    Location loc = launch.getLoc();
    builder.setInsertionPoint(launch);
    int32_t number = 0;
    auto store = [&](Value field) {
      Value slot = LLVM::GEPOp::create(builder, loc, pointer, type, buffer,
                                       ArrayRef<LLVM::GEPArg>{0, number++});
      LLVM::StoreOp::create(builder, loc, field, slot);
    };
    for (Value argument : launch.getArgs())
      for (Value field : arguments->flatten(builder, loc, argument))
        store(field);
    Value id = LLVM::ConstantOp::create(
        builder, loc, i32, builder.getI32IntegerAttr(names.size()));
    Value units =
        arith::IndexCastOp::create(builder, loc, i64, launch.getUnits());
    Value grain =
        arith::IndexCastOp::create(builder, loc, i64, launch.getGrain());
    Value status;
    if (auto kernel = body->getAttrOfType<IntegerAttr>(kDeviceKernelAttr)) {
      store(units);
      store(id);
      Value which = LLVM::ConstantOp::create(builder, loc, i32, kernel);
      Value size = LLVM::ConstantOp::create(
          builder, loc, i64,
          builder.getI64IntegerAttr(layout.getTypeSize(type)));
      status =
          LLVM::CallOp::create(builder, loc, deviceLauncher,
                               ValueRange{run.getArgument(Context), id, which,
                                          buffer, size, units, grain})
              .getResult();
    } else {
      Value function = getTask(builder, loc, body, run.getArgument(Target));
      status = LLVM::CallOp::create(builder, loc, launcher,
                                    ValueRange{run.getArgument(Context), id,
                                               function, buffer, units, grain})
                   .getResult();
    }
    names.push_back(builder.getDictionaryAttr({
        builder.getNamedAttr("kernel", builder.getStringAttr(launch.getBody())),
        builder.getNamedAttr("node", launch.getNodeAttr()),
    }));
    // A kernel's error ends the run.
    Block *failed = getFailed(run);
    Block *block = launch->getBlock();
    Block *rest = block->splitBlock(launch->getNextNode());
    builder.setInsertionPointToEnd(block);
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 32);
    Value fine = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                       status, zero);
    cf::CondBranchOp::create(builder, loc, fine, rest, ValueRange(), failed,
                             ValueRange(status));
    launch.erase();
  }
  module->setAttr("squint.launches", builder.getArrayAttr(names));
  for (auto body : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (body->hasAttr(kDeviceKernelAttr))
      body.erase();
  return success();
}

void LowerEntry::runOnOperation() {
  ModuleOp module = getOperation();
  arguments = std::make_shared<TaskArguments>(&getContext());
  pointer = LLVM::LLVMPointerType::get(&getContext());
  tasks.clear();
  tables.clear();
  auto main = module.lookupSymbol<func::FuncOp>("main");
  auto plan = module.lookupSymbol<func::FuncOp>("squint_plan");
  if (!main || !plan) {
    module.emitError() << "expected the functions 'main' and 'squint_plan'";
    return signalPassFailure();
  }
  func::FuncOp run = createRun(main);
  if (!run)
    return signalPassFailure();
  auto shapes = module.lookupSymbol<func::FuncOp>("squint_shapes");
  failedBlock = nullptr;
  if (failed(lowerDims(run, run.getArgument(Dims))) ||
      failed(lowerDims(plan, plan.getArgument(0))) ||
      (shapes && failed(lowerDims(shapes, shapes.getArgument(0)))))
    return signalPassFailure();
  lowerRequires(run);
  if (failed(lowerLaunches(run)))
    return signalPassFailure();
}
