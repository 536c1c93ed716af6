//===- Binding.h - what the parts of the extension share --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_PYTHON_BINDING_H
#define SQUINT_PYTHON_BINDING_H

#include "squint-c/Squint.h"

#include <nanobind/nanobind.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace squint_python {

/// squint.Error: the diagnostics, a line each.
struct Error : std::runtime_error {
  using runtime_error::runtime_error;
};

/// Collects what a call of the C API writes.
struct Text {
  std::string text;
  SquintStream stream() {
    return {[](void *user, const char *data, size_t size) {
              static_cast<Text *>(user)->text.append(data, size);
            },
            this};
  }
  /// Without the end of the last line.
  std::string lines() const {
    return text.substr(0, text.find_last_not_of('\n') + 1);
  }
  void check(int32_t status) const {
    if (status)
      throw Error(lines());
  }
};

/// Of a str or an os.PathLike.
std::string toPath(nanobind::handle path);

/// One of the compiler's options.
struct Option {
  std::string name, value;
};

/// A value as squintc spells it.
std::string spell(nanobind::handle value);
/// Keyword arguments, with underscores for dashes; lists and dictionaries are
/// one option several times, and None is none.
std::vector<Option> readOptions(const nanobind::kwargs &given);
std::vector<SquintOption> getPointers(const std::vector<Option> &options);
/// Of what a call that succeeded wrote: a UserWarning.
void warn(const Text &diagnostics);

void defineCompile(nanobind::module_ &module);
void defineRun(nanobind::module_ &module);

} // namespace squint_python

#endif // SQUINT_PYTHON_BINDING_H
