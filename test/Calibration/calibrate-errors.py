# What is wrong with samples is said in one line that names the file, the array and the rule.
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
from onnx import TensorProto, helper
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
onnx.save(models.convolutions(), work / "dynamic.onnx")
onnx.save(models.convolutions(4), work / "static.onnx")
onnx.save(models.perceptron(), work / "perceptron.onnx")


def product(name, *inputs):
    """y = x W + the sum of the other inputs."""
    weight = onnx.numpy_helper.from_array(np.eye(8, dtype=np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y0"], name="product")]
    nodes += [helper.make_node("Add", [f"y{i}", other[0]], [f"y{i + 1}"], name=f"add{i}") for i, other in enumerate(inputs[1:])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs],
                              [helper.make_tensor_value_info(f"y{len(inputs) - 1}", TensorProto.FLOAT, None)], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), work / name)


product("scalar.onnx", ("x", ["n", 8]), ("bias", []))
product("square.onnx", ("x", ["n", "n", 8]))
product("other.onnx", ("x", ["n", 8]), ("bias", ["m", 8]))
product("two.onnx", ("x", ["n", "s", 8]), ("bias", ["n", "s", 8]))


def refused(model, arrays, *expected, activations="int8:tensor", file="samples.npz"):
    path, output = work / file, work / "out" / "model.so"
    output.parent.mkdir(exist_ok=True)
    if arrays is not None:
        np.savez(path, **arrays)
    done = subprocess.run([squint.BIN / "squintc", work / model, "--progress=never", "--weights=int8:channel", f"--activations={activations}",
                           f"--calibration={path}", "-o", output], capture_output=True, text=True, timeout=120)
    said = done.stderr.strip()
    print(f"{model}: {said[:400]}", flush=True)
    assert done.returncode == 1 and len(said.splitlines()) == 1, f"exit {done.returncode}"
    for part in (file, *expected):
        assert part in said, f"expected '{part}'"
    assert not list(output.parent.iterdir())


def image(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


refused("dynamic.onnx", None, file="missing.npz")
refused("dynamic.onnx", {"picture": image(2, 3, 12, 12)}, "'image'", "'picture'")
refused("dynamic.onnx", {"image": image(2, 3, 12, 12), "label": image(2)}, "'label'")
refused("dynamic.onnx", {"image": image(2, 3, 12, 13)}, "'image'", "[batch, 3, 12, 12]", "[2, 3, 12, 13]")
refused("dynamic.onnx", {"image": image(3, 12, 12)}, "'image'", "[3, 12, 12]")
refused("dynamic.onnx", {"image": image(2, 3, 12, 12, dtype=np.float64)}, "'image'", "float32", "float64")
refused("dynamic.onnx", {"image": image(0, 3, 12, 12)}, "'image'", "at least one sample")
refused("static.onnx", {"image": image(6, 3, 12, 12)}, "'image'", "multiple", "4", "6")
refused("scalar.onnx", {"x": image(2, 8), "bias": np.float32(1)}, "'bias'", "batch axis")
refused("square.onnx", {"x": image(2, 2, 8)}, "'x'", "batch axis")
refused("other.onnx", {"x": image(2, 8), "bias": image(2, 8)}, "'bias'", "batch axis")
refused("two.onnx", {"x": image(2, 3, 8), "bias": image(3, 3, 8)}, "'bias'", "2 samples", "got 3")
refused("two.onnx", {"x": image(2, 3, 8), "bias": image(2, 4, 8)}, "'bias'", "'s'", "got 4")
for value in (np.nan, np.inf, -np.inf):
    array = image(5, 3, 12, 12)
    array[3, 1, 2, 3] = value
    refused("dynamic.onnx", {"image": array}, "sample 3", "finite")
# Large enough to overflow in the first layer only.
refused("perceptron.onnx", {"x": np.full((2, 96), 3e38, np.float32)}, "sample 0", "finite", "'")
(work / "text.npz").write_text("hello")
refused("dynamic.onnx", None, file="text.npz")
# Nothing takes a static format: the samples are superfluous, not wrong.
np.savez(work / "samples.npz", x=image(2, 96))
done = subprocess.run([squint.BIN / "squintc", work / "perceptron.onnx", "--weights=int8", "--activations=int8:token", f"--calibration={work / 'samples.npz'}",
                       "-o", work / "dynamic.so"], capture_output=True, text=True, timeout=120)
assert done.returncode == 0 and "warning" in done.stderr and "calibration touched nothing" in done.stderr, done.stderr
