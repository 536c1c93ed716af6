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

llvm::Error CacheLayout::check(const Format &format) {
  bool isPlain = format.element->kind == ElementKind::Float &&
                 !format.hasScale() && format.bits() >= 16;
  bool isFloat = format.element->kind == ElementKind::Float;
  bool isScaled = (isFloat || format.isSymmetric()) && format.hasScale() &&
                  format.bits() == 8 &&
                  format.granularity == Granularity::Token &&
                  format.scale == ScaleType::F32 && format.clip == 1.0f;
  if (isPlain || isScaled)
    return llvm::Error::success();
  return llvm::createStringError(
      llvm::inconvertibleErrorCode(),
      "expected f32, f16, bf16, or int8 or a float of 8 bits by token, got '" +
          format.str() + "'");
}

CacheLayout CacheLayout::get(CacheAttr cache) {
  CacheLayout layout;
  layout.keys = llvm::cantFail(Format::parse(cache.getKeys(), FormatRole::Any));
  layout.values =
      llvm::cantFail(Format::parse(cache.getValues(), FormatRole::Any));
  layout.keySize = cache.getKeySize();
  layout.valueSize = cache.getValueSize();
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
                                int64_t offset, int64_t stride) {
  for (StringRef text : {keys, values}) {
    llvm::Expected<Format> format = Format::parse(text, FormatRole::Any);
    if (!format)
      return emitError() << "expected a format, got '" << text
                         << "': " << llvm::toString(format.takeError());
    if (llvm::Error error = CacheLayout::check(*format))
      return emitError() << llvm::toString(std::move(error));
  }
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
  return success(succeeded(checkHeads(*this, getKey(), layout.getHeads(),
                                      layout.getKeySize())) &&
                 succeeded(checkHeads(*this, getValue(), layout.getHeads(),
                                      layout.getValueSize())));
}

LogicalResult CachedAttentionOp::verify() {
  CacheAttr layout = getLayout();
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
