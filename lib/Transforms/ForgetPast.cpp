//===- ForgetPast.cpp - caches are no inputs ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "squint/Dialect/Msft/Msft.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Onnx/Passes.h"
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
  LogicalResult forget(onnx::TensorScatterOp scatter);
  template <typename OpTy> FailureOr<bool> forgetPair(OpTy op);
  FailureOr<bool> forget(Operation *op);
  LogicalResult checkLength(Operation *op, BlockArgument past, int64_t axis);
  void drop(Value present);
  LogicalResult shorten();
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

/// The dimension of tokens of a cache, which is the same for all unless it is
/// static.
LogicalResult ForgetPast::checkLength(Operation *op, BlockArgument past,
                                      int64_t axis) {
  FailureOr<Dims> dims = getDims(past);
  int64_t rank = succeeded(dims) ? static_cast<int64_t>(dims->size()) : 0;
  axis += axis < 0 ? rank : 0;
  bool isThere = axis >= 0 && axis < rank;
  if (isThere && (*dims)[axis].getConstant() && !isa<onnx::ConcatOp>(op))
    return success();
  if (!isThere || !DimExpr::isSymbol((*dims)[axis].str()))
    return op->emitError()
           << "expected past keys and values of any number of tokens, the "
              "concatenation's dimension, got "
           << past.getType();
  if (length && *length != (*dims)[axis])
    return op->emitError() << "expected as many past tokens as elsewhere, '"
                           << length->str() << "', got '" << (*dims)[axis].str()
                           << "'";
  length = (*dims)[axis];
  return success();
}

void ForgetPast::drop(Value present) {
  for (unsigned number : getResultNumbers(present))
    dropped.set(number);
  ++numForgotten;
}

/// Past and new tokens are the new ones where there is no past.
LogicalResult ForgetPast::forget(onnx::ConcatOp concat, BlockArgument past) {
  if (failed(checkLength(concat, past, concat.getAxis())))
    return failure();
  drop(concat.getResult());
  concat.replaceAllUsesWith(concat.getInputs()[1]);
  concat.erase();
  return success();
}

/// The same of a cache with room for tokens to come: what is read of it are
/// those written, as many as an attention is told.
LogicalResult ForgetPast::forget(onnx::TensorScatterOp scatter) {
  if (scatter.getMode() != "linear")
    return scatter.emitError() << "expected a cache that is written to its "
                                  "end, mode linear, got "
                               << scatter.getMode();
  if (failed(checkLength(scatter, cast<BlockArgument>(scatter.getPastCache()),
                         scatter.getAxis())))
    return failure();
  drop(scatter.getResult());
  for (Operation *user : scatter.getResult().getUsers())
    if (auto attention = dyn_cast<onnx::AttentionOp>(user))
      attention.getNonpadKvSeqlenMutable().clear();
  scatter.replaceAllUsesWith(scatter.getUpdate());
  scatter.erase();
  return success();
}

/// Attention that appends to its caches itself; whether it does.
template <typename OpTy> FailureOr<bool> ForgetPast::forgetPair(OpTy op) {
  auto key = dyn_cast_or_null<BlockArgument>(op.getPastKey()),
       value = dyn_cast_or_null<BlockArgument>(op.getPastValue());
  if (!key || !value || !op.getPresentKey() || !op.getPresentValue() ||
      getResultNumbers(op.getPresentKey()).empty() ||
      getResultNumbers(op.getPresentValue()).empty())
    return false;
  constexpr int64_t tokens = 2; // [batch, heads, tokens, size]
  if (failed(checkLength(op, key, tokens)) ||
      failed(checkLength(op, value, tokens)))
    return failure();
  drop(op.getPresentKey());
  drop(op.getPresentValue());
  op.getPastKeyMutable().clear();
  op.getPastValueMutable().clear();
  return true;
}

FailureOr<bool> ForgetPast::forget(Operation *op) {
  auto isCache = [](Value past, Value present) {
    return isa<BlockArgument>(past) && !getResultNumbers(present).empty();
  };
  if (auto concat = dyn_cast<onnx::ConcatOp>(op)) {
    auto inputs = concat.getInputs();
    if (inputs.size() != 2 || inputs[0] == inputs[1] ||
        !isCache(inputs[0], concat.getResult()))
      return false;
    if (failed(forget(concat, cast<BlockArgument>(inputs[0]))))
      return failure();
    return true;
  }
  if (auto scatter = dyn_cast<onnx::TensorScatterOp>(op)) {
    if (!isCache(scatter.getPastCache(), scatter.getResult()))
      return false;
    if (failed(forget(scatter)))
      return failure();
    return true;
  }
  if (auto attention = dyn_cast<onnx::AttentionOp>(op))
    return forgetPair(attention);
  auto attention = dyn_cast<msft::GroupQueryAttentionOp>(op);
  if (!attention)
    return false;
  FailureOr<bool> isForgotten = forgetPair(attention);
  if (failed(isForgotten) || !*isForgotten)
    return isForgotten;
  OpBuilder b(op);
  Value nothing = ConstantOp::create(
      b, op->getLoc(),
      DenseElementsAttr::get(RankedTensorType::get({1}, b.getI32Type()),
                             int32_t(0)));
  attention.getSeqlensKMutable().assign(nothing);
  attention.getTotalSequenceLengthMutable().assign(nothing);
  op->setAttr(onnx::kWholeAttr, b.getUnitAttr());
  return true;
}

/// No input has past tokens; the mask is for the tokens of the run.
LogicalResult ForgetPast::shorten() {
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
        return length && symbol == length->str() ? std::optional(DimExpr(0))
                                                 : std::nullopt;
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
  Block &block = main.getBody().front();
  Operation *end = block.getTerminator();
  dropped = llvm::BitVector(end->getNumOperands());
  // Inputs that are there for the caches lose all their uses with them.
  SmallVector<BlockArgument> used;
  llvm::copy_if(block.getArguments(), std::back_inserter(used),
                [](BlockArgument argument) { return !argument.use_empty(); });
  bool hasForgotten = false;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (isa<onnx::AttentionOp>(op))
      op.setAttr(onnx::kWholeAttr, UnitAttr::get(&getContext()));
    FailureOr<bool> isForgotten = forget(&op);
    if (failed(isForgotten))
      return signalPassFailure();
    hasForgotten |= *isForgotten;
  }
  if (!hasForgotten)
    return;
  end->eraseOperands(dropped);
  (void)main.eraseResults(dropped);
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
  llvm::BitVector unused(block.getNumArguments());
  for (BlockArgument argument : used)
    if (argument.use_empty())
      unused.set(argument.getArgNumber());
  if (failed(shorten()))
    return signalPassFailure();
  main.setFunctionType(FunctionType::get(
      &getContext(), block.getArgumentTypes(), end->getOperandTypes()));
  if (failed(main.eraseArguments(unused)))
    return signalPassFailure();
}
