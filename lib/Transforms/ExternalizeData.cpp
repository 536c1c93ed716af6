//===- ExternalizeData.cpp - write rewritten weights to a file --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Transforms/Passes.h"

#include "mlir/IR/AttrTypeSubElements.h"
#include "squint/Dialect/Squint/Squint.h"

namespace squint {
#define GEN_PASS_DEF_EXTERNALIZEDATA
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;

namespace {

struct ExternalizeData : squint::impl::ExternalizeDataBase<ExternalizeData> {
  using ExternalizeDataBase::ExternalizeDataBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto *dialect = getContext().getLoadedDialect<SquintDialect>();
    if (!dialect)
      return;
    if (path.empty()) {
      if (mentionsMemory(module)) {
        module.emitError() << "expected --store=FILE for the weights that were "
                              "rewritten, when printing to the "
                              "standard output";
        signalPassFailure();
      }
      return;
    }
    llvm::Expected<int64_t> bytes =
        dialect->getStores().externalize(module, path);
    if (!bytes) {
      module.emitError() << llvm::toString(bytes.takeError());
      signalPassFailure();
    }
  }

private:
  static bool mentionsMemory(ModuleOp module) {
    bool found = false;
    AttrTypeWalker walker;
    walker.addWalk(
        [&](DataAttr data) { found |= data.getStore().starts_with("#"); });
    module.walk([&](Operation *op) {
      walker.walk(op->getAttrDictionary());
      if (auto constant = dyn_cast<ConstantOp>(op))
        if (DataAttr data = constant.getData())
          found |= data.getStore().starts_with("#");
    });
    return found;
  }
};

} // namespace
