//===- ModelInfo.h - what a module says about its model -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EMIT_MODELINFO_H
#define SQUINT_LIB_EMIT_MODELINFO_H

#include "squint/Runtime/Abi.h"
#include "squint/Target/TargetInfo.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <string>
#include <vector>

namespace squint {

struct ValueInfo {
  std::string name;
  std::string elementType; // as MLIR prints it
  squint_dtype dtype;
  std::vector<int64_t> dims; // -1: not static
  std::vector<std::string> dimNames;
  std::vector<int32_t> dimSymbols; // index into symbols, or -1
  std::vector<uint32_t>
      valueSymbols; // of the elements, where these are symbols
};

struct LaunchInfo {
  std::string kernel, node;
};

/// A kernel of a GPU.
struct DeviceKernel {
  std::string name;
  uint32_t threads; // of a block
  uint32_t shared;  // bytes that a launch asks for
};

/// A range of the blob of weights.
struct WeightPiece {
  uint64_t offset;
  uint64_t size;
  mlir::TypedAttr value;
};

/// The attributes of a module in the llvm stage:
///   squint.inputs, squint.outputs = [{name = "x", type = f32,
///                                     dims = ["batch", "384"]}, ...]
///     and values = ["value.x.0", ...] where elements decide sizes
///   squint.symbols = ["batch"]
///   squint.late = [["late.nonzero.0", "batch"]]
///   squint.launches = [{kernel = "gemm_...", node = "/layer/MatMul"}, ...]
///   squint.weights = #squint.data<...>, or [[offset, #squint.data<...>], ...]
///   squint.weights_size = 1024
///   squint.targets = [#squint.target<...>]
///   squint.host = #squint.target<...> where those are GPUs, and
///   squint.device_kernels = [{name = "gemm_...", threads = 128}, ...]
///   squint.state = {context = 8192, block_bytes = 98304,
///                   sequences = "batch", tokens = "sequence", caches = [...]}
struct ModelInfo {
  std::vector<ValueInfo> inputs, outputs;
  std::vector<std::string> symbols;
  uint32_t numLate = 0;
  std::vector<LaunchInfo> launches;
  std::vector<WeightPiece> weights; // ascending
  uint64_t weightsSize = 0;
  std::optional<squint_state_v1> state;
  std::string stateText;           // what it was read from
  std::vector<TargetInfo> targets; // best first
  /// Of functions without one of their own: the only one, or the least
  /// processor of the architecture; with GPUs that of the host.
  TargetInfo target;
  std::vector<DeviceKernel> kernels;
  bool hasDevice() const { return targets.front().isDevice(); }

  static mlir::FailureOr<ModelInfo> get(mlir::ModuleOp module);
};

} // namespace squint

#endif // SQUINT_LIB_EMIT_MODELINFO_H
