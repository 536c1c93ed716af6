//===- FindPositions.cpp - causal attention and positions -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What exporters make of sizes alone becomes a function of squint.positions, so
// that tokens may stand anywhere. A value [..., tokens, ...] that all sequences
// shared has the tokens of all sequences in that dimension then, "rows", until
// it meets one that has both.
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MoveTransposes.h"
#include "PositionForms.h"
#include "Raise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_FINDPOSITIONS
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

using Dims = SmallVector<DimExpr>;

namespace {
struct FindPositions : squint::impl::FindPositionsBase<FindPositions> {
  using FindPositionsBase::FindPositionsBase;
  void runOnOperation() override;

private:
  /// Where the tokens are: a dimension, and whether it has those of all
  /// sequences.
  struct Place {
    unsigned axis;
    bool isFlat;
  };

  LogicalResult orderHeads(squint::AttentionOp op);
  LogicalResult hideLater(squint::AttentionOp op);
  void eraseUnused();

  bool mentionsTokens(const DimExpr &dim) const;
  bool mentionsTokens(Value value) const;
  std::optional<Place> findPlace(Value value) const;
  Value makePositions(OpBuilder &b, const PositionForm &form, Value like);
  Value makeReshape(OpBuilder &b, Location loc, Value value, const Dims &dims);
  bool replacePositions(Operation *op);
  bool replaceTable(onnx::SliceOp op);
  LogicalResult liftOperands(Operation *op);
  LogicalResult check(Operation *op);

  func::FuncOp main;
  PositionForms forms;
  DimExpr batch, tokens, all;
  Value positions, flat;
};
} // namespace

static StringRef nameOf(func::FuncOp main, BlockArgument argument) {
  auto name =
      main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), kNameAttr);
  return name ? name.getValue() : StringRef();
}

bool FindPositions::mentionsTokens(const DimExpr &dim) const {
  std::set<std::string> symbols;
  dim.collectSymbols(symbols);
  return symbols.count(tokens.str());
}

bool FindPositions::mentionsTokens(Value value) const {
  FailureOr<Dims> dims = getDims(value);
  return failed(dims) || llvm::any_of(*dims, [&](const DimExpr &dim) {
           return mentionsTokens(dim);
         });
}

std::optional<FindPositions::Place>
FindPositions::findPlace(Value value) const {
  FailureOr<Dims> dims = getDims(value);
  if (failed(dims))
    return std::nullopt;
  std::optional<Place> place;
  for (auto [i, dim] : llvm::enumerate(*dims)) {
    if (!mentionsTokens(dim))
      continue;
    bool isOne = dim == tokens && (*dims)[0] == batch && i > 0;
    if (place || (!isOne && dim != all))
      return std::nullopt;
    place = Place{static_cast<unsigned>(i), !isOne && batch != DimExpr(1)};
  }
  return place;
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// Caches take tokens before heads.
LogicalResult FindPositions::orderHeads(squint::AttentionOp op) {
  if (!op.getHeadsFirst() || !llvm::is_contained(*op.getHeadsFirst(), true))
    return success();
  SmallVector<bool> first(*op.getHeadsFirst());
  OpBuilder b(op);
  for (unsigned i = 0; i < 3; ++i)
    if (first[i]) {
      Value turned =
          createTranspose(b, op.getLoc(), op->getOperand(i), {0, 2, 1, 3});
      if (!turned)
        return op.emitError() << "expected queries, keys and values that are "
                                 "computed";
      op->setOperand(i, turned);
    }
  op.removeHeadsFirstAttr();
  if (!first[3])
    return success();
  Value result = op.getResult();
  FailureOr<Dims> dims = getDims(result);
  if (failed(dims))
    return op.emitError() << "expected known sizes";
  std::swap((*dims)[1], (*dims)[2]);
  auto type = cast<RankedTensorType>(result.getType());
  SmallVector<int64_t> shape(type.getShape());
  std::swap(shape[1], shape[2]);
  result.setType(type.clone(shape));
  setDims(op, {*dims});
  b.setInsertionPointAfter(op);
  Value back = createTranspose(b, op.getLoc(), result, {0, 2, 1, 3});
  result.replaceAllUsesExcept(back, back.getDefiningOp());
  return success();
}

/// Drops a mask that hides just the tokens that come later, or come a window
/// before.
LogicalResult FindPositions::hideLater(squint::AttentionOp op) {
  FailureOr<Dims> query = getDims(op.getQuery()), key = getDims(op.getKey());
  if (failed(query) || failed(key) || (*query)[0] != batch ||
      (*query)[1] != tokens || (*key)[1] != tokens)
    return op.emitError() << "expected attention of a sequence to itself, of "
                             "as many tokens as elsewhere";
  if (!op.getMask())
    return op.getCausal() ? success()
                          : op.emitError()
                                << "expected attention that is causal, got "
                                   "one without a mask";
  HiddenTokens hidden{op.getCausal(), std::nullopt};
  if (op.getWindow() || !findHidden(op.getMask(), tokens, forms, hidden) ||
      !hidden.later) {
    InFlightDiagnostic error =
        op.emitError() << "expected a mask that hides the tokens that come "
                          "later and no others, for keys and values to be kept";
    if (Operation *made = op.getMask().getDefiningOp())
      error.attachNote(made->getLoc())
          << "made by '" << getNodeName(made) << "'";
    return error;
  }
  op.getMaskMutable().clear();
  op.setCausal(true);
  if (hidden.window)
    op.setWindow(*hidden.window);
  ++numCausal;
  return success();
}

void FindPositions::eraseUnused() {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

Value FindPositions::makeReshape(OpBuilder &b, Location loc, Value value,
                                 const Dims &dims) {
  SmallVector<int64_t> shape, sizes;
  for (const DimExpr &dim : dims) {
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
    // Which of several is not said; sizes are those of the result.
    sizes.push_back(dim.getConstant().value_or(-1));
  }
  if (llvm::count(sizes, -1) > 1) {
    SmallVector<Value> scalars;
    for (const DimExpr &dim : dims) {
      scalars.push_back(arith::IndexCastOp::create(b, loc, b.getI64Type(),
                                                   dim.materialize(b, loc)));
    }
    Value sizesNow = tensor::FromElementsOp::create(
        b, loc, RankedTensorType::get(int64_t(scalars.size()), b.getI64Type()),
        scalars);
    auto op = onnx::ReshapeOp::create(
        b, loc, cast<RankedTensorType>(value.getType()).clone(shape), value,
        sizesNow);
    setDims(op, {dims});
    return op.getResult();
  }
  auto op = onnx::ReshapeOp::create(
      b, loc, cast<RankedTensorType>(value.getType()).clone(shape), value,
      createIntegers(b, loc, sizes));
  setDims(op, {dims});
  return op.getResult();
}

/// `squint.positions` as a value of another shape, with `form`'s steps.
Value FindPositions::makePositions(OpBuilder &b, const PositionForm &form,
                                   Value like) {
  Location loc = like.getLoc();
  Dims dims = *getDims(like);
  bool isFlat = dims[0] != batch || dims.size() == 1 || form.factors[0] != 0;
  Value value = isFlat ? flat : positions;
  Type element = getTensorElement(like);
  auto apply = [&](auto make) {
    Operation *op = make(cast<RankedTensorType>(value.getType()));
    setDims(op, {*getDims(value)});
    value = op->getResult(0);
  };
  auto number = [&](double by) -> Value {
    auto type = RankedTensorType::get({}, b.getI64Type());
    return ConstantOp::create(
        b, loc,
        DenseElementsAttr::get(type, ArrayRef(static_cast<int64_t>(by))));
  };
  int64_t factor = 1;
  for (int64_t f : form.factors)
    factor = f ? f : factor;
  if (factor != 1)
    apply([&](RankedTensorType type) {
      return onnx::MulOp::create(b, loc, type, value, number(factor));
    });
  if (form.constant != 0)
    apply([&](RankedTensorType type) {
      return onnx::AddOp::create(b, loc, type, value, number(form.constant));
    });
  if (!element.isInteger(64))
    apply([&](RankedTensorType type) {
      return onnx::CastOp::create(b, loc, type.clone(element), value, "up", 1,
                                  element.isF32()         ? 1
                                  : element.isInteger(32) ? 6
                                                          : 11);
    });
  if (isFlat)
    for (DimExpr &dim : dims)
      dim = dim == tokens ? all : dim;
  return makeReshape(b, loc, value, dims);
}

/// Puts positions in the place of a value that counts tokens, where it is used
/// for something else than counting.
bool FindPositions::replacePositions(Operation *op) {
  auto counts = [&](Value value) {
    std::optional<PositionForm> form = forms.get(value);
    return form && !form->isChoice && !form->isNumber();
  };
  if (isa<PositionsOp>(op) || op->getNumResults() != 1 ||
      !counts(op->getResult(0)))
    return false;
  Value old = op->getResult(0);
  FailureOr<Dims> dims = getDims(old);
  PositionForm form = *forms.get(old);
  if (failed(dims))
    return false;
  // One dimension counts, and others are of size 1 or sequences.
  for (auto [i, dim] : llvm::enumerate(*dims))
    if (form.factors[i] != 0 ? dim != tokens
                             : !dim.isConstant(1) && !(i == 0 && dim == batch))
      return false;
  if (llvm::count_if(form.factors, [](int64_t f) { return f != 0; }) != 1 ||
      form.constant != std::nearbyint(form.constant))
    return false;
  auto isUse = [&](OpOperand &use) {
    Operation *user = use.getOwner();
    return user->getNumResults() != 1 || !counts(user->getResult(0));
  };
  if (!llvm::any_of(old.getUses(), isUse))
    return false;
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  Value made = makePositions(b, form, old);
  old.replaceUsesWithIf(made, isUse);
  ++numPositions;
  return true;
}

/// The first rows of a table, one a token, become rows by number.
bool FindPositions::replaceTable(onnx::SliceOp op) {
  ConstantOp table = getConstant(op.getData());
  FailureOr<Dims> from = getDims(op.getData()), to = getDims(op.getResult());
  if (!table || failed(from) || failed(to))
    return false;
  std::optional<unsigned> axis;
  for (auto [i, dims] : llvm::enumerate(llvm::zip_equal(*from, *to))) {
    auto [own, kept] = dims;
    if (own == kept)
      continue;
    if (axis || kept != tokens)
      return false;
    axis = i;
  }
  auto are = [](Value value, int64_t number) {
    FailureOr<SmallVector<int64_t>> known = readIntegers(value);
    return succeeded(known) &&
           llvm::all_of(*known, [&](int64_t x) { return x == number; });
  };
  if (!axis || !are(op.getStarts(), 0) ||
      (op.getSteps() && !are(op.getSteps(), 1)))
    return false;
  OpBuilder b(op);
  Dims dims = *to;
  dims[*axis] = all;
  auto rows = onnx::GatherOp::create(b, op.getLoc(), op.getType(), table, flat,
                                     static_cast<int64_t>(*axis));
  setDims(rows, {dims});
  op.getResult().replaceAllUsesWith(rows.getResult());
  ++numPositions;
  return true;
}

/// Makes an operator of shared values one of rows, or gives rows the dimension
/// of sequences where they meet it.
LogicalResult FindPositions::liftOperands(Operation *op) {
  auto isRows = [&](Value value) {
    if (!value || !isa<RankedTensorType>(value.getType()) ||
        !mentionsTokens(value))
      return false;
    std::optional<Place> place = findPlace(value);
    return place && place->isFlat;
  };
  if (llvm::none_of(op->getOperands(), isRows) || op->getNumResults() == 0)
    return success();
  FailureOr<Dims> dims = getDims(op->getResult(0));
  if (failed(dims))
    return op->emitError() << "expected known sizes";
  bool hasBoth = dims->size() > 1 && (*dims)[0] == batch &&
                 batch != DimExpr(1) && llvm::is_contained(*dims, tokens);
  if (!hasBoth) {
    SmallVector<Dims> lifted;
    for (Value result : op->getResults()) {
      FailureOr<Dims> own = getDims(result);
      if (failed(own))
        return op->emitError() << "expected known sizes";
      for (DimExpr &dim : *own)
        dim = dim == tokens ? all : dim;
      lifted.push_back(*own);
    }
    setDims(op, lifted);
    return success();
  }
  if (!isElementwise(op) && !isa<onnx::ExpandOp>(op))
    return op->emitError() << "expected an operator on elements where "
                              "positions meet tokens, got "
                           << op->getName();
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isRows(operand.get()))
      continue;
    Dims own = *getDims(operand.get());
    size_t lead = dims->size() - own.size(), axis = 0;
    Dims wide(lead, DimExpr(1));
    while (own[axis] != all)
      if (!own[axis++].isConstant(1))
        return op->emitError() << "expected positions in the first dimension "
                                  "that is not 1";
    llvm::append_range(wide, own);
    wide[lead + axis] = tokens;
    if (lead + axis == 0)
      return op->emitError() << "expected a dimension of sequences";
    wide[0] = batch;
    OpBuilder b(op);
    operand.set(makeReshape(b, op->getLoc(), operand.get(), wide));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Whether every token is computed alone
//===----------------------------------------------------------------------===//

/// The dimensions up to the tokens' one, that included.
static DimExpr prefixOf(const Dims &dims, unsigned axis) {
  DimExpr product(1);
  for (unsigned i = 0; i <= axis; ++i)
    product = product * dims[i];
  return product;
}

LogicalResult FindPositions::check(Operation *op) {
  if (isa<func::ReturnOp, PositionsOp, DimOp>(op) ||
      op->getDialect()->getNamespace() == "arith")
    return success();
  auto refuse = [&]() -> InFlightDiagnostic {
    return op->emitError() << "expected an operator that computes each token "
                              "alone, for keys and values to be kept, got "
                           << op->getName();
  };
  // Sizes are for shapes.
  if (auto sizes = dyn_cast<tensor::FromElementsOp>(op)) {
    for (OpOperand &use : sizes->getUses())
      if (!(use.getOperandNumber() > 0 &&
            isa<onnx::ReshapeOp, onnx::ExpandOp, onnx::SliceOp>(
                use.getOwner())) &&
          !isa<onnx::ConstantOfShapeOp>(use.getOwner()))
        return use.getOwner()->emitError()
               << "expected a number of tokens to be used in shapes only, for "
                  "keys and values to be kept";
    return success();
  }
  SmallVector<std::pair<unsigned, Place>> in;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa_and_nonnull<RankedTensorType>(operand.get().getType()) ||
        !mentionsTokens(operand.get()))
      continue;
    std::optional<Place> place = findPlace(operand.get());
    if (!place)
      return refuse();
    in.push_back({operand.getOperandNumber(), *place});
  }
  std::optional<Place> out;
  for (Value result : op->getResults()) {
    bool mentions = mentionsTokens(result);
    if (!mentions && in.empty())
      continue;
    out = mentions ? findPlace(result) : std::nullopt;
    // What has no tokens is equal for all of them.
    std::optional<PositionForm> form =
        in.empty() ? forms.get(result) : std::nullopt;
    if (!out && !(form && form->isNumber()))
      return refuse();
    if (in.empty() && !(form && form->isNumber()))
      return refuse();
  }
  if (in.empty())
    return success();
  auto rankOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getRank();
  };
  Value result = op->getResult(0);
  auto isAligned = [&] { // from the last dimension on
    return llvm::all_of(in, [&](const auto &entry) {
      auto [i, place] = entry;
      return place.isFlat == out->isFlat &&
             rankOf(op->getOperand(i)) - place.axis ==
                 rankOf(result) - out->axis;
    });
  };
  auto isOther = [&](int64_t axis) {
    int64_t rank = rankOf(op->getOperand(in[0].first));
    return (axis < 0 ? axis + rank : axis) != in[0].second.axis;
  };
  bool isAlone =
      llvm::TypeSwitch<Operation *, bool>(op)
          .Case([&](squint::AttentionOp) { return true; })
          .Case<EmbeddingOp, RotaryOp>([&](Operation *) { return true; })
          .Case<LinearOp, NormOp>([&](Operation *) {
            return in.size() == 1 && in[0].first == 0 && isOther(-1);
          })
          .Case<onnx::ReshapeOp, onnx::UnsqueezeOp, onnx::SqueezeOp,
                onnx::FlattenOp>([&](Operation *) {
            return prefixOf(*getDims(op->getOperand(0)), in[0].second.axis) ==
                   prefixOf(*getDims(result), out->axis);
          })
          .Case([&](onnx::TransposeOp transpose) {
            return getPermutation(transpose)[out->axis] == in[0].second.axis;
          })
          .Case([&](onnx::ExpandOp) { return isAligned(); })
          .Case<onnx::SplitOp, onnx::ConcatOp, onnx::SoftmaxOp>(
              [&](auto split) { return isOther(split.getAxis()); })
          .Case([&](onnx::SliceOp slice) {
            if (!slice.getAxes())
              return false;
            FailureOr<SmallVector<int64_t>> axes =
                readIntegers(slice.getAxes());
            return succeeded(axes) && llvm::all_of(*axes, isOther);
          })
          .Case([&](onnx::GatherOp gather) {
            return in[0].first == 1
                       ? in.size() == 1
                       : in.size() == 1 && isOther(gather.getAxis());
          })
          .Case([&](onnx::MatMulOp) {
            // The tokens are rows of the left, columns of the right, or apart.
            return llvm::all_of(in, [&](const auto &entry) {
              auto [i, place] = entry;
              int64_t rank = rankOf(op->getOperand(i));
              return place.axis != (i == 0 ? rank - 1 : rank - 2);
            });
          })
          .Default(
              [&](Operation *) { return isElementwise(op) && isAligned(); });
  return isAlone ? success() : LogicalResult(refuse());
}

void FindPositions::runOnOperation() {
  main = getOperation();
  if (main.isExternal() || !main.getBody().hasOneBlock())
    return;
  Block &block = main.getBody().front();
  SmallVector<squint::AttentionOp> attentions(
      block.getOps<squint::AttentionOp>());
  // A model that was built with positions.
  if (!block.getOps<PositionsOp>().empty())
    return;
  if (attentions.empty()) {
    main.emitError() << "expected attentions in a model that is to remember "
                        "its tokens";
    return signalPassFailure();
  }
  for (squint::AttentionOp op : attentions)
    if (failed(orderHeads(op)))
      return signalPassFailure();
  FailureOr<Dims> query = getDims(attentions[0].getQuery());
  if (failed(query) || !DimExpr::isSymbol((*query)[1].str())) {
    attentions[0].emitError() << "expected any number of tokens";
    return signalPassFailure();
  }
  batch = (*query)[0];
  tokens = (*query)[1];
  all = batch * tokens;

  OpBuilder b = OpBuilder::atBlockBegin(&block);
  auto typeOf = [&](const Dims &dims) {
    SmallVector<int64_t> shape;
    for (const DimExpr &dim : dims)
      shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
    return RankedTensorType::get(shape, b.getI64Type());
  };
  forms = PositionForms();
  auto made = PositionsOp::create(b, NameLoc::get(b.getStringAttr("positions")),
                                  typeOf({batch, tokens}), Value());
  setDims(made, {Dims{batch, tokens}});
  positions = made.getResult();
  flat = makeReshape(b, made.getLoc(), positions, {all});
  for (BlockArgument argument : block.getArguments()) {
    StringRef name = nameOf(main, argument);
    auto type = cast<RankedTensorType>(argument.getType());
    FailureOr<Dims> dims = getDims(argument);
    if (name == "attention_mask" && type.getRank() == 2)
      forms.assume(argument, 1);
    if (name == "position_ids" && type.getElementType().isInteger(64) &&
        succeeded(dims) && *dims == Dims{batch, tokens})
      argument.replaceAllUsesWith(positions);
  }
  for (Operation &op : block)
    for (Value result : op.getResults())
      (void)forms.get(result);
  for (squint::AttentionOp op : attentions)
    if (failed(hideLater(op)))
      return signalPassFailure();
  // Nothing is erased before the forms are no longer asked for.
  SmallVector<Operation *> live;
  llvm::DenseSet<Operation *> isLive;
  for (Operation &op : llvm::reverse(block))
    if (op.hasTrait<OpTrait::IsTerminator>() ||
        llvm::any_of(op.getUsers(),
                     [&](Operation *user) { return isLive.contains(user); }))
      isLive.insert(&op);
  for (Operation &op : block)
    if (isLive.contains(&op))
      live.push_back(&op);
  for (Operation *op : live) {
    auto table = dyn_cast<onnx::SliceOp>(op);
    if (replacePositions(op) || (table && replaceTable(table)))
      continue;
    if (failed(liftOperands(op)))
      return signalPassFailure();
  }
  eraseUnused();
  forms = PositionForms();
  for (Operation &op : block)
    if (failed(check(&op)))
      return signalPassFailure();

  llvm::BitVector gone(block.getNumArguments());
  for (BlockArgument argument : block.getArguments()) {
    StringRef name = nameOf(main, argument);
    FailureOr<Dims> dims = getDims(argument);
    bool isPast = succeeded(dims) && llvm::any_of(*dims, [](const DimExpr &d) {
                    return d.isConstant(0);
                  });
    if (!isPast && name != "attention_mask" && name != "position_ids")
      continue;
    if (!argument.use_empty()) {
      (*argument.getUsers().begin())->emitError()
          << "expected '" << name
          << "' to be used for masks, positions and sizes only";
      return signalPassFailure();
    }
    gone.set(argument.getArgNumber());
  }
  if (failed(main.eraseArguments(gone)))
    return signalPassFailure();
}
