# Language models from Python against float64: states of one or several sequences, rewound, copied and saved; tokens that are generated.
# REQUIRES: python-bindings, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import functools
import json
import os
import pathlib
import sys

import gguf_models
import numpy as np
import squint
import squint_testing

work = pathlib.Path(sys.argv[1])
meta, weights = gguf_models.write(work / "model.gguf", "llama", context_length=200)
squint.compile(work / "model.gguf", work / "model.so", activations="f32", cache="f32")
model = squint.load(work / "model.so")
assert model.is_language_model and model.context == 200 and [value.name for value in model.inputs] == ["input_ids", "logits_to_keep"]
session = model.session(threads=2)
random = np.random.default_rng(1)
tokens = random.integers(0, gguf_models.VOCABULARY, (3, 150))
exact = np.stack([gguf_models.logits("llama", meta, weights, row) for row in tokens])
close = lambda got, want: squint_testing.relative_error(got, want) < 1e-5
refused = functools.partial(squint_testing.refused, kind=squint.Error)

# One sequence in pieces, of arrays and lists of any integers; and by names, as any model.
state = model.state()
assert (state.sequences, state.capacity, state.length()) == (1, 200, 0)
first = session.push(state, tokens[0, :100].astype(np.int32), keep=None)
assert first.shape == (100, gguf_models.VOCABULARY) and first.dtype == np.float32 and close(first, exact[0, :100])
assert close(session.push(state, tokens[0, 100:149].tolist(), keep=2), exact[0, 147:149]) and state.length() == 149
last = session.push(state, tokens[0, 149:])
assert last.shape == (1, gguf_models.VOCABULARY) and close(last[0], exact[0, 149])
state.rewind(149)
named = session.run({"input_ids": tokens[:1, 149:], "logits_to_keep": [1]}, state)
assert (named["logits"][0] == last).all() and state.length() == 150

# Side by side, with lengths of their own; less room.
three = model.state(sequences=3, capacity=151)
assert close(session.push(three, tokens, keep=4), exact[:, -4:])
three.rewind(100, 1)
three.rewind(sequence=2)
assert [three.length(i) for i in range(3)] == [150, 100, 0]
after = session.push(three, np.array([[5], [tokens[1, 100]], [tokens[2, 0]]]))
assert close(after[1, 0], exact[1, 100]) and close(after[2, 0], exact[2, 0])

# Another state of the same tokens, through bytes, and what is between.
other, saved = state.copy(), state.save()
state.rewind()
assert (state.length(), other.length()) == (0, 150)
again = session.push(other, [7])
state.load(saved)
assert (session.push(state, [7]) == again).all() and isinstance(saved, bytes)

# Tokens as squint-run chooses them.
prompt = [5, 17, 60]
ask = ["squint-run", work / "model.so", "--prompt-tokens=5,17,60", "--generate=20", "--json"]
state.rewind()
greedy = list(squint.generate(session, state, prompt, 20))
assert greedy == json.loads(squint_testing.tool(*ask))["tokens"] and state.length() == 22
text = list(prompt)
for _ in range(20):
    text.append(int(gguf_models.logits("llama", meta, weights, np.array(text))[-1].argmax()))
assert greedy == text[3:]
state.rewind()
drawn = list(squint.generate(session, state, np.array(prompt), 20, squint.Sampler(temperature=2, top_k=30, top_p=0.9, min_p=0.01, seed=7)))
assert drawn == json.loads(squint_testing.tool(*ask, "--temperature=2", "--top-k=30", "--top-p=0.9", "--min-p=0.01", "--seed=7"))["tokens"] != greedy
# Each when it is asked for, and on from the last one.
state.rewind()
some = squint.generate(session, state, prompt, 100)
begun = [next(some), next(some)]
assert begun == greedy[:2] and state.length() == 4 and iter(some) is some
assert list(squint.generate(session, state, begun[-1:], 5)) == greedy[2:7]
sampler = squint.Sampler(temperature=1.0, top_k=1)
assert [sampler.pick(np.array(row, np.float32)) for row in ([1, 3, 2], [4, 4, 0])] == [1, 0]

length = state.length()
refused(f"expected tokens below {gguf_models.VOCABULARY}, got {gguf_models.VOCABULARY}", session.push, state, [1, gguf_models.VOCABULARY])
refused(", got -1", session.push, state, [-1])
refused("expected at most 200 tokens in a sequence, got 195 behind", session.push, state, [1] * 195)
refused("expected tokens [n] or [sequences, n], got 3 axes", session.push, state, [[[1]]])
refused("expected 1 sequences as in the state, got 2", session.push, state, [[1], [2]])
refused("got 0 and 1", session.push, state, [])
refused("got 2 and 3", session.push, state, [1, 2], keep=3)
refused("got 2 and -1", session.push, state, [1, 2], keep=-1)
refused("expected a state", session.run, {"input_ids": [[1]], "logits_to_keep": [1]})
assert state.length() == length
refused("expected a length of 0 to", state.rewind, length + 1)
refused("expected a length of 0 to", state.rewind, -1)
refused("expected a sequence below 1, got 1", state.length, 1)
refused("expected a sequence below 1, got -1", state.rewind, 0, -1)
refused("expected a saved state of this model", state.load, saved[:-1])
refused("expected a saved state of this model", state.load, b"")
refused("expected a saved state of this model", three.load, saved)
assert state.length() == length
for bad in ({"sequences": -1}, {"capacity": -1}, {"capacity": 201}, {"sequences": 1 << 40}):
    refused("expected", model.state, **bad)
refused("expected at least one token", squint.generate, session, state, [], 3)
refused("expected logits of at least one token", sampler.pick, np.zeros(0, np.float32))
refused("incompatible", sampler.pick, np.zeros((2, 2), np.float32), kind=TypeError)
refused("incompatible", squint.generate, session, state, ["a"], 3, kind=TypeError)
gguf_models.write(work / "other.gguf", "llama", context_length=200, seed=1)
squint.compile(work / "other.gguf", work / "other.so", cache="f32", activations="f32")
stranger = squint.load(work / "other.so").state()
refused("expected a state of the context's model", session.push, stranger, [1])
refused("expected a saved state of this model", stranger.load, saved)
squint.compile(work / "model.gguf", work / "whole.so", cache="none")
whole = squint.load(work / "whole.so")
assert not whole.is_language_model and whole.context == 0
refused("expected a language model with a state", squint.generate, whole.session(), state, [1], 3)

# A model is compiled first, with the compiler's options, and leaves no file.
os.environ["TMPDIR"] = str(work / "tmp")
(work / "tmp").mkdir()
made = squint.load(work / "model.gguf", activations="f32", cache="f32", context=160)
assert not list((work / "tmp").iterdir()) and made.context == 160
assert (made.session().push(made.state(), tokens[0, :100], keep=None) == first).all()
refused("unknown option 'speed'", squint.load, work / "model.gguf", speed=3)
refused("--weights=int9", squint.load, work / "model.gguf", weights="int9")
refused("expected a library with a target", squint.load, work / "model.gguf", target="znver4")
refused("options of the compiler are for a model", squint.load, work / "model.so", cache="f32")
