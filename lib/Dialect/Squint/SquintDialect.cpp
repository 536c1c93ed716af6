//===- SquintDialect.cpp - attributes and types -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/DialectImplementation.h"
#include "squint/Dialect/Squint/State.h"
#include "squint/Dialect/Squint/Training.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace squint;

#include "squint/Dialect/Squint/SquintDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "squint/Dialect/Squint/SquintAttributes.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "squint/Dialect/Squint/SquintTypes.cpp.inc"

void SquintDialect::initialize() {
  stores = std::make_shared<DataStores>();
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "squint/Dialect/Squint/SquintOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "squint/Dialect/Squint/SquintTraining.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "squint/Dialect/Squint/SquintState.cpp.inc"
      >();
}

void SquintDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "squint/Dialect/Squint/SquintAttributes.cpp.inc"
      >();
}

void SquintDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "squint/Dialect/Squint/SquintTypes.cpp.inc"
      >();
}

StringRef squint::getNodeName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = getNodeName(part); !name.empty())
        return name;
  return "";
}

StringRef squint::getNodeName(Operation *op) {
  return getNodeName(op->getLoc());
}

//===----------------------------------------------------------------------===//
// #squint.data
//===----------------------------------------------------------------------===//

Attribute DataAttr::parse(AsmParser &parser, Type type) {
  std::string store;
  int64_t offset = 0, length = 0;
  SmallVector<int64_t> permutation;
  auto parseInt = [&]() {
    return parser.parseInteger(permutation.emplace_back());
  };
  if (parser.parseLess() || parser.parseString(&store) || parser.parseComma() ||
      parser.parseInteger(offset) || parser.parseComma() ||
      parser.parseInteger(length))
    return {};
  if (succeeded(parser.parseOptionalComma()) &&
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseInt))
    return {};
  if (parser.parseGreater())
    return {};
  // The self type follows after a colon; the generated caller passes it when it
  // has parsed it already.
  if (!type && parser.parseColonType(type))
    return {};
  return parser.getChecked<DataAttr>(parser.getContext(), type, store, offset,
                                     length, permutation);
}

void DataAttr::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printString(getStore());
  printer << ", " << getOffset() << ", " << getLength();
  if (!getPermutation().empty())
    printer << ", [" << getPermutation() << "]";
  printer << ">";
}

/// Bytes of a type's elements, or -1 where the type has no fixed size.
static int64_t sizeInBytes(Type type) {
  if (auto packed = dyn_cast<PackedType>(type)) {
    if (packed.getLayout())
      return -1;
    return PlainLayout::get(packed.getFormat(), packed.getRows(),
                            packed.getColumns())
        .totalBytes;
  }
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() ||
      !tensor.getElementType().isIntOrFloat())
    return -1;
  unsigned bits = tensor.getElementType().getIntOrFloatBitWidth();
  if (bits == 1)
    bits = 8;
  return llvm::divideCeil(int64_t(bits) * tensor.getNumElements(), 8);
}

LogicalResult DataAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               Type type, StringRef store, int64_t offset,
                               int64_t length, ArrayRef<int64_t> permutation) {
  if (store.empty())
    return emitError() << "expected the name of a store";
  if (offset < 0 || length < 0)
    return emitError() << "expected a range of bytes, got offset " << offset
                       << " and length " << length;
  if (int64_t size = sizeInBytes(type); size >= 0 && size != length)
    return emitError() << "expected " << size << " bytes for " << type
                       << ", got " << length;
  if (!permutation.empty()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor ||
        static_cast<int64_t>(permutation.size()) != tensor.getRank() ||
        !isPermutationVector(permutation))
      return emitError() << "expected a permutation of the dimensions of "
                         << type << ", got [" << permutation << "]";
  }
  return success();
}

SmallVector<int64_t> DataAttr::getStoredShape() const {
  ArrayRef<int64_t> shape = isa<PackedType>(getType())
                                ? cast<PackedType>(getType()).getShape()
                                : cast<ShapedType>(getType()).getShape();
  SmallVector<int64_t> stored(shape);
  for (auto [i, p] : llvm::enumerate(getPermutation()))
    stored[p] = shape[i];
  return stored;
}

//===----------------------------------------------------------------------===//
// #squint.format
//===----------------------------------------------------------------------===//

FormatAttr FormatAttr::get(MLIRContext *context, const Format &format) {
  return get(context, format.str());
}

Format FormatAttr::getFormat() const {
  return llvm::cantFail(Format::parse(getSpelling(), FormatRole::Any));
}

LogicalResult FormatAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef spelling) {
  llvm::Expected<Format> format = Format::parse(spelling, FormatRole::Any);
  if (!format)
    return emitError() << llvm::toString(format.takeError());
  if (format->str() != spelling)
    return emitError() << "expected the canonical spelling '" << format->str()
                       << "', got '" << spelling << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// !squint.packed
//===----------------------------------------------------------------------===//

Type PackedType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  std::string spelling;
  Attribute layout;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/true,
                                /*withTrailingX=*/false) ||
      parser.parseComma() || parser.parseString(&spelling))
    return {};
  if (succeeded(parser.parseOptionalComma()) && parser.parseAttribute(layout))
    return {};
  if (parser.parseGreater())
    return {};
  auto emitError = [&] { return parser.emitError(loc); };
  // Written by hand the short spelling is welcome.
  llvm::Expected<Format> format = Format::parse(spelling, FormatRole::Any);
  if (!format) {
    emitError() << llvm::toString(format.takeError());
    return {};
  }
  return PackedType::getChecked(emitError, parser.getContext(), shape,
                                FormatAttr::get(parser.getContext(), *format),
                                layout);
}

void PackedType::print(AsmPrinter &printer) const {
  printer << "<";
  printer.printDimensionList(getShape());
  printer << ", \"" << getFormatAttr().getSpelling() << "\"";
  if (getLayout())
    printer << ", " << getLayout();
  printer << ">";
}

LogicalResult PackedType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> shape, FormatAttr format,
                                 Attribute layout) {
  if (shape.empty())
    return emitError() << "expected a packed tensor to have a dimension";
  int64_t columns = 1;
  for (int64_t dim : shape.drop_front())
    columns = ShapedType::isDynamic(dim) ? 0 : columns * dim;
  if (llvm::Error error = format.getFormat().checkColumns(columns))
    return emitError() << llvm::toString(std::move(error));
  return success();
}

int64_t PackedType::getColumns() const {
  int64_t columns = 1;
  for (int64_t dim : getShape().drop_front())
    columns = ShapedType::isDynamic(dim) || ShapedType::isDynamic(columns)
                  ? ShapedType::kDynamic
                  : columns * dim;
  return columns;
}
