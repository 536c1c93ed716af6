//===- Tensor.cpp - constants of a model --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Tensor.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include <google/protobuf/io/coded_stream.h>

using namespace mlir;
using google::protobuf::io::CodedInputStream;
using T = ::onnx::TensorProto;

namespace squint {
namespace {

std::string toText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

int64_t getBits(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return 2 * complex.getElementType().getIntOrFloatBitWidth();
  return element.isInteger(1) ? 8 : element.getIntOrFloatBitWidth();
}

int64_t getPackedSize(RankedTensorType type) {
  return llvm::divideCeil(
      getBits(type.getElementType()) * type.getNumElements(), 8);
}

llvm::Error wrongCount(RankedTensorType type, const char *field,
                       int64_t expected, int64_t got) {
  return llvm::createStringError("expected %lld values in %s for %s, got %lld",
                                 (long long)expected, field,
                                 toText(type).c_str(), (long long)got);
}
} // namespace

TypedAttr TensorReader::make(RankedTensorType type, ArrayRef<char> packed) {
  Type element = type.getElementType();
  int64_t count = type.getNumElements(), bits = getBits(element);
  if (llvm::divideCeil(bits, 8) * count > static_cast<int64_t>(kInlineBytes))
    return stores.create(type, packed.size(), [&](MutableArrayRef<char> out) {
      llvm::copy(packed, out.begin());
    });
  if (element.isInteger(1)) {
    SmallVector<bool> values(packed.begin(), packed.end());
    return DenseElementsAttr::get(type, values);
  }
  if (bits >= 8)
    return cast<TypedAttr>(DenseElementsAttr::getFromRawBuffer(type, packed));
  // A dense attribute has one element of less than 8 bits a byte; least
  // significant bits come first in the file.
  SmallVector<char> bytes;
  for (int64_t i = 0; i < count; ++i)
    bytes.push_back(
        (static_cast<uint8_t>(packed[i * bits / 8]) >> (i * bits % 8)) &
        ((1 << bits) - 1));
  return cast<TypedAttr>(DenseElementsAttr::getFromRawBuffer(type, bytes));
}

llvm::Expected<RankedTensorType>
TensorReader::readType(const ::onnx::TensorProto &tensor) {
  Type element = getElementType(&context, tensor.data_type());
  if (!element)
    return llvm::createStringError(
        "expected a data type of the standard, got %d", tensor.data_type());
  int64_t bits = 128, count = 1;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0)
      return llvm::createStringError(
          "expected dimensions of 0 or more, got %lld", (long long)dim);
    // In bits, so that no size in bytes overflows later.
    if (llvm::MulOverflow(count, dim, count) ||
        llvm::MulOverflow(count, bits, bits))
      return llvm::createStringError(
          "expected a tensor of less than 2^56 elements");
    bits = 128;
  }
  return RankedTensorType::get(
      ArrayRef<int64_t>(tensor.dims().data(), tensor.dims_size()), element);
}

llvm::Expected<TypedAttr>
TensorReader::readExternal(const ::onnx::TensorProto &tensor,
                           RankedTensorType type, int64_t size) {
  std::string location;
  int64_t offset = 0, length = size;
  for (const auto &entry : tensor.external_data()) {
    int64_t *number = entry.key() == "offset"   ? &offset
                      : entry.key() == "length" ? &length
                                                : nullptr;
    if (entry.key() == "location")
      location = entry.value();
    else if (number && (StringRef(entry.value()).getAsInteger(10, *number) ||
                        *number < 0))
      return llvm::createStringError(
          "expected a number for the %s of external data, got '%s'",
          entry.key().c_str(), entry.value().c_str());
  }
  if (location.empty() || StringRef(location).contains('\0'))
    return llvm::createStringError("expected a location for external data");
  if (llvm::sys::path::is_absolute(location) && !allowAbsolute)
    return llvm::createStringError("expected data inside the model's folder, "
                                   "got '%s' (see --allow-external)",
                                   location.c_str());
  if (length != size)
    return llvm::createStringError(
        "expected %lld bytes for %s, got a length of %lld in external data",
        (long long)size, toText(type).c_str(), (long long)length);
  SmallString<128> name(location);
  llvm::sys::path::remove_dots(name, /*remove_dot_dot=*/false);
  llvm::Expected<const DataStore *> file = stores.lookup(name);
  if (!file)
    return file.takeError();
  ArrayRef<char> contents = (*file)->bytes();
  if (static_cast<uint64_t>(offset) > contents.size() ||
      static_cast<uint64_t>(size) > contents.size() - offset)
    return llvm::createStringError(
        "expected %lld bytes at offset %lld of '%s', which has %zu",
        (long long)size, (long long)offset, name.c_str(), contents.size());
  external.insert((*file)->path().str());
  if (static_cast<uint64_t>(size) <= kInlineBytes)
    return make(type, contents.slice(offset, size));
  return DataAttr::get(&context, type, name, offset, size, {});
}

llvm::Error TensorReader::readTyped(const ::onnx::TensorProto &tensor,
                                    RankedTensorType type, int64_t size,
                                    std::string &packed) {
  // A packed field that was cut out of the message is decoded from the file.
  SmallVector<DataSpan> spans = getDataSpans(tensor);
  auto decode = [&](uint32_t field, const auto &values, int64_t expected,
                    const char *name,
                    llvm::function_ref<void(uint64_t)> append) -> llvm::Error {
    if (spans.empty()) {
      if (values.size() != expected)
        return wrongCount(type, name, expected, values.size());
      for (auto value : values)
        append(static_cast<uint64_t>(value));
      return llvm::Error::success();
    }
    ArrayRef<char> data = bytes.slice(spans[0].offset, spans[0].length);
    CodedInputStream in(reinterpret_cast<const uint8_t *>(data.data()),
                        static_cast<int>(data.size()));
    int64_t count = 0;
    for (uint64_t value; in.CurrentPosition() < static_cast<int>(data.size());
         ++count) {
      if (spans[0].field != field || !in.ReadVarint64(&value) ||
          count == expected)
        return wrongCount(type, name, expected, count + 1);
      append(value);
    }
    return count == expected ? llvm::Error::success()
                             : wrongCount(type, name, expected, count);
  };
  auto append = [&](unsigned width) {
    return [&packed, width](uint64_t value) {
      packed.append(reinterpret_cast<const char *>(&value), width);
    };
  };
  auto copy = [&](const auto &values, int64_t expected,
                  const char *name) -> llvm::Error {
    if (values.size() != expected)
      return wrongCount(type, name, expected, values.size());
    packed.assign(reinterpret_cast<const char *>(values.data()), size);
    return llvm::Error::success();
  };

  int64_t count = type.getNumElements();
  switch (tensor.data_type()) {
  case T::FLOAT:
    return copy(tensor.float_data(), count, "float_data");
  case T::COMPLEX64:
    return copy(tensor.float_data(), 2 * count, "float_data");
  case T::DOUBLE:
    return copy(tensor.double_data(), count, "double_data");
  case T::COMPLEX128:
    return copy(tensor.double_data(), 2 * count, "double_data");
  case T::INT64:
    return decode(T::kInt64DataFieldNumber, tensor.int64_data(), count,
                  "int64_data", append(8));
  case T::UINT32:
  case T::UINT64:
    return decode(T::kUint64DataFieldNumber, tensor.uint64_data(), count,
                  "uint64_data",
                  append(tensor.data_type() == T::UINT32 ? 4 : 8));
  default: {
    unsigned width = std::max<int64_t>(1, getBits(type.getElementType()) / 8);
    return decode(T::kInt32DataFieldNumber, tensor.int32_data(), size / width,
                  "int32_data", append(width));
  }
  }
}

llvm::Expected<TypedAttr>
TensorReader::read(const ::onnx::TensorProto &tensor) {
  llvm::Expected<RankedTensorType> checked = readType(tensor);
  if (!checked)
    return checked.takeError();
  RankedTensorType type = *checked;
  if (tensor.has_segment())
    return llvm::createStringError("expected a whole tensor, got a segment");
  if (isa<onnx::StringElementType>(type.getElementType())) {
    if (tensor.string_data_size() != type.getNumElements())
      return wrongCount(type, "string_data", type.getNumElements(),
                        tensor.string_data_size());
    SmallVector<StringRef> strings(tensor.string_data().begin(),
                                   tensor.string_data().end());
    return cast<TypedAttr>(
        cast<Attribute>(DenseStringElementsAttr::get(type, strings)));
  }
  int64_t size = getPackedSize(type);
  if (tensor.data_location() == T::EXTERNAL)
    return readExternal(tensor, type, size);

  SmallVector<DataSpan> spans = getDataSpans(tensor);
  if (spans.size() > 1)
    return llvm::createStringError("expected data in one field, got %zu",
                                   spans.size());
  if (!spans.empty()) {
    DataSpan span = spans[0];
    // Little-endian numbers of fixed size are as they lie in the file.
    int32_t kind = tensor.data_type();
    bool fixed = span.field == T::kRawDataFieldNumber ||
                 (span.field == T::kFloatDataFieldNumber &&
                  (kind == T::FLOAT || kind == T::COMPLEX64)) ||
                 (span.field == T::kDoubleDataFieldNumber &&
                  (kind == T::DOUBLE || kind == T::COMPLEX128));
    bool more = tensor.has_raw_data() || tensor.float_data_size() ||
                tensor.int32_data_size() || tensor.int64_data_size() ||
                tensor.double_data_size() || tensor.uint64_data_size();
    if (more)
      return llvm::createStringError("expected data in one field, got several");
    if (fixed) {
      if (static_cast<uint64_t>(size) != span.length)
        return llvm::createStringError("expected %lld bytes for %s, got %llu",
                                       (long long)size, toText(type).c_str(),
                                       (unsigned long long)span.length);
      return DataAttr::get(&context, type, store, span.offset, size, {});
    }
  } else if (tensor.has_raw_data()) {
    const std::string &raw = tensor.raw_data();
    if (static_cast<uint64_t>(size) != raw.size())
      return llvm::createStringError("expected %lld bytes for %s, got %zu",
                                     (long long)size, toText(type).c_str(),
                                     raw.size());
    return make(type, ArrayRef<char>(raw.data(), raw.size()));
  }
  // A count in the type that the file does not back must not make us reserve
  // memory.
  std::string packed;
  if (llvm::Error error = readTyped(tensor, type, size, packed))
    return std::move(error);
  return make(type, ArrayRef<char>(packed.data(), packed.size()));
}

llvm::Expected<TypedAttr>
TensorReader::read(const ::onnx::SparseTensorProto &tensor) {
  constexpr int64_t kMostBytes = int64_t(1) << 30;
  llvm::Expected<TypedAttr> values = read(tensor.values());
  if (!values)
    return values.takeError();
  llvm::Expected<TypedAttr> indices = read(tensor.indices());
  if (!indices)
    return indices.takeError();
  auto valuesType = cast<RankedTensorType>(values->getType()),
       indicesType = cast<RankedTensorType>(indices->getType());
  if (isa<onnx::StringElementType>(valuesType.getElementType()) ||
      getBits(valuesType.getElementType()) % 8)
    return llvm::createStringError(
        "expected a sparse tensor of whole bytes an element");
  int64_t width = getBits(valuesType.getElementType()) / 8, total = width,
          rank = tensor.dims_size();
  for (int64_t dim : tensor.dims())
    if (dim < 0 || llvm::MulOverflow(total, dim, total) || total > kMostBytes)
      return llvm::createStringError(
          "expected a sparse tensor of at most %lld bytes",
          (long long)kMostBytes);
  int64_t count = valuesType.getNumElements();
  bool linear = indicesType.getRank() == 1;
  if (!indicesType.getElementType().isSignlessInteger(64) ||
      indicesType.getNumElements() != count * (linear ? 1 : rank))
    return llvm::createStringError(
        "expected int64 indices for %lld values, got %s", (long long)count,
        toText(indicesType).c_str());
  std::vector<char> valueScratch, indexScratch;
  llvm::Expected<ArrayRef<char>> data = getConstantBytes(*values, valueScratch);
  if (!data)
    return data.takeError();
  llvm::Expected<ArrayRef<char>> positions =
      getConstantBytes(*indices, indexScratch);
  if (!positions)
    return positions.takeError();
  std::string dense(total, '\0');
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = 0;
    for (int64_t j = 0, n = linear ? 1 : rank; j < n; ++j) {
      int64_t index;
      memcpy(&index, positions->data() + (i * n + j) * 8, 8);
      int64_t bound = linear ? total / width : tensor.dims(j);
      if (index < 0 || index >= bound)
        return llvm::createStringError("expected an index below %lld, got %lld",
                                       (long long)bound, (long long)index);
      at = linear ? index : at * bound + index;
    }
    memcpy(dense.data() + at * width, data->data() + i * width, width);
  }
  auto type =
      RankedTensorType::get(ArrayRef<int64_t>(tensor.dims().data(), rank),
                            valuesType.getElementType());
  return make(type, ArrayRef<char>(dense.data(), dense.size()));
}

} // namespace squint
