//===- AddLora.cpp - adapters beside the layers they are for ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MapWeights.h"
#include "Raise.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Dialect/Squint/Training.h"
#include "squint/Import/LoraAdapter.h"
#include "squint/Numerics/TensorView.h"
#include "squint/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_ADDLORA
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

//===----------------------------------------------------------------------===//
// Which module is which linear
//===----------------------------------------------------------------------===//

namespace {
/// The linears of a model by their names.
class Names {
public:
  explicit Names(ModuleOp module);

  /// The linear of every module, in their order. An error says what is missing
  /// or ambiguous.
  llvm::Expected<SmallVector<LinearOp>>
  find(ArrayRef<LoraModule> modules) const;

private:
  using Owners = SmallVector<LinearOp, 1>;
  /// The linears of a name when `left` is left out of it, or out of theirs.
  struct Prefix {
    std::string left;
    bool ofModule = true;
  };
  Owners lookup(StringRef module, const Prefix &prefix) const;
  std::vector<Prefix> getPrefixes(StringRef module) const;

  /// Ordered, for what is printed.
  std::map<std::string, Owners> owners;
};
} // namespace

Names::Names(ModuleOp module) {
  module.walk([&](LinearOp op) {
    SmallVector<std::string> names;
    Value weight = op.getWeight();
    if (auto dequantize = weight.getDefiningOp<DequantizeOp>())
      weight = dequantize.getInput();
    if (auto constant = weight.getDefiningOp<ConstantOp>()) {
      StringRef name = getNodeName(constant);
      if (name.consume_back(".weight"))
        names.push_back(name.str());
    }
    StringRef node = getNodeName(op).ltrim('/');
    std::string path = node.rsplit('/').first.str();
    std::replace(path.begin(), path.end(), '/', '.');
    names.push_back(path);
    std::string whole = node.str();
    std::replace(whole.begin(), whole.end(), '/', '.');
    names.push_back(whole);
    for (const std::string &name : names)
      if (Owners &all = owners[name];
          !name.empty() && !llvm::is_contained(all, op))
        all.push_back(op);
  });
}

Names::Owners Names::lookup(StringRef module, const Prefix &prefix) const {
  std::string name = module.str();
  if (!prefix.ofModule)
    name = prefix.left + name;
  else if (module.consume_front(prefix.left))
    name = module.str();
  else
    return {};
  auto found = owners.find(name);
  return found == owners.end() ? Owners() : found->second;
}

/// Those with which the module has a linear, the shortest first.
std::vector<Names::Prefix> Names::getPrefixes(StringRef module) const {
  std::vector<Prefix> prefixes;
  for (const auto &[name, _] : owners) {
    StringRef longer = module, shorter = name;
    bool ofModule = longer.size() > shorter.size();
    if (!ofModule)
      std::swap(longer, shorter);
    if (longer.consume_back(shorter) && longer.ends_with("."))
      prefixes.push_back({longer.str(), ofModule});
  }
  llvm::sort(prefixes, [](const Prefix &a, const Prefix &b) {
    return std::make_tuple(a.left.size(), StringRef(a.left), a.ofModule) <
           std::make_tuple(b.left.size(), StringRef(b.left), b.ofModule);
  });
  return prefixes;
}

llvm::Expected<SmallVector<LinearOp>>
Names::find(ArrayRef<LoraModule> modules) const {
  auto findAll = [&](const Prefix &prefix) {
    return llvm::map_to_vector(modules, [&](const LoraModule &module) {
      return lookup(module.name, prefix);
    });
  };
  auto count = [](ArrayRef<Owners> found) {
    return llvm::count_if(found,
                          [](const Owners &owners) { return !owners.empty(); });
  };
  SmallVector<Owners> found = findAll({});
  if (!count(found))
    for (const Prefix &prefix : getPrefixes(modules.front().name))
      if (SmallVector<Owners> other = findAll(prefix);
          count(other) > count(found))
        found = std::move(other);

  std::string missing;
  SmallVector<LinearOp> result;
  llvm::DenseMap<Operation *, StringRef> taken;
  for (auto [module, linears] : llvm::zip_equal(modules, found)) {
    if (linears.empty()) {
      missing += (missing.empty() ? "'" : ", '") + module.name + "'";
      continue;
    }
    if (linears.size() > 1) {
      std::string text;
      for (LinearOp op : linears)
        text += (text.empty() ? "'" : ", '") + getNodeName(op).str() + "'";
      return llvm::createStringError(
          "expected one linear for module '%s', got %s", module.name.c_str(),
          text.c_str());
    }
    auto [place, isNew] = taken.try_emplace(linears.front(), module.name);
    if (!isNew)
      return llvm::createStringError(
          "expected a linear for each module, got '%s' for both '%s' and '%s'",
          getNodeName(linears.front()).str().c_str(),
          place->second.str().c_str(), module.name.c_str());
    result.push_back(linears.front());
  }
  if (missing.empty())
    return result;
  std::string known;
  size_t shown = 0;
  for (const auto &[name, _] : owners)
    if (!name.empty() && shown++ < 12)
      known += (known.empty() ? "'" : ", '") + name + "'";
  return llvm::createStringError(
      "expected linears for all modules, got none for %s; there are %s%s",
      missing.c_str(), known.empty() ? "none" : known.c_str(),
      shown > 12 ? ", ..." : "");
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct AddLora : squint::impl::AddLoraBase<AddLora> {
  using AddLoraBase::AddLoraBase;
  LogicalResult initialize(MLIRContext *context) override;
  void runOnOperation() override;

private:
  LogicalResult check(const LoraAdapter &adapter, const LoraModule &module,
                      LinearOp op);
  void place(const LoraAdapter &adapter, const LoraModule &module, LinearOp op);
  LogicalResult mergeInto(const LoraAdapter &adapter, const LoraModule &module,
                          LinearOp op);
};
} // namespace

LogicalResult AddLora::initialize(MLIRContext *context) {
  if (adapter.empty())
    return emitError(UnknownLoc::get(context)) << "expected an adapter";
  return success();
}

static Type getElement(const SafetensorsEntry &entry, MLIRContext *context) {
  Builder builder(context);
  return entry.type == "F16"    ? builder.getF16Type()
         : entry.type == "BF16" ? builder.getBF16Type()
                                : builder.getF32Type();
}

/// The numbers of a matrix, row by row.
static std::vector<float> read(const LoraAdapter &adapter,
                               const SafetensorsEntry &entry) {
  auto type = entry.type == "F16"    ? squint::FloatType::F16
              : entry.type == "BF16" ? squint::FloatType::BF16
                                     : squint::FloatType::F32;
  std::vector<float> numbers(entry.shape[0] * entry.shape[1]);
  TensorView(adapter.bytes(entry).data(), type, entry.shape)
      .readRows(0, entry.shape[0], numbers.data());
  return numbers;
}

LogicalResult AddLora::check(const LoraAdapter &adapter,
                             const LoraModule &module, LinearOp op) {
  auto type = cast<RankedTensorType>(op.getWeight().getType());
  if (module.a->shape[1] != type.getDimSize(1) ||
      module.b->shape[0] != type.getDimSize(0))
    return op.emitError() << "expected module '" << module.name << "' of "
                          << type.getDimSize(1) << " inputs and "
                          << type.getDimSize(0) << " outputs, got "
                          << module.a->shape[1] << " and "
                          << module.b->shape[0];
  if (!isa<mlir::FloatType>(type.getElementType()) ||
      op.getInput().getDefiningOp<DequantizeOp>())
    return refusal(op.emitError()) << "expected a linear of floats for module '"
                                   << module.name << "', got one of codes";
  if (op->hasAttr(kMergedNormAttr))
    return refusal(op.emitError())
           << "expected a linear with nothing merged into its weight for "
              "module '"
           << module.name << "', got one with a normalization";
  for (const SafetensorsEntry *entry : {module.a, module.b})
    if (!llvm::all_of(read(adapter, *entry),
                      [](float number) { return std::isfinite(number); }))
      return op.emitError()
             << "expected finite numbers in tensor '" << entry->name << "'";
  return success();
}

void AddLora::place(const LoraAdapter &adapter, const LoraModule &module,
                    LinearOp op) {
  OpBuilder builder(op);
  builder.setInsertionPointAfter(op);
  DataStores &stores =
      getContext().getLoadedDialect<SquintDialect>()->getStores();
  auto create = [&](const SafetensorsEntry &entry) -> Value {
    ArrayRef<char> bytes = adapter.bytes(entry);
    auto type =
        RankedTensorType::get(entry.shape, getElement(entry, &getContext()));
    DataAttr data =
        stores.create(type, bytes.size(), [&](MutableArrayRef<char> out) {
          llvm::copy(bytes, out.begin());
        });
    return ConstantOp::create(builder,
                              NameLoc::get(builder.getStringAttr(entry.name)),
                              cast<TypedAttr>(data));
  };
  Value a = create(*module.a), b = create(*module.b);
  auto lora = LoraOp::create(builder, op.getLoc(), op.getType(), op.getInput(),
                             a, b, op.getResult(),
                             builder.getF32FloatAttr(float(module.scale)));
  if (FailureOr<SmallVector<DimExpr>> dims = getDims(op.getResult());
      succeeded(dims))
    setDims(lora, {*dims});
  op.getResult().replaceAllUsesExcept(lora.getResult(), lora);
}

LogicalResult AddLora::mergeInto(const LoraAdapter &adapter,
                                 const LoraModule &module, LinearOp op) {
  if (!isFloatConstant(op.getWeight()))
    return op.emitError() << "expected a float weight to merge module '"
                          << module.name << "' into, got one of codes";
  std::vector<float> a = read(adapter, *module.a), b = read(adapter, *module.b);
  size_t rank = module.a->shape[0];
  FailureOr<TypedAttr> sum =
      mapRows(op, getConstant(op.getWeight()).getValue(),
              [&](int64_t row, MutableArrayRef<double> values) {
                for (size_t j = 0; j < rank; ++j) {
                  double factor = module.scale * b[row * rank + j];
                  for (size_t k = 0; k < values.size(); ++k)
                    values[k] += factor * a[j * values.size() + k];
                }
              });
  if (failed(sum))
    return failure();
  replaceConstant(op.getWeightMutable(), *sum);
  return success();
}

void AddLora::runOnOperation() {
  auto fail = [&](llvm::Error error) {
    emitError(UnknownLoc::get(&getContext()))
        << llvm::toString(std::move(error));
    signalPassFailure();
  };
  llvm::Expected<std::unique_ptr<LoraAdapter>> opened =
      LoraAdapter::open(adapter);
  if (!opened)
    return fail(opened.takeError());
  const LoraAdapter &file = **opened;
  llvm::Expected<SmallVector<LinearOp>> linears =
      Names(getOperation()).find(file.modules());
  if (!linears)
    return fail(
        llvm::createStringError("'%s': %s", adapter.c_str(),
                                llvm::toString(linears.takeError()).c_str()));
  for (auto [module, op] : llvm::zip_equal(file.modules(), *linears)) {
    if (failed(check(file, module, op)))
      return signalPassFailure();
    if (!merge)
      place(file, module, op);
    else if (failed(mergeInto(file, module, op)))
      return signalPassFailure();
    ++numModules;
  }
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
