//===- squint-reduce.cpp - make a failing module smaller --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Takes operations out of a module for as long as a test finds in it what it
// looks for. Every module that the test gets is valid; MLIR's reduction tree,
// which erases operands and terminators too, is not made for functions with
// results.
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Reducer/Tester.h"
#include "mlir/Support/FileUtilities.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Pipelines/Register.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
namespace cl = llvm::cl;

static cl::opt<std::string> input(cl::Positional, cl::desc("model.mlir"),
                                  cl::Required);
static cl::opt<std::string> output("o", cl::value_desc("file"),
                                   cl::desc("The smaller module"),
                                   cl::init("-"));
static cl::opt<std::string>
    test("test", cl::value_desc("program"), cl::Required,
         cl::desc("Gets a file; exits with other than 0 while the module in it "
                  "still shows what is looked for"));
static cl::list<std::string> testArgs("test-arg", cl::value_desc("argument"),
                                      cl::desc("An argument before the file's "
                                               "name (repeatable)"));

/// The operations of all functions, in the order of a walk.
static SmallVector<Operation *> getOperations(ModuleOp module) {
  SmallVector<Operation *> all;
  for (auto function : module.getOps<func::FuncOp>())
    function.walk([&](Operation *op) {
      if (op != function)
        all.push_back(op);
    });
  return all;
}

/// A result becomes an operand of its type.
static bool bypass(Operation *op, unsigned operand) {
  if (op->getNumResults() != 1 ||
      op->getOperand(operand).getType() != op->getResult(0).getType())
    return false;
  op->replaceAllUsesWith(ValueRange(op->getOperand(operand)));
  return true;
}

/// Results of known size become zeros.
static bool replaceByZeros(Operation *op) {
  if (op->getNumResults() == 0 || isa<squint::ConstantOp>(op))
    return false;
  OpBuilder builder(op);
  SmallVector<Value> zeros;
  for (Value result : op->getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    TypedAttr zero = type && type.hasStaticShape()
                         ? builder.getZeroAttr(type.getElementType())
                         : TypedAttr();
    if (!zero)
      return false;
    zeros.push_back(squint::ConstantOp::create(
        builder, op->getLoc(), DenseElementsAttr::get(type, Attribute(zero))));
  }
  op->replaceAllUsesWith(zeros);
  return true;
}

/// One result less for the function that an operation returns from.
static bool dropResult(Operation *op, unsigned operand) {
  auto function = dyn_cast<func::FuncOp>(op->getParentOp());
  if (!isa<func::ReturnOp>(op) || !function || op->getNumOperands() == 1)
    return false;
  op->eraseOperand(operand);
  llvm::BitVector erased(function.getNumResults());
  erased.set(operand);
  return succeeded(function.eraseResults(erased));
}

static void eraseUnused(ModuleOp module) {
  // Users before what they use; what an operation holds comes before it.
  SmallVector<Operation *> ops = getOperations(module);
  llvm::SmallPtrSet<Operation *, 8> erased;
  for (Operation *op : llvm::reverse(ops)) {
    if (erased.contains(op) || !isOpTriviallyDead(op))
      continue;
    op->walk([&](Operation *inner) { erased.insert(inner); });
    op->erase();
  }
  for (auto function : module.getOps<func::FuncOp>())
    for (unsigned i = function.getNumArguments(); i-- > 0;)
      if (!function.isExternal() && function.getArgument(i).use_empty())
        (void)function.eraseArgument(i);
}

/// Tries every way to make the module smaller at one operation; whether one
/// kept what is looked for, which then is the module.
static bool reduceAt(OwningOpRef<ModuleOp> &module, unsigned index,
                     const Tester &tester) {
  unsigned operands = getOperations(*module)[index]->getNumOperands();
  for (unsigned way = 0; way < 2 * operands + 1; ++way) {
    OwningOpRef<ModuleOp> smaller = module->clone();
    Operation *op = getOperations(*smaller)[index];
    bool isChanged = way < operands       ? bypass(op, way)
                     : way < 2 * operands ? dropResult(op, way - operands)
                                          : replaceByZeros(op);
    if (!isChanged)
      continue;
    eraseUnused(*smaller);
    if (failed(verify(*smaller)) ||
        tester.isInteresting(*smaller).first != Tester::Interestingness::True)
      continue;
    module = std::move(smaller);
    return true;
  }
  return false;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Takes operations out of a module while a test still fails on it\n\n"
      "  squint-reduce model.mlir -o small.mlir --test=./fails.sh\n");
  DialectRegistry registry;
  squint::registerAllDialects(registry);
  StringRef folder = llvm::sys::path::parent_path(input);
  squint::setDataFolder(registry, folder.empty() ? "." : folder, {});
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module =
      parseSourceFile<ModuleOp>(input.getValue(), &context);
  if (!module)
    return 1;
  Tester tester(test, testArgs);
  if (tester.isInteresting(*module).first != Tester::Interestingness::True) {
    llvm::errs() << input << ": error: expected a module that the test finds "
                 << "something in, got exit status 0\n";
    return 1;
  }
  for (bool isSmaller = true; isSmaller;) {
    isSmaller = false;
    for (unsigned i = getOperations(*module).size(); i-- > 0;)
      while (i < getOperations(*module).size() && reduceAt(module, i, tester))
        isSmaller = true;
  }

  std::string error;
  auto file = openOutputFile(output, &error);
  if (!file) {
    llvm::errs() << error << "\n";
    return 1;
  }
  module->print(file->os());
  file->os() << "\n";
  file->keep();
  return 0;
}
