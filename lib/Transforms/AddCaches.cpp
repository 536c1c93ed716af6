//===- AddCaches.cpp - a language model that remembers ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "BalanceKeys.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Dialect/Squint/State.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <string>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_ADDCACHES
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

namespace {

/// Codes that kernels of integers read together.
constexpr int64_t kVector = 16;

/// Attention looks at the first tokens of all, whatever they say: they stay f16
/// where others become few bits (KVQuant, arXiv:2401.18079). A vector of them.
constexpr int64_t kFirstTokens = 16;

struct AddCaches : squint::impl::AddCachesBase<AddCaches> {
  using AddCachesBase::AddCachesBase;
  void runOnOperation() override;

private:
  using Dims = SmallVector<DimExpr>;

  FailureOr<int64_t> findContext();
  LogicalResult placeCaches(ArrayRef<squint::AttentionOp> attentions);
  FailureOr<CacheAttr> describe(squint::AttentionOp op);
  Value addArgument(RankedTensorType type, ArrayRef<NamedAttribute> attributes);
  LogicalResult keepLastTokens();
  NamedAttribute named(StringRef name, Attribute value) {
    return {StringAttr::get(&getContext(), name), value};
  }
  NamedAttribute dims(ArrayRef<DimExpr> sizes) {
    return named(kDimsAttr, getDimsAttr(&getContext(), sizes));
  }

  func::FuncOp main;
  DimExpr batch, tokens;
  SmallVector<CacheAttr> caches; // their strides are all 0 at first
  int64_t stride = 0, front = 0;
};

} // namespace

/// The longest sequence that the model says it takes.
FailureOr<int64_t> AddCaches::findContext() {
  if (context > 0)
    return static_cast<int64_t>(context);
  std::string name = tokens.str();
  auto facts = main->getAttrOfType<ArrayAttr>(kAssumeAttr);
  for (Attribute entry : facts ? facts.getValue() : ArrayRef<Attribute>()) {
    auto fact = dyn_cast<ArrayAttr>(entry);
    if (!fact || fact.size() != 3)
      continue;
    auto text = [&](unsigned i) { return dyn_cast<StringAttr>(fact[i]); };
    int64_t most;
    if (text(0) && text(1) && text(2) && text(0).getValue() == name &&
        text(1).getValue() == "<=" &&
        !text(2).getValue().getAsInteger(10, most) && most > 0)
      return most;
  }
  if (std::optional<int64_t> constant = tokens.getConstant())
    return *constant;
  return main.emitError() << "expected a model that says how long its "
                             "sequences may be, or the option 'context' "
                             "(squintc --context=N)";
}

FailureOr<CacheAttr> AddCaches::describe(squint::AttentionOp op) {
  auto query = getDims(op.getQuery()), key = getDims(op.getKey());
  auto isHeadsFirst = [&] {
    return op.getHeadsFirst() && llvm::is_contained(*op.getHeadsFirst(), true);
  };
  if (failed(query) || failed(key) || !op.getCausal() || op.getMask() ||
      isHeadsFirst() || (*query)[0] != (*key)[0] || (*query)[1] != (*key)[1])
    return op.emitError() << "expected causal attention of a sequence to "
                             "itself, tokens before heads, to keep its keys "
                             "and values";
  if (caches.empty()) {
    batch = (*query)[0];
    tokens = (*query)[1];
  } else if ((*query)[0] != batch || (*query)[1] != tokens) {
    return op.emitError() << "expected the tokens of the other attentions";
  }
  bool isNarrow = format == "int4" || format == "int2";
  std::string every = isNarrow ? format + ":group=32,min" : format;
  std::string texts[] = {every, every};
  auto own = op->getAttrOfType<DictionaryAttr>(kCacheFormatAttr);
  if (own) {
    texts[0] = own.getAs<StringAttr>("keys").getValue();
    texts[1] = own.getAs<StringAttr>("values").getValue();
  }
  Format formats[2];
  for (auto [text, result] : llvm::zip(texts, formats)) {
    llvm::Expected<Format> parsed = Format::parse(text, FormatRole::Activation);
    if (!parsed)
      return op.emitError() << "expected a format for the cache, got '" << text
                            << "': " << llvm::toString(parsed.takeError());
    result = *parsed;
    text = parsed->str();
  }
  if (llvm::Error error = CacheLayout::check(formats[0], formats[1]))
    return op.emitError() << llvm::toString(std::move(error));
  bool isGrouped = formats[0].granularity == Granularity::Group;
  if (own) {
    auto recent = own.getAs<IntegerAttr>("recent");
    bool alongTokens = own.contains("keys_along");
    if (isGrouped != alongTokens ||
        (recent &&
         (!isGrouped || recent.getInt() != CacheLayout::kBlockTokens)))
      return op.emitError()
             << "expected keys in groups along tokens, of which the last "
             << CacheLayout::kBlockTokens
             << " stay f16, or keys by token, of which none does, got "
             << kCacheFormatAttr << " = " << own;
  }
  auto shapeOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  };
  ArrayRef<int64_t> k = shapeOf(op.getKey()), v = shapeOf(op.getValue());
  for (int64_t size : {k[2], k[3], v[3]})
    if (ShapedType::isDynamic(size))
      return op.emitError() << "expected heads of a static size";
  if (auto integers = op->getAttrOfType<StringAttr>(kActivationFormatAttr);
      integers && (texts[0] != integers.getValue() || texts[1] != texts[0] ||
                   k[3] % kVector || v[3] % kVector))
    return op.emitError() << "expected keys and values of int8 by token and of "
                             "a multiple of 16 elements for attention in "
                             "integers, got '"
                          << texts[0] << "' of " << k[3] << " and '" << texts[1]
                          << "' of " << v[3] << " (squintc --cache=int8)";
  // Integers have one scale for all of a key; those that queries become do,
  // too.
  if (formats[0].isInteger() && !isGrouped &&
      !op->hasAttr(kActivationFormatAttr))
    numBalanced += balanceKeys(op);
  auto emit = [&] { return op.emitError(); };
  function_ref<InFlightDiagnostic()> refuse = emit;
  auto cache = CacheAttr::getChecked(
      refuse, &getContext(), StringRef(texts[0]), StringRef(texts[1]), k[2],
      k[3], v[3], stride, stride, isGrouped ? kFirstTokens : 0, front, front);
  if (!cache)
    return failure();
  CacheLayout layout = CacheLayout::get(cache);
  auto grow = [&](int64_t bytes, int64_t &all) {
    int64_t whole;
    return !llvm::MulOverflow(bytes, k[2], whole) &&
           !llvm::AddOverflow(all, whole, all);
  };
  if (!grow(layout.headBytes, stride) || !grow(layout.frontBytes, front))
    return op.emitError() << "expected a cache that fits in memory";
  return cache;
}

LogicalResult AddCaches::placeCaches(ArrayRef<squint::AttentionOp> attentions) {
  for (squint::AttentionOp op : attentions) {
    FailureOr<CacheAttr> cache = describe(op);
    if (failed(cache))
      return failure();
    caches.push_back(*cache);
  }
  for (CacheAttr &cache : caches)
    cache = CacheAttr::get(&getContext(), cache.getKeys(), cache.getValues(),
                           cache.getHeads(), cache.getKeySize(),
                           cache.getValueSize(), cache.getOffset(), stride,
                           cache.getFirst(), front, cache.getFrontOffset());
  return success();
}

Value AddCaches::addArgument(RankedTensorType type,
                             ArrayRef<NamedAttribute> attributes) {
  unsigned number = main.getNumArguments();
  (void)main.insertArgument(number, type,
                            DictionaryAttr::get(&getContext(), attributes),
                            main.getLoc());
  return main.getArgument(number);
}

/// The tokens that an operator makes others of, each by itself and for one use.
static OpOperand *getTokens(Operation *op) {
  if (!op || !op->hasOneUse())
    return nullptr;
  return llvm::TypeSwitch<Operation *, OpOperand *>(op)
      .Case<NormOp, DequantizeOp, HadamardOp>(
          [](auto made) { return &made.getInputMutable(); })
      .Case([](QuantizeOp made) {
        return made.getImage() ? nullptr : &made.getInputMutable();
      })
      .Default(nullptr);
}

/// The head computes the last tokens only, as many as an input says.
LogicalResult AddCaches::keepLastTokens() {
  Operation *end = main.getBody().front().getTerminator();
  auto head = end->getNumOperands() == 1
                  ? end->getOperand(0).getDefiningOp<LinearOp>()
                  : LinearOp();
  FailureOr<Dims> sizes = head ? getDims(head.getResult()) : FailureOr<Dims>();
  if (failed(sizes) || sizes->size() != 3 || (*sizes)[1] != tokens ||
      !head->hasOneUse())
    return main.emitError() << "expected a model whose only result is what a "
                               "linear makes of every token";
  Builder builder(&getContext());
  std::string symbol = DimExpr::valueSymbol("logits_to_keep", 0);
  addArgument(RankedTensorType::get({1}, builder.getI64Type()),
              {named(kNameAttr, builder.getStringAttr("logits_to_keep")),
               dims({DimExpr(1)}),
               named(kValuesAttr, builder.getStrArrayAttr({symbol}))});
  DimExpr kept =
      DimExpr::min(tokens, DimExpr::max(DimExpr::symbol(symbol), DimExpr(1)));

  // What works token by token does so on the last ones only.
  OpOperand *operand = &head.getInputMutable();
  SmallVector<Operation *> behind{head};
  while (OpOperand *input = getTokens(operand->get().getDefiningOp())) {
    operand = input;
    behind.push_back(operand->getOwner());
  }
  auto shorten = [&](Value value) -> std::pair<Dims, Type> {
    Dims all = *getDims(value);
    all[1] = kept;
    auto shortened = [](ArrayRef<int64_t> sizes) {
      SmallVector<int64_t> shape(sizes);
      shape[1] = ShapedType::kDynamic;
      return shape;
    };
    if (auto packed = dyn_cast<PackedType>(value.getType()))
      return {all, PackedType::get(shortened(packed.getShape()),
                                   packed.getFormatAttr(), packed.getLayout())};
    auto type = cast<RankedTensorType>(value.getType());
    return {all, type.clone(shortened(type.getShape()))};
  };
  OpBuilder at(behind.back());
  auto [all, type] = shorten(operand->get());
  auto last = LastTokensOp::create(at, head.getLoc(), type, operand->get());
  setDims(last, {all});
  operand->set(last);
  for (Operation *op : llvm::reverse(behind)) {
    auto [all, type] = shorten(op->getResult(0));
    op->getResult(0).setType(type);
    setDims(op, {all});
  }
  main.setResultAttr(0, kDimsAttr,
                     getDimsAttr(&getContext(), *getDims(head.getResult())));
  return success();
}

void AddCaches::runOnOperation() {
  caches.clear();
  stride = front = 0;
  main = getOperation().lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock()) {
    getOperation().emitError() << "expected a function 'main' with one block";
    return signalPassFailure();
  }
  SmallVector<squint::AttentionOp> attentions;
  SmallVector<PositionsOp> positions;
  main.walk([&](squint::AttentionOp op) { attentions.push_back(op); });
  main.walk([&](PositionsOp op) { positions.push_back(op); });
  if (attentions.empty() || positions.empty()) {
    main.emitError() << "expected attentions and squint.positions in a model "
                        "that is to remember its tokens";
    return signalPassFailure();
  }
  if (failed(placeCaches(attentions)))
    return signalPassFailure();
  FailureOr<int64_t> context = findContext();
  if (failed(context) || failed(keepLastTokens()))
    return signalPassFailure();

  Builder builder(&getContext());
  auto rowOf = [](Type element) {
    return RankedTensorType::get({ShapedType::kDynamic}, element);
  };
  auto state = [&](StringRef what) {
    return named(kStateAttr, builder.getStringAttr(what));
  };
  Value lengths = addArgument(rowOf(builder.getI64Type()),
                              {dims({batch}), state("lengths")});
  DimExpr bytes = DimExpr::symbol("cache");
  Value cache =
      addArgument(rowOf(builder.getI8Type()), {dims({bytes}), state("cache")});

  for (PositionsOp op : positions)
    op.getLengthsMutable().assign(lengths);
  auto copyFormat = [](Operation *from, Operation *to) {
    if (Attribute format = from->getAttr(kActivationFormatAttr))
      to->setAttr(kActivationFormatAttr, format);
  };
  for (size_t i = 0; i < attentions.size(); ++i) {
    squint::AttentionOp op = attentions[i];
    CacheAttr layout = caches[i];
    OpBuilder at(op);
    auto append = [&](bool recent) {
      auto result =
          AppendCacheOp::create(at, op.getLoc(), cache.getType(), op.getKey(),
                                op.getValue(), cache, lengths, layout, recent);
      copyFormat(op, result);
      setDims(result, {Dims{bytes}});
      cache = result.getResult();
    };
    bool isGrouped = CacheLayout::get(layout).isGrouped;
    SmallVector<Value> own;
    if (isGrouped)
      own.append({op.getKey(), op.getValue()});
    append(/*recent=*/false);
    auto attention = CachedAttentionOp::create(
        at, op.getLoc(), op.getResult().getType(), op.getQuery(), cache,
        lengths, own, layout, op.getScaleAttr(), op.getWindowAttr());
    copyFormat(op, attention);
    setDims(attention, {*getDims(op.getResult())});
    if (isGrouped)
      append(/*recent=*/true);
    op.replaceAllUsesWith(attention.getResult());
    op.erase();
  }
  Operation *end = main.getBody().front().getTerminator();
  end->insertOperands(1, cache);
  SmallVector<DictionaryAttr> results;
  main.getAllResultAttrs(results);
  results.push_back(builder.getDictionaryAttr({dims({bytes}), state("cache")}));
  main.setFunctionType(
      builder.getFunctionType(main.getArgumentTypes(), end->getOperandTypes()));
  main.setAllResultAttrs(results);

  SmallVector<Attribute> layouts(caches.begin(), caches.end());
  getOperation()->setAttr(
      kStateAttr, builder.getDictionaryAttr(
                      {named("block_bytes", builder.getI64IntegerAttr(stride)),
                       named("caches", builder.getArrayAttr(layouts)),
                       named("context", builder.getI64IntegerAttr(*context)),
                       named("front_bytes", builder.getI64IntegerAttr(front)),
                       named("sequences", builder.getStringAttr(batch.str())),
                       named("tokens", builder.getStringAttr(tokens.str()))}));
  numCaches += caches.size();
}
