//===- Language.cpp - states, tokens and their choice -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Run.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <new>

namespace nb = nanobind;
using namespace nb::literals;
using namespace squint_python;

namespace {

using Tokens = nb::ndarray<const int64_t, nb::c_contig, nb::device::cpu>;
using Logits =
    nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

constexpr squint_dtype kInt64 = {SQUINT_DTYPE_INT, 64, 1};

/// How tokens are chosen.
struct Sampler {
  std::unique_ptr<SquintSampler, void (*)(SquintSampler *)> sampler;
};

} // namespace

//===----------------------------------------------------------------------===//
// States
//===----------------------------------------------------------------------===//

static std::shared_ptr<State> makeState(std::shared_ptr<Model> model,
                                        int64_t sequences, int64_t capacity) {
  const squint_library &table = *model->table;
  if (!table.state)
    throw Error("expected a model that remembers its tokens: a language model "
                "compiled with a cache");
  auto state = std::make_shared<State>();
  state->model = model;
  Options options;
  options.sequences = sequences;
  options.capacity = capacity;
  options.check(table,
                table.state_create(model->model, &options, &state->state));
  state->sequences = sequences;
  state->capacity = capacity ? capacity : table.state->context;
  return state;
}

static int64_t getLength(const State &state, int64_t sequence) {
  std::lock_guard<std::mutex> lock(state.mutex);
  int64_t length = state.model->table->state_length(state.state, sequence);
  if (length < 0)
    throw Error("expected a sequence below " + std::to_string(state.sequences) +
                ", got " + std::to_string(sequence));
  return length;
}

static void rewindTo(State &state, int64_t length, int64_t sequence) {
  int64_t most = getLength(state, sequence);
  std::lock_guard<std::mutex> lock(state.mutex);
  if (state.model->table->state_rewind(state.state, sequence, length))
    throw Error("expected a length of 0 to " + std::to_string(most) + ", got " +
                std::to_string(length));
}

static std::shared_ptr<State> copy(const State &state) {
  auto other = makeState(state.model, state.sequences, state.capacity);
  std::lock_guard<std::mutex> lock(state.mutex);
  const squint_library &table = *state.model->table;
  if (int32_t status = table.state_copy(state.state, other->state))
    throw Error(table.status_text(status));
  return other;
}

static nb::bytes save(const State &state) {
  std::lock_guard<std::mutex> lock(state.mutex);
  const squint_library &table = *state.model->table;
  uint64_t size = table.state_bytes(state.state);
  nb::object bytes =
      nb::steal(PyBytes_FromStringAndSize(nullptr, Py_ssize_t(size)));
  if (!bytes.is_valid())
    throw nb::python_error();
  if (int32_t status =
          table.state_save(state.state, PyBytes_AsString(bytes.ptr()), size))
    throw Error(table.status_text(status));
  return nb::cast<nb::bytes>(bytes);
}

static void restore(State &state, nb::bytes data) {
  std::lock_guard<std::mutex> lock(state.mutex);
  if (state.model->table->state_load(state.state, data.data(), data.size()))
    throw Error("expected a saved state of this model, of " +
                std::to_string(state.sequences) + " sequences of at most " +
                std::to_string(state.capacity) + " tokens");
}

//===----------------------------------------------------------------------===//
// Tokens
//===----------------------------------------------------------------------===//

static void expectLanguageModel(const Session &session) {
  if (!squintIsLanguageModel(session.model->table))
    throw Error("expected a language model with a state: inputs 'input_ids' "
                "[sequences, n] and 'logits_to_keep' [1] of int64, and logits "
                "of float32");
}

/// Tokens [sequences, length] behind those of a state: the logits of the last
/// `keep` ones.
static Buffer push(Session &session, State &state, const int64_t *tokens,
                   int64_t sequences, int64_t length, int64_t keep) {
  expectLanguageModel(session);
  if (keep < 1 || keep > length)
    throw Error(
        "expected tokens, and to keep logits of 1 to all of them, got " +
        std::to_string(length) + " and " + std::to_string(keep));
  int64_t vocabulary = session.model->table->outputs[0].dims[2];
  for (int64_t i = 0; i < sequences * length; ++i)
    if (tokens[i] < 0 || tokens[i] >= vocabulary)
      throw Error("expected tokens below " + std::to_string(vocabulary) +
                  ", got " + std::to_string(tokens[i]));
  int64_t shape[] = {sequences, length}, one[] = {1};
  std::vector<squint_tensor> inputs = {
      {const_cast<int64_t *>(tokens),
       {SQUINT_DEVICE_CPU, 0},
       2,
       kInt64,
       shape,
       nullptr,
       0},
      {&keep, {SQUINT_DEVICE_CPU, 0}, 1, kInt64, one, nullptr, 0}};
  return std::move(run(session, &state, inputs)[0]);
}

static Array pushTokens(Session &session, State &state, nb::handle tokens,
                        std::optional<int64_t> keep) {
  nb::object array = nb::module_::import_("numpy").attr("asarray")(
      nb::borrow(tokens), "dtype"_a = "int64");
  Tokens ids = nb::cast<Tokens>(array);
  if (ids.ndim() != 1 && ids.ndim() != 2)
    throw Error("expected tokens [n] or [sequences, n], got " +
                std::to_string(ids.ndim()) + " axes");
  bool isOne = ids.ndim() == 1;
  int64_t length = int64_t(ids.shape(isOne ? 0 : 1));
  Buffer logits =
      push(session, state, ids.data(), isOne ? 1 : int64_t(ids.shape(0)),
           length, keep.value_or(length));
  return logits.give(/*skip=*/isOne);
}

namespace {

/// Tokens one after the other.
struct Generation {
  nb::object session, state, sampler;
  std::vector<int64_t> pending;
  int64_t left;

  int64_t next() {
    if (left <= 0)
      throw nb::stop_iteration();
    Buffer logits = push(nb::cast<Session &>(session), nb::cast<State &>(state),
                         pending.data(), 1, int64_t(pending.size()), 1);
    int64_t token =
        squintPickToken(nb::cast<Sampler &>(sampler).sampler.get(),
                        reinterpret_cast<const float *>(logits.memory.get()),
                        size_t(logits.shape[2]));
    pending = {token};
    --left;
    return token;
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

void squint_python::defineLanguage(nb::module_ &module,
                                   nb::class_<Model> &model,
                                   nb::class_<Session> &session) {
  model.def("state", &makeState, "sequences"_a = 1, "capacity"_a = 0,
            "An empty state of a language model: so many sequences side by "
            "side, of at most `capacity` tokens (0: `context`). Memory that "
            "tokens have not reached is not touched.");
  session.def(
      "push", &pushTokens, "state"_a, "tokens"_a, "keep"_a = 1,
      nb::sig("def push(self, state: State, tokens: typing.Any, keep: "
              "int | None = 1) -> numpy.ndarray"),
      "Add tokens [n] to the state of one sequence, or [sequences, n] to "
      "those of several. Gives the logits of the last `keep` tokens "
      "(None: of all), float32 [keep, vocabulary] or [sequences, keep, "
      "vocabulary]. Raises `squint.Error` for tokens outside the "
      "vocabulary and more than the state takes; nothing is added then.");

  nb::class_<State>(module, "State",
                    "What a language model remembers of its tokens: the keys "
                    "and values of sequences side by side.")
      .def_ro("sequences", &State::sequences)
      .def_ro("capacity", &State::capacity, "Tokens of each, at most.")
      .def("length", &getLength, "sequence"_a = 0,
           "How many tokens a sequence has.")
      .def("rewind", &rewindTo, "length"_a = 0, "sequence"_a = 0,
           "Forget the tokens of a sequence behind the first `length` ones.")
      .def("copy", &copy, "Another state of the same tokens.")
      .def("save", &save, "The state as bytes, for `load`.")
      .def("load", &restore, "data"_a,
           "Become what a state was when it was saved. Raises `squint.Error` "
           "for bytes of another model or of more tokens than there is room "
           "for; the state stays as it is then.");

  nb::class_<Sampler>(module, "Sampler",
                      "Chooses tokens; the same seed and logits give the same "
                      "ones.")
      .def(
          "__init__",
          [](Sampler *place, float temperature, int64_t topK, float topP,
             float minP, uint64_t seed) {
            new (place) Sampler{
                {squintCreateSampler(temperature, topK, topP, minP, seed),
                 squintDestroySampler}};
          },
          "temperature"_a = 0.0f, "top_k"_a = 0, "top_p"_a = 1.0f,
          "min_p"_a = 0.0f, "seed"_a = 0,
          "Without a temperature the likeliest token is taken. `top_k`: among "
          "so many likeliest ones; `top_p`: among the likeliest that make up "
          "this probability; `min_p`: among those with this part of the "
          "likeliest's.")
      .def(
          "pick",
          [](Sampler &sampler, Logits logits) {
            if (!logits.size())
              throw Error("expected logits of at least one token");
            return squintPickToken(sampler.sampler.get(), logits.data(),
                                   logits.size());
          },
          "logits"_a,
          R"(A token for logits, float32 [vocabulary].

>>> import numpy as np
>>> squint.Sampler().pick(np.array([0.5, 2.0, 1.0], np.float32))
1
)");

  nb::class_<Generation>(module, "Generation",
                         "Tokens of `generate`, one after the other.")
      .def(
          "__iter__", [](nb::handle self) { return nb::borrow(self); },
          nb::sig("def __iter__(self) -> Generation"))
      .def("__next__", &Generation::next);
  module.def(
      "generate",
      [](nb::object session, nb::object state, std::vector<int64_t> tokens,
         int64_t count, nb::object sampler) {
        expectLanguageModel(nb::cast<Session &>(session));
        nb::cast<State &>(state);
        if (tokens.empty())
          throw Error("expected at least one token to go on from");
        if (sampler.is_none())
          sampler = nb::cast(Sampler{
              {squintCreateSampler(0, 0, 1, 0, 0), squintDestroySampler}});
        nb::cast<Sampler &>(sampler);
        return Generation{session, state, sampler, std::move(tokens), count};
      },
      "session"_a, "state"_a, "tokens"_a, "count"_a, "sampler"_a = nb::none(),
      nb::sig("def generate(session: Session, state: State, tokens: "
              "collections.abc.Sequence[int], count: int, sampler: Sampler | "
              "None = None) -> Generation"),
      "Go on from tokens, behind those of a state of one sequence: an iterator "
      "of `count` tokens, each computed when it is asked for. The state then "
      "holds all of them but the last, which the next call begins with. "
      "Without a sampler each is the likeliest one.");
}
