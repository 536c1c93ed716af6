# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what the fuzzers start from: small models, the IR of the tests, archives of arrays, recipes, files of tensors.

    python fuzz_seeds.py FOLDER

FOLDER gets one folder for each fuzzer: onnx, gguf, ir, npz, recipe, safetensors.
"""
import json
import pathlib
import sys

import gguf_models
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import onnx.backend.test

ROOT = pathlib.Path(__file__).resolve().parents[2]
LARGEST = 8192  # bytes: an input is cheap to run


def models(folder):
    """ONNX's own small tests, one for each list of operators."""
    tests = pathlib.Path(onnx.backend.test.__file__).parent / "data"
    seen = set()
    for path in sorted(tests.glob("*/*/model.onnx")):
        data = path.read_bytes()
        operators = tuple(node.op_type for node in onnx.load_from_string(data).graph.node)
        if operators not in seen and len(data) <= LARGEST:
            seen.add(operators)
            (folder / f"{path.parent.name}.onnx").write_bytes(data)
    # Initializers of all ways to hold data.
    rng = np.random.default_rng(0)
    raw = numpy_helper.from_array(rng.standard_normal((4, 8), np.float32), "w")
    typed = helper.make_tensor("b", TensorProto.FLOAT, [4], rng.standard_normal(4).tolist())
    sparse = helper.make_sparse_tensor(helper.make_tensor("s", TensorProto.FLOAT, [2], [1.0, 2.0]),
                                       helper.make_tensor("i", TensorProto.INT64, [2], [1, 5]), [4, 8])
    outside = helper.make_tensor("o", TensorProto.FLOAT, [4, 8], b"\0" * 128, raw=True)
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="weights.bin")
    for name, weight, more in (("raw", raw, {}), ("external", outside, {}), ("sparse", None, {"sparse_initializer": [sparse]})):
        graph = helper.make_graph(
            [helper.make_node("Gemm", ["x", weight.name if weight else "s", "b"], ["y"], name="linear", transB=1)], "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 8])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])], [typed] + ([weight] if weight else []), **more)
        (folder / f"{name}.onnx").write_bytes(helper.make_model(graph).SerializeToString())


def texts(folder):
    """Each function of the tests' IR by itself."""
    for path in sorted((ROOT / "test").rglob("*.mlir")):
        for i, part in enumerate(path.read_text().split("// -----")):
            if len(part) <= LARGEST:
                (folder / f"{path.stem}-{i}.mlir").write_text(part)


def archives(folder):
    arrays = {"x": np.arange(12, dtype=np.float32).reshape(3, 4), "ids": np.ones((2, 3), np.int64), "s": np.float64(1),
              "f": np.asfortranarray(np.zeros((3, 2), np.float16)), "empty": np.zeros((0, 4), np.uint8)}
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)
    np.save(folder / "alone.npy", arrays["x"])


def language_models(folder):
    """One of each kind, as small as they get."""
    sizes = {"block_count": 1, "embedding_length": 8, "feed_forward_length": 8, "attention.head_count": 2, "attention.head_count_kv": 1,
             "vocabulary": 4, "attention.key_length": 4, "attention.value_length": 4, "rope.dimension_count": 4}
    for kind in gguf_models.MODELS:
        gguf_models.write(folder / f"{kind}.gguf", kind, **sizes)


def recipes(folder):
    for path in sorted((ROOT / "recipes").glob("*.yaml")) + sorted((ROOT / "test").rglob("*.yaml")):
        (folder / path.name).write_bytes(path.read_bytes())


def tensors(folder):
    entry = lambda kind, shape, begin, end: {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}
    headers = {"adapter": {"base_model.model.q_proj.lora_A.weight": entry("F32", [2, 3], 0, 24), "base_model.model.q_proj.lora_B.weight": entry("F32", [4, 2], 24, 56)},
               "types": {"__metadata__": {"format": "pt"}, "a": entry("F4", [4], 0, 2), "b": entry("I64", [], 2, 10), "c": entry("BF16", [0, 7], 10, 10)}, "empty": {}}
    for name, header in headers.items():
        text = json.dumps(header).encode()
        size = max((e["data_offsets"][1] for e in header.values() if "data_offsets" in e), default=0)
        (folder / f"{name}.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(size))


def main():
    for name, write in {"onnx": models, "gguf": language_models, "ir": texts, "npz": archives, "recipe": recipes, "safetensors": tensors}.items():
        folder = pathlib.Path(sys.argv[1], name)
        folder.mkdir(parents=True, exist_ok=True)
        write(folder)


main()
