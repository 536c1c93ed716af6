//===- ExpandWeights.cpp - codes of com.microsoft -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Weights that ONNX Runtime's tools have quantized become packed constants of
// our own formats, so that the kernels which serve our quantization serve them.
// Scales keep their type and codes their value: nothing is rounded again.
//===----------------------------------------------------------------------===//

#include "ExpandWeights.h"
#include "mlir/IR/Threading.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace squint::onnx {

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

FailureOr<Elements> Elements::get(Body &body, unsigned position,
                                  StringRef name) {
  Elements elements;
  Value value = body.in(position);
  if (!value)
    return elements;
  auto constant = value.getDefiningOp<squint::ConstantOp>();
  if (!constant) {
    (void)body.refuse("expected a constant as '" + name + "'");
    return failure();
  }
  elements.scratch = std::make_shared<std::vector<char>>();
  llvm::Expected<ArrayRef<char>> bytes =
      getConstantBytes(constant.getValue(), *elements.scratch);
  if (!bytes) {
    (void)body.fail(llvm::toString(bytes.takeError()));
    return failure();
  }
  elements.type = Body::element(value);
  elements.bytes = *bytes;
  // Inline elements have a byte each.
  elements.isUnpacked = !constant.getData();
  return elements;
}

Value makeMatrix(Body &body, const Format &format, int64_t rows,
                 int64_t columns, Type element,
                 llvm::function_ref<void(int64_t, Row)> fill) {
  MLIRContext *context = body.b.getContext();
  auto type =
      PackedType::get({rows, columns}, FormatAttr::get(context, format));
  PlainLayout layout = PlainLayout::get(format, rows, columns);
  DataAttr data =
      context->getLoadedDialect<SquintDialect>()->getStores().create(
          type, layout.totalBytes, [&](MutableArrayRef<char> payload) {
            parallelFor(context, 0, rows, [&](int64_t row) {
              std::vector<uint32_t> codes(columns);
              std::vector<float> scales(layout.groups);
              MutableArrayRef<char> zeroPoints;
              if (format.zeroPoint)
                zeroPoints =
                    payload.slice(layout.zeroPointsOffset + row * layout.groups,
                                  layout.groups);
              fill(row, {codes, scales, zeroPoints});
              packCodes(codes.data(), columns, format.bits(),
                        payload.data() + row * layout.rowBytes);
              for (auto [i, scale] : llvm::enumerate(scales))
                storeScale(scale, format.scale,
                           payload.data() + layout.scalesOffset,
                           row * layout.groups + i);
            });
          });
  Value codes = squint::ConstantOp::create(body.b, data);
  return squint::DequantizeOp::create(
      body.b, RankedTensorType::get({rows, columns}, element), codes);
}

RankedTensorType typeOf(ArrayRef<DimExpr> dims, Type element) {
  SmallVector<int64_t> shape;
  for (const DimExpr &dim : dims)
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

Value makeLinear(Body &body, Value x, SmallVector<DimExpr> dims, Value weight,
                 int64_t outputs, Value bias, StringRef activations) {
  dims.back() = outputs;
  auto linear = squint::LinearOp::create(body.b, typeOf(dims, Body::element(x)),
                                         x, weight, /*bias=*/Value());
  setDims(linear, {dims});
  if (!activations.empty())
    linear->setAttr(kActivationFormatAttr, body.b.getStringAttr(activations));
  return bias ? body.add(linear, bias) : Value(linear);
}

Format makeFormat(StringRef element, int64_t group, ScaleType scale,
                  bool zeroPoint) {
  Format format;
  format.element = lookupElement(element);
  format.granularity = Granularity::Group;
  format.groupSize = group;
  format.scale = scale;
  format.zeroPoint = zeroPoint;
  return format;
}

namespace {
//===----------------------------------------------------------------------===//
// MatMulNBits
//===----------------------------------------------------------------------===//

/// B [N, blocks, bytes of a block], scales [N, blocks], zero points [N, blocks]
/// in bytes of packed rows or as floats.
struct NBits {
  int64_t n, k, block, blocks;
  unsigned bits;
  Elements codes, scales, zeroPoints, groups;

  uint32_t code(int64_t row, int64_t column) const {
    return codes.code(row * blocks * block + column, bits);
  }
  /// Unsigned, as the codes are.
  double zeroPoint(int64_t row, int64_t group) const {
    if (!zeroPoints)
      return 1 << (bits - 1);
    if (zeroPoints.isFloat())
      return zeroPoints.number(row * blocks + group);
    int64_t perRow = llvm::divideCeil(blocks * bits, 8) * (8 / bits);
    return zeroPoints.code(row * perRow + group, bits);
  }
  float scale(int64_t row, int64_t group) const {
    return scales.number(row * blocks + group);
  }
  /// Whether every zero point is a code.
  bool hasCodesAsZeroPoints() const {
    for (int64_t i = 0; zeroPoints.isFloat() && i < n * blocks; ++i) {
      double zero = zeroPoints.number(i);
      if (zero != std::floor(zero) || zero < 0 || zero >= (1 << bits))
        return false;
    }
    return true;
  }
  /// Our symmetric integers of 8 bits lack the lowest code.
  bool hasLowestByte() const {
    for (int64_t row = 0; bits == 8 && row < n; ++row)
      for (int64_t column = 0; column < k; ++column)
        if (code(row, column) == 0)
          return true;
    return false;
  }
};

/// The columns group by group, where `g_idx` says to which one each belongs;
/// empty when they are in order.
LogicalResult orderColumns(Body &body, const NBits &w,
                           SmallVectorImpl<int64_t> &order) {
  if (!w.groups)
    return success();
  SmallVector<SmallVector<int64_t>> members(w.blocks);
  bool inOrder = true;
  for (int64_t column = 0; column < w.k; ++column) {
    auto group = int32_t(w.groups.code(column, 32));
    if (group < 0 || group >= w.blocks)
      return body.fail("expected numbers of groups from 0 to " +
                       Twine(w.blocks - 1) + " in g_idx, got " + Twine(group));
    members[group].push_back(column);
    inOrder &= group == column / w.block;
  }
  if (inOrder)
    return success();
  for (auto [i, group] : llvm::enumerate(members)) {
    int64_t size = std::min(w.block, w.k - int64_t(i) * w.block);
    if (int64_t(group.size()) != size)
      return body.refuse("expected " + Twine(size) + " columns of group " +
                         Twine(i) + " in g_idx, got " + Twine(group.size()));
    llvm::append_range(order, group);
  }
  return success();
}

LogicalResult expandMatMulNBits(Body &body) {
  if (body.integer("weight_prepacked", 0))
    return body.refuse("expected weight_prepacked to be 0");
  Value a = body.in(0);
  FailureOr<Elements> codes = Elements::get(body, 1, "B"),
                      scales = Elements::get(body, 2, "scales"),
                      zeroPoints = Elements::get(body, 3, "zero_points"),
                      groups = Elements::get(body, 4, "g_idx");
  if (failed(codes) || failed(scales) || failed(zeroPoints) || failed(groups))
    return failure();
  NBits w{body.integer("N", 0),
          body.integer("K", 0),
          body.integer("block_size", 0),
          0,
          unsigned(body.integer("bits", 4)),
          *codes,
          *scales,
          *zeroPoints,
          *groups};
  w.blocks = llvm::divideCeil(w.k, w.block);
  SmallVector<int64_t> order;
  if (failed(orderColumns(body, w, order)))
    return failure();
  if (!order.empty()) {
    SmallVector<int64_t> columns(order);
    a = body.make("Gather", {a, body.ints(columns)},
                  body.attribute("axis", int64_t(-1)));
    a.setType(body.in(0).getType());
    setDims(a.getDefiningOp(), {Body::dims(body.in(0))});
  }
  bool inParts = w.zeroPoints && !w.hasCodesAsZeroPoints();
  bool hasZeroPoints = !inParts && (w.zeroPoints || w.hasLowestByte());
  int64_t half = 1 << (w.bits - 1);
  Format format = makeFormat(("int" + Twine(w.bits)).str(), w.block,
                             w.scales.scaleType(), hasZeroPoints);
  if (inParts && w.bits == 8 && w.hasLowestByte())
    return body.refuse("expected zero_points of 8 bits that are codes");
  Value weight = makeMatrix(
      body, format, w.n, w.k, Body::element(a), [&](int64_t row, Row out) {
        for (int64_t j = 0; j < w.k; ++j) {
          uint32_t code = w.code(row, order.empty() ? j : order[j]);
          out.codes[j] =
              hasZeroPoints ? code : (code - half) & ((1u << w.bits) - 1);
        }
        for (int64_t g = 0; g < w.blocks; ++g) {
          out.scales[g] = w.scale(row, g);
          if (hasZeroPoints)
            out.zeroPoints[g] = char(uint8_t(w.zeroPoint(row, g)));
        }
      });
  // What 4 allows ONNX Runtime to do, with its blocks.
  std::string activations;
  if (body.integer("accuracy_level", 0) == 4 && !inParts)
    activations = makeFormat("int8", w.block, ScaleType::F32, false).str();
  Value y = makeLinear(body, a, Body::dims(body.in(0)), weight, w.n, body.in(5),
                       activations);
  if (inParts) {
    // Zero points that are no codes: their part of the sum is that of the
    // group's inputs times (half - zero) * scale.
    auto type = RankedTensorType::get({w.blocks, w.n}, body.b.getF32Type());
    DataAttr table =
        body.b.getContext()
            ->getLoadedDialect<SquintDialect>()
            ->getStores()
            .create(type, 4 * w.blocks * w.n, [&](MutableArrayRef<char> out) {
              for (int64_t g = 0; g < w.blocks; ++g)
                for (int64_t row = 0; row < w.n; ++row)
                  storeScale(float((half - w.zeroPoint(row, g)) *
                                   double(w.scale(row, g))),
                             ScaleType::F32, out.data(), g * w.n + row);
            });
    Type f32 = body.b.getF32Type();
    Value wide = body.cast(a, f32);
    if (w.blocks * w.block != w.k)
      wide = body.make("Pad", {wide, body.ints({0, w.blocks * w.block - w.k}),
                               body.scalar(f32, 0), body.ints(-1)});
    SmallVector<int64_t> split(Body::rank(a) - 1, 0);
    split.append({w.blocks, w.block});
    Value sums = body.reduce("ReduceSum", body.reshape(wide, split), -1,
                             /*keepDims=*/false);
    Value part =
        body.make("MatMul", {sums, squint::ConstantOp::create(body.b, table)});
    y = body.cast(body.add(body.cast(y, f32), part), Body::element(a));
  }
  body.replace(0, y);
  return success();
}

//===----------------------------------------------------------------------===//
// MatMulBnb4
//===----------------------------------------------------------------------===//

/// B is [N, K], flattened, the first code of a byte in its upper half; a block
/// of codes that share a scale may hold several rows or end within one.
LogicalResult expandMatMulBnb4(Body &body) {
  int64_t n = body.integer("N", 0), k = body.integer("K", 0),
          block = body.integer("block_size", 0),
          type = body.integer("quant_type", 0);
  if (!body.integer("transB", 1))
    return body.refuse("expected transB to be 1");
  if (body.integer("training_mode", 0))
    return body.refuse("expected training_mode to be 0");
  Value a = body.in(0);
  FailureOr<Elements> codes = Elements::get(body, 1, "B"),
                      scales = Elements::get(body, 2, "absmax");
  if (failed(codes) || failed(scales))
    return failure();
  int64_t group = std::gcd(k, block);
  Format format = makeFormat(type ? "nf4" : "bnb-fp4", group,
                             scales->scaleType(), /*zeroPoint=*/false);
  Value weight = makeMatrix(
      body, format, n, k, Body::element(a), [&](int64_t row, Row out) {
        for (int64_t j = 0; j < k; ++j)
          out.codes[j] = codes->code((row * k + j) ^ 1, 4);
        for (auto [i, scale] : llvm::enumerate(out.scales))
          scale = scales->number((row * k + int64_t(i) * group) / block);
      });
  body.replace(0, makeLinear(body, a, Body::dims(a), weight, n, Value()));
  return success();
}

//===----------------------------------------------------------------------===//
// GatherBlockQuantized
//===----------------------------------------------------------------------===//

/// Ids within [0, count), and where that holds of those that are given, which
/// count from the end when they are negative.
struct Ids {
  Value safe, isInside;
};
Ids checkIds(Body &body, Value ids, const DimExpr &count) {
  Type type = Body::element(ids);
  Value zero = body.scalar(type, 0);
  Value size = body.scalar(type, double(*count.getConstant()));
  ids = body.where(body.compare("Less", ids, zero), body.add(ids, size), ids);
  Value isInside = body.make("And", {body.compare("GreaterOrEqual", ids, zero),
                                     body.compare("Less", ids, size)});
  return {body.where(isInside, ids, zero), isInside};
}

/// Rows of a table, codes of which the last dimension's blocks share a scale.
LogicalResult gatherRows(Body &body, Value ids, int64_t rows, int64_t columns,
                         int64_t block, unsigned bits) {
  FailureOr<Elements> codes = Elements::get(body, 0, "data"),
                      scales = Elements::get(body, 2, "scales"),
                      zeroPoints = Elements::get(body, 3, "zero_points");
  if (failed(codes) || failed(scales) || failed(zeroPoints))
    return failure();
  Type stored = Body::element(body.in(0));
  bool isSigned = !stored.isUnsignedInteger();
  // Bytes stand for codes around the middle; codes of a type of their own for
  // themselves.
  uint32_t half = 1u << (bits - 1);
  bool isCentered = !*zeroPoints && (isSigned || stored.isInteger(8));
  if (bits == 8 && isCentered)
    for (int64_t i = 0; i < rows * columns; ++i)
      isCentered &= codes->code(i, bits) != 0;
  Format format = makeFormat(("int" + Twine(bits)).str(), block,
                             scales->scaleType(), !isCentered);
  int64_t groups = llvm::divideCeil(columns, block);
  // Rows of bytes are padded, others are not.
  int64_t zerosPerRow = stored.isInteger(8)
                            ? llvm::divideCeil(groups * bits, 8) * (8 / bits)
                            : groups;
  // Signed codes are moved up where there are zero points.
  uint32_t move = isSigned ? half : 0;
  uint32_t mask = (1u << bits) - 1;
  // Rows are f32, and rounded once to what is asked for.
  Type f32 = body.b.getF32Type(), result = Body::element(body.output(0));
  Value table =
      makeMatrix(body, format, rows, columns, f32, [&](int64_t row, Row out) {
        for (int64_t j = 0; j < columns; ++j) {
          uint32_t code = codes->code(row * columns + j, bits);
          out.codes[j] = !isCentered ? (code + move) & mask
                         : isSigned  ? code
                                     : (code - half) & mask;
        }
        for (int64_t g = 0; g < groups; ++g) {
          out.scales[g] = scales->number(row * groups + g);
          if (isCentered)
            continue;
          uint32_t zero = *zeroPoints
                              ? zeroPoints->code(row * zerosPerRow + g, bits)
                          : stored.isInteger(8) ? half
                                                : 0;
          out.zeroPoints[g] = char((zero + move) & mask);
        }
      });
  auto [safe, isInside] = checkIds(body, ids, rows);
  SmallVector<DimExpr> dims = Body::dims(body.output(0)),
                       idDims = Body::dims(ids);
  auto type = typeOf(idDims, Body::element(ids));
  safe.setType(type);
  setDims(safe.getDefiningOp(), {idDims});
  auto y = squint::EmbeddingOp::create(body.b, typeOf(dims, f32), table, safe);
  setDims(y, {dims});
  body.replace(0, body.where(body.unsqueeze(isInside, -1), body.cast(y, result),
                             body.scalar(result, 0)));
  return success();
}

/// A constant whose elements Gather does not take, of up to 8 bits, as one of
/// bytes or, where it holds floats, of halves: both are exact. Bytes with
/// several codes become as many bytes along the last axis.
FailureOr<Value> widen(Body &body, unsigned position, StringRef name,
                       unsigned bits) {
  Value value = body.in(position);
  Type stored = Body::element(value);
  if (stored.isInteger(8) && bits == 8)
    return value;
  FailureOr<Elements> codes = Elements::get(body, position, name);
  if (failed(codes))
    return failure();
  MLIRContext *context = body.b.getContext();
  auto real = dyn_cast<mlir::FloatType>(stored);
  Type wide =
      real ? Type(body.b.getF16Type())
           : Type(IntegerType::get(context, 8,
                                   cast<IntegerType>(stored).getSignedness()));
  std::vector<uint16_t> bitsOf;
  for (uint32_t code = 0; code < 1u << bits; ++code) {
    APInt raw(bits, code);
    if (!real) {
      bitsOf.push_back(stored.isUnsignedInteger() ? raw.getZExtValue()
                                                  : raw.getSExtValue());
      continue;
    }
    APFloat number(real.getFloatSemantics(), raw);
    bool lost;
    number.convert(APFloat::IEEEhalf(), APFloat::rmNearestTiesToEven, &lost);
    bitsOf.push_back(number.bitcastToAPInt().getZExtValue());
  }
  auto packed = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(packed.getShape());
  if (stored.isInteger(8))
    shape.back() *= 8 / bits;
  auto type = RankedTensorType::get(shape, wide);
  int64_t count = type.getNumElements(), bytes = real ? 2 : 1;
  DataAttr data =
      context->getLoadedDialect<SquintDialect>()->getStores().create(
          type, count * bytes, [&](MutableArrayRef<char> out) {
            for (int64_t i = 0; i < count; ++i)
              memcpy(out.data() + i * bytes, &bitsOf[codes->code(i, bits)],
                     bytes);
          });
  return Value(squint::ConstantOp::create(body.b, data));
}

LogicalResult expandGatherBlockQuantized(Body &body) {
  Value data = body.in(0), ids = body.in(1), scales = body.in(2),
        zeroPoints = body.in(3);
  SmallVector<DimExpr> shape = Body::dims(data);
  int64_t rank = shape.size(), axis = body.integer("gather_axis", 0),
          blocked = body.integer("quantize_axis", 1),
          block = body.integer("block_size", 128);
  axis += axis < 0 ? rank : 0;
  blocked += blocked < 0 ? rank : 0;
  Type stored = Body::element(data);
  bool isBytes = stored.isInteger(8);
  unsigned bits =
      isBytes ? body.integer("bits", 4) : stored.getIntOrFloatBitWidth();
  for (DimExpr &size : shape)
    if (!size.getConstant())
      return body.refuse("expected data of a static shape");
  if (isa<IntegerType>(stored) && rank == 2 && axis == 0 && blocked == 1)
    return gatherRows(body, ids, *shape[0].getConstant(),
                      *shape[1].getConstant() * (isBytes ? 8 / bits : 1), block,
                      bits);

  FailureOr<Value> wide = widen(body, 0, "data", bits);
  if (failed(wide))
    return failure();
  data = *wide;
  if (isBytes)
    shape.back() = *shape.back().getConstant() * (8 / bits);
  if (zeroPoints) {
    FailureOr<Value> zeros = widen(body, 3, "zero_points", bits);
    if (failed(zeros))
      return failure();
    zeroPoints = *zeros;
  }

  // By the operators of the standard: codes, scales and zero points are
  // gathered, those of a block for each of its codes.
  int64_t size = *shape[blocked].getConstant();
  if (block == 0)
    block = std::max<int64_t>(size, 1);
  Ids checked = checkIds(body, ids, shape[axis]);
  Value safe = checked.safe, isInside = checked.isInside;
  int64_t idsRank = Body::rank(ids);
  auto gather = [&](Value x, Value indices, int64_t along) {
    return body.make("Gather", {x, indices}, body.attribute("axis", along));
  };
  auto ofBlocks = [&](Value x) {
    if (axis == blocked) {
      Value groups =
          body.div(safe, body.scalar(Body::element(ids), double(block)));
      return gather(x, groups, axis);
    }
    Value each =
        body.div(body.range(body.scalar(body.b.getI64Type(), double(size))),
                 body.scalar(body.b.getI64Type(), double(block)));
    SmallVector<DimExpr> own = Body::dims(x);
    x = gather(x, each, blocked);
    // One scale for all that is gathered.
    if (own[axis].isConstant(1) && !shape[axis].isConstant(1))
      return gather(x, body.mul(safe, 0.0), axis);
    return gather(x, safe, axis);
  };
  Type f32 = body.b.getF32Type(), result = Body::element(body.output(0));
  Value y = body.cast(gather(data, safe, axis), f32);
  if (zeroPoints)
    y = body.sub(y, body.cast(ofBlocks(zeroPoints), f32));
  else if (isBytes)
    y = body.add(y, -double(1 << (bits - 1)));
  y = body.cast(body.mul(y, body.cast(ofBlocks(scales), f32)), result);
  SmallVector<int64_t> behind;
  for (int64_t i = 0; i < rank - axis - 1; ++i)
    behind.push_back(idsRank + i);
  if (!behind.empty())
    isInside = body.unsqueeze(isInside, behind);
  body.replace(0, body.where(isInside, y, body.scalar(result, 0)));
  return success();
}
} // namespace

ArrayRef<ExpansionEntry> weightExpansions() {
  static const ExpansionEntry table[] = {
      {"msft.GatherBlockQuantized", expandGatherBlockQuantized},
      {"msft.MatMulBnb4", expandMatMulBnb4},
      {"msft.MatMulNBits", expandMatMulNBits},
  };
  return table;
}

} // namespace squint::onnx
