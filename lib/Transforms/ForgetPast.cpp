//===- ForgetPast.cpp - caches are no inputs ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_FORGETPAST
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {
struct ForgetPast : squint::impl::ForgetPastBase<ForgetPast> {
  using ForgetPastBase::ForgetPastBase;
  void runOnOperation() override;

private:
  using Dims = SmallVector<DimExpr>;

  LogicalResult forget(onnx::ConcatOp concat, BlockArgument past);
  LogicalResult shorten(DimExpr past);
  void setArgument(BlockArgument argument, const Dims &dims);

  func::FuncOp main;
  llvm::BitVector dropped; // results
  std::optional<DimExpr> length;
};
} // namespace

/// The results of `main` that are a value, perhaps under another name.
static SmallVector<unsigned> getResultNumbers(Value value) {
  SmallVector<unsigned> numbers;
  for (OpOperand &use : value.getUses())
    if (isa<func::ReturnOp>(use.getOwner()))
      numbers.push_back(use.getOperandNumber());
    else if (auto same = dyn_cast<onnx::IdentityOp>(use.getOwner()))
      llvm::append_range(numbers, getResultNumbers(same.getResult()));
  return numbers;
}

void ForgetPast::setArgument(BlockArgument argument, const Dims &dims) {
  SmallVector<int64_t> shape;
  for (const DimExpr &dim : dims)
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  argument.setType(cast<RankedTensorType>(argument.getType()).clone(shape));
  main.setArgAttr(argument.getArgNumber(), kDimsAttr,
                  getDimsAttr(&getContext(), dims));
}

/// Past and new tokens are the new ones where there is no past.
LogicalResult ForgetPast::forget(onnx::ConcatOp concat, BlockArgument past) {
  FailureOr<Dims> dims = getDims(past);
  int64_t axis = concat.getAxis(), rank = succeeded(dims) ? dims->size() : 0;
  axis += axis < 0 ? rank : 0;
  if (axis < 0 || axis >= rank || !DimExpr::isSymbol((*dims)[axis].str()))
    return concat.emitError()
           << "expected past keys and values of any number of tokens, the "
              "concatenation's dimension, got "
           << past.getType();
  if (length && *length != (*dims)[axis])
    return concat.emitError()
           << "expected as many past tokens as elsewhere, '" << length->str()
           << "', got '" << (*dims)[axis].str() << "'";
  length = (*dims)[axis];
  for (unsigned number : getResultNumbers(concat.getResult()))
    dropped.set(number);
  concat.replaceAllUsesWith(concat.getInputs()[1]);
  concat.erase();
  ++numForgotten;
  return success();
}

/// No input has past tokens; the mask is for the tokens of the run.
LogicalResult ForgetPast::shorten(DimExpr past) {
  std::optional<DimExpr> tokens;
  auto nameOf = [&](BlockArgument argument) {
    auto name =
        main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kNameAttr);
    return name ? name.getValue() : StringRef();
  };
  for (BlockArgument argument : main.getArguments())
    if (FailureOr<Dims> dims = getDims(argument);
        succeeded(dims) && dims->size() > 1 && nameOf(argument) == "input_ids")
      tokens = (*dims)[1];
  for (BlockArgument argument : main.getArguments()) {
    FailureOr<Dims> dims = getDims(argument);
    if (failed(dims))
      continue;
    for (DimExpr &dim : *dims)
      dim = dim.substitute([&](StringRef symbol) {
        return symbol == past.str() ? std::optional(DimExpr(0)) : std::nullopt;
      });
    if (nameOf(argument) == "attention_mask") {
      if (!tokens || dims->size() != 2)
        return main.emitError() << "expected input_ids [batch, tokens] beside "
                                   "an attention_mask [batch, tokens so far]";
      (*dims)[1] = *tokens;
    }
    setArgument(argument, *dims);
  }
  return success();
}

void ForgetPast::runOnOperation() {
  length.reset();
  main = getOperation().lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock())
    return;
  Operation *end = main.getBody().front().getTerminator();
  dropped = llvm::BitVector(end->getNumOperands());
  for (BlockArgument argument : main.getArguments())
    for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
      auto concat = dyn_cast<onnx::ConcatOp>(user);
      if (concat && concat.getInputs().size() == 2 &&
          concat.getInputs()[0] == argument &&
          concat.getInputs()[1] != argument &&
          !getResultNumbers(concat.getResult()).empty() &&
          failed(forget(concat, argument)))
        return signalPassFailure();
    }
  if (!length)
    return;
  end->eraseOperands(dropped);
  (void)main.eraseResults(dropped);
  if (failed(shorten(*length)))
    return signalPassFailure();
  main.setFunctionType(FunctionType::get(&getContext(),
                                         main.getBody().getArgumentTypes(),
                                         end->getOperandTypes()));
}
