//===- LanguageModel.cpp - decoders from their sizes ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LanguageModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include <cmath>

using namespace mlir;
using namespace squint;

/// What `squint.constant` takes inline.
static constexpr size_t kInlineBytes = 1024;

// name, activation, interleaved rotary pairs, norms of queries and keys, norms
// behind, scaled embedding, joined weights, period of windows, their base.
static constexpr Architecture kArchitectures[] = {
    {"llama", Architecture::Silu, true, false, false, false, false, 0, 0},
    {"qwen2", Architecture::Silu, false, false, false, false, false, 0, 0},
    {"qwen3", Architecture::Silu, false, true, false, false, false, 0, 0},
    {"gemma3", Architecture::GeluTanh, false, true, true, true, false, 6, 1e4},
    {"phi3", Architecture::Silu, false, false, false, false, true, 0, 0},
};

ArrayRef<Architecture> squint::getArchitectures() { return kArchitectures; }

const Architecture *squint::lookupArchitecture(StringRef name) {
  const auto *found = llvm::find_if(
      kArchitectures, [&](const auto &known) { return known.name == name; });
  return found == std::end(kArchitectures) ? nullptr : found;
}

namespace {
struct TensorName {
  llvm::StringLiteral gguf, huggingFace;
};
} // namespace

static constexpr TensorName kModelNames[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

// Behind `blk.N.` and `model.layers.N.`.
static constexpr TensorName kLayerNames[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_k", "self_attn.k_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"attn_qkv", "self_attn.qkv_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"attn_output", "self_attn.o_proj"},
    {"post_attention_norm", "post_attention_layernorm"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
};

std::string squint::getHuggingFaceName(const Architecture &architecture,
                                       StringRef tensor) {
  auto [stem, kind] = tensor.rsplit('.');
  ArrayRef<TensorName> names = kModelNames;
  std::string prefix;
  if (stem.consume_front("blk.")) {
    StringRef layer;
    std::tie(layer, stem) = stem.split('.');
    prefix = ("model.layers." + layer + ".").str();
    names = kLayerNames;
  }
  StringRef name;
  for (const TensorName &known : names)
    if (known.gguf == stem)
      name = known.huggingFace;
  if (stem == "ffn_norm" && architecture.postNorms)
    name = "pre_feedforward_layernorm";
  if (stem == "ffn_up" && architecture.joinedWeights)
    name = "mlp.gate_up_proj";
  return name.empty() ? "" : (prefix + name + "." + kind).str();
}

double squint::getAttentionScale(const LanguageModel &model) {
  // The largest Gemma scales by the width of a head as if they shared the
  // embedding.
  bool isShared = model.architecture->name == "gemma3" && model.layers == 62;
  return 1 / std::sqrt(
                 double(isShared ? model.width / model.heads : model.headSize));
}

WeightSource::~WeightSource() = default;

namespace {
using Dims = SmallVector<DimExpr>;

/// A weight, its rows if a matrix has others too, and its bias.
struct Part {
  StringRef tensor;
  int64_t first, rows, total;
};

class ModelBuilder {
public:
  ModelBuilder(ModuleOp module, const LanguageModel &model,
               WeightSource &weights,
               const std::map<std::string, int64_t> &pins)
      : module(module), model(model), kind(*model.architecture),
        weights(weights), pins(pins), b(module.getLoc(), module.getContext()) {}

  LogicalResult build();

private:
  /// Cosines and sines of every token's angles.
  struct Angles {
    Value cos, sin;
  };

  void setNode(const Twine &name) {
    b.setLoc(NameLoc::get(b.getStringAttr(name), module.getLoc()));
  }
  RankedTensorType typeOf(ArrayRef<DimExpr> dims, Type element);
  template <typename OpTy, typename... Args>
  Value make(ArrayRef<DimExpr> dims, Type element, Args &&...args) {
    auto op =
        OpTy::create(b, typeOf(dims, element), std::forward<Args>(args)...);
    setDims(op, {Dims(dims)});
    return op->getResult(0);
  }
  template <typename OpTy, typename... Args>
  Value makeFloats(ArrayRef<DimExpr> dims, Args &&...args) {
    return make<OpTy>(dims, b.getF32Type(), std::forward<Args>(args)...);
  }
  /// Inline if there are few.
  template <typename T>
  Value constant(ArrayRef<T> values, Type element, ArrayRef<int64_t> shape) {
    auto type = RankedTensorType::get(shape, element);
    ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()),
                         values.size() * sizeof(T));
    if (bytes.size() <= kInlineBytes)
      return squint::ConstantOp::create(b,
                                        DenseElementsAttr::get(type, values));
    DataStores &stores =
        b.getContext()->getLoadedDialect<SquintDialect>()->getStores();
    DataAttr data = stores.create(
        type, int64_t(bytes.size()),
        [&](MutableArrayRef<char> out) { llvm::copy(bytes, out.begin()); });
    return squint::ConstantOp::create(b, cast<TypedAttr>(data));
  }
  Value floats(ArrayRef<float> values, ArrayRef<int64_t> shape) {
    return constant(values, b.getF32Type(), shape);
  }
  Value integers(ArrayRef<int64_t> values) {
    return constant(values, b.getI64Type(), int64_t(values.size()));
  }
  Value toFloats(Value value, ArrayRef<DimExpr> dims) {
    constexpr int64_t f32 = 1; // as the standard numbers types
    return makeFloats<onnx::CastOp>(dims, value, StringAttr(), IntegerAttr(),
                                    b.getI64IntegerAttr(f32));
  }
  Value reshape(Value value, ArrayRef<DimExpr> dims);
  Value scale(Value value, double factor, ArrayRef<DimExpr> dims);

  FailureOr<Value> norm(Value value, StringRef tensor, int64_t size,
                        ArrayRef<DimExpr> dims);
  FailureOr<Value> linear(Value value, StringRef node, Part part,
                          int64_t columns);
  Angles makeAngles(Value positions, bool isWindow);
  FailureOr<Value> embed(Value ids);
  FailureOr<Value> attend(Value x, int64_t layer, const Angles &angles);
  FailureOr<Value> feedForward(Value x, int64_t layer);
  /// Heads [B, S, count, size] of what a linear makes.
  FailureOr<Value> makeHeads(Value x, const Twine &node, Part part,
                             int64_t count, int64_t size);
  FailureOr<Value> turnHeads(Value heads, const Twine &node, StringRef norm,
                             int64_t count, const Angles &angles);

  ModuleOp module;
  const LanguageModel &model;
  const Architecture &kind;
  WeightSource &weights;
  const std::map<std::string, int64_t> &pins;
  ImplicitLocOpBuilder b;
  DimExpr batch, sequence;
  Value table;
};
} // namespace

RankedTensorType ModelBuilder::typeOf(ArrayRef<DimExpr> dims, Type element) {
  SmallVector<int64_t> shape;
  for (const DimExpr &dim : dims)
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

Value ModelBuilder::reshape(Value value, ArrayRef<DimExpr> dims) {
  // 0 keeps a size.
  SmallVector<int64_t> sizes;
  for (const DimExpr &dim : dims)
    sizes.push_back(dim.getConstant().value_or(0));
  return makeFloats<onnx::ReshapeOp>(dims, value, integers(sizes));
}

Value ModelBuilder::scale(Value value, double factor, ArrayRef<DimExpr> dims) {
  return makeFloats<onnx::MulOp>(dims, value,
                                 floats({static_cast<float>(factor)}, {}));
}

FailureOr<Value> ModelBuilder::norm(Value value, StringRef tensor, int64_t size,
                                    ArrayRef<DimExpr> dims) {
  Value factors =
      weights.getVector(b, (tensor + ".weight").str(), 0, size, size);
  if (!factors)
    return failure();
  setNode(tensor);
  return makeFloats<NormOp>(dims, value, factors, /*bias=*/Value(),
                            /*centered=*/UnitAttr(),
                            b.getF64FloatAttr(model.epsilon));
}

FailureOr<Value> ModelBuilder::linear(Value value, StringRef node, Part part,
                                      int64_t columns) {
  std::string tensor = (part.tensor + ".weight").str(),
              bias = (part.tensor + ".bias").str();
  Value weight =
      weights.getMatrix(b, tensor, part.first, part.rows, part.total, columns);
  Value addend =
      weight && weights.has(bias)
          ? weights.getVector(b, bias, part.first, part.rows, part.total)
          : Value();
  if (!weight || (weights.has(bias) && !addend))
    return failure();
  if (std::vector<int64_t> order = weights.getInputOrder(tensor);
      !order.empty()) {
    setNode(node + "_inputs");
    value = makeFloats<onnx::GatherOp>({batch, sequence, columns}, value,
                                       integers(order), b.getI64IntegerAttr(2));
  }
  setNode(node);
  return makeFloats<LinearOp>({batch, sequence, part.rows}, value, weight,
                              addend);
}

ModelBuilder::Angles ModelBuilder::makeAngles(Value positions, bool isWindow) {
  double base = isWindow ? model.windowBase : model.base,
         divisor = isWindow ? 1 : model.positionScale;
  std::vector<float> frequencies;
  for (int64_t i = 0; i < model.rotated; i += 2) {
    double frequency =
        std::pow(base, -double(i) / double(model.rotated)) / divisor;
    if (!isWindow && !model.factors.empty())
      frequency /= double(model.factors[i / 2]);
    frequencies.push_back(static_cast<float>(frequency));
  }
  auto pairs = static_cast<int64_t>(frequencies.size());
  setNode(isWindow ? "angles.window" : "angles");
  Dims dims{batch, sequence, pairs};
  Value column = reshape(positions, {batch, sequence, 1});
  Value angles =
      makeFloats<onnx::MulOp>(dims, column, floats(frequencies, {pairs}));
  Angles result{makeFloats<onnx::CosOp>(dims, angles),
                makeFloats<onnx::SinOp>(dims, angles)};
  if (!isWindow && model.magnitude != 1)
    for (Value *each : {&result.cos, &result.sin})
      *each = scale(*each, model.magnitude, dims);
  return result;
}

FailureOr<Value> ModelBuilder::embed(Value ids) {
  table = weights.getMatrix(b, "token_embd.weight", 0, model.vocabulary,
                            model.vocabulary, model.width);
  if (!table)
    return failure();
  setNode("token_embd");
  Dims dims{batch, sequence, model.width};
  Type element = cast<RankedTensorType>(table.getType()).getElementType();
  Value x = make<EmbeddingOp>(dims, element, table, ids);
  if (!element.isF32())
    x = toFloats(x, dims);
  if (!kind.scaledEmbedding)
    return x;
  setNode("token_embd_scaled");
  return scale(x, std::sqrt(double(model.width)), dims);
}

FailureOr<Value> ModelBuilder::makeHeads(Value x, const Twine &node, Part part,
                                         int64_t count, int64_t size) {
  FailureOr<Value> y = linear(x, node.str(), part, model.width);
  if (failed(y))
    return failure();
  setNode(node + "_heads");
  return reshape(*y, {batch, sequence, count, size});
}

FailureOr<Value> ModelBuilder::turnHeads(Value heads, const Twine &node,
                                         StringRef norm, int64_t count,
                                         const Angles &angles) {
  Dims dims{batch, sequence, count, model.headSize};
  if (kind.queryKeyNorms) {
    FailureOr<Value> normal = this->norm(heads, norm, model.headSize, dims);
    if (failed(normal))
      return failure();
    heads = *normal;
  }
  setNode(node + "_rotary");
  return makeFloats<RotaryOp>(dims, heads, angles.cos, angles.sin,
                              model.interleavedRotary ? b.getUnitAttr()
                                                      : UnitAttr());
}

FailureOr<Value> ModelBuilder::attend(Value x, int64_t layer,
                                      const Angles &angles) {
  std::string p = "blk." + std::to_string(layer) + ".";
  Dims dims{batch, sequence, model.width};
  FailureOr<Value> h = norm(x, p + "attn_norm", model.width, dims);
  if (failed(h))
    return failure();

  int64_t queries = model.heads * model.headSize,
          keys = model.keyHeads * model.headSize,
          values = model.keyHeads * model.valueSize,
          all = queries + keys + values;
  std::string joined = p + "attn_qkv",
              own[] = {p + "attn_q", p + "attn_k", p + "attn_v"};
  Part parts[] = {{own[0], 0, queries, queries},
                  {own[1], 0, keys, keys},
                  {own[2], 0, values, values}};
  if (kind.joinedWeights) {
    parts[0] = {joined, 0, queries, all};
    parts[1] = {joined, queries, keys, all};
    parts[2] = {joined, queries + keys, values, all};
  }
  FailureOr<Value> q = makeHeads(*h, own[0], parts[0], model.heads,
                                 model.headSize),
                   k = failure(), v = failure();
  if (succeeded(q))
    q = turnHeads(*q, own[0], own[0] + "_norm", model.heads, angles);
  if (succeeded(q))
    k = makeHeads(*h, own[1], parts[1], model.keyHeads, model.headSize);
  if (succeeded(k))
    k = turnHeads(*k, own[1], own[1] + "_norm", model.keyHeads, angles);
  if (succeeded(k))
    v = makeHeads(*h, own[2], parts[2], model.keyHeads, model.valueSize);
  if (failed(v))
    return failure();

  setNode(p + "attn");
  IntegerAttr window;
  if (model.hasWindow[layer])
    window = b.getI64IntegerAttr(model.window);
  Value y = makeFloats<AttentionOp>(
      {batch, sequence, model.heads, model.valueSize}, *q, *k, *v,
      /*mask=*/Value(),
      b.getF32FloatAttr(static_cast<float>(model.attentionScale)),
      /*heads_first=*/nullptr, b.getUnitAttr(), window);
  int64_t outputs = model.heads * model.valueSize;
  y = reshape(y, {batch, sequence, outputs});
  std::string output = p + "attn_output";
  FailureOr<Value> o =
      linear(y, output, {output, 0, model.width, model.width}, outputs);
  if (succeeded(o) && kind.postNorms)
    o = norm(*o, p + "post_attention_norm", model.width, dims);
  if (failed(o))
    return failure();
  setNode(p + "attn_residual");
  return makeFloats<onnx::AddOp>(dims, x, *o);
}

FailureOr<Value> ModelBuilder::feedForward(Value x, int64_t layer) {
  std::string p = "blk." + std::to_string(layer) + ".";
  Dims dims{batch, sequence, model.width}, wide{batch, sequence, model.hidden};
  FailureOr<Value> h = norm(x, p + "ffn_norm", model.width, dims);
  if (failed(h))
    return failure();
  std::string gateName = p + "ffn_gate", upName = p + "ffn_up",
              downName = p + "ffn_down";
  Part gatePart{gateName, 0, model.hidden, model.hidden},
      upPart{upName, 0, model.hidden, model.hidden};
  if (kind.joinedWeights) {
    gatePart = {upName, 0, model.hidden, 2 * model.hidden};
    upPart = {upName, model.hidden, model.hidden, 2 * model.hidden};
  }
  FailureOr<Value> gate = linear(*h, gateName, gatePart, model.width),
                   up = failure();
  if (succeeded(gate))
    up = linear(*h, upName, upPart, model.width);
  if (failed(up))
    return failure();
  setNode(p + "ffn_activation");
  Value active;
  switch (kind.activation) {
  case Architecture::Silu:
    active = makeFloats<onnx::MulOp>(wide, *gate,
                                     makeFloats<onnx::SigmoidOp>(wide, *gate));
    break;
  case Architecture::GeluTanh:
    active = makeFloats<onnx::GeluOp>(wide, *gate, b.getStringAttr("tanh"));
    break;
  }
  active = makeFloats<onnx::MulOp>(wide, active, *up);
  FailureOr<Value> down = linear(
      active, downName, {downName, 0, model.width, model.width}, model.hidden);
  if (succeeded(down) && kind.postNorms)
    down = norm(*down, p + "post_ffw_norm", model.width, dims);
  if (failed(down))
    return failure();
  setNode(p + "ffn_residual");
  return makeFloats<onnx::AddOp>(dims, x, *down);
}

LogicalResult ModelBuilder::build() {
  auto dim = [&](const char *name) {
    auto pin = pins.find(name);
    return pin == pins.end() ? DimExpr::symbol(name) : DimExpr(pin->second);
  };
  for (const auto &pin : pins)
    if (pin.first != "batch" && pin.first != "sequence")
      return module.emitError() << "expected batch or sequence, got dimension '"
                                << pin.first << "'";
  batch = dim("batch");
  sequence = dim("sequence");

  auto type = typeOf({batch, sequence}, b.getI64Type());
  b.setInsertionPointToEnd(module.getBody());
  auto main = func::FuncOp::create(b, "main", b.getFunctionType({type}, {}));
  Block *block = main.addEntryBlock();
  b.setInsertionPointToEnd(block);
  Value ids = block->getArgument(0);
  setNode("input_ids");
  ids.setLoc(b.getLoc());

  setNode("positions");
  Value positions =
      make<PositionsOp>({batch, sequence}, b.getI64Type(), Value());
  positions = toFloats(positions, {batch, sequence});
  Angles angles, windowAngles;
  if (!llvm::all_of(model.hasWindow, [](bool own) { return own; }) ||
      !kind.windowBase)
    angles = makeAngles(positions, false);
  windowAngles = angles;
  if (kind.windowBase && llvm::is_contained(model.hasWindow, true))
    windowAngles = makeAngles(positions, true);

  FailureOr<Value> x = embed(ids);
  for (int64_t i = 0; i < model.layers && succeeded(x); ++i) {
    x = attend(*x, i, model.hasWindow[i] ? windowAngles : angles);
    if (succeeded(x))
      x = feedForward(*x, i);
  }
  if (succeeded(x))
    x = norm(*x, "output_norm", model.width, {batch, sequence, model.width});
  if (failed(x))
    return failure();
  if (weights.has("output.weight")) {
    x = linear(*x, "output", {"output", 0, model.vocabulary, model.vocabulary},
               model.width);
  } else {
    setNode("output");
    x = makeFloats<LinearOp>({batch, sequence, model.vocabulary}, *x, table,
                             Value());
  }
  if (failed(x))
    return failure();
  b.setLoc(module.getLoc());
  func::ReturnOp::create(b, ValueRange(*x));
  main.setFunctionType(b.getFunctionType({type}, {x->getType()}));

  auto describe = [&](StringRef name, ArrayRef<DimExpr> dims) {
    return b.getDictionaryAttr(
        {b.getNamedAttr(kNameAttr, b.getStringAttr(name)),
         b.getNamedAttr(kDimsAttr, getDimsAttr(b.getContext(), dims))});
  };
  main.setAllArgAttrs(ArrayRef(describe("input_ids", {batch, sequence})));
  main.setAllResultAttrs(
      ArrayRef(describe("logits", {batch, sequence, model.vocabulary})));
  // A longer sequence is an error of the run.
  if (std::optional<int64_t> length = sequence.getConstant()) {
    if (*length > model.context)
      return module.emitError()
             << "expected a sequence of at most " << model.context
             << " tokens, the model's context, got " << *length;
  } else {
    std::string longest = std::to_string(model.context);
    main->setAttr(
        kAssumeAttr,
        b.getArrayAttr({b.getStrArrayAttr({"sequence", "<=", longest})}));
  }
  return success();
}

LogicalResult
squint::buildLanguageModel(ModuleOp module, const LanguageModel &model,
                           WeightSource &weights,
                           const std::map<std::string, int64_t> &dims) {
  return ModelBuilder(module, model, weights, dims).build();
}
