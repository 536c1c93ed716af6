//===- MachineLearning.h - operators of ai.onnx.ml ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_MACHINELEARNING_H
#define SQUINT_LIB_IMPORT_MACHINELEARNING_H

#include "Node.h"

namespace squint {

/// Operators of ai.onnx.ml on numbers, which are taken apart when they are
/// imported:
///   Binarizer: x > threshold
///   ArrayFeatureExtractor: Gather(x, y, axis = -1)
///   LabelEncoder: the value beside the key that equals x, or the default
///   TreeEnsemble: all trees at once, level by level
bool isMachineLearningOperator(llvm::StringRef name);
llvm::Expected<mlir::Value> buildMachineLearning(const Node &node,
                                                 NodeBuilder &builder);

} // namespace squint

#endif
