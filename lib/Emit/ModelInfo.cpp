//===- ModelInfo.cpp - what a module says about its model ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ModelInfo.h"

#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/State.h"
#include "squint/Kernels/Targets.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace squint;

static FailureOr<squint_dtype> getDtype(Type type) {
  auto make = [](int code, unsigned bits) {
    return squint_dtype{uint8_t(code), uint8_t(bits), 1};
  };
  if (type.isInteger(1))
    return make(SQUINT_DTYPE_BOOL, 8);
  if (auto integer = dyn_cast<IntegerType>(type))
    if (integer.getWidth() <= 64)
      return make(integer.isUnsigned() ? SQUINT_DTYPE_UINT : SQUINT_DTYPE_INT,
                  integer.getWidth());
  if (isa<Float16Type, Float32Type, Float64Type>(type))
    return make(SQUINT_DTYPE_FLOAT, type.getIntOrFloatBitWidth());
  if (isa<BFloat16Type>(type))
    return make(SQUINT_DTYPE_BFLOAT, 16);
  if (isa<Float8E4M3FNType>(type))
    return make(SQUINT_DTYPE_FLOAT8_E4M3FN, 8);
  if (isa<Float8E4M3FNUZType>(type))
    return make(SQUINT_DTYPE_FLOAT8_E4M3FNUZ, 8);
  if (isa<Float8E5M2Type>(type))
    return make(SQUINT_DTYPE_FLOAT8_E5M2, 8);
  if (isa<Float8E5M2FNUZType>(type))
    return make(SQUINT_DTYPE_FLOAT8_E5M2FNUZ, 8);
  if (isa<Float8E8M0FNUType>(type))
    return make(SQUINT_DTYPE_FLOAT8_E8M0FNU, 8);
  if (isa<Float4E2M1FNType>(type))
    return make(SQUINT_DTYPE_FLOAT4_E2M1FN, 4);
  return failure();
}

namespace {
class Reader {
public:
  Reader(ModuleOp module, ModelInfo &info) : module(module), info(info) {}
  LogicalResult read();

private:
  LogicalResult readValues(StringRef attribute, std::vector<ValueInfo> &values);
  LogicalResult readDims(ArrayAttr dims, ValueInfo &value, bool isInput);
  LogicalResult readLaunches();
  LogicalResult readWeights();
  LogicalResult readTarget();
  LogicalResult readDevice();
  LogicalResult readState();
  InFlightDiagnostic refuse(StringRef attribute) {
    return emitError(module.getLoc()) << "'" << attribute << "': ";
  }

  ModuleOp module;
  ModelInfo &info;
};
} // namespace

/// Those of an input are numbers and symbols, which it gives their values.
LogicalResult Reader::readDims(ArrayAttr dims, ValueInfo &value, bool isInput) {
  for (Attribute attribute : dims) {
    auto text = dyn_cast<StringAttr>(attribute);
    if (!text)
      return failure();
    int64_t extent = -1;
    int32_t symbol = -1;
    if (text.getValue().getAsInteger(10, extent) || extent < 0) {
      extent = -1;
      auto found = llvm::find(info.symbols, text.getValue());
      if (found != info.symbols.end())
        symbol = found - info.symbols.begin();
    }
    if (isInput && extent < 0 && symbol < 0)
      return failure();
    value.dims.push_back(extent);
    value.dimNames.push_back(text.str());
    value.dimSymbols.push_back(symbol);
  }
  return success();
}

LogicalResult Reader::readValues(StringRef name,
                                 std::vector<ValueInfo> &values) {
  auto array = module->getAttrOfType<ArrayAttr>(name);
  if (!array)
    return refuse(name) << "expected an array of dictionaries";
  for (Attribute attribute : array) {
    auto dictionary = dyn_cast<DictionaryAttr>(attribute);
    auto label = dictionary ? dictionary.getAs<StringAttr>("name") : nullptr;
    auto type = dictionary ? dictionary.getAs<TypeAttr>("type") : nullptr;
    auto dims = dictionary ? dictionary.getAs<ArrayAttr>("dims") : nullptr;
    if (!label || !type || !dims)
      return refuse(name) << "expected {name, type, dims}, got " << attribute;
    FailureOr<squint_dtype> dtype = getDtype(type.getValue());
    if (failed(dtype))
      return refuse(name) << "'" << label.getValue()
                          << "' has an element type that cannot be passed: "
                          << type.getValue();
    ValueInfo value{label.str(), "", *dtype, {}, {}, {}, {}};
    llvm::raw_string_ostream(value.elementType) << type.getValue();
    if (failed(readDims(dims, value, name == "squint.inputs")))
      return refuse(name) << "expected sizes of '" << label.getValue()
                          << "', got " << dims;
    auto elements = dictionary.getAs<ArrayAttr>("values");
    for (Attribute element :
         elements ? elements.getValue() : ArrayRef<Attribute>()) {
      auto text = dyn_cast<StringAttr>(element);
      auto found = llvm::find(info.symbols, text ? text.getValue() : "");
      if (found == info.symbols.end())
        return refuse(name) << "expected symbols as values of '"
                            << label.getValue() << "', got " << elements;
      value.valueSymbols.push_back(found - info.symbols.begin());
    }
    values.push_back(std::move(value));
  }
  return success();
}

LogicalResult Reader::readLaunches() {
  auto array = module->getAttrOfType<ArrayAttr>("squint.launches");
  for (Attribute attribute : array ? array.getValue() : ArrayRef<Attribute>()) {
    auto dictionary = dyn_cast<DictionaryAttr>(attribute);
    auto kernel = dictionary ? dictionary.getAs<StringAttr>("kernel") : nullptr;
    auto node = dictionary ? dictionary.getAs<StringAttr>("node") : nullptr;
    if (!kernel || !node)
      return refuse("squint.launches")
             << "expected {kernel, node}, got " << attribute;
    info.launches.push_back({kernel.str(), node.str()});
  }
  return success();
}

static uint64_t getByteSize(TypedAttr value) {
  if (auto data = dyn_cast<DataAttr>(value))
    return data.getLength();
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    uint64_t bits = dense.getElementType().getIntOrFloatBitWidth();
    return dense.getNumElements() * ((bits + 7) / 8);
  }
  return 0;
}

LogicalResult Reader::readWeights() {
  constexpr llvm::StringLiteral name = "squint.weights";
  Attribute attribute = module->getAttr(name);
  if (!attribute)
    return success();
  auto add = [&](uint64_t offset, Attribute piece) -> LogicalResult {
    auto value = dyn_cast_or_null<TypedAttr>(piece);
    uint64_t size = value ? getByteSize(value) : 0;
    if (!size)
      return refuse(name) << "expected #squint.data, got " << piece;
    if (offset < info.weightsSize || offset + size < offset)
      return refuse(name) << "expected pieces in ascending order, got offset "
                          << offset << " after " << info.weightsSize;
    info.weights.push_back({offset, size, value});
    info.weightsSize = offset + size;
    return success();
  };

  if (auto array = dyn_cast<ArrayAttr>(attribute)) {
    for (Attribute entry : array) {
      auto pair = dyn_cast<ArrayAttr>(entry);
      auto offset = pair && pair.size() == 2 ? dyn_cast<IntegerAttr>(pair[0])
                                             : IntegerAttr();
      if (!offset || offset.getValue().isNegative())
        return refuse(name) << "expected [offset, #squint.data], got " << entry;
      if (failed(add(offset.getValue().getZExtValue(), pair[1])))
        return failure();
    }
  } else if (failed(add(0, attribute))) {
    return failure();
  }
  if (auto size = module->getAttrOfType<IntegerAttr>("squint.weights_size")) {
    if (size.getValue().isNegative() ||
        size.getValue().getZExtValue() < info.weightsSize)
      return refuse("squint.weights_size")
             << "expected at least " << info.weightsSize << ", got " << size;
    info.weightsSize = size.getValue().getZExtValue();
  }
  return success();
}

LogicalResult Reader::readTarget() {
  auto targets = module->getAttrOfType<ArrayAttr>(kTargetsAttr);
  auto add = [&](llvm::StringRef triple, llvm::StringRef cpu,
                 llvm::StringRef features) -> LogicalResult {
    llvm::Expected<TargetInfo> target = TargetInfo::get(triple, cpu, features);
    if (!target)
      return emitError(module.getLoc()) << llvm::toString(target.takeError());
    info.targets.push_back(std::move(*target));
    return success();
  };
  for (Attribute attr : targets ? targets.getValue() : ArrayRef<Attribute>()) {
    auto target = dyn_cast<TargetAttr>(attr);
    if (!target)
      return refuse(kTargetsAttr) << "expected #squint.target, got " << attr;
    if (failed(add(target.getTriple(), target.getCpu(), target.getFeatures())))
      return failure();
  }
  if (info.targets.empty() && failed(add("", "", "")))
    return failure();
  // Kernels' variants are in this order, which is that of preference.
  auto sorted = TargetInfo::sort(info.targets);
  if (!sorted)
    return refuse(kTargetsAttr) << llvm::toString(sorted.takeError());
  for (auto [given, wanted] : llvm::zip_equal(info.targets, *sorted))
    if (given.cpu != wanted.cpu)
      return refuse(kTargetsAttr)
             << "expected the best target first, got '" << given.cpu
             << "' before '" << wanted.cpu << "'";
  if (info.hasDevice())
    return readDevice();
  info.target = info.targets.size() == 1 ? info.targets.front()
                                         : info.targets.front().getBaseline();
  return success();
}

LogicalResult Reader::readDevice() {
  auto host = module->getAttrOfType<TargetAttr>(kHostAttr);
  llvm::Expected<TargetInfo> target =
      host
          ? TargetInfo::get(host.getTriple(), host.getCpu(), host.getFeatures())
          : TargetInfo::get();
  if (!target)
    return refuse(kHostAttr) << llvm::toString(target.takeError());
  info.target = std::move(*target);
  auto kernels = module->getAttrOfType<ArrayAttr>(kDeviceKernelsAttr);
  for (Attribute attr : kernels ? kernels.getValue() : ArrayRef<Attribute>()) {
    auto kernel = dyn_cast<DictionaryAttr>(attr);
    auto name = kernel ? kernel.getAs<StringAttr>("name") : StringAttr();
    auto threads =
        kernel ? kernel.getAs<IntegerAttr>("threads") : IntegerAttr();
    if (!name || !threads)
      return refuse(kDeviceKernelsAttr)
             << "expected {name, threads}, got " << attr;
    auto shared = kernel.getAs<IntegerAttr>("shared");
    info.kernels.push_back(
        {name.str(), static_cast<uint32_t>(threads.getInt()),
         shared ? static_cast<uint32_t>(shared.getInt()) : 0});
  }
  return success();
}

/// All but the digest.
LogicalResult Reader::readState() {
  Attribute attribute = module->getAttr(kStateAttr);
  if (!attribute)
    return success();
  auto dictionary = dyn_cast<DictionaryAttr>(attribute);
  auto number = [&](StringRef name) {
    auto value =
        dictionary ? dictionary.getAs<IntegerAttr>(name) : IntegerAttr();
    return value && value.getValue().getSignificantBits() <= 63 &&
                   !value.getValue().isNegative()
               ? std::optional<int64_t>(value.getInt())
               : std::nullopt;
  };
  auto count = [&](StringRef name) -> std::optional<int64_t> {
    auto text = dictionary ? dictionary.getAs<StringAttr>(name) : StringAttr();
    int64_t extent;
    if (text && !text.getValue().getAsInteger(10, extent) && extent >= 0)
      return extent;
    auto found = llvm::find(info.symbols, text ? text.getValue() : "");
    if (found == info.symbols.end())
      return std::nullopt;
    return -1 - (found - info.symbols.begin());
  };
  std::optional<int64_t> context = number("context"),
                         bytes = number("block_bytes"),
                         front = number("front_bytes"),
                         sequences = count("sequences"),
                         tokens = count("tokens");
  if (!context || !bytes || !front || !sequences || !tokens)
    return refuse(kStateAttr) << "expected {block_bytes, context, front_bytes, "
                                 "sequences, tokens}, got "
                              << attribute;
  info.state = squint_state_v1{*context,
                               CacheLayout::kBlockTokens,
                               static_cast<uint64_t>(*bytes),
                               static_cast<uint64_t>(*front),
                               *sequences,
                               *tokens,
                               {}};
  llvm::raw_string_ostream(info.stateText) << attribute;
  return success();
}

LogicalResult Reader::read() {
  auto symbols = module->getAttrOfType<ArrayAttr>("squint.symbols");
  for (Attribute symbol : symbols ? symbols.getValue() : ArrayRef<Attribute>())
    if (auto text = dyn_cast<StringAttr>(symbol))
      info.symbols.push_back(text.str());
    else
      return refuse("squint.symbols") << "expected strings, got " << symbol;
  if (auto late = module->getAttrOfType<ArrayAttr>(kLateAttr))
    info.numLate = late.size();
  return success(succeeded(readValues("squint.inputs", info.inputs)) &&
                 succeeded(readValues("squint.outputs", info.outputs)) &&
                 succeeded(readLaunches()) && succeeded(readWeights()) &&
                 succeeded(readTarget()) && succeeded(readState()));
}

FailureOr<ModelInfo> ModelInfo::get(ModuleOp module) {
  ModelInfo info;
  if (failed(Reader(module, info).read()))
    return failure();
  return info;
}
