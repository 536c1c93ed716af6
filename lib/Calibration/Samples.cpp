//===- Samples.cpp - inputs of the model, one sample at a time --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Samples.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace squint;

static llvm::Error refuse(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

static constexpr llvm::StringLiteral kLabels = "labels";

std::optional<squint_dtype> squint::getElementDtype(Type type) {
  auto make = [](int code, unsigned bits) {
    return squint_dtype{uint8_t(code), uint8_t(bits), 1};
  };
  if (type.isInteger(1))
    return make(SQUINT_DTYPE_BOOL, 8);
  if (auto integer = dyn_cast<IntegerType>(type);
      integer && integer.getWidth() <= 64)
    return make(integer.isUnsigned() ? SQUINT_DTYPE_UINT : SQUINT_DTYPE_INT,
                integer.getWidth());
  if (isa<Float16Type, Float32Type, Float64Type>(type))
    return make(SQUINT_DTYPE_FLOAT, type.getIntOrFloatBitWidth());
  if (isa<BFloat16Type>(type))
    return make(SQUINT_DTYPE_BFLOAT, 16);
  return std::nullopt;
}

static std::string nameOf(func::FuncOp function, unsigned index) {
  auto name = function.getArgAttrOfType<StringAttr>(index, kNameAttr);
  return name ? name.str() : "arg" + std::to_string(index);
}

/// The batch is the first dimension of all inputs and nothing else.
llvm::Error Samples::bindBatch(const Input &input, llvm::StringRef dim) {
  auto label = [&] { return path + ": '" + input.entry->name + "': "; };
  int64_t rows = input.entry->shape.front(), each = 1;
  if (!dim.getAsInteger(10, each)) {
    if (each < 1)
      return refuse(label() + "expected a batch axis first, got one of size 0");
  } else if (!DimExpr::isSymbol(dim) || (!batch.empty() && batch != dim)) {
    return refuse(label() + "expected a batch axis first" +
                  (batch.empty() ? "" : ", '" + batch + "' as for the others") +
                  ", got '" + dim + "'");
  } else {
    batch = dim.str();
    sizes[batch] = 1;
  }
  if (rows % each)
    return refuse(label() + "expected a multiple of the batch of " +
                  llvm::Twine(each) + " rows, got " + llvm::Twine(rows));
  if (rows == 0)
    return refuse(label() + "expected at least one sample");
  if (count >= 0 && rows / each != count)
    return refuse(label() + "expected " + llvm::Twine(count) +
                  " samples as in the other arrays, got " +
                  llvm::Twine(rows / each));
  count = rows / each;
  inputs.back().shape.front() = each;
  return llvm::Error::success();
}

llvm::Error Samples::addInput(func::FuncOp function, unsigned index) {
  std::string name = nameOf(function, index);
  Value argument = function.getArgument(index);
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  FailureOr<SmallVector<DimExpr>> dims = getDims(argument);
  if (!type || failed(dims))
    return refuse("input '" + name + "' has no known dimensions");
  std::optional<squint_dtype> dtype = getElementDtype(type.getElementType());
  if (!dtype)
    return refuse("input '" + name +
                  "' has elements that cannot be read from "
                  "samples");
  const NpzEntry *entry = file->find(name);
  if (!entry)
    return refuse(path + ": expected an array '" + name + "', got " +
                  (file->entries().empty() ? "none" : "'") +
                  llvm::join(llvm::map_range(file->entries(),
                                             [](const NpzEntry &entry) {
                                               return entry.name;
                                             }),
                             "', '") +
                  (file->entries().empty() ? "" : "'"));
  auto label = path + ": '" + name + "': ";
  if (entry->dtype != getNpzType(*dtype))
    return refuse(label + "expected elements of type " +
                  toString(getNpzType(*dtype)) + ", got " +
                  toString(entry->dtype));
  if (dims->empty())
    return refuse(label + "expected an input with a batch axis, got a scalar");
  std::vector<std::string> texts;
  for (const DimExpr &dim : *dims)
    texts.push_back(dim.str());
  auto mismatch = [&] {
    return refuse(label + "expected the shape [" + llvm::join(texts, ", ") +
                  "], got [" +
                  llvm::join(llvm::map_range(entry->shape,
                                             [](int64_t extent) {
                                               return std::to_string(extent);
                                             }),
                             ", ") +
                  "]");
  };
  if (entry->shape.size() != dims->size())
    return mismatch();
  inputs.push_back({entry, *dtype, entry->shape});
  if (llvm::Error error = bindBatch(inputs.back(), texts.front()))
    return error;
  for (size_t d = 1; d < dims->size(); ++d) {
    int64_t expected, extent = entry->shape[d];
    if (!StringRef(texts[d]).getAsInteger(10, expected)) {
      if (extent != expected)
        return mismatch();
      continue;
    }
    if (texts[d] == batch)
      return refuse(label + "expected a batch axis first, got '" + batch +
                    "', which is dimension " + llvm::Twine(d) + " too");
    auto [known, isNew] = sizes.try_emplace(texts[d], extent);
    if (!isNew && known->second != extent)
      return refuse(label + "expected '" + texts[d] + "' to be " +
                    llvm::Twine(known->second) +
                    " as in the other arrays, got " + llvm::Twine(extent));
  }
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<Samples>> Samples::open(llvm::StringRef path,
                                                       func::FuncOp function) {
  std::unique_ptr<Samples> samples(new Samples);
  samples->path = path.str();
  llvm::Expected<std::unique_ptr<NpzReader>> file = NpzReader::open(path);
  if (!file)
    return file.takeError();
  samples->file = std::move(*file);
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (llvm::Error error = samples->addInput(function, i))
      return std::move(error);
  for (const NpzEntry &entry : samples->file->entries())
    if (entry.name != kLabels &&
        llvm::none_of(samples->inputs, [&](const Input &input) {
          return input.entry == &entry;
        }))
      return refuse(path + ": expected arrays named as the inputs, got '" +
                    entry.name + "'");
  if (samples->count < 0)
    return refuse(path + ": expected a model with inputs");
  return samples;
}

std::optional<int64_t> Samples::getSize(llvm::StringRef symbol) const {
  auto it = sizes.find(symbol);
  return it == sizes.end() ? std::nullopt : std::optional(it->second);
}

llvm::Expected<Array> Samples::makeArray(unsigned input) const {
  return Array::create(inputs[input].dtype, inputs[input].shape);
}

llvm::Expected<Samples::Reader> Samples::read(unsigned input) {
  llvm::Expected<std::unique_ptr<NpzRows>> rows =
      file->rows(*inputs[input].entry);
  if (!rows)
    return rows.takeError();
  Reader reader;
  reader.rows = std::move(*rows);
  return reader;
}

llvm::Expected<std::vector<int64_t>> squint::getIntegers(const Array &array) {
  squint_dtype dtype = array.dtype();
  bool isUnsigned = dtype.code == SQUINT_DTYPE_UINT;
  if (!isUnsigned && dtype.code != SQUINT_DTYPE_INT)
    return refuse("expected integers, got " + toString(dtype));
  std::vector<int64_t> values(array.size());
  const char *bytes = array.bytes().data();
  int64_t size = dtype.bits / 8, unused = 64 - dtype.bits;
  for (auto [i, value] : llvm::enumerate(values)) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes + int64_t(i) * size, size);
    value = isUnsigned ? int64_t(bits) : int64_t(bits << unused) >> unused;
  }
  return values;
}

llvm::Expected<std::vector<int64_t>> Samples::readLabels() {
  const NpzEntry *entry = file->find(kLabels);
  if (!entry || llvm::any_of(inputs, [&](const Input &input) {
        return input.entry == entry;
      }))
    return std::vector<int64_t>();
  llvm::Expected<Array> array = file->read(*entry);
  if (!array)
    return array.takeError();
  std::string label = path + ": '" + kLabels.str() + "': ";
  llvm::Expected<std::vector<int64_t>> values = getIntegers(*array);
  if (!values)
    return refuse(label + llvm::toString(values.takeError()));
  if (values->empty() || int64_t(values->size()) % count)
    return refuse(label + "expected a multiple of the " + llvm::Twine(count) +
                  " samples, got " + llvm::Twine(values->size()));
  return values;
}

llvm::Error Samples::Reader::next(Array &sample) {
  return rows->read(sample.bytes());
}

FailureOr<std::unique_ptr<Samples>> squint::openSamples(ModuleOp module,
                                                        StringRef calibration,
                                                        int64_t samples,
                                                        int64_t jobs) {
  Location loc = UnknownLoc::get(module.getContext());
  if (calibration.empty() || samples < 0 || jobs < 0)
    return emitError(loc)
           << "expected a file of samples, and no negative numbers";
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock())
    return emitError(loc) << "expected a function 'main' with one block";
  llvm::Expected<std::unique_ptr<Samples>> opened =
      Samples::open(calibration, main);
  if (!opened)
    return emitError(loc) << llvm::toString(opened.takeError());
  return std::move(*opened);
}
