//===- Library.cpp - loads and runs an emitted library ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Runtime/Library.h"

#include <dlfcn.h>

using namespace llvm;
using namespace squint;

template <typename... Args>
static Error refuse(const char *format, Args... arguments) {
  return createStringError(inconvertibleErrorCode(), format, arguments...);
}

//===----------------------------------------------------------------------===//
// Library
//===----------------------------------------------------------------------===//

Library::~Library() {
  if (handle)
    dlclose(handle);
}

Expected<std::unique_ptr<Library>> Library::open(StringRef path) {
  std::unique_ptr<Library> library(new Library);
  // Without a slash dlopen would search the system's folders.
  std::string name = (path.contains('/') ? "" : "./") + path.str();
  library->handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle)
    return refuse("%s", dlerror());
  library->description = static_cast<const squint_library *>(
      dlsym(library->handle, "squint_library_v1"));
  if (!library->description)
    return refuse("%s: expected a library of squintc, which exports "
                  "squint_library_v1",
                  path.str().c_str());
  const squint_library &table = *library->description;
  if (table.version != 1 || table.struct_size < sizeof(squint_library))
    return refuse("%s: expected version 1 of the library's table, got %u",
                  path.str().c_str(), table.version);
  return library;
}

ArrayRef<squint_value_v1> squint::getInputs(const squint_library &library) {
  return {library.inputs, library.num_inputs};
}

ArrayRef<squint_value_v1> squint::getOutputs(const squint_library &library) {
  return {library.outputs, library.num_outputs};
}

std::string squint::describe(const squint_value_v1 &value) {
  std::string out = toString(value.dtype) + "[";
  for (int32_t i = 0; i < value.ndim; ++i)
    out += (i ? ", " : "") + std::string(value.dim_names[i]);
  return out + "]";
}

//===----------------------------------------------------------------------===//
// Session
//===----------------------------------------------------------------------===//

Session::~Session() {
  table.state_destroy(state);
  table.context_destroy(run_context);
  table.model_destroy(model);
}

Error Session::check(int32_t status) {
  if (!status)
    return Error::success();
  const char *text = run_context ? table.error_text(run_context) : "";
  return refuse("%s", *text ? text : table.status_text(status));
}

Expected<std::unique_ptr<Session>>
Session::create(const squint_library &library, const SessionOptions &given) {
  std::unique_ptr<Session> session(new Session(library));
  char text[512] = "";
  squint_options options = {};
  options.struct_size = sizeof(options);
  options.threads = given.threads;
  options.sequences = given.sequences;
  options.capacity = given.capacity;
  options.device = given.device;
  options.large_pages = given.largePages ? 0 : -1;
  options.error_buffer = text;
  options.error_buffer_size = sizeof(text);
  if (!given.weightsPath.empty())
    options.weights_path = given.weightsPath.c_str();
  if (!given.target.empty())
    options.target = given.target.c_str();
  if (!given.weights.empty()) {
    options.weights = given.weights.data();
    options.weights_size = given.weights.size();
  }
  int32_t status = library.model_create(&options, &session->model);
  if (!status)
    status =
        library.context_create(session->model, &options, &session->run_context);
  if (!status)
    status = library.state_create(session->model, &options, &session->state);
  if (status)
    return refuse("%s", *text ? text : library.status_text(status));
  return session;
}

Error Session::rewind() {
  for (int64_t i = 0; table.state_length(state, i) >= 0; ++i)
    if (int32_t status = table.state_rewind(state, i, 0))
      return refuse("%s", table.status_text(status));
  return Error::success();
}

Expected<std::vector<Array>>
Session::makeOutputs(ArrayRef<const Array *> inputs) {
  if (inputs.size() != table.num_inputs)
    return refuse("expected %u inputs, got %zu", table.num_inputs,
                  inputs.size());
  inputTensors.clear();
  for (const Array *input : inputs)
    inputTensors.push_back(input->tensor());
  if (Error error = check(table.prepare(run_context, inputTensors.data())))
    return std::move(error);
  std::vector<Array> outputs;
  for (auto [index, output] : enumerate(getOutputs(table))) {
    std::vector<int64_t> shape(output.ndim + 1);
    if (Error error =
            check(table.output_shape(run_context, index, shape.data())))
      return std::move(error);
    shape.pop_back();
    Expected<Array> array = Array::create(output.dtype, shape);
    if (!array)
      return array.takeError();
    outputs.push_back(std::move(*array));
  }
  return outputs;
}

Error Session::run(ArrayRef<const Array *> inputs,
                   MutableArrayRef<Array> outputs) {
  if (inputs.size() != table.num_inputs || outputs.size() != table.num_outputs)
    return refuse("expected %u inputs and %u outputs, got %zu and %zu",
                  table.num_inputs, table.num_outputs, inputs.size(),
                  outputs.size());
  inputTensors.clear();
  outputTensors.clear();
  for (const Array *input : inputs)
    inputTensors.push_back(input->tensor());
  for (const Array &output : outputs)
    outputTensors.push_back(output.tensor());
  return check(
      table.run(run_context, state, inputTensors.data(), outputTensors.data()));
}

Error Session::shrink(MutableArrayRef<Array> outputs) {
  for (auto [index, output] : enumerate(outputs)) {
    std::vector<int64_t> shape(output.shape().size() + 1);
    if (Error error =
            check(table.output_shape(run_context, index, shape.data())))
      return error;
    shape.pop_back();
    output.shrink(shape);
  }
  return Error::success();
}

Expected<std::vector<Array>> Session::run(ArrayRef<const Array *> inputs) {
  Expected<std::vector<Array>> outputs = makeOutputs(inputs);
  if (!outputs)
    return outputs.takeError();
  if (Error error = run(inputs, *outputs))
    return std::move(error);
  if (Error error = shrink(*outputs))
    return std::move(error);
  return outputs;
}
