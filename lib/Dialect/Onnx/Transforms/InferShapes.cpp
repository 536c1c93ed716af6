//===- InferShapes.cpp - ranked types and symbolic sizes ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "squint/Dialect/Onnx/Passes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace squint::onnx {
#define GEN_PASS_DEF_INFERSHAPES
#include "squint/Dialect/Onnx/Passes.h.inc"

namespace {

/// Makes the evaluated tensors, each distinct one once, at the start of the
/// function.
class Materializer {
public:
  explicit Materializer(func::FuncOp function)
      : builder(function.getContext()) {
    builder.setInsertionPointToStart(&function.getBody().front());
  }

  Value make(Value old, ArrayRef<DimExpr> elements, ArrayRef<int64_t> shape,
             Location loc) {
    // Late symbols are known behind what binds them only.
    if (llvm::any_of(elements, [](const DimExpr &e) { return e.hasLate(); })) {
      Materializer here(builder.getContext());
      if (Operation *op = old.getDefiningOp())
        here.builder.setInsertionPointAfter(op);
      else
        here.builder.setInsertionPointToStart(
            cast<BlockArgument>(old).getOwner());
      return here.makeHere(old, elements, shape, loc);
    }
    return makeHere(old, elements, shape, loc);
  }

private:
  explicit Materializer(MLIRContext *context) : builder(context) {}

  Value makeHere(Value old, ArrayRef<DimExpr> elements, ArrayRef<int64_t> shape,
                 Location loc) {
    auto element =
        cast<IntegerType>(cast<ShapedType>(old.getType()).getElementType());
    auto type = RankedTensorType::get(shape, element);
    std::string key = llvm::join(
        llvm::map_range(elements, [](const DimExpr &e) { return e.str(); }),
        ",");
    llvm::raw_string_ostream(key) << " : " << type;
    Value &tensor = tensors[key];
    if (tensor)
      return tensor;
    SmallVector<APInt> numbers;
    for (const DimExpr &e : elements)
      if (std::optional<int64_t> number = e.getConstant())
        numbers.push_back(APInt(64, *number).sextOrTrunc(element.getWidth()));
    if (numbers.size() == elements.size())
      return tensor = makeConstant(type, numbers, loc);
    // Narrow and unsigned elements have no cast from index; such tensors are
    // computed by their operators.
    if (!element.isSignless() || element.getWidth() < 32)
      return {};
    SmallVector<Value> scalars;
    for (const DimExpr &e : elements)
      scalars.push_back(makeScalar(e, element, loc));
    return tensor = tensor::FromElementsOp::create(builder, loc, type, scalars);
  }

  Value makeConstant(RankedTensorType type, ArrayRef<APInt> numbers,
                     Location loc) {
    auto dense = DenseElementsAttr::get(type, numbers);
    TypedAttr value = dense;
    if (int64_t(dense.getRawData().size()) > 1024 && !dense.isSplat())
      value = builder.getContext()
                  ->getLoadedDialect<SquintDialect>()
                  ->getStores()
                  .create(type, dense.getRawData().size(),
                          [&](MutableArrayRef<char> out) {
                            llvm::copy(dense.getRawData(), out.begin());
                          });
    return squint::ConstantOp::create(builder, loc, value.getType(), value);
  }

  Value makeScalar(const DimExpr &size, IntegerType type, Location loc) {
    Value &value =
        scalars[size.str() + " : i" + std::to_string(type.getWidth())];
    if (value)
      return value;
    if (std::optional<int64_t> number = size.getConstant())
      return value = arith::ConstantIntOp::create(builder, loc, type, *number);
    return value = arith::IndexCastOp::create(
               builder, loc, type, materializeDim(builder, loc, size));
  }

  OpBuilder builder;
  llvm::StringMap<Value> tensors, scalars;
};

} // namespace

bool hasShapeRule(StringRef operation) {
  return ShapeRules::get().lookup(operation);
}

namespace {
struct InferShapes : impl::InferShapesBase<InferShapes> {
  /// Inputs of more elements than this decide no sizes.
  static constexpr int64_t kMostNamed = 64;
  llvm::StringSet<> valueNames;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    valueNames.clear();
    ShapeContext::Choices choices;
    int attempts = 0;
    for (bool isPinned = true; isPinned;) {
      ShapeContext context(function, choices);
      // What was assumed before operators that said so went.
      context.readFacts(function->getAttr(kAssumeAttr));
      auto visit = [&](Block &block) { return visitOps(block, context); };
      context.visitBlock = visit;
      SmallVector<Diagnostic> said;
      LogicalResult visited = success();
      {
        ScopedDiagnosticHandler listen(&getContext(), [&](Diagnostic &d) {
          said.push_back(std::move(d));
          return success();
        });
        visited = success(succeeded(visitArguments(function, context)) &&
                          succeeded(visit(function.getBody().front())));
      }
      if (failed(visited) && nameValues(function, context))
        continue;
      if (failed(visited) && ++attempts < kMostAttempts && next(choices))
        continue;
      for (Diagnostic &diagnostic : said)
        getContext().getDiagEngine().emit(std::move(diagnostic));
      if (failed(visited))
        return signalPassFailure();
      isPinned = pinSymbols(function, context);
      if (isPinned)
        continue;
      replaceEvaluated(function, context);
      keepLate(function, context);
      simplify(function, context);
      if (failed(setTypes(function, context)) ||
          failed(setResults(function, context)))
        return signalPassFailure();
    }
  }

  /// Of branches that cannot both run, as many combinations are looked at.
  static constexpr int kMostAttempts = 64;

  /// The next combination: the last choice changes that still can.
  static bool next(ShapeContext::Choices &choices) {
    while (!choices.empty() && choices.back().second)
      choices.pop_back();
    if (choices.empty())
      return false;
    choices.back().second = true;
    return true;
  }

  /// Puts numbers in place of the arguments' symbols that no other number can
  /// stand for; whether there were any.
  bool pinSymbols(func::FuncOp function, ShapeContext &context) {
    bool isPinned = false;
    for (const auto &[left, relation, text] : context.getAssumptions()) {
      StringRef symbol = left;
      int64_t number;
      if (relation != "==" || !DimExpr::isSymbol(symbol) ||
          StringRef(text).getAsInteger(10, number))
        continue;
      for (BlockArgument argument : function.getArguments()) {
        FailureOr<SmallVector<DimExpr>> dims = getDims(argument);
        auto type = cast<RankedTensorType>(argument.getType());
        SmallVector<int64_t> shape(type.getShape());
        for (auto [dim, size] : llvm::zip_equal(*dims, shape)) {
          if (dim.str() != symbol)
            continue;
          dim = size = number;
          isPinned = true;
        }
        argument.setType(type.clone(shape));
        function.setArgAttr(argument.getArgNumber(), kDimsAttr,
                            getDimsAttr(&getContext(), *dims));
      }
      // What was evaluated before asks for the symbol.
      function.walk([&](DimOp op) {
        if (op.getSymbol() != symbol)
          return;
        OpBuilder builder(op);
        op.replaceAllUsesWith(
            arith::ConstantIndexOp::create(builder, op.getLoc(), number)
                .getResult());
        op.erase();
      });
    }
    if (isPinned)
      function.setFunctionType(FunctionType::get(
          &getContext(), function.getBody().getArgumentTypes(),
          function.getResultTypes()));
    return isPinned;
  }

  /// What the runtime reads; floats in units of 2^-32.
  static bool isNamed(Type element) {
    return isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element) ||
           element.isSignlessInteger(16) || element.isSignlessInteger(32) ||
           element.isSignlessInteger(64);
  }

  /// Where a rule failed for want of the content of inputs, names the elements
  /// of those that it depends on; whether there were any.
  bool nameValues(func::FuncOp function, ShapeContext &context) {
    SetVector<Value> slice;
    slice.insert(context.op->operand_begin(), context.op->operand_end());
    bool hasNamed = false;
    for (unsigned i = 0; i < slice.size(); ++i) {
      Value value = slice[i];
      if (Operation *op = value.getDefiningOp()) {
        slice.insert(op->operand_begin(), op->operand_end());
        continue;
      }
      auto argument = cast<BlockArgument>(value);
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (argument.getOwner() != &function.getBody().front() || !type ||
          !context.getWanted().contains(value) || !type.hasStaticShape() ||
          type.getNumElements() > kMostNamed ||
          !isNamed(type.getElementType()) ||
          function.getArgAttr(argument.getArgNumber(), kValuesAttr))
        continue;
      auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                        kNameAttr);
      std::string base = name ? name.str() : "";
      // Names that only differ in what symbols cannot hold.
      if (!valueNames.insert(DimExpr::valueSymbol(base, 0)).second)
        base += "_" + std::to_string(argument.getArgNumber());
      valueNames.insert(DimExpr::valueSymbol(base, 0));
      SmallVector<Attribute> symbols;
      for (int64_t j = 0; j < type.getNumElements(); ++j)
        symbols.push_back(
            StringAttr::get(&getContext(), DimExpr::valueSymbol(base, j)));
      function.setArgAttr(argument.getArgNumber(), kValuesAttr,
                          ArrayAttr::get(&getContext(), symbols));
      hasNamed = true;
    }
    return hasNamed;
  }

  LogicalResult visitArguments(func::FuncOp function, ShapeContext &context) {
    for (BlockArgument argument : function.getArguments()) {
      FailureOr<SmallVector<DimExpr>> dims = getDims(argument);
      if (failed(dims))
        return function.emitOpError() << "expected squint.dims for argument "
                                      << argument.getArgNumber();
      if (failed(context.set(argument, *dims)))
        return failure();
      auto symbols = function.getArgAttrOfType<ArrayAttr>(
          argument.getArgNumber(), kValuesAttr);
      if (!symbols)
        continue;
      Dims known;
      for (Attribute symbol : symbols)
        if (auto text = dyn_cast<StringAttr>(symbol);
            text && DimExpr::isValueSymbol(text.getValue()) &&
            DimExpr::isSymbol(text.getValue()))
          known.push_back(DimExpr::symbol(text.getValue()));
      auto type = cast<RankedTensorType>(argument.getType());
      if (!type.hasStaticShape() ||
          static_cast<int64_t>(known.size()) != type.getNumElements())
        return function.emitOpError()
               << "expected a symbol for each element of argument "
               << argument.getArgNumber() << " in " << kValuesAttr << ", got "
               << symbols;
      context.setValues(argument, std::move(known));
    }
    return success();
  }

  LogicalResult visitOps(Block &block, ShapeContext &context) {
    for (Operation &op : block) {
      context.op = &op;
      if (auto constant = dyn_cast<squint::ConstantOp>(op)) {
        if (failed(visitTyped(op, context)))
          return failure();
        if (std::optional<Dims> known = readConstantValues(constant.getValue()))
          context.setValues(constant.getResult(), std::move(*known));
      } else if (auto elements = dyn_cast<tensor::FromElementsOp>(op)) {
        Dims known;
        for (Value scalar : elements.getElements())
          if (std::optional<DimExpr> e = readDimExpr(scalar))
            known.push_back(*e);
        if (failed(visitTyped(op, context)))
          return failure();
        if (known.size() == elements.getElements().size())
          context.setValues(elements.getResult(), std::move(known));
      } else if (ShapeRules::Rule rule =
                     ShapeRules::get().lookup(op.getName().getStringRef())) {
        if (failed(rule(&op, context)))
          return failure();
        context.op = &op;
      } else if (isa<OnnxDialect, msft::MsftDialect>(op.getDialect()) &&
                 !isa<YieldOp>(op)) {
        return context.refuse() << "expected an operator whose result shapes "
                                   "can be inferred (not supported yet)";
      } else if (failed(visitTyped(op, context))) {
        return failure();
      }
    }
    return success();
  }

  /// An operation whose types and attributes say the shapes of its results.
  LogicalResult visitTyped(Operation &op, ShapeContext &context) {
    for (Value result : op.getResults()) {
      if (!isa<ShapedType>(result.getType()))
        continue;
      FailureOr<SmallVector<DimExpr>> dims = getDims(result);
      if (failed(dims))
        return op.emitOpError() << "expected squint.dims for the results";
      if (failed(context.set(result, *dims)))
        return failure();
    }
    return success();
  }

  void replaceEvaluated(func::FuncOp function, ShapeContext &context) {
    Materializer materializer(function);
    SmallVector<std::pair<Value, const Dims *>> evaluated;
    for (const auto &entry : context.getEvaluated())
      evaluated.emplace_back(entry.first, entry.second.get());
    for (auto [value, elements] : evaluated) {
      Operation *op = value.getDefiningOp();
      if (value.use_empty() || (op && !isa<OnnxDialect>(op->getDialect())))
        continue;
      std::optional<SmallVector<int64_t>> shape = context.staticShape(value);
      auto type = dyn_cast<ShapedType>(value.getType());
      if (!shape || !type || !isa<IntegerType>(type.getElementType()))
        continue;
      Value tensor =
          materializer.make(value, *elements, *shape, value.getLoc());
      if (!tensor)
        continue;
      ++numEvaluated;
      value.replaceAllUsesWith(tensor);
      (void)context.set(tensor, Dims(context.shape(value)));
      context.setValues(tensor, Dims(*elements));
    }
  }

  /// A region without a result becomes one that does nothing.
  void clearDead(ShapeContext &context) {
    for (const auto &[region, reason] : context.getDeadRegions()) {
      Block &block = region->front();
      block.getParentOp()->emitWarning()
          << "a branch has no result for these shapes, and a run that takes it "
             "ends with an error: "
          << reason;
      block.dropAllUses();
      Operation *end = block.getTerminator();
      end->setOperands({});
      while (&block.front() != end) {
        Operation &last = *std::prev(end->getIterator());
        last.dropAllUses();
        last.erase();
      }
    }
  }

  /// Takes out what does nothing, and then everything without a use.
  void simplify(func::FuncOp function, ShapeContext &context) {
    clearDead(context);
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> ops;
    function.walk<WalkOrder::PostOrder>(
        [&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops) {
      if (auto branch = dyn_cast<IfOp>(op)) {
        std::optional<bool> isThen = context.getTaken(op);
        if (!isThen)
          continue;
        Block &taken =
            (*isThen ? branch.getThenBranch() : branch.getElseBranch()).front();
        Operation *yield = taken.getTerminator();
        rewriter.inlineBlockBefore(&taken, branch);
        rewriter.replaceOp(branch, yield->getOperands());
        rewriter.eraseOp(yield);
      }
    }
    ops.clear();
    function.walk<WalkOrder::PostOrder>(
        [&](Operation *op) { ops.push_back(op); });
    for (Operation *op : llvm::reverse(ops)) {
      if (auto dropout = dyn_cast<DropoutOp>(op)) {
        if (!dropout.getTrainingMode() &&
            (!dropout.getMask() || dropout.getMask().use_empty()))
          dropout.getOutput().replaceAllUsesWith(dropout.getData());
      } else if (auto identity = dyn_cast<IdentityOp>(op)) {
        identity.getOutput().replaceAllUsesWith(identity.getInput());
      }
      if (isOpTriviallyDead(op))
        rewriter.eraseOp(op);
    }
  }

  LogicalResult setTypes(func::FuncOp function, ShapeContext &context) {
    WalkResult result = function.getBody().walk([&](Operation *op) {
      if (!isa<OnnxDialect, msft::MsftDialect>(op->getDialect()))
        return WalkResult::advance();
      SmallVector<SmallVector<DimExpr>> all;
      for (Value value : op->getResults()) {
        ArrayRef<DimExpr> dims = context.shape(value);
        all.emplace_back(dims);
        SmallVector<int64_t> shape;
        for (const DimExpr &dim : dims)
          shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
        auto type = cast<ShapedType>(value.getType());
        if (!context.isKnown(value))
          return WalkResult(op->emitOpError()
                            << "expected a shape for every result");
        value.setType(RankedTensorType::get(shape, type.getElementType()));
      }
      setDims(op, all);
      setRegions(op, context);
      ShapeContext::Late late = context.getLate(op);
      setOrRemove(op, kLateAttr, lateAttr(late), late.empty());
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  ArrayAttr factsAttr(const ShapeContext::Facts &facts) {
    SmallVector<Attribute> all;
    for (const auto &fact : facts) {
      SmallVector<Attribute> texts;
      for (const std::string &text : fact)
        texts.push_back(StringAttr::get(&getContext(), text));
      all.push_back(ArrayAttr::get(&getContext(), texts));
    }
    return ArrayAttr::get(&getContext(), all);
  }

  static void setOrRemove(Operation *op, StringRef name, ArrayAttr list,
                          bool isEmpty) {
    if (isEmpty)
      op->removeAttr(name);
    else
      op->setAttr(name, list);
  }

  /// The types of the inputs of a loop's body, and what its regions assume.
  void setRegions(Operation *op, ShapeContext &context) {
    SmallVector<Attribute> dims, facts;
    bool hasFacts = false, isDynamic = false;
    for (Region &region : op->getRegions()) {
      for (BlockArgument argument : region.getArguments()) {
        SmallVector<int64_t> shape;
        for (const DimExpr &dim : context.shape(argument))
          shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
        auto type = cast<ShapedType>(argument.getType());
        argument.setType(RankedTensorType::get(shape, type.getElementType()));
        dims.push_back(getDimsAttr(&getContext(), context.shape(argument)));
        isDynamic |= ShapedType::isDynamicShape(shape);
      }
      ShapeContext::Facts assumed = context.getAssumptions(region);
      // Those that hold everywhere are the function's.
      llvm::erase_if(assumed, [&](const auto &fact) {
        return llvm::is_contained(context.getAssumptions(), fact);
      });
      facts.push_back(factsAttr(assumed));
      hasFacts |= !assumed.empty();
    }
    if (op->getNumRegions() == 0)
      return;
    setOrRemove(op, kBodyDimsAttr, ArrayAttr::get(&getContext(), dims),
                !isDynamic);
    setOrRemove(op, kAssumeAttr, ArrayAttr::get(&getContext(), facts),
                !hasFacts);
  }

  ArrayAttr lateAttr(const ShapeContext::Late &late) {
    SmallVector<Attribute> all;
    for (const auto &[symbol, bound] : late)
      all.push_back(ArrayAttr::get(&getContext(),
                                   {StringAttr::get(&getContext(), symbol),
                                    StringAttr::get(&getContext(), bound)}));
    return ArrayAttr::get(&getContext(), all);
  }

  /// Operators that bind symbols stay for them.
  void keepLate(func::FuncOp function, ShapeContext &context) {
    function.walk([&](Operation *op) {
      if (context.getLate(op).empty() || op->getNumResults() == 0 ||
          llvm::any_of(op->getUsers(),
                       [](Operation *user) { return isa<KeepOp>(user); }))
        return;
      OpBuilder builder(op->getContext());
      builder.setInsertionPointAfter(op);
      KeepOp::create(builder, op->getLoc(), op->getResult(0));
    });
  }

  /// The function's type, and what it says of its results. A declared size must
  /// not be another number.
  LogicalResult setResults(func::FuncOp function, ShapeContext &context) {
    auto end = cast<func::ReturnOp>(function.getBody().front().getTerminator());
    for (auto [i, value] : llvm::enumerate(end.getOperands())) {
      ArrayRef<DimExpr> dims = context.shape(value);
      StringRef name = "";
      if (auto attribute =
              function.getResultAttrOfType<StringAttr>(i, kNameAttr))
        name = attribute.getValue();
      auto declared = function.getResultAttrOfType<ArrayAttr>(i, kDimsAttr);
      auto fail = [&] {
        return function.emitOpError() << "result '" << name << "': ";
      };
      if (declared && declared.size() != dims.size())
        return fail() << "expected " << declared.size() << " dimensions, got "
                      << dims.size();
      for (size_t j = 0; declared && j < dims.size(); ++j) {
        int64_t size;
        auto text = dyn_cast<StringAttr>(declared[j]);
        std::optional<int64_t> got = dims[j].getConstant();
        if (text && got && !text.getValue().getAsInteger(10, size) &&
            size != *got)
          return fail() << "expected a size of " << size << " for dimension "
                        << j << ", got " << *got;
      }
      function.setResultAttr(i, kDimsAttr, getDimsAttr(&getContext(), dims));
    }
    function.setFunctionType(FunctionType::get(
        &getContext(), function.getArgumentTypes(), end.getOperandTypes()));
    setOrRemove(function, kAssumeAttr, factsAttr(context.getAssumptions()),
                context.getAssumptions().empty());
    setOrRemove(function, kLateAttr, lateAttr(context.getLate()),
                context.getLate().empty());
    return success();
  }
};
} // namespace
} // namespace squint::onnx
