//===- Codes.h - from packed codes to numbers ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The one place that knows how a format's codes are unpacked: to bytes for
// products of integers, to floats for all others.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_KERNELS_CODES_H
#define SQUINT_LIB_KERNELS_CODES_H

#include "squint/Kernels/Builder.h"
#include "squint/Kernels/Layout.h"
#include "squint/Numerics/FloatBits.h"

namespace squint::kernel {

/// f32, f16 or bf16 of an element without a scale, or of a stored scale.
mlir::Type getFloatType(KernelBuilder &b, const Element &element);

/// What codes of a block are decoded with, for 16 outputs each, as f32.
struct CodeGrid {
  /// Null for formats without zero points.
  mlir::Value zero;
  /// Of bilevel scales.
  mlir::Value offset;
  /// Of a codebook.
  KernelBuilder::Values entries;
};

/// Byte offsets of what belongs to a group of a panel, and its number; with
/// superblocks whose scales are codes the header is that of the superblock.
struct PanelGroup {
  mlir::Value panel, number, header, codes;
};

/// Codes of a format as vectors of 16.
class CodeDecoder {
public:
  using Value = mlir::Value;

  CodeDecoder(KernelBuilder &b, const Format &format) : b(b), format(format) {}

  /// The values, not yet scaled, of the codes in bits [shift, shift + bits) of
  /// 32-bit lanes; other bits of a lane may be other codes. Integers are as
  /// panels store them.
  Value decode(Value words, int64_t shift, const CodeGrid &grid);
  /// Scales of type E8M0 and F8E4M3, and of the wide types, to f32; `raw` is as
  /// many bytes as 16 of them take.
  Value decodeScales(Value raw, ScaleType type);

private:
  Value decodeInteger(Value words, int64_t shift, Value zero);
  /// What codes without zero points are stored plus.
  int32_t storedZero() const {
    return format.isSymmetric() ? 1 << (format.bits() - 1) : 0;
  }
  Value shiftRight(Value words, int64_t count);
  Value shiftLeft(Value words, int64_t count);
  /// A float of 8 bits or less in the highest bits.
  Value decodeMiniFloat(Value words, const MiniFloat &mini);
  Value lookup(Value words);
  Value choose(Value words, int64_t shift, llvm::ArrayRef<Value> entries);

  KernelBuilder &b;
  const Format &format;
};

/// The parts of a panel.
class PanelReader {
public:
  using Value = mlir::Value;
  using Values = KernelBuilder::Values;

  PanelReader(KernelBuilder &b, const PanelLayout &layout, Value weights)
      : b(b), layout(layout), weights(weights), decoder(b, layout.format) {}

  /// Of the panel that starts at `panel`; `group` is 0 without groups.
  PanelGroup locate(Value panel, Value group);

  /// 16 scales as f32, of a panel without groups.
  Value loadPanelScales(Value panel);
  /// 16 scales as f32, 1 for codebooks and null without groups.
  Value loadScales(const PanelGroup &group);
  /// 16 minima as f32; null for formats without.
  Value loadMins(const PanelGroup &group);
  /// 16 zero points as i32; null for formats without.
  Value loadZeros(Value header);
  CodeGrid loadGrid(Value header);
  /// The products of one row with what the outliers of a panel are more than
  /// their codes, 16 outputs, columns ascending; `loadInput` loads the row's
  /// activation of a column, `lanes` is scratch memory for 16 floats.
  Value addOutliers(Value panel, llvm::function_ref<Value(Value)> loadInput,
                    Value lanes);
  /// The scale of the whole tensor, null for formats without.
  Value loadTensorScale(Value panel);

  /// Quad `q` of a piece of `quads` quads at byte offset `codes`, a code a
  /// byte.
  Value loadQuad(Value codes, int64_t q, int64_t quads);
  /// The same for all quads, each vector loaded once.
  Values loadQuads(Value codes, int64_t quads);
  /// The four k of a quad as floats, before they are scaled.
  Values loadValues(Value codes, int64_t q, int64_t quads,
                    const CodeGrid &grid);
  /// The same for one k of the codes of 8 bits that start at `codes`.
  Value loadColumn(Value codes, Value k, const CodeGrid &grid);

private:
  /// Bilevel scales or zero points.
  Value loadBilevel(Value header, bool isZero);
  /// The four k of a quad of an additive element.
  Values addVectors(Value codes, int64_t q);
  /// Two codes of four as four.
  Value expandQuad(Value stored, Value positions, int64_t q);
  /// Writes the codes of a piece that is masks to `expanded`.
  void expandPiece(Value masks, int64_t quads);
  /// The codes of a stream from the `skipped`-th one behind byte `start` on, a
  /// byte each, at the places of the mask's bits; zeros elsewhere.
  Value expand(Value start, Value skipped, Value mask);
  /// As many codes as a byte of the mask has bits, or more, in 64 bits: those
  /// of each byte.
  Value loadEights(Value start, Value skipped, Value mask);
  /// What stands for zero in codes that are two's complement.
  Value flipSign(Value quad);
  /// The codes of 16 scales and minima, as i32.
  Value loadScaleCodes(const PanelGroup &group);
  Value loadDynamicScales(const PanelGroup &group);
  /// 16 of `count` f32 from a byte offset on.
  Value gather(Value offset, int64_t count, Value indices);
  Value loadHalves(Value offset);
  Value loadVector(Value codes, int64_t vector);
  /// Quads that a piece is laid out as.
  int64_t laidOut(int64_t quads) const {
    return layout.sharesPieces() ? PanelLayout::piece / 4 : quads;
  }
  Value loadBytes(Value offset, int64_t count);
  Value extractQuad(llvm::ArrayRef<Value> vectors, int64_t q, int64_t quads);

  KernelBuilder &b;
  const PanelLayout &layout;
  Value weights;
  CodeDecoder decoder;
  /// Scratch memory for a piece, and the piece that it holds: whoever reads a
  /// quad reads all of its piece where it starts.
  Value expanded, expandedFrom;
};

} // namespace squint::kernel

#endif
