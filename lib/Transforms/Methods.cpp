//===- Methods.cpp - how weights are quantized and rewritten --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Transforms/Methods.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace squint;

const MethodOption *MethodInfo::lookup(StringRef option) const {
  for (const MethodOption &known : options)
    if (known.name == option)
      return &known;
  return nullptr;
}

// Of methods that compensate.
static constexpr MethodOption damping = {
    "damping", OptionKind::Number,
    "share of the mean of the Hessian's diagonal that is added to it", 0, 10};
static constexpr MethodOption actOrder = {
    "act-order", OptionKind::Flag,
    "take columns by descending diagonal of the Hessian"};
static constexpr MethodOption blockSize = {
    "block-size", OptionKind::Integer, "columns between two updates", 1, 65536};
static constexpr MethodOption targets = {
    "targets", OptionKind::Number,
    "share of the float model's outputs in what a layer is asked for", 0, 1};
static constexpr MethodOption residual = {
    "residual", OptionKind::Number,
    "share of the residual stream's error that a layer takes back", 0, 1};
static constexpr MethodOption descent = {
    "descent", OptionKind::Integer,
    "rounds of coordinate descent with least-squares scales", 0, 16};

static constexpr MethodOption gptqOptions[] = {
    damping,
    actOrder,
    {"static-groups", OptionKind::Flag,
     "choose all scales before the first column"},
    blockSize,
    {"search-scales", OptionKind::Flag,
     "choose scales by the error weighted with what each column's rounding "
     "costs after compensation"},
    targets,
    residual,
    descent,
};

static constexpr MethodOption awqOptions[] = {
    {"clip", OptionKind::Flag,
     "choose each block's range by the error of its outputs"},
};

static constexpr MethodOption rtnOptions[] = {
    {"range", OptionKind::Text, "how the range of a block is chosen", 0, 0,
     "min-max|percentile|mse|entropy"},
    {"percentile", OptionKind::Number,
     "of a block's values that its range holds", 50, 100},
};

static constexpr MethodOption codebookOptions[] = {
    damping,
    actOrder,
    {"compensate", OptionKind::Flag,
     "make up for errors in the columns that follow"},
    targets,
    residual,
    {"descent", OptionKind::Integer, "rounds of coordinate descent", 0, 16},
};

static constexpr MethodOption additiveOptions[] = {
    damping,
    targets,
    residual,
    {"descent", OptionKind::Integer, "rounds of tables, scales and codes", 0,
     16},
};

static constexpr MethodOption sparseOptions[] = {
    damping, blockSize, targets, residual, descent,
};

static constexpr MethodOption spqrOptions[] = {
    {"threshold", OptionKind::Number,
     "share of a column's mean variance that makes an outlier; 0 for none", 0,
     1000},
    damping,
    actOrder,
    targets,
    residual,
};

llvm::ArrayRef<MethodInfo> squint::getMethods() {
  static const MethodInfo methods[] = {
      {"gptq", "squint-quantize-gptq", true,
       "compensate each column's error in the columns that follow",
       gptqOptions},
      {"awq", "squint-quantize-awq", true,
       "round to the nearest code on ranges that outputs choose", awqOptions},
      {"imatrix",
       "squint-quantize-imatrix",
       true,
       "round to the nearest code on scales by how large each column's inputs "
       "are",
       {}},
      {"hqq",
       "squint-quantize-hqq",
       false,
       "fit minima so that few weights are far off",
       {}},
      {"codebook", "squint-quantize-codebook", true,
       "fit a table of values to each block", codebookOptions},
      {"additive", "squint-quantize-additive", true,
       "fit tables of vectors whose sums weights are", additiveOptions},
      {"sparse", "squint-quantize-sparse", true,
       "keep some of the weights and make up for the others", sparseOptions},
      {"spqr", "squint-quantize-spqr", true,
       "small groups with coarse scales, and outliers in half precision",
       spqrOptions},
      {"rtn", "squint-quantize-rtn", false, "round to the nearest code",
       rtnOptions},
  };
  return methods;
}

static constexpr MethodOption smoothOptions[] = {
    {"alpha", OptionKind::Number,
     "how much of the range moves to the weights; negative: searched for each "
     "fold",
     -1, 1},
    {"norms", OptionKind::Flag, "fold through norms"},
    {"values", OptionKind::Flag, "fold through attention"},
    {"products", OptionKind::Flag, "fold through products and positive parts"},
    {"tokens", OptionKind::Integer, "rows of activations to search on", 1,
     65536},
};

static constexpr MethodOption scaleAwqOptions[] = {
    {"norms", OptionKind::Flag, "fold through norms"},
    {"values", OptionKind::Flag, "fold through attention"},
    {"products", OptionKind::Flag, "fold through products and positive parts"},
};

static constexpr MethodOption rotateOptions[] = {
    {"residual", OptionKind::Flag, "rotate the residual stream (R1)"},
    {"values", OptionKind::Flag, "rotate the heads of values (R2)"},
    {"keys", OptionKind::Flag, "rotate queries and keys online (R3)"},
    {"down", OptionKind::Flag,
     "rotate online what activation functions make (R4)"},
    {"seed", OptionKind::Integer, "chooses the signs of R1", 0, 1e15},
};

static constexpr MethodOption splitOutliersOptions[] = {
    {"threshold", OptionKind::Number, "least magnitude that stays float", 0,
     1e30},
    {"mode", OptionKind::Text,
     "by element of a token, or by column as samples have them", 0, 0,
     "dynamic|static"},
};

llvm::ArrayRef<MethodInfo> squint::getRewrites() {
  static const MethodInfo rewrites[] = {
      {"equalize",
       "squint-equalize",
       false,
       "equal ranges of consecutive layers",
       {}},
      {"rotate", "squint-rotate", false,
       "spread outliers over all channels by Hadamard matrices", rotateOptions},
      {"scale-awq", "squint-scale-awq", true,
       "make columns larger whose inputs are large", scaleAwqOptions},
      {"smooth", "squint-smooth", true,
       "move ranges from activations to weights", smoothOptions},
      {"split-outliers", "squint-split-outliers", false,
       "keep large elements of activations out of products of codes",
       splitOutliersOptions, "mode=static"},
  };
  return rewrites;
}

llvm::ArrayRef<MethodInfo> squint::getCorrections() {
  static const MethodInfo corrections[] = {
      {"correct-bias",
       "squint-correct-bias",
       true,
       "take off the biases what quantized weights add on average",
       {}},
  };
  return corrections;
}

const MethodInfo *squint::lookupMethod(llvm::ArrayRef<MethodInfo> among,
                                       StringRef name) {
  for (const MethodInfo &info : among)
    if (info.name == name)
      return &info;
  return nullptr;
}

Attribute MethodOptions::lookup(StringRef option) const {
  return method ? method.get(option) : Attribute();
}

StringRef MethodOptions::name() const { return text("name", "rtn"); }

bool MethodOptions::flag(StringRef option, bool otherwise) const {
  auto value = dyn_cast_if_present<BoolAttr>(lookup(option));
  return value ? value.getValue() : otherwise;
}

int64_t MethodOptions::integer(StringRef option, int64_t otherwise) const {
  auto value = dyn_cast_if_present<IntegerAttr>(lookup(option));
  return value ? value.getInt() : otherwise;
}

double MethodOptions::number(StringRef option, double otherwise) const {
  auto value = dyn_cast_if_present<FloatAttr>(lookup(option));
  return value ? value.getValueAsDouble() : otherwise;
}

StringRef MethodOptions::text(StringRef option, StringRef otherwise) const {
  auto value = dyn_cast_if_present<StringAttr>(lookup(option));
  return value ? value.getValue() : otherwise;
}
