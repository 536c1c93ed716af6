//===- MachineLearning.cpp - operators of ai.onnx.ml --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "MachineLearning.h"
#include "Chain.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace squint {
namespace {

llvm::Error unsupported(const char *what) {
  return llvm::createStringError(std::errc::not_supported, "expected %s", what);
}

class MlBuilder {
public:
  MlBuilder(const Node &node, NodeBuilder &builder)
      : node(node), b(builder), c(builder) {}

  llvm::Expected<Value> binarizer();
  llvm::Expected<Value> featureExtractor();
  llvm::Expected<Value> labelEncoder();
  llvm::Expected<Value> treeEnsemble();

private:
  template <typename AttrT> AttrT get(StringRef name) const {
    return dyn_cast_or_null<AttrT>(node.attributes.get(name));
  }
  int64_t integer(StringRef name, int64_t otherwise) const {
    auto number = get<IntegerAttr>(name);
    return number ? number.getInt() : otherwise;
  }
  ArrayRef<int64_t> integers(StringRef name) const {
    auto numbers = get<DenseI64ArrayAttr>(name);
    return numbers ? numbers.asArrayRef() : ArrayRef<int64_t>();
  }
  /// A constant of `Type element`.
  Value table(ArrayRef<double> numbers, ArrayRef<int64_t> shape, Type element) {
    auto type = RankedTensorType::get(shape, b.builder.getF64Type());
    Value wide = b.createConstant(b.tensors.make(
        type, ArrayRef<char>(reinterpret_cast<const char *>(numbers.data()),
                             sizeof(double) * numbers.size())));
    return c.cast(wide, element);
  }
  Value truths(ArrayRef<bool> numbers) {
    SmallVector<double> floats(numbers.begin(), numbers.end());
    return table(floats, {int64_t(floats.size())}, b.builder.getI1Type());
  }
  Value integersOf(ArrayRef<int64_t> numbers) { return b.createInts(numbers); }
  /// The elements of a float or 8-bit tensor attribute.
  std::optional<SmallVector<double>> numbers(StringRef name) const;
  llvm::Expected<Value> finish(Value value) {
    if (c.error)
      return std::move(c.error);
    return value;
  }
  /// A list of keys or values in one of its forms; null where there is none.
  llvm::Expected<Value> list(StringRef prefix);
  /// What one comparison says of the features of all nodes.
  Value compare(int64_t mode, Value features, Value splits, Value members,
                Value isMissing);

  const Node &node;
  NodeBuilder &b;
  Chain c;
};

std::optional<SmallVector<double>> MlBuilder::numbers(StringRef name) const {
  SmallVector<double> result;
  auto value = dyn_cast_or_null<TypedAttr>(node.attributes.get(name));
  auto type =
      value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
  if (!type)
    return std::nullopt;
  std::vector<char> scratch;
  llvm::Expected<ArrayRef<char>> bytes = getConstantBytes(value, scratch);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return std::nullopt;
  }
  Type element = type.getElementType();
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    auto read = [&](auto number) {
      std::memcpy(&number, bytes->data() + i * sizeof(number), sizeof(number));
      result.push_back(static_cast<double>(number));
    };
    if (element.isF32())
      read(float());
    else if (element.isF64())
      read(double());
    else if (element.isInteger(8))
      read(uint8_t());
    else
      return std::nullopt;
  }
  return result;
}

llvm::Expected<Value> MlBuilder::binarizer() {
  Value x = node.operands.front();
  auto threshold = get<FloatAttr>("threshold");
  llvm::Expected<Value> bound =
      b.createScalar(x, threshold ? threshold.getValueAsDouble() : 0);
  if (!bound)
    return bound.takeError();
  return finish(c.cast(c.make("Greater", {x, *bound}),
                       getElementTypeOrSelf(x.getType())));
}

llvm::Expected<Value> MlBuilder::featureExtractor() {
  if (node.operands.size() != 2 || !node.operands[1])
    return llvm::createStringError("expected two operands");
  // The positions are a list, whatever their shape.
  Value positions = c.make("Reshape", {node.operands[1], b.createInts(-1)});
  return finish(
      c.make("Gather", {node.operands[0], positions}, c.attribute("axis", -1)));
}

llvm::Expected<Value> MlBuilder::list(StringRef prefix) {
  if (auto given = get<DenseI64ArrayAttr>((prefix + "_int64s").str()))
    return b.createInts(given.asArrayRef());
  if (auto given = get<DenseF32ArrayAttr>((prefix + "_floats").str()))
    return b.createConstant(b.tensors.make(
        RankedTensorType::get(given.size(), b.builder.getF32Type()),
        ArrayRef<char>(
            reinterpret_cast<const char *>(given.asArrayRef().data()),
            sizeof(float) * given.size())));
  auto tensor = dyn_cast_or_null<TypedAttr>(
      node.attributes.get((prefix + "_tensor").str()));
  if (tensor &&
      isa<IntegerType, FloatType>(getElementTypeOrSelf(tensor.getType())))
    return b.createConstant(tensor);
  return unsupported("keys and values that are numbers");
}

llvm::Expected<Value> MlBuilder::labelEncoder() {
  Value x = node.operands.front();
  llvm::Expected<Value> keys = list("keys");
  if (!keys)
    return keys.takeError();
  llvm::Expected<Value> values = list("values");
  if (!values)
    return values.takeError();
  auto count = cast<ShapedType>(keys->getType()).getNumElements();
  if (count == 0 ||
      cast<ShapedType>(values->getType()).getNumElements() != count)
    return llvm::createStringError("expected as many values as keys");
  Type element = getElementTypeOrSelf(values->getType());
  Value otherwise;
  if (auto tensor =
          dyn_cast_or_null<TypedAttr>(node.attributes.get("default_tensor"))) {
    otherwise = c.make("Squeeze", b.createConstant(tensor));
  } else {
    auto number = get<FloatAttr>("default_float");
    llvm::Expected<Value> scalar = b.createScalar(
        *values, isa<FloatType>(element)
                     ? (number ? number.getValueAsDouble() : -0.0)
                     : double(integer("default_int64", -1)));
    if (!scalar)
      return scalar.takeError();
    otherwise = *scalar;
  }
  // [..., 1] against [keys]: the first that is equal. From version 4 on a NaN
  // is the key NaN.
  Value apart = c.make("Unsqueeze", {x, b.createInts(-1)});
  Value row = c.make("Reshape", {*keys, b.createInts(-1)});
  Value equal = c.make("Equal", {apart, row});
  if (node.opset >= 4 && isa<FloatType>(getElementTypeOrSelf(x.getType())))
    equal = c.make("Or", {equal, c.make("And", {c.make("IsNaN", apart),
                                                c.make("IsNaN", row)})});
  equal = c.cast(equal, b.builder.getI32Type());
  Value at = c.make("ArgMax", equal,
                    {c.attribute("axis", -1), c.attribute("keepdims", 0)});
  Value found = c.cast(c.make("ReduceMax", {equal, b.createInts(-1)},
                              c.attribute("keepdims", 0)),
                       b.builder.getI1Type());
  Value picked =
      c.make("Gather", {c.make("Reshape", {*values, b.createInts(-1)}), at},
             c.attribute("axis", 0));
  return finish(c.make("Where", {found, picked, otherwise}));
}

Value MlBuilder::compare(int64_t mode, Value features, Value splits,
                         Value members, Value isMissing) {
  static constexpr StringLiteral names[] = {
      "LessOrEqual", "Less", "GreaterOrEqual", "Greater", "Equal"};
  Value holds;
  if (mode < 5) {
    holds = c.make(names[mode], {features, splits});
  } else if (mode == 5) {
    holds = c.make("Not", c.make("Equal", {features, splits}));
  } else {
    Value equal = c.cast(
        c.make("Equal",
               {c.make("Unsqueeze", {features, b.createInts(-1)}), members}),
        b.builder.getI32Type());
    holds = c.cast(c.make("ReduceMax", {equal, b.createInts(-1)},
                          c.attribute("keepdims", 0)),
                   b.builder.getI1Type());
  }
  return isMissing ? c.make("Or", {holds, isMissing}) : holds;
}

/// Nodes and leaves are one table, leaves behind the nodes and their own
/// children, so that after as many steps as the deepest tree has levels each
/// tree of each row is at its leaf.
llvm::Expected<Value> MlBuilder::treeEnsemble() {
  constexpr int64_t kMostModes = 7;
  Value x = node.operands.front();
  Type element = getElementTypeOrSelf(x.getType()), i1 = b.builder.getI1Type();
  ArrayRef<int64_t> features = integers("nodes_featureids"),
                    yes = integers("nodes_truenodeids"),
                    no = integers("nodes_falsenodeids"),
                    yesLeafs = integers("nodes_trueleafs"),
                    noLeafs = integers("nodes_falseleafs"),
                    targets = integers("leaf_targetids"),
                    roots = integers("tree_roots"),
                    missing = integers("nodes_missing_value_tracks_true");
  std::optional<SmallVector<double>> splits = numbers("nodes_splits"),
                                     modes = numbers("nodes_modes"),
                                     weights = numbers("leaf_weights"),
                                     members = numbers("membership_values");
  int64_t count = features.size(), leaves = targets.size(),
          numTargets = integer("n_targets", 1);
  auto fits = [&](ArrayRef<int64_t> list) {
    return int64_t(list.size()) == count;
  };
  if (!isa<FloatType>(element) || !splits || !modes || !weights || count == 0 ||
      !fits(yes) || !fits(no) || !fits(yesLeafs) || !fits(noLeafs) ||
      int64_t(splits->size()) != count || int64_t(modes->size()) != count ||
      int64_t(weights->size()) != leaves || leaves == 0 || roots.empty() ||
      !(missing.empty() || fits(missing)) || numTargets < 1 ||
      numTargets > (1 << 20) / leaves)
    return llvm::createStringError(
        "expected lists of one length for nodes and for leaves");
  int64_t aggregate = integer("aggregate_function", 1);
  if (aggregate > 1 || integer("post_transform", 0) != 0)
    return unsupported("sums or averages of the trees without a transform");

  // Children in the table, and how deep it goes.
  SmallVector<int64_t> next[2];
  for (int64_t i = 0; i < count; ++i)
    for (auto [side, child, leaf] : {std::tuple(0, no[i], noLeafs[i]),
                                     std::tuple(1, yes[i], yesLeafs[i])}) {
      if (child < 0 || child >= (leaf ? leaves : count))
        return llvm::createStringError(
            "expected nodes and leaves that are there, got %lld",
            (long long)child);
      next[side].push_back(leaf ? count + child : child);
    }
  SmallVector<bool> here(count);
  for (int64_t root : roots) {
    if (root < 0 || root >= count)
      return llvm::createStringError("expected roots that are nodes");
    here[root] = true;
  }
  int64_t depth = 0;
  for (bool goesOn = true; goesOn; ++depth) {
    if (depth > count)
      return llvm::createStringError("expected trees, got a cycle");
    SmallVector<bool> below(count);
    goesOn = false;
    for (int64_t i = 0; i < count; ++i)
      for (auto &side : next)
        if (here[i] && side[i] < count)
          goesOn = below[side[i]] = true;
    here = std::move(below);
  }

  // The members of each node that compares with several, up to a NaN.
  SmallVector<bool> has[kMostModes];
  for (auto &list : has)
    list.assign(count, false);
  SmallVector<SmallVector<double>> sets(count);
  size_t position = 0, widest = 1;
  for (int64_t i = 0; i < count; ++i) {
    double mode = (*modes)[i];
    if (!(mode >= 0 && mode < kMostModes))
      return llvm::createStringError("expected comparisons of the standard");
    has[int(mode)][i] = true;
    if (int(mode) != kMostModes - 1)
      continue;
    while (members && position < members->size() &&
           !std::isnan((*members)[position]))
      sets[i].push_back((*members)[position++]);
    ++position;
    widest = std::max(widest, sets[i].size());
  }
  if (int64_t(widest) > (1 << 20) / count)
    return unsupported("at most 2^20 members");
  SmallVector<double> flat;
  for (auto &set : sets) {
    set.resize(widest, std::numeric_limits<double>::quiet_NaN());
    llvm::append_range(flat, set);
  }

  // Each comparison of each row: [rows, nodes].
  Value values =
      c.make("Gather", {x, integersOf(features)}, c.attribute("axis", 1));
  Value bounds = table(*splits, {count}, element),
        lists = table(flat, {count, int64_t(widest)}, element), isMissing;
  if (!missing.empty())
    isMissing = c.make(
        "And", {c.make("IsNaN", values), c.cast(integersOf(missing), i1)});
  Value holds;
  for (int64_t mode = 0; mode < kMostModes; ++mode) {
    if (!llvm::is_contained(has[mode], true))
      continue;
    Value one = compare(mode, values, bounds, lists, isMissing);
    holds = holds ? c.make("Where", {truths(has[mode]), one, holds}) : one;
  }
  // Leaves compare with nothing and stay.
  for (int64_t leaf = 0; leaf < leaves; ++leaf)
    for (auto &side : next)
      side.push_back(count + leaf);
  SmallVector<int64_t> paddings{0, 0, 0, leaves};
  holds = c.make("Pad",
                 {c.cast(holds, b.builder.getI32Type()), integersOf(paddings)});
  Value toYes = integersOf(next[1]), toNo = integersOf(next[0]);
  // [rows, trees]
  Value at =
      c.make("Expand",
             {integersOf(roots),
              c.concat({c.sizes(x, 0, 1), integersOf(int64_t(roots.size()))})});
  for (int64_t level = 0; level < depth; ++level) {
    Value chosen = c.cast(
        c.make("GatherElements", {holds, at}, c.attribute("axis", 1)), i1);
    at = c.make("Where",
                {chosen, c.make("Gather", {toYes, at}, c.attribute("axis", 0)),
                 c.make("Gather", {toNo, at}, c.attribute("axis", 0))});
  }
  SmallVector<double> rows((count + leaves) * numTargets);
  for (int64_t leaf = 0; leaf < leaves; ++leaf) {
    if (targets[leaf] < 0 || targets[leaf] >= numTargets)
      return llvm::createStringError("expected targets below n_targets");
    rows[(count + leaf) * numTargets + targets[leaf]] = (*weights)[leaf];
  }
  Value each =
      c.make("Gather", {table(rows, {count + leaves, numTargets}, element), at},
             c.attribute("axis", 0));
  return finish(c.make(aggregate == 1 ? "ReduceSum" : "ReduceMean",
                       {each, integersOf(1)}, c.attribute("keepdims", 0)));
}

using Build = llvm::Expected<Value> (MlBuilder::*)();
constexpr std::pair<StringLiteral, Build> kBuilders[] = {
    {"ArrayFeatureExtractor", &MlBuilder::featureExtractor},
    {"Binarizer", &MlBuilder::binarizer},
    {"LabelEncoder", &MlBuilder::labelEncoder},
    {"TreeEnsemble", &MlBuilder::treeEnsemble},
};
} // namespace

bool isMachineLearningOperator(StringRef name) {
  return llvm::any_of(kBuilders,
                      [&](const auto &entry) { return entry.first == name; });
}

llvm::Expected<Value> buildMachineLearning(const Node &node,
                                           NodeBuilder &builder) {
  for (const auto &[name, build] : kBuilders)
    if (name == node.name) {
      if (node.operands.empty() ||
          !isa<IntegerType, FloatType>(
              getElementTypeOrSelf(node.operands.front().getType())))
        return unsupported("numbers as the first operand");
      return (MlBuilder(node, builder).*build)();
    }
  return unsupported("an operator of ai.onnx.ml on numbers");
}

} // namespace squint
