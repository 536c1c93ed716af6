//===- Format.cpp - element x block x scale x zero point --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Format.h"
#include "squint/Numerics/Blocks.h"
#include "squint/Numerics/DynamicScale.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace squint;

static llvm::Error fail(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

static llvm::Error failUnknownElement(llvm::StringRef name) {
  std::string names;
  for (const Element *element : getElements())
    names += (names.empty() ? "" : ", ") + element->name.str();
  return fail("unknown element '" + name + "', expected one of " + names);
}

static llvm::Error parseGranularity(llvm::StringRef text, Format &format) {
  llvm::StringRef size = text;
  if (size.consume_front("group=") || size.consume_front("block=")) {
    int64_t value;
    if (size.getAsInteger(10, value) || value < 1 || value > INT32_MAX)
      return fail("expected a group size of at least 1, got '" + size + "'");
    format.granularity = Granularity::Group;
    format.groupSize = value;
    return llvm::Error::success();
  }
  if (text == "tensor")
    format.granularity = Granularity::Tensor;
  else if (text == "channel")
    format.granularity = Granularity::Channel;
  else if (text == "token")
    format.granularity = Granularity::Token;
  else
    return fail("unknown granularity '" + text +
                "', expected tensor, channel, token or group=N");
  return llvm::Error::success();
}

static llvm::Error checkRole(const Format &format, FormatRole role) {
  if (role == FormatRole::Weight && format.granularity == Granularity::Token)
    return fail("granularity 'token' is for activations, expected tensor, "
                "channel or group=N");
  if (role == FormatRole::Activation &&
      format.granularity == Granularity::Channel)
    return fail("granularity 'channel' is for weights, expected tensor, token "
                "or group=N");
  return llvm::Error::success();
}

/// As the canonical spelling has it: what is read again is the same number.
static std::string stringifyClip(float clip) {
  return llvm::formatv("{0:F3}", clip).str();
}

static llvm::Error parseClip(llvm::StringRef text, Format &format) {
  double value;
  if (text.getAsDouble(value) || !(value > 0.0 && value <= 1.0))
    return fail("expected a clip ratio above 0 and up to 1, got '" + text +
                "'");
  format.clip = float(value);
  // Three places are kept.
  if (llvm::StringRef(stringifyClip(format.clip)).getAsDouble(value) ||
      float(value) != format.clip || value == 0.0)
    return fail("expected a clip ratio of at most three decimal places, got '" +
                text + "'");
  return llvm::Error::success();
}

static llvm::Error parseSparsity(llvm::StringRef text, Format &format) {
  if (format.sparse)
    return fail("'sparse' given twice");
  format.sparse = true;
  if (text == "2:4")
    return llvm::Error::success();
  llvm::StringRef percent = text;
  if (!percent.consume_back("%") ||
      percent.getAsInteger(10, format.prunedPercent) ||
      format.prunedPercent < 1 || format.prunedPercent > 99)
    return fail("unknown sparsity '" + text + "', expected 2:4 or 1% to 99%");
  return llvm::Error::success();
}

static constexpr std::pair<ScaleRounding, llvm::StringLiteral> kRoundings[] = {
    {ScaleRounding::Floor, "floor"},
    {ScaleRounding::Even, "even"},
    {ScaleRounding::Ceil, "ceil"},
    {ScaleRounding::RCeil, "rceil"},
};

llvm::StringRef squint::stringifyScaleRounding(ScaleRounding rounding) {
  return kRoundings[static_cast<int>(rounding)].second;
}

static llvm::Error parseRounding(llvm::StringRef text, Format &format) {
  for (auto [rounding, name] : kRoundings)
    if (text == name) {
      format.rounding = rounding;
      return llvm::Error::success();
    }
  return fail("unknown rounding '" + text +
              "', expected floor, even, ceil or rceil");
}

// A microscaling element is its block and scale; the text may only repeat the
// block.
static llvm::Error applyFixedBlock(Format &format) {
  const Element &element = *format.element;
  if (format.granularity != Granularity::None &&
      (format.granularity != Granularity::Group ||
       format.groupSize != element.fixedGroup))
    return fail(element.name + " has groups of " +
                llvm::Twine(element.fixedGroup));
  format.granularity = Granularity::Group;
  format.groupSize = element.fixedGroup;
  format.scale = *element.fixedScale;
  return llvm::Error::success();
}

llvm::Expected<Format> Format::parse(llvm::StringRef text, FormatRole role) {
  size_t nameEnd = text.find_first_of(":,");
  llvm::StringRef name = text.substr(0, nameEnd);
  llvm::StringRef rest = text.substr(name.size());

  Format format;
  format.element = lookupElement(name);
  if (!format.element)
    return failUnknownElement(name);
  if (!format.hasScale()) {
    if (!rest.empty())
      return fail(name + " has no scales, expected nothing after it, got '" +
                  rest + "'");
    return format;
  }

  if (rest.consume_front(":")) {
    llvm::StringRef granularity =
        rest.take_until([](char c) { return c == ','; });
    if (llvm::Error error = parseGranularity(granularity, format))
      return std::move(error);
    rest = rest.drop_front(granularity.size());
  }

  bool hasScaleOption = false, hasRounding = false;
  while (rest.consume_front(",")) {
    llvm::StringRef option = rest.take_until([](char c) { return c == ','; });
    rest = rest.drop_front(option.size());
    llvm::StringRef scale = option;
    if (option == "zero-point") {
      if (format.zeroPoint)
        return fail("'zero-point' given twice");
      format.zeroPoint = true;
    } else if (option == "min") {
      if (format.minimum)
        return fail("'min' given twice");
      format.minimum = true;
    } else if (scale.consume_front("clip=")) {
      if (llvm::Error error = parseClip(scale, format))
        return std::move(error);
    } else if (scale.consume_front("scale=")) {
      if (hasScaleOption)
        return fail("'scale' given twice");
      hasScaleOption = true;
      if (scale == "f16")
        format.scale = ScaleType::F16;
      else if (scale == "bf16")
        format.scale = ScaleType::BF16;
      else if (scale == "f32")
        format.scale = ScaleType::F32;
      else if (scale == "dynamic8")
        format.scale = ScaleType::Dynamic8;
      else if (scale == "bilevel3")
        format.scale = ScaleType::Bilevel3;
      else
        return fail("unknown scale type '" + scale +
                    "', expected f16, bf16, f32, dynamic8 or bilevel3");
    } else if (llvm::StringRef sparsity = option;
               sparsity.consume_front("sparse=")) {
      if (llvm::Error error = parseSparsity(sparsity, format))
        return std::move(error);
    } else if (llvm::StringRef rounding = option;
               rounding.consume_front("round=")) {
      if (hasRounding)
        return fail("'round' given twice");
      hasRounding = true;
      if (llvm::Error error = parseRounding(rounding, format))
        return std::move(error);
    } else if (llvm::StringRef count = option;
               count.consume_front("outliers=")) {
      if (format.outliers)
        return fail("'outliers' given twice");
      if (count.getAsInteger(10, format.outliers) || format.outliers < 1 ||
          format.outliers > UINT16_MAX)
        return fail("expected 1 to 65535 outliers, got '" + count + "'");
    } else {
      return fail("unknown option '" + option +
                  "', expected zero-point, min, clip=R, "
                  "scale=f16|bf16|f32|dynamic8|bilevel3, sparse=2:4|P%, "
                  "outliers=N or round=even|ceil|rceil");
    }
  }

  if (format.zeroPoint && (!format.isInteger() || format.element->fixedGroup))
    return fail("zero-point is for integers, got " + name);
  if (format.minimum && (!format.isInteger() || format.element->fixedGroup ||
                         format.granularity != Granularity::Group))
    return fail("min is for integers in groups, got '" + text + "'");
  if (format.minimum && format.zeroPoint)
    return fail("expected zero-point or min, got both");
  if (format.sparse &&
      (!format.isInteger() || format.zeroPoint || format.minimum ||
       format.element->fixedGroup || format.blocks()))
    return fail(
        "'sparse' is for integers without zero points and minima, got '" +
        text + "'");
  if (format.prunedPercent && format.bits() != 4 && format.bits() != 8)
    return fail("'sparse' by a percentage is for int4 and int8, got '" + text +
                "'");
  if (hasRounding && format.element->fixedScale != ScaleType::E8M0)
    return fail("'round' is for microscaling elements, got '" + text + "'");
  if (format.outliers && format.scale != ScaleType::Bilevel3)
    return fail("'outliers' go with scale=bilevel3, got '" + text + "'");
  if (format.element->fixedGroup) {
    if (hasScaleOption)
      return fail(name + " has scales of type " +
                  stringifyScaleType(*format.element->fixedScale));
    if (format.clip != 1.0f)
      return fail("a clip ratio is for activations of symmetric integers by "
                  "token or group");
    if (llvm::Error error = applyFixedBlock(format))
      return std::move(error);
    return format;
  }
  if (format.granularity == Granularity::None)
    format.granularity = role == FormatRole::Activation ? Granularity::Token
                                                        : Granularity::Channel;
  if (llvm::Error error = checkRole(format, role))
    return std::move(error);
  if (format.scale == ScaleType::Dynamic8 &&
      (format.element->kind != ElementKind::Table ||
       format.granularity != Granularity::Group || format.groupSize < 2))
    return fail("scale=dynamic8 is for groups of nf4 and bnb-fp4, got '" +
                text + "'");
  if (format.scale == ScaleType::Bilevel3 &&
      (!format.isInteger() || format.zeroPoint || format.minimum ||
       format.sparse || format.granularity != Granularity::Group))
    return fail("scale=bilevel3 is for integers in groups and has zero points "
                "of its own, got '" +
                text + "'");
  if ((format.sparse || format.scale == ScaleType::Bilevel3) &&
      (role == FormatRole::Activation ||
       format.granularity == Granularity::Token))
    return fail("'" + text + "' is for weights");
  if (format.isTwoOfFour() && format.granularity == Granularity::Group &&
      format.groupSize % 4)
    return fail("'sparse' wants groups in multiples of 4, got " +
                llvm::Twine(format.groupSize));
  if ((format.isCodebook() || format.isAdditive()) &&
      (role == FormatRole::Activation ||
       format.granularity == Granularity::Token))
    return fail(name + " is for weights");
  if (format.isAdditive() && format.granularity == Granularity::Group &&
      format.groupSize % Format::vectorSize)
    return fail(name + " wants groups in multiples of 4, got " +
                llvm::Twine(format.groupSize));
  if (format.clip != 1.0f &&
      (role == FormatRole::Weight || !format.isSymmetric() ||
       format.granularity == Granularity::Tensor ||
       format.granularity == Granularity::Channel))
    return fail("a clip ratio is for activations of symmetric integers by "
                "token or group");
  if (!hasScaleOption && (format.granularity == Granularity::Group ||
                          format.isCodebook() || format.isAdditive()))
    format.scale = ScaleType::F16;
  return format;
}

std::string Format::str() const {
  std::string text = element->name.str();
  if (rounding != ScaleRounding::Floor)
    text += ",round=" + stringifyScaleRounding(rounding).str();
  if (!hasScale() || element->fixedGroup)
    return text;
  switch (granularity) {
  case Granularity::None:
    break;
  case Granularity::Tensor:
    text += ":tensor";
    break;
  case Granularity::Channel:
    text += ":channel";
    break;
  case Granularity::Token:
    text += ":token";
    break;
  case Granularity::Group:
    text += ":group=" + llvm::itostr(groupSize);
    break;
  }
  if (zeroPoint)
    text += ",zero-point";
  if (minimum)
    text += ",min";
  if (clip != 1.0f)
    text += ",clip=" + stringifyClip(clip);
  text += ",scale=" + stringifyScaleType(scale).str();
  if (sparse)
    text += ",sparse=" +
            (prunedPercent ? llvm::itostr(prunedPercent) + "%" : "2:4");
  if (outliers)
    text += ",outliers=" + llvm::itostr(outliers);
  return text;
}

bool Format::hasMins() const {
  return minimum || (blocks() && blocks()->hasMins);
}

llvm::Error Format::checkColumns(int64_t columns) const {
  if (!blocks() || columns % blocks()->size == 0)
    return llvm::Error::success();
  return fail("expected rows of a multiple of " + llvm::Twine(blocks()->size) +
              " values for '" + element->name + "', got " +
              llvm::Twine(columns));
}

int32_t Format::minCode() const {
  if (zeroPoint || hasMins() || isBilevel())
    return 0;
  return bits() == 8 ? -127 : -(1 << (bits() - 1));
}

int32_t Format::maxCode() const {
  return (1 << (isSymmetric() ? bits() - 1 : bits())) - 1;
}

bool Format::operator==(const Format &other) const {
  return element == other.element && granularity == other.granularity &&
         groupSize == other.groupSize && scale == other.scale &&
         zeroPoint == other.zeroPoint && minimum == other.minimum &&
         sparse == other.sparse && prunedPercent == other.prunedPercent &&
         outliers == other.outliers && clip == other.clip &&
         rounding == other.rounding;
}

PlainLayout PlainLayout::get(const Format &format, int64_t rows,
                             int64_t columns) {
  PlainLayout layout = {};
  layout.rows = rows;
  layout.columns = columns;
  layout.stored = format.isTwoOfFour()
                      ? 2 * llvm::divideCeil(columns, 4)
                      : columns - columns * format.prunedPercent / 100;
  if (format.isAdditive())
    layout.stored = llvm::alignTo(columns, Format::vectorSize);
  layout.maskBytes = format.sparse ? llvm::divideCeil(columns, 8) : 0;
  layout.rowBytes =
      llvm::divideCeil(layout.stored * int64_t(format.bits()), 8) +
      layout.maskBytes;
  layout.codesBytes = rows * layout.rowBytes;
  bool grouped = format.granularity == Granularity::Group;
  layout.groupSize = grouped ? format.groupSize : std::max<int64_t>(columns, 1);
  layout.groups = grouped ? llvm::divideCeil(columns, layout.groupSize) : 1;
  layout.scaleRows = format.granularity == Granularity::Tensor ? 1 : rows;
  if (const BlockCodec *blocks = format.blocks()) {
    layout.rowBytes = blocks->rowBytes(columns);
    layout.totalBytes = layout.codesBytes = rows * layout.rowBytes;
    return layout;
  }
  if (format.hasScale()) {
    int64_t scales = layout.scaleRows * layout.groups;
    layout.scalesBytes =
        scales * format.scalesPerBlock() * getScaleBytes(format.scale);
    layout.zeroPointsBytes = format.zeroPoint ? scales
                             : format.minimum ? 2 * scales
                                              : 0;
  }
  layout.scalesOffset = llvm::alignTo(layout.codesBytes, alignment);
  layout.zeroPointsOffset =
      llvm::alignTo(layout.scalesOffset + layout.scalesBytes, alignment);
  int64_t end = layout.zeroPointsBytes != 0
                    ? layout.zeroPointsOffset + layout.zeroPointsBytes
                : format.hasScale() ? layout.scalesOffset + layout.scalesBytes
                                    : layout.codesBytes;
  layout.totalBytes = end;
  if (format.scale == ScaleType::Dynamic8) {
    layout.numbersOffset = llvm::alignTo(end, alignment);
    layout.numbersBytes = 4 * DynamicScale::numbers(layout.scaleCount());
    layout.totalBytes = layout.numbersOffset + layout.numbersBytes;
  }
  if (format.isAdditive()) {
    layout.numbersOffset = llvm::alignTo(end, alignment);
    layout.numbersBytes = 2 * format.tableNumbers();
    layout.totalBytes = layout.numbersOffset + layout.numbersBytes;
  }
  if (hasTensorScale(format))
    layout.totalBytes = llvm::alignTo(end, alignment) + 4;
  int64_t rowBlocks = llvm::divideCeil(rows, rowBlock);
  if (format.isBilevel()) {
    layout.numbersOffset = llvm::alignTo(end, alignment);
    layout.numbersBytes = rowBlocks * layout.groups * 4 * 2;
    layout.totalBytes = layout.numbersOffset + layout.numbersBytes;
  }
  if (format.outliers) {
    layout.outliersOffset = llvm::alignTo(layout.totalBytes, alignment);
    layout.outlierBytes = outlierColumnsOffset + 4 * format.outliers;
    layout.totalBytes = layout.outliersOffset + rowBlocks * layout.outlierBytes;
  }
  return layout;
}
