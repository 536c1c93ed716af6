//===- GgufWriter.cpp - GGUF files from their parts -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Import/GgufWriter.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace squint;

static constexpr uint32_t kVersion = 3;

template <typename T> static void append(std::string &bytes, T number) {
  raw_string_ostream os(bytes);
  support::endian::write<T>(os, number, endianness::little);
}

static void append(std::string &bytes, GgufKind kind) {
  append(bytes, static_cast<uint32_t>(kind));
}

static void append(std::string &bytes, StringRef text) {
  append(bytes, uint64_t(text.size()));
  bytes.append(text.data(), text.size());
}

uint64_t GgufWriter::Tensor::getBytes() const {
  uint64_t count = 1;
  for (int64_t size : shape)
    count *= uint64_t(size);
  return count / type->block * type->bytes;
}

void GgufWriter::setBytes(StringRef key, std::string bytes) {
  auto found =
      find_if(metadata, [&](const auto &entry) { return entry.first == key; });
  if (found == metadata.end())
    metadata.emplace_back(key.str(), std::move(bytes));
  else
    found->second = std::move(bytes);
}

void GgufWriter::set(StringRef key, uint32_t number) {
  std::string bytes;
  append(bytes, GgufKind::U32);
  append(bytes, number);
  setBytes(key, std::move(bytes));
}

void GgufWriter::set(StringRef key, float number) {
  std::string bytes;
  append(bytes, GgufKind::F32);
  append(bytes, number);
  setBytes(key, std::move(bytes));
}

void GgufWriter::set(StringRef key, StringRef text) {
  std::string bytes;
  append(bytes, GgufKind::String);
  append(bytes, text);
  setBytes(key, std::move(bytes));
}

void GgufWriter::set(StringRef key, const std::vector<bool> &flags) {
  std::string bytes;
  append(bytes, GgufKind::Array);
  append(bytes, GgufKind::Bool);
  append(bytes, uint64_t(flags.size()));
  for (bool flag : flags)
    bytes += flag ? '\1' : '\0';
  setBytes(key, std::move(bytes));
}

void GgufWriter::set(StringRef key, const std::vector<std::string> &texts) {
  std::string bytes;
  append(bytes, GgufKind::Array);
  append(bytes, GgufKind::String);
  append(bytes, uint64_t(texts.size()));
  for (StringRef text : texts)
    append(bytes, text);
  setBytes(key, std::move(bytes));
}

void GgufWriter::set(StringRef key, const GgufValue &value) {
  std::string bytes;
  append(bytes, value.kind);
  if (value.kind == GgufKind::Array) {
    append(bytes, value.element);
    append(bytes, value.count);
  } else if (value.kind == GgufKind::String) {
    append(bytes, uint64_t(value.bytes.size()));
  }
  bytes.append(value.bytes.data(), value.bytes.size());
  setBytes(key, std::move(bytes));
}

void GgufWriter::add(StringRef name, std::vector<int64_t> shape,
                     ArrayRef<float> numbers) {
  add({name.str(), lookupGgufType("f32"), std::move(shape),
       [numbers](raw_ostream &os) {
         for (float number : numbers)
           support::endian::write<float>(os, number, endianness::little);
         return Error::success();
       }});
}

Error GgufWriter::write(raw_ostream &os) const {
  std::string header = "GGUF";
  append(header, kVersion);
  append(header, uint64_t(tensors.size()));
  append(header, uint64_t(metadata.size()));
  for (const auto &[key, value] : metadata) {
    append(header, StringRef(key));
    header += value;
  }
  uint64_t offset = 0;
  for (const Tensor &tensor : tensors) {
    append(header, StringRef(tensor.name));
    append(header, uint32_t(tensor.shape.size()));
    for (int64_t size : reverse(tensor.shape))
      append(header, uint64_t(size));
    append(header, tensor.type->number);
    append(header, offset);
    offset = alignTo(offset + tensor.getBytes(), alignment);
  }
  os << header;
  os.write_zeros(alignTo(header.size(), alignment) - header.size());
  for (const Tensor &tensor : tensors) {
    [[maybe_unused]] uint64_t begin = os.tell();
    if (Error error = tensor.write(os))
      return error;
    assert(os.tell() - begin == tensor.getBytes());
    os.write_zeros(alignTo(tensor.getBytes(), alignment) - tensor.getBytes());
  }
  return Error::success();
}
