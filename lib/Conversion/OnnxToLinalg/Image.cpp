//===- Image.cpp - interpolation and windows over images --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "Window.h"
#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::lowering;

//===----------------------------------------------------------------------===//
// Resize
//===----------------------------------------------------------------------===//

/// Weights of Keys' cubic convolution at a distance.
static Num cubicWeight(Num distance, double a) {
  Num t = abs(distance);
  Num inner = ((t * (a + 2)) - (a + 3)) * t * t + 1.0;
  Num outer = ((t * a - 5 * a) * t + 8 * a) * t - 4 * a;
  return select(t <= 1.0, inner, select(t < 2.0, outer, t.constant(0)));
}

namespace {

/// How one axis is resized; numbers are f64.
struct ResizeAxis {
  StringRef mode, coordinates, nearest;
  double cubic, extrapolation;
  bool antialias, excludeOutside, extrapolates;
  Num scale, in, out; // f64
  Num roiStart, roiEnd;

  Num position(Num o) const;
  Num pick(Code &code, Num x) const;
};

/// Where an output position lies in the input.
Num ResizeAxis::position(Num o) const {
  Num half = (o + 0.5) / scale - 0.5, zero = o.constant(0);
  if (coordinates == "asymmetric")
    return o / scale;
  if (coordinates == "tf_half_pixel_for_nn")
    return (o + 0.5) / scale;
  if (coordinates == "pytorch_half_pixel")
    return select(out > 1.0, half, zero);
  if (coordinates == "half_pixel_symmetric") {
    Num adjustment = out / (scale * in);
    return in / 2.0 * (1.0 - adjustment) + half;
  }
  // The length that the scale gives, before it is cut to a whole number.
  Num length = scale * in;
  if (coordinates == "align_corners")
    return select(length == 1.0, zero, o * (in - 1.0) / (length - 1.0));
  if (coordinates == "tf_crop_and_resize") {
    Num span = (roiEnd - roiStart) * (in - 1.0);
    return roiStart * (in - 1.0) +
           select(length == 1.0, span / 2.0, o * span / (length - 1.0));
  }
  return half;
}

Num ResizeAxis::pick(Code &, Num x) const {
  if (nearest == "floor")
    return floor(x);
  if (nearest == "ceil")
    return ceil(x);
  if (nearest == "round_prefer_ceil")
    return floor(x + 0.5);
  return ceil(x - 0.5);
}

} // namespace

/// A tensor [outer, length, inner] along its middle.
static Tensor resizeAxis(ImplicitLocOpBuilder &b, const Tensor &x,
                         const DimExpr &length, const ResizeAxis &axis) {
  Dims dims{x.dims[0], length, x.dims[2]};
  Type type = computeElement(x.element), f64 = b.getF64Type();
  bool keepsType = axis.mode == "nearest";
  return programMap(
      b, x, dims, x.element,
      [&](Code &code, ArrayRef<Num> at, ArrayRef<Memory> in) -> Num {
        Num position = axis.position(convert(at[1], f64));
        Num last = in[0].dim(1) - 1.0;
        auto read = [&](Num index) {
          return in[0].load({at[0], clamp(index, code.index(0), last), at[2]});
        };
        Num value;
        if (keepsType) {
          value = read(toIndex(axis.pick(code, position)));
        } else {
          bool isCubic = axis.mode == "cubic";
          Num stretch = code.number(f64, 1);
          if (axis.antialias)
            stretch = min(axis.scale, code.number(f64, 1));
          Num radius = code.number(f64, isCubic ? 2 : 1) / stretch;
          // At a whole number the one to its left is the second of the taps.
          Num first = toIndex(floor(position - radius)) + 1.0;
          Num count = toIndex(ceil(position + radius)) - first;
          Num zero = code.number(f64, 0);
          SmallVector<Num> sums = code.loop(
              count, {zero, zero}, [&](Num j, ArrayRef<Num> sums) -> Nums {
                Num index = first + j;
                Num distance = (convert(index, f64) - position) * stretch;
                Num weight = isCubic ? cubicWeight(distance, axis.cubic)
                                     : max(1.0 - abs(distance), zero);
                if (axis.excludeOutside) {
                  Num inside = (index >= 0.0) & (index <= last);
                  weight = select(inside, weight, zero);
                }
                Num sample = convert(read(index), f64);
                return {sums[0] + weight * sample, sums[1] + weight};
              });
          Num sum = axis.excludeOutside || axis.antialias ? sums[0] / sums[1]
                                                          : sums[0];
          value = {b, castScalar(b, sum, f64, x.element)};
        }
        if (axis.extrapolates) {
          Num inside = (position >= 0.0) & (position <= axis.in - 1.0);
          value = select(inside, value, code.number(type, axis.extrapolation));
        }
        return value;
      });
}

static LogicalResult lowerResize(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0);
  Dims dims = node.resultDims();
  Type f64 = b.getF64Type();
  int64_t rank = x.rank();
  SmallVector<int64_t> axes = node.integers("axes");
  if (axes.empty())
    axes = llvm::to_vector(llvm::seq<int64_t>(rank));
  ResizeAxis axis;
  axis.mode = node.string("mode", "nearest");
  axis.coordinates =
      node.string("coordinate_transformation_mode", "half_pixel");
  axis.nearest = node.string("nearest_mode", "round_prefer_floor");
  axis.cubic = node.number("cubic_coeff_a", -0.75);
  axis.extrapolation = node.number("extrapolation_value", 0);
  axis.extrapolates = axis.coordinates == "tf_crop_and_resize";
  axis.antialias = node.integer("antialias", 0);
  axis.excludeOutside = node.integer("exclude_outside", 0);
  if (!llvm::is_contained({"nearest", "linear", "cubic"}, axis.mode))
    return node.error() << "expected mode nearest, linear or cubic, got "
                        << axis.mode;
  auto isGiven = [&](unsigned position) {
    return node.has(position) && !(node.in(position).rank() == 1 &&
                                   node.in(position).dims[0].isConstant(0));
  };
  auto number = [&](unsigned position, int64_t i) {
    Tensor list = node.in(position);
    Num value(b, tensor::ExtractOp::create(b, list.value, indexConstant(b, i)));
    return convert({b, toCompute(b, value, list.element)}, f64);
  };
  bool bySizes = isGiven(3);
  bool keepsRatio = bySizes && node.string("keep_aspect_ratio_policy",
                                           "stretch") != "stretch";
  auto quotient = [&](const DimExpr &to, const DimExpr &from) {
    return convert({b, sizeValue(b, to)}, f64) /
           convert({b, sizeValue(b, from)}, f64);
  };
  Num common;
  if (keepsRatio)
    for (auto [i, a] : llvm::enumerate(axes)) {
      Num wanted =
          number(3, i) /
          convert({b, sizeValue(b, x.dims[a < 0 ? a + rank : a])}, f64);
      bool isMin = node.string("keep_aspect_ratio_policy", "") == "not_larger";
      if (!common.isSet())
        common = wanted;
      else
        common = isMin ? min(common, wanted) : max(common, wanted);
    }
  for (auto [i, a] : llvm::enumerate(axes)) {
    int64_t d = a < 0 ? a + rank : a;
    // An axis of which nothing changes.
    if (dims[d] == x.dims[d] && !axis.extrapolates && bySizes && !keepsRatio)
      continue;
    axis.in = convert({b, sizeValue(b, x.dims[d])}, f64);
    axis.out = convert({b, sizeValue(b, dims[d])}, f64);
    axis.scale = keepsRatio ? common
                 : bySizes  ? quotient(dims[d], x.dims[d])
                            : number(2, i);
    if (axis.extrapolates) {
      if (!isGiven(1))
        return node.error() << "expected the roi for tf_crop_and_resize";
      axis.roiStart = number(1, i);
      axis.roiEnd = number(1, i + axes.size());
    }
    ArrayRef<DimExpr> all(x.dims);
    Tensor middle = reshape(
        b, x,
        {product(all.take_front(d)), all[d], product(all.drop_front(d + 1))});
    Dims next = x.dims;
    next[d] = dims[d];
    x = reshape(b, resizeAxis(b, middle, dims[d], axis), next);
  }
  return node.replace(reshape(b, x, dims).value);
}

//===----------------------------------------------------------------------===//
// GridSample
//===----------------------------------------------------------------------===//

namespace {

struct Sampler {
  Code &code;
  const Memory &x;
  ArrayRef<Num> prefix; // batch and channel
  StringRef mode, padding;
  bool corners;
  int64_t spatial;

  Num extent(int64_t axis) const { return x.dim(axis + 2); }
  Num real(Num index) const { return convert(index, code.b.getF64Type()); }
  /// Back and forth between the borders.
  Num reflect(Num position, int64_t axis) const;
  /// The element at whole positions, by the padding.
  Num pixel(ArrayRef<Num> positions) const;
  /// Interpolates axis by axis.
  Num sample(ArrayRef<Num> positions, SmallVectorImpl<Num> &whole) const;
};

Num Sampler::reflect(Num position, int64_t axis) const {
  Num size = real(extent(axis));
  Num low = code.number(position.type(), corners ? 0 : -0.5),
      high = size - (corners ? 1.0 : 0.5), range = high - low;
  // One point only: everything is there.
  Num safe = select(range > 0.0, range, range.constant(1));
  Num beyond = select(position < low, low - position, position - high);
  Num turns = floor(beyond / safe), rest = beyond - turns * safe;
  Num isEven = (turns - floor(turns / 2.0) * 2.0) == 0.0;
  Num below = select(isEven, low + rest, high - rest),
      above = select(isEven, high - rest, low + rest);
  return select(position < low, below,
                select(position > high, above, position));
}

Num Sampler::pixel(ArrayRef<Num> positions) const {
  SmallVector<Num> at(prefix);
  Num inside = code.index(0) == code.index(0);
  for (auto [i, position] : llvm::enumerate(positions)) {
    Num last = extent(i) - 1.0;
    Num to = padding == "reflection" ? reflect(position, i) : position;
    inside = inside & (position >= 0.0) & (position <= real(last));
    to = clamp(to, to.constant(0), real(last));
    at.push_back(clamp(toIndex(to), code.index(0), last));
  }
  Num value = x.load(at);
  return padding == "zeros" ? select(inside, value, value.constant(0)) : value;
}

Num Sampler::sample(ArrayRef<Num> positions,
                    SmallVectorImpl<Num> &whole) const {
  size_t axis = whole.size();
  if (axis == positions.size())
    return convert(pixel(whole), code.b.getF64Type());
  Num position = positions[axis];
  if (mode == "nearest") {
    // Half to even, as images have been read since.
    whole.push_back(Num(code.b, math::RoundEvenOp::create(code.b, position)));
    Num value = sample(positions, whole);
    whole.pop_back();
    return value;
  }
  bool isCubic = mode == "cubic";
  Num base = floor(position), sum;
  for (int64_t tap = isCubic ? -1 : 0; tap <= (isCubic ? 2 : 1); ++tap) {
    Num at = base + double(tap), distance = at - position;
    Num weight = isCubic ? cubicWeight(distance, -0.75) : 1.0 - abs(distance);
    whole.push_back(at);
    Num term = weight * sample(positions, whole);
    whole.pop_back();
    sum = sum.isSet() ? sum + term : term;
  }
  return sum;
}

} // namespace

static LogicalResult lowerGridSample(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0), grid = node.in(1);
  Dims dims = node.resultDims();
  int64_t spatial = x.rank() - 2;
  StringRef mode = node.string("mode", "linear"),
            padding = node.string("padding_mode", "zeros");
  bool corners = node.integer("align_corners", 0);
  if (spatial > 3)
    return node.error() << "expected up to three spatial dimensions, got "
                        << spatial;
  Type f64 = b.getF64Type();
  Tensor result = programMap(
      b, {x, grid}, dims, x.element,
      [&](Code &code, ArrayRef<Num> at, ArrayRef<Memory> in) -> Num {
        Sampler sampler{code,    in[0],   at.take_front(2), mode,
                        padding, corners, spatial};
        SmallVector<Num> positions;
        for (int64_t i = 0; i < spatial; ++i) {
          SmallVector<Num> from{at[0]};
          llvm::append_range(from, at.drop_front(2));
          from.push_back(code.index(spatial - 1 - i)); // x comes first
          Num n = convert(in[1].load(from), f64),
              size = convert(in[0].dim(i + 2), f64);
          Num position = corners ? (n + 1.0) / 2.0 * (size - 1.0)
                                 : ((n + 1.0) * size - 1.0) / 2.0;
          // A position that is no number, or far away, is outside; its integer
          // must exist.
          position =
              select(abs(position) < 1e9, position, position.constant(-1e9));
          if (mode != "nearest" || padding != "zeros") {
            if (padding == "border")
              position = clamp(position, position.constant(0), size - 1.0);
            else if (padding == "reflection")
              position = sampler.reflect(position, i);
          }
          positions.push_back(position);
        }
        SmallVector<Num> whole;
        Num value = sampler.sample(positions, whole);
        return {b, castScalar(b, value, f64, x.element)};
      });
  return node.replace(result.value);
}

//===----------------------------------------------------------------------===//
// RoiAlign
//===----------------------------------------------------------------------===//

static LogicalResult lowerRoiAlign(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0), rois = node.in(1), batches = node.in(2);
  double scale = node.number("spatial_scale", 1);
  int64_t ratio = node.integer("sampling_ratio", 0);
  bool isMax = node.string("mode", "avg") == "max",
       half = node.string("coordinate_transformation_mode", "half_pixel") ==
              "half_pixel";
  Type type = computeElement(x.element);
  Dims dims = node.resultDims();
  Tensor result = programMap(
      b, {x, rois, batches}, dims, x.element,
      [&](Code &code, ArrayRef<Num> at, ArrayRef<Memory> in) -> Num {
        Num image = clamp(toIndex(in[2].load(at[0])), code.index(0),
                          in[0].dim(0) - 1.0);
        Num height = convert(in[0].dim(2), type),
            width = convert(in[0].dim(3), type);
        auto corner = [&](int64_t i) {
          return in[1].load({at[0], code.index(i)}) * scale -
                 (half ? 0.5 : 0.0);
        };
        Num x0 = corner(0), y0 = corner(1), w = corner(2) - x0,
            h = corner(3) - y0;
        if (!half) {
          w = max(w, w.constant(1));
          h = max(h, h.constant(1));
        }
        Num binH = h / convert({b, sizeValue(b, dims[2])}, type),
            binW = w / convert({b, sizeValue(b, dims[3])}, type);
        auto points = [&](Num bin) {
          if (ratio > 0)
            return code.index(ratio);
          Num count =
              toIndex(clamp(ceil(bin), bin.constant(0), bin.constant(1 << 16)));
          return count;
        };
        // An empty image has nothing to read.
        Num isEmpty =
            in[0].dim(0) * in[0].dim(2) * in[0].dim(3) == code.index(0);
        Num rows = select(isEmpty, code.index(0), points(binH)),
            columns = points(binW);
        Num start = code.number(type, isMax ? -INFINITY : 0);
        auto axis = [&](Num p, Num last, SmallVectorImpl<Num> &low) {
          p = max(p, p.constant(0));
          Num i = toIndex(min(p, p.constant(1e9)));
          Num isEnd = i >= last;
          low.assign({select(isEnd, last, i), select(isEnd, last, i + 1.0)});
          Num f = select(isEnd, p.constant(0), p - convert(i, type));
          return f;
        };
        Num sum =
            code.loop(rows, start, [&](Num iy, ArrayRef<Num> outer) -> Nums {
              return code.loop(
                  columns, outer[0], [&](Num ix, ArrayRef<Num> inner) -> Nums {
                    Num y =
                        y0 + convert(at[2], type) * binH +
                        (convert(iy, type) + 0.5) * binH / convert(rows, type);
                    Num xx = x0 + convert(at[3], type) * binW +
                             (convert(ix, type) + 0.5) * binW /
                                 convert(columns, type);
                    Num outside =
                        (y < -1.0) | (y > height) | (xx < -1.0) | (xx > width);
                    SmallVector<Num> r, c;
                    Num ly = axis(y, in[0].dim(2) - 1.0, r),
                        lx = axis(xx, in[0].dim(3) - 1.0, c);
                    Num hy = 1.0 - ly, hx = 1.0 - lx;
                    auto read = [&](Num i, Num j, Num weight) {
                      return weight * in[0].load({image, at[1], i, j});
                    };
                    Num a = read(r[0], c[0], hy * hx),
                        e = read(r[0], c[1], hy * lx),
                        f = read(r[1], c[0], ly * hx),
                        g = read(r[1], c[1], ly * lx);
                    Num value =
                        isMax ? max(max(a, e), max(f, g)) : a + e + f + g;
                    value = select(outside, value.constant(0), value);
                    return isMax ? max(inner[0], value) : inner[0] + value;
                  });
            })[0];
        if (isMax)
          return select(sum == -INFINITY, sum.constant(0), sum);
        Num count = max(convert(rows * columns, type), sum.constant(1));
        return sum / count;
      });
  return node.replace(result.value);
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// Sums the columns of blocks back into an image: for each pixel those blocks
/// that hold it.
static LogicalResult lowerCol2Im(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0);
  Dims dims = node.resultDims();
  auto blocks = node.symbolicIntegers(2);
  if (!blocks)
    return node.error() << "expected a block that follows from shapes";
  int64_t spatial = blocks->size();
  SmallVector<int64_t> ones(spatial, 1), zeros(2 * spatial, 0),
      strides = node.integers("strides", ones),
      dilations = node.integers("dilations", ones),
      pads = node.integers("pads", zeros);
  SmallVector<Num> block, counts;
  for (int64_t i = 0; i < spatial; ++i) {
    block.push_back({b, sizeValue(b, (*blocks)[i])});
    DimExpr reach =
        ((*blocks)[i] - DimExpr(1)) * DimExpr(dilations[i]) + DimExpr(1);
    counts.push_back(
        {b,
         sizeValue(b, DimExpr::floordiv(dims[i + 2] + DimExpr(pads[i]) +
                                            DimExpr(pads[i + spatial]) - reach,
                                        strides[i]) +
                          DimExpr(1))});
  }
  Num area(b, sizeValue(b, product(*blocks)));
  Type type = computeElement(x.element);
  Tensor result = programMap(
      b, x, dims, x.element,
      [&](Code &code, ArrayRef<Num> at, ArrayRef<Memory> in) -> Num {
        return code.loop(
            area, code.number(type, 0), [&](Num k, ArrayRef<Num> sum) -> Nums {
              SmallVector<Num> position = code.delinearize(k, block);
              Num inside = code.index(0) == code.index(0),
                  column = code.index(0);
              for (int64_t i = 0; i < spatial; ++i) {
                Num from = at[i + 2] + double(pads[i]) -
                           position[i] * double(dilations[i]);
                Num step = from / double(strides[i]);
                inside = inside & (from >= 0.0) &
                         (step * double(strides[i]) == from) &
                         (step < counts[i]);
                column = column * counts[i] + step;
              }
              column = clamp(column, code.index(0), in[0].dim(2) - 1.0);
              Num value = in[0].load({at[0], at[1] * area + k, column});
              return select(inside, sum[0] + value, sum[0]);
            })[0];
      });
  return node.replace(result.value);
}

/// The pool with the position of each maximum: the first one, counted in the
/// whole input.
LogicalResult lowering::lowerMaxPoolWithIndices(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0);
  Dims dims = node.resultDims();
  ArrayRef<DimExpr> in(x.dims), out(dims);
  FailureOr<Window> window = readWindow(node, node.integers("kernel_shape"),
                                        in.drop_front(2), out.drop_front(2));
  if (failed(window))
    return failure();
  int64_t spatial = x.rank() - 2;
  bool columnMajor = node.integer("storage_order", 0);
  int64_t area = 1;
  for (int64_t size : window->kernel)
    area *= size;
  Type i64 = b.getI64Type();
  SmallVector<Num> extents = extentsOf(b, dims);
  SmallVector<Tensor> results = program(
      b, product(dims), x, {empty(b, dims, x.element), empty(b, dims, i64)},
      [&](Code &code, Num unit, ArrayRef<Memory> from,
          ArrayRef<Memory> to) -> Num {
        SmallVector<Num> at = code.delinearize(unit, extents), kernel;
        for (int64_t size : window->kernel)
          kernel.push_back(code.index(size));
        Type type = computeElement(x.element);
        Num none = code.index(-1);
        SmallVector<Num> best = code.loop(
            code.index(area), {code.number(type, 0), none},
            [&](Num k, ArrayRef<Num> best) -> Nums {
              SmallVector<Num> offset = code.delinearize(k, kernel),
                               position{at[0], at[1]};
              Num inside = code.index(0) == code.index(0);
              for (int64_t i = 0; i < spatial; ++i) {
                Num p = at[i + 2] * double(window->strides[i]) -
                        double(window->low[i]) +
                        offset[i] * double(window->dilations[i]);
                Num last = from[0].dim(i + 2) - 1.0;
                inside = inside & (p >= 0.0) & (p <= last);
                position.push_back(clamp(p, code.index(0), last));
              }
              Num value = from[0].load(position);
              Num isGreater =
                  x.element.isUnsignedInteger()
                      ? Num(b,
                            arith::CmpIOp::create(b, arith::CmpIPredicate::ugt,
                                                  value, best[0]))
                      : value > best[0];
              Num isBetter = inside & (isGreater | (best[1] < 0.0));
              Num number = at[0] * from[0].dim(1) + at[1];
              for (int64_t i = 0; i < spatial; ++i) {
                int64_t axis = columnMajor ? spatial - 1 - i : i;
                number = number * from[0].dim(axis + 2) + position[axis + 2];
              }
              return {select(isBetter, value, best[0]),
                      select(isBetter, number, best[1])};
            });
        to[0].store(best[0], at);
        to[1].store(convert(best[1], i64), at);
        return {};
      });
  if (failed(node.replace(results[0].value)))
    return failure();
  return node.replace(results[1].value, 1);
}

/// A convolution that reads between pixels, at offsets and with factors that
/// inputs contain.
static LogicalResult lowerDeformConv(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  Tensor x = node.in(0), w = node.in(1), offset = node.in(2);
  Dims dims = node.resultDims();
  if (x.rank() != 4)
    return node.error() << "expected two spatial dimensions, got "
                        << x.rank() - 2;
  SmallVector<int64_t> ones{1, 1}, zeros(4, 0),
      strides = node.integers("strides", ones),
      dilations = node.integers("dilations", ones),
      pads = node.integers("pads", zeros);
  double groups = node.integer("group", 1),
         offsetGroups = node.integer("offset_group", 1);
  SmallVector<Tensor> inputs{x, w, offset};
  int64_t bias = -1, mask = -1;
  if (node.has(3)) {
    bias = inputs.size();
    inputs.push_back(node.in(3));
  }
  if (node.has(4)) {
    mask = inputs.size();
    inputs.push_back(node.in(4));
  }
  Type f64 = b.getF64Type();
  Tensor result = programMap(
      b, inputs, dims, x.element,
      [&](Code &code, ArrayRef<Num> at, ArrayRef<Memory> in) -> Num {
        Num channels = in[1].dim(1), kh = in[1].dim(2), kw = in[1].dim(3),
            area = kh * kw;
        Num perGroup = max(in[1].dim(0) / groups, code.index(1)),
            perOffset = max(in[0].dim(1) / offsetGroups, code.index(1));
        Num firstChannel = at[1] / perGroup * channels;
        Num start = code.number(f64, 0);
        if (bias >= 0)
          start = convert(in[bias].load(at[1]), f64);
        Num sum =
            code.loop(channels, start, [&](Num c, ArrayRef<Num> outer) -> Nums {
              Num channel = firstChannel + c, group = channel / perOffset;
              return code.loop(
                  area, outer[0], [&](Num k, ArrayRef<Num> inner) -> Nums {
                    Num i = k / kw, j = k % kw;
                    auto shift = [&](double which) {
                      return convert(
                          in[2].load({at[0], (group * area + k) * 2.0 + which,
                                      at[2], at[3]}),
                          f64);
                    };
                    Num y =
                        convert(at[2] * double(strides[0]) - double(pads[0]) +
                                    i * double(dilations[0]),
                                f64) +
                        shift(0);
                    Num xx =
                        convert(at[3] * double(strides[1]) - double(pads[1]) +
                                    j * double(dilations[1]),
                                f64) +
                        shift(1);
                    Num far = y.constant(-1e9);
                    y = select(abs(y) < 1e9, y, far);
                    xx = select(abs(xx) < 1e9, xx, far);
                    SmallVector<Num> prefix{at[0], channel}, whole;
                    Sampler sampler{code,    in[0], prefix, "linear",
                                    "zeros", true,  2};
                    Num value = sampler.sample({y, xx}, whole) *
                                convert(in[1].load({at[1], c, i, j}), f64);
                    if (mask >= 0)
                      value = value *
                              convert(in[mask].load({at[0], group * area + k,
                                                     at[2], at[3]}),
                                      f64);
                    return inner[0] + value;
                  });
            })[0];
        return {b, castScalar(b, sum, f64, x.element)};
      });
  return node.replace(result.value);
}

ArrayRef<TableEntry> lowering::imageTable() {
  static const TableEntry table[] = {
      {"Col2Im", lowerCol2Im},         {"DeformConv", lowerDeformConv},
      {"GridSample", lowerGridSample}, {"Resize", lowerResize},
      {"RoiAlign", lowerRoiAlign},
  };
  return table;
}
