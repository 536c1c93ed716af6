//===- WeightedOps.h - decisions read, weights replaced ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What the passes share that carry out formats of operators with a weight.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_WEIGHTEDOPS_H
#define SQUINT_LIB_TRANSFORMS_WEIGHTEDOPS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Numerics/Format.h"
#include "squint/Numerics/TensorView.h"
#include "squint/Transforms/Methods.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include <chrono>

namespace squint {

/// Seconds since it was made.
class Stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - started).count();
  }

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point started = Clock::now();
};

/// Notes on the `squint.dequantize` of a weight how long its codes took, where
/// the module asks for times.
void setSeconds(mlir::Value weight, double seconds);

/// "node 'NAME'", or "a linear" where it has none.
std::string describe(WeightedOpInterface op);

/// The threads that a pass may use, null for one.
llvm::ThreadPoolInterface *getThreadPool(mlir::MLIRContext *context);

/// `squint.weight_format` or `squint.activation_format`, none where an operator
/// lacks it.
mlir::FailureOr<std::optional<Format>> getFormat(mlir::Operation *op,
                                                 llvm::StringRef attribute);

/// Reads one that is there, and removes it.
mlir::FailureOr<Format> takeFormat(WeightedOpInterface op,
                                   llvm::StringRef attribute);

/// Whether a weight is to be quantized by the method of that name.
bool hasMethod(WeightedOpInterface op, llvm::StringRef name);

/// The constant behind an operator's float weight; an error where it is none.
mlir::FailureOr<ConstantOp> getFloatWeight(WeightedOpInterface op,
                                           const Format &format);

/// Hands a float constant to `take` as the matrix that it is.
mlir::LogicalResult
readWeight(WeightedOpInterface op, ConstantOp constant,
           llvm::function_ref<llvm::Error(const TensorView &)> take);

/// All of a matrix as f32.
std::vector<float> readAll(const TensorView &view);

/// The codes of an operator's weight: bytes in a new store, which `fill`
/// writes.
mlir::FailureOr<DataAttr>
packWeight(WeightedOpInterface op, ConstantOp constant, const Format &format,
           llvm::function_ref<llvm::Error(const TensorView &,
                                          mlir::MutableArrayRef<char>)>
               fill);

/// Codes that have been made of a weight, in a new store.
DataAttr storeCodes(mlir::RankedTensorType weight, const Format &format,
                    llvm::ArrayRef<char> payload);

/// The float weight that packed codes stand for, beside the constant that they
/// replace, which it keeps as `squint.original`.
mlir::Value createQuantizedWeight(mlir::OpBuilder &builder, ConstantOp original,
                                  DataAttr codes);

/// Quantizes the weights of all operators with a method that looks at nothing
/// but the weight, by `fill`, and returns their count. Operators that share a
/// weight, a format and a method share the packed one.
mlir::FailureOr<int64_t> quantizeWeights(
    mlir::ModuleOp module, llvm::StringRef method,
    llvm::function_ref<llvm::Error(const MethodOptions &, const Format &,
                                   const TensorView &,
                                   mlir::MutableArrayRef<char>)>
        fill);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_WEIGHTEDOPS_H
