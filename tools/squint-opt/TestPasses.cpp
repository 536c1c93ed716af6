//===- TestPasses.cpp - passes for tests only -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "TestPasses.h"
#include "mlir/Pass/Pass.h"
#include "squint/Dialect/Squint/Squint.h"

using namespace mlir;
using namespace squint;

namespace {
/// What a rewrite must not do.
struct TestRewrite : PassWrapper<TestRewrite, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestRewrite)
  StringRef getArgument() const final { return "squint-test-rewrite"; }
  StringRef getDescription() const final {
    return "Take the bias off every linear (a rewrite that is wrong)";
  }
  void runOnOperation() override {
    getOperation().walk([](LinearOp op) { op.getBiasMutable().clear(); });
  }
};
} // namespace

void squint::registerTestPasses() { PassRegistration<TestRewrite>(); }
