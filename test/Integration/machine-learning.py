# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""Operators of ai.onnx.ml on numbers agree with ONNX Runtime, and trees with a walk through them."""
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import squint_testing as squint
from onnx import TensorProto, helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(5)
F, I = TensorProto.FLOAT, TensorProto.INT64


def model(name, op, inputs, out, version, **attributes):
    names = [f"i{k}" for k in range(len(inputs))]
    node = helper.make_node(op, names, ["y"], domain="ai.onnx.ml", name=name, **attributes)
    infos = [helper.make_tensor_value_info(n, t, s) for n, (t, s) in zip(names, inputs)]
    graph = helper.make_graph([node], "g", infos, [helper.make_tensor_value_info("y", *out)])
    path = work / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)], ir_version=8), path)
    return path


def run(path, arrays):
    library = squint.compile(path, path.with_suffix(".so"))
    np.savez(work / "in.npz", **{f"i{k}": a for k, a in enumerate(arrays)})
    subprocess.run([str(squint.BIN / "squint-run"), library, f"--inputs={work}/in.npz", f"--outputs={work}/out.npz"], check=True)
    return np.load(work / "out.npz")["y"]


def agrees(path, *arrays):
    want = onnxruntime.InferenceSession(path).run(None, {f"i{k}": a for k, a in enumerate(arrays)})[0]
    got = run(path, arrays)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


x = rng.standard_normal((5, 4), np.float32)
agrees(model("binarizer", "Binarizer", [(F, ["n", 4])], (F, ["n", 4]), 1, threshold=0.25), x)
agrees(model("features", "ArrayFeatureExtractor", [(F, ["n", 4]), (I, [3])], (F, ["n", 3]), 1), x, np.array([3, 0, 0]))
keys = rng.integers(-2, 4, (3, 7))
agrees(model("ints", "LabelEncoder", [(I, ["n", 7])], (F, ["n", 7]), 2, keys_int64s=[1, 3, -2], values_floats=[0.5, 1.5, 2.5], default_float=-7.0), keys)
agrees(model("defaults", "LabelEncoder", [(I, ["n", 7])], (I, ["n", 7]), 2, keys_int64s=[1, 0], values_int64s=[10, 20]), keys)
floats = np.array([[1.5, np.nan, 2.5, -0.0, 9]], np.float32)
for version in (2, 4):  # a NaN is a key from version 4 on
    agrees(model(f"floats{version}", "LabelEncoder", [(F, [1, 5])], (I, [1, 5]), version, keys_floats=[float("nan"), 0.0, 1.5], values_int64s=[1, 2, 3], default_int64=-5), floats)

# Two trees with every comparison; features may be missing.
modes = np.array([0, 1, 2, 3, 4, 5, 6], np.uint8)
splits = np.array([0.1, -0.3, 0.2, 0.4, 1, 1, np.nan], np.float32)
ids, tracks = [0, 1, 2, 0, 3, 3, 1], [0, 1, 0, 0, 0, 0, 1]
yes, yes_leaf = [1, 2, 0, 4, 5, 1, 4], [0, 0, 1, 0, 0, 1, 1]
no, no_leaf = [3, 2, 3, 6, 0, 4, 5], [0, 1, 1, 0, 1, 1, 1]
targets, weights = [0, 1, 2, 0, 1, 2], np.array([1, 10, 100, 1000, 10000, 100000], np.float32)
members = [1.0, 2.0]
roots = [0, 3]
for aggregate in (0, 1):
    path = model(f"trees{aggregate}", "TreeEnsemble", [(F, ["n", 4])], (F, ["n", 3]), 5, nodes_featureids=ids, nodes_truenodeids=yes,
                 nodes_trueleafs=yes_leaf, nodes_falsenodeids=no, nodes_falseleafs=no_leaf, nodes_missing_value_tracks_true=tracks,
                 nodes_modes=onnx.numpy_helper.from_array(modes), nodes_splits=onnx.numpy_helper.from_array(splits), leaf_targetids=targets,
                 leaf_weights=onnx.numpy_helper.from_array(weights), tree_roots=roots, n_targets=3, aggregate_function=aggregate,
                 membership_values=onnx.numpy_helper.from_array(np.array(members + [np.nan], np.float32)))
    x = rng.integers(-4, 5, (64, 4)).astype(np.float32) / 2
    x[rng.random(x.shape) < 0.1] = np.nan
    want = np.zeros((64, 3))
    for row, out in zip(x, want):
        for node in roots:
            leaf = 0
            while not leaf:
                v, s = row[ids[node]], splits[node]
                holds = [v <= s, v < s, v >= s, v > s, v == s, v != s, v in members][modes[node]] or (np.isnan(v) and tracks[node])
                leaf, node = (yes_leaf if holds else no_leaf)[node], (yes if holds else no)[node]
            out[targets[node]] += weights[node]
    np.testing.assert_array_equal(run(path, [x]), want if aggregate else want / 2)

# What is refused says why.
for name, attributes, text in (
    ("strings", {"keys_strings": ["a"], "values_int64s": [1]}, "numbers"),
    ("lengths", {"keys_int64s": [1, 2], "values_int64s": [1]}, "as many values as keys"),
):
    p = subprocess.run([str(squint.BIN / "squintc"), model(name, "LabelEncoder", [(I, [2])], (I, [2]), 2, **attributes), "-o", work / "no.so"], capture_output=True, text=True)
    assert p.returncode == 1 and text in p.stderr, p.stderr
cycle = model("cycle", "TreeEnsemble", [(F, [1, 1])], (F, [1, 1]), 5, nodes_featureids=[0], nodes_truenodeids=[0], nodes_trueleafs=[0], nodes_falsenodeids=[0],
              nodes_falseleafs=[1], nodes_modes=onnx.numpy_helper.from_array(modes[:1]), nodes_splits=onnx.numpy_helper.from_array(splits[:1]),
              leaf_targetids=[0], leaf_weights=onnx.numpy_helper.from_array(weights[:1]), tree_roots=[0], n_targets=1)
p = subprocess.run([str(squint.BIN / "squintc"), cycle, "-o", work / "no.so"], capture_output=True, text=True)
assert p.returncode == 1 and "cycle" in p.stderr, p.stderr
