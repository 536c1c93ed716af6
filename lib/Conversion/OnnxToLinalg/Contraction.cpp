//===- Contraction.cpp - products of matrices and convolutions --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Node.h"
#include "Window.h"

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

/// acc + x * y, fused for floats.
static Value multiplyAdd(ImplicitLocOpBuilder &b, Value x, Value y,
                         Value accumulator) {
  if (isa<FloatType>(x.getType()))
    return math::FmaOp::create(b, x, y, accumulator);
  return arith::AddIOp::create(b, accumulator, arith::MulIOp::create(b, x, y));
}

static Tensor zeros(ImplicitLocOpBuilder &b, ArrayRef<DimExpr> dims,
                    Type element) {
  return fill(
      b, arith::ConstantOp::create(b, b.getZeroAttr(storageElement(element))),
      dims, element);
}

/// What sums of products of `element` are kept in.
static Type sumElement(Type element) {
  return isa<FloatType>(element) ? computeElement(element) : element;
}

/// sum x * y over the loops after the `outer` first ones.
static Tensor contract(ImplicitLocOpBuilder &b, const Tensor &x,
                       const Tensor &y, ArrayRef<DimExpr> dims,
                       ArrayRef<AffineMap> maps, unsigned outer) {
  Type element = sumElement(x.element);
  SmallVector<utils::IteratorType> iterators(maps[0].getNumDims(),
                                             utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), outer, utils::IteratorType::parallel);
  return generic(b, {x, y}, zeros(b, dims, element), maps, iterators,
                 [](ImplicitLocOpBuilder &inner,
                    ValueRange v) -> SmallVector<Value> {
                   return {multiplyAdd(inner, v[0], v[1], v[2])};
                 })
      .front();
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

Tensor lowering::batchMatmul(ImplicitLocOpBuilder &b, Tensor x, Tensor y) {
  Type element = sumElement(x.element);
  Dims dims = {x.dims[0], x.dims[1], y.dims[2]};
  if (element.isF32()) {
    x = castTo(b, x, element);
    y = castTo(b, y, element);
    Tensor init = zeros(b, dims, element);
    init.value = linalg::BatchMatmulOp::create(b, ValueRange{x.value, y.value},
                                               ValueRange{init.value})
                     .getResult(0);
    return init;
  }
  AffineExpr n, i, j, k;
  bindDims(b.getContext(), n, i, j, k);
  auto map = [&](AffineExpr row, AffineExpr column) {
    return AffineMap::get(4, 0, {n, row, column}, b.getContext());
  };
  return contract(b, x, y, dims, {map(i, k), map(k, j), map(i, j)}, 3);
}

/// x [..., M, K] times y [..., K, N] for the dimensions `dims` of the result.
static Tensor matmul(ImplicitLocOpBuilder &b, Tensor x, Tensor y,
                     ArrayRef<DimExpr> dims) {
  int64_t rank = dims.size();
  DimExpr m = dims[rank - 2], n = dims[rank - 1], k = x.dims.back();
  ArrayRef<DimExpr> batch = dims.drop_back(2);
  auto batchOf = [&](const Tensor &t) {
    return product(ArrayRef<DimExpr>(t.dims).drop_back(2));
  };
  if (batchOf(y).isConstant(1)) {
    // One matrix on the right: the batch is more rows.
    DimExpr rows = batchOf(x) * m;
    Tensor result =
        batchMatmul(b, reshape(b, x, {1, rows, k}), reshape(b, y, {1, k, n}));
    return reshape(b, result, dims);
  }
  auto widen = [&](const Tensor &t, DimExpr rows, DimExpr columns) {
    Dims full(batch);
    full.append({rows, columns});
    return reshape(b, broadcast(b, t, full), {product(batch), rows, columns});
  };
  Tensor result = batchMatmul(b, widen(x, m, k), widen(y, k, n));
  return reshape(b, result, dims);
}

static LogicalResult lowerMatMul(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0), y = node.in(1);
  Dims dims = node.resultDims();
  bool row = x.rank() == 1, column = y.rank() == 1;
  if (row)
    x = reshape(b, x, {1, x.dims[0]});
  if (column)
    y = reshape(b, y, {y.dims[0], 1});
  if (row)
    dims.insert(dims.end() - (column ? 0 : 1), 1);
  if (column)
    dims.push_back(1);
  Tensor result = matmul(b, x, y, dims);
  return node.replace(
      reshape(b, castTo(b, result, node.resultElement()), node.resultDims())
          .value);
}

static LogicalResult lowerGemm(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0), y = node.in(1);
  Dims dims = node.resultDims();
  if (node.integer("transA", 0))
    x = transpose(b, x, {1, 0});
  if (node.integer("transB", 0))
    y = transpose(b, y, {1, 0});
  double alpha = node.number("alpha", 1), beta = node.number("beta", 1);
  Tensor product = matmul(b, x, y, dims);
  SmallVector<Tensor> inputs = {product};
  if (node.has(2))
    inputs.push_back(castTo(b, node.in(2), product.element));
  if (inputs.size() == 1 && alpha == 1)
    return node.replace(castTo(b, product, node.resultElement()).value);
  auto scaled = [](ImplicitLocOpBuilder &inner, Value x,
                   double factor) -> Value {
    if (factor == 1)
      return x;
    Value constant = scalarConstant(inner, x.getType(), factor);
    return isa<FloatType>(x.getType())
               ? arith::MulFOp::create(inner, constant, x).getResult()
               : arith::MulIOp::create(inner, constant, x).getResult();
  };
  Tensor result = map(
      b, inputs, dims, node.resultElement(),
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Value sum = scaled(inner, v[0], alpha);
        if (v.size() > 1) {
          Value addend = scaled(inner, v[1], beta);
          sum = isa<FloatType>(sum.getType())
                    ? arith::AddFOp::create(inner, sum, addend).getResult()
                    : arith::AddIOp::create(inner, sum, addend).getResult();
        }
        return castScalar(inner, sum, product.element, node.resultElement());
      });
  return node.replace(result.value);
}

//===----------------------------------------------------------------------===//
// Convolutions that no kernel takes
//===----------------------------------------------------------------------===//

/// A transposed weight; a reference to a constant is only read in another
/// order.
static Tensor transposeWeight(ImplicitLocOpBuilder &b, const Tensor &weight,
                              ArrayRef<int64_t> permutation) {
  auto constant = weight.value.getDefiningOp<ConstantOp>();
  DataAttr data = constant ? constant.getData() : DataAttr();
  if (!data)
    return transpose(b, weight, permutation);
  Dims dims;
  SmallVector<int64_t> order;
  for (int64_t from : permutation) {
    dims.push_back(weight.dims[from]);
    ArrayRef<int64_t> stored = data.getPermutation();
    order.push_back(stored.empty() ? from : stored[from]);
  }
  auto value =
      DataAttr::get(b.getContext(), tensorType(dims, weight.element),
                    data.getStore(), data.getOffset(), data.getLength(), order);
  return {ConstantOp::create(b, value), weight.element, dims};
}

/// The same tensor where a dimension is known to be `size`.
static Tensor withStaticDim(ImplicitLocOpBuilder &b, const Tensor &input,
                            unsigned dim, int64_t size) {
  if (input.dims[dim].getConstant())
    return input;
  Tensor result = input;
  result.dims[dim] = size;
  Type type = tensorType(result.dims, storageElement(input.element));
  result.value = tensor::CastOp::create(b, type, input.value);
  return result;
}

/// y[n, g, o, p...] = sum over c, k... of x[n, g, c, p * stride + k * dilation]
/// w[g, o, c, k...], with the channels where the layout has them.
static Tensor convolve(ImplicitLocOpBuilder &b, const Tensor &input,
                       const Tensor &weight, const Window &window,
                       int64_t groups, bool channelsLast,
                       ArrayRef<DimExpr> dims) {
  unsigned spatial = window.kernel.size(), first = channelsLast ? 1 : 2,
           channel = channelsLast ? spatial + 1 : 1;
  Value zero = arith::ConstantOp::create(
      b, b.getZeroAttr(storageElement(input.element)));
  SmallVector<DimExpr> out(dims.begin() + first,
                           dims.begin() + first + spatial);
  Tensor padded = padWindow(b, input, window, first, out, zero);

  // Channels as [g, channels of a group], weights as [g, o, c, k...], or as
  // [k..., c, g, o] where channels are last: neighbours in y are neighbours in
  // w.
  int64_t perGroup = channelsLast ? *weight.dims.back().getConstant()
                                  : *weight.dims[1].getConstant();
  DimExpr inPerGroup = perGroup,
          outPerGroup = *weight.dims[0].getConstant() / groups;
  Tensor w = weight;
  unsigned outputAt = 0;
  if (channelsLast) {
    SmallVector<int64_t> permutation;
    for (unsigned i = 1; i < spatial + 2; ++i)
      permutation.push_back(i);
    permutation.push_back(0);
    w = transposeWeight(b, weight, permutation);
    outputAt = spatial + 1;
  }
  padded = withStaticDim(b, padded, channel, groups * perGroup);
  Dims xDims = padded.dims, wDims = w.dims, yDims(dims);
  auto split = [&](Dims &in, unsigned at, const DimExpr &rest) {
    in[at] = groups;
    in.insert(in.begin() + at + 1, rest);
  };
  split(xDims, channel, inPerGroup);
  split(yDims, channel, outPerGroup);
  split(wDims, outputAt, outPerGroup);
  Tensor x = reshape(b, padded, xDims);
  w = reshape(b, w, wDims);

  // Loops: those of y in order, then kernel and input channel.
  unsigned outer = spatial + 3, count = outer + spatial + 1;
  auto loop = [&](unsigned i) { return b.getAffineDimExpr(i); };
  unsigned group = channel, spatialLoop = channelsLast ? 1 : 3;
  unsigned kernelLoop = channelsLast ? outer : outer + 1,
           inLoop = channelsLast ? outer + spatial : outer;
  SmallVector<AffineExpr> xExprs = {loop(0)}, wExprs, positions;
  SmallVector<AffineExpr> outputs = {loop(group), loop(group + 1)};
  for (unsigned i = 0; i < spatial; ++i)
    positions.push_back(loop(spatialLoop + i) * window.strides[i] +
                        loop(kernelLoop + i) * window.dilations[i]);
  SmallVector<AffineExpr> channels = {loop(group), loop(inLoop)};
  llvm::append_range(xExprs, channelsLast ? positions : channels);
  llvm::append_range(xExprs, channelsLast ? channels : positions);
  if (!channelsLast)
    wExprs = outputs;
  for (unsigned i = outer; i < count; ++i)
    wExprs.push_back(loop(i));
  if (channelsLast)
    llvm::append_range(wExprs, outputs);
  MLIRContext *context = b.getContext();
  Tensor y = contract(
      b, x, w, yDims,
      {AffineMap::get(count, 0, xExprs, context),
       AffineMap::get(count, 0, wExprs, context),
       AffineMap::getMultiDimIdentityMap(count, context).getMajorSubMap(outer)},
      outer);
  return reshape(b, y, dims);
}

/// Adds a bias [channels] and rounds to the result's type.
static Tensor addBias(ImplicitLocOpBuilder &b, const Tensor &sum,
                      std::optional<Tensor> bias, unsigned channel,
                      Type element) {
  if (!bias)
    return castTo(b, sum, element);
  AffineMap identity = b.getMultiDimIdentityMap(sum.rank());
  AffineMap along = AffineMap::get(sum.rank(), 0, b.getAffineDimExpr(channel),
                                   b.getContext());
  return mapWith(
      b, {sum, *bias}, {identity, along}, sum.dims, element,
      [&](ImplicitLocOpBuilder &inner, ValueRange v) -> Value {
        Value total =
            isa<FloatType>(v[0].getType())
                ? arith::AddFOp::create(inner, v[0], v[1]).getResult()
                : arith::AddIOp::create(inner, v[0], v[1]).getResult();
        return castScalar(inner, total, sum.element, element);
      });
}

static LogicalResult lowerConv(Node &node) {
  Tensor x = node.in(0), w = node.in(1);
  Dims dims = node.resultDims();
  SmallVector<int64_t> kernel;
  for (const DimExpr &dim : w.dims) {
    if (!dim.getConstant())
      return node.error() << "expected a weight of static size, got "
                          << dim.str() << " (not supported yet)";
    kernel.push_back(*dim.getConstant());
  }
  kernel.erase(kernel.begin(), kernel.begin() + 2);
  FailureOr<Window> window =
      readWindow(node, kernel, ArrayRef<DimExpr>(x.dims).drop_front(2),
                 ArrayRef<DimExpr>(dims).drop_front(2));
  if (failed(window))
    return failure();
  Tensor sum = convolve(node.b, x, w, *window, node.integer("group", 1),
                        /*channelsLast=*/false, dims);
  std::optional<Tensor> bias;
  if (node.has(2))
    bias = node.in(2);
  return node.replace(
      addBias(node.b, sum, bias, 1, node.resultElement()).value);
}

/// kernel.depthwise, where each channel of images of static size is convolved
/// with one window.
static std::optional<Tensor> lowerDepthwise(Node &node, const Window &window) {
  auto op = cast<ConvOp>(node.op);
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0), w = node.in(1);
  DimExpr channels(op.getGroups());
  if (x.rank() != 4 || !computeElement(x.element).isF32() ||
      x.dims.back() != channels || w.dims.front() != channels ||
      w.dims.back() != DimExpr(1))
    return std::nullopt;
  for (const DimExpr &size : ArrayRef<DimExpr>(x.dims).drop_front())
    if (!size.getConstant())
      return std::nullopt;
  Type f32 = b.getF32Type();
  auto floats = [&](const Tensor &tensor) {
    return castTo(b, tensor, f32).value;
  };
  w = transposeWeight(b, w, {1, 2, 3, 0});
  w = reshape(b, castTo(b, w, f32), {w.dims[0], w.dims[1], channels});
  Value bias = op.getBias() ? floats(node.tensor(op.getBias())) : Value();
  Dims dims = node.resultDims();
  auto list = [&](ArrayRef<int64_t> values) {
    return b.getDenseI64ArrayAttr(values);
  };
  auto attribute = kernel::WindowAttr::get(
      b.getContext(), list(window.kernel), list(window.strides),
      list(window.dilations), list(op.getPads()),
      list({*dims[1].getConstant(), *dims[2].getConstant()}), /*pad_value=*/0);
  Tensor result = empty(b, dims, f32);
  auto depthwise = kernel::DepthwiseOp::create(
      b, TypeRange(result.value.getType()), floats(x), w.value,
      bias ? ValueRange(bias) : ValueRange(), ValueRange(result.value),
      attribute, /*activation_zero_point=*/IntegerAttr());
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&depthwise.getEpilogue());
  Value sum = block->addArgument(f32, b.getLoc());
  if (bias)
    sum = arith::AddFOp::create(b, sum, block->addArgument(f32, b.getLoc()));
  kernel::YieldOp::create(b, sum);
  result.value = depthwise.getResult(0);
  return result;
}

/// What is left of squint.conv: groups, of which each has few channels.
static LogicalResult lowerSquintConv(Node &node) {
  auto op = cast<ConvOp>(node.op);
  Tensor x = node.in(0), w = node.in(1);
  Dims dims = node.resultDims();
  Window window;
  for (int64_t size : cast<RankedTensorType>(op.getWeight().getType())
                          .getShape()
                          .drop_front()
                          .drop_back())
    window.kernel.push_back(size);
  window.strides = llvm::to_vector(op.getStrides());
  window.dilations = llvm::to_vector(op.getDilations());
  ArrayRef<int64_t> pads = op.getPads();
  window.low = llvm::to_vector(pads.take_front(pads.size() / 2));
  window.high = llvm::to_vector(pads.drop_front(pads.size() / 2));
  if (std::optional<Tensor> result = lowerDepthwise(node, window))
    return node.replace(castTo(node.b, *result, node.resultElement()).value);
  Tensor sum = convolve(node.b, x, w, window, op.getGroups(),
                        /*channelsLast=*/true, dims);
  std::optional<Tensor> bias;
  if (op.getBias())
    bias = node.tensor(op.getBias());
  return node.replace(
      addBias(node.b, sum, bias, dims.size() - 1, node.resultElement()).value);
}

ArrayRef<TableEntry> lowering::contractionTable() {
  static const TableEntry table[] = {
      {"MatMul", lowerMatMul},
      {"Gemm", lowerGemm},
      {"Conv", lowerConv},
      {"squint.conv", lowerSquintConv},
  };
  return table;
}
