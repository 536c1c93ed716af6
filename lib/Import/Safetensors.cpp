//===- Safetensors.cpp - files of named tensors -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Import/Safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace llvm;
using namespace squint;

/// What a header may be long; a hundred thousand tensors take less.
static constexpr uint64_t kMaxHeaderBytes = uint64_t(16) << 20;
static constexpr size_t kMaxDims = 64;

template <typename... Args>
static Error refuse(const char *format, Args... arguments) {
  return createStringError(inconvertibleErrorCode(), format, arguments...);
}

Expected<std::unique_ptr<MemoryBuffer>> squint::mapFile(StringRef path) {
  std::string name = path.str();
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return refuse("cannot open '%s': %s", name.c_str(),
                  error.message().c_str());
  if (!sys::fs::is_regular_file(status))
    return refuse("expected a regular file, got '%s'", name.c_str());
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return refuse("cannot open '%s': %s", name.c_str(),
                  buffer.getError().message().c_str());
  return std::move(*buffer);
}

Expected<json::Object> squint::parseJsonObject(StringRef text, unsigned depth) {
  unsigned level = 0;
  bool isString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (isString) {
      i += c == '\\';
      isString = c != '"';
    } else if (c == '"') {
      isString = true;
    } else if (c == '{' || c == '[') {
      if (++level > depth)
        return refuse("expected at most %u levels of JSON", depth);
    } else if ((c == '}' || c == ']') && level) {
      --level;
    }
  }
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return value.takeError();
  if (json::Object *object = value->getAsObject())
    return std::move(*object);
  return refuse("expected a JSON object");
}

/// Bits of an element, 0 for what is no type.
static unsigned getBits(StringRef type) {
  return StringSwitch<unsigned>(type)
      .Cases({"F4"}, 4)
      .Cases({"F6_E2M3", "F6_E3M2"}, 6)
      .Cases({"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"}, 8)
      .Cases({"U16", "I16", "F16", "BF16"}, 16)
      .Cases({"U32", "I32", "F32"}, 32)
      .Cases({"U64", "I64", "F64", "C64"}, 64)
      .Default(0);
}

Error SafetensorsFile::readEntry(StringRef name, const json::Value &value) {
  SafetensorsEntry entry;
  entry.name = name.str();
  const json::Object *object = value.getAsObject();
  const json::Array *shape = object ? object->getArray("shape") : nullptr,
                    *offsets =
                        object ? object->getArray("data_offsets") : nullptr;
  std::optional<StringRef> type =
      object ? object->getString("dtype") : std::nullopt;
  if (!type || !shape || !offsets)
    return refuse("expected dtype, shape and data_offsets");
  entry.type = type->str();
  unsigned bits = getBits(*type);
  if (!bits)
    return refuse("expected a dtype from BOOL to F64, got '%s'",
                  entry.type.c_str());
  if (shape->size() > kMaxDims)
    return refuse("expected at most %zu dimensions, got %zu", kMaxDims,
                  shape->size());
  bool overflows = false;
  uint64_t count = 1;
  for (const json::Value &size : *shape) {
    std::optional<int64_t> number = size.getAsInteger();
    if (!number || *number < 0)
      return refuse("expected sizes of 0 or more in its shape");
    bool now = false;
    count = SaturatingMultiply(count, uint64_t(*number), &now);
    overflows |= now;
    entry.shape.push_back(*number);
  }
  bool now = false;
  uint64_t total = SaturatingMultiply(count, uint64_t(bits), &now);
  if (overflows || now || total % 8)
    return refuse("expected whole bytes that 64 bits count in its shape");
  std::optional<uint64_t> begin, end;
  if (offsets->size() == 2) {
    begin = (*offsets)[0].getAsUINT64();
    end = (*offsets)[1].getAsUINT64();
  }
  if (!begin || !end || *begin > *end)
    return refuse("expected data_offsets [begin, end] in ascending order");
  entry.begin = *begin;
  entry.end = *end;
  if (entry.end - entry.begin != total / 8)
    return refuse("expected %llu bytes for its shape, got data_offsets of %llu",
                  (unsigned long long)(total / 8),
                  (unsigned long long)(entry.end - entry.begin));
  if (entry.end > contents.size() - start)
    return refuse("expected data_offsets inside of the file, got %llu of %llu",
                  (unsigned long long)entry.end,
                  (unsigned long long)(contents.size() - start));
  tensors.push_back(std::move(entry));
  return Error::success();
}

Error SafetensorsFile::read() {
  uint64_t size = contents.size();
  if (size < 8)
    return refuse("expected a header's length of 8 bytes, got %llu bytes",
                  (unsigned long long)size);
  uint64_t length = support::endian::read64le(contents.data());
  if (length > kMaxHeaderBytes || length > size - 8)
    return refuse("expected a header of at most %llu bytes, got %llu",
                  (unsigned long long)std::min(kMaxHeaderBytes, size - 8),
                  (unsigned long long)length);
  start = 8 + length;
  // The file, a tensor, its shape.
  Expected<json::Object> header =
      parseJsonObject(StringRef(contents.data() + 8, length), 3);
  if (!header)
    return joinErrors(refuse("expected a header in JSON"), header.takeError());
  for (const auto &[key, value] : *header) {
    StringRef name = key;
    if (name == "__metadata__")
      continue;
    if (Error error = readEntry(name, value))
      return refuse("tensor '%s': %s", name.str().c_str(),
                    toString(std::move(error)).c_str());
  }
  llvm::sort(tensors, [](const auto &a, const auto &b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t at = 0;
  for (const auto &[i, entry] : enumerate(tensors)) {
    if (entry.begin != at)
      return refuse("tensor '%s': expected data_offsets from %llu on, where "
                    "the last ends, got %llu",
                    entry.name.c_str(), (unsigned long long)at,
                    (unsigned long long)entry.begin);
    at = entry.end;
    indices[entry.name] = i;
  }
  if (at != size - start)
    return refuse("expected tensors that fill the file, got %llu of %llu bytes",
                  (unsigned long long)at, (unsigned long long)(size - start));
  return Error::success();
}

Expected<std::unique_ptr<SafetensorsFile>>
SafetensorsFile::open(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = mapFile(path);
  if (!buffer)
    return buffer.takeError();
  auto result =
      parse(ArrayRef((*buffer)->getBufferStart(), (*buffer)->getBufferSize()));
  if (!result)
    return refuse("'%s': %s", path.str().c_str(),
                  toString(result.takeError()).c_str());
  (*result)->file = std::move(*buffer);
  return result;
}

Expected<std::unique_ptr<SafetensorsFile>>
SafetensorsFile::parse(ArrayRef<char> bytes) {
  auto result = std::make_unique<SafetensorsFile>();
  result->contents = bytes;
  if (Error error = result->read())
    return std::move(error);
  return result;
}

const SafetensorsEntry *SafetensorsFile::find(StringRef name) const {
  auto found = indices.find(name);
  return found == indices.end() ? nullptr : &tensors[found->second];
}
