//===- ExportWeights.cpp - packed weights in ONNX's types ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Every way keeps the codes and gives the float that `squint.dequantize` does,
// bit by bit: scales are written as f32, which holds all of their types.
//   integers            DequantizeLinear of int4, uint4, int8 or uint8, by
//                       tensor, channel or block
//   8-bit floats        DequantizeLinear of float8e4m3fn or float8e5m2
//   tables, 4-bit floats  Gather of the levels, times the scales of the blocks
//   f16, bf16           Cast
//   integers by tensor, by channel and in blocks of a power of two, times an
//   activation in floats: MatMulNBits. (onnxruntime turns a DequantizeLinear
//   of 8 bits by channel into one that rounds activations to 8 bits.)
//===----------------------------------------------------------------------===//

#include "Exporter.h"
#include "squint/Dialect/Onnx/Schema.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;

namespace squint {

using DataType = ::onnx::TensorProto;

ConstantOp Exporter::getPacked(Value value) {
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  return dequantize ? dequantize.getInput().getDefiningOp<ConstantOp>()
                    : ConstantOp();
}

FailureOr<std::unique_ptr<Exporter::Weight>> Exporter::read(ConstantOp packed) {
  auto weight = std::make_unique<Weight>();
  weight->constant = packed;
  weight->type = cast<PackedType>(packed.getType());
  if (weight->type.getLayout())
    return LogicalResult(packed.emitOpError()
                         << "expected a weight in its plain layout");
  llvm::Expected<ArrayRef<char>> bytes =
      getConstantBytes(packed.getValue(), weight->scratch);
  if (!bytes)
    return LogicalResult(packed.emitOpError()
                         << llvm::toString(bytes.takeError()));
  weight->view.emplace(bytes->data(), weight->type.getFormat(),
                       weight->type.getRows(), weight->type.getColumns());
  return weight;
}

template <typename T> static ArrayRef<char> bytesOf(ArrayRef<T> values) {
  return ArrayRef(reinterpret_cast<const char *>(values.data()),
                  sizeof(T) * values.size());
}

/// `codes` in `bits` bits each, the lowest bits of a byte first.
static std::vector<char> pack(ArrayRef<uint32_t> codes, unsigned bits) {
  std::vector<char> bytes((codes.size() * bits + 7) / 8);
  packCodes(codes.data(), codes.size(), bits, bytes.data());
  return bytes;
}

static StringRef baseName(ConstantOp constant) {
  StringRef name = getNodeName(constant);
  return name.empty() ? "weight" : name;
}

/// Whether every value is a code less a zero point, times a scale.
static bool isPlain(const Format &format) {
  return !format.blocks() && !format.hasMins() && !format.isCodebook() &&
         !format.isBilevel() && !format.isAdditive() && !format.sparse &&
         !format.outliers;
}

/// Whether two elements' codes mean the same numbers.
static bool isSame(const Element &element, StringRef name) {
  const Element *other = lookupElement(name);
  if (!other || other->bits != element.bits)
    return false;
  for (uint32_t code = 0; code < 1u << element.bits; ++code) {
    float a = element.decode(code), b = other->decode(code);
    if (a != b && !(std::isnan(a) && std::isnan(b)))
      return false;
  }
  return true;
}

/// The TensorProto.DataType that holds all codes, and its bits; 0 where none
/// does.
static std::pair<int, unsigned> chooseType(const Format &format) {
  if (!isPlain(format) || !format.hasScale())
    return {0, 0};
  if (format.isInteger()) {
    if (format.bits() <= 4)
      return {format.zeroPoint ? DataType::UINT4 : DataType::INT4, 4};
    return {format.zeroPoint ? DataType::UINT8 : DataType::INT8, 8};
  }
  if (isSame(*format.element, "f8e4m3"))
    return {DataType::FLOAT8E4M3FN, 8};
  if (isSame(*format.element, "f8e5m2"))
    return {DataType::FLOAT8E5M2, 8};
  return {0, 0};
}

/// A table of levels behind 4-bit indices. Rows are filled up to whole groups.
FailureOr<Name> Exporter::dequantizeLevels(Weight &weight, StringRef base) {
  const PackedView &view = *weight.view;
  const PlainLayout &layout = view.layout();
  int64_t rows = layout.rows, columns = layout.columns, groups = layout.groups,
          width = groups > 1 || layout.groupSize < columns
                      ? groups * layout.groupSize
                      : columns;
  unsigned bits = view.format().bits();
  std::vector<float> levels;
  for (uint32_t code = 0; code < 1u << bits; ++code)
    levels.push_back(view.format().element->decode(code));
  std::vector<uint32_t> codes(rows * width);
  std::vector<float> scales;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      codes[r * width + c] = uint32_t(view.code(r, c)) & ((1u << bits) - 1);
  for (int64_t r = 0; r < layout.scaleRows; ++r)
    for (int64_t g = 0; g < groups; ++g)
      scales.push_back(view.scale(r, g * layout.groupSize));
  Name indices = w.add("Cast",
                       w.addTensor((base + "_codes").str(), DataType::UINT4,
                                   {rows, width}, pack(codes, 4)),
                       {{"to", int64_t(DataType::INT32)}});
  Name values = w.add(
      "Gather", {w.addTensor((base + "_levels").str(), DataType::FLOAT,
                             int64_t(levels.size()), bytesOf(ArrayRef(levels))),
                 indices});
  Name factors =
      w.addTensor((base + "_scales").str(), DataType::FLOAT,
                  {layout.scaleRows, groups, 1}, bytesOf(ArrayRef(scales)));
  values = w.add("Reshape", {values, w.ints({rows, groups, width / groups})});
  values = w.add("Mul", {values, factors});
  values = w.add("Reshape", {values, w.ints({rows, width})});
  if (width != columns)
    values = w.add("Slice",
                   {values, w.ints(int64_t(0)), w.ints(columns), w.ints(1)});
  return values;
}

FailureOr<Name> Exporter::dequantize(ConstantOp packed, bool transposed) {
  FailureOr<std::unique_ptr<Weight>> read = this->read(packed);
  if (failed(read))
    return failure();
  const PackedView &view = *(*read)->view;
  const PlainLayout &layout = view.layout();
  const Format &format = view.format();
  int64_t rows = layout.rows, columns = layout.columns;
  StringRef base = baseName(packed);
  SmallVector<int64_t, 2> shape = {rows, columns},
                          counts = {layout.scaleRows, layout.groups};
  if (transposed) {
    std::swap(shape[0], shape[1]);
    std::swap(counts[0], counts[1]);
  }
  // In the order of `shape`.
  auto forEach = [&](ArrayRef<int64_t> sizes, auto visit) {
    for (int64_t i = 0; i < sizes[0]; ++i)
      for (int64_t j = 0; j < sizes[1]; ++j)
        transposed ? visit(j, i) : visit(i, j);
  };
  auto turned = [&](Name matrix) {
    return transposed ? w.add("Transpose", matrix,
                              {{"perm", std::vector<int64_t>{1, 0}}})
                      : matrix;
  };
  auto [dataType, bits] = chooseType(format);
  if (!dataType && isPlain(format) && format.bits() == 4 && format.hasScale()) {
    FailureOr<Name> made = dequantizeLevels(**read, base);
    return failed(made) ? made : FailureOr<Name>(turned(*made));
  }
  if (!dataType && isPlain(format) && !format.hasScale() &&
      format.bits() == 16) {
    std::vector<uint16_t> halves;
    forEach(shape, [&](int64_t r, int64_t c) {
      halves.push_back(uint16_t(view.code(r, c)));
    });
    int type =
        format.element->name == "f16" ? DataType::FLOAT16 : DataType::BFLOAT16;
    return w.add("Cast",
                 w.addTensor(base, type, shape, bytesOf(ArrayRef(halves))),
                 {{"to", int64_t(DataType::FLOAT)}});
  }
  if (!dataType) {
    if (!options.allowFloats && (format.hasScale() || !isPlain(format)))
      return LogicalResult(refusal(packed.emitOpError())
                           << "expected a format that ONNX can say, got "
                           << format.str()
                           << " (--export-floats writes floats)");
    std::vector<float> floats;
    forEach(shape,
            [&](int64_t r, int64_t c) { floats.push_back(view.value(r, c)); });
    return w.addTensor(base, DataType::FLOAT, shape, bytesOf(ArrayRef(floats)));
  }
  std::vector<uint32_t> codes;
  std::vector<float> scales;
  std::vector<uint32_t> zeroPoints;
  uint32_t mask = (1u << bits) - 1;
  forEach(shape, [&](int64_t r, int64_t c) {
    codes.push_back(uint32_t(view.code(r, c)) & mask);
  });
  forEach(counts, [&](int64_t r, int64_t g) {
    int64_t column = g * layout.groupSize;
    scales.push_back(view.scale(r, column));
    zeroPoints.push_back(uint32_t(view.zeroPoint(r, column)) & mask);
  });
  // One scale for all, one for each row, or one for each block of a row.
  bool isGrouped = format.granularity == Granularity::Group;
  SmallVector<int64_t> scaleShape;
  if (isGrouped)
    scaleShape = SmallVector<int64_t>(counts.begin(), counts.end());
  else if (layout.scaleRows > 1 || format.granularity == Granularity::Channel)
    scaleShape = {layout.scaleRows};
  SmallVector<Name> in = {
      w.addTensor((base + "_codes").str(), dataType, shape, pack(codes, bits)),
      w.addTensor((base + "_scales").str(), DataType::FLOAT, scaleShape,
                  bytesOf(ArrayRef(scales)))};
  if (format.zeroPoint)
    in.push_back(w.addTensor((base + "_zero_points").str(), dataType,
                             scaleShape, pack(zeroPoints, bits)));
  GraphWriter::Attributes attributes;
  // Blocks run along the columns, single scales along the rows.
  if (!scaleShape.empty())
    attributes.push_back({"axis", int64_t(isGrouped != transposed)});
  if (isGrouped)
    attributes.push_back({"block_size", layout.groupSize});
  return w.add("DequantizeLinear", in, attributes);
}

FailureOr<Name> Exporter::dequantizeWhole(ConstantOp packed) {
  auto type = cast<PackedType>(packed.getType());
  if (Name name = constants.lookup(packed); !name.empty())
    return name;
  FailureOr<Name> matrix = dequantize(packed, /*transposed=*/false);
  if (failed(matrix))
    return failure();
  Name made = *matrix;
  if (type.getShape().size() != 2)
    made = w.add("Reshape", {made, w.ints(type.getShape())});
  if (depth == 0)
    constants[packed] = made;
  return made;
}

/// The size of block that holds rows of `columns` codes in the fewest bytes; a
/// row with one scale repeats it.
static int64_t chooseBlock(int64_t columns, unsigned bits) {
  int64_t best = 0, least = 0;
  for (int64_t block = 256; block >= 16; block /= 2) {
    int64_t blocks = (columns + block - 1) / block,
            bytes = blocks * (block * bits / 8 + 4);
    if (!best || bytes < least) {
      best = block;
      least = bytes;
    }
  }
  return best;
}

/// Where activations are static integers, QuantizeLinear and DequantizeLinear
/// around the product say so; readers fuse them.
static bool isStatic(Value value) {
  auto dequantize = value.getDefiningOp<DequantizeOp>();
  auto quantize = dequantize ? dequantize.getInput().getDefiningOp<QuantizeOp>()
                             : QuantizeOp();
  return quantize
             ? quantize.getScale().has_value()
             : dequantize && dequantize.getInput().getDefiningOp<CodesOp>();
}

FailureOr<Name> Exporter::multiplyBlocks(LinearOp op, ConstantOp packed, Name x,
                                         Name bias) {
  auto type = cast<PackedType>(packed.getType());
  Format format = type.getFormat();
  auto isFloat = [](Value value) {
    return cast<ShapedType>(value.getType()).getElementType().isF32();
  };
  if (!format.isInteger() || !isPlain(format) || format.bits() > 8 ||
      !isFloat(op.getInput()) || !isFloat(op.getResult()) ||
      isStatic(op.getInput()))
    return Name();
  unsigned bits = format.bits() <= 2 ? 2 : format.bits() <= 4 ? 4 : 8;
  bool isGrouped = format.granularity == Granularity::Group;
  int64_t block =
      isGrouped ? format.groupSize : chooseBlock(type.getColumns(), bits);
  if (block < 16 || block > 256 || !llvm::isPowerOf2_64(block))
    return Name();
  FailureOr<std::unique_ptr<Weight>> read = this->read(packed);
  if (failed(read))
    return failure();
  const PackedView &view = *(*read)->view;
  const PlainLayout &layout = view.layout();
  int64_t blocks = (layout.columns + block - 1) / block;
  // Codes are unsigned: the middle one stands for 0.
  int32_t middle = format.zeroPoint ? 0 : 1 << (bits - 1);
  std::vector<uint32_t> codes, zeroPoints;
  std::vector<float> scales;
  uint32_t perByte = 8 / bits;
  for (int64_t r = 0; r < layout.rows; ++r) {
    for (int64_t c = 0; c < blocks * block; ++c)
      codes.push_back(c < layout.columns ? view.code(r, c) + middle : middle);
    for (int64_t g = 0; g < blocks; ++g) {
      scales.push_back(view.scale(r, g * block));
      zeroPoints.push_back(view.zeroPoint(r, g * block) + middle);
    }
    // A row's zero points fill whole bytes.
    while (zeroPoints.size() % perByte)
      zeroPoints.push_back(0);
  }
  StringRef base = baseName(packed);
  std::vector<char> bytes = pack(codes, bits),
                    zeroBytes = pack(zeroPoints, bits);
  SmallVector<Name> in = {
      x,
      w.addTensor((base + "_codes").str(), DataType::UINT8,
                  {layout.rows, blocks, block * bits / 8}, bytes),
      w.addTensor((base + "_scales").str(), DataType::FLOAT,
                  {layout.rows, blocks}, bytesOf(ArrayRef(scales))),
      "",
      "",
      bias};
  if (format.zeroPoint)
    in[3] = w.addTensor((base + "_zero_points").str(), DataType::UINT8,
                        {layout.rows, int64_t(zeroBytes.size()) / layout.rows},
                        zeroBytes);
  return w.add("MatMulNBits", in,
               {{"K", layout.columns},
                {"N", layout.rows},
                {"bits", int64_t(bits)},
                {"block_size", block}},
               "com.microsoft");
}

} // namespace squint
