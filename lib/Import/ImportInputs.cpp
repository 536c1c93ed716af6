//===- ImportInputs.cpp - the inputs of a model ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Importer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;

namespace squint {

//===----------------------------------------------------------------------===//
// Kinds of values
//===----------------------------------------------------------------------===//

/// What a type is of, and the tensors in it; nothing for other types.
static std::optional<std::pair<ValueKind, const ::onnx::TypeProto::Tensor *>>
readKind(const ::onnx::TypeProto &type) {
  auto make = [](ValueKind kind, const ::onnx::TypeProto &of) {
    return of.has_tensor_type()
               ? std::optional(std::make_pair(kind, &of.tensor_type()))
               : std::nullopt;
  };
  if (type.has_sequence_type())
    return make(ValueKind::Sequence, type.sequence_type().elem_type());
  if (!type.has_optional_type())
    return make(ValueKind::Tensor, type);
  const ::onnx::TypeProto &inner = type.optional_type().elem_type();
  if (inner.has_sequence_type())
    return make(ValueKind::OptionalSequence, inner.sequence_type().elem_type());
  return make(ValueKind::OptionalTensor, inner);
}

llvm::Expected<ModelValues> readModelValues(StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return llvm::createStringError(file.getError(), "cannot open '%s'",
                                   path.str().c_str());
  llvm::Expected<::onnx::ModelProto> model = parseModel(
      ArrayRef<char>((*file)->getBufferStart(), (*file)->getBufferSize()));
  if (!model)
    return model.takeError();
  llvm::StringSet<> constants;
  for (const auto &tensor : model->graph().initializer())
    constants.insert(tensor.name());
  for (const auto &tensor : model->graph().sparse_initializer())
    constants.insert(tensor.values().name());
  ModelValues values;
  auto add = [](const ::onnx::ValueInfoProto &value,
                std::vector<ModelValue> &list) {
    auto kind = readKind(value.type());
    list.push_back({value.name(), kind ? kind->first : ValueKind::Tensor});
  };
  for (const auto &input : model->graph().input())
    if (!constants.contains(input.name()))
      add(input, values.inputs);
  for (const auto &output : model->graph().output())
    add(output, values.outputs);
  return values;
}

llvm::Expected<std::pair<std::string, InputElements>>
parseInputElements(StringRef text) {
  auto [name, list] = text.split('=');
  auto fail = [&] {
    return llvm::createStringError(
        "expected NAME=SHAPE,SHAPE with shapes as 2x3, or NAME=none, got '%s'",
        text.str().c_str());
  };
  InputElements elements;
  elements.isAbsent = list == "none";
  if (name.empty() || !text.contains('='))
    return fail();
  if (elements.isAbsent || list.empty())
    return std::make_pair(name.str(), elements);
  SmallVector<StringRef> shapes;
  list.split(shapes, ',');
  for (StringRef shape : shapes) {
    std::vector<int64_t> &sizes = elements.shapes.emplace_back();
    if (shape == "()")
      continue;
    SmallVector<StringRef> parts;
    shape.split(parts, 'x');
    for (StringRef part : parts)
      if (part.getAsInteger(10, sizes.emplace_back()) || sizes.back() < 0)
        return fail();
  }
  return std::make_pair(name.str(), elements);
}

llvm::Expected<std::pair<std::string, std::vector<int64_t>>>
parseInputValue(StringRef text) {
  auto [name, list] = text.split('=');
  auto fail = [&] {
    return llvm::createStringError(
        "expected NAME=N,N with the integers that an input holds, got '%s'",
        text.str().c_str());
  };
  if (name.empty() || list.empty())
    return fail();
  std::vector<int64_t> numbers;
  SmallVector<StringRef> parts;
  list.split(parts, ',');
  for (StringRef part : parts)
    if (part.getAsInteger(10, numbers.emplace_back()))
      return fail();
  return std::make_pair(name.str(), numbers);
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// A name for a dimension that `squint.dims` can hold; distinct for distinct
/// names.
std::string Importer::makeSymbol(StringRef name) {
  std::string &symbol = symbols[name];
  if (!symbol.empty())
    return symbol;
  std::string base = name.str();
  for (char &c : base)
    if (!llvm::isAlnum(c) && c != '_' && c != '.')
      c = '_';
  if (!DimExpr::isSymbol(base) || DimExpr::isValueSymbol(base) ||
      DimExpr::isLateSymbol(base))
    base = "_" + base;
  symbol = base;
  for (int i = 2; !usedSymbols.insert(symbol).second; ++i)
    symbol = base + "_" + std::to_string(i);
  return symbol;
}

FailureOr<SmallVector<Argument>>
Importer::readInput(const ::onnx::ValueInfoProto &input) {
  auto fail = [&] { return error() << "input '" << input.name() << "': "; };
  auto kind = readKind(input.type());
  if (!kind)
    return LogicalResult(refusal(fail())
                         << "expected tensors (others are not supported)");
  SmallVector<Argument> arguments;
  if (kind->first == ValueKind::Tensor) {
    Argument &argument = arguments.emplace_back();
    argument.name = input.name();
    FailureOr<RankedTensorType> type = readInputType(input, argument.dims);
    if (failed(type))
      return failure();
    argument.type = *type;
    return arguments;
  }
  auto given = options.elements.find(input.name());
  if (given == options.elements.end())
    return LogicalResult(refusal(fail())
                         << "expected to be told what the "
                         << (kind->first == ValueKind::Sequence ? "sequence"
                                                                : "optional")
                         << " holds (--elements)");
  const auto &[shapes, isAbsent] = given->second;
  bool isOptional = kind->first != ValueKind::Sequence,
       isTensor = kind->first == ValueKind::OptionalTensor;
  if ((isAbsent && !isOptional) || (isTensor && shapes.size() != !isAbsent))
    return LogicalResult(
        fail() << "expected the shape of "
               << (isTensor ? "one element or none" : "each element"));
  Type element = getElementType(&context, kind->second->elem_type());
  if (!element)
    return LogicalResult(fail() << "expected a data type of the standard, got "
                                << kind->second->elem_type());
  const auto &declared = kind->second->shape();
  for (const auto &[i, shape] : llvm::enumerate(shapes)) {
    bool agrees =
        !kind->second->has_shape() || declared.dim_size() == int(shape.size());
    for (int d = 0; agrees && d < declared.dim_size(); ++d)
      agrees = declared.dim(d).dim_value() <= 0 ||
               declared.dim(d).dim_value() == shape[d];
    int64_t count = 1;
    for (int64_t size : shape)
      agrees &= !llvm::MulOverflow(count, size, count);
    if (!agrees || count > INT64_MAX / 128)
      return LogicalResult(
          fail() << "expected elements of the shape that the "
                    "model says, got "
                 << llvm::join(llvm::map_range(shape,
                                               [](int64_t size) {
                                                 return std::to_string(size);
                                               }),
                               "x"));
    Argument &argument = arguments.emplace_back();
    argument.name =
        isTensor ? input.name() : input.name() + "." + std::to_string(i);
    argument.type = RankedTensorType::get(shape, element);
    argument.dims.assign(shape.begin(), shape.end());
  }
  return arguments;
}

FailureOr<TypedAttr>
Importer::readFixedInput(const ::onnx::ValueInfoProto &input,
                         ArrayRef<int64_t> numbers) {
  auto fail = [&]() -> InFlightDiagnostic {
    return error() << "input '" << input.name() << "': ";
  };
  const auto &tensor = input.type().tensor_type();
  Type element = getElementType(&context, tensor.elem_type());
  auto type = dyn_cast_or_null<IntegerType>(element);
  unsigned width = type ? type.getWidth() : 0;
  if (!input.type().has_tensor_type() || !tensor.has_shape() ||
      (width != 1 && width < 8))
    return LogicalResult(fail() << "expected integers or booleans of a known "
                                   "rank as what has a value");
  // The only dimension that has no size takes what is left.
  SmallVector<int64_t> shape;
  int64_t count = 1, *open = nullptr;
  for (const auto &dim : tensor.shape().dim())
    shape.push_back(dim.dim_value());
  bool fits = true;
  for (int64_t &size : shape) {
    if (size < 1) {
      fits &= !open;
      open = &size;
    } else {
      fits &= !llvm::MulOverflow(count, size, count);
    }
  }
  int64_t given = numbers.size();
  if (fits && open) {
    *open = given / count;
    count *= *open;
  }
  if (!fits || count != given)
    return LogicalResult(
        fail() << "expected as many numbers as it has elements, got " << given);
  std::vector<char> bytes;
  for (int64_t number : numbers) {
    bool isInside = width == 1 ? number == 0 || number == 1
                    : width == 64
                        ? type.isSigned() || number >= 0 || type.isSignless()
                    : type.isUnsigned() ? llvm::isUIntN(width, number)
                                        : llvm::isIntN(width, number);
    if (!isInside)
      return LogicalResult(fail() << "expected numbers of type " << element
                                  << ", got " << number);
    const char *from = reinterpret_cast<const char *>(&number);
    bytes.insert(bytes.end(), from, from + llvm::divideCeil(width, 8));
  }
  return tensors->make(RankedTensorType::get(shape, element), bytes);
}

FailureOr<RankedTensorType>
Importer::readInputType(const ::onnx::ValueInfoProto &input,
                        SmallVectorImpl<DimExpr> &dims) {
  auto fail = [&] { return error() << "input '" << input.name() << "': "; };
  const auto &tensor = input.type().tensor_type();
  Type element = getElementType(&context, tensor.elem_type());
  if (!element)
    return fail() << "expected a data type of the standard, got "
                  << tensor.elem_type();
  if (!tensor.has_shape())
    return fail() << "expected a shape, got none";
  SmallVector<int64_t> shape;
  for (auto [i, dim] : llvm::enumerate(tensor.shape().dim())) {
    if (dim.value_case() == std::decay_t<decltype(dim)>::kDimValue &&
        dim.dim_value() < -1)
      return fail() << "expected dimensions of 0 or more, got "
                    << dim.dim_value();
    if (dim.value_case() == std::decay_t<decltype(dim)>::kDimValue &&
        dim.dim_value() > 0) {
      shape.push_back(dim.dim_value());
      dims.push_back(dim.dim_value());
      continue;
    }
    // 0, -1, an empty name and nothing all say that the size is known at run
    // time only.
    std::string name = dim.dim_param().empty()
                           ? input.name() + "_d" + std::to_string(i)
                           : dim.dim_param();
    auto pin = options.dims.find(name);
    std::string symbol = makeSymbol(name);
    if (pin == options.dims.end())
      pin = options.dims.find(symbol);
    if (pin != options.dims.end()) {
      pinned.insert(pin->first);
      shape.push_back(pin->second);
      dims.push_back(pin->second);
      continue;
    }
    shape.push_back(ShapedType::kDynamic);
    dims.push_back(DimExpr::symbol(symbol));
  }
  int64_t elements = 1;
  for (int64_t size : shape)
    if (!ShapedType::isDynamic(size) &&
        (llvm::MulOverflow(elements, size, elements) ||
         elements > INT64_MAX / 128))
      return fail() << "expected a tensor of less than 2^56 elements";
  return RankedTensorType::get(shape, element);
}

} // namespace squint
