//===- CloneTargets.cpp - kernels for several processors --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Conversion/Lower/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "squint/Kernels/Targets.h"
#include "llvm/ADT/StringExtras.h"

namespace squint {
#define GEN_PASS_DEF_CLONETARGETS
#include "squint/Conversion/Lower/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

struct CloneTargets : squint::impl::CloneTargetsBase<CloneTargets> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto targets = module->getAttrOfType<ArrayAttr>(kTargetsAttr);
    if (!targets || targets.size() < 2)
      return;
    SymbolTable symbols(module);
    for (func::FuncOp function : llvm::to_vector(module.getOps<func::FuncOp>()))
      if (function->hasAttr(kBodyAttr) && !function->hasAttr(kTargetAttr))
        clone(function, targets, symbols);
  }

  void clone(func::FuncOp function, ArrayAttr targets, SymbolTable &symbols) {
    SmallVector<Attribute> variants;
    Operation *last = function;
    for (auto target : targets.getAsRange<TargetAttr>()) {
      func::FuncOp variant = function;
      if (!variants.empty()) {
        variant = function.clone();
        std::string name =
            (function.getSymName() + "_" + target.getCpu()).str();
        for (char &c : name)
          if (!llvm::isAlnum(c))
            c = '_';
        variant.setSymName(name);
        symbols.insert(variant, std::next(last->getIterator()));
        last = variant;
        ++clones;
      }
      variant->setAttr(kTargetAttr, target);
      variants.push_back(FlatSymbolRefAttr::get(variant));
    }
    function->setAttr(kVariantsAttr, ArrayAttr::get(&getContext(), variants));
  }
};

} // namespace
