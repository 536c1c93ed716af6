# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""Results whose size data decides, and what is computed from them, against ONNX Runtime; indices outside of their tensor are an
error of the library."""
import numpy as np
import squint_testing as squint
from graph_testing import B, F, I, node, run, same, save, work

rng = np.random.default_rng(0)
x = np.round(rng.standard_normal((3, 5)), 1).astype(np.float32)

# What is above a threshold, gathered, and how much it is.
path = save("above", [node("Greater", ["x", "t"], ["m"]), node("NonZero", ["m"], ["w"]), node("Transpose", ["w"], ["at"], perm=[1, 0]),
                      node("GatherND", ["x", "at"], ["v"]), node("Softmax", ["v"], ["p"], axis=0), node("Size", ["v"], ["n"]),
                      node("Concat", ["p", "v"], ["pv"], axis=0), node("Unsqueeze", ["v", "one"], ["col"]), node("MatMul", ["col", "row"], ["outer"])],
            [("x", F, ["a", 5]), ("t", F, [])], [("w", I, [2, None]), ("v", F, [None]), ("p", F, [None]), ("n", I, []), ("pv", F, [None]), ("outer", F, [None, 2])],
            {"one": np.array([1]), "row": np.array([[1, -2]], np.float32)})
same(path, *({"x": x, "t": np.float32(t)} for t in (-9, 0, 0.5)))
got = run(path, {"x": x, "t": np.float32(9)})
assert got["w"].shape == (2, 0) and got["n"] == 0 and got["outer"].shape == (0, 2)

for axis in (None, 0, 1, -1):
    attributes = {} if axis is None else {"axis": axis}
    path = save("compress", [node("Compress", ["x", "c"], ["y"], **attributes), node("Neg", ["y"], ["z"])], [("x", F, [3, 5]), ("c", B, ["k"])],
                [("z", F, [None] * (1 if axis is None else 2))])
    same(path, *({"x": x, "c": np.array(c, bool)} for c in ([1, 0, 1], [0, 0], [1, 1])))
assert "index out of range" in run(path, {"x": x, "c": np.ones(6, bool)})

for axis in (None, 0, 1):
    for is_sorted in (0, 1):
        attributes = {} if axis is None else {"axis": axis}
        path = save("unique", [node("Unique", ["x"], ["y", "i", "r", "c"], sorted=is_sorted, **attributes)], [("x", F, ["n", 3])],
                    [("y", F, [None] * (1 if axis is None else 2)), ("i", I, [None]), ("r", I, [None]), ("c", I, [None])])
        same(path, {"x": rng.integers(0, 3, (40, 3)).astype(np.float32)}, {"x": rng.integers(0, 2, (7, 3)).astype(np.float32)})
path = save("unique_last", [node("Unique", ["x"], ["y", "", "", "c"])], [("x", I, ["n"])], [("y", I, [None]), ("c", I, [None])])
same(path, {"x": rng.integers(-5, 5, 100)})

boxes = rng.random((2, 30, 4)).astype(np.float32)
scores = np.round(rng.random((2, 3, 30)), 2).astype(np.float32)
for center in (0, 1):
    path = save("boxes", [node("NonMaxSuppression", ["b", "s", "m", "o", "l"], ["y"], center_point_box=center), node("Gather", ["y", "two"], ["k"], axis=1)],
                [("b", F, [2, "n", 4]), ("s", F, [2, 3, "n"]), ("m", I, [1]), ("o", F, [1]), ("l", F, [1])], [("y", I, [None, 3]), ("k", I, [None])],
                {"two": np.int64(2)})
    same(path, *({"b": boxes, "s": scores, "m": [m], "o": np.array([o], np.float32), "l": np.array([l], np.float32)}
                 for m, o, l in ((5, 0.3, 0.2), (100, 0.1, -1), (0, 0.5, 0), (3, 0, 0.9))))

path = save("top", [node("Mul", ["k", "two"], ["kk"]), node("TopK", ["x", "kk"], ["v", "i"]), node("ReduceSum", ["v", "one"], ["s"])],
            [("x", F, ["a", 5]), ("k", I, [1])], [("v", F, [None, None]), ("i", I, [None, None]), ("s", F, [None, 1])], {"two": np.array([2]), "one": np.array([1])})
same(path, {"x": x, "k": [1]}, {"x": x, "k": [2]})
inside = save("top_data", [node("NonZero", ["x"], ["w"]), node("Shape", ["w"], ["h"]), node("Slice", ["h", "one", "two"], ["k"]), node("Cast", ["k"], ["f"], to=F),
                           node("Abs", ["f"], ["a"]), node("Cast", ["a"], ["kk"], to=I), node("TopK", ["y", "kk"], ["v", "i"])],
              [("x", F, [6]), ("y", F, [4])], [("v", F, [None]), ("i", I, [None])], {"two": np.array([2]), "one": np.array([1])})
y = np.array([4, 1, 3, 2], np.float32)
same(inside, {"x": np.array([0, 1, 0, 0, 0, 1], np.float32), "y": y}, {"x": np.zeros(6, np.float32), "y": y})
assert "index out of range" in run(inside, {"x": np.ones(6, np.float32), "y": y})

# Indices outside of their tensor.
bad = [[3], [-4], [2**62], [-(2**63)]]
cases = {
    "gather": ([node("Gather", ["x", "i"], ["y"], axis=1)], [2, 3], [1]),
    "rows": ([node("Gather", ["x", "i"], ["y"], axis=0)], [3, 2], [1]),
    "numbers": ([node("Gather", ["x", "i"], ["y"], axis=0)], [3], [1]),
    "elements": ([node("GatherElements", ["x", "i"], ["y"], axis=0)], [3], [1]),
    "nd": ([node("GatherND", ["x", "i"], ["y"])], [3, 2], [1]),
}
for name, (nodes, shape, ids) in cases.items():
    path = save(name, nodes, [("x", F, shape), ("i", I, ids)], [("y", F, None)])
    data = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    same(path, *({"x": data, "i": np.array(i)} for i in ([0], [2], [-1], [-3])))
    for i in bad:
        assert "index out of range" in run(path, {"x": data, "i": np.array(i)}), (name, i)
# The checks go where they are not wanted, and what is inside stays.
library = squint.compile(path, work / "unsafe.so", "--unsafe-indices")
np.testing.assert_array_equal(run(library, {"x": data, "i": np.array([-1])})["y"], data[-1])
path = save("reverse", [node("ReverseSequence", ["x", "l"], ["y"], batch_axis=1, time_axis=0)], [("x", F, [4, 2]), ("l", I, [2])], [("y", F, [4, 2])])
same(path, {"x": np.arange(8, dtype=np.float32).reshape(4, 2), "l": [1, 4]})
for l in ([5, 1], [-1, 1]):
    assert "invalid data" in run(path, {"x": np.zeros((4, 2), np.float32), "l": np.array(l)}), l
print("ok")
