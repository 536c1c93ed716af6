//===- ShapesWeights.cpp - packed weights of com.microsoft --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "ShapeInference.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace squint::onnx {
namespace {

LogicalResult expectBlock(int64_t block, ShapeContext &s) {
  // Bits of a block are counted.
  constexpr int64_t most = int64_t(1) << 30;
  if (block >= 16 && block <= most && llvm::isPowerOf2_64(block))
    return success();
  return s.fail() << "expected a block_size that is a power of two and at "
                     "least 16, got "
                  << block;
}

LogicalResult expectBits(int64_t bits, ShapeContext &s) {
  if (bits == 2 || bits == 4 || bits == 8)
    return success();
  return s.fail() << "expected bits to be 2, 4 or 8, got " << bits;
}

/// K and N of a weight whose elements can be counted.
LogicalResult expectSizes(int64_t k, int64_t n, ShapeContext &s) {
  constexpr int64_t most = int64_t(1) << 31;
  for (auto [name, size] : {std::pair("K", k), std::pair("N", n)})
    if (size < 1 || size > most)
      return s.fail() << "expected " << name << " from 1 to " << most
                      << ", got " << size;
  return success();
}

/// One of the shapes that an operand may have.
LogicalResult expectShape(Value value, ArrayRef<SmallVector<int64_t, 3>> shapes,
                          StringRef name, ShapeContext &s) {
  std::optional<SmallVector<int64_t>> own = s.staticShape(value);
  if (own && llvm::any_of(shapes, [&](ArrayRef<int64_t> shape) {
        return shape == ArrayRef<int64_t>(*own);
      }))
    return success();
  InFlightDiagnostic diagnostic = s.fail() << "expected '" << name << "' ";
  for (auto [i, shape] : llvm::enumerate(shapes)) {
    diagnostic << (i ? " or " : "of shape [");
    if (i)
      diagnostic << "[";
    llvm::interleaveComma(shape, diagnostic);
    diagnostic << "]";
  }
  diagnostic << ", got [";
  llvm::interleave(
      s.shape(value), [&](const DimExpr &dim) { diagnostic << dim.str(); },
      [&] { diagnostic << ", "; });
  return diagnostic << "]";
}

/// x [..., K] times a weight of N outputs.
LogicalResult setProduct(Value x, Value y, int64_t k, int64_t n,
                         ShapeContext &s) {
  if (failed(s.expectRank(x, 1, 16, "A")))
    return failure();
  Dims dims(s.shape(x));
  if (failed(s.unify(dims.back(), k, "the contraction")))
    return failure();
  dims.back() = n;
  return s.set(y, std::move(dims));
}

LogicalResult inferMatMulNBits(msft::MatMulNBitsOp op, ShapeContext &s) {
  int64_t n = op.getN(), k = op.getK(), bits = op.getBits(),
          block = op.getBlockSize();
  if (failed(expectSizes(k, n, s)) || failed(expectBits(bits, s)) ||
      failed(expectBlock(block, s)))
    return failure();
  int64_t blocks = llvm::divideCeil(k, block), blob = block * bits / 8,
          perRow = llvm::divideCeil(blocks * bits, 8);
  if (failed(expectShape(op.getB(), {{n, blocks, blob}, {n, blocks * blob}},
                         "B", s)) ||
      failed(expectShape(op.getScales(), {{n, blocks}, {n * blocks}}, "scales",
                         s)))
    return failure();
  if (Value zeros = op.getZeroPoints()) {
    bool isFloat = isa<FloatType>(getElementTypeOrSelf(zeros.getType()));
    int64_t each = isFloat ? blocks : perRow;
    if (failed(expectShape(zeros, {{n, each}, {n * each}}, "zero_points", s)))
      return failure();
  }
  if ((op.getGIdx() && failed(expectShape(op.getGIdx(), {{k}}, "g_idx", s))) ||
      (op.getBias() && failed(expectShape(op.getBias(), {{n}}, "bias", s))))
    return failure();
  return setProduct(op.getA(), op.getY(), k, n, s);
}

LogicalResult inferMatMulBnb4(msft::MatMulBnb4Op op, ShapeContext &s) {
  int64_t n = op.getN(), k = op.getK(), block = op.getBlockSize();
  if (failed(expectSizes(k, n, s)) || failed(expectBlock(block, s)))
    return failure();
  if (op.getQuantType() != 0 && op.getQuantType() != 1)
    return s.fail() << "expected quant_type to be 0 or 1, got "
                    << op.getQuantType();
  int64_t bytes = llvm::divideCeil(n * k, 2),
          blocks = llvm::divideCeil(n * k, block);
  if (failed(expectShape(op.getB(), {{bytes}, {bytes, 1}}, "B", s)) ||
      failed(expectShape(op.getAbsmax(), {{blocks}}, "absmax", s)))
    return failure();
  return op.getTransB() ? setProduct(op.getA(), op.getY(), k, n, s)
                        : setProduct(op.getA(), op.getY(), n, k, s);
}

LogicalResult inferGatherBlockQuantized(msft::GatherBlockQuantizedOp op,
                                        ShapeContext &s) {
  Dims data(s.shape(op.getData())), indices(s.shape(op.getIndices()));
  if (failed(s.expectRank(op.getData(), 1, 16, "the data")))
    return failure();
  FailureOr<int64_t> axis = s.axis(op.getGatherAxis(), data.size()),
                     blocked = s.axis(op.getQuantizeAxis(), data.size());
  if (failed(axis) || failed(blocked))
    return failure();
  Type element = getElementTypeOrSelf(op.getData().getType());
  bool isFloat = isa<FloatType>(element);
  if (!(isFloat && op.getBlockSize() == 0) &&
      failed(expectBlock(op.getBlockSize(), s)))
    return failure();
  if (isFloat && op.getZeroPoints())
    return s.fail() << "expected no zero_points beside data of floats";
  // uint8 data packs 8 / bits elements a byte along the last axis.
  int64_t perByte = 1;
  if (element.isInteger(8)) {
    if (failed(expectBits(op.getBits(), s)))
      return failure();
    if (*axis != 0)
      return s.fail() << "expected a gather_axis of 0 of uint8 data, got "
                      << *axis;
    perByte = 8 / op.getBits();
    if (perByte > 1 && *blocked == 0)
      return s.fail() << "expected a quantize_axis other than gather_axis";
  }
  data.back() = data.back() * DimExpr(perByte);
  Dims scales(data);
  const DimExpr &size = data[*blocked];
  DimExpr block = op.getBlockSize() ? DimExpr(op.getBlockSize()) : size;
  if (!block.isConstant(0))
    scales[*blocked] = DimExpr::floordiv(size + block - DimExpr(1), block);
  auto matches = [&](Value value, ArrayRef<DimExpr> wanted) {
    ArrayRef<DimExpr> own = s.shape(value);
    return own.size() == wanted.size() &&
           llvm::all_of(llvm::zip(own, wanted), [&](auto pair) {
             auto [have, want] = pair;
             return have == want || (isFloat && have.isConstant(1));
           });
  };
  if (!matches(op.getScales(), scales))
    return s.fail() << "expected a scale for each block of the data";
  if (Value zeros = op.getZeroPoints()) {
    Dims packed(scales);
    packed.back() = DimExpr::floordiv(packed.back() + DimExpr(perByte - 1),
                                      DimExpr(perByte));
    if (!matches(zeros, packed))
      return s.fail() << "expected a zero point for each block of the data";
  }
  Dims dims(ArrayRef<DimExpr>(data).take_front(*axis));
  llvm::append_range(dims, indices);
  llvm::append_range(dims, ArrayRef<DimExpr>(data).drop_front(*axis + 1));
  return s.set(op.getOutput(), std::move(dims));
}
} // namespace

void addWeightRules(ShapeRules &rules) {
  rules.add<msft::GatherBlockQuantizedOp, inferGatherBlockQuantized>();
  rules.add<msft::MatMulBnb4Op, inferMatMulBnb4>();
  rules.add<msft::MatMulNBitsOp, inferMatMulNBits>();
}

} // namespace squint::onnx
