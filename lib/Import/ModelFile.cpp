//===- ModelFile.cpp - a mapped ONNX file -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ModelFile.h"
#include "llvm/ADT/SmallVector.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <limits>

using namespace llvm;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

namespace squint {
namespace {

/// The messages that lead to tensors, and what need not be read at all.
enum class Message {
  Model,
  Graph,
  Node,
  Attribute,
  Tensor,
  SparseTensor,
  Function,
  Leaf,
  Dropped
};

Message getChild(Message message, uint32_t field) {
  switch (message) {
  case Message::Model:
    return field == 7    ? Message::Graph
           : field == 25 ? Message::Function
           : field == 6 || field == 20
               ? Message::Dropped
               : Message::Leaf; // documentation, training
  case Message::Graph:
    return field == 1    ? Message::Node
           : field == 5  ? Message::Tensor
           : field == 15 ? Message::SparseTensor
           : field == 10 || field == 13 || field == 14
               ? Message::Dropped
               : Message::Leaf; // value_info, annotations
  case Message::Node:
    return field == 5   ? Message::Attribute
           : field == 6 ? Message::Dropped
                        : Message::Leaf;
  case Message::Attribute:
    return field == 5 || field == 10    ? Message::Tensor
           : field == 6 || field == 11  ? Message::Graph
           : field == 22 || field == 23 ? Message::SparseTensor
           : field == 13                ? Message::Dropped
                                        : Message::Leaf;
  case Message::SparseTensor:
    return field == 1 || field == 2 ? Message::Tensor : Message::Leaf;
  case Message::Function:
    return field == 7                  ? Message::Node
           : field == 11               ? Message::Attribute
           : field == 8 || field == 12 ? Message::Dropped
                                       : Message::Leaf;
  case Message::Tensor:
    // Fields that the standard does not have could pass for our own note of a
    // cut.
    return field == 12 || field > 16 ? Message::Dropped : Message::Leaf;
  default:
    return Message::Leaf;
  }
}

bool isData(uint32_t field) {
  using T = ::onnx::TensorProto;
  return field == T::kFloatDataFieldNumber ||
         field == T::kInt32DataFieldNumber ||
         field == T::kInt64DataFieldNumber || field == T::kRawDataFieldNumber ||
         field == T::kDoubleDataFieldNumber ||
         field == T::kUint64DataFieldNumber;
}

/// The field of TensorProto that holds a note of a cut; the standard's numbers
/// end at 16.
constexpr uint32_t kSpanField = 20000;
constexpr int kDeepest = 64;

void appendVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void appendBytes(std::string &out, uint32_t field, StringRef bytes) {
  appendVarint(out, WireFormatLite::MakeTag(
                        field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  appendVarint(out, bytes.size());
  out.append(bytes.data(), bytes.size());
}

/// Appends `bytes`, one message that starts at `start` of the file, to `out`
/// without long data. False when malformed.
bool copyMessage(Message message, ArrayRef<char> bytes, uint64_t start,
                 std::string &out, int depth) {
  if (depth > kDeepest)
    return false;
  CodedInputStream in(reinterpret_cast<const uint8_t *>(bytes.data()),
                      static_cast<int>(bytes.size()));
  while (true) {
    uint32_t tag = in.ReadTag();
    if (tag == 0)
      return in.ConsumedEntireMessage() &&
             in.CurrentPosition() == static_cast<int>(bytes.size());
    uint32_t field = WireFormatLite::GetTagFieldNumber(tag);
    if (field == 0)
      return false;
    Message child = getChild(message, field);
    bool keep = child != Message::Dropped;
    if (keep && WireFormatLite::GetTagWireType(tag) !=
                    WireFormatLite::WIRETYPE_LENGTH_DELIMITED)
      appendVarint(out, tag);
    switch (WireFormatLite::GetTagWireType(tag)) {
    case WireFormatLite::WIRETYPE_VARINT: {
      uint64_t value;
      if (!in.ReadVarint64(&value))
        return false;
      if (keep)
        appendVarint(out, value);
      break;
    }
    case WireFormatLite::WIRETYPE_FIXED64:
    case WireFormatLite::WIRETYPE_FIXED32: {
      int size = WireFormatLite::GetTagWireType(tag) ==
                         WireFormatLite::WIRETYPE_FIXED64
                     ? 8
                     : 4;
      int position = in.CurrentPosition();
      if (!in.Skip(size))
        return false;
      if (keep)
        out.append(bytes.data() + position, size);
      break;
    }
    case WireFormatLite::WIRETYPE_LENGTH_DELIMITED: {
      uint32_t length;
      if (!in.ReadVarint32(&length))
        return false;
      uint64_t position = in.CurrentPosition();
      if (length > bytes.size() - position ||
          !in.Skip(static_cast<int>(length)))
        return false;
      ArrayRef<char> contents = bytes.slice(position, length);
      if (!keep)
        break;
      if (message == Message::Tensor && isData(field) &&
          length > kInlineBytes) {
        std::string note;
        appendVarint(note, field);
        appendVarint(note, start + position);
        appendVarint(note, length);
        appendBytes(out, kSpanField, note);
      } else if (child == Message::Leaf) {
        appendBytes(out, field, StringRef(contents.data(), contents.size()));
      } else {
        std::string copy;
        if (!copyMessage(child, contents, start + position, copy, depth + 1))
          return false;
        appendBytes(out, field, copy);
      }
      break;
    }
    default: // groups, which the standard does not use
      return false;
    }
  }
}
} // namespace

Expected<::onnx::ModelProto> parseModel(ArrayRef<char> bytes) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
    return createStringError("expected a model of less than 2 GB (weights "
                             "beyond that are external data), got %zu bytes",
                             bytes.size());
  std::string reduced;
  ::onnx::ModelProto model;
  if (bytes.empty() || !copyMessage(Message::Model, bytes, 0, reduced, 0) ||
      !model.ParseFromString(reduced))
    return createStringError("expected an ONNX model, got bytes that are no "
                             "protobuf message of that kind");
  return model;
}

SmallVector<DataSpan> getDataSpans(const ::onnx::TensorProto &tensor) {
  SmallVector<DataSpan> spans;
  const std::string &unknown = tensor.unknown_fields();
  CodedInputStream in(reinterpret_cast<const uint8_t *>(unknown.data()),
                      static_cast<int>(unknown.size()));
  while (uint32_t tag = in.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) != kSpanField) {
      if (!WireFormatLite::SkipField(&in, tag))
        break;
      continue;
    }
    uint32_t length;
    DataSpan span;
    if (!in.ReadVarint32(&length) || !in.ReadVarint32(&span.field) ||
        !in.ReadVarint64(&span.offset) || !in.ReadVarint64(&span.length))
      break;
    spans.push_back(span);
  }
  return spans;
}

} // namespace squint
