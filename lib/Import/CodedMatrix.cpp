//===- CodedMatrix.cpp - matrices that come as codes ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Words are of 32 bits, little-endian, the first code in the lowest bits.
//
//   AWQ     qweight [columns][rows / 8]: nibble i of a word is that of row
//           kAwqOrder[i] of 8; qzeros [groups][rows / 8] in the same order
//   GPTQ    qweight [columns * bits / 32][rows]: for each row a stream of bits
//           that goes on from word to word; qzeros [groups][rows * bits / 32]
//           as streams of bits along the rows; g_idx [columns], the group
//           of each
//   compressed-tensors
//           weight_packed [rows][ceil(columns / n)], n = floor(32 / bits) codes
//           a word; weight_zero_point [ceil(rows / n)][groups] packed along
//           the rows; both plus 2^(bits - 1); or bytes, a weight
//           [rows][columns]
//
// AWQ and GPTQ have scales [groups][rows], compressed-tensors [rows][groups].
//===----------------------------------------------------------------------===//

#include "CodedMatrix.h"
#include "mlir/IR/Threading.h"
#include "squint/Numerics/Packed.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace squint;

static constexpr unsigned kAwqOrder[] = {0, 2, 4, 6, 1, 3, 5, 7};
/// Rows that are read at a time: a cache line of words.
static constexpr int64_t kRowsAtOnce = 128;

static uint32_t loadWord(ArrayRef<char> bytes, int64_t index) {
  return llvm::support::endian::read32le(bytes.data() + 4 * index);
}

/// Of a stream of bits in words that are `stride` words apart.
static uint32_t loadBits(ArrayRef<char> bytes, int64_t first, int64_t stride,
                         int64_t index, unsigned bits) {
  int64_t word = index * bits / 32;
  unsigned shift = index * bits % 32;
  uint64_t window = loadWord(bytes, first + word * stride);
  if (shift + bits > 32)
    window |= uint64_t(loadWord(bytes, first + (word + 1) * stride)) << 32;
  return uint32_t(window >> shift) & ((1u << bits) - 1);
}

static llvm::Error refuse(const llvm::Twine &rule) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), rule);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

llvm::Expected<CodedMatrix> CodedMatrix::read(const WeightPacking &packing,
                                              int64_t rows, int64_t columns,
                                              Has has, Lookup lookup) {
  CodedMatrix matrix;
  matrix.packing = packing;
  matrix.rows = rows;
  matrix.columns = columns;
  if (llvm::Error error = matrix.readCodes(has, lookup))
    return std::move(error);
  if (llvm::Error error = matrix.readTensors(has, lookup))
    return std::move(error);
  return matrix;
}

/// Words that so many codes take in one direction.
int64_t CodedMatrix::countWords(int64_t count, bool areWhole) const {
  int64_t perWord = 32 / packing.bits;
  return areWhole ? (count - 1) / perWord + 1
                  : (count * packing.bits - 1) / 32 + 1;
}

llvm::Error CodedMatrix::readCodes(Has has, Lookup lookup) {
  int64_t bits = packing.bits;
  StringRef name = "qweight";
  SmallVector<StringRef> types = {"I32"};
  SmallVector<int64_t> shape;
  switch (packing.kind) {
  case WeightPacking::Awq:
    if (rows % 8)
      return refuse("expected outputs in multiples of 8, got " +
                    llvm::Twine(rows));
    shape = {columns, rows / 8};
    break;
  case WeightPacking::Gptq:
    if (columns * bits % 32 || rows * bits % 32)
      return refuse("expected inputs and outputs that fill words of 32 bits, "
                    "got " +
                    llvm::Twine(columns) + " and " + llvm::Twine(rows));
    shape = {columns * bits / 32, rows};
    break;
  case WeightPacking::Packed: {
    name = "weight_packed";
    int64_t whole = countWords(columns, true),
            words = countWords(columns, false);
    if (32 % bits) {
      if (whole == words)
        return refuse("expected more inputs for " + llvm::Twine(bits) +
                      " bits, got " + llvm::Twine(columns));
      hasWholeWords = has(name, {rows, whole});
    }
    shape = {rows, hasWholeWords ? whole : words};
    break;
  }
  case WeightPacking::Bytes:
    name = "weight";
    types = {packing.isFloat ? "F8_E4M3" : "I8"};
    shape = {rows, columns};
    break;
  }
  llvm::Expected<StoredTensor> tensor = lookup(name, types, shape);
  if (!tensor)
    return tensor.takeError();
  codes = tensor->bytes;
  return llvm::Error::success();
}

llvm::Error CodedMatrix::readTensors(Has has, Lookup lookup) {
  int64_t bits = packing.bits;
  if (packing.groupSize >= columns)
    packing.groupSize = 0;
  groups = packing.groupSize ? llvm::divideCeil(columns, packing.groupSize) : 1;
  scaleRows = packing.isByTensor ? 1 : rows;

  bool isOurs = packing.kind == WeightPacking::Packed ||
                packing.kind == WeightPacking::Bytes;
  SmallVector<int64_t> shape = {groups, rows};
  if (packing.isByTensor)
    shape = {1};
  else if (isOurs)
    shape = {rows, groups};
  llvm::Expected<StoredTensor> tensor =
      lookup(isOurs ? "weight_scale" : "scales", {"F16", "BF16", "F32"}, shape);
  if (!tensor)
    return tensor.takeError();
  scales = tensor->bytes;
  scaleType = tensor->type == "F16"    ? ScaleType::F16
              : tensor->type == "BF16" ? ScaleType::BF16
                                       : ScaleType::F32;

  if (!isOurs || has("weight_zero_point", {})) {
    StringRef name = isOurs ? "weight_zero_point" : "qzeros", type = "I32";
    if (packing.kind == WeightPacking::Awq) {
      shape = {groups, rows / 8};
    } else if (packing.kind == WeightPacking::Gptq) {
      shape = {groups, rows * bits / 32};
    } else if (packing.isFloat) {
      // All are zero, of any type.
      return refuse("expected no weight_zero_point beside floats");
    } else if (packing.kind == WeightPacking::Packed && !packing.isByTensor) {
      shape = {countWords(rows, hasWholeWords), groups};
    } else {
      type = "I8";
    }
    tensor = lookup(name, {type}, shape);
    if (!tensor)
      return tensor.takeError();
    zeroPoints = tensor->bytes;
  }
  return readOrder(has, lookup);
}

/// Columns whose groups are not in order are put in the order of their groups,
/// so that each is in one piece.
llvm::Error CodedMatrix::readOrder(Has has, Lookup lookup) {
  StringRef name =
      packing.kind == WeightPacking::Gptq ? "g_idx" : "weight_g_idx";
  if (packing.kind == WeightPacking::Awq || !has(name, {}))
    return llvm::Error::success();
  llvm::Expected<StoredTensor> tensor = lookup(name, {"I32"}, {columns});
  if (!tensor)
    return tensor.takeError();
  int64_t size = packing.groupSize ? packing.groupSize : columns;
  std::vector<int64_t> groupOf(columns), counts(groups);
  bool isInOrder = true;
  for (int64_t c = 0; c < columns; ++c) {
    groupOf[c] = loadWord(tensor->bytes, c);
    if (groupOf[c] >= groups)
      return refuse(name + ": expected groups from 0 to " +
                    llvm::Twine(groups - 1) + ", got " +
                    llvm::Twine(int32_t(groupOf[c])));
    ++counts[groupOf[c]];
    isInOrder &= groupOf[c] == c / size;
  }
  for (int64_t g = 0; g < groups; ++g)
    if (int64_t wanted = std::min(size, columns - g * size);
        counts[g] != wanted)
      return refuse(name + ": expected " + llvm::Twine(wanted) +
                    " inputs of group " + llvm::Twine(g) + ", got " +
                    llvm::Twine(counts[g]));
  if (isInOrder)
    return llvm::Error::success();
  order.resize(columns);
  std::vector<int64_t> next(groups);
  for (int64_t g = 0; g < groups; ++g)
    next[g] = g * size;
  for (int64_t c = 0; c < columns; ++c)
    order[next[groupOf[c]]++] = c;
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// A code of compressed-tensors, of words that are `stride` words apart.
uint32_t CodedMatrix::loadPacked(ArrayRef<char> bytes, int64_t first,
                                 int64_t stride, int64_t index) const {
  unsigned bits = packing.bits;
  if (!hasWholeWords)
    return loadBits(bytes, first, stride, index, bits);
  int64_t perWord = 32 / bits;
  return loadWord(bytes, first + index / perWord * stride) >>
             (bits * (index % perWord)) &
         ((1u << bits) - 1);
}

void CodedMatrix::loadCodes(int64_t first, int64_t count, uint8_t *to) const {
  unsigned bits = packing.bits;
  int64_t words = countWords(columns, hasWholeWords);
  uint32_t mask = (1u << bits) - 1;
  for (int64_t at = 0; at < columns; ++at) {
    int64_t c = order.empty() ? at : order[at];
    for (int64_t r = 0; r < count; ++r) {
      int64_t row = first + r;
      uint32_t code;
      switch (packing.kind) {
      case WeightPacking::Awq: {
        unsigned nibble = llvm::find(kAwqOrder, unsigned(row % 8)) - kAwqOrder;
        code = loadWord(codes, c * (rows / 8) + row / 8) >> (4 * nibble) & mask;
        break;
      }
      case WeightPacking::Gptq:
        code = loadBits(codes, row, rows, c, bits);
        break;
      case WeightPacking::Packed:
        code = loadPacked(codes, row * words, 1, c);
        break;
      case WeightPacking::Bytes:
        code = uint8_t(codes[row * columns + c]) ^ (packing.isFloat ? 0 : 0x80);
        break;
      }
      to[r * columns + at] = uint8_t(code);
    }
  }
}

uint32_t CodedMatrix::getZeroPoint(int64_t row, int64_t group) const {
  unsigned bits = packing.bits;
  uint32_t mask = (1u << bits) - 1, middle = 1u << (bits - 1);
  int64_t at = packing.isByTensor ? 0 : row;
  if (zeroPoints.empty())
    return middle;
  switch (packing.kind) {
  case WeightPacking::Awq: {
    unsigned nibble = llvm::find(kAwqOrder, unsigned(row % 8)) - kAwqOrder;
    return loadWord(zeroPoints, group * (rows / 8) + row / 8) >> (4 * nibble) &
           mask;
  }
  case WeightPacking::Gptq:
    return (loadBits(zeroPoints, group * (rows * bits / 32), 1, row, bits) +
            (packing.storesZerosLessOne ? 1 : 0)) &
           mask;
  case WeightPacking::Packed:
    if (!packing.isByTensor)
      return loadPacked(zeroPoints, group, groups, row);
    [[fallthrough]];
  case WeightPacking::Bytes:
    return (uint32_t(int32_t(int8_t(zeroPoints[at * groups + group]))) +
            middle) &
           mask;
  }
  llvm_unreachable("an unknown packing");
}

float CodedMatrix::getScale(int64_t row, int64_t group) const {
  bool byGroup =
      packing.kind == WeightPacking::Awq || packing.kind == WeightPacking::Gptq;
  return loadScale(scales.data(),
                   byGroup ? group * rows + row : row * groups + group,
                   scaleType);
}

DataAttr CodedMatrix::pack(MLIRContext *context, int64_t first,
                           int64_t count) const {
  int64_t blocks = llvm::divideCeil(count, kRowsAtOnce);
  std::vector<uint8_t> loaded(count * columns);
  parallelFor(context, 0, blocks, [&](size_t block) {
    int64_t begin = int64_t(block) * kRowsAtOnce;
    loadCodes(first + begin, std::min(kRowsAtOnce, count - begin),
              loaded.data() + begin * columns);
  });
  unsigned bits = packing.bits;
  uint8_t middle = uint8_t(1u << (bits - 1));
  Format format;
  format.element =
      lookupElement(packing.isFloat ? "f8e4m3" : "int" + std::to_string(bits));
  format.scale = scaleType;
  format.groupSize = groups > 1 ? packing.groupSize : 0;
  format.granularity = groups > 1       ? Granularity::Group
                       : scaleRows == 1 ? Granularity::Tensor
                                        : Granularity::Channel;
  // Codes around the middle one are signed ones, of which int8 lacks the
  // lowest.
  if (!packing.isFloat) {
    for (int64_t r = 0; r < scaleRows && !format.zeroPoint; ++r)
      for (int64_t g = 0; g < groups; ++g)
        format.zeroPoint |= getZeroPoint(first + r, g) != middle;
    if (bits == 8)
      format.zeroPoint |= llvm::is_contained(loaded, 0);
  }
  uint8_t flip = packing.isFloat || format.zeroPoint ? 0 : middle;

  auto type =
      PackedType::get({count, columns}, FormatAttr::get(context, format));
  PlainLayout layout = PlainLayout::get(format, count, columns);
  auto fill = [&](MutableArrayRef<char> payload) {
    llvm::fill(payload, 0);
    parallelFor(context, 0, blocks, [&](size_t block) {
      int64_t begin = int64_t(block) * kRowsAtOnce;
      std::vector<uint32_t> row(columns);
      for (int64_t r = begin, end = std::min(begin + kRowsAtOnce, count);
           r < end; ++r) {
        for (int64_t c = 0; c < columns; ++c)
          row[c] = loaded[r * columns + c] ^ flip;
        packRow(format, row.data(), columns,
                payload.data() + r * layout.rowBytes);
      }
    });
    for (int64_t r = 0; r < layout.scaleRows; ++r)
      for (int64_t g = 0; g < groups; ++g) {
        int64_t from = scaleRows == 1 ? 0 : first + r, to = r * groups + g;
        storeScale(getScale(from, g), scaleType,
                   payload.data() + layout.scalesOffset, to);
        if (format.zeroPoint)
          payload[layout.zeroPointsOffset + to] =
              static_cast<char>(getZeroPoint(from, g));
      }
  };
  return context->getLoadedDialect<SquintDialect>()->getStores().create(
      type, layout.totalBytes, fill);
}
