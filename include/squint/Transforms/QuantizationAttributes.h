//===- QuantizationAttributes.h - decisions on operators --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_QUANTIZATIONATTRIBUTES_H
#define SQUINT_TRANSFORMS_QUANTIZATIONATTRIBUTES_H

#include "llvm/ADT/StringRef.h"

namespace squint {

/// The formats that an operator's weight and activation are to take, canonical
/// spellings as strings; `squint-select-formats` sets them, passes that
/// quantize carry them out and remove them.
inline constexpr llvm::StringLiteral kWeightFormatAttr = "squint.weight_format";
inline constexpr llvm::StringLiteral kActivationFormatAttr =
    "squint.activation_format";
/// Most elements of a linear's input are zero. Says nothing about the result:
/// kernels may look for the others instead of multiplying with all.
inline constexpr llvm::StringLiteral kSparseInputAttr = "squint.sparse_input";

/// How the weight's codes are chosen, a dictionary with the method's `name` and
/// its options; round to nearest where there is none. Goes with the format.
inline constexpr llvm::StringLiteral kMethodAttr = "squint.method";

/// On an operator whose weight a rule of a recipe keeps as it is: no plan
/// (`squint-plan-formats`) chooses a format for it. Until the stage that
/// quantizes ends.
inline constexpr llvm::StringLiteral kKeptFloatAttr = "squint.kept_float";

/// On an attention, how the keys and values that it keeps from one token to the
/// next are stored, a dictionary: the formats `keys` and `values`, whose groups
/// run along each token's channels or, with `keys_along = "tokens"`, along
/// tokens; `recent`, the last tokens, which stay f16. Says nothing to kernels
/// yet.
inline constexpr llvm::StringLiteral kCacheFormatAttr = "squint.kv_format";

/// Why an operator takes the formats that it does, and its role (Roles.h), for
/// people; until the stage that quantizes ends.
inline constexpr llvm::StringLiteral kReasonAttr = "squint.reason";
inline constexpr llvm::StringLiteral kRoleAttr = "squint.role";

/// On the `squint.dequantize` of a weight, the float constant that it was made
/// from; until the stage that quantizes ends.
inline constexpr llvm::StringLiteral kOriginalAttr = "squint.original";

/// Beside it, the method that chose the codes if it is not round to nearest,
/// and the squared error of the layer's outputs on the samples over the squared
/// outputs, where the method knows it.
inline constexpr llvm::StringLiteral kQuantizedByAttr = "squint.quantized_by";
inline constexpr llvm::StringLiteral kOutputErrorAttr = "squint.output_error";

/// Beside them how many seconds that took, with the layer's share of finding
/// its inputs, where the module asks for times: for the report alone, as
/// nothing else depends on a clock.
inline constexpr llvm::StringLiteral kSecondsAttr = "squint.seconds";
inline constexpr llvm::StringLiteral kTimesAttr = "squint.times";

/// On the module, what `squint-summarize-quantization` found, for the report.
inline constexpr llvm::StringLiteral kLayersAttr = "squint.layers";

} // namespace squint

#endif // SQUINT_TRANSFORMS_QUANTIZATIONATTRIBUTES_H
