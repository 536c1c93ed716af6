//===- State.cpp - operators and layout of a model's state ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/State.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace squint;

#define GET_OP_CLASSES
#include "squint/Dialect/Squint/SquintState.cpp.inc"

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

/// Integers in groups of whole vectors of 16 lanes, with minima.
static bool isGroupedFormat(const Format &format) {
  return format.isInteger() && format.granularity == Granularity::Group &&
         format.minimum && format.scale == ScaleType::F16 &&
         8 % format.bits() == 0 && format.groupSize % 16 == 0 &&
         CacheLayout::kBlockTokens % format.groupSize == 0;
}

llvm::Error CacheLayout::check(const Format &keys, const Format &values) {
  for (const Format &format : {keys, values}) {
    bool isFloat = format.element->kind == ElementKind::Float;
    bool isPlain = isFloat && !format.hasScale() && format.bits() >= 16;
    bool isScaled = (isFloat || format.isSymmetric()) && format.hasScale() &&
                    format.bits() == 8 &&
                    format.granularity == Granularity::Token &&
                    format.scale == ScaleType::F32 && format.clip == 1.0f;
    if (!isPlain && !isScaled && !isGroupedFormat(format))
      return llvm::createStringError(
          llvm::inconvertibleErrorCode(),
          "expected f32, f16, bf16, int8 or a float of 8 bits by token, or "
          "int8, int4 or int2 with minima in groups of 16, 32, 64 or 128, got "
          "'" +
              format.str() + "'");
  }
  if (isGroupedFormat(keys) != isGroupedFormat(values))
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        "expected groups for both keys and values or for none, got '" +
            keys.str() + "' and '" + values.str() + "'");
  return llvm::Error::success();
}

GroupedMatrix GroupedMatrix::get(const Format &format, int64_t rows,
                                 int64_t columns, int64_t start) {
  GroupedMatrix matrix;
  matrix.rows = rows;
  matrix.columns = columns;
  matrix.bits = format.bits();
  matrix.groupSize = format.groupSize;
  matrix.perByte = 8 / matrix.bits;
  matrix.rowBytes =
      llvm::alignTo(columns, 16 * matrix.perByte) / matrix.perByte;
  matrix.groups = llvm::divideCeil(columns, matrix.groupSize);
  matrix.codes = start;
  matrix.scales = matrix.codes + rows * matrix.rowBytes;
  matrix.minima = matrix.scales + rows * matrix.groups * 2;
  matrix.end = llvm::alignTo(matrix.minima + rows * matrix.groups * 2, 64);
  return matrix;
}

CacheLayout CacheLayout::get(CacheAttr cache) {
  CacheLayout layout = {};
  layout.keys = llvm::cantFail(Format::parse(cache.getKeys(), FormatRole::Any));
  layout.values =
      llvm::cantFail(Format::parse(cache.getValues(), FormatRole::Any));
  layout.keySize = cache.getKeySize();
  layout.valueSize = cache.getValueSize();
  layout.isGrouped = isGroupedFormat(layout.keys);
  if (layout.isGrouped) {
    layout.keyMatrix =
        GroupedMatrix::get(layout.keys, layout.keySize, kBlockTokens, 0);
    layout.valueMatrix = GroupedMatrix::get(
        layout.values, kBlockTokens, layout.valueSize, layout.keyMatrix.end);
    layout.headBytes = layout.valueMatrix.end;
    int64_t first = cache.getFirst();
    layout.recentValues = kBlockTokens * layout.keySize * 2;
    layout.firstKeys =
        layout.recentValues + kBlockTokens * layout.valueSize * 2;
    layout.firstValues = layout.firstKeys + first * layout.keySize * 2;
    layout.recentBlock =
        llvm::alignTo(layout.firstValues + first * layout.valueSize * 2, 8);
    layout.frontBytes = llvm::alignTo(layout.recentBlock + 8, 64);
    return layout;
  }
  auto codes = [](const Format &format, int64_t size) {
    return kBlockTokens * size * format.bits() / 8;
  };
  auto scales = [](const Format &format) -> int64_t {
    return format.hasScale() ? kBlockTokens * 4 : 0;
  };
  layout.keyScales = codes(layout.keys, layout.keySize);
  layout.valueCodes = layout.keyScales + scales(layout.keys);
  layout.valueScales =
      layout.valueCodes + codes(layout.values, layout.valueSize);
  layout.headBytes =
      llvm::alignTo(layout.valueScales + scales(layout.values), 64);
  return layout;
}

LogicalResult CacheAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                StringRef keys, StringRef values, int64_t heads,
                                int64_t keySize, int64_t valueSize,
                                int64_t offset, int64_t stride, int64_t first,
                                int64_t front, int64_t frontOffset) {
  StringRef texts[] = {keys, values};
  Format formats[2];
  for (auto [text, format] : llvm::zip(texts, formats)) {
    llvm::Expected<Format> parsed = Format::parse(text, FormatRole::Any);
    if (!parsed)
      return emitError() << "expected a format, got '" << text
                         << "': " << llvm::toString(parsed.takeError());
    format = *parsed;
  }
  if (llvm::Error error = CacheLayout::check(formats[0], formats[1]))
    return emitError() << llvm::toString(std::move(error));
  constexpr int64_t most = 1 << 20;
  for (int64_t size : {heads, keySize, valueSize})
    if (size < 1 || size > most)
      return emitError() << "expected 1 to 2^20 heads and elements of a head, "
                            "got "
                         << size;
  if (offset < 0 || stride < offset || offset % 64 || stride % 64)
    return emitError() << "expected an offset below the stride, both multiples "
                          "of 64, got "
                       << offset << " and " << stride;
  if (frontOffset < 0 || front < frontOffset || frontOffset % 64 || front % 64)
    return emitError() << "expected an offset before the blocks below what "
                          "lies there, both multiples of 64, got "
                       << frontOffset << " and " << front;
  if (first < 0 || first % 16 || first > CacheLayout::kBlockTokens)
    return emitError() << "expected a multiple of 16 for the first tokens, at "
                          "most 128, got "
                       << first;
  if (first && !isGroupedFormat(formats[0]))
    return emitError() << "expected formats with groups for tokens that stay "
                          "f16, got '"
                       << keys << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

/// Whether a value [B, S, heads, size] has those sizes.
static LogicalResult checkHeads(Operation *op, Value value, int64_t heads,
                                int64_t size) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t wanted[] = {ShapedType::kDynamic, ShapedType::kDynamic, heads, size};
  if (failed(verifyCompatibleShape(type.getShape(), wanted)) ||
      type.isDynamicDim(2) || type.isDynamicDim(3))
    return op->emitOpError() << "expected " << heads << " heads of " << size
                             << " elements as in the layout, got " << type;
  return success();
}

LogicalResult AppendCacheOp::verify() {
  CacheAttr layout = getLayout();
  if (getRecent() && !CacheLayout::get(layout).isGrouped)
    return emitOpError() << "expected formats with groups where recent tokens "
                            "are kept apart";
  return success(succeeded(checkHeads(*this, getKey(), layout.getHeads(),
                                      layout.getKeySize())) &&
                 succeeded(checkHeads(*this, getValue(), layout.getHeads(),
                                      layout.getValueSize())));
}

LogicalResult CachedAttentionOp::verify() {
  CacheAttr layout = getLayout();
  bool isGrouped = CacheLayout::get(layout).isGrouped;
  if (static_cast<int64_t>(getOwn().size()) != (isGrouped ? 2 : 0))
    return emitOpError() << "expected the run's own keys and values where the "
                            "cache has groups, and only there";
  if (isGrouped && (failed(checkHeads(*this, getOwn()[0], layout.getHeads(),
                                      layout.getKeySize())) ||
                    failed(checkHeads(*this, getOwn()[1], layout.getHeads(),
                                      layout.getValueSize()))))
    return failure();
  auto type = cast<RankedTensorType>(getQuery().getType());
  int64_t heads = type.getDimSize(2);
  if (heads % layout.getHeads())
    return emitOpError() << "expected a multiple of " << layout.getHeads()
                         << " heads, got " << type;
  if (getWindow() && static_cast<int64_t>(*getWindow()) < 1)
    return emitOpError() << "expected a window of at least 1, got "
                         << static_cast<int64_t>(*getWindow());
  return success(
      succeeded(checkHeads(*this, getQuery(), heads, layout.getKeySize())) &&
      succeeded(checkHeads(*this, getResult(), heads, layout.getValueSize())));
}
