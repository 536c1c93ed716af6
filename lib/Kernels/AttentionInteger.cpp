//===- AttentionInteger.cpp - attention between codes -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Queries, keys and values are codes of 8 bits, sums of their products exact. A
// row's weights become codes of 7 bits, 0 to 127, block by block, so that they
// count as signed bytes and as unsigned ones. In the order of kernel.attention:
//
//   score = fma(float(t) * sk, sq * scale, mask)    t = sum of q k
//   w = exp(score - m) * sv, sw = max of w / 127 over the block's keys
//   y = fma(float(u), sw, y * c)                    u = sum of code(w) v
//
// with the scales sq, sk and sv of a query, a key and a value.
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Rows.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;
using Values = KernelBuilder::Values;

static constexpr int64_t kQuad = 4, kMost = 127;

/// A size of a head as codes have it.
static int64_t padded(int64_t size) { return llvm::alignTo(size, kLanes); }

void AttentionBuilder::findFormat(Operation *op) {
  if (auto format = op->getAttrOfType<FormatAttr>("activation_format"))
    codeFormat = format.getFormat();
}

void AttentionBuilder::prepareCodes() {
  Type byte = b.getI8Type(), f32 = b.getF32Type();
  unsignedKeys = b.target.avx512Vnni || b.target.avxVnni;
  queryCodes = b.scratch(kUnitAttentionRows * padded(keySize), byte);
  queryScales = b.scratch(kUnitAttentionRows, f32);
  if (unsignedKeys)
    querySums = b.scratch(kUnitAttentionRows, b.getI32Type());
  weightCodes = b.scratch(maxRows * kKeys, byte);
  weightScales = b.scratch(maxRows, f32);
  if (cached)
    return;
  auto part = [&](int64_t size) {
    return CachedPart{&*codeFormat, b.scratch(padded(size) * kKeys, byte),
                      b.scratch(kKeys, f32)};
  };
  cachedKeys = part(keySize);
  cachedValues = part(valueSize);
}

void AttentionBuilder::packQueryCodes(Value count) {
  int64_t size = padded(keySize);
  b.loop(b.index(0), count, 1, [&](Value row) {
    Value start = b.mul(row, size);
    SmallVector<Value> indices = indicesAt(query, row, 0, b.index(0));
    HeadEncoder encoder(b, *codeFormat, query.memref,
                        ValueRange(indices).drop_back());
    encoder.encode(keySize, queryScales, row,
                   [&](Value at, Value codes, Value) {
                     b.store(codes, queryCodes, {b.add(start, at)});
                   });
    if (!unsignedKeys)
      return;
    Value sum = b.intConstant(b.i32s(), 0);
    for (int64_t d = 0; d < size; d += kLanes)
      sum = arith::AddIOp::create(
          b, sum,
          arith::ExtSIOp::create(
              b, b.i32s(),
              b.load(b.vec(b.getI8Type()), queryCodes, {b.add(start, d)})));
    sum = b.reduce(sum, [&](Value x, Value y) -> Value {
      return arith::AddIOp::create(b, x, y);
    });
    memref::StoreOp::create(b, arith::MulIOp::create(b, sum, b.i32(-128)),
                            querySums, ValueRange{row});
  });
}

/// Codes of the block's keys and values, as a cache has them. Past the last one
/// there is nothing that counts.
void AttentionBuilder::packKeyCodes() {
  auto at = [&](const Tokens &of, Value token) {
    return of.at(batch, b.add(firstKey, token), keyHead, b.index(0));
  };
  b.loop(b.index(0), numKeys, 1, [&](Value token) {
    SmallVector<Value> indices = at(key, token);
    HeadEncoder(b, *codeFormat, key.memref, ValueRange(indices).drop_back())
        .encode(keySize, cachedKeys->scales, token,
                [&](Value element, Value codes, Value) {
                  storeKeyQuads(b, cachedKeys->codes, token, element, codes);
                });
  });
  Value last = b.sub(numKeys, b.index(1));
  b.loop(b.index(0), b.ceilDiv(numKeys, kQuad), 1, [&](Value quad) {
    SmallVector<HeadEncoder> encoders;
    Values inverses;
    for (int64_t i = 0; i < kQuad; ++i) {
      Value slot = b.add(b.mul(quad, kQuad), i);
      SmallVector<Value> indices = at(value, b.min(slot, last));
      encoders.emplace_back(b, *codeFormat, value.memref,
                            ValueRange(indices).drop_back());
      inverses.push_back(
          encoders.back().storeScale(valueSize, cachedValues->scales, slot));
    }
    Value start = b.mul(quad, kQuad * padded(valueSize));
    b.lanes(
        b.index(valueSize), {},
        [&](Value element, Value mask, ValueRange) -> Values {
          Value words = b.intConstant(b.i32s(), 0);
          for (auto [i, encoder] : llvm::enumerate(encoders)) {
            Value codes =
                encoder.encodeLanes(encoder.load(element, mask), inverses[i]);
            codes = arith::ExtUIOp::create(b, b.i32s(), codes);
            codes =
                arith::ShLIOp::create(b, codes, b.intConstant(b.i32s(), 8 * i));
            words = arith::OrIOp::create(b, words, codes);
          }
          b.store(b.bitcast(b.vec(b.getI8Type(), kQuad * kLanes), words),
                  cachedValues->codes, {b.add(start, b.mul(element, kQuad))});
          return {};
        });
  });
}

Value AttentionBuilder::loadQuad(Value codes, Value at) {
  Value bytes = b.load(b.vec(b.getI8Type(), kQuad), codes, at);
  return vector::ExtractOp::create(
      b, b.bitcast(b.vec(b.getI32Type(), 1), bytes), ArrayRef<int64_t>{0});
}

Values AttentionBuilder::multiplyKeyCodes(int64_t rows, Value row,
                                          Value column) {
  int64_t panels = panelsOf(rows), size = padded(keySize);
  auto bytes = b.vec(b.getI8Type(), kQuad * kLanes);
  Values sums;
  for (int64_t r = 0; r < rows; ++r)
    sums.append(panels, unsignedKeys
                            ? b.splat(loadScalar(querySums, b.add(row, r)))
                            : b.intConstant(b.i32s(), 0));
  Value first = b.mul(row, size);
  sums = b.loop(
      b.index(0), b.index(llvm::divideCeil(keySize, kQuad)), 1, sums,
      [&](Value quad, ValueRange current) {
        Values loaded, next;
        Value at = b.add(b.mul(quad, kKeys), column);
        for (int64_t p = 0; p < panels; ++p) {
          Value codes = b.load(bytes, cachedKeys->codes,
                               b.mul(b.add(at, p * kLanes), kQuad));
          if (unsignedKeys)
            codes = arith::XOrIOp::create(b, codes, b.intConstant(bytes, -128));
          loaded.push_back(codes);
        }
        if (cached)
          cachedKeys->prefetch(b, b.mul(at, kQuad), panels * kLanes * kQuad);
        for (int64_t r = 0; r < rows; ++r) {
          Value x = loadQuad(queryCodes,
                             b.add(b.add(first, b.mul(quad, kQuad)), r * size));
          for (int64_t p = 0; p < panels; ++p)
            next.push_back(
                DotOp::create(b, b.i32s(), current[r * panels + p], loaded[p],
                              x, unsignedKeys ? 0 : -kMost,
                              unsignedKeys ? 255 : kMost, -kMost, kMost));
        }
        return next;
      });
  for (Value &sum : sums)
    sum = arith::SIToFPOp::create(b, b.f32s(), sum);
  return sums;
}

/// exp(score - largest) times the scales of the values, as codes.
void AttentionBuilder::packWeights(int64_t rows) {
  Value padded = b.mul(b.ceilDiv(numKeys, kLanes), kLanes);
  Values largest(rows, b.intConstant(b.i32s(), 0));
  largest = b.loop(b.index(0), padded, kLanes, largest,
                   [&](Value column, ValueRange current) {
                     Values next;
                     // What lies past the last key may be no number.
                     Value scales =
                         b.load(b.f32s(), cachedValues->scales, {column},
                                b.mask(b.sub(numKeys, column)));
                     for (int64_t r = 0; r < rows; ++r) {
                       Value at = b.add(column, r * kKeys);
                       Value weight = arith::MulFOp::create(
                           b, b.load(b.f32s(), weights, at), scales);
                       b.store(weight, weights, at);
                       next.push_back(maxMagnitude(b, current[r], weight));
                     }
                     return next;
                   });
  Values inverses;
  for (int64_t r = 0; r < rows; ++r) {
    Value scale =
        arith::DivFOp::create(b, reduceMagnitude(b, largest[r]), b.f32(kMost));
    memref::StoreOp::create(b, scale, weightScales, ValueRange{b.index(r)});
    inverses.push_back(b.splat(invertScale(b, scale)));
  }
  Rounder round{b, 0, kMost, 0, /*isStatic=*/false};
  b.loop(b.index(0), padded, kLanes, [&](Value column) {
    for (int64_t r = 0; r < rows; ++r) {
      Value at = b.add(column, r * kKeys);
      Value codes = round(b.load(b.f32s(), weights, at), inverses[r]);
      b.store(arith::TruncIOp::create(b, b.vec(b.getI8Type()), codes),
              weightCodes, {at});
    }
  });
}

void AttentionBuilder::buildCodedValues(int64_t rows, Value row) {
  auto bytes = b.vec(b.getI8Type(), kQuad * kLanes);
  int64_t pieces = paddedSize / kLanes, wide = panelsOf(rows);
  for (int64_t first = 0; first < pieces; first += wide) {
    int64_t count = std::min(wide, pieces - first);
    Values sums(rows * count, b.intConstant(b.i32s(), 0));
    sums = b.loop(
        b.index(0), b.ceilDiv(numKeys, kQuad), 1, sums,
        [&](Value quad, ValueRange current) {
          Value at =
              b.mul(b.add(b.mul(quad, paddedSize), first * kLanes), kQuad);
          Values loaded, next;
          for (int64_t p = 0; p < count; ++p)
            loaded.push_back(b.load(bytes, cachedValues->codes,
                                    b.add(at, p * kLanes * kQuad)));
          if (cached)
            cachedValues->prefetch(b, at, count * kLanes * kQuad);
          for (int64_t r = 0; r < rows; ++r) {
            Value x =
                loadQuad(weightCodes, b.add(b.mul(quad, kQuad), r * kKeys));
            for (int64_t p = 0; p < count; ++p)
              next.push_back(DotOp::create(b, b.i32s(), current[r * count + p],
                                           loaded[p], x, -kMost, kMost, 0,
                                           unsignedKeys ? 255 : kMost));
          }
          return next;
        });
    for (int64_t r = 0; r < rows; ++r) {
      Value factor = b.splat(loadScalar(factors, b.index(r))),
            scale = b.splat(loadScalar(weightScales, b.index(r)));
      for (int64_t p = 0; p < count; ++p) {
        Value at = resultAt(row, r, (first + p) * kLanes);
        Value before =
            arith::MulFOp::create(b, b.load(b.f32s(), results, at), factor);
        Value sum = arith::SIToFPOp::create(b, b.f32s(), sums[r * count + p]);
        b.store(b.fma(sum, scale, before), results, at);
      }
    }
  }
}
