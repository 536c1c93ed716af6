//===- Compile.cpp - models, text and recipes in, files out -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Binding.h"

#include <algorithm>
#include <nanobind/stl/string.h>
#include <vector>

namespace nb = nanobind;
using namespace squint_python;

static std::vector<SquintOptionInfo> getOptions() {
  std::vector<SquintOptionInfo> options;
  SquintOptionInfo info;
  while (squintGetOption(options.size(), &info))
    options.push_back(info);
  return options;
}

/// Names have underscores here, and dashes there.
static std::string translate(std::string name, char from, char to) {
  std::replace(name.begin(), name.end(), from, to);
  return name;
}

std::string squint_python::spell(nb::handle value) {
  if (nb::isinstance<nb::bool_>(value))
    return nb::cast<bool>(value) ? "true" : "false";
  if (nb::isinstance<nb::str>(value) || nb::isinstance<nb::int_>(value))
    return nb::str(value).c_str();
  return toPath(value);
}

std::vector<Option> squint_python::readOptions(const nb::kwargs &given) {
  std::vector<Option> options;
  for (auto [key, value] : given) {
    std::string name = translate(nb::cast<std::string>(key), '_', '-');
    if (value.is_none())
      continue;
    if (nb::isinstance<nb::list>(value) || nb::isinstance<nb::tuple>(value))
      for (nb::handle part : value)
        options.push_back({name, spell(part)});
    else if (nb::isinstance<nb::dict>(value))
      for (auto [part, what] : nb::cast<nb::dict>(value))
        options.push_back({name, spell(part) + "=" + spell(what)});
    else
      options.push_back({name, spell(value)});
  }
  return options;
}

std::vector<SquintOption>
squint_python::getPointers(const std::vector<Option> &options) {
  std::vector<SquintOption> pointers;
  for (const Option &option : options)
    pointers.push_back({option.name.c_str(), option.value.c_str()});
  return pointers;
}

void squint_python::warn(const Text &diagnostics) {
  if (!diagnostics.text.empty() &&
      PyErr_WarnEx(PyExc_UserWarning, diagnostics.lines().c_str(), 1))
    throw nb::python_error();
}

static std::string compile(nb::handle model, nb::handle output,
                           nb::kwargs given) {
  std::string input = toPath(model),
              to = output.is_none() ? "" : toPath(output);
  std::vector<Option> options = readOptions(given);
  std::vector<SquintOption> pointers = getPointers(options);
  Text out, diagnostics;
  int32_t status;
  {
    nb::gil_scoped_release release;
    status = squintCompile(input.c_str(), to.c_str(), pointers.data(),
                           pointers.size(), out.stream(), diagnostics.stream());
  }
  diagnostics.check(status);
  warn(diagnostics);
  return out.text;
}

static std::string runPipeline(const std::string &text,
                               const std::string &pipeline, nb::handle folder,
                               nb::handle store) {
  std::string from = toPath(folder), to = store.is_none() ? "" : toPath(store);
  Text out, diagnostics;
  int32_t status;
  {
    nb::gil_scoped_release release;
    status = squintRunPipeline(text.data(), text.size(), pipeline.c_str(),
                               from.c_str(), to.c_str(), out.stream(),
                               diagnostics.stream());
  }
  diagnostics.check(status);
  return out.text;
}

static void checkRecipe(nb::handle file) {
  Text diagnostics;
  diagnostics.check(
      squintCheckRecipe(toPath(file).c_str(), diagnostics.stream()));
}

void squint_python::defineCompile(nb::module_ &module) {
  // The options are the compiler's own: their names, kinds and descriptions
  // make signature and documentation.
  std::string signature = "def compile(model: str | os.PathLike[str], "
                          "output: str | os.PathLike[str] | None = None, *",
              doc =
                  R"(Compile a model to a native library, or stop on the way.

`model` is an .onnx, .gguf or .mlir file, or a folder of safetensors files with a config.json; `output` a .so, .a or .o (with a C header beside it), .s
or .ll, .mlir, .onnx or .gguf (with `emit`), or .npz (with `make_samples`). Returns the text that the options ask for: the table of `explain` or `pareto`, the passes of `print_pipeline`, and the IR of
the stage `emit` where there is no output. An output is complete, or not there. Raises `squint.Error` with the diagnostics; warnings are
UserWarnings.

Options are those of squintc, and None leaves one out. A list may hold several values, and a dictionary stands for `NAME=VALUE`s: `dim={"batch": 4}`.

>>> import squint
>>> squint.compile("model.onnx", "model.so", weights="int8:channel", activations="int8:token")
''
>>> "squint.linear" in squint.compile("model.onnx", emit="squint")
True
>>> squint.compile("model.onnx", "model.so", weights="int9")
Traceback (most recent call last):
squint.Error: error: --weights=int9: unknown element 'int9'...

Options:
)";
  for (const SquintOptionInfo &option : getOptions()) {
    static const char *const types[] = {
        "bool", "str | os.PathLike[str]", "int",
        "str | os.PathLike[str] | collections.abc.Sequence[str | "
        "os.PathLike[str]] | dict[str, int | str]"};
    std::string name = translate(option.name, '-', '_');
    signature += ", " + name + ": " + types[option.kind] + " | None = None";
    doc += "    " + name;
    if (*option.value)
      doc += " (" + std::string(option.value) + ")";
    doc += ": " + std::string(option.description) + "\n";
  }
  signature += ") -> str";
  module.def("compile", &compile, nb::arg("model"),
             nb::arg("output") = nb::none(), nb::arg("options"),
             nb::sig(signature.c_str()), doc.c_str());

  module.def(
      "run_pipeline", &runPipeline, nb::arg("text"), nb::arg("pipeline"),
      nb::kw_only(), nb::arg("folder") = ".", nb::arg("store") = nb::none(),
      nb::sig("def run_pipeline(text: str, pipeline: str, *, folder: str | "
              "os.PathLike[str] = '.', store: str | os.PathLike[str] | None = "
              "None) -> str"),
      R"(Run passes on the text of a module, and return the text that they make of it.

`pipeline` is as `compile(print_pipeline=True)` spells it: passes with commas between them, `builtin.module(...)` around them or not. Weights that the
text refers to are looked for in `folder`; those that the passes made, beyond a kilobyte, go to `store`, a safetensors file.
Raises `squint.Error` with the diagnostics.

>>> text = '''func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
...   %y = arith.addf %x, %x : tensor<2xf32>
...   return %x : tensor<2xf32>
... }'''
>>> "arith" in squint.run_pipeline(text, "canonicalize,cse")
False
>>> squint.run_pipeline("what", "cse")
Traceback (most recent call last):
squint.Error: text:1:1: error: ...
)");
  module.def("check_recipe", &checkRecipe, nb::arg("file"),
             nb::sig("def check_recipe(file: str | os.PathLike[str]) -> None"),
             "Read a recipe's file. Raises `squint.Error` with the file, line "
             "and column of what is wrong with it.");
}
