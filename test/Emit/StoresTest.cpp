//===- StoresTest.cpp - masked stores of one lane ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "CodeGen.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"

using namespace llvm;

/// The stores of a truncated vector under a mask, masked and not.
static std::pair<int, int> countStores(StringRef mask) {
  LLVMContext context;
  SMDiagnostic error;
  std::string text = (R"(
    define void @f(<4 x i32> %v, ptr %p) {
      %t = trunc <4 x i32> %v to <4 x i8>
      call void @llvm.masked.store.v4i8.p0(<4 x i8> %t, ptr align 1 %p, <4 x i1> )" +
                      mask + ")\n      ret void\n    }\n")
                         .str();
  std::unique_ptr<Module> module = parseAssemblyString(text, error, context);
  EXPECT_TRUE(module) << error.getMessage().str();
  squint::expandSingleLaneStores(*module);
  std::pair<int, int> counts;
  for (Instruction &instruction : instructions(module->getFunction("f"))) {
    counts.first += isa<IntrinsicInst>(instruction);
    if (auto *store = dyn_cast<StoreInst>(&instruction)) {
      ++counts.second;
      EXPECT_TRUE(store->getValueOperand()->getType()->isIntegerTy(8));
      EXPECT_EQ(store->getAlign(), Align(1));
    }
  }
  return counts;
}

TEST(Stores, OfOneLaneAreScalar) {
  using Counts = std::pair<int, int>;
  EXPECT_EQ(countStores("<i1 true, i1 false, i1 false, i1 false>"),
            Counts(0, 1));
  EXPECT_EQ(countStores("<i1 false, i1 false, i1 true, i1 false>"),
            Counts(0, 1));
  EXPECT_EQ(countStores("<i1 true, i1 true, i1 false, i1 false>"),
            Counts(1, 0));
  EXPECT_EQ(countStores("zeroinitializer"), Counts(1, 0));
}
