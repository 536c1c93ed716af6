//===- ValueNames.cpp - what statistics are keyed by ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/ValueNames.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace squint;

ValueNames::ValueNames(FunctionOpInterface function) {
  llvm::StringSet<> taken;
  llvm::StringMap<int64_t> copies;
  auto add = [&](Value value, const std::string &base) {
    std::string name = base;
    while (!taken.insert(name).second)
      name = base + "#" + std::to_string(++copies[base]);
    names[value] = name;
  };
  for (BlockArgument argument : function.getArguments()) {
    auto name = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                      kNameAttr);
    add(argument,
        name ? name.str() : "arg" + std::to_string(argument.getArgNumber()));
  }
  function.walk([&](Operation *op) {
    if (op == function.getOperation() || op->hasTrait<OpTrait::ConstantLike>())
      return;
    StringRef node = getNodeName(op);
    std::string base =
        (node.empty() ? op->getName().getStringRef() : node).str();
    for (OpResult result : op->getResults())
      if (isa<RankedTensorType>(result.getType()))
        add(result, result.getResultNumber()
                        ? base + ":" + std::to_string(result.getResultNumber())
                        : base);
  });
}

StringRef ValueNames::lookup(Value value) const {
  auto it = names.find(value);
  return it == names.end() ? StringRef() : StringRef(it->second);
}
