//===- Report.cpp - what became of a model ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Pipelines/Report.h"
#include "ReportPage.h"

#include "squint/Dialect/Squint/Squint.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace squint;

/// Attributes as JSON; types and what has no counterpart print as MLIR does.
static llvm::json::Value toJson(Attribute attribute) {
  if (auto text = dyn_cast<StringAttr>(attribute))
    return text.getValue();
  if (auto number = dyn_cast<FloatAttr>(attribute))
    return number.getValueAsDouble();
  if (auto number = dyn_cast<IntegerAttr>(attribute))
    return number.getInt();
  if (auto array = dyn_cast<ArrayAttr>(attribute)) {
    llvm::json::Array values;
    for (Attribute value : array)
      values.push_back(toJson(value));
    return values;
  }
  if (auto dictionary = dyn_cast<DictionaryAttr>(attribute)) {
    llvm::json::Object values;
    for (NamedAttribute value : dictionary)
      values[value.getName().getValue()] = toJson(value.getValue());
    return values;
  }
  if (auto target = dyn_cast<TargetAttr>(attribute))
    return llvm::json::Object{{"triple", target.getTriple()},
                              {"cpu", target.getCpu()},
                              {"features", target.getFeatures()}};
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto type = dyn_cast<TypeAttr>(attribute))
    os << type.getValue();
  else
    os << attribute;
  return text;
}

static llvm::json::Object makeReport(ModuleOp module) {
  llvm::json::Object report;
  for (StringRef name : {"targets", "inputs", "outputs", "symbols", "launches",
                         "layers", "frontier", "accuracy"})
    if (Attribute attribute = module->getAttr(("squint." + name).str()))
      report[name] = toJson(attribute);
  if (auto bytes = module->getAttrOfType<IntegerAttr>("squint.weights_size"))
    report["weights_bytes"] = bytes.getInt();
  llvm::json::Array weights;
  module.walk([&](ConstantOp op) {
    auto packed = dyn_cast<PackedType>(op.getType());
    DataAttr data = op.getData();
    if (!packed || !data)
      return;
    llvm::json::Array shape;
    for (int64_t dim : packed.getShape())
      shape.push_back(dim);
    weights.push_back(
        llvm::json::Object{{"node", getNodeName(op)},
                           {"format", packed.getFormatAttr().getSpelling()},
                           {"shape", std::move(shape)},
                           {"bytes", data.getLength()}});
  });
  if (!weights.empty())
    report["weights"] = std::move(weights);
  return report;
}

llvm::Error squint::writeReport(ModuleOp module, StringRef file) {
  llvm::json::Object report = makeReport(module);
  return llvm::writeToOutput(file, [&](raw_ostream &os) {
    if (file.ends_with(".html"))
      writeReportPage(report, os);
    else
      os << llvm::formatv("{0:2}", llvm::json::Value(std::move(report)))
         << "\n";
    return llvm::Error::success();
  });
}
