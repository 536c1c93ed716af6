//===- Targets.cpp - what a function is compiled for ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Kernels/Targets.h"

using namespace mlir;
using namespace squint;

const TargetInfo *FunctionTargets::get(func::FuncOp function) {
  auto attr = function->getAttrOfType<TargetAttr>(kTargetAttr);
  if (!attr) {
    auto module = function->getParentOfType<ModuleOp>();
    auto all =
        module ? module->getAttrOfType<ArrayAttr>(kTargetsAttr) : ArrayAttr();
    if (all && !all.empty())
      attr = dyn_cast<TargetAttr>(all[0]);
  }
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
