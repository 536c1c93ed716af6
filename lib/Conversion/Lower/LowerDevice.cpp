//===- LowerDevice.cpp - kernels of a GPU into modules of their own -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LowerDevice.h"
#include "TaskArguments.h"
#include "squint/Conversion/Lower/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Kernels/GpuKernels.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_LOWERDEVICE
#include "squint/Conversion/Lower/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// Of a block: its threads, its units, and the threads that compute one.
struct BlockShape {
  int64_t threads, units, group;

  explicit BlockShape(func::FuncOp body) {
    if (auto block = body->getAttrOfType<IntegerAttr>(kBlockAttr)) {
      threads = group = block.getInt();
      units = 1;
      return;
    }
    auto groups = body->getAttrOfType<IntegerAttr>(kGroupsAttr);
    units = groups ? kGroupsOfUnits : kThreadsOfUnits;
    group = groups && groups.getInt() ? kLanes : 1;
    threads = group == 1 ? units : group * groups.getInt();
  }
};

struct LowerDevice : squint::impl::LowerDeviceBase<LowerDevice> {
  void runOnOperation() override;

private:
  gpu::GPUModuleOp getModule(TargetAttr target);
  void addKernel(func::FuncOp body, TargetAttr target, StringRef name);
  void takeGlobals(func::FuncOp body, gpu::GPUModuleOp to);

  DenseMap<Attribute, gpu::GPUModuleOp> modules;
};

} // namespace

gpu::GPUModuleOp LowerDevice::getModule(TargetAttr target) {
  gpu::GPUModuleOp &module = modules[target];
  if (!module) {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    module = gpu::GPUModuleOp::create(builder, getOperation().getLoc(),
                                      target.getCpu());
    module->setAttr(kTargetAttr, target);
  }
  return module;
}

/// What a body has in shared memory.
void LowerDevice::takeGlobals(func::FuncOp body, gpu::GPUModuleOp to) {
  SymbolTable symbols(getOperation());
  body.walk([&](LLVM::AddressOfOp address) {
    if (auto global = symbols.lookup<LLVM::GlobalOp>(address.getGlobalName()))
      global->moveBefore(&to.getBodyRegion().front(),
                         to.getBodyRegion().front().begin());
  });
}

/// The function of a kernel: the parameters become the body's arguments, and
/// the thread's numbers a range of units.
void LowerDevice::addKernel(func::FuncOp body, TargetAttr target,
                            StringRef name) {
  gpu::GPUModuleOp module = getModule(target);
  takeGlobals(body, module);
  body->moveBefore(&module.getBodyRegion().front(),
                   module.getBodyRegion().front().end());
  body.setSymName((name + "_body").str());
  BlockShape shape(body);
  auto resident = body->getAttrOfType<IntegerAttr>(kResidentBlocksAttr);
  for (StringRef attr :
       {StringRef(kBodyAttr), StringRef(kVariantsAttr), StringRef(kTargetAttr),
        StringRef(kBlockAttr), StringRef(kGroupsAttr), StringRef(kSharedAttr),
        StringRef(kResidentBlocksAttr)})
    body->removeAttr(attr);

  OpBuilder builder = OpBuilder::atBlockEnd(&module.getBodyRegion().front());
  Location loc = body.getLoc();
  TaskArguments arguments(&getContext());
  SmallVector<Type> fields = arguments.getFields(body);
  llvm::append_range(fields, getLaunchFields(&getContext()));
  auto kernel = LLVM::LLVMFuncOp::create(
      builder, loc, name,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(&getContext()),
                                  fields));
  kernel->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
  kernel->setAttr(
      NVVM::NVVMDialect::getReqntidAttrName(),
      builder.getDenseI32ArrayAttr({static_cast<int32_t>(shape.threads)}));
  // Left alone, ptxas may choose few registers, for more blocks at once, and
  // spill.
  if (shape.threads == shape.group)
    kernel->setAttr(
        NVVM::NVVMDialect::getMinctasmAttrName(),
        builder.getI32IntegerAttr(
            resident ? static_cast<int32_t>(resident.getInt()) : 2));
  Block *entry = kernel.addEntryBlock(builder);
  builder.setInsertionPointToStart(entry);
  auto values = arguments.rebuild(builder, loc, body, entry->getArguments());
  unsigned first = entry->getNumArguments() - 3;
  Value units = entry->getArgument(first),
        launch = entry->getArgument(first + 1),
        status = entry->getArgument(first + 2);
  auto index = [&](Value value) -> Value {
    return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(),
                                        value);
  };
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  auto add = [&](Value lhs, Value rhs) -> Value {
    return arith::AddIOp::create(builder, loc, lhs, rhs);
  };
  auto i32 = builder.getI32Type();
  Value begin = index(NVVM::BlockIdXOp::create(builder, loc, i32)), end;
  auto *last = new Block;
  Block *run = entry;
  if (shape.units == 1) {
    end = add(begin, constant(1));
  } else {
    // The block's units are dealt out to threads, or to groups of them.
    Value start =
        arith::MulIOp::create(builder, loc, begin, constant(shape.units));
    Value number = arith::DivUIOp::create(
        builder, loc, index(NVVM::ThreadIdXOp::create(builder, loc, i32)),
        constant(shape.group));
    Value count = constant(shape.units * shape.group / shape.threads);
    begin = add(start, arith::MulIOp::create(builder, loc, number, count));
    end = arith::MinSIOp::create(builder, loc, add(begin, count), index(units));
    Value isMine = arith::CmpIOp::create(builder, loc,
                                         arith::CmpIPredicate::slt, begin, end);
    run = new Block;
    kernel.getBody().push_back(run);
    cf::CondBranchOp::create(builder, loc, isMine, run, ValueRange(), last,
                             ValueRange());
  }
  kernel.getBody().push_back(last);
  builder.setInsertionPointToEnd(run);
  values.push_back(begin);
  values.push_back(end);
  auto call = func::CallOp::create(builder, loc, body, values);
  if (call.getNumResults()) {
    // The error of the earliest launch stays: its number above, its code below.
    Value code = call.getResult(0);
    Value eight = LLVM::ConstantOp::create(builder, loc, i32,
                                           builder.getI32IntegerAttr(8)),
          zero = LLVM::ConstantOp::create(builder, loc, i32,
                                          builder.getI32IntegerAttr(0));
    Value failed =
        LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne, code, zero);
    auto *report = new Block;
    kernel.getBody().getBlocks().insert(last->getIterator(), report);
    cf::CondBranchOp::create(builder, loc, failed, report, ValueRange(), last,
                             ValueRange());
    builder.setInsertionPointToEnd(report);
    Value above = LLVM::ShlOp::create(builder, loc, launch, eight);
    Value both = LLVM::OrOp::create(builder, loc, above, code);
    LLVM::AtomicRMWOp::create(builder, loc, LLVM::AtomicBinOp::umin, status,
                              both, LLVM::AtomicOrdering::monotonic);
  }
  cf::BranchOp::create(builder, loc, last);
  builder.setInsertionPointToEnd(last);
  LLVM::ReturnOp::create(builder, loc, ValueRange());
}

void LowerDevice::runOnOperation() {
  ModuleOp module = getOperation();
  modules.clear();
  if (!isForDevice(module))
    return;
  auto all = module->getAttrOfType<ArrayAttr>(kTargetsAttr);
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main) {
    module.emitError() << "expected the function 'main'";
    return signalPassFailure();
  }
  WalkResult reads = main.walk([&](Operation *op) {
    if (!isa<memref::LoadOp, memref::StoreOp>(op))
      return WalkResult::advance();
    op->emitError() << "expected a model whose shapes and control flow do not "
                       "depend on data, for a GPU";
    return WalkResult::interrupt();
  });
  if (reads.wasInterrupted())
    return signalPassFailure();

  SymbolTable symbols(module);
  OpBuilder builder(&getContext());
  SmallVector<Attribute> kernels;
  for (auto body : llvm::to_vector(module.getOps<func::FuncOp>())) {
    // Of variants, the first has their list.
    auto variants = body->getAttrOfType<ArrayAttr>(kVariantsAttr);
    if (!body->hasAttr(kBodyAttr) || (body->hasAttr(kTargetAttr) && !variants))
      continue;
    std::string name = body.getSymName().str();
    builder.setInsertionPoint(body);
    auto left = func::FuncOp::create(builder, body.getLoc(), name,
                                     body.getFunctionType());
    left.setPrivate();
    left->setAttr(kDeviceKernelAttr, builder.getI32IntegerAttr(kernels.size()));
    NamedAttrList kernel;
    kernel.set("name", builder.getStringAttr(name));
    kernel.set("threads", builder.getI64IntegerAttr(BlockShape(body).threads));
    if (Attribute shared = body->getAttr(kSharedAttr))
      kernel.set("shared", shared);
    kernels.push_back(kernel.getDictionary(&getContext()));
    if (!variants) {
      addKernel(body, cast<TargetAttr>(all[0]), name);
      continue;
    }
    for (auto [variant, attr] : llvm::zip(variants, all)) {
      StringAttr symbol = cast<FlatSymbolRefAttr>(variant).getAttr();
      addKernel(symbol == name ? body : symbols.lookup<func::FuncOp>(symbol),
                cast<TargetAttr>(attr), name);
    }
  }
  module->setAttr(kDeviceKernelsAttr, builder.getArrayAttr(kernels));
}
