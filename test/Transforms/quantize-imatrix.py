# The importance of columns is the mean square of their inputs: GGML's types are the bytes of its reference code under the same
# matrix, and other formats' codes are those that need no samples under a matrix of ones; with inputs of
# different size by column the outputs come nearer to the float model's, and the count of threads changes nothing.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import re
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])


def save(weight):
    """A linear of the weight, which has a row an output."""
    outputs, columns = weight.shape
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])], "linear",
        [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", columns])],
        [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", outputs])],
        [onnx.numpy_helper.from_array(np.ascontiguousarray(weight.T), "w")])
    onnx.save(onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]), work / "model.onnx")


def recipe(weights, method="imatrix"):
    (work / "recipe.yaml").write_text(f"rules:\n  - weights: {weights}\n    method: {method}\n")
    return f"--recipe={work / 'recipe.yaml'}"


def get_bytes(weights, x, method="imatrix"):
    np.savez(work / "samples.npz", x=x.astype(np.float32))
    squint.tool("squintc", work / "model.onnx", recipe(weights, method), f"--calibration={work / 'samples.npz'}", "--emit=quantized",
                "-o", work / "model.mlir")
    name, offset, length = re.search(r'#squint.data<"([^"]*)", (\d+), (\d+)> : !squint.packed', (work / "model.mlir").read_text()).groups()
    return (work / name).read_bytes()[int(offset):int(offset) + int(length)]


def inputs_of(importance):
    """Inputs whose columns have these mean squares, exactly: every column has one token of its own and another that makes up for
    what the root loses when it is rounded."""
    columns = len(importance)
    wanted = importance.astype(np.float64) * 2 * columns
    root = np.sqrt(wanted).astype(np.float32)
    root = np.where(root.astype(np.float64)**2 > wanted, np.nextafter(root, np.float32(0)), root)
    rest = np.sqrt(np.maximum(wanted - root.astype(np.float64)**2, 0)).astype(np.float32)
    x = np.concatenate([np.diag(root), np.diag(rest)])
    mean = ((x.astype(np.float64)**2).sum(0) / len(x)).astype(np.float32)
    assert (mean == importance).all()
    return x


# The values and the matrix of test/Numerics/GgmlTest.cpp, whose hashes are of bytes that libggml made of them.
class Random:
    state = 1

    def next(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state >> 8


def make_inputs(rows=32, columns=512):
    random, f32 = Random(), np.float32
    values = np.zeros((rows, columns), f32)
    for r in range(rows):
        for c in range(columns):
            value = f32(random.next() - 2**23) * f32(2**-23)
            values[r, c] = {1: value * f32(8 if c % 16 == 3 else 1), 2: abs(value), 3: -abs(value), 4: f32(0) if c // 32 % 2 else value,
                            5: values[r, c - 1] if c % 32 else value, 6: value * f32(2**-20),
                            7: value * f32(1 if c % 256 else 64)}.get(r % 8, value)
    importance = [(random.next() * 2.0**-24, c % 7)[::-1] for c in range(columns)]
    return values, np.array([value if keep else 0 for keep, value in importance], f32)


def get_hash(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value


weight, importance = make_inputs()
save(weight)
table = (squint.SOURCE / "test" / "Numerics" / "GgmlTest.cpp").read_text()
golden = re.findall(r'\{"(\w+)", (0x\w+), (0x\w+), 0x\w+\}', table)
assert len(golden) == 14
x = inputs_of(importance)
for weights, plain, weighted in golden:
    if weights.startswith("tq"):
        continue  # no search, nothing to weigh
    got = get_hash(get_bytes(weights, x))
    print(f"{weights}: {got:#x}", flush=True)
    assert got == int(weighted, 16), f"expected {weighted}, and {plain} without a matrix"

# Formats that are no blocks of bytes: what counts alike is what counts nothing.
rng = np.random.default_rng(1)
save((rng.standard_normal((24, 128)) * np.where(rng.random((24, 128)) < 0.02, 6, 1)).astype(np.float32))
ones = inputs_of(np.ones(128, np.float32))
for weights in ("int4:group=32", "int3:channel,zero-point", "int4:group=32,min"):
    assert get_bytes(weights, ones) == get_bytes(weights, ones, "rtn\n    options: {range: mse}"), weights
assert get_bytes("codebook2:group=32", ones) == get_bytes("codebook2:group=32", ones, "rtn")

# Inputs of different size by column.
scale = np.exp(rng.normal(0, 1.5, 128)).astype(np.float32)
samples, x = (rng.standard_normal((n, 128)).astype(np.float32) * scale for n in (256, 64))
want = squint.session(work / "model.onnx").run(["y"], {"x": x})[0]
for weights, bound in (("int3:group=32", 0.9), ("int4:group=32,zero-point", 0.9), ("int3:group=32,min", 0.9), ("int8:channel", 1.0),
                       ("nf4:group=64", 1.0), ("mxfp4", 1.0), ("nvfp4", 1.0), ("codebook2:group=64", 0.8)):
    def error(method, jobs=2):
        np.savez(work / "samples.npz", x=samples)
        library = squint.compile(work / "model.onnx", work / "model.so", recipe(weights, method), f"--calibration={work / 'samples.npz'}",
                                 f"--jobs={jobs}")
        return float(np.square(squint.run(library, {"x": x})["y"] - want).mean() / np.square(want).mean()), library.read_bytes()
    (plain, _), (one, first), (two, second) = error("rtn"), error("imatrix", 1), error("imatrix")
    print(f"{weights}: {one:.3e} of the output's power, {plain:.3e} without", flush=True)
    assert one < bound * plain and first == second

try:
    get_bytes("nf4:group=64,scale=dynamic8", samples)
except RuntimeError as refusal:
    assert "expected a format with free scales or of blocks to weigh errors in, got 'nf4:group=64,scale=dynamic8'" in str(refusal), refusal
else:
    raise AssertionError("expected a refusal")
