# A language model's library remembers its tokens: however a sequence is cut and whatever is beside it, the bits are the same, and they are those
# of the whole sequence at once.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import platform
import sys

import gguf_models
import numpy as np
import squint_testing as squint
from session import Error, Model, State

work = pathlib.Path(sys.argv[1])
LENGTH = 300
random = np.random.default_rng(1)


def compile(kind, *flags, name, **more):
    file = work / f"{name}.gguf"
    meta, weights = gguf_models.write(file, kind, context_length=LENGTH, **more)
    return squint.compile(file, work / f"{name}.so", *flags), meta, weights


def in_pieces(model, ids, sizes):
    state, out, at = State(model, len(ids)), [], 0
    for size in sizes:
        out.append(state.run(ids[:, at : at + size]))
        at += size
        assert all(state.length(i) == at for i in range(len(ids)))
    return np.concatenate(out, axis=1)


def refused(text, function):
    try:
        function()
    except Error as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"expected a refusal: {text}")


# A window within a block, and one over several; heads whose size is no multiple of 16.
for name, kind, more in (("llama", "llama", {}), ("window", "mistral", {"attention.sliding_window": 7}),
                         ("far", "mistral", {"attention.sliding_window": 140}), ("gemma3", "gemma3", {}),
                         ("odd", "qwen3", {"attention.key_length": 24, "attention.value_length": 24})):
    ids = random.integers(0, gguf_models.VOCABULARY, (3, LENGTH))
    library, meta, weights = compile(kind, "--activations=f32", "--cache=f32", name=name, **more)
    whole, _, _ = compile(kind, "--activations=f32", "--cache=none", name=name + "_whole", **more)
    want = squint.run(whole, {"input_ids": ids})["logits"]
    model = Model(library)
    got = in_pieces(model, ids, [LENGTH])
    exact = np.stack([gguf_models.logits(kind, meta, weights, row) for row in ids])
    error = squint.relative_error(got, exact)
    print(f"{name}: {error:.1e}")
    assert error < 1e-5, name
    assert np.array_equal(got, want), name
    assert np.array_equal(in_pieces(model, ids, [1, 127, 1, 1, 60, 110]), want), name
    assert np.array_equal(in_pieces(Model(library, threads=3), ids, [200] + [1] * 100), want), name
    for i in range(3):
        assert np.array_equal(in_pieces(model, ids[i : i + 1], [130, 170])[0], want[i]), name

# Each format of a cache, against the floats that its codes stand for; the same bits for every cut.
for cache, most in (("f16", 2e-3), ("bf16", 2e-2), ("int8", 3e-2), ("f8e4m3", 0.15), ("f8e5m2", 0.3)):
    library, meta, weights = compile("llama", "--activations=f32", f"--cache={cache}", name=f"cache_{cache}")
    ids = random.integers(0, gguf_models.VOCABULARY, (2, LENGTH))
    model = Model(library)
    got = in_pieces(model, ids, [LENGTH])
    error = squint.relative_error(got, np.stack([gguf_models.logits("llama", meta, weights, row) for row in ids]))
    print(f"{cache}: {error:.1e}")
    assert 0 < error < most, cache
    assert np.array_equal(in_pieces(model, ids, [5, 250, 1, 44]), got), cache

# Few bits in groups: full blocks are packed, the others and the first tokens are not. The reference's codes differ where its floats are almost in
# the middle of two.
for name, kind, bits, more in (("grouped", "llama", 4, {}), ("two", "llama", 2, {}), ("grouped_window", "mistral", 4, {"attention.sliding_window": 140}),
                               ("grouped_odd", "qwen3", 4, {"attention.key_length": 24, "attention.value_length": 24})):
    library, meta, weights = compile(kind, "--activations=f32", f"--cache=int{bits}", name=name, **more)
    ids = random.integers(0, gguf_models.VOCABULARY, (3, LENGTH))
    model = Model(library)
    got = in_pieces(model, ids, [LENGTH])
    same = np.stack([gguf_models.logits(kind, meta, weights, row, cache_bits=bits) for row in ids])
    exact = np.stack([gguf_models.logits(kind, meta, weights, row) for row in ids])
    error, coding = squint.relative_error(got, same), squint.relative_error(same, exact)
    print(f"{name}: {error:.1e} of {coding:.1e}")
    assert error < 0.15 * coding, name
    assert squint.relative_error(got[:, :128], exact[:, :128]) < 2e-3, name
    for sizes in ([1, 127, 1, 1, 60, 110], [128, 128, 44], [5, 250, 1, 44], [255] + [1] * 45):
        assert np.array_equal(in_pieces(model, ids, sizes), got), (name, sizes)
    assert np.array_equal(in_pieces(Model(library, threads=3), ids, [200] + [1] * 100), got), name
    assert np.array_equal(in_pieces(model, ids[1:2], [130, 170])[0], got[1]), name
    if name == "grouped" and platform.machine() == "x86_64":
        other, _, _ = compile(kind, "--activations=f32", "--cache=int4", "--mcpu=x86-64-v3", name="grouped_v3")
        assert np.array_equal(in_pieces(Model(other), ids, [200, 100]), got), "x86-64-v3"
    # Back within the last block nothing is lost; before it the tokens are what their codes stand for.
    state = State(model, 3)
    state.run(ids)
    back = lambda state, length: [state.rewind(length, sequence=i) for i in range(3)]
    back(state, 260)
    assert np.array_equal(state.run(ids[:, 260:290]), got[:, 260:290]), name
    saved = state.save()
    back(state, 200)
    again = state.run(ids[:, 200:])
    assert 0 < squint.relative_error(again, got[:, 200:]) < 2 * coding, name
    back(state, 0)
    assert np.array_equal(state.run(ids), got), name
    loaded = State(model, 3)
    loaded.load(saved)
    assert np.array_equal(loaded.run(ids[:, 290:]), got[:, 290:]), name
    back(loaded, 200)
    assert np.array_equal(loaded.run(ids[:, 200:]), again), name

# Quantized activations, too, do not depend on the cut.
library, _, _ = compile("llama", name="default", type="Q4_0", embedding_length=64)
model = Model(library)
ids = random.integers(0, gguf_models.VOCABULARY, (8, LENGTH))
got = in_pieces(model, ids, [LENGTH])
assert np.array_equal(in_pieces(model, ids, [100, 1, 199]), got)
assert np.array_equal(in_pieces(model, ids[5:6], [3, 297])[0], got[5])

# Only the last tokens' logits.
state = State(model)
assert np.array_equal(state.run(ids[:1, :50], keep=3), got[:1, 47:50])
assert np.array_equal(state.run(ids[:1, 50:51], keep=0), got[:1, 50:51])
assert np.array_equal(state.run(ids[:1, 51:60], keep=1 << 50), got[:1, 51:60])

# Sequences of different lengths side by side, and back to a position.
state = State(model, sequences=2)
state.run(ids[:2, :40])
state.rewind(10, sequence=1)
step = state.run(np.stack([ids[0, 40:45], ids[1, 10:15]]))
assert np.array_equal(step[0], got[0, 40:45]) and np.array_equal(step[1], got[1, 10:15])
assert (state.length(0), state.length(1), state.length(2)) == (45, 15, -1)

# Copies and saved states go on alike.
state = State(model)
state.run(ids[:1, :150])
twin, saved = State(model), state.save()
state.copy_to(twin)
state.rewind(0)
state.run(ids[1:2, :20])
assert np.array_equal(twin.run(ids[:1, 150:200]), got[:1, 150:200])
loaded = State(model)
loaded.load(saved)
assert loaded.length() == 150 and np.array_equal(loaded.run(ids[:1, 150:170]), got[:1, 150:170])

# What cannot be is refused, and the state stays as it is.
refused("expected at most 300 tokens in a sequence, got 200 behind 170", lambda: loaded.run(ids[:1, :200]))
refused("expected 1 sequences as in the state, got 2", lambda: loaded.run(ids[:2, :5]))
refused("out of range", lambda: loaded.run([[gguf_models.VOCABULARY]]))
assert loaded.length() == 170
assert np.array_equal(loaded.run(ids[:1, 170:180]), got[:1, 170:180])
refused("invalid argument", lambda: loaded.rewind(181))
refused("invalid argument", lambda: loaded.rewind(-1))
refused("invalid argument", lambda: State(model, sequences=2).copy_to(loaded))
refused("expected at most", lambda: State(model, capacity=301))
refused("expected options", lambda: State(model, sequences=-1))
small = State(model, capacity=20)
refused("expected at most 20 tokens", lambda: small.run(ids[:1, :21]))
refused("invalid data", lambda: small.load(saved))
for bad in (saved[:-1], saved + b"\0", saved[:40], b"x" + saved[1:], saved[:8] + b"\1" + saved[9:], saved[:24] + b"\2" + saved[25:],
            saved[:40] + b"\xff" * 8 + saved[48:], saved[:40] + b"\0" * 8 + saved[48:]):
    refused("invalid", lambda: loaded.load(bad))
other = Model(squint.compile(work / "cache_int8.gguf", work / "other.so", "--cache=int8"))
refused("invalid data", lambda: State(other).load(saved))
