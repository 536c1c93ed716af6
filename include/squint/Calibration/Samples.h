//===- Samples.h - inputs of the model, one sample at a time ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CALIBRATION_SAMPLES_H
#define SQUINT_CALIBRATION_SAMPLES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "squint/Calibration/Npz.h"
#include "llvm/ADT/StringMap.h"
#include <optional>

namespace squint {

/// A file of arrays named as the inputs of a function. The first dimension of
/// every input is the batch. Sample i of an input is x[i:i+1], and
/// x[i*B:(i+1)*B] where the batch is a number B. Since all samples have one
/// shape, they give every symbolic dimension its size. Beside the inputs there
/// may be integers called `labels`, as many for each sample.
class Samples {
public:
  /// Checks names, element types and shapes. Errors name file, array and rule.
  static llvm::Expected<std::unique_ptr<Samples>>
  open(llvm::StringRef path, mlir::func::FuncOp function);

  /// How many there are.
  int64_t size() const { return count; }
  /// The size of a symbolic dimension.
  std::optional<int64_t> getSize(llvm::StringRef symbol) const;

  /// Hands out an input's samples in order; several may read at once.
  class Reader {
  public:
    llvm::Error next(Array &sample);

  private:
    friend Samples;
    std::unique_ptr<NpzRows> rows;
  };
  llvm::Expected<Reader> read(unsigned input);
  /// Those of all samples; empty where there are none.
  llvm::Expected<std::vector<int64_t>> readLabels();
  /// Room for a sample of an input.
  llvm::Expected<Array> makeArray(unsigned input) const;

private:
  Samples() = default;
  struct Input {
    const NpzEntry *entry;
    squint_dtype dtype;
    std::vector<int64_t> shape; // of one sample
  };
  llvm::Error addInput(mlir::func::FuncOp function, unsigned index);
  llvm::Error bindBatch(const Input &input, llvm::StringRef dim);

  std::string path;
  std::unique_ptr<NpzReader> file;
  std::vector<Input> inputs;
  llvm::StringMap<int64_t> sizes;
  std::string batch; // the symbol of the first dimensions
  int64_t count = -1;
};

/// The samples for `main` of a module that a pass is given by its options
/// `calibration`, `samples` and `jobs`. Errors are diagnostics.
mlir::FailureOr<std::unique_ptr<Samples>>
openSamples(mlir::ModuleOp module, llvm::StringRef calibration, int64_t samples,
            int64_t jobs);

/// The elements of an array of integers.
llvm::Expected<std::vector<int64_t>> getIntegers(const Array &array);

/// DLPack's type of a tensor's elements, if they can be passed.
std::optional<squint_dtype> getElementDtype(mlir::Type element);

} // namespace squint

#endif // SQUINT_CALIBRATION_SAMPLES_H
