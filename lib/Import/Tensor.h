//===- Tensor.h - constants of a model ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_TENSOR_H
#define SQUINT_LIB_IMPORT_TENSOR_H

#include "ModelFile.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/Support/Error.h"
#include <set>

namespace squint {

/// Turns tensors into attributes: inline up to 1 KB, else references to the
/// model's file, to external data, or to a buffer where the file's encoding is
/// not the tensor's (varints, sparse tensors).
class TensorReader {
public:
  /// `store` is the model's name among the stores, and `bytes` its contents.
  TensorReader(mlir::MLIRContext &context, DataStores &stores,
               std::string store, llvm::ArrayRef<char> bytes,
               bool allowAbsolute)
      : context(context), stores(stores), store(std::move(store)), bytes(bytes),
        allowAbsolute(allowAbsolute) {}

  llvm::Expected<mlir::TypedAttr> read(const ::onnx::TensorProto &tensor);
  llvm::Expected<mlir::TypedAttr> read(const ::onnx::SparseTensorProto &tensor);

  /// An attribute for elements that are at hand, in row-major order and packed
  /// as `#squint.data` has them.
  mlir::TypedAttr make(mlir::RankedTensorType type,
                       llvm::ArrayRef<char> packed);

  /// Stores that external data was found in.
  const std::set<std::string> &getExternalStores() const { return external; }

private:
  llvm::Expected<mlir::RankedTensorType>
  readType(const ::onnx::TensorProto &tensor);
  llvm::Expected<mlir::TypedAttr>
  readExternal(const ::onnx::TensorProto &tensor, mlir::RankedTensorType type,
               int64_t size);
  llvm::Error readTyped(const ::onnx::TensorProto &tensor,
                        mlir::RankedTensorType type, int64_t size,
                        std::string &packed);

  mlir::MLIRContext &context;
  DataStores &stores;
  std::string store;
  llvm::ArrayRef<char> bytes;
  bool allowAbsolute;
  std::set<std::string> external;
};

} // namespace squint

#endif
