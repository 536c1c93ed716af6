//===- Module.cpp - the extension module ------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Binding.h"

#include <nanobind/stl/string.h>

namespace nb = nanobind;
using namespace squint_python;

std::string squint_python::toPath(nb::handle path) {
  nb::object text = nb::steal(PyOS_FSPath(path.ptr()));
  if (!text.is_valid())
    throw nb::python_error();
  return nb::cast<std::string>(text);
}

NB_MODULE(_squint, module) {
  module.attr("version") = squintGetVersion();
  nb::exception<Error>(module, "Error", PyExc_RuntimeError).attr("__doc__") =
      "What went wrong, as diagnostics: one a line, `FILE: error: node 'NAME': "
      "RULE` where there are such.";
  defineCompile(module);
  defineRun(module);
}
