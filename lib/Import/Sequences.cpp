//===- Sequences.cpp - lists of tensors, resolved ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Sequences.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace squint {
namespace {

constexpr int64_t kMostElements = 1 << 16;

llvm::Error unknown(const char *what) {
  return llvm::createStringError(
      std::errc::not_supported,
      "expected %s that is known when the model is imported", what);
}

std::optional<SmallVector<int64_t>> readIntegers(Value value) {
  auto constant = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  auto dense = constant ? dyn_cast<DenseIntElementsAttr>(constant.getValue())
                        : DenseIntElementsAttr();
  if (!dense || dense.getNumElements() > kMostElements)
    return std::nullopt;
  SmallVector<int64_t> numbers;
  for (APInt number : dense.getValues<APInt>())
    numbers.push_back(dense.getElementType().isInteger(1)
                          ? int64_t(number.getZExtValue())
                          : number.getSExtValue());
  return numbers;
}

std::optional<int64_t> evaluate(Value value, unsigned depth) {
  if (!value || depth > 32)
    return std::nullopt;
  if (std::optional<SmallVector<int64_t>> numbers = readIntegers(value))
    return numbers->size() == 1 ? std::optional<int64_t>(numbers->front())
                                : std::nullopt;
  Operation *op = value.getDefiningOp();
  auto type = dyn_cast<ShapedType>(value.getType());
  if (!op || !type || !isa<IntegerType>(type.getElementType()) ||
      op->getNumOperands() == 0)
    return std::nullopt;
  std::optional<int64_t> a = evaluate(op->getOperand(0), depth + 1);
  if (!a || isa<onnx::IdentityOp, onnx::SqueezeOp, onnx::UnsqueezeOp,
                onnx::ReshapeOp>(op))
    return a;
  if (isa<onnx::NotOp>(op))
    return !*a;
  std::optional<int64_t> b = op->getNumOperands() == 2
                                 ? evaluate(op->getOperand(1), depth + 1)
                                 : std::nullopt;
  int64_t result;
  if (b && ((isa<onnx::AddOp>(op) && !llvm::AddOverflow(*a, *b, result)) ||
            (isa<onnx::SubOp>(op) && !llvm::SubOverflow(*a, *b, result)) ||
            (isa<onnx::MulOp>(op) && !llvm::MulOverflow(*a, *b, result))))
    return result;
  return std::nullopt;
}

int64_t readInt(const NamedAttrList &attributes, StringRef name,
                int64_t otherwise) {
  auto number = dyn_cast_or_null<IntegerAttr>(attributes.get(name));
  return number ? number.getInt() : otherwise;
}

/// A position in a list of `size`, which may count from the end.
llvm::Expected<int64_t> readPosition(Value value, int64_t size) {
  std::optional<int64_t> number = evaluate(value, 0);
  if (!number)
    return unknown("a position in a sequence");
  if (*number < -size || *number >= size)
    return llvm::createStringError(
        "expected a position in [%lld, %lld), got %lld", (long long)-size,
        (long long)size, (long long)*number);
  return *number < 0 ? *number + size : *number;
}

llvm::Expected<Item> split(ArrayRef<Item> operands,
                           const NamedAttrList &attributes, NodeBuilder &b) {
  Value input = operands[0].tensor,
        sizes = operands.size() > 1 ? operands[1].tensor : Value();
  int64_t axis = readInt(attributes, "axis", 0);
  bool keeps = sizes || readInt(attributes, "keepdims", 1);
  std::optional<SmallVector<int64_t>> parts =
      sizes ? readIntegers(sizes) : SmallVector<int64_t>{1};
  auto sizesType = sizes ? cast<ShapedType>(sizes.getType()) : ShapedType();
  // The count of sizes is that of the parts, whatever they are.
  bool isCounted = sizesType && sizesType.hasStaticShape() &&
                   sizesType.getRank() == 1 &&
                   sizesType.getNumElements() <= kMostElements;
  if (!parts && !isCounted)
    return unknown("a split");
  if (parts && (!sizes || !sizesType.hasRank() || sizesType.getRank() == 0)) {
    auto type = dyn_cast<RankedTensorType>(input.getType());
    int64_t rank = type ? type.getRank() : 0,
            at = axis < 0 ? axis + rank : axis;
    if (!type || at < 0 || at >= rank || type.isDynamicDim(at))
      return unknown("a size of what is split");
    int64_t size = type.getDimSize(at), part = parts->front();
    if (part < 1 || size / part > kMostElements)
      return llvm::createStringError("expected parts of 1 or more elements");
    parts->clear();
    for (int64_t done = 0; done < size; done += part)
      parts->push_back(std::min(part, size - done));
  }
  Node node;
  node.dialect = "onnx";
  node.name = "Split";
  size_t count = parts ? parts->size() : sizesType.getNumElements();
  node.operands = {input, parts ? b.createInts(*parts) : sizes};
  node.attributes.set("axis", b.builder.getI64IntegerAttr(axis));
  node.outputs.assign(count, true);
  List list;
  if (count) {
    llvm::Expected<SmallVector<Value>> values = b.create(node);
    if (!values)
      return values.takeError();
    list.values = std::move(*values);
  }
  for (Value &value : list.values) {
    if (keeps)
      break;
    llvm::Expected<Value> squeezed =
        b.create("Squeeze", {value, b.createInts(axis)});
    if (!squeezed)
      return squeezed.takeError();
    value = *squeezed;
  }
  return Item{{}, std::move(list)};
}
} // namespace

std::optional<int64_t> readConstantInteger(Value value) {
  return evaluate(value, 0);
}

llvm::Expected<Value> stack(ArrayRef<Value> parts, int64_t axis,
                            NodeBuilder &b) {
  SmallVector<Value> rows;
  for (Value part : parts) {
    llvm::Expected<Value> row =
        b.create("Unsqueeze", {part, b.createInts(axis)});
    if (!row)
      return row.takeError();
    rows.push_back(*row);
  }
  return b.create(
      "Concat", rows,
      b.builder.getNamedAttr("axis", b.builder.getI64IntegerAttr(axis)));
}

bool isSequenceOperator(StringRef name) {
  return llvm::is_contained(
      {"ConcatFromSequence", "Optional", "OptionalGetElement",
       "OptionalHasElement", "SequenceAt", "SequenceConstruct", "SequenceEmpty",
       "SequenceErase", "SequenceInsert", "SequenceLength", "SplitToSequence"},
      name);
}

llvm::Expected<Item> resolveSequence(StringRef name, ArrayRef<Item> operands,
                                     const NamedAttrList &attributes,
                                     NodeBuilder &b) {
  auto makeInteger = [&](int64_t number, Type element) {
    auto type = RankedTensorType::get({}, element);
    return Item{b.createConstant(DenseElementsAttr::get(
                    type, b.builder.getIntegerAttr(element, number))),
                {}};
  };
  Item first = operands.empty() ? Item() : operands[0];
  bool isThere = first.tensor || (first.list && !first.list->isAbsent);
  if (name == "Optional")
    return isThere ? first : Item{{}, List{{}, /*isAbsent=*/true}};
  if (name == "OptionalHasElement")
    return makeInteger(isThere, b.builder.getI1Type());
  if (name == "OptionalGetElement") {
    if (!isThere)
      return llvm::createStringError(
          "expected an optional with an element, got an empty one");
    return first;
  }
  if (name == "SequenceEmpty")
    return Item{{}, List()};
  if (name == "SequenceConstruct") {
    List list;
    for (const Item &operand : operands)
      list.values.push_back(operand.tensor);
    if (llvm::is_contained(list.values, Value()))
      return llvm::createStringError("expected tensors for a sequence");
    return Item{{}, std::move(list)};
  }
  if (name == "SplitToSequence") {
    if (!first.tensor)
      return llvm::createStringError("expected a tensor to split");
    return split(operands, attributes, b);
  }
  if (!first.list || first.list->isAbsent)
    return llvm::createStringError("expected a sequence as the first operand");
  List list = *first.list;
  int64_t size = list.values.size();
  if (name == "SequenceLength")
    return makeInteger(size, b.builder.getI64Type());
  if (name == "ConcatFromSequence") {
    int64_t axis = readInt(attributes, "axis", 0);
    if (size == 0)
      return llvm::createStringError(
          "expected a sequence with elements, got an empty one");
    llvm::Expected<Value> joined =
        readInt(attributes, "new_axis", 0)
            ? stack(list.values, axis, b)
            : b.create("Concat", list.values,
                       b.builder.getNamedAttr(
                           "axis", b.builder.getI64IntegerAttr(axis)));
    if (!joined)
      return joined.takeError();
    return Item{*joined, {}};
  }
  bool inserts = name == "SequenceInsert";
  Value position = operands.size() > (inserts ? 2u : 1u)
                       ? operands[inserts ? 2 : 1].tensor
                       : Value();
  if (inserts) {
    Value tensor = operands.size() > 1 ? operands[1].tensor : Value();
    if (!tensor)
      return llvm::createStringError("expected a tensor to insert");
    int64_t at = size;
    if (position) {
      std::optional<int64_t> number = evaluate(position, 0);
      if (!number)
        return unknown("a position in a sequence");
      // At the end, too; from the end it counts the elements that are there.
      if (*number < -size || *number > size)
        return llvm::createStringError(
            "expected a position in [%lld, %lld], got %lld", (long long)-size,
            (long long)size, (long long)*number);
      at = *number < 0 ? *number + size : *number;
    }
    list.values.insert(list.values.begin() + at, tensor);
    return Item{{}, std::move(list)};
  }
  int64_t at = size - 1;
  if (position || name == "SequenceAt") {
    llvm::Expected<int64_t> number = readPosition(position, size);
    if (!number)
      return number.takeError();
    at = *number;
  } else if (size == 0) {
    return llvm::createStringError("expected an element to erase, got none");
  }
  if (name == "SequenceAt")
    return Item{list.values[at], {}};
  list.values.erase(list.values.begin() + at);
  return Item{{}, std::move(list)};
}

} // namespace squint
