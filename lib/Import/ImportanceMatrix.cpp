//===- ImportanceMatrix.cpp - llama.cpp's importance matrices ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Import/ImportanceMatrix.h"
#include "squint/Import/GgufWriter.h"
#include "squint/Import/Safetensors.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/FileUtilities.h"
#include <cmath>

using namespace llvm;
using namespace squint;

static constexpr StringLiteral kSums = ".in_sum2", kCounts = ".counts";

static Error refuse(const Twine &rule) {
  return createStringError(inconvertibleErrorCode(), rule);
}

std::vector<float> ImportanceMatrix::Entry::getMeans() const {
  std::vector<float> means;
  for (float sum : sums)
    means.push_back(count > 0 ? sum / count : 1.0f);
  return means;
}

const ImportanceMatrix::Entry *ImportanceMatrix::find(StringRef node) const {
  auto found = entries.find((node + ".weight").str());
  if (found == entries.end() && node.consume_back(".ffn_gate"))
    found = entries.find((node + ".ffn_up.weight").str());
  if (found == entries.end() &&
      (node.consume_back(".attn_q") || node.consume_back(".attn_k") ||
       node.consume_back(".attn_v")))
    found = entries.find((node + ".attn_qkv.weight").str());
  return found == entries.end() ? nullptr : &found->second;
}

static std::vector<float> readFloats(ArrayRef<char> bytes) {
  std::vector<float> numbers;
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4)
    numbers.push_back(
        support::endian::read<float>(bytes.data() + i, endianness::little));
  return numbers;
}

static Error checkNumbers(ArrayRef<float> numbers) {
  for (float number : numbers)
    if (!std::isfinite(number) || number < 0)
      return refuse("expected finite numbers of 0 or more");
  return Error::success();
}

Error ImportanceMatrix::readGguf(ArrayRef<char> bytes) {
  Expected<GgufFile> file = GgufFile::parse(bytes);
  if (!file)
    return file.takeError();
  Expected<std::optional<StringRef>> type = file->getString("general.type");
  if (!type)
    return type.takeError();
  if (type->value_or("") != "imatrix")
    return refuse("metadata 'general.type': expected imatrix, got '" +
                  type->value_or("") + "'");
  for (const GgufTensor &tensor : file->tensors()) {
    auto fail = [&](Error error) {
      return refuse("tensor '" + Twine(tensor.name) +
                    "': " + toString(std::move(error)));
    };
    StringRef name = tensor.name;
    bool areSums = name.consume_back(kSums);
    if (!areSums && !name.consume_back(kCounts))
      return fail(refuse("expected NAME.in_sum2 or NAME.counts"));
    if (tensor.type->name != "f32")
      return fail(refuse("expected f32, got " + tensor.type->name));
    std::vector<float> numbers = readFloats(file->bytes(tensor));
    if (Error error = checkNumbers(numbers))
      return fail(std::move(error));
    Entry &entry = entries[name.str()];
    if (areSums) {
      if (tensor.shape.size() > 1 && tensor.shape.front() != 1)
        return fail(refuse("expected one matrix, got several (of experts?)"));
      entry.sums = std::move(numbers);
    } else {
      if (numbers.size() != 1)
        return fail(
            refuse("expected one number, got " + Twine(numbers.size())));
      entry.count = numbers.front();
    }
  }
  for (const auto &[name, entry] : entries)
    if (entry.sums.empty() || !file->find(name + kCounts.str()))
      return refuse("entry '" + name + "': expected sums and counts");
  return Error::success();
}

Error ImportanceMatrix::readOlder(ArrayRef<char> bytes) {
  size_t at = 0;
  auto readCount = [&](StringRef what, int32_t &value) -> Error {
    if (bytes.size() - at < 4)
      return refuse("expected " + what + " at " + Twine(at) +
                    ", got the end of the file");
    value =
        support::endian::read<int32_t>(bytes.data() + at, endianness::little);
    at += 4;
    if (value < 0 || size_t(value) > bytes.size())
      return refuse("expected " + what + " at " + Twine(at - 4) +
                    " from 0 to the size of the file, got " + Twine(value));
    return Error::success();
  };
  auto take = [&](StringRef what, uint64_t size,
                  ArrayRef<char> &part) -> Error {
    if (size > bytes.size() - at)
      return refuse("expected " + Twine(size) + " bytes of " + what + " at " +
                    Twine(at) + ", got " + Twine(bytes.size() - at));
    part = bytes.slice(at, size);
    at += size;
    return Error::success();
  };
  int32_t count;
  if (Error error = readCount("a number of entries", count))
    return error;
  for (int32_t i = 0; i < count; ++i) {
    int32_t length, calls, columns;
    ArrayRef<char> name, numbers;
    if (Error error = readCount("a length", length))
      return error;
    if (Error error = take("a name", length, name))
      return error;
    Entry entry;
    if (Error error = readCount("a number of calls", calls))
      return error;
    if (Error error = readCount("a number of columns", columns))
      return error;
    if (Error error = take("numbers", uint64_t(columns) * 4, numbers))
      return error;
    entry.sums = readFloats(numbers);
    entry.count = float(calls);
    // Without calls the numbers are as they are.
    if (!calls)
      entry.count = 1;
    std::string spelled(name.data(), name.size());
    if (!json::isUTF8(spelled))
      return refuse("entry " + Twine(i) + ": expected a name in UTF-8");
    if (Error error = checkNumbers(entry.sums))
      return refuse("entry '" + spelled + "': " + toString(std::move(error)));
    if (!entries.try_emplace(spelled, std::move(entry)).second)
      return refuse("entry '" + spelled + "': expected distinct names");
  }
  // What follows names the data.
  return Error::success();
}

Expected<ImportanceMatrix> ImportanceMatrix::read(StringRef path) {
  Expected<std::unique_ptr<MemoryBuffer>> file = mapFile(path);
  if (!file)
    return file.takeError();
  ArrayRef<char> bytes((*file)->getBufferStart(), (*file)->getBufferSize());
  ImportanceMatrix matrix;
  Error error =
      isGguf(bytes) ? matrix.readGguf(bytes) : matrix.readOlder(bytes);
  if (!error && matrix.entries.empty())
    error = refuse("expected entries, got none");
  if (error)
    return refuse("'" + path + "': " + toString(std::move(error)));
  return std::move(matrix);
}

Error ImportanceMatrix::write(StringRef path) const {
  return writeToOutput(path, [&](raw_ostream &os) -> Error {
    if (!path.ends_with(".dat")) {
      GgufWriter writer;
      writer.set("general.type", StringRef("imatrix"));
      writer.set("imatrix.datasets", std::vector<std::string>{dataset});
      writer.set("imatrix.chunk_count", chunks);
      writer.set("imatrix.chunk_size", chunkSize);
      for (const auto &[name, entry] : entries) {
        writer.add(name + kSums.str(), {1, int64_t(entry.sums.size())},
                   entry.sums);
        writer.add(name + kCounts.str(), {1, 1}, entry.count);
      }
      return writer.write(os);
    }
    auto put = [&](auto number) {
      support::endian::write(os, number, endianness::little);
    };
    auto putText = [&](StringRef text) {
      put(int32_t(text.size()));
      os << text;
    };
    put(int32_t(entries.size()));
    for (const auto &[name, entry] : entries) {
      putText(name);
      put(int32_t(chunks));
      put(int32_t(entry.sums.size()));
      for (float mean : entry.getMeans())
        put(mean * float(chunks));
    }
    put(int32_t(chunks));
    putText(dataset);
    return Error::success();
  });
}
