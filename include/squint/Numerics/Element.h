//===- Element.h - the codes a format can hold ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An element is one kind of code: an integer, a small float or a table of
// levels. Each family lives in a file of its own (Integer.cpp, Float.cpp,
// Table.cpp, Microscaling.cpp, Ggml.cpp, Codebook.cpp, Additive.cpp) and hands
// its rows to the registry.
//
//===----------------------------------------------------------------------===//

#ifndef SQUINT_NUMERICS_ELEMENT_H
#define SQUINT_NUMERICS_ELEMENT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace squint {

struct BlockCodec;
struct MiniFloat;

/// A codebook's levels come with each block, in place of its scale. An additive
/// element's codes choose vectors, whose sums are scaled.
enum class ElementKind { Integer, Float, Table, Codebook, Additive };

/// How a scale is stored. E8M0 and F8E4M3 belong to the microscaling formats,
/// which fix them; the others can be asked for. A dynamic8 scale is itself
/// quantized (see DynamicScale.h). A bilevel3 scale and a zero point that is no
/// integer are 3 bits each, on a grid that 16 rows share (see Spqr.h).
enum class ScaleType { F32, F16, BF16, E8M0, F8E4M3, Dynamic8, Bilevel3 };

/// The spelling of a scale type in a format string.
llvm::StringRef stringifyScaleType(ScaleType type);
/// Bytes of one stored scale, or of its code.
unsigned getScaleBytes(ScaleType type);

/// One kind of code. `encode` takes a value already divided by its scale and
/// rounds half to even with saturation; `decode` inverts it exactly.
struct Element {
  llvm::StringLiteral name;
  ElementKind kind;
  /// Width of a code, 2 to 32.
  unsigned bits;
  /// The magnitude that the largest value of a block is scaled to; 0 for the
  /// elements that are stored without a scale.
  float largest;
  uint32_t (*encode)(float value);
  float (*decode)(uint32_t code);
  /// The block and scale that a microscaling element prescribes.
  unsigned fixedGroup = 0;
  std::optional<ScaleType> fixedScale = std::nullopt;
  /// The blocks of bytes that codes, scales and minima of such an element are
  /// stored in (see Blocks.h); null where they are stored apart.
  const BlockCodec *blocks = nullptr;
  /// What the codes of a float of 8 bits or less are.
  const MiniFloat *mini = nullptr;

  bool hasScale() const { return largest != 0.0f; }
  bool isInteger() const { return kind == ElementKind::Integer; }
  bool isCodebook() const { return kind == ElementKind::Codebook; }
};

/// The element called `name`, or null.
const Element *lookupElement(llvm::StringRef name);
/// All elements, in the order in which help texts and errors list them.
llvm::ArrayRef<const Element *> getElements();

// One function a family; the registry is the only caller.
llvm::ArrayRef<Element> getFloatElements();
llvm::ArrayRef<Element> getIntegerElements();
llvm::ArrayRef<Element> getTableElements();
llvm::ArrayRef<Element> getMicroscalingElements();
llvm::ArrayRef<Element> getGgmlElements();
llvm::ArrayRef<Element> getCodebookElements();
llvm::ArrayRef<Element> getAdditiveElements();

} // namespace squint

#endif // SQUINT_NUMERICS_ELEMENT_H
