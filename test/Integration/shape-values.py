# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""Sizes that inputs contain: right ones give results, all others an error of the library."""
import itertools
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper

work = pathlib.Path(sys.argv[1])
F, I = TensorProto.FLOAT, TensorProto.INT64


def model(name, op, inputs, rank, outputs=1, element=F, **attributes):
    names = [f"i{k}" for k in range(len(inputs))]
    node = helper.make_node(op, names, [f"y{k}" for k in range(outputs)], **attributes)
    infos = [helper.make_tensor_value_info(n, t, s) for n, (t, s) in zip(names, inputs)]
    results = [helper.make_tensor_value_info(f"y{k}", element, [None] * rank) for k in range(outputs)]
    graph = helper.make_graph([node], "g", infos, results)
    path = work / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return squint.compile(path, work / f"{name}.so")


def run(library, *arrays):
    """The first output, or what the library says."""
    np.savez(work / "in.npz", **{f"i{k}": a for k, a in enumerate(arrays)})
    p = subprocess.run([str(squint.BIN / "squint-run"), library, f"--inputs={work}/in.npz", f"--outputs={work}/out.npz"],
                       capture_output=True, text=True, timeout=60)
    assert p.returncode in (0, 1), (p.returncode, p.stderr)
    return np.load(work / "out.npz")["y0"] if p.returncode == 0 else p.stderr


x = np.random.default_rng(0).standard_normal((2, 3, 4), np.float32)
ints = lambda *v: np.array(v, np.int64)
same = lambda got, want: np.testing.assert_array_equal(got, want)

reshape = model("reshape", "Reshape", [(F, [2, 3, 4]), (I, [3])], 3)
same(run(reshape, x, ints(4, 3, 2)), x.reshape(4, 3, 2))
same(run(reshape, x, ints(0, -1, 6)), x.reshape(2, 2, 6))
same(run(reshape, x, ints(1, 1, -1)), x.reshape(1, 1, 24))
for bad in (ints(5, 3, 2), ints(-1, -1, 2), ints(-2, 6, 2), ints(2**62, 2**62, 0), ints(2**33, 2**33, 2**33), ints(7, -1, 2)):
    assert isinstance(run(reshape, x, bad), str), bad

for count in (1, 2, 3):
    rank = 3 + count
    unsqueeze = model(f"unsqueeze{count}", "Unsqueeze", [(F, [2, 3, 4]), (I, [count])], rank)
    for axes in itertools.permutations(range(-rank, rank), count):
        if len({a % rank for a in axes}) == count:
            if count == 3 and sum(axes) % 5:
                continue  # every fifth of them
            same(run(unsqueeze, x, ints(*axes)), np.expand_dims(x, tuple(axes)))
    for bad in (ints(*range(rank, rank + count)), ints(*([-rank - 1] * count)), ints(*([1] * (count - 1)), 2**62)) + ((ints(1, 1 - rank, *([2] * (count - 2))),) if count > 1 else ()):
        assert isinstance(run(unsqueeze, x, bad), str), bad

pad = model("pad", "Pad", [(F, [2, 3, 4]), (I, [4]), (F, []), (I, [2])], 3)
for axes in ((0, 2), (-1, 1), (1, -3)):
    want = [(0, 0)] * 3
    want[axes[0]], want[axes[1]] = (1, 0), (2, 3)
    same(run(pad, x, ints(1, 2, 0, 3), np.float32(9), ints(*axes)), np.pad(x, want, constant_values=9))
same(run(pad, x, ints(0, -1, 1, -2), np.float32(9), ints(0, 2)), np.pad(x, [(0, 1), (0, 0), (0, 0)], constant_values=9)[:, :, 1:2])
for bad in (ints(0, 0), ints(0, 3), ints(-4, 1), ints(2, -1)):
    assert isinstance(run(pad, x, ints(0, 0, 0, 0), np.float32(0), bad), str), bad

fill = model("fill", "ConstantOfShape", [(I, [2])], 2)
same(run(fill, ints(2, 3)), np.zeros((2, 3), np.float32))
same(run(fill, ints(0, 3)), np.zeros((0, 3), np.float32))
for bad in (ints(-1, 3), ints(2**40, 2**40), ints(2**62, 2**62), ints(-(2**63), 2**62)):
    assert isinstance(run(fill, bad), str), bad

total = model("sum", "ReduceSum", [(F, [2, 3, 4]), (I, [1])], 2, keepdims=0)
for axis in (-3, -1, 0, 1, 2):
    np.testing.assert_allclose(run(total, x, ints(axis)), x.sum(axis), rtol=1e-6, atol=1e-6)
for bad in (3, -4, 2**62):
    assert isinstance(run(total, x, ints(bad)), str), bad

part = model("slice", "Slice", [(F, [2, 3, 4]), (I, [1]), (I, [1]), (I, [1]), (I, [1])], 3)
for start, end, axis, step in ((0, 2, 2, 1), (-1, -5, 2, -1), (3, 0, -1, -2), (-100, 100, 1, 1), (1, 1, 0, 1), (5, 9, 1, 1)):
    cut = [slice(None)] * 3
    stop = None if step < 0 and end < -4 else end
    cut[axis] = slice(start, stop, step)
    same(run(part, x, ints(start), ints(end), ints(axis), ints(step)), x[tuple(cut)])
for bad in ((0, 2, 3, 1), (0, 2, 0, 0)):
    assert isinstance(run(part, x, *(ints(v) for v in bad)), str), bad
# The largest numbers are bounds like others.
same(run(part, x, ints(-(2**63)), ints(2**63 - 1), ints(1), ints(1)), x)

# Bounds in floats of several widths; numbers that no size comes near are refused, not taken for others.
for kind, dtype in ((F, np.float32), (TensorProto.FLOAT16, np.float16), (TensorProto.DOUBLE, np.float64), (TensorProto.INT16, np.int16)):
    steps = model(f"range{kind}", "Range", [(kind, [])] * 3, 1, element=kind)
    for bounds in ((1, 5, 2), (10, 6, -3), (3, 3, 1), (5, 1, 1), (-2, 2, 1)) + (() if kind == TensorProto.INT16 else ((0.5, 2.75, 0.25), (1, -1, -0.125))):
        same(run(steps, *(dtype(b) for b in bounds)), np.arange(*bounds).astype(dtype))
    for bad in ((0, 3, 0),) + (() if kind in (TensorProto.FLOAT16, TensorProto.INT16) else ((0, 2**21, 1), (0, np.nan, 1), (np.inf, 0, 1))):
        assert isinstance(run(steps, *(dtype(b) for b in bad)), str), bad

# The same, as the standard's own function writes it: a loop whose trip count is computed in floats.
make, info = helper.make_node, helper.make_tensor_value_info
body = helper.make_graph([make("Identity", ["go"], ["on"]), make("Add", ["v", "i2"], ["next"]), make("Identity", ["v"], ["out"])], "b",
                         [info("i", I, []), info("go", TensorProto.BOOL, []), info("v", F, [])],
                         [info("on", TensorProto.BOOL, []), info("next", F, []), info("out", F, [])])
nodes = [make("Sub", ["i1", "i0"], ["span"]), make("Div", ["span", "i2"], ["q"]), make("Ceil", ["q"], ["c"]), make("Relu", ["c"], ["r"]),
         make("Cast", ["r"], ["m"], to=I), make("Cast", ["r"], ["any"], to=TensorProto.BOOL), make("Loop", ["m", "any", "i0"], ["last", "y0"], body=body)]
graph = helper.make_graph(nodes, "g", [info(f"i{k}", F, []) for k in range(3)], [info("y0", F, [None])])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), work / "loop.onnx")
steps = squint.compile(work / "loop.onnx", work / "loop.so")
for bounds in ((1, 5, 2), (10, 6, -3), (3, 3, 1), (5, 1, 1), (0, 0.9, 0.3), (0, 2.75, 0.25)):
    count = max(0, int(np.ceil((np.float32(bounds[1]) - np.float32(bounds[0])) / np.float32(bounds[2]))))
    want = np.cumsum([np.float32(bounds[0])] + [np.float32(bounds[2])] * count, dtype=np.float32)[:count]
    same(run(steps, *(np.float32(b) for b in bounds)), want)
for bad in ((0, 3, 0), (0, 2**21, 1), (0, np.inf, 1)):
    assert isinstance(run(steps, *(np.float32(b) for b in bad)), str), bad

stft = model("stft", "STFT", [(F, [1, 16, 1]), (I, []), (F, [8]), (I, [])], 4)
assert run(stft, np.ones((1, 16, 1), np.float32), np.int64(4), np.ones(8, np.float32), np.int64(8)).shape == (1, 3, 5, 2)
for step, length in ((0, 8), (-1, 8), (-(2**31), 8), (-(2**63), 8), (4, 16), (4, 4), (4, -8)):
    assert isinstance(run(stft, np.ones((1, 16, 1), np.float32), np.int64(step), np.ones(8, np.float32), np.int64(length)), str), (step, length)

scatter = model("scatter", "ScatterElements", [(F, [2, 3]), (I, [1, 2]), (F, [1, 2])], 2, axis=1)
d, u = np.zeros((2, 3), np.float32), np.ones((1, 2), np.float32)
same(run(scatter, d, ints(0, -1)[None], u), [[1, 0, 1], [0, 0, 0]])
for bad in (ints(0, 3), ints(-4, 1), ints(2**62, 0)):
    assert "index out of range" in run(scatter, d, bad[None], u), bad
print("ok")
