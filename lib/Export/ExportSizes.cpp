//===- ExportSizes.cpp - what is computed of sizes ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// A scalar of the IR is a vector of one int64.
//===----------------------------------------------------------------------===//

#include "Exporter.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"

using namespace mlir;

namespace squint {

FailureOr<Name> Exporter::getSymbol(StringRef symbol, Operation *user) {
  auto sizeOf = [&](const Name &tensor, int64_t dim) {
    return w.add("Shape", tensor, {{"start", dim}, {"end", dim + 1}});
  };
  for (BlockArgument argument : main.getArguments()) {
    unsigned number = argument.getArgNumber();
    if (auto dims = main.getArgAttrOfType<ArrayAttr>(number, kDimsAttr))
      for (auto [i, dim] : llvm::enumerate(dims))
        if (cast<StringAttr>(dim).getValue() == symbol)
          return sizeOf(w.find(argument), i);
    auto values = main.getArgAttrOfType<ArrayAttr>(number, kValuesAttr);
    auto type = cast<RankedTensorType>(argument.getType());
    for (auto [i, value] :
         llvm::enumerate(values ? values.getValue() : ArrayRef<Attribute>()))
      if (cast<StringAttr>(value).getValue() == symbol &&
          isa<IntegerType>(type.getElementType())) {
        Name flat = w.add("Reshape", {w.find(argument), w.ints(-1)});
        Name one = w.add("Gather", {flat, w.ints(int64_t(i))});
        return convert(one, type.getElementType(),
                       IntegerType::get(main.getContext(), 64));
      }
  }
  // One that an operator before has decided.
  Name found;
  main.walk([&](Operation *op) {
    if (!op->hasAttr(kDimsAttr))
      return WalkResult::advance();
    for (Value result : op->getResults()) {
      FailureOr<SmallVector<DimExpr>> dims = getDims(result);
      if (failed(dims) || w.find(result).empty())
        continue;
      for (auto [i, dim] : llvm::enumerate(*dims))
        if (dim.str() == symbol &&
            result.getParentRegion()->isAncestor(user->getParentRegion())) {
          found = sizeOf(w.find(result), i);
          return WalkResult::interrupt();
        }
    }
    return WalkResult::advance();
  });
  if (!found.empty())
    return found;
  return LogicalResult(refusal(user->emitOpError())
                       << "expected a size that ONNX can compute, got '"
                       << symbol << "'");
}

LogicalResult Exporter::exportArith(Operation *op) {
  Value result = op->getResult(0);
  if (auto dim = dyn_cast<DimOp>(op)) {
    FailureOr<Name> name = getSymbol(dim.getSymbol(), op);
    if (failed(name))
      return failure();
    w.define(result, *name);
    return success();
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto number = dyn_cast<IntegerAttr>(constant.getValue());
    if (!number)
      return refusal(op->emitOpError()) << "expected an integer";
    w.define(result, w.ints(number.getInt()));
    return success();
  }
  SmallVector<Name> in;
  for (Value operand : op->getOperands())
    in.push_back(w.find(operand));
  if (llvm::is_contained(in, Name()))
    return refusal(op->emitOpError()) << "expected operands that are sizes";
  auto floorDivide = [&](const Name &a, const Name &b) {
    return w.add("Div", {w.add("Sub", {a, w.add("Mod", {a, b})}), b});
  };
  Name made;
  if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(op))
    made = in[0];
  else if (isa<arith::AddIOp>(op))
    made = w.add("Add", in);
  else if (isa<arith::SubIOp>(op))
    made = w.add("Sub", in);
  else if (isa<arith::MulIOp>(op))
    made = w.add("Mul", in);
  else if (isa<arith::DivSIOp, arith::DivUIOp>(op))
    made = w.add("Div", in);
  else if (isa<arith::MaxSIOp>(op))
    made = w.add("Max", in);
  else if (isa<arith::MinSIOp>(op))
    made = w.add("Min", in);
  else if (isa<arith::FloorDivSIOp>(op))
    made = floorDivide(in[0], in[1]);
  else if (isa<arith::CeilDivSIOp>(op))
    made = w.add("Neg", floorDivide(w.add("Neg", in[0]), in[1]));
  else
    return refusal(op->emitOpError())
           << "expected an operation on sizes that ONNX has";
  w.define(result, made);
  return success();
}

LogicalResult Exporter::exportElements(tensor::FromElementsOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  SmallVector<Name> parts;
  for (Value element : op.getElements())
    parts.push_back(w.find(element));
  if (llvm::is_contained(parts, Name()))
    return refusal(op->emitOpError()) << "expected elements that are sizes";
  Name made =
      parts.size() == 1 ? parts[0] : w.add("Concat", parts, {{"axis", 0}});
  if (type.getRank() != 1)
    made = w.add("Reshape", {made, w.ints(type.getShape())});
  w.define(op.getResult(),
           convert(made, IntegerType::get(main.getContext(), 64),
                   type.getElementType()));
  return success();
}

} // namespace squint
