//===- Run.h - models, sessions and states ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Every call is one of the library's table. Calls on one context, and on one
// state, take turns, whatever threads they come from.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_PYTHON_RUN_H
#define SQUINT_PYTHON_RUN_H

#include "Binding.h"

#include <memory>
#include <mutex>
#include <nanobind/ndarray.h>
#include <vector>

namespace squint_python {

/// What a call gives.
using Array = nanobind::ndarray<nanobind::numpy>;

/// A loaded library and its weights.
struct Model {
  std::unique_ptr<SquintLibrary, void (*)(SquintLibrary *)> library{
      nullptr, squintCloseLibrary};
  const squint_library *table = nullptr;
  squint_model *model = nullptr;

  ~Model() {
    if (table)
      table->model_destroy(model);
  }
};

/// Sequences side by side.
struct State {
  std::shared_ptr<Model> model;
  int64_t sequences = 1, capacity = 0;
  squint_state *state = nullptr;
  mutable std::mutex mutex;

  ~State() { model->table->state_destroy(state); }
};

/// What runs a model.
struct Session {
  std::shared_ptr<Model> model;
  squint_context *context = nullptr;
  std::mutex mutex;

  ~Session() { model->table->context_destroy(context); }
};

/// Options of a create, with room for what went wrong.
struct Options : squint_options {
  char text[512] = "";
  Options() : squint_options() {
    struct_size = sizeof(squint_options);
    error_buffer = text;
    error_buffer_size = sizeof(text);
  }
  void check(const squint_library &table, int32_t status) const {
    if (status)
      throw Error(*text ? text : table.status_text(status));
  }
};

/// An output's memory until Python owns it.
struct Buffer {
  std::vector<int64_t> shape;
  squint_dtype dtype;
  std::unique_ptr<char[]> memory;

  explicit Buffer(const squint_value_v1 &value)
      : shape(value.ndim + 1), dtype(value.dtype) {}
  void allocate() {
    size_t size = (dtype.bits + 7) / 8;
    for (size_t i = 0; i + 1 < shape.size(); ++i)
      size *= size_t(shape[i]);
    memory.reset(new char[size ? size : 1]);
  }
  squint_tensor tensor() {
    return {memory.get(),
            {SQUINT_DEVICE_CPU, 0},
            int32_t(shape.size() - 1),
            dtype,
            shape.data(),
            nullptr,
            0};
  }
  /// An array without the first `skip` axes.
  Array give(size_t skip = 0);
};

/// Prepares and runs, without the interpreter's lock.
std::vector<Buffer> run(Session &session, State *state,
                        const std::vector<squint_tensor> &inputs);

void defineLanguage(nanobind::module_ &module, nanobind::class_<Model> &model,
                    nanobind::class_<Session> &session);

} // namespace squint_python

#endif // SQUINT_PYTHON_RUN_H
