//===- ExpandConv.cpp - transposed convolutions -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Expand.h"

using namespace mlir;

namespace squint::onnx {
namespace {

/// A convolution of the input with zeros between its elements and around them;
/// the kernel is turned round, its channels exchanged.
LogicalResult expandConvTranspose(Body &body) {
  Value x = body.in(0), w = body.in(1);
  int64_t rank = Body::rank(x), spatial = rank - 2,
          group = body.integer("group", 1);
  SmallVector<DimExpr> in = Body::dims(x), kernel = Body::dims(w),
                       out = Body::dims(body.out(0));
  auto numbers = [&](StringRef name, int64_t otherwise, int64_t count) {
    SmallVector<int64_t> list(body.integers(name));
    if (!body.has(name))
      list.assign(count, otherwise);
    return list;
  };
  SmallVector<int64_t> strides = numbers("strides", 1, spatial),
                       dilations = numbers("dilations", 1, spatial),
                       more = numbers("output_padding", 0, spatial);
  std::optional<int64_t> channels = kernel[0].getConstant(),
                         perGroup = kernel[1].getConstant();
  if (!channels || !perGroup || group < 1 || *channels % group ||
      static_cast<int64_t>(strides.size()) != spatial ||
      static_cast<int64_t>(dilations.size()) != spatial ||
      static_cast<int64_t>(more.size()) != spatial)
    return body.refuse("expected static channels and attributes for each "
                       "spatial dimension");
  SmallVector<int64_t> low, high;
  StringRef automatic = body.string("auto_pad", "NOTSET");
  for (int64_t i = 0; i < spatial; ++i) {
    std::optional<int64_t> size = kernel[i + 2].getConstant();
    // What the pads take away follows from the sizes on both sides.
    DimExpr whole = (in[i + 2] - 1) * DimExpr(strides[i]) + more[i] +
                    (kernel[i + 2] - 1) * DimExpr(dilations[i]) + 1;
    std::optional<int64_t> total = (whole - out[i + 2]).getConstant();
    if (!size || !total)
      return body.refuse("expected a static kernel, and a result whose size "
                         "follows from that of the input");
    // A result that is larger than what reaches it ends in zeros.
    int64_t taken = std::max<int64_t>(*total, 0), begin = 0;
    if (body.has("pads") && automatic == "NOTSET" && !body.has("output_shape"))
      begin = body.integers("pads")[i];
    else if (automatic == "SAME_UPPER")
      begin = taken / 2;
    else
      begin = taken - taken / 2;
    int64_t reach = (*size - 1) * dilations[i];
    low.push_back(reach - begin);
    high.push_back(reach - (*total - begin) + more[i] - (strides[i] - 1));
  }
  // Zeros behind each element: [.., n, 1] -> [.., n, stride] -> [.., n * s].
  if (llvm::any_of(strides, [](int64_t s) { return s != 1; })) {
    SmallVector<int64_t> axes, pads(2 * (2 + 2 * spatial), 0);
    SmallVector<Value> sizes{body.ints({0, 0})};
    for (int64_t i = 0; i < spatial; ++i) {
      axes.push_back(3 + 2 * i);
      pads[2 + 2 * spatial + 3 + 2 * i] = strides[i] - 1;
      sizes.push_back(
          body.mul(body.size(x, i + 2, false), body.ints(strides[i])));
    }
    Value apart = body.make("Pad", {body.unsqueeze(x, axes), body.ints(pads)});
    x = body.make("Reshape", {apart, body.concat(sizes, 0)});
  }
  SmallVector<int64_t> around{0, 0};
  llvm::append_range(around, low);
  around.append({0, 0});
  llvm::append_range(around, high);
  x = body.make("Pad", {x, body.ints(around)});
  // [g * c, o, ...] -> [g * o, c, ...], last elements first.
  SmallVector<int64_t> starts(spatial, -1),
      ends(spatial, std::numeric_limits<int64_t>::min() + 1), axes,
      steps(spatial, -1), split{group, *channels / group, *perGroup},
      merged{group * *perGroup, *channels / group}, order{0, 2, 1};
  for (int64_t i = 0; i < spatial; ++i) {
    axes.push_back(i + 2);
    order.push_back(i + 3);
    split.push_back(*kernel[i + 2].getConstant());
    merged.push_back(*kernel[i + 2].getConstant());
  }
  w = body.make("Slice", {w, body.ints(starts), body.ints(ends),
                          body.ints(axes), body.ints(steps)});
  w = body.reshape(body.transpose(body.reshape(w, split), order), merged);
  body.replace(0, body.make("Conv", {x, w, body.in(2)},
                            {body.attribute("dilations", dilations),
                             body.attribute("group", group)}));
  return success();
}
} // namespace

ArrayRef<ExpansionEntry> convExpansions() {
  static const ExpansionEntry table[] = {
      {"ConvTranspose", expandConvTranspose},
  };
  return table;
}

} // namespace squint::onnx
