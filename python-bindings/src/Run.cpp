//===- Run.cpp - models and the sessions that run them ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Run.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;
using namespace squint_python;

namespace {

/// What a call takes: anything in memory, made contiguous.
using Input = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;

/// An input or output of a model.
struct Value {
  std::string name, dtype;
  nb::object shape;
};

} // namespace

//===----------------------------------------------------------------------===//
// Arrays
//===----------------------------------------------------------------------===//

/// The type that carries elements in numpy: their bits where it has none.
static squint_dtype toNumpy(squint_dtype dtype) {
  switch (dtype.code) {
  case SQUINT_DTYPE_INT:
  case SQUINT_DTYPE_UINT:
    return {dtype.code, uint8_t(dtype.bits < 8 ? 8 : dtype.bits), 1};
  case SQUINT_DTYPE_FLOAT:
  case SQUINT_DTYPE_BOOL:
  case SQUINT_DTYPE_COMPLEX:
    return dtype;
  default:
    return {SQUINT_DTYPE_UINT, uint8_t(dtype.bits <= 8 ? 8 : 16), 1};
  }
}

static bool areEqual(squint_dtype a, squint_dtype b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

static squint_dtype getType(const Input &array) {
  nb::dlpack::dtype dtype = array.dtype();
  return {dtype.code, dtype.bits, dtype.lanes};
}

/// "float32".
static std::string getName(squint_dtype dtype) {
  squint_dtype carrier = toNumpy(dtype);
  std::string bits = std::to_string(carrier.bits);
  switch (carrier.code) {
  case SQUINT_DTYPE_INT:
    return "int" + bits;
  case SQUINT_DTYPE_UINT:
    return "uint" + bits;
  case SQUINT_DTYPE_COMPLEX:
    return "complex" + bits;
  case SQUINT_DTYPE_BOOL:
    return "bool";
  default:
    return "float" + bits;
  }
}

static Value describe(const squint_value_v1 &value) {
  nb::list shape;
  for (int32_t i = 0; i < value.ndim; ++i)
    if (value.dims[i] < 0)
      shape.append(value.dim_names[i]);
    else
      shape.append(value.dims[i]);
  return {value.name, getName(value.dtype), nb::tuple(shape)};
}

/// What numpy makes of anything, for the input `value`.
static Input toArray(nb::handle given, const squint_value_v1 &value) {
  nb::object array = nb::borrow(given);
  if (!nb::ndarray_check(array))
    array = nb::module_::import_("numpy").attr("asarray")(array);
  Input input;
  if (!nb::try_cast(array, input))
    throw Error("input '" + std::string(value.name) + "': expected " +
                getName(value.dtype) + ", got " + nb::repr(array).c_str());
  squint_dtype dtype = getType(input);
  bool fits = areEqual(dtype, toNumpy(value.dtype)) &&
              input.ndim() == size_t(value.ndim);
  for (size_t i = 0; fits && i < input.ndim(); ++i)
    fits = value.dims[i] < 0 || int64_t(input.shape(i)) == value.dims[i];
  if (fits)
    return input;
  nb::list shape;
  for (size_t i = 0; i < input.ndim(); ++i)
    shape.append(input.shape(i));
  throw Error("input '" + std::string(value.name) + "': expected " +
              getName(value.dtype) + " " +
              nb::repr(describe(value).shape).c_str() + ", got " +
              getName(dtype) + " " + nb::repr(nb::tuple(shape)).c_str());
}

/// As the library's functions take it.
static squint_tensor toTensor(const Input &array,
                              const squint_value_v1 &value) {
  return {const_cast<void *>(array.data()),
          {SQUINT_DEVICE_CPU, 0},
          int32_t(array.ndim()),
          value.dtype,
          const_cast<int64_t *>(array.shape_ptr()),
          nullptr,
          0};
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

Array Buffer::give(size_t skip) {
  squint_dtype carrier = toNumpy(dtype);
  std::vector<size_t> extents(shape.begin() + skip, shape.end() - 1);
  char *data = memory.release();
  nb::capsule owner(data, [](void *pointer) noexcept {
    delete[] static_cast<char *>(pointer);
  });
  return Array(data, extents.size(), extents.data(), owner, nullptr,
               {carrier.code, carrier.bits, carrier.lanes},
               nb::device::cpu::value);
}

static void check(const Session &session, int32_t status) {
  if (!status)
    return;
  const squint_library &table = *session.model->table;
  const char *text = table.error_text(session.context);
  throw Error(*text ? text : table.status_text(status));
}

std::vector<Buffer>
squint_python::run(Session &session, State *state,
                   const std::vector<squint_tensor> &inputs) {
  const squint_library &table = *session.model->table;
  std::vector<Buffer> outputs;
  std::vector<squint_tensor> tensors;
  nb::gil_scoped_release release;
  std::unique_lock<std::mutex> first(session.mutex, std::defer_lock), second;
  if (state) {
    second = std::unique_lock(state->mutex, std::defer_lock);
    std::lock(first, second);
  } else {
    first.lock();
  }
  check(session, table.prepare(session.context, inputs.data()));
  for (uint32_t i = 0; i < table.num_outputs; ++i) {
    Buffer &output = outputs.emplace_back(table.outputs[i]);
    check(session, table.output_shape(session.context, i, output.shape.data()));
    output.allocate();
    tensors.push_back(output.tensor());
  }
  check(session, table.run(session.context, state ? state->state : nullptr,
                           inputs.data(), tensors.data()));
  // Where data decides them, shapes are known now.
  for (uint32_t i = 0; i < table.num_outputs; ++i)
    check(session,
          table.output_shape(session.context, i, outputs[i].shape.data()));
  return outputs;
}

static nb::dict runNamed(Session &session, nb::dict given, State *state) {
  const squint_library &table = *session.model->table;
  std::vector<Input> arrays;
  std::vector<squint_tensor> tensors;
  for (uint32_t i = 0; i < table.num_inputs; ++i) {
    const char *name = table.inputs[i].name;
    if (!given.contains(name))
      throw Error("expected an input '" + std::string(name) + "'");
    arrays.push_back(toArray(given[name], table.inputs[i]));
  }
  if (given.size() != table.num_inputs)
    for (auto [key, value] : given) {
      std::string name = nb::str(key).c_str();
      bool isKnown = false;
      for (uint32_t i = 0; i < table.num_inputs; ++i)
        isKnown |= name == table.inputs[i].name;
      if (!isKnown)
        throw Error("the model has no input '" + name + "'");
    }
  for (uint32_t i = 0; i < table.num_inputs; ++i)
    tensors.push_back(toTensor(arrays[i], table.inputs[i]));
  std::vector<Buffer> outputs = run(session, state, tensors);
  nb::dict result;
  for (uint32_t i = 0; i < table.num_outputs; ++i)
    result[table.outputs[i].name] = outputs[i].give();
  return result;
}

//===----------------------------------------------------------------------===//
// Models and states
//===----------------------------------------------------------------------===//

/// A model is compiled first.
static decltype(Model::library) openLibrary(const std::string &path,
                                            nb::handle weights, bool hasTarget,
                                            const nb::kwargs &given) {
  decltype(Model::library) owner{nullptr, squintCloseLibrary};
  Text diagnostics;
  SquintLibrary *library = nullptr;
  if (!squintIsModel(path.c_str())) {
    if (given.size())
      throw Error("options of the compiler are for a model, got the library '" +
                  path + "'");
    diagnostics.check(
        squintOpenLibrary(path.c_str(), &library, diagnostics.stream()));
    owner.reset(library);
    return owner;
  }
  if (hasTarget)
    throw Error("expected a library with a target, got the model '" + path +
                "'");
  std::vector<Option> options = readOptions(given);
  if (!weights.is_none())
    options.push_back({"weights", spell(weights)});
  std::vector<SquintOption> pointers = getPointers(options);
  int32_t status;
  {
    nb::gil_scoped_release release;
    status = squintOpenModel(path.c_str(), pointers.data(), pointers.size(),
                             &library, diagnostics.stream());
  }
  diagnostics.check(status);
  owner.reset(library);
  warn(diagnostics);
  return owner;
}

static std::shared_ptr<Model> load(nb::handle file, nb::handle weights,
                                   const std::optional<std::string> &target,
                                   bool largePages, int32_t device,
                                   const nb::kwargs &given) {
  auto model = std::make_shared<Model>();
  std::string path = toPath(file), data;
  model->library = openLibrary(path, weights, target.has_value(), given);
  model->table = squintGetTable(model->library.get());
  Options options;
  if (!weights.is_none() && !squintIsModel(path.c_str())) {
    data = toPath(weights);
    options.weights_path = data.c_str();
  }
  if (target)
    options.target = target->c_str();
  options.large_pages = largePages ? 0 : -1;
  options.device = device;
  options.check(*model->table,
                model->table->model_create(&options, &model->model));
  return model;
}

static std::shared_ptr<Session> makeSession(std::shared_ptr<Model> model,
                                            int32_t threads) {
  auto session = std::make_shared<Session>();
  session->model = model;
  Options options;
  options.threads = threads;
  options.check(*model->table, model->table->context_create(
                                   model->model, &options, &session->context));
  return session;
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

static nb::class_<Model> defineModel(nb::module_ &module) {
  nb::class_<Value>(module, "Value", "An input or output of a model.")
      .def_ro("name", &Value::name)
      .def_ro("dtype", &Value::dtype,
              "numpy's name of the elements' type. Types that it lacks travel "
              "as their bits: bfloat16 as uint16, 8-bit floats as uint8.")
      .def_ro("shape", &Value::shape,
              nb::sig("def shape(self) -> tuple[int | str, ...]"),
              "A number, or what a size is called, for each axis: `('batch', "
              "4)`.")
      .def("__repr__", [](const Value &value) {
        return "Value('" + value.name + "', " + value.dtype + ", " +
               nb::repr(value.shape).c_str() + ")";
      });

  auto text = [](const char *const squint_library::*field) {
    return [field](const Model &model) { return model.table->*field; };
  };
  nb::class_<Model> type(
      module, "Model",
      "A compiled library and its weights, which all of its sessions share.");
  type.def_prop_ro("name", text(&squint_library::name),
                   "What the library's functions start with.")
      .def_prop_ro("compiler", text(&squint_library::compiler))
      .def_prop_ro("triple", text(&squint_library::triple))
      .def_prop_ro("cpus", text(&squint_library::cpu),
                   "What it was compiled for, the best first, with commas.")
      .def_prop_ro(
          "cpu",
          [](const Model &model) { return model.table->target(model.model); },
          "The one of them whose code runs.")
      .def_prop_ro("weights_bytes",
                   [](const Model &model) { return model.table->weights_size; })
      .def_prop_ro(
          "inputs",
          [](const Model &model) {
            std::vector<Value> values;
            for (uint32_t i = 0; i < model.table->num_inputs; ++i)
              values.push_back(describe(model.table->inputs[i]));
            return values;
          },
          R"(What it takes, in order.

>>> squint.load("model.so").inputs
[Value('x', float32, ('batch', 64))]
)")
      .def_prop_ro("outputs",
                   [](const Model &model) {
                     std::vector<Value> values;
                     for (uint32_t i = 0; i < model.table->num_outputs; ++i)
                       values.push_back(describe(model.table->outputs[i]));
                     return values;
                   })
      .def_prop_ro(
          "is_language_model",
          [](const Model &model) {
            return bool(squintIsLanguageModel(model.table));
          },
          "Whether it takes tokens, remembers them in a `State`, and gives "
          "logits.")
      .def_prop_ro(
          "context",
          [](const Model &model) {
            return model.table->state ? model.table->state->context : 0;
          },
          "Tokens that it was made for, at most; 0 for a model without a "
          "state.")
      .def("session", &makeSession, "threads"_a = 1,
           "What runs the model: workspace and threads (0: as many as this "
           "process may use). Results do not depend on their number.");
  module.def(
      "load", &load, "file"_a, nb::kw_only(), "weights"_a = nb::none(),
      "target"_a = nb::none(), "large_pages"_a = true, "device"_a = 0,
      nb::arg("options"),
      nb::sig("def load(file: str | os.PathLike[str], *, weights: str | "
              "os.PathLike[str] | None = None, target: str | None = None, "
              "large_pages: bool = True, device: int = 0, "
              "**options: typing.Any) -> Model"),
      R"(Load a compiled .so, whose code runs from then on: it has to be trusted.

`weights` is its file of weights where that is not beside it, `target` one of the CPUs that it was compiled for (default: the best that runs here).
Weights of 8 MB and more are copied into large pages, from which they are read faster; without `large_pages` they stay in the file, which several processes
then share. `device` is the number of the GPU of a library for GPUs.
A model (.onnx, .gguf, .mlir, or a folder) is compiled first, as `compile` does it and with its options, `weights` among them, into a file that is gone when
this returns: `squint.load("llm.gguf", cache="f32")`. Raises `squint.Error`.

>>> model = squint.load("model.so")
>>> model.outputs[0].dtype
'float32'
>>> squint.load("model.onnx", weights="int8:channel").inputs
[Value('x', float32, ('batch', 64))]
>>> squint.load("other.so")
Traceback (most recent call last):
squint.Error: error: ./other.so: ...
)");
  return type;
}

static nb::class_<Session> defineSession(nb::module_ &module) {
  nb::class_<Session> type(
      module, "Session",
      "Runs a model. Calls from several threads take turns; give each thread "
      "a session of its own to have them run side by side.");
  type.def("run", &runNamed, "inputs"_a, "state"_a = nb::none(),
           nb::sig("def run(self, inputs: dict[str, typing.Any], state: "
                   "State | None = None) -> dict[str, numpy.ndarray]"),
           R"(Run the model on arrays by name; gives new arrays by name.

Types and shapes are the model's `inputs`; nothing is converted but what numpy makes of lists. A language model also takes
the `state` that it adds to; a run that fails adds nothing. Raises `squint.Error`.

>>> import numpy as np
>>> session = squint.load("model.so").session()
>>> y = session.run({"x": np.ones((3, 64), np.float32)})
>>> {name: (array.dtype.name, array.shape) for name, array in y.items()}
{'probabilities': ('float32', (3, 4))}
>>> session.run({"x": np.ones((3, 63), np.float32)})
Traceback (most recent call last):
squint.Error: input 'x': expected float32 ('batch', 64), got float32 (3, 63)
)")
      .def_prop_rw(
          "threads",
          [](Session &session) {
            return session.model->table->threads(session.context);
          },
          [](Session &session, int32_t threads) {
            std::lock_guard<std::mutex> lock(session.mutex);
            check(session,
                  session.model->table->set_threads(session.context, threads));
          })
      .def_prop_ro("workspace_bytes", [](Session &session) {
        std::lock_guard<std::mutex> lock(session.mutex);
        return session.model->table->workspace_bytes(session.context);
      });
  return type;
}

void squint_python::defineRun(nb::module_ &module) {
  nb::class_<Model> model = defineModel(module);
  nb::class_<Session> session = defineSession(module);
  defineLanguage(module, model, session);
}
