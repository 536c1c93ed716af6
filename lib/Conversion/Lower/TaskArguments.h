//===- TaskArguments.h - what a launch hands to a kernel --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CONVERSION_LOWER_TASKARGUMENTS_H
#define SQUINT_LIB_CONVERSION_LOWER_TASKARGUMENTS_H

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace squint {

/// Of a contiguous memref a task gets the address and the sizes that its type
/// leaves open: launches are most of what a deep model's code is.
class TaskArguments {
public:
  explicit TaskArguments(mlir::MLIRContext *context);

  const mlir::LLVMTypeConverter &getConverter() const { return *converter; }

  /// Those of a kernel's function, but for the range of units.
  llvm::SmallVector<mlir::Type> getFields(mlir::func::FuncOp body) const;
  /// The fields of one argument.
  llvm::SmallVector<mlir::Value> flatten(mlir::OpBuilder &builder,
                                         mlir::Location loc,
                                         mlir::Value argument) const;
  /// The arguments of the function, of fields.
  llvm::SmallVector<mlir::Value> rebuild(mlir::OpBuilder &builder,
                                         mlir::Location loc,
                                         mlir::func::FuncOp body,
                                         mlir::ValueRange fields) const;

  /// A contiguous memref over a pointer; a dimension without a static size is
  /// the next of `sizes`.
  mlir::Value makeMemRef(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::MemRefType type, mlir::Value address,
                         mlir::ValueRange sizes) const;

private:
  std::unique_ptr<mlir::LLVMTypeConverter> converter;
  mlir::LLVM::LLVMPointerType pointer;
};

} // namespace squint

#endif
