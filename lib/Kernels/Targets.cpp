//===- Targets.cpp - what a function is compiled for ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Targets.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace squint;

static ArrayRef<Attribute> getTargets(ModuleOp module) {
  auto all =
      module ? module->getAttrOfType<ArrayAttr>(kTargetsAttr) : ArrayAttr();
  return all ? all.getValue() : ArrayRef<Attribute>();
}

static TargetAttr getFirstTarget(ModuleOp module) {
  ArrayRef<Attribute> all = getTargets(module);
  return all.empty() ? TargetAttr() : dyn_cast<TargetAttr>(all[0]);
}

unsigned squint::getLeastCapability(ModuleOp module) {
  std::optional<unsigned> least;
  for (Attribute target : getTargets(module)) {
    auto attr = cast<TargetAttr>(target);
    auto info =
        TargetInfo::get(attr.getTriple(), attr.getCpu(), attr.getFeatures());
    if (!info) {
      llvm::consumeError(info.takeError());
      return 0;
    }
    least = std::min(least.value_or(info->capability), info->capability);
  }
  return least.value_or(0);
}

bool squint::isForDevice(ModuleOp module) {
  TargetAttr target = getFirstTarget(module);
  return target && llvm::Triple(target.getTriple()).isNVPTX();
}

const TargetInfo *FunctionTargets::get(func::FuncOp function) {
  auto attr = function->getAttrOfType<TargetAttr>(kTargetAttr);
  if (!attr)
    attr = getFirstTarget(function->getParentOfType<ModuleOp>());
  if (!attr)
    attr = TargetAttr::get(function.getContext(), "x86_64-unknown-linux-gnu",
                           "x86-64", "");
  std::unique_ptr<TargetInfo> &target = targets[attr];
  if (target)
    return target.get();
  auto info =
      TargetInfo::get(attr.getTriple(), attr.getCpu(), attr.getFeatures());
  if (!info) {
    function.emitError() << llvm::toString(info.takeError());
    return nullptr;
  }
  target = std::make_unique<TargetInfo>(std::move(*info));
  return target.get();
}
