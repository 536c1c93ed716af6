# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""A float model with fake quantization: its weights are the model's own, ONNX Runtime computes of it what the quantized model does, and it
comes back with the same integers, as it went or trained further."""
import pathlib
import re
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(3)
f32 = lambda *s: rng.standard_normal(s).astype(np.float32)
n = helper.make_node


def save(name, nodes, inputs, outputs, constants):
    values = lambda all: [helper.make_tensor_value_info(k, kind, shape) for k, (kind, shape) in all.items()]
    graph = helper.make_graph(nodes, name, values(inputs), values(outputs), [numpy_helper.from_array(a, k) for k, a in constants.items()])
    path = work / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def onnx_runtime(path, feeds):
    """What the operators say: optimized, a product with 8-bit weights would round its activations too."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, feeds)


def codes(path, *flags):
    """The integers, scales and zero points of the packed weights, as IR has them."""
    squint.tool("squintc", path, *flags, "--emit=quantized", "-o", work / "codes.mlir")
    text = (work / "codes.mlir").read_text()
    data = (work / "codes.weights").read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    found = re.findall(r'squint.constant #squint.data<"codes.weights", (\d+), (\d+)> : !squint.packed<([\dx]+), "(\w+)[^"]*">', text)
    return sorted((shape, element, data[int(at):int(at) + int(size)]) for at, size, shape, element in found if int(at) >= start)



F = TensorProto.FLOAT
w, v, table, k = f32(64, 48), f32(48, 24), f32(50, 64), f32(8, 4, 3, 3)
mlp = save("mlp", [n("MatMul", ["x", "w"], ["m"], name="up"), n("Relu", ["m"], ["r"]), n("MatMul", ["r", "v"], ["y"], name="down")],
           {"x": (F, ["n", 64])}, {"y": (F, ["n", 24])}, {"w": w, "v": v})
np.savez(work / "mlp.npz", x=f32(32, 64))
image = save("image", [n("Conv", ["x", "k", "b"], ["c"], name="conv", pads=[1, 1, 1, 1]), n("Relu", ["c"], ["y"])],
             {"x": (F, ["n", 4, 6, 6])}, {"y": (F, ["n", 8, 6, 6])}, {"k": k, "b": f32(8)})
np.savez(work / "image.npz", x=f32(16, 1, 4, 6, 6)[:, 0])
words = save("words", [n("Gather", ["t", "ids"], ["e"], name="embed"), n("MatMul", ["e", "w"], ["y"], name="linear")],
             {"ids": (TensorProto.INT64, ["n"])}, {"y": (F, ["n", 48])}, {"t": table, "w": w})
recipe = work / "tables.yaml"
recipe.write_text("rules:\n- operators: embedding\n  weights: int8:channel\n- weights: int4:group=16,zero-point\n")
static = lambda name: ["--weights=int8:channel", "--activations=int8:tensor", f"--calibration={work}/{name}.npz"]
feeds = {mlp: {"x": f32(7, 64)}, image: {"x": f32(3, 4, 6, 6)}, words: {"ids": rng.integers(0, 50, 9)}}

# Bits are those of the formats: nothing is rounded on the way but what the formats round. With integer activations the scales are
# multiplied in another order, and a code of an activation may be its neighbour (x / s here, x * (1 / s) there).
for model, flags, tolerance, elements in ((mlp, ["--weights=int8:channel"], 0, {"int8"}), (mlp, ["--weights=int4:group=32,scale=f32"], 0, {"int4"}),
                                          (mlp, ["--weights=int3:group=16"], 0, {"int3"}), (mlp, ["--weights=int8:channel,zero-point"], 0, {"int8"}),
                                          (mlp, ["--weights=int5:tensor"], 0, {"int5"}), (mlp, ["--weights=int2:group=8,zero-point"], 0, {"int2"}),
                                          (words, [f"--recipe={recipe}"], 0, {"int8", "int4"}), (image, ["--weights=int8:channel"], 0, {"int8"}),
                                          (image, ["--weights=int6:tensor"], 0, {"int6"}),
                                          (mlp, static("mlp"), 1e-5, {"int8"}), (image, static("image"), 1e-5, {"int8"})):
    qat = work / "qat.onnx"
    squint.tool("squintc", model, *flags, "--emit=onnx-qat", "-o", qat)
    onnx.checker.check_model(str(qat), full_check=True)
    trained = onnx.load(qat)
    operators = {node.op_type for node in trained.graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= operators, operators
    floats = {t.raw_data for t in trained.graph.initializer if t.data_type == F}
    own = {mlp: [w.T, v.T], image: [k.transpose(0, 2, 3, 1)], words: [table, w.T]}[model]
    assert all(np.ascontiguousarray(a).tobytes() in floats for a in own), flags
    direct = squint.run(squint.compile(model, work / "direct.so", *flags), feeds[model])["y"]
    back = squint.run(squint.compile(qat, work / "back.so"), feeds[model])["y"]
    want = onnx_runtime(qat, feeds[model])[0]
    print(model.stem, flags, squint.relative_error(back, direct), squint.relative_error(back, want))
    assert squint.relative_error(back, want) < max(tolerance, 1e-5), flags
    assert squint.relative_error(back, direct) <= tolerance, flags
    ours, theirs = codes(model, *flags), codes(qat)
    assert {element for _, element, _ in theirs} == elements, theirs
    if tolerance == 0:
        # Scales that went as f16 come as f32; the codes are the first bytes of both.
        assert [(s, e) for s, e, _ in ours] == [(s, e) for s, e, _ in theirs], flags
        for (shape, element, a), (_, _, b) in zip(ours, theirs):
            rows, columns = int(shape.split("x")[0]), int(np.prod([int(d) for d in shape.split("x")[1:]]))
            size = rows * ((columns * int(element[3:]) + 7) // 8)
            assert a[:size] == b[:size], (flags, shape)
    fused = work / "fused.mlir"
    squint.tool("squintc", qat, "--emit=fused", "-o", fused)
    assert len(re.findall("kernel.(gemm|gather)", fused.read_text())) == len(own), flags

# Trained further: other weights and scales, beyond the grid's ends too, are rounded as ONNX Runtime rounds them.
squint.tool("squintc", mlp, "--weights=int3:channel", "--emit=onnx-qat", "-o", work / "qat.onnx")
trained = onnx.load(work / "qat.onnx")
for t in trained.graph.initializer:
    if t.data_type == F:
        t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t) * rng.uniform(0.8, 1.6, t.dims[:1] + [1] * (len(t.dims) - 1)).astype(np.float32), t.name))
onnx.save(trained, work / "trained.onnx")
want = onnx_runtime(work / "trained.onnx", feeds[mlp])[0]
got = squint.run(squint.compile(work / "trained.onnx", work / "trained.so"), feeds[mlp])["y"]
assert squint.relative_error(got, want) < 1e-6
assert squint.relative_error(got, squint.run(squint.compile(mlp, work / "before.so", "--weights=int3:channel"), feeds[mlp])["y"]) > 0.1

# Fake quantization around what has no kernel of integers, by tensor, channel and block, with every kind of zero point: the numbers of
# ONNX Runtime, fused and not.
nodes, constants, outputs = [], {}, {}
cases = [((), -1, 0, np.uint8, None), ((5,), 1, 0, np.int8, None), ((2, 5, 3), 2, 4, np.int8, None), ((), -1, 0, np.uint8, (3, 200)), ((5,), 1, 0, np.int8, (-127, 127))]
for i, (shape, axis, block, kind, bounds) in enumerate(cases):
    constants |= {f"s{i}": rng.uniform(0.01, 0.1, shape).astype(np.float32), f"z{i}": rng.integers(20, 100, shape).astype(kind)}
    attributes = ({} if axis < 0 else {"axis": axis}) | ({"block_size": block} if block else {})
    name = f"q{i}"
    nodes.append(n("QuantizeLinear", ["x", f"s{i}", f"z{i}"], [name], **attributes))
    if bounds:
        constants |= {f"l{i}": np.array(bounds[0], kind), f"h{i}": np.array(bounds[1], kind)}
        nodes.append(n("Clip", [name, f"l{i}", f"h{i}"], [f"c{i}"]))
        name = f"c{i}"
    nodes += [n("DequantizeLinear", [name, f"s{i}", f"z{i}"], [f"d{i}"], **attributes), n("Sigmoid", [f"d{i}"], [f"y{i}"])]
    outputs[f"y{i}"] = (F, [2, 5, 12])
graph = helper.make_graph(nodes, "fake", [helper.make_tensor_value_info("x", F, [2, 5, 12])], [helper.make_tensor_value_info(k, *v) for k, v in outputs.items()],
                          [numpy_helper.from_array(np.asarray(a), k) for k, a in constants.items()])
fake = work / "fake.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), fake)
x = {"x": 6 * f32(2, 5, 12)}
squint.tool("squintc", fake, "--emit=squint", "-o", work / "fake.mlir")
assert (work / "fake.mlir").read_text().count("= squint.fake_quantize") == len(cases)
want = dict(zip(outputs, onnx_runtime(fake, x)))
again = work / "again.onnx"
squint.tool("squintc", fake, "--emit=onnx-qat", "-o", again)
for got in (squint.run(squint.compile(fake, work / "fake.so"), x), squint.run(squint.compile(fake, work / "plain.so", "--unfused"), x),
            dict(zip(outputs, onnx_runtime(again, x)))):
    for name in outputs:
        assert np.abs(got[name] - want[name]).max() < 1e-6 and len(np.unique(want[name])) > 20, name

for flags, text in ((["--weights=nf4:group=32"], "expected a weight of f32 in integers with scales (of groups only for matrices) to train, got 'tensor<24x48xf32>' as nf4:group=32,scale=f16"),
                    (["--weights=int8", "--activations=int8:token"], "expected an activation of f32 with one static scale to train with, got 'tensor<?x64xf32>' as int8:token,scale=f32"),
                    (["--weights=int8", "--export-floats"], "--export-floats is for --emit=onnx-quantized")):
    p = subprocess.run([str(squint.BIN / "squintc"), str(mlp), *flags, "--emit=onnx-qat", "-o", str(work / "no.onnx")], capture_output=True, text=True)
    assert p.returncode == 1 and text in p.stderr, p.stderr
    assert not (work / "no.onnx").exists()
