# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""A quantized model that is written as ONNX is valid and gives in ONNX Runtime what the library gives."""
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(11)
F, I = TensorProto.FLOAT, TensorProto.INT64


def save(name, nodes, inputs, outputs, constants):
    tensors = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    infos = [helper.make_tensor_value_info(n, t, s) for n, (t, s) in inputs.items()]
    results = [helper.make_tensor_value_info(n, F, s) for n, s in outputs.items()]
    path = work / f"{name}.onnx"
    onnx.save(helper.make_model(helper.make_graph(nodes, "g", infos, results, tensors), opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def export(model, *flags, name="q.onnx", check=True):
    squint.tool("squintc", model, *flags, "--emit=onnx-quantized", "-o", work / name)
    if check:
        onnx.checker.check_model(str(work / name), full_check=True)
    return onnx.load(work / name)


def compare(model, feeds, flags, tolerance, **options):
    """The exported model and the largest difference of each output, relative to its largest value."""
    exported = export(model, *flags, **options)
    got = squint.run(squint.compile(model, work / "q.so", *flags), feeds)
    want = onnxruntime.InferenceSession(work / "q.onnx").run(None, feeds)
    for output, y in zip(exported.graph.output, want):
        error = np.abs(got[output.name] - y).max() / np.abs(y).max()
        limit = tolerance[output.name] if isinstance(tolerance, dict) else tolerance
        assert error < limit, (flags, output.name, error)
    return exported


def operators(model):
    return {n.op_type for n in model.graph.node}


# A layer a format, with and without a bias; 72 columns leave short groups.
formats = ["int4:group=32", "int4:group=32,zero-point", "int8:channel", "int8:channel,zero-point", "int3:group=64", "int2:group=16", "int5:tensor", "int6:group=24", "int4:group=20,zero-point",
           "nf4:group=32", "f8e4m3", "f8e5m2:group=16", "mxfp4", "mxfp8", "nvfp4", "bf16", "f16"]
layers = [f"layer{i}" for i in range(len(formats))]
constants = {f"w{i}": f32(72, 40) for i in range(len(formats))} | {"bias": f32(40)}
nodes = []
for i, layer in enumerate(layers):
    nodes.append(helper.make_node("MatMul", ["x", f"w{i}"], [f"m{i}"], name=layer))
    nodes.append(helper.make_node("Add", [f"m{i}", "bias"], [f"y{i}"], name=f"add{i}") if i % 2 else helper.make_node("Neg", [f"m{i}"], [f"y{i}"], name=f"neg{i}"))
model = save("linear", nodes, {"x": (F, ["batch", "tokens", 72])}, {f"y{i}": ["batch", "tokens", 40] for i in range(len(formats))}, constants)
recipe = work / "formats.yaml"
recipe.write_text("rules:\n" + "".join(f'  - names: "{l}"\n    weights: {f}\n' for l, f in zip(layers, formats)))
exported = compare(model, {"x": f32(2, 3, 72)}, [f"--recipe={recipe}"], 2e-6)
blocks = [n for n in exported.graph.node if n.op_type == "MatMulNBits"]
assert [next(a.i for a in n.attribute if a.name == "bits") for n in blocks] == [4, 4, 8, 8, 4, 2, 8], blocks
assert [list(d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim) for v in exported.graph.input] == [["batch", "tokens", 72]]
size = {t.name: len(t.raw_data) for t in exported.graph.initializer}
assert all(len(t.raw_data) < 72 * 40 * 4 for t in exported.graph.initializer), size  # nothing is a matrix of floats

# Activations: by token, by group with a short one, and static.
one = save("one", nodes[:1] + [helper.make_node("Relu", ["m0"], ["y0"])], {"x": (F, ["batch", 72])}, {"y0": ["batch", 40]}, {"w0": constants["w0"]})
x = f32(5, 72)
x[3] = 0
np.savez(work / "cal.npz", x=f32(16, 1, 72)[:, 0])
for activations, ops in (("int8:token", {"ReduceMax", "Round"}), ("int8:group=32,scale=f16", {"Pad", "Slice"}), ("int8:tensor", {"QuantizeLinear", "DequantizeLinear"})):
    exported = compare(one, {"x": x}, ["--weights=int8:channel", f"--activations={activations}", *([f"--calibration={work}/cal.npz"] if "tensor" in activations else [])], 1e-5)
    assert ops <= operators(exported), operators(exported)

# Everything else that the dialect has: convolution, pooling, norms, attention with shared keys, embedding.
constants = {"table": f32(50, 32), "g": f32(32), "b": f32(32), "wq": f32(32, 32), "wk": f32(32, 16), "wv": f32(32, 16), "wo": f32(32, 32), "wc": f32(12, 4, 3, 3), "bc": f32(12),
             "qs": np.array([0, 0, 4, 8]), "ks": np.array([0, 0, 2, 8]), "ys": np.array([0, 0, 32]), "shape": np.array([0, -1, 4, 8]), "two": np.array(2, np.float32), "eps": np.array(1e-5, np.float32),
             "scale": np.array(8**-0.5, np.float32), "axis": np.array([2]), "five": np.array([1, 1, 2, 1, 1]), "merged": np.array([0, 4, -1, 8])}
n = helper.make_node
nodes = [n("Gather", ["table", "ids"], ["e"], name="embed"), n("LayerNormalization", ["e", "g", "b"], ["h"], name="norm", epsilon=1e-5),
         n("Pow", ["h", "two"], ["h2"]), n("ReduceMean", ["h2", "last"], ["hm"]), n("Add", ["hm", "eps"], ["he"]), n("Sqrt", ["he"], ["hs"]), n("Div", ["h", "hs"], ["hd"]), n("Mul", ["hd", "g"], ["r"]),
         n("MatMul", ["r", "wq"], ["q0"], name="q"), n("MatMul", ["r", "wk"], ["k0"], name="k"), n("MatMul", ["r", "wv"], ["v0"], name="v"),
         n("Reshape", ["q0", "qs"], ["q1"]), n("Reshape", ["k0", "ks"], ["k1"]), n("Reshape", ["v0", "ks"], ["v1"]),
         n("Transpose", ["q1"], ["q2"], perm=[0, 2, 1, 3]), n("Transpose", ["k1"], ["k2"], perm=[0, 2, 1, 3]), n("Transpose", ["v1"], ["v2"], perm=[0, 2, 1, 3])]
for t in "kv":
    nodes += [n("Unsqueeze", [f"{t}2", "axis"], [f"{t}3"]), n("Tile", [f"{t}3", "five"], [f"{t}4"]), n("Reshape", [f"{t}4", "merged"], [f"{t}5"])]
nodes += [n("Transpose", ["k5"], ["kt"], perm=[0, 1, 3, 2]), n("MatMul", ["q2", "kt"], ["s0"]), n("Mul", ["s0", "scale"], ["s1"]), n("Softmax", ["s1"], ["p"], axis=-1), n("MatMul", ["p", "v5"], ["o0"]),
          n("Transpose", ["o0"], ["o1"], perm=[0, 2, 1, 3]), n("Reshape", ["o1", "ys"], ["o2"]), n("MatMul", ["o2", "wo"], ["tokens"], name="o"),
          n("Conv", ["image", "wc", "bc"], ["c0"], name="conv", pads=[1, 1, 1, 1], strides=[2, 2]), n("Relu", ["c0"], ["c1"]),
          n("MaxPool", ["c1"], ["c2"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), n("AveragePool", ["c2"], ["pixels"], kernel_shape=[2, 2], pads=[0, 1, 0, 1], count_include_pad=1),
          n("NonZero", ["mask"], ["at"]), n("Shape", ["at"], ["count"]), n("Cast", ["count"], ["counted"], to=F)]
constants["last"] = np.array([-1])
mixed = save("mixed", nodes, {"ids": (I, ["batch", "seq"]), "image": (F, ["n", 4, 14, 14]), "mask": (F, ["m"])},
             {"tokens": ["batch", "seq", 32], "pixels": ["n", 12, "h", "w"], "counted": [2]}, constants)
feeds = {"ids": rng.integers(0, 50, (2, 7)), "image": f32(3, 4, 14, 14), "mask": (f32(9) > 0).astype(np.float32)}
exported = compare(mixed, feeds, ["--weights=int8:channel", "--activations=f32"], 1e-5)
assert {"Conv", "MaxPool", "AveragePool", "Softmax", "Gather", "LayerNormalization", "DequantizeLinear"} <= operators(exported), operators(exported)

# Weights in a file of their own.
inside = export(model, f"--recipe={recipe}", name="inside.onnx")
outside = export(model, f"--recipe={recipe}", f"--weights-file={work}/outside.data", name="outside.onnx")
assert (work / "outside.data").stat().st_size > (work / "outside.onnx").stat().st_size
for a, b in zip(inside.graph.initializer, outside.graph.initializer):
    assert a.raw_data == b.raw_data, a.name
a, b = (onnxruntime.InferenceSession(work / f"{f}.onnx").run(None, {"x": np.ones((1, 2, 72), np.float32)}) for f in ("inside", "outside"))
assert all((p == q).all() for p, q in zip(a, b))

# The same input gives the same bytes; a file of another kind or folder is refused, and nothing is left.
export(model, f"--recipe={recipe}", name="again.onnx")
assert (work / "again.onnx").read_bytes() == (work / "inside.onnx").read_bytes()
for flags, text in ((["--emit=onnx-quantized", "-o", work / "no.so"], "expected --emit=onnx-quantized or onnx-qat with a .onnx output"), (["-o", work / "no.onnx"], "expected --emit=onnx-quantized or onnx-qat with a .onnx output"),
                    (["--emit=onnx-quantized", "-o", work / "no.onnx", f"--weights-file={work}/deep/no.data"], "expected a weights file in the folder of"),
                    (["--export-floats", "-o", work / "no.so"], "--export-floats is for --emit=onnx-quantized")):
    p = subprocess.run([str(squint.BIN / "squintc"), str(model), *map(str, flags)], capture_output=True, text=True)
    assert p.returncode == 1 and text in p.stderr, p.stderr
assert not list(work.glob("no.*")) and not list(work.glob("*.tmp"))
