//===- OperatorReference.cpp - the page on operators -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Prints the table of operators from the schemas and from what the pipelines
// do with each; the last column from what `test/Conformance/run.py --summary`
// wrote.
//
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Onnx/Schema.h"
#include "squint/Pipelines/Operators.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace squint;
using llvm::StringRef;

/// The element types that a parameter may have, the usual ones as one word.
static std::string describeTypes(uint32_t types) {
  static constexpr std::pair<uint32_t, const char *> groups[] = {
      {0x10c02, "floats"},        // float, float16, double, bfloat16
      {0x30fc, "integers"},       // 8 to 64 bits, both signs
      {0x1e0000, "8-bit floats"}, // the four of them
  };
  llvm::SmallVector<std::string> words;
  for (auto [mask, name] : groups)
    if ((types & mask) == mask) {
      words.push_back(name);
      types &= ~mask;
    }
  for (int64_t i = 1; i < 30; ++i)
    if (types >> i & 1)
      words.push_back(getDataTypeName(i).str());
  return llvm::join(words, ", ");
}

static StringRef describe(OperatorFate fate) {
  switch (fate) {
  case OperatorFate::Refused:
    return "refused";
  case OperatorFate::Resolved:
    return "resolved when the model is compiled";
  case OperatorFate::Expanded:
    return "written in other operators";
  case OperatorFate::Lowered:
    return "lowered";
  }
  return "";
}

int main(int argc, char **argv) {
  // Lines `operator passed of all`.
  llvm::StringMap<std::string> tested;
  if (auto file = llvm::MemoryBuffer::getFile(argc > 1 ? argv[1] : "")) {
    llvm::SmallVector<StringRef> lines;
    (*file)->getBuffer().split(lines, '\n', -1, false);
    for (StringRef line : lines) {
      auto [name, count] = line.split(' ');
      tested[name] = count.trim().str();
    }
  }
  llvm::outs() << R"(# Operators

What becomes of each operator, the versions of its schema, and the element types that the first type variables of the newest
one allow. Strings and complex numbers are refused wherever they occur. *Tests* counts those of the ONNX backend suite that
pass.
)";
  for (auto [dialect, title] :
       {std::pair("onnx", "The default domain"), {"msft", "com.microsoft"}}) {
    llvm::outs() << "\n## " << title
                 << "\n\n| operator | versions | types | how | tests "
                    "|\n|---|---|---|---|---|\n";
    llvm::SmallVector<StringRef> refused;
    for (const OpSchema &schema : getSchemas(dialect)) {
      OperatorFate fate = getOperatorFate(dialect, schema.name);
      if (fate == OperatorFate::Refused) {
        refused.push_back(schema.name);
        continue;
      }
      const auto &first = schema.inputs.empty() ? schema.outputs.front()
                                                : schema.inputs.front();
      llvm::outs() << "| " << schema.name << " | "
                   << llvm::join(llvm::map_range(
                                     schema.versions,
                                     [](int v) { return std::to_string(v); }),
                                 ", ")
                   << " | " << describeTypes(first.types) << " | "
                   << describe(fate) << " | "
                   << (StringRef(dialect) == "onnx" ? tested.lookup(schema.name)
                                                    : "")
                   << " |\n";
    }
    llvm::outs() << "\nRefused by name: " << llvm::join(refused, ", ") << ".\n";
  }
}
