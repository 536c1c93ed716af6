# Language models from ONNX, with the keys and values of earlier tokens as inputs and results or without, become libraries with a state: ONNX
# Runtime says the same when it is given its own results step by step, and the bits do not depend on how a sequence is cut.
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import onnx_language_models as models
import squint_testing as squint
from session import Model, State

work = pathlib.Path(sys.argv[1])
LENGTH = 300
ids = np.random.default_rng(1).integers(0, models.VOCABULARY, (3, LENGTH))


def in_pieces(model, ids, sizes):
    state, out, at = State(model, len(ids)), [], 0
    for size in sizes:
        out.append(state.run(ids[:, at : at + size]))
        at += size
    return np.concatenate(out, axis=1)


def kept(form, **choices):
    return lambda: models.kept(form, **choices)


KINDS = {"input": {}, "mask": {"positions": "mask"}, "range": {"positions": "range"}, "whole": {"past": False, "positions": "range"},
         "padded": {"past": False, "positions": "mask", "masked": True}, "table": {"past": False, "table": True}}
# Operators that keep the caches themselves.
KEPT = {"group": kept("group-query"), "window": kept("group-query", window=150), "lengths": kept("lengths"), "attention": kept("attention"),
        "flat": kept("attention", rank=3), "shown": kept("attention", mask="bool"), "hidden": kept("attention", mask="float", window=9),
        "scatter": kept("scatter")}
for name, choices in (KINDS | KEPT).items():
    model = choices() if callable(choices) else models.decoder(**choices)
    choices = {} if callable(choices) else choices
    onnx.save(model, work / f"{name}.onnx")
    flags = [] if name == "table" else [f"--context={models.CONTEXT}"]
    library = Model(squint.compile(work / f"{name}.onnx", work / f"{name}.so", "--cache=f32", *flags))
    # One step of ONNX Runtime's takes all that a model without a past can.
    want = models.by_steps(model, ids, [150] + [1] * 150 if choices.get("past", True) else [LENGTH])
    got = in_pieces(library, ids, [LENGTH])
    error = squint.relative_error(got, want)
    print(f"{name}: {error:.1e}")
    assert error < 1e-5, name
    assert np.array_equal(in_pieces(library, ids, [1, 127, 1, 1, 60, 110]), got), name
    assert np.array_equal(in_pieces(library, ids[1:2], [130, 170])[0], got[1]), name
    # Sequences of different lengths side by side.
    state = State(library, 2)
    state.run(ids[:2, :40])
    state.rewind(10, sequence=1)
    step = state.run(np.stack([ids[0, 40:45], ids[1, 10:15]]))
    assert np.array_equal(step[0], got[0, 40:45]) and np.array_equal(step[1], got[1, 10:15]), name

for cache, most in (("f16", 2e-3), ("int8", 3e-2), ("int4", 0.3)):
    library = Model(squint.compile(work / "input.onnx", work / f"{cache}.so", f"--cache={cache}", f"--context={models.CONTEXT}"))
    narrow = in_pieces(library, ids, [LENGTH])
    error = squint.relative_error(narrow, want)
    print(f"{cache}: {error:.1e}")
    assert 0 < error < most, cache
    assert np.array_equal(in_pieces(library, ids, [5, 250, 1, 44]), narrow), cache
