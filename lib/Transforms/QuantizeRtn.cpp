//===- QuantizeRtn.cpp - quantize to the nearest code -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"
#include "squint/Numerics/Rtn.h"
#include "squint/Transforms/Passes.h"

using namespace mlir;
using namespace squint;

namespace squint {
#define GEN_PASS_DEF_QUANTIZERTN
#include "squint/Transforms/Passes.h.inc"
} // namespace squint

static squint::FloatType toFloatType(Type element) {
  return element.isF16()    ? squint::FloatType::F16
         : element.isBF16() ? squint::FloatType::BF16
         : element.isF64()  ? squint::FloatType::F64
                            : squint::FloatType::F32;
}

namespace {
struct QuantizeRtn : squint::impl::QuantizeRtnBase<QuantizeRtn> {
  void runOnOperation() override;

private:
  LogicalResult quantizeWeight(WeightedOpInterface op, const Format &format);
  FailureOr<DataAttr> packWeight(WeightedOpInterface op, ConstantOp constant,
                                 const Format &format);

  using Key = std::pair<void *, Attribute>;
  /// Packed bytes by float constant and format, so that constants that say the
  /// same are packed once.
  llvm::DenseMap<Key, DataAttr> packed;
  /// Decoded weights by float constant and format.
  llvm::DenseMap<Key, Value> decoded;
  /// Float constants that may have lost their last use. They are erased last,
  /// as the maps are keyed by their addresses.
  llvm::SetVector<ConstantOp> replaced;
};
} // namespace

FailureOr<DataAttr> QuantizeRtn::packWeight(WeightedOpInterface op,
                                            ConstantOp constant,
                                            const Format &format) {
  auto type = cast<RankedTensorType>(constant.getType());
  int64_t columns = ShapedType::getNumElements(type.getShape().drop_front());
  if (llvm::Error error = format.checkColumns(columns))
    return op.emitError() << "weight of " << describe(op) << ": "
                          << llvm::toString(std::move(error));
  auto packedType =
      PackedType::get(type.getShape(), FormatAttr::get(&getContext(), format));
  DataStores &stores =
      getContext().getLoadedDialect<SquintDialect>()->getStores();

  std::vector<char> scratch;
  DataAttr data = constant.getData();
  llvm::Expected<ArrayRef<char>> bytes =
      data ? stores.get(data) : getConstantBytes(constant.getValue(), scratch);
  if (!bytes)
    return op.emitError() << llvm::toString(bytes.takeError());

  SmallVector<int64_t> stored(type.getShape());
  if (data)
    stored = data.getStoredShape();
  TensorView view(bytes->data(), toFloatType(type.getElementType()), stored,
                  data ? data.getPermutation() : ArrayRef<int64_t>());
  int64_t size =
      PlainLayout::get(format, view.rows(), view.columns()).totalBytes;
  llvm::ThreadPoolInterface *pool = getContext().isMultithreadingEnabled()
                                        ? &getContext().getThreadPool()
                                        : nullptr;
  std::string message;
  DataAttr result =
      stores.create(packedType, size, [&](MutableArrayRef<char> payload) {
        if (llvm::Error error = quantizeRtn(view, format, payload, pool))
          message = llvm::toString(std::move(error));
      });
  if (message.empty())
    return result;
  InFlightDiagnostic diagnostic = op.emitError();
  diagnostic << "weight of " << describe(op);
  if (data)
    diagnostic << " in '" << data.getStore() << "'";
  return diagnostic << ": " << message;
}

LogicalResult QuantizeRtn::quantizeWeight(WeightedOpInterface op,
                                          const Format &format) {
  OpOperand &operand = op.getWeightOperand();
  auto constant = operand.get().getDefiningOp<ConstantOp>();
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  if (!constant || !type || !isa<mlir::FloatType>(type.getElementType()) ||
      type.getRank() == 0)
    return op.emitError() << "expected a constant float weight for format '"
                          << format.str() << "', got "
                          << operand.get().getType();

  Attribute formatAttr = FormatAttr::get(&getContext(), format);
  Value &weight =
      decoded[{constant.getResult().getAsOpaquePointer(), formatAttr}];
  if (!weight) {
    DataAttr &data =
        packed[{const_cast<void *>(constant.getValue().getAsOpaquePointer()),
                formatAttr}];
    if (!data) {
      FailureOr<DataAttr> made = packWeight(op, constant, format);
      if (failed(made))
        return failure();
      data = *made;
      ++numWeights;
    }
    OpBuilder builder(constant);
    weight = createQuantizedWeight(builder, constant, data);
  }
  operand.set(weight);
  replaced.insert(constant);
  return success();
}

void QuantizeRtn::runOnOperation() {
  packed.clear();
  decoded.clear();
  replaced.clear();
  WalkResult result = getOperation().walk([&](WeightedOpInterface op) {
    if (!op->hasAttr(kWeightFormatAttr))
      return WalkResult::advance();
    FailureOr<Format> format = takeFormat(op, kWeightFormatAttr);
    return failed(format) || failed(quantizeWeight(op, *format))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (result.wasInterrupted())
    return signalPassFailure();
  for (ConstantOp constant : replaced)
    if (constant.use_empty())
      constant.erase();
  getContext().getLoadedDialect<SquintDialect>()->getStores().collect(
      getOperation());
}
