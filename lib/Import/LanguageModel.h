//===- LanguageModel.h - decoders from their sizes ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Model files that hold weights and numbers, but no graph: what the graph is
// follows from the name of the architecture. Tensors have GGUF's names.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_LANGUAGEMODEL_H
#define SQUINT_LIB_IMPORT_LANGUAGEMODEL_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace squint {

/// What all models of an architecture have in common.
struct Architecture {
  llvm::StringLiteral name;
  enum Activation { Silu, GeluTanh } activation;
  /// In GGUF files rotary pairs are neighbours, not halves of a head.
  bool interleavedRotary;
  /// Queries and keys are normalized by head.
  bool queryKeyNorms;
  /// What attention and the feed-forward part add is normalized, too.
  bool postNorms;
  /// Embeddings are multiplied with the square root of their size, and factors
  /// of norms are stored less one in Hugging Face's files.
  bool scaledEmbedding;
  /// One tensor makes queries, keys and values, and one gate and up.
  bool joinedWeights;
  /// Of so many layers the last attends to everything and the others to a
  /// window; 0 where all have the window, if there is one.
  int64_t period;
  /// The base of angles in layers with a window; 0 for that of the others.
  double windowBase;
};

llvm::ArrayRef<Architecture> getArchitectures();
/// Null where there is none of that name.
const Architecture *lookupArchitecture(llvm::StringRef name);

/// What Hugging Face's files call a tensor: `model.layers.0.mlp.up_proj.weight`
/// for `blk.0.ffn_up.weight`. Empty for what has no name there.
std::string getHuggingFaceName(const Architecture &architecture,
                               llvm::StringRef tensor);

/// What no model has more of.
constexpr int64_t kMostLayers = 4096, kLargestSize = 1 << 24,
                  kLongestContext = 1 << 28;

/// YaRN: pairs that turn often in the context of training keep their angles,
/// those that turn seldom have them divided by a factor, and those between
/// something between.
struct YarnScaling {
  double factor = 1;
  int64_t originalContext = 0;
  /// How often a pair turns in that context that is the first to be changed,
  /// and the first to be divided.
  double fastTurns = 32, slowTurns = 1;
  /// Whether what is between begins and ends at whole pairs.
  bool isTruncated = true;
};

/// The numbers of one model.
struct LanguageModel {
  const Architecture *architecture = nullptr;
  int64_t layers = 0, width = 0, hidden = 0, vocabulary = 0, context = 0;
  int64_t heads = 0, keyHeads = 0, headSize = 0, valueSize = 0;
  double epsilon = 0;
  /// Rotary pairs are neighbours, not halves of a head.
  bool interleavedRotary = false;
  /// Elements of a head that are turned.
  int64_t rotated = 0;
  double base = 0, windowBase = 0;
  /// What positions are divided by in layers without a window of their own.
  double positionScale = 1;
  /// What angles are divided by, one number a pair; none for 1. If short and
  /// long contexts differ, these are those of this model's, and the others the
  /// other ones.
  std::vector<float> factors, otherFactors;
  /// The longest of the short contexts; 0 where they do not differ.
  int64_t shortContext = 0;
  /// Where the factors are from, if they are YaRN's.
  std::optional<YarnScaling> yarn;
  /// What cosines and sines are multiplied with.
  double magnitude = 1;
  double attentionScale = 0;
  /// Tokens that a layer with a window sees; 0 for all.
  int64_t window = 0;
  std::vector<bool> hasWindow;
};

/// What scores are multiplied with in GGUF's models of these sizes.
double getAttentionScale(const LanguageModel &model);

/// Sets factors and context, not the magnitude. Formulas are those of
/// transformers' modeling_rope_utils.
void scaleByYarn(LanguageModel &model, const YarnScaling &scaling);
/// What YaRN multiplies cosines and sines with where nothing else is said:
/// 0.1 weight ln(factor) + 1.
double getYarnMagnitude(double factor, double weight = 1);
/// The factors of Llama 3: of the pairs that turn less than `highTurns` times
/// in the original context, with those below `lowTurns` divided by `factor`.
std::vector<float> getLlama3Factors(const LanguageModel &model, double factor,
                                    double lowTurns, double highTurns,
                                    double originalContext);

/// Where a model's weights come from.
class WeightSource {
public:
  virtual ~WeightSource();
  virtual bool has(llvm::StringRef name) = 0;
  /// Rows [first, first + rows) of a matrix [total, columns] as floats, perhaps
  /// through squint.dequantize. Null after an error.
  virtual mlir::Value getMatrix(mlir::OpBuilder &builder, llvm::StringRef name,
                                int64_t first, int64_t rows, int64_t total,
                                int64_t columns) = 0;
  /// A vector of floats, or a part of it.
  virtual mlir::Value getVector(mlir::OpBuilder &builder, llvm::StringRef name,
                                int64_t first, int64_t size, int64_t total) = 0;
  /// Which input goes with each column of a matrix; none where column i is for
  /// input i.
  virtual std::vector<int64_t> getInputOrder(llvm::StringRef name) {
    return {};
  }
};

/// Adds the function `main`: input_ids [batch, sequence] to logits [batch,
/// sequence, vocabulary], sizes as in `dims` or symbolic. Nodes are named after
/// tensors, without `.weight`.
mlir::LogicalResult
buildLanguageModel(mlir::ModuleOp module, const LanguageModel &model,
                   WeightSource &weights,
                   const std::map<std::string, int64_t> &dims);

} // namespace squint

#endif
