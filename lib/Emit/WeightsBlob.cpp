//===- WeightsBlob.cpp - the weights as one range of bytes --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightsBlob.h"

#include "squint/Dialect/Squint/Squint.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace squint;

static void streamZeros(uint64_t count,
                        function_ref<void(ArrayRef<char>)> sink) {
  static const char zeros[4096] = {};
  for (; count; count -= std::min<uint64_t>(count, sizeof(zeros)))
    sink(ArrayRef(zeros, std::min<uint64_t>(count, sizeof(zeros))));
}

Error squint::streamWeights(const ModelInfo &info,
                            function_ref<void(ArrayRef<char>)> sink) {
  uint64_t position = 0;
  std::vector<char> scratch;
  for (const WeightPiece &piece : info.weights) {
    streamZeros(piece.offset - position, sink);
    Expected<ArrayRef<char>> bytes = getConstantBytes(piece.value, scratch);
    if (!bytes)
      return bytes.takeError();
    if (bytes->size() != piece.size)
      return createStringError(inconvertibleErrorCode(),
                               "expected %llu bytes of weights, got %zu",
                               (unsigned long long)piece.size, bytes->size());
    sink(*bytes);
    position = piece.offset + piece.size;
  }
  streamZeros(info.weightsSize - position, sink);
  return Error::success();
}

static Error hashWeights(const ModelInfo &info, BLAKE3 &hasher) {
  return streamWeights(info, [&](ArrayRef<char> bytes) {
    hasher.update(StringRef(bytes.data(), bytes.size()));
  });
}

Error squint::identifyState(ModelInfo &info) {
  if (!info.state)
    return Error::success();
  BLAKE3 hasher;
  hasher.update(info.stateText);
  if (Error error = hashWeights(info, hasher))
    return error;
  llvm::copy(hasher.final<sizeof(info.state->digest)>(), info.state->digest);
  return Error::success();
}

Expected<std::string> squint::getWeightsHeader(const ModelInfo &info,
                                               StringRef prefix) {
  BLAKE3 hasher;
  if (Error error = hashWeights(info, hasher))
    return std::move(error);
  BLAKE3Result<16> digest = hasher.final<16>();
  std::string size = std::to_string(info.weightsSize);
  std::string json = "{\"__metadata__\":{\"format\":\"squint\",\"model\":\"" +
                     prefix.str() + "\",\"blake3\":\"" +
                     toHex(ArrayRef<uint8_t>(digest), /*LowerCase=*/true) +
                     "\"},\"weights\":{\"dtype\":\"U8\",\"shape\":[" + size +
                     "],\"data_offsets\":[0," + size + "]}}";
  json.resize(alignTo(json.size() + 8, 64) - 8, ' ');
  std::string header(8, '\0');
  for (unsigned i = 0; i < 8; ++i)
    header[i] = char(uint64_t(json.size()) >> (8 * i));
  return header + json;
}
