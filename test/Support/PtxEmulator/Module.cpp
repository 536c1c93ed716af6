//===- Module.cpp - loads the text of a module ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Builder.h"

using namespace ptx;

std::unique_ptr<Module> ptx::load(std::string text, DeviceMemory &memory,
                                  std::string &error) {
  auto module = std::make_unique<Module>();
  module->text = std::move(text);
  ModuleSyntax syntax;
  if (!parse(module->text, syntax, error))
    return nullptr;
  module->target = syntax.target;
  for (const Variable &variable : syntax.variables) {
    if (variable.space == Space::Shared)
      continue; // rooms of kernels
    if (variable.space != Space::Global && variable.space != Space::Const) {
      error = "variable " + variable.name + " is in no space of a module";
      return nullptr;
    }
    if (variable.isExtern) {
      error = "variable " + variable.name + " is defined nowhere";
      return nullptr;
    }
    Global global;
    global.bytes = variable.bytes;
    global.address = memory.allocate(variable.bytes,
                                     std::max<uint64_t>(variable.align, 256));
    if (!global.address) {
      error = "no memory for variable " + variable.name;
      return nullptr;
    }
    // Variables without an initial value are zero.
    uint8_t *host = memory.host(global.address, global.bytes);
    memset(host, 0, global.bytes);
    if (!variable.initial.empty())
      memcpy(host, variable.initial.data(), variable.initial.size());
    module->globals[variable.name] = global;
  }
  for (const Function &function : syntax.functions) {
    if (!function.isEntry || !function.hasBody)
      continue;
    auto kernel = std::make_unique<Kernel>();
    Builder builder(syntax, *module, *kernel, error);
    if (!builder.build(function)) {
      error = "kernel " + function.name + ", " + error;
      return nullptr;
    }
    module->kernels[function.name] = std::move(kernel);
  }
  return module;
}
