//===- Raise.h - the pattern sets of squint-raise -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// One file a family of operators, run in three rounds by Raise.cpp: what merges
// into an onnx operator, what becomes one of ours, and what is left over.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_RAISE_H
#define SQUINT_LIB_TRANSFORMS_RAISE_H

#include "mlir/IR/PatternMatch.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/Squint.h"
#include <functional>
#include <optional>

namespace squint {

/// On a linear whose weight has a normalization behind it multiplied in: what
/// comes for the weight as the model had it would be something else.
inline constexpr llvm::StringLiteral kMergedNormAttr = "squint.merged_norm";

void populateMergeConvPatterns(mlir::RewritePatternSet &patterns);
void populateMergeBatchNormPatterns(mlir::RewritePatternSet &patterns);

void populateExpandFakeQuantizePatterns(mlir::RewritePatternSet &patterns);
void populateRaiseFakeQuantizePatterns(mlir::RewritePatternSet &patterns);

void populateRaiseAttentionPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseConvPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseEmbeddingPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseLinearPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseNormPatterns(mlir::RewritePatternSet &patterns);
void populateRaisePoolPatterns(mlir::RewritePatternSet &patterns);
void populateRaiseQuantizedPatterns(mlir::RewritePatternSet &patterns);

void populateSplitBatchNormPatterns(mlir::RewritePatternSet &patterns);

/// Reports values of unknown rank and wrong permutations, which the patterns do
/// not expect.
llvm::LogicalResult checkInput(mlir::Operation *root);

/// Applies patterns until nothing changes. Constants stay apart, for merged
/// ones would lose their names.
llvm::LogicalResult
applyPatterns(mlir::Operation *root,
              llvm::function_ref<void(mlir::RewritePatternSet &)> populate);

/// The float types that our operators with a weight take; f64 models keep the
/// standard's operators.
bool isRaisedFloat(mlir::Type elementType);

/// Gives `to`, whose one result has the type of `from`'s first, the
/// `squint.dims` of that.
void copyDims(mlir::Operation *from, mlir::Operation *to);

/// Whether the sizes of a value are known, as numbers or expressions.
bool hasDims(mlir::Value value);

/// Whether `producer` is in the block of `op`, which alone uses it: only then
/// the two may become one operator, for a loop would repeat what was done
/// before it.
bool isOnlyForUser(mlir::Operation *producer, mlir::Operation *op);

/// Codes of at most 8 bits that an onnx.QuantizeLinear makes, and perhaps an
/// onnx.Clip to constant bounds.
struct MadeCodes {
  onnx::QuantizeLinearOp quantize;
  onnx::ClipOp clip;
  int64_t low, high;

  static std::optional<MadeCodes> match(mlir::Value codes);
};

/// The dimensions of an onnx.Transpose in the order in which its result has
/// them.
mlir::SmallVector<int64_t> getPermutation(onnx::TransposeOp op);

/// The dimensions of [N, C, spatial...] in the order [N, spatial..., C], and
/// the way back.
mlir::SmallVector<int64_t> getChannelsLast(int64_t rank);
mlir::SmallVector<int64_t> getChannelsFirst(int64_t rank);

/// A transposed value: an onnx.Transpose, or for a constant another constant.
/// Null when a constant cannot be transposed.
mlir::Value createTranspose(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value value,
                            mlir::ArrayRef<int64_t> permutation);

/// A constant that adds to (or scales) each of `channels` along dimension
/// `axis` of a tensor of rank `rank` when it is broadcast, as a value of shape
/// [channels]. Null for anything else.
mlir::TypedAttr matchPerChannel(mlir::Value value, int64_t rank, int64_t axis,
                                int64_t channels);

/// A moving window with everything the standard leaves out filled in.
struct Window {
  mlir::SmallVector<int64_t> kernel, strides, dilations, pads;

  /// `input` are the spatial sizes, of which `SAME_*` needs only those with a
  /// stride. Nothing when the attributes do not fit, or need a size that is not
  /// known.
  static std::optional<Window>
  get(mlir::ArrayRef<int64_t> input, mlir::ArrayRef<int64_t> kernel,
      std::optional<mlir::ArrayRef<int64_t>> strides,
      std::optional<mlir::ArrayRef<int64_t>> dilations,
      std::optional<mlir::ArrayRef<int64_t>> pads, llvm::StringRef autoPad);
};

/// What squint.conv is made of.
struct ConvParts {
  /// Channels first, and what makes of it, channels last, an operand.
  mlir::Value input;
  std::function<mlir::Value(mlir::Value)> wrapInput;
  /// Outputs, channels, kernel.
  mlir::SmallVector<int64_t> weightShape;
  /// `count` outputs from one on, channels last.
  std::function<mlir::Value(int64_t begin, int64_t count)> createWeight;
  /// [outputs], or null.
  mlir::Value bias;
};

/// An onnx.Conv channels last, as one squint.conv or several; nothing is made
/// where it fails.
mlir::FailureOr<mlir::Value> createConv(mlir::PatternRewriter &rewriter,
                                        onnx::ConvOp op,
                                        const ConvParts &parts);

inline mlir::Type getTensorElement(mlir::Value value) {
  return mlir::cast<mlir::ShapedType>(value.getType()).getElementType();
}

} // namespace squint

#endif
