//===- Exporter.h - from IR to an ONNX model ----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// ExportOnnx.cpp has the model and the operators that are ONNX's already,
// ExportOps.cpp those of the squint dialect, ExportWeights.cpp packed weights,
// ExportSizes.cpp what is computed of sizes.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EXPORT_EXPORTER_H
#define SQUINT_LIB_EXPORT_EXPORTER_H

#include "GraphWriter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "squint/Dialect/Squint/Training.h"
#include "squint/Export/Onnx.h"
#include "squint/Numerics/Packed.h"

namespace squint {

class Exporter {
public:
  Exporter(mlir::func::FuncOp main, ::onnx::ModelProto &model,
           llvm::raw_ostream *data, llvm::StringRef dataName,
           const OnnxExportOptions &options)
      : main(main), model(model), options(options),
        w(*model.mutable_graph(), data, dataName) {}

  mlir::LogicalResult run();

private:
  mlir::LogicalResult exportBlock(mlir::Block &block);
  mlir::LogicalResult exportOp(mlir::Operation *op);
  /// An operator of the onnx or msft dialect.
  mlir::LogicalResult exportStandard(mlir::Operation *op);
  mlir::LogicalResult exportRegion(mlir::Region &region,
                                   ::onnx::GraphProto &graph,
                                   llvm::StringRef name);
  mlir::LogicalResult fillAttribute(mlir::Operation *op,
                                    ::onnx::AttributeProto &to,
                                    mlir::Attribute value);
  mlir::LogicalResult fillTensor(mlir::Operation *op,
                                 ::onnx::TensorProto &tensor,
                                 mlir::TypedAttr value);
  void describe(::onnx::ValueInfoProto &info, llvm::StringRef name,
                mlir::Type type, mlir::ArrayAttr dims);

  /// The name of an operand; constants are written when they are first asked
  /// for. Failure after a diagnostic.
  mlir::FailureOr<Name> get(mlir::Value value);
  mlir::FailureOr<std::vector<char>> readConstant(ConstantOp constant);
  /// A float constant with its dimensions permuted, or a Transpose.
  mlir::FailureOr<Name> permuted(mlir::Value value,
                                 llvm::ArrayRef<int64_t> permutation);

  // Sizes.
  mlir::FailureOr<Name> getSymbol(llvm::StringRef symbol,
                                  mlir::Operation *user);
  mlir::LogicalResult exportArith(mlir::Operation *op);
  mlir::LogicalResult exportElements(mlir::tensor::FromElementsOp op);

  // Operators of the squint dialect.
  mlir::LogicalResult exportLinear(LinearOp op);
  mlir::LogicalResult exportLora(LoraOp op);
  mlir::LogicalResult exportConv(ConvOp op);
  mlir::LogicalResult exportPool(PoolOp op);
  mlir::LogicalResult exportNorm(NormOp op);
  mlir::LogicalResult exportAttention(AttentionOp op);
  mlir::LogicalResult exportEmbedding(EmbeddingOp op);
  mlir::LogicalResult exportDequantize(DequantizeOp op);
  mlir::LogicalResult exportFakeQuantize(FakeQuantizeOp op);
  mlir::FailureOr<Name> quantizeDynamic(QuantizeOp op);
  Name convert(Name x, mlir::Type from, mlir::Type to);

  // Weights.
  struct Weight {
    ConstantOp constant;
    std::vector<char> scratch;
    PackedType type;
    std::optional<PackedView> view;
  };
  /// The packed constant behind a dequantize; null for other values.
  static ConstantOp getPacked(mlir::Value value);
  mlir::FailureOr<std::unique_ptr<Weight>> read(ConstantOp packed);
  /// The float matrix [rows, columns], or [columns, rows].
  mlir::FailureOr<Name> dequantize(ConstantOp packed, bool transposed);
  mlir::FailureOr<Name> dequantizeLevels(Weight &weight, llvm::StringRef base);
  /// The float tensor in the shape of its type.
  mlir::FailureOr<Name> dequantizeWhole(ConstantOp packed);
  /// x times the weight in one node; an empty name where it takes other blocks.
  mlir::FailureOr<Name> multiplyBlocks(LinearOp op, ConstantOp packed, Name x,
                                       Name bias);

  mlir::func::FuncOp main;
  ::onnx::ModelProto &model;
  const OnnxExportOptions &options;
  GraphWriter w;
  llvm::DenseMap<mlir::Operation *, Name> constants;
  /// Regions around what is written: names of their nodes hold inside only.
  int depth = 0;
};

} // namespace squint

#endif
