# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""Adapters in PEFT's layout beside float and quantized weights: W x + scale * B (A x) in double, merged and not."""
import json
import pathlib
import re
import struct
import subprocess
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(4)
f32 = lambda *s: rng.standard_normal(s).astype(np.float32)
F, n = TensorProto.FLOAT, helper.make_node
PEFT = "base_model.model."


def bfloat16(array):
    """Rounded to bf16, which numpy lacks: as f32 and as bytes."""
    bits = array.astype(np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return (bits << 16).astype(np.uint32).view(np.float32), bits.astype(np.uint16)


def tensors(path, arrays, header=None):
    """A safetensors file of (type, shape, bytes) by name."""
    entries, data = {}, b""
    for name, (kind, shape, raw) in arrays.items():
        entries[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps({"__metadata__": {"format": "pt"}, **entries} if header is None else header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def adapter(folder, modules, config=None, kind="F32"):
    """Writes matrices (A, B) by module; returns them as they were stored."""
    folder.mkdir(exist_ok=True)
    arrays, stored = {}, {}
    for module, (a, b) in modules.items():
        for letter, matrix in (("A", a), ("B", b)):
            value = matrix.astype(np.float16) if kind == "F16" else matrix
            raw = value.tobytes()
            if kind == "BF16":
                value, bits = bfloat16(matrix)
                raw = bits.tobytes()
            arrays[f"{PEFT}{module}.lora_{letter}.weight"] = (kind, matrix.shape, raw)
            stored.setdefault(module, []).append(value.astype(np.float64))
    tensors(folder / "adapter_model.safetensors", arrays)
    rank = next(iter(modules.values()))[0].shape[0]
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 16, "target_modules": sorted({m.rsplit(".", 1)[-1] for m in modules}), "bias": "none", **(config or {})}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return stored


def refused(text, *flags, model=None):
    p = subprocess.run([str(squint.BIN / "squintc"), str(model or mlp), *map(str, flags), "-o", str(work / "no.so")], capture_output=True, text=True)
    assert p.returncode == 1 and text in p.stderr and not (work / "no.so").exists(), (p.returncode, p.stderr, text)


# Two layers with a norm before, as an exporter names them; one weight lies transposed under a name that says nothing.
w, v, b, g = f32(24, 40), f32(16, 24), f32(24), f32(40)
nodes = [n("LayerNormalization", ["x", "g"], ["h"], name="/model/norm/LayerNormalization", axis=-1),
         n("MatMul", ["h", "onnx::MatMul_7"], ["m"], name="/model/layers.0/mlp/up_proj/MatMul"), n("Add", ["b", "m"], ["c"], name="/model/layers.0/mlp/up_proj/Add"),
         n("Relu", ["c"], ["r"], name="/model/layers.0/mlp/act/Relu"), n("Gemm", ["r", "model.layers.0.mlp.down_proj.weight"], ["y"], name="Gemm_3", transB=1)]
constants = {"onnx::MatMul_7": np.ascontiguousarray(w.T), "model.layers.0.mlp.down_proj.weight": v, "b": b, "g": g}
graph = helper.make_graph(nodes, "mlp", [helper.make_tensor_value_info("x", F, ["n", 40])], [helper.make_tensor_value_info("y", F, ["n", 16])],
                          [numpy_helper.from_array(a, k) for k, a in constants.items()])
mlp = work / "mlp.onnx"
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), mlp)
UP, DOWN = "model.layers.0.mlp.up_proj", "model.layers.0.mlp.down_proj"
x = f32(9, 40)


def reference(stored, scale, up=w, down=v):
    h = x.astype(np.float64)
    h -= h.mean(1, keepdims=True)
    h = h / np.sqrt((h**2).mean(1, keepdims=True) + 1e-5) * g
    add = lambda m, x: scale(m) * (x @ stored[m][0].T) @ stored[m][1].T if m in stored else 0
    r = np.maximum(h @ up.T.astype(np.float64) + add(UP, h) + b, 0)
    return r @ down.T.astype(np.float64) + add(DOWN, r)


def compiled(name, *flags):
    return squint.run(squint.compile(mlp, work / f"{name}.so", *flags), {"x": x})["y"]


lora = work / "lora"
both = {UP: (f32(4, 40), f32(24, 4)), DOWN: (f32(4, 24), f32(16, 4))}
base = compiled("base")
for kind in ("F32", "F16", "BF16"):
    stored = adapter(lora, both, kind=kind)
    want = reference(stored, lambda m: 4.0)
    for flags in ([f"--lora={lora}"], [f"--lora={lora}", "--unfused"], [f"--lora={lora / 'adapter_model.safetensors'}"], [f"--lora={lora}", "--merge-lora"]):
        error = squint.relative_error(compiled("lora", *flags), want)
        print(kind, flags, error)
        assert error < 2e-6, (kind, flags)
    assert squint.relative_error(base, want) > 0.5
    # The weights stay what they are, and the matrices what they were stored as.
    squint.tool("squintc", mlp, f"--lora={lora}", "--weights=nf4:group=8", "--emit=fused", "-o", work / "fused.mlir")
    found = re.findall(r'kernel.gemm ins\(.*\) weights\(%\w+ : !squint.packed<(\w+), "([^"]*)">', (work / "fused.mlir").read_text())
    element = kind.lower()
    assert sorted(found) == sorted([("24x40", "nf4:group=8,scale=f16"), ("16x24", "nf4:group=8,scale=f16"), ("4x40", element), ("24x4", element), ("4x24", element), ("16x4", element)]), found

# Settings: alpha over the root of r; other ranks and alphas by module, whole or the end of a name.
stored = adapter(lora, both, {"use_rslora": True, "lora_alpha": 3.0})
assert squint.relative_error(compiled("rs", f"--lora={lora}"), reference(stored, lambda m: 1.5)) < 2e-6
mixed = {UP: (f32(2, 40), f32(24, 2)), DOWN: (f32(6, 24), f32(16, 6))}
stored = adapter(lora, mixed, {"r": 2, "rank_pattern": {"mlp.down_proj": 6}, "alpha_pattern": {"^" + DOWN: 12}, "lora_alpha": 1, "fan_in_fan_out": True})
assert squint.relative_error(compiled("patterns", f"--lora={lora}"), reference(stored, lambda m: 0.5 if m == UP else 2.0)) < 2e-6

# Two adapters at once; an adapter of zeros changes no bit, beside a quantized weight neither.
second = work / "second"
stored = adapter(lora, both)
other = adapter(second, {UP: (f32(1, 40), f32(24, 1))}, {"lora_alpha": 1})
together = {UP: [np.concatenate([4 * stored[UP][0], other[UP][0]]), np.concatenate([stored[UP][1], other[UP][1]], 1)], DOWN: [4 * stored[DOWN][0], stored[DOWN][1]]}
assert squint.relative_error(compiled("two", f"--lora={lora}", f"--lora={second}"), reference(together, lambda m: 1.0)) < 2e-6
zeros = adapter(work / "zeros", {UP: (f32(4, 40), np.zeros((24, 4), np.float32))})
for flags in ([], ["--weights=int4:group=8"], ["--weights=int8", "--activations=int8:token"]):
    assert (compiled("zeros", f"--lora={work / 'zeros'}", *flags) == compiled("none", *flags)).all(), flags

# Beside quantized weights: what the codes stand for, plus the product in float. Merged first, the sum is quantized.
stored = adapter(lora, both)
squint.tool("squintc", mlp, "--weights=int4:group=8", "--emit=onnx-quantized", "-o", work / "codes.onnx")
squint.tool("squintc", mlp, "--weights=int4:group=8", f"--lora={lora}", "--emit=onnx-quantized", "-o", work / "lora.onnx")
run = lambda path: squint.session(path).run(None, {"x": x})[0]
beside = compiled("beside", "--weights=int4:group=8", f"--lora={lora}")
assert squint.relative_error(run(work / "lora.onnx"), beside) < 1e-5
assert squint.relative_error(run(work / "codes.onnx"), compiled("codes", "--weights=int4:group=8")) < 1e-5
merged = compiled("merged", "--weights=int4:group=8", f"--lora={lora}", "--merge-lora")
want = reference(stored, lambda m: 4.0)
assert squint.relative_error(beside, want) < 0.2 and 0 < squint.relative_error(merged, want) < 0.5
# Rewrites see the adapters: the norm before `up` takes factors, and an adapter that reads it gets them back.
np.savez(work / "samples.npz", x=f32(16, 1, 40)[:, 0])
smooth = work / "smooth.yaml"
smooth.write_text("rewrites:\n- smooth: {alpha: 0.5}\nrules:\n- weights: int8:channel\n  activations: int8:token\n")
flags = [f"--recipe={smooth}", f"--calibration={work}/samples.npz", f"--lora={lora}"]
for modules in (both, {DOWN: both[DOWN]}):
    stored = adapter(lora, modules)
    squint.tool("squintc", mlp, *flags, "--verify-rewrites", "-o", work / "smooth.so")
    assert squint.relative_error(squint.run(work / "smooth.so", {"x": x})["y"], reference(stored, lambda m: 4.0)) < 0.05

# A prefix that all modules have and the linears lack, or the other way round.
for change in (lambda m: "wrapped.inner." + m, lambda m: m.replace("model.", "", 1)):
    renamed = adapter(lora, {change(m): pair for m, pair in both.items()})
    assert squint.relative_error(compiled("prefix", f"--lora={lora}"), reference({m: renamed[change(m)] for m in both}, lambda m: 4.0)) < 2e-6

# Modules that are none, or several's, or of another size.
adapter(lora, {UP: both[UP], "model.layers.7.mlp.up_proj": both[UP]})
refused(f"'{lora}': expected linears for all modules, got none for 'model.layers.7.mlp.up_proj'; there are 'Gemm_3', '{DOWN}', '{UP}'", f"--lora={lora}")
adapter(lora, {UP: (f32(4, 41), f32(24, 4))})
refused(f"expected module '{UP}' of 40 inputs and 24 outputs, got 41 and 24", f"--lora={lora}")
twins = onnx.load(mlp)
twins.graph.node[-1].name = "/model/layers.0/mlp/up_proj/Gemm"
onnx.save(twins, work / "twins.onnx")
adapter(lora, {UP: both[UP]})
refused(f"expected one linear for module '{UP}', got '/model/layers.0/mlp/up_proj/MatMul', '/model/layers.0/mlp/up_proj/Gemm'", f"--lora={lora}", model=work / "twins.onnx")
adapter(lora, {UP: (np.full((4, 40), np.nan, np.float32), f32(24, 4))})
refused(f"expected finite numbers in tensor '{PEFT}{UP}.lora_A.weight'", f"--lora={lora}")
refused("--merge-lora is for --lora", "--merge-lora")

# A weight that a normalization was multiplied into is not the one that the adapter was trained beside.
normalized = onnx.load(mlp)
place = next(i for i, node in enumerate(normalized.graph.node) if node.op_type == "Add")
normalized.graph.node[place].output[0] = "plain"
normalized.graph.node.insert(place + 1, n("BatchNormalization", ["plain", *(f"bn{i}" for i in range(4))], ["c"], name="/model/bn"))
normalized.graph.initializer.extend(onnx.numpy_helper.from_array(np.linspace(0.5, 2, 24, dtype=np.float32), f"bn{i}") for i in range(4))
onnx.save(normalized, work / "normalized.onnx")
adapter(lora, {UP: both[UP]})
refused(f"expected a linear with nothing merged into its weight for module '{UP}'", f"--lora={lora}", model=work / "normalized.onnx")

# What would be another function.
for config, text in (({"peft_type": "IA3"}, "expected peft_type LORA"), ({"use_dora": True}, "use_dora is not built yet"), ({"bias": "all"}, "expected bias none, got 'all'"),
                     ({"modules_to_save": ["head"]}, "modules_to_save is not built yet"), ({"init_lora_weights": "pissa_niter_16"}, "expected an adapter of the model's own weights"),
                     ({"r": 3}, "expected matrices [3, inputs] and [outputs, 3], got [4, 40] and [24, 4]"), ({"r": "4"}, "expected a number r"), ({"lora_alpha": None}, "expected a number lora_alpha"),
                     ({"rank_pattern": {".*proj": 4}}, "expected names in rank_pattern, got '.*proj'"), ({"rank_pattern": {"up_proj": 4, "mlp.up_proj": 5}}, "expected one number for module"),
                     ({"target_modules": ["q_proj"]}, "expected a module of target_modules")):
    adapter(lora, {UP: both[UP]}, config)
    refused(text, f"--lora={lora}")

# Files of any bytes: the error names the file, the tensor and the rule.
A, B, file = f"{PEFT}{UP}.lora_A.weight", f"{PEFT}{UP}.lora_B.weight", lora / "adapter_model.safetensors"
entry = lambda **changes: {"dtype": "F32", "shape": [4, 40], "data_offsets": [0, 640], **changes}
good = {A: entry(), B: entry(shape=[24, 4], data_offsets=[640, 1024])}
adapter(lora, {UP: both[UP]})
data = file.read_bytes()[-1024:]
for header, text in ((good, None), ({**good, A: entry(dtype="F33")}, f"tensor '{A}': expected a dtype from BOOL to F64, got 'F33'"),
                     ({**good, A: entry(dtype="I32")}, f"tensor '{A}': expected F32, F16 or BF16, got I32"),
                     ({**good, A: entry(shape=[4, -40])}, f"tensor '{A}': expected sizes of 0 or more"), ({**good, A: entry(shape=[4, "40"])}, f"tensor '{A}': expected sizes"),
                     ({**good, A: entry(shape=[2**62, 2**62])}, f"tensor '{A}': expected whole bytes that 64 bits count"), ({**good, A: entry(shape=[4, 41])}, f"tensor '{A}': expected 656 bytes for its shape, got data_offsets of 640"),
                     ({**good, A: entry(shape=[1] * 65)}, f"tensor '{A}': expected at most 64 dimensions, got 65"), ({**good, A: entry(data_offsets=[640, 0])}, f"tensor '{A}': expected data_offsets [begin, end]"),
                     ({**good, A: entry(data_offsets=[0, 640, 1])}, f"tensor '{A}': expected data_offsets [begin, end]"), ({**good, A: entry(data_offsets=[-640, 0])}, f"tensor '{A}': expected data_offsets [begin, end]"),
                     ({**good, A: entry(data_offsets=[1000, 1640])}, f"tensor '{A}': expected data_offsets inside of the file, got 1640 of 1024"),
                     ({**good, A: entry(data_offsets=[2**64 - 640, 2**64])}, f"tensor '{A}': expected data_offsets [begin, end]"),
                     ({**good, A: entry(data_offsets=[384, 1024])}, f"tensor '{A}': expected data_offsets from 0 on, where the last ends, got 384"),
                     ({A: entry()}, "expected tensors that fill the file, got 640 of 1024 bytes"), ({**good, A: 3}, f"tensor '{A}': expected dtype, shape and data_offsets"),
                     ({**good, A: {"dtype": "F32", "shape": [[[4]], 40], "data_offsets": [0, 640]}}, "expected at most 3 levels of JSON"),
                     ({**good, "lm_head.weight": entry(shape=[0], data_offsets=[0, 0])}, "tensor 'lm_head.weight': expected base_model.model.MODULE.lora_A.weight"),
                     ({A: entry(), PEFT + "other.lora_A.weight": entry(shape=[96], data_offsets=[640, 1024])}, "expected a matrix"), ([], "expected a JSON object"), ({}, "expected tensors that fill the file")):
    text_bytes = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text_bytes)) + text_bytes + data)
    if text:
        refused(f"'{file}': ", f"--lora={lora}")
        refused(text, f"--lora={lora}")
    else:
        compiled("good", f"--lora={lora}")
for raw, text in ((b"", "expected a header's length of 8 bytes, got 0 bytes"), (b"\xff" * 8 + b"{}", "expected a header of at most 2 bytes"), (struct.pack("<Q", 3) + b"{}", "expected a header of at most 2 bytes, got 3"),
                  (struct.pack("<Q", 2) + b"{]", "expected a header in JSON"), (struct.pack("<Q", 200000) + b"[" * 200000, "expected at most 3 levels of JSON"), (struct.pack("<Q", 2) + b"{}", "expected the matrices of at least one module"),
                  (struct.pack("<Q", 8) + b'{"\xff": 1}'[:8], "expected a header in JSON")):
    file.write_bytes(raw)
    refused(text, f"--lora={lora}")
file.unlink()
refused(f"cannot open '{file}'", f"--lora={lora}")
file.mkdir()
refused("expected a regular file", f"--lora={lora}")
(lora / "adapter_config.json").write_text("[" * 100000)
refused("adapter_config.json': expected at most 16 levels of JSON", f"--lora={lora}")

# A language model of five layers: all its linears, named as its exporter did, beside NF4 and merged into floats.
if folder := squint.data():
    story = folder / "llm_stories260k" / "stories260K.onnx"
    model = onnx.load(story)
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    pairs, changed = {}, onnx.ModelProto()
    changed.CopyFrom(model)
    places = {t.name: t for t in changed.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in weights and "_proj/" in node.name:
            k, o = weights[node.input[1]].shape
            pairs[node.name.strip("/").rsplit("/", 1)[0].replace("/", ".")] = (f32(4, k) / k**0.5, 0.2 * f32(o, 4), node.input[1])
    assert len(pairs) == 35, len(pairs)
    stored = adapter(lora2 := work / "story", {m: p[:2] for m, p in pairs.items()}, {"lora_alpha": 8})
    for m, (_, _, name) in pairs.items():
        a, bb = stored[m]
        places[name].CopyFrom(numpy_helper.from_array((weights[name] + 2.0 * (bb @ a).T).astype(np.float32), name))
    onnx.save(changed, work / "changed.onnx")
    feeds = {}
    for value in model.graph.input:
        feeds[value.name] = np.arange(24).reshape(1, 24) % 500 + 1
    out = model.graph.output[0].name
    want = squint.session(work / "changed.onnx").run([out], feeds)[0]
    plain = squint.session(story).run([out], feeds)[0]
    errors = []
    for flags in (["--lora"], ["--lora", "--merge-lora"]):
        got = squint.run(squint.compile(story, work / "story.so", f"--lora={lora2}", *flags[1:]), feeds)[out]
        errors.append(squint.relative_error(got, want))
    print("stories260K, beside and merged:", errors, "without:", squint.relative_error(plain, want))
    assert max(errors) < 2e-5 and squint.relative_error(plain, want) > 0.05
    recipe = squint.SOURCE / "recipes" / "nf4-double-quant.yaml"
    got = squint.run(squint.compile(story, work / "story.so", f"--recipe={recipe}", f"--lora={lora2}"), feeds)[out]
    alone = squint.run(squint.compile(story, work / "alone.so", f"--recipe={recipe}"), feeds)[out]
    print("NF4: with the adapter", squint.relative_error(got, want), "alone", squint.relative_error(alone, plain))
    assert squint.relative_error(got, want) < 3 * squint.relative_error(alone, plain)
