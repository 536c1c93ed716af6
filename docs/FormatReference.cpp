//===- FormatReference.cpp - the page on formats ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Prints the reference of formats from the registry of elements, so that a new
// element is documented by being there.
//
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace squint;

static llvm::StringRef describeKind(ElementKind kind) {
  switch (kind) {
  case ElementKind::Integer:
    return "integer";
  case ElementKind::Float:
    return "float";
  case ElementKind::Table:
    return "table";
  case ElementKind::Codebook:
    return "codebook";
  case ElementKind::Additive:
    return "additive";
  }
  return "";
}

/// The values that a code can stand for before its scale: the codes' bounds
/// for integers, the largest magnitude for the rest.
static std::string describeRange(const Element &element) {
  if (!element.hasScale())
    return "as stored";
  if (element.isCodebook())
    return llvm::formatv("{0} values of each block", 1 << element.bits).str();
  if (element.kind == ElementKind::Additive)
    return llvm::formatv("sums of {0} vectors", element.bits).str();
  if (!element.isInteger())
    return llvm::formatv("up to {0:F0}", element.largest).str();
  Format format;
  format.element = &element;
  format.granularity = Granularity::Channel;
  std::string text =
      llvm::formatv("{0} to {1}", format.minCode(), format.maxCode()).str();
  if (element.fixedGroup)
    return text + (format.hasMins() ? "; with a minimum" : "");
  format.zeroPoint = true;
  return text + llvm::formatv("; with a zero point {0} to {1}",
                              format.minCode(), format.maxCode())
                    .str();
}

static std::string describeScale(const Element &element, FormatRole role) {
  llvm::Expected<Format> format = Format::parse(element.name, role);
  if (!format) {
    llvm::consumeError(format.takeError());
    return "refused";
  }
  return "`" + format->str() + "`";
}

int main() {
  llvm::outs() << R"(# Formats

A format is a product: an element, a granularity, a scale type and perhaps a zero point or a minimum.

    NAME[:tensor|channel|token|group=N][,zero-point|,min][,scale=f16|bf16|f32|dynamic8|bilevel3][,sparse=2:4|P%][,outliers=N][,round=even|ceil|rceil]

`block=N` is `group=N`. A value is `(code - zero point) * scale`, or with `min`, an f16 number of each group,
`code * scale - min`. Codes are rounded half to even and saturate; the last
group of a row may be shorter than the rest. A codebook's block has a table of the values that its codes stand for in place of a scale;
`scale` is their type. An additive element's four weights in a row are the sum of vectors of four numbers, one of 16 of each of its
tables, which the whole weight shares, times the scale. Integers take `sparse=2:4` (two of every four values are stored, the others are zero), int4 and int8 also `sparse=P%`
(of each row all but P percent), or in groups
`scale=bilevel3` (scales and zero points of 3 bits on grids that 16 rows share) with `outliers=N` (values of 16 rows stored as f16).
The power of two that a block of an MX element is scaled with is `2^(floor(log2 amax) - e)`, e the exponent of the
element's largest value (OCP MX 1.0), unless `round` says otherwise: `even` takes amax rounded to the element's mantissa, half up, `ceil`
`2^(ceil(log2 amax) - e)`, and `rceil` the least one that clips nothing. Scales of type
`dynamic8`, of tables in groups, are codes of 8 bits themselves. GGML's types, from `q4_0` on, are searched as its reference
code does and take whole blocks only. The last two columns say what the bare name stands for.

| element | kind | bits | range | as weights | as activations |
|---|---|---|---|---|---|
)";
  for (const Element *element : getElements())
    llvm::outs() << "| `" << element->name << "` | "
                 << describeKind(element->kind) << " | " << element->bits
                 << " | " << describeRange(*element) << " | "
                 << describeScale(*element, FormatRole::Weight) << " | "
                 << describeScale(*element, FormatRole::Activation) << " |\n";
}
