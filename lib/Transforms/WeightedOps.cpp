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

FailureOr<Format> squint::takeFormat(WeightedOpInterface op,
                                     StringRef attribute) {
  auto spelling = dyn_cast<StringAttr>(op->getAttr(attribute));
  if (!spelling)
    return op.emitError() << "expected " << attribute << " to be a string";
  llvm::Expected<Format> format =
      Format::parse(spelling.getValue(), FormatRole::Any);
  if (!format)
    return op.emitError() << "expected a format for " << attribute << ", got "
                          << spelling << ": "
                          << llvm::toString(format.takeError());
  op->removeAttr(attribute);
  return *format;
}

Value squint::createQuantizedWeight(OpBuilder &builder, ConstantOp original,
                                    DataAttr codes) {
  Location loc = original.getLoc();
  auto packed = ConstantOp::create(builder, loc, codes);
  auto weight = DequantizeOp::create(builder, loc, original.getType(), packed);
  weight->setAttr(kOriginalAttr, original.getValueAttr());
  return weight;
}
