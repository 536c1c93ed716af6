# Models to libraries and to IR from Python, as squintc makes them; recipes; and what is refused.
# REQUIRES: python-bindings, squintc, squint-opt
# RUN: rm -rf %t && mkdir -p %t && cp %S/../../examples/cmake/model.* %t && %python %s %t
import functools
import os
import pathlib
import sys
import threading
import warnings

import numpy as np
import squint
import squint_testing

work = pathlib.Path(sys.argv[1])
model = work / "model.onnx"
refused = functools.partial(squint_testing.refused, kind=squint.Error)

# The same bytes as the tool's, with options of every kind.
np.savez(work / "samples.npz", x=np.random.default_rng(1).standard_normal((8, 64)).astype(np.float32))
for i, options in enumerate([
    {},
    {"weights": "int8:channel", "activations": "int8:token", "mcpu": ["x86-64-v3", "x86-64-v4"], "jobs": 1},
    {"recipe": squint.recipes.path("w8a8-static"), "calibration": work / "samples.npz", "dim": {"batch": 4}, "verify_rewrites": True, "pareto": False, "budget": None},
]):
    (work / "a").mkdir(exist_ok=True)
    assert squint.compile(model, work / "a" / "m.so", **options) == ""
    flags = []
    for name, value in options.items():
        name = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        values = value if isinstance(value, list) else [f"{k}={v}" for k, v in value.items()] if isinstance(value, dict) else [value]
        flags += [name] if value is True else [f"{name}={v}" for v in values]
    (work / "b").mkdir(exist_ok=True)
    squint_testing.compile(model, work / "b" / "m.so", *flags)
    assert (work / "a" / "m.so").read_bytes() == (work / "b" / "m.so").read_bytes(), options
    assert (work / "a" / "m.h").read_bytes() == (work / "b" / "m.h").read_bytes()

# Text: tables, passes, IR, and from there on.
assert "hidden" in squint.compile(model, weights="int8", explain=True)
assert squint.compile(model, work / "p.so", print_pipeline=True).startswith("builtin.module(")
text = squint.compile(model, emit="onnx")
assert text == squint_testing.tool("squintc", model, "--emit=onnx", "-o", "-")
passes = "func.func(squint-raise)"
(work / "text.mlir").write_text(text)
assert squint.run_pipeline(text, passes, folder=work) == squint_testing.tool("squint-opt", work / "text.mlir", f"--pass-pipeline=builtin.module({passes})")[:-1]
assert squint.run_pipeline(text, f"builtin.module({passes})", folder=str(work)) == squint.run_pipeline(text, passes, folder=work)
squint.compile(work / "text.mlir", work / "text.so")
squint.compile(model, work / "whole.so", prefix="text")
x = {"x": np.ones((2, 64), np.float32)}
assert (squint.load(work / "text.so").session().run(x)["probabilities"] == squint.load(work / "whole.so").session().run(x)["probabilities"]).all()
quantize = "squint-select-formats{weights=int8:channel},squint-quantize-rtn"
refused("store", squint.run_pipeline, squint.compile(model, emit="squint"), quantize, folder=work)
made = squint.run_pipeline(squint.compile(model, emit="squint"), quantize, folder=work, store=work / "made.safetensors")
assert "made.safetensors" in made and (work / "made.safetensors").exists()

# What is said though it went well.
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    squint.compile(model, work / "m.so", weights="int8", calibration=work / "samples.npz")
assert [str(w.message) for w in said if "calibration touched nothing" in str(w.message)] and said[0].category is UserWarning, said

# Several at a time, each with its own diagnostics.
results = {}


def compile_one(i):
    try:
        squint.compile(model, work / f"t{i}.so", weights="int8" if i % 2 else f"int{i + 40}")
        results[i] = None
    except squint.Error as error:
        results[i] = str(error)


threads = [threading.Thread(target=compile_one, args=(i,)) for i in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert all((results[i] is None) if i % 2 else (f"int{i + 40}" in results[i] and results[i].count("\n") == 0) for i in range(6)), results

assert squint.recipes.names() == sorted(path.stem for path in (squint_testing.SOURCE / "recipes").glob("*.yaml"))
for name in squint.recipes.names():
    squint.recipes.check(squint.recipes.path(name))
    assert squint.recipes.read(name) == (squint_testing.SOURCE / "recipes" / f"{name}.yaml").read_text()
(work / "bad.yaml").write_text("rules:\n- weights: int8\n  colour: red\n")
refused("bad.yaml:3:", squint.recipes.check, work / "bad.yaml")
refused("none.yaml", squint.recipes.check, "none.yaml")

before = set(os.listdir(work))
refused("expected an output", squint.compile, model)
refused("unknown option 'colour'", squint.compile, model, work / "x.so", colour="red")
refused("--jobs: expected a number", squint.compile, model, work / "x.so", jobs=-1)
refused("--explain: expected true or false", squint.compile, model, work / "x.so", explain="perhaps")
refused("cannot open", squint.compile, work / "none.onnx", work / "x.so")
refused("expected an output ending in", squint.compile, model, work / "x.txt")
refused("--weights=int9", squint.compile, model, work / "x.so", weights="int9")
refused("error: ", squint.compile, work / "samples.npz", work / "x.so")
refused("os.PathLike", squint.compile, 3, work / "x.so", kind=TypeError)
refused("os.PathLike", squint.compile, model, work / "x.so", weights=3.5, kind=TypeError)
(work / "cut.onnx").write_bytes(model.read_bytes()[:50])
before.add("cut.onnx")
refused("cut.onnx: error: ", squint.compile, work / "cut.onnx", work / "x.so")
refused("text:1:1: error: ", squint.run_pipeline, "what", "cse")
refused("squint-none", squint.run_pipeline, "", "squint-none")
refused("expected ')'", squint.run_pipeline, "", "builtin.module(cse")
refused("error: ", squint.run_pipeline, "", "cse),(")
assert set(os.listdir(work)) == before, set(os.listdir(work)) - before
