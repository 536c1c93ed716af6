//===- Gguf.cpp - GGUF files ------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Import/Gguf.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace llvm;
using namespace squint;

// What real files stay far below; more would only be there to fill memory.
static constexpr uint64_t kMostTensors = 1 << 16, kMostMetadata = 1 << 16;
static constexpr uint64_t kLongestKey = 65535, kLongestName = 255;
static constexpr uint32_t kMostDims = 4;
static constexpr uint64_t kLargestAlignment = 1 << 20;
/// Arrays of arrays: the reader calls itself for each level.
static constexpr unsigned kDeepest = 4;

static constexpr GgufType kTypes[] = {
    {0, "f32", 1, 4},         {1, "f16", 1, 2},
    {2, "q4_0", 32, 18},      {3, "q4_1", 32, 20},
    {6, "q5_0", 32, 22},      {7, "q5_1", 32, 24},
    {8, "q8_0", 32, 34},      {9, "q8_1", 32, 36},
    {10, "q2_k", 256, 84},    {11, "q3_k", 256, 110},
    {12, "q4_k", 256, 144},   {13, "q5_k", 256, 176},
    {14, "q6_k", 256, 210},   {15, "q8_k", 256, 292},
    {16, "iq2_xxs", 256, 66}, {17, "iq2_xs", 256, 74},
    {18, "iq3_xxs", 256, 98}, {19, "iq1_s", 256, 50},
    {20, "iq4_nl", 32, 18},   {21, "iq3_s", 256, 110},
    {22, "iq2_s", 256, 82},   {23, "iq4_xs", 256, 136},
    {24, "i8", 1, 1},         {25, "i16", 1, 2},
    {26, "i32", 1, 4},        {27, "i64", 1, 8},
    {28, "f64", 1, 8},        {29, "iq1_m", 256, 56},
    {30, "bf16", 1, 2},       {34, "tq1_0", 256, 54},
    {35, "tq2_0", 256, 66},   {39, "mxfp4", 32, 17},
};

static constexpr StringLiteral kKindNames[] = {
    "u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
    "bool", "string", "array", "u64", "i64", "f64"};

/// Of a number; 0 for strings and arrays.
static unsigned getSize(GgufKind kind) {
  static constexpr unsigned sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return sizes[static_cast<uint32_t>(kind)];
}

static Error refuse(const Twine &rule) {
  return createStringError(inconvertibleErrorCode(), rule);
}

/// What an error is about, in front of it.
static Error prefix(const Twine &what, Error error) {
  return refuse(what + ": " + toString(std::move(error)));
}

const GgufType *squint::lookupGgufType(StringRef name) {
  const GgufType *found =
      find_if(kTypes, [&](const GgufType &type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

bool squint::isGguf(ArrayRef<char> bytes) {
  return StringRef(bytes.data(), bytes.size()).starts_with("GGUF");
}

//===----------------------------------------------------------------------===//
// Numbers and strings
//===----------------------------------------------------------------------===//

template <typename T> Error GgufFile::readNumber(T &value) {
  if (file.size() - at < sizeof(T))
    return refuse("expected a number of " + Twine(sizeof(T)) + " bytes at " +
                  Twine(at) + ", got the end of the file");
  value = support::endian::read<T>(file.data() + at, endianness::little);
  at += sizeof(T);
  return Error::success();
}

Expected<StringRef> GgufFile::readString(uint64_t longest) {
  uint64_t length;
  if (Error error = readNumber(length))
    return std::move(error);
  if (length > std::min<uint64_t>(longest, file.size() - at))
    return refuse("expected a string of at most " +
                  Twine(std::min<uint64_t>(longest, file.size() - at)) +
                  " bytes at " + Twine(at) + ", got " + Twine(length));
  StringRef text(file.data() + at, length);
  at += length;
  return text;
}

/// Names go into messages and the IR.
static Error checkName(StringRef name) {
  if (name.empty() || !json::isUTF8(name) ||
      any_of(name, [](unsigned char c) { return c < ' ' || c == 127; }))
    return refuse("expected a name of printable characters");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

static Expected<GgufKind> checkKind(uint32_t number) {
  if (number > static_cast<uint32_t>(GgufKind::F64))
    return refuse("expected a type of values from 0 to 12, got " +
                  Twine(number));
  return GgufKind(number);
}

Expected<GgufValue> GgufFile::readValue(GgufKind kind, unsigned depth) {
  GgufValue value;
  value.kind = kind;
  uint64_t begin = at;
  if (unsigned size = getSize(kind)) {
    if (file.size() - at < size)
      return refuse("expected a number of " + Twine(size) + " bytes at " +
                    Twine(at) + ", got the end of the file");
    at += size;
  } else if (kind == GgufKind::String) {
    Expected<StringRef> text = readString(UINT64_MAX);
    if (!text)
      return text.takeError();
    begin = at - text->size();
  } else {
    if (depth == kDeepest)
      return refuse("expected at most " + Twine(kDeepest) +
                    " arrays in one another");
    uint32_t number;
    if (Error error = readNumber(number))
      return std::move(error);
    Expected<GgufKind> element = checkKind(number);
    if (!element)
      return element.takeError();
    if (Error error = readNumber(value.count))
      return std::move(error);
    value.element = *element;
    begin = at;
    if (unsigned size = getSize(*element)) {
      if (value.count > (file.size() - at) / size)
        return refuse("expected an array of at most " +
                      Twine((file.size() - at) / size) + " elements at " +
                      Twine(at) + ", got " + Twine(value.count));
      at += value.count * size;
    } else {
      // Every one takes bytes, so that the file's end ends this.
      for (uint64_t i = 0; i < value.count; ++i)
        if (Expected<GgufValue> each = readValue(*element, depth + 1); !each)
          return each.takeError();
    }
  }
  value.bytes = file.slice(begin, at - begin);
  return value;
}

Error GgufFile::readMetadata() {
  Expected<StringRef> key = readString(kLongestKey);
  if (!key)
    return key.takeError();
  if (Error error = checkName(*key))
    return error;
  auto fail = [&](Error error) {
    return prefix("metadata '" + *key + "'", std::move(error));
  };
  uint32_t number;
  if (Error error = readNumber(number))
    return fail(std::move(error));
  Expected<GgufKind> kind = checkKind(number);
  if (!kind)
    return fail(kind.takeError());
  Expected<GgufValue> value = readValue(*kind, 0);
  if (!value)
    return fail(value.takeError());
  if (!values.try_emplace(*key, *value).second)
    return fail(refuse("expected distinct names"));
  order.push_back(*key);
  return Error::success();
}

const GgufValue *GgufFile::lookup(StringRef key) const {
  auto found = values.find(key);
  return found == values.end() ? nullptr : &found->second;
}

static Error failKind(StringRef key, const Twine &wanted,
                      const GgufValue &value) {
  return refuse("metadata '" + key + "': expected " + wanted + ", got " +
                kKindNames[static_cast<uint32_t>(value.kind)]);
}

/// An integer sign-extended; nothing for what is none.
static std::optional<int64_t> readInteger(const GgufValue &value) {
  using support::endian::read;
  const char *from = value.bytes.data();
  constexpr auto little = endianness::little;
  switch (value.kind) {
  case GgufKind::U8:
    return read<uint8_t>(from, little);
  case GgufKind::I8:
    return read<int8_t>(from, little);
  case GgufKind::U16:
    return read<uint16_t>(from, little);
  case GgufKind::I16:
    return read<int16_t>(from, little);
  case GgufKind::U32:
    return read<uint32_t>(from, little);
  case GgufKind::I32:
    return read<int32_t>(from, little);
  case GgufKind::U64:
  case GgufKind::I64:
    return read<int64_t>(from, little);
  default:
    return std::nullopt;
  }
}

Expected<std::optional<uint64_t>> GgufFile::getUnsigned(StringRef key) const {
  const GgufValue *value = lookup(key);
  if (!value)
    return std::nullopt;
  std::optional<int64_t> number = readInteger(*value);
  if (!number)
    return failKind(key, "an integer", *value);
  if (*number < 0)
    return refuse("metadata '" + key +
                  "': expected a number from 0 to 2^63 - "
                  "1");
  return uint64_t(*number);
}

Expected<std::optional<double>> GgufFile::getNumber(StringRef key) const {
  const GgufValue *value = lookup(key);
  if (!value)
    return std::nullopt;
  if (value->kind == GgufKind::F32)
    return support::endian::read<float>(value->bytes.data(),
                                        endianness::little);
  if (value->kind == GgufKind::F64)
    return support::endian::read<double>(value->bytes.data(),
                                         endianness::little);
  if (std::optional<int64_t> number = readInteger(*value))
    return double(*number);
  return failKind(key, "a number", *value);
}

Expected<std::optional<bool>> GgufFile::getBool(StringRef key) const {
  const GgufValue *value = lookup(key);
  if (!value)
    return std::nullopt;
  if (value->kind != GgufKind::Bool)
    return failKind(key, "a bool", *value);
  return value->bytes[0] != 0;
}

Expected<std::optional<StringRef>> GgufFile::getString(StringRef key) const {
  const GgufValue *value = lookup(key);
  if (!value)
    return std::nullopt;
  if (value->kind != GgufKind::String)
    return failKind(key, "a string", *value);
  return StringRef(value->bytes.data(), value->bytes.size());
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// Reads what a tensor is; `begin` counts from the end of the header so far.
Error GgufFile::readTensor() {
  GgufTensor tensor;
  Expected<StringRef> name = readString(kLongestName);
  if (!name)
    return name.takeError();
  if (Error error = checkName(*name))
    return error;
  tensor.name = name->str();
  auto fail = [&](Error error) {
    return prefix("tensor '" + tensor.name + "'", std::move(error));
  };
  uint32_t rank, number;
  if (Error error = readNumber(rank))
    return fail(std::move(error));
  if (rank < 1 || rank > kMostDims)
    return fail(refuse("expected 1 to " + Twine(kMostDims) +
                       " dimensions, got " + Twine(rank)));
  uint64_t count = 1, first = 1;
  for (uint32_t i = 0; i < rank; ++i) {
    uint64_t size;
    if (Error error = readNumber(size))
      return fail(std::move(error));
    bool overflows = false;
    count = SaturatingMultiply(count, size, &overflows);
    if (size < 1 || overflows || count > INT64_MAX)
      return fail(refuse("expected sizes of 1 or more whose product 63 bits "
                         "hold, got " +
                         Twine(size)));
    first = i ? first : size;
    tensor.shape.insert(tensor.shape.begin(), int64_t(size));
  }
  if (Error error = readNumber(number))
    return fail(std::move(error));
  tensor.type = find_if(
      kTypes, [&](const GgufType &type) { return type.number == number; });
  if (tensor.type == std::end(kTypes))
    return fail(refuse("expected a type of GGML, got number " + Twine(number)));
  if (first % tensor.type->block)
    return fail(refuse("expected rows of a multiple of " +
                       Twine(tensor.type->block) + " values for '" +
                       tensor.type->name + "', got " + Twine(first)));
  bool overflows = false;
  uint64_t bytes = SaturatingMultiply(count / tensor.type->block,
                                      tensor.type->bytes, &overflows);
  if (Error error = readNumber(tensor.begin))
    return fail(std::move(error));
  if (tensor.begin % alignment)
    return fail(refuse("expected an offset of a multiple of " +
                       Twine(alignment) + ", got " + Twine(tensor.begin)));
  tensor.end = SaturatingAdd(tensor.begin, bytes, &overflows);
  if (overflows || tensor.end > file.size())
    return fail(refuse("expected " + Twine(bytes) + " bytes from offset " +
                       Twine(tensor.begin) + " on inside of a file of " +
                       Twine(file.size())));
  if (!indices.try_emplace(tensor.name, allTensors.size()).second)
    return fail(refuse("expected distinct names"));
  allTensors.push_back(std::move(tensor));
  return Error::success();
}

/// Offsets become those in the file.
Error GgufFile::placeTensors() {
  uint64_t start = alignTo(at, alignment);
  if (allTensors.empty())
    return Error::success();
  if (start > file.size())
    return refuse("expected tensors behind the header, got the end of the "
                  "file");
  std::vector<const GgufTensor *> order;
  for (GgufTensor &tensor : allTensors) {
    if (tensor.end > file.size() - start)
      return refuse("tensor '" + tensor.name + "': expected its bytes inside " +
                    "of the file, got their end at " + Twine(tensor.end) +
                    " of " + Twine(file.size() - start));
    tensor.begin += start;
    tensor.end += start;
    order.push_back(&tensor);
  }
  sort(order, [](const GgufTensor *a, const GgufTensor *b) {
    return std::tie(a->begin, a->end, a->name) <
           std::tie(b->begin, b->end, b->name);
  });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i]->begin < order[i - 1]->end)
      return refuse("tensor '" + order[i]->name +
                    "': expected bytes of its own, got some of '" +
                    order[i - 1]->name + "'");
  return Error::success();
}

const GgufTensor *GgufFile::find(StringRef name) const {
  auto found = indices.find(name);
  return found == indices.end() ? nullptr : &allTensors[found->second];
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

Error GgufFile::read() {
  if (!isGguf(file))
    return refuse("expected the magic 'GGUF'");
  at = 4;
  uint32_t version;
  uint64_t tensorCount, metadataCount;
  if (Error error = readNumber(version))
    return error;
  if (version != 2 && version != 3)
    return refuse(
        "expected version 2 or 3, got " + Twine(version) +
        (version && !(version & 0xffffff) ? " (a big-endian file?)" : ""));
  if (Error error = readNumber(tensorCount))
    return error;
  if (Error error = readNumber(metadataCount))
    return error;
  if (tensorCount > kMostTensors || metadataCount > kMostMetadata)
    return refuse("expected at most " + Twine(kMostTensors) + " tensors and " +
                  Twine(kMostMetadata) + " metadata, got " +
                  Twine(tensorCount) + " and " + Twine(metadataCount));
  for (uint64_t i = 0; i < metadataCount; ++i)
    if (Error error = readMetadata())
      return error;
  Expected<std::optional<uint64_t>> given = getUnsigned("general.alignment");
  if (!given)
    return given.takeError();
  alignment = given->value_or(32);
  if (!isPowerOf2_64(alignment) || alignment > kLargestAlignment)
    return refuse("metadata 'general.alignment': expected a power of two up "
                  "to " +
                  Twine(kLargestAlignment) + ", got " + Twine(alignment));
  for (uint64_t i = 0; i < tensorCount; ++i)
    if (Error error = readTensor())
      return error;
  return placeTensors();
}

Expected<GgufFile> GgufFile::parse(ArrayRef<char> bytes) {
  GgufFile result;
  result.file = bytes;
  if (Error error = result.read())
    return std::move(error);
  return std::move(result);
}
