//===- ModelFile.h - a mapped ONNX file ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The protobuf library copies bytes fields. So a first walk over the mapped
// file, with the library's CodedInputStream, cuts the tensors' data fields that
// are not short out of the stream and notes where in the file they are; the
// generated parser gets the rest, some kilobytes for a model of any size.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_IMPORT_MODELFILE_H
#define SQUINT_LIB_IMPORT_MODELFILE_H

#include "mlir/Support/LLVM.h"
#include "onnx.pb.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace squint {

/// Data of a tensor that stays in the file: which field of TensorProto, and
/// where its contents are.
struct DataSpan {
  uint32_t field;
  uint64_t offset, length;
};

/// Data fields up to this many bytes stay in the message; they become inline
/// constants.
inline constexpr uint64_t kInlineBytes = 1024;

/// Parses the bytes of a model without its data.
llvm::Expected<::onnx::ModelProto> parseModel(llvm::ArrayRef<char> bytes);

/// What `parseModel` cut out of a tensor.
llvm::SmallVector<DataSpan> getDataSpans(const ::onnx::TensorProto &tensor);

} // namespace squint

#endif
