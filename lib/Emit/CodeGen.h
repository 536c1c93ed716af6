//===- CodeGen.h - from the llvm stage to machine code ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EMIT_CODEGEN_H
#define SQUINT_LIB_EMIT_CODEGEN_H

#include "ModelInfo.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>

namespace squint {

/// Where the code finds the weights.
enum class WeightsPlace {
  /// A section of the object: the code gets a placeholder for the writer.
  Section,
  /// A file beside the library.
  File,
  /// The symbol `<prefix>_weights`, defined by whoever loads the object.
  Symbol,
};

/// Kernels of a GPU as a library carries them.
struct DeviceImage {
  std::string data;    // PTX with its final zero, or a cubin
  uint32_t target = 0; // of the model's
  bool isText = false;
};

struct CodeGenOptions {
  std::string prefix;
  WeightsPlace weights = WeightsPlace::Section;
  std::string weightsFile;   // name only
  std::string weightsHeader; // what the file starts with
  bool exportTable = false;  // squint_library_v1
  unsigned optLevel = 2;
  std::vector<DeviceImage> images;
};

/// LLVM IR of a model with its runtime, optimised; the context comes first so
/// that it goes last.
struct CompiledModel {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
};

/// Translates, links the runtime, describes the model and optimises.
mlir::FailureOr<CompiledModel> generateCode(mlir::ModuleOp module,
                                            const ModelInfo &info,
                                            const CodeGenOptions &options);

/// PTX of the kernels for each target that is a GPU. Calls of functions that no
/// GPU has are errors.
mlir::FailureOr<std::vector<std::string>>
generateDeviceCode(mlir::ModuleOp module, const ModelInfo &info,
                   unsigned optLevel);

/// Images of all targets: machine code where `ptxas` is found (`program`, or in
/// PATH, CUDA_HOME or /usr/local/cuda), and PTX.
mlir::FailureOr<std::vector<DeviceImage>>
makeDeviceImages(mlir::ModuleOp module, const ModelInfo &info,
                 unsigned optLevel, llvm::StringRef program);

/// Machine code as an object file or as assembly.
mlir::LogicalResult writeMachineCode(mlir::ModuleOp module,
                                     CompiledModel &model,
                                     llvm::CodeGenFileType type,
                                     llvm::SmallVectorImpl<char> &out);

/// An error unless all that the object leaves undefined is in libc or libm,
/// or the weights.
mlir::LogicalResult checkUndefined(mlir::ModuleOp module,
                                   llvm::ArrayRef<char> object,
                                   llvm::StringRef prefix);

/// The name of the symbol at the first byte of the weights.
inline std::string getWeightsSymbol(llvm::StringRef prefix) {
  return (prefix + "_weights").str();
}

/// Adds the constants that describe the model to a module that has the
/// runtime; see squint/Runtime/Abi.h.
void describeModel(llvm::Module &module, const ModelInfo &info,
                   const CodeGenOptions &options);

/// Replaces conversions from and to f16 and bf16 that the function's target has
/// no instruction for by integer arithmetic: libgcc lacks some of the functions
/// that LLVM would call, and vectors would be taken apart. The rounding is to
/// nearest even; a NaN stays a NaN.
void expandHalfConversions(llvm::Function &function, const TargetInfo &target);

/// Replaces masked stores whose mask is a constant of one lane by a store of
/// that element: where a truncation precedes one, LLVM 22 writes the wide
/// element with AVX-512, beyond what the mask allows.
void expandSingleLaneStores(llvm::Module &module);

} // namespace squint

#endif // SQUINT_LIB_EMIT_CODEGEN_H
