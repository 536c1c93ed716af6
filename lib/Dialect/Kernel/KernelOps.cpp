//===- KernelOps.cpp - the kernel dialect -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "squint/Dialect/Kernel/Kernel.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

#include "squint/Dialect/Kernel/KernelDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "squint/Dialect/Kernel/KernelAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "squint/Dialect/Kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "squint/Dialect/Kernel/KernelAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "squint/Dialect/Kernel/KernelOps.cpp.inc"
      >();
}

/// Destination-style operators read their inputs and write their outputs once
/// these are memrefs.
static void getDpsEffects(
    Operation *op,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  auto dps = cast<DestinationStyleOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    bool isInit = dps.isDpsInit(&operand);
    if (isInit)
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    if (!isInit || isa<AppendCacheOp>(op))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

#define DPS_EFFECTS(OP)                                                        \
  void OP::getEffects(                                                         \
      SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>      \
          &effects) {                                                          \
    getDpsEffects(*this, effects);                                             \
  }
DPS_EFFECTS(kernel::GemmOp)
DPS_EFFECTS(kernel::QuantizeRowsOp)
DPS_EFFECTS(kernel::DepthwiseOp)
DPS_EFFECTS(kernel::NormOp)
DPS_EFFECTS(kernel::HadamardOp)
DPS_EFFECTS(kernel::SoftmaxOp)
DPS_EFFECTS(kernel::RotaryOp)
DPS_EFFECTS(kernel::AttentionOp)
DPS_EFFECTS(kernel::AppendCacheOp)
DPS_EFFECTS(kernel::CachedAttentionOp)
DPS_EFFECTS(kernel::GatherRowsOp)
DPS_EFFECTS(kernel::DequantizeOp)
DPS_EFFECTS(kernel::ProgramOp)
#undef DPS_EFFECTS

LogicalResult
WindowAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                   DenseI64ArrayAttr kernel, DenseI64ArrayAttr strides,
                   DenseI64ArrayAttr dilations, DenseI64ArrayAttr pads,
                   DenseI64ArrayAttr out, int64_t) {
  if (kernel.size() != 2 || strides.size() != 2 || dilations.size() != 2 ||
      pads.size() != 4 || out.size() != 2)
    return emitError() << "expected two spatial dimensions";
  return success();
}

/// One argument for the accumulator and one for each extra, elementwise
/// operators, one value for each output.
static LogicalResult verifyEpilogue(Operation *op, Region &epilogue,
                                    ValueRange extras, ValueRange outputs) {
  if (outputs.empty())
    return op->emitOpError() << "expected an output";
  ArrayRef<int64_t> shape = cast<ShapedType>(outputs[0].getType()).getShape();
  for (Value output : outputs.drop_front())
    if (cast<ShapedType>(output.getType()).getShape() != shape)
      return op->emitOpError()
             << "expected outputs of one shape, got " << output.getType();
  Block &block = epilogue.front();
  if (block.getNumArguments() != 1 + extras.size())
    return op->emitOpError()
           << "expected an epilogue with " << 1 + extras.size()
           << " arguments, got " << block.getNumArguments();
  for (auto [argument, extra] :
       llvm::zip(block.getArguments().drop_front(), extras))
    if (argument.getType() !=
        cast<ShapedType>(extra.getType()).getElementType())
      return op->emitOpError()
             << "expected an epilogue argument of the extra's "
                "element type, got "
             << argument.getType();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  auto stores = [](Value value, Value output) {
    return value.getType() ==
           cast<ShapedType>(output.getType()).getElementType();
  };
  if (!yield || !llvm::equal(yield.getValues(), outputs, stores))
    return op->emitOpError()
           << "expected the epilogue to yield a value of each "
              "output's element type";
  // Kernels run it on vectors.
  for (Operation &inner : block.without_terminator())
    if (!isa<arith::ConstantOp>(inner) &&
        !OpTrait::hasElementwiseMappableTraits(&inner))
      return op->emitOpError()
             << "expected elementwise operators in the epilogue, got '"
             << inner.getName() << "'";
  return success();
}

//===----------------------------------------------------------------------===//
// kernel.program
//===----------------------------------------------------------------------===//

LogicalResult ProgramOp::verify() {
  Block &block = getBody().front();
  if (block.getNumArguments() != getNumOperands() ||
      !block.getArgument(0).getType().isIndex())
    return emitOpError() << "expected a block with an index and a memref for "
                            "each input and output";
  for (auto [argument, operand] : llvm::zip_equal(
           block.getArguments().drop_front(), getOperands().drop_front())) {
    auto type = dyn_cast<MemRefType>(argument.getType());
    auto shaped = cast<ShapedType>(operand.getType());
    if (!type || type.getElementType() != shaped.getElementType() ||
        type.getRank() != shaped.getRank())
      return emitOpError() << "expected a memref for " << shaped << ", got "
                           << argument.getType();
  }
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getNumOperands() != 1 ||
      !yield.getOperand(0).getType().isInteger(32))
    return emitOpError() << "expected the body to yield a status of type i32";
  return success();
}

//===----------------------------------------------------------------------===//
// kernel.gemm
//===----------------------------------------------------------------------===//

PackedType GemmOp::getPackedType() {
  if (auto packed = dyn_cast<PackedType>(getWeights().getType()))
    return packed;
  return cast<PackedType>(*getWeightType());
}

/// Parses `keyword ( operands : types )`, or nothing when the keyword is
/// optional and absent.
static ParseResult parseGroup(OpAsmParser &parser, StringRef keyword,
                              bool optional, SmallVectorImpl<Value> &values) {
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types;
  if (optional ? failed(parser.parseOptionalKeyword(keyword))
               : failed(parser.parseKeyword(keyword)))
    return optional ? success() : failure();
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLParen() || parser.parseOperandList(operands) ||
      parser.parseColonTypeList(types) || parser.parseRParen() ||
      parser.resolveOperands(operands, types, loc, values))
    return failure();
  return success();
}

ParseResult GemmOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<Value> ins, zeroPoint, weights, extras, outputs;
  SMLoc loc = parser.getCurrentLocation();
  if (parseGroup(parser, "ins", false, ins) ||
      parseGroup(parser, "zero_point", true, zeroPoint) ||
      parseGroup(parser, "weights", false, weights) ||
      parseGroup(parser, "extras", true, extras) ||
      parseGroup(parser, "outs", false, outputs) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion()))
    return failure();
  if (ins.empty() || ins.size() > 3 || zeroPoint.size() > 1 ||
      weights.size() != 1 || outputs.empty())
    return parser.emitError(loc, "expected one to three inputs, one weight, an "
                                 "output and one zero point at most");
  SmallVector<Type> types;
  if (succeeded(parser.parseOptionalArrow()) && parser.parseTypeList(types))
    return failure();
  result.addOperands(ins);
  result.addOperands(zeroPoint);
  result.addOperands(weights);
  result.addOperands(extras);
  result.addOperands(outputs);
  result.addTypes(types);
  auto &properties = result.getOrAddProperties<Properties>();
  // One input is the floats, two are codes with sums (a static scale), three
  // are codes, scales and sums; images of codes and codes of floats have no
  // sums.
  auto activation =
      dyn_cast_or_null<FormatAttr>(result.attributes.get("activation_format"));
  bool summed = !result.attributes.get("window") &&
                (!activation || activation.getFormat().isInteger());
  int32_t scales = ins.size() == (summed ? 3 : 2),
          sums = summed && ins.size() >= 2;
  properties.setOperandSegmentSizes({1, scales, sums,
                                     static_cast<int32_t>(zeroPoint.size()), 1,
                                     static_cast<int32_t>(extras.size()),
                                     static_cast<int32_t>(outputs.size())});
  return success();
}

void GemmOp::print(OpAsmPrinter &printer) {
  auto group = [&](StringRef keyword, ValueRange values) {
    if (!values.empty())
      printer << " " << keyword << "(" << values << " : " << values.getTypes()
              << ")";
  };
  SmallVector<Value> ins{getInput()};
  if (getScales())
    ins.push_back(getScales());
  if (getSums())
    ins.push_back(getSums());
  group("ins", ins);
  if (getZeroPoint())
    group("zero_point", getZeroPoint());
  group("weights", getWeights());
  group("extras", getExtras());
  group("outs", getOutputs());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {"operandSegmentSizes"});
  printer << " ";
  printer.printRegion(getEpilogue());
  if (!getResults().empty())
    printer << " -> " << getResultTypes();
}

LogicalResult GemmOp::verify() {
  if (!isa<PackedType>(getWeights().getType()) && !getWeightType())
    return emitOpError() << "expected weight_type where the weight is bytes";
  PackedType packed = getPackedType();
  auto input = cast<ShapedType>(getInput().getType());
  int64_t columns = packed.getColumns();
  if (getWindow()) {
    if (input.getRank() != 4)
      return emitOpError() << "expected images as input, got " << input;
    ArrayRef<int64_t> kernel = getWindow()->getKernel();
    if (kernel[0] * kernel[1] * input.getShape().back() != columns)
      return emitOpError() << "expected patches of " << columns
                           << " elements, got " << input;
  } else {
    if (input.getRank() != 2)
      return emitOpError() << "expected a matrix as input, got " << input;
    if (!input.isDynamicDim(1) && !ShapedType::isDynamic(columns) &&
        input.getDimSize(1) != columns)
      return emitOpError() << "expected an input of " << columns
                           << " columns, got " << input;
  }
  bool areFloats =
      getActivationFormat() && !getActivationFormat()->getFormat().isInteger();
  bool summed = !getWindow() && !areFloats;
  if (getActivationFormat() &&
      (!input.getElementType().isInteger(8) || bool(getSums()) != summed))
    return emitOpError()
           << "expected codes of type i8, and their sums unless they are "
              "images or floats, with an activation format";
  if (areFloats &&
      (getWindow() || !getScales() || packed.getFormat().isInteger() ||
       packed.getFormat().bits() != 8))
    return emitOpError() << "expected scales and a weight of 8-bit floats with "
                            "codes of 8-bit floats";
  if (!getActivationFormat() && (getSums() || getZeroPoint()))
    return emitOpError() << "expected an activation format with codes";
  if (getZeroPoint()) {
    auto zero = cast<ShapedType>(getZeroPoint().getType());
    if (!zero.getElementType().isInteger(32) ||
        zero.getShape() != ArrayRef<int64_t>{1} || !getActivationScale())
      return emitOpError() << "expected one zero point of type i32 with a "
                              "static scale, got "
                           << zero;
  }
  return verifyEpilogue(*this, getEpilogue(), getExtras(), getOutputs());
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

/// Formats of activations whose codes are i8: int8, and symmetric integers of
/// fewer bits whose scales are found by row or group.
static bool isCodes(const Format &format) {
  return format.isInteger() && !format.element->fixedGroup &&
         (format.bits() == 8 ||
          (!format.zeroPoint && format.granularity != Granularity::Tensor));
}

LogicalResult QuantizeRowsOp::verify() {
  Granularity granularity = getFormat().getFormat().granularity;
  Format format = getFormat().getFormat();
  if (format.isInteger() ? !isCodes(format) : format.bits() != 8)
    return emitOpError() << "expected int8, integers of fewer bits by token or "
                            "group, or 8-bit floats, got '"
                         << getFormat().getSpelling() << "'";
  if ((granularity == Granularity::Tensor) != getScale().has_value())
    return emitOpError()
           << "expected a scale attribute exactly for tensor granularity";
  if (!getFormat().getFormat().isInteger()) {
    if (getOutputs().size() > 2 || getScale())
      return emitOpError()
             << "expected floats or codes and scales, and no scale with '"
             << getFormat().getSpelling() << "'";
    return success();
  }
  size_t expected = getScale() ? 2 : 3;
  if (getOutputs().size() != expected)
    return emitOpError() << "expected " << expected
                         << " outputs (codes, scales unless static, sums), got "
                         << getOutputs().size();
  return success();
}

LogicalResult DepthwiseOp::verify() {
  auto input = cast<ShapedType>(getInput().getType()),
       weights = cast<ShapedType>(getWeights().getType());
  if (input.getRank() != 4 ||
      llvm::any_of(input.getShape().drop_front(), ShapedType::isDynamic))
    return emitOpError() << "expected images of static size, got " << input;
  if (getActivationZeroPoint() ? !input.getElementType().isInteger(8)
                               : !input.getElementType().isF32())
    return emitOpError() << "expected f32, or i8 with activation_zero_point, "
                            "got "
                         << input;
  ArrayRef<int64_t> kernel = getWindow().getKernel();
  int64_t expected[] = {kernel[0], kernel[1], input.getShape().back()};
  if (weights.getShape() != ArrayRef(expected))
    return emitOpError() << "expected a weight for each position of the window "
                            "and each channel, got "
                         << weights;
  return verifyEpilogue(*this, getEpilogue(), getExtras(), getOutputs());
}

/// Of an operator that makes rows and may quantize them.
template <typename OpTy> static LogicalResult verifyRows(OpTy op) {
  size_t quantized = op.getNumQuantized(), outputs = op.getOutputs().size();
  if (outputs != quantized + 1 && (!quantized || outputs != quantized))
    return op.emitOpError()
           << "expected " << quantized
           << " outputs of the quantization and the rows, got " << outputs;
  if (op.getActivationFormat() &&
      !isCodes(op.getActivationFormat()->getFormat()))
    return op.emitOpError() << "expected activations of integers, got '"
                            << op.getActivationFormat()->getSpelling() << "'";
  return success();
}

LogicalResult kernel::NormOp::verify() { return verifyRows(*this); }

LogicalResult kernel::HadamardOp::verify() {
  auto input = cast<ShapedType>(getInput().getType());
  auto size = static_cast<int64_t>(getSize());
  if (size < 1 || input.getRank() != 2 || input.isDynamicDim(1) ||
      input.getDimSize(1) % size)
    return emitOpError() << "expected a matrix of a static number of columns "
                            "that the size divides, got "
                         << input << " and " << size;
  int64_t order = 1;
  if (getSigns()) {
    auto signs = cast<ShapedType>(getSigns().getType());
    if (signs.getRank() != 2 || !signs.hasStaticShape() ||
        signs.getDimSize(0) != signs.getDimSize(1))
      return emitOpError() << "expected a square matrix of signs, got "
                           << signs;
    order = signs.getDimSize(0);
  }
  if (size % order || !llvm::isPowerOf2_64(size / order))
    return emitOpError() << "expected a size of " << order
                         << " times a power of two, got " << size;
  return verifyRows(*this);
}

LogicalResult LookupOp::verify() {
  if (getTable().size() != 16)
    return emitOpError() << "expected a table of 16 entries, got "
                         << getTable().size();
  return success();
}

LogicalResult LookupBytesOp::verify() {
  if (getTable().size() != 16)
    return emitOpError() << "expected a table of 16 entries, got "
                         << getTable().size();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto body =
      symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getBodyAttr());
  if (!body)
    return emitOpError() << "expected a function, got '" << getBody() << "'";
  if (body.getNumArguments() != getArgs().size() + 2)
    return emitOpError() << "expected a function of " << getArgs().size() + 2
                         << " arguments, got " << body.getNumArguments();
  return success();
}

/// An empty epilogue yields nothing; the parser makes it where a region has no
/// terminator.
void YieldOp::build(OpBuilder &, OperationState &) {}
