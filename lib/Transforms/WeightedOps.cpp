//===- WeightedOps.cpp - decisions read, weights replaced -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "WeightedOps.h"

using namespace mlir;
using namespace squint;

std::string squint::describe(WeightedOpInterface op) {
  StringRef name = getNodeName(op);
  return name.empty() ? ("a " + op.getKind()).str()
                      : ("node '" + name + "'").str();
}

FailureOr<std::optional<Format>> squint::getFormat(Operation *op,
                                                   StringRef attribute) {
  auto spelling = op->getAttrOfType<StringAttr>(attribute);
  if (!spelling)
    return std::optional<Format>();
  llvm::Expected<Format> format =
      Format::parse(spelling.getValue(), FormatRole::Any);
  if (!format)
    return op->emitError() << "expected a format for " << attribute << ", got "
                           << spelling << ": "
                           << llvm::toString(format.takeError());
  return std::optional<Format>(*format);
}

FailureOr<Format> squint::takeFormat(WeightedOpInterface op,
                                     StringRef attribute) {
  FailureOr<std::optional<Format>> format = getFormat(op, attribute);
  if (failed(format))
    return failure();
  if (!*format)
    return op.emitError() << "expected " << attribute << " to be a string";
  op->removeAttr(attribute);
  return **format;
}

bool squint::hasMethod(WeightedOpInterface op, StringRef name) {
  return op->hasAttr(kWeightFormatAttr) &&
         MethodOptions(op->getAttrOfType<DictionaryAttr>(kMethodAttr)).name() ==
             name;
}

FailureOr<ConstantOp> squint::getFloatWeight(WeightedOpInterface op,
                                             const Format &format) {
  Value weight = op.getWeightOperand().get();
  auto constant = weight.getDefiningOp<ConstantOp>();
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  if (!constant || !type || !isa<mlir::FloatType>(type.getElementType()) ||
      type.getRank() == 0)
    return op.emitError() << "expected a constant float weight for format '"
                          << format.str() << "', got " << weight.getType();
  int64_t columns = ShapedType::getNumElements(type.getShape().drop_front());
  if (llvm::Error error = format.checkColumns(columns))
    return op.emitError() << "weight of " << describe(op) << ": "
                          << llvm::toString(std::move(error));
  return constant;
}

static squint::FloatType toFloatType(Type element) {
  return element.isF16()    ? squint::FloatType::F16
         : element.isBF16() ? squint::FloatType::BF16
         : element.isF64()  ? squint::FloatType::F64
                            : squint::FloatType::F32;
}

llvm::ThreadPoolInterface *squint::getThreadPool(MLIRContext *context) {
  return context->isMultithreadingEnabled() ? &context->getThreadPool()
                                            : nullptr;
}

LogicalResult
squint::readWeight(WeightedOpInterface op, ConstantOp constant,
                   llvm::function_ref<llvm::Error(const TensorView &)> take) {
  auto type = cast<RankedTensorType>(constant.getType());
  DataStores &stores =
      op.getContext()->getLoadedDialect<SquintDialect>()->getStores();
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
  llvm::Error error = take(view);
  if (!error)
    return success();
  InFlightDiagnostic diagnostic = op.emitError();
  diagnostic << "weight of " << describe(op);
  if (data)
    diagnostic << " in '" << data.getStore() << "'";
  return diagnostic << ": " << llvm::toString(std::move(error));
}

std::vector<float> squint::readAll(const TensorView &view) {
  std::vector<float> values(view.rows() * view.columns());
  view.readRows(0, view.rows(), values.data());
  return values;
}

FailureOr<DataAttr> squint::packWeight(
    WeightedOpInterface op, ConstantOp constant, const Format &format,
    llvm::function_ref<llvm::Error(const TensorView &, MutableArrayRef<char>)>
        fill) {
  MLIRContext *context = op.getContext();
  auto type = cast<RankedTensorType>(constant.getType());
  auto packed =
      PackedType::get(type.getShape(), FormatAttr::get(context, format));
  DataStores &stores = context->getLoadedDialect<SquintDialect>()->getStores();
  DataAttr data;
  auto take = [&](const TensorView &view) {
    llvm::Error error = llvm::Error::success();
    int64_t size =
        PlainLayout::get(format, view.rows(), view.columns()).totalBytes;
    data = stores.create(packed, size, [&](MutableArrayRef<char> payload) {
      llvm::cantFail(std::move(error));
      error = fill(view, payload);
    });
    return error;
  };
  if (failed(readWeight(op, constant, take)))
    return failure();
  return data;
}

DataAttr squint::storeCodes(RankedTensorType weight, const Format &format,
                            ArrayRef<char> payload) {
  MLIRContext *context = weight.getContext();
  auto packed =
      PackedType::get(weight.getShape(), FormatAttr::get(context, format));
  return context->getLoadedDialect<SquintDialect>()->getStores().create(
      packed, static_cast<int64_t>(payload.size()),
      [&](MutableArrayRef<char> to) { llvm::copy(payload, to.begin()); });
}

Value squint::createQuantizedWeight(OpBuilder &builder, ConstantOp original,
                                    DataAttr codes) {
  Location loc = original.getLoc();
  auto packed = ConstantOp::create(builder, loc, codes);
  auto weight = DequantizeOp::create(builder, loc, original.getType(), packed);
  weight->setAttr(kOriginalAttr, original.getValueAttr());
  return weight;
}

void squint::setSeconds(Value weight, double seconds) {
  Operation *op = weight.getDefiningOp();
  if (op->getParentOfType<ModuleOp>()->hasAttr(kTimesAttr))
    op->setAttr(kSecondsAttr,
                FloatAttr::get(Float64Type::get(op->getContext()), seconds));
}

namespace {
class WeightQuantizer {
public:
  using Fill = llvm::function_ref<llvm::Error(
      const MethodOptions &, const Format &, const TensorView &,
      MutableArrayRef<char>)>;
  explicit WeightQuantizer(Fill fill) : fill(fill) {}

  LogicalResult quantize(WeightedOpInterface op);
  void eraseUnused();
  int64_t count() const { return numPacked; }

private:
  Fill fill;
  int64_t numPacked = 0;
  /// Packed bytes by float constant, format and method, so that constants that
  /// say the same are packed once; decoded weights by operation.
  llvm::DenseMap<std::pair<void *, Attribute>, DataAttr> packed;
  llvm::DenseMap<std::pair<void *, Attribute>, Value> decoded;
  /// Float constants that may have lost their last use. They are erased last,
  /// as the maps are keyed by their addresses.
  llvm::SetVector<ConstantOp> replaced;
};
} // namespace

LogicalResult WeightQuantizer::quantize(WeightedOpInterface op) {
  auto method = op->getAttrOfType<DictionaryAttr>(kMethodAttr);
  FailureOr<Format> format = takeFormat(op, kWeightFormatAttr);
  if (failed(format))
    return failure();
  FailureOr<ConstantOp> found = getFloatWeight(op, *format);
  if (failed(found))
    return failure();
  ConstantOp constant = *found;
  MLIRContext *context = op.getContext();
  Attribute decision =
      ArrayAttr::get(context, {FormatAttr::get(context, *format),
                               method ? method : DictionaryAttr::get(context)});
  Stopwatch watch;
  Value &weight =
      decoded[{constant.getResult().getAsOpaquePointer(), decision}];
  if (!weight) {
    DataAttr &data =
        packed[{const_cast<void *>(constant.getValue().getAsOpaquePointer()),
                decision}];
    if (!data) {
      FailureOr<DataAttr> made = packWeight(
          op, constant, *format,
          [&](const TensorView &view, MutableArrayRef<char> payload) {
            return fill(MethodOptions(method), *format, view, payload);
          });
      if (failed(made))
        return failure();
      data = *made;
      ++numPacked;
    }
    OpBuilder builder(constant);
    weight = createQuantizedWeight(builder, constant, data);
    if (StringRef name = MethodOptions(method).name(); name != "rtn")
      weight.getDefiningOp()->setAttr(kQuantizedByAttr,
                                      builder.getStringAttr(name));
    setSeconds(weight, watch.seconds());
  }
  op.getWeightOperand().set(weight);
  op->removeAttr(kMethodAttr);
  replaced.insert(constant);
  return success();
}

void WeightQuantizer::eraseUnused() {
  for (ConstantOp constant : replaced)
    if (constant.use_empty())
      constant.erase();
}

FailureOr<int64_t> squint::quantizeWeights(ModuleOp module, StringRef method,
                                           WeightQuantizer::Fill fill) {
  WeightQuantizer quantizer(fill);
  WalkResult result = module.walk([&](WeightedOpInterface op) {
    return hasMethod(op, method) && failed(quantizer.quantize(op))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  quantizer.eraseUnused();
  module.getContext()->getLoadedDialect<SquintDialect>()->getStores().collect(
      module);
  return quantizer.count();
}
