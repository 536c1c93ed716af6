//===- Element.cpp - the registry of elements -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Element.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <vector>

using namespace squint;

llvm::StringRef squint::stringifyScaleType(ScaleType type) {
  switch (type) {
  case ScaleType::F32:
    return "f32";
  case ScaleType::F16:
    return "f16";
  case ScaleType::BF16:
    return "bf16";
  case ScaleType::E8M0:
    return "f8e8m0";
  case ScaleType::F8E4M3:
    return "f8e4m3";
  case ScaleType::Dynamic8:
    return "dynamic8";
  case ScaleType::Bilevel3:
    return "bilevel3";
  }
  llvm_unreachable("unknown scale type");
}

unsigned squint::getScaleBytes(ScaleType type) {
  switch (type) {
  case ScaleType::F32:
    return 4;
  case ScaleType::F16:
  case ScaleType::BF16:
    return 2;
  case ScaleType::E8M0:
  case ScaleType::F8E4M3:
  case ScaleType::Bilevel3:
  case ScaleType::Dynamic8:
    return 1;
  }
  llvm_unreachable("unknown scale type");
}

// Families are listed rather than registered by static constructors, which a
// static library would drop.
static std::vector<const Element *> collectElements() {
  std::vector<const Element *> all;
  for (llvm::ArrayRef<Element> family :
       {getFloatElements(), getIntegerElements(), getTableElements(),
        getMicroscalingElements(), getGgmlElements(), getCodebookElements(),
        getAdditiveElements()})
    for (const Element &element : family)
      all.push_back(&element);
  return all;
}

llvm::ArrayRef<const Element *> squint::getElements() {
  static const std::vector<const Element *> all = collectElements();
  return all;
}

const Element *squint::lookupElement(llvm::StringRef name) {
  for (const Element *element : getElements())
    if (element->name == name)
      return element;
  return nullptr;
}
