//===- KernelJit.h - single kernels as callable code --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TEST_KERNELS_KERNELJIT_H
#define SQUINT_TEST_KERNELS_KERNELJIT_H

#include "mlir/IR/MLIRContext.h"
#include "squint/Target/TargetInfo.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include <array>
#include <memory>
#include <string>

namespace squint::test {

/// What `llvm.emit_c_interface` passes for a memref.
template <int Rank> struct MemRef {
  void *allocated, *aligned;
  int64_t offset = 0;
  std::array<int64_t, Rank> sizes, strides;

  template <typename T>
  MemRef(T *data, std::array<int64_t, Rank> shape) : sizes(shape) {
    allocated = aligned = const_cast<std::remove_const_t<T> *>(data);
    int64_t stride = 1;
    for (int i = Rank - 1; i >= 0; --i) {
      strides[i] = stride;
      stride *= sizes[i];
    }
  }
};

/// Functions with kernels in them, compiled for this machine.
class KernelJit {
public:
  enum class Products { Native, Generic };

  /// `text` is a module whose functions are marked `kernel.body` and
  /// `llvm.emit_c_interface`. Null with errors printed. `tuning` is the option
  /// of `convert-kernel-to-vector`.
  static std::unique_ptr<KernelJit>
  compile(mlir::MLIRContext &context, const std::string &text,
          const TargetInfo &target, Products products = Products::Native,
          const std::string &tuning = "");
  /// The function's entry point, called with pointers to `MemRef`s.
  template <typename Fn> Fn *lookup(const std::string &name) {
    return reinterpret_cast<Fn *>(find("_mlir_ciface_" + name));
  }
  /// Registers what `compile` needs.
  static std::unique_ptr<mlir::MLIRContext> createContext();

  std::string assembly;

private:
  void *find(const std::string &name);
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace squint::test

#endif
