# Language models as folders of safetensors: what comes in goes out, codes as compressed-tensors has them, and a folder that was written is the same
# when it is written again and computes what the model does.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import pathlib
import subprocess
import sys

import folder_models
import gguf_models
import numpy as np
import squint_testing as squint
from safetensors.numpy import load_file

work = pathlib.Path(sys.argv[1])


def emit(source, name, *flags):
    folder = work / "out" / name
    squint.tool("squintc", source, "--emit=safetensors", "--progress=never", *flags, "-o", folder)
    return folder, json.loads((folder / "config.json").read_text())


def library(source, name, *flags):
    """The bytes of a library, whose name is in it."""
    (work / name).mkdir(exist_ok=True)
    return squint.compile(source, work / name / "m.so", "--activations=f32", *flags).read_bytes()


# What comes in goes out, whatever the class: names, norms, joined and tied weights.
for kind in gguf_models.MODELS:
    folder_models.write(work / kind, kind)
    (work / kind / "tokenizer.json").write_text("{}")
    folder, config = emit(work / kind, kind)
    assert config == json.loads((work / kind / "config.json").read_text()), kind
    before, after = load_file(work / kind / "model.safetensors"), load_file(folder / "model.safetensors")
    assert before.keys() == after.keys(), (kind, before.keys() ^ after.keys())
    for name, array in before.items():
        same = np.abs(array - after[name]).max() < 1e-6 if kind == "gemma3" and "norm" in name else np.array_equal(array, after[name])
        assert same and array.dtype == after[name].dtype, (kind, name)
    assert (folder / "tokenizer.json").read_text() == "{}"
    if kind in ("gemma3", "phi3"):
        assert library(work / kind, "before") == library(folder, "after"), kind


ids = np.random.default_rng(1).integers(0, gguf_models.VOCABULARY, (1, 30))


def run(source, *flags):
    # A recipe says itself what activations are.
    if not any(flag.startswith("--recipe") for flag in flags):
        flags = ["--activations=f32", *flags]
    return squint.run(squint.compile(source, work / "m.so", "--cache=none", *flags), {"input_ids": ids})["logits"]


def check_again(folder, config, name):
    """Whether what was written is read as the same codes."""
    again, other = emit(folder, f"again-{name}")
    assert (again / "model.safetensors").read_bytes() == (folder / "model.safetensors").read_bytes() and other == config, name


def unpack(words, bits, count):
    codes = words.view(np.uint32)[..., None] >> np.arange(0, 32, bits, dtype=np.uint32) & (2**bits - 1)
    return codes.reshape(*words.shape[:-1], -1)[..., :count].astype(np.int64)


# Codes: a folder of what --weights makes is the model with these weights.
sizes = dict(embedding_length=128, feed_forward_length=192, block_count=2, head=True)
folder_models.write(work / "float", "llama", **sizes)
folder_models.write(work / "joined", "phi3", **{**sizes, "head": False})
floats = load_file(work / "float" / "model.safetensors")
(work / "mixed.yaml").write_text("rules:\n  - roles: [down]\n    weights: int8:channel\n  - roles: [head]\n    weights: f16\n"
                                 "  - roles: [v]\n    weights: f8e4m3:channel\n  - weights: int4:group=32\n")
(work / "other.yaml").write_text("rules:\n  - roles: [down]\n    weights: nf4:group=32\n  - roles: [gate]\n    weights: int4:group=48\n"
                                 "  - roles: [embedding]\n    weights: int8:channel\n  - weights: int8:tensor,zero-point\n")
for name, source, wanted, flags in (
    ("int4", "float", ["pack-quantized"], ["--weights=int4:group=32"]),
    ("zeros", "float", ["pack-quantized"], ["--weights=int4:group=64,zero-point,scale=bf16"]),
    ("int8", "float", ["pack-quantized"], ["--weights=int8:channel"]),
    ("f8", "float", ["float-quantized"], ["--weights=f8e4m3:tensor"]),
    ("half", "float", [], ["--weights=bf16"]),
    ("parts", "joined", ["pack-quantized"], ["--weights=int4:group=32,zero-point"]),
    ("mixed", "float", ["float-quantized", "pack-quantized", "pack-quantized"], [f"--recipe={work / 'mixed.yaml'}"]),
    ("other", "float", ["pack-quantized"], [f"--recipe={work / 'other.yaml'}"]),
):
    folder, config = emit(work / source, name, *flags)
    packing = config.get("quantization_config", {"config_groups": {}, "format": None})
    groups = packing["config_groups"].values()
    assert sorted(group.get("format", packing["format"]) for group in groups) == wanted, (name, packing)
    check_again(folder, config, name)
    # What has no code there is as many floats.
    if name in ("int4", "parts", "other"):
        assert squint.relative_error(run(folder), run(work / source, *flags)) < 1e-5, name
    tensors = load_file(folder / "model.safetensors") if name != "f8" and name != "mixed" else {}
    for key, words in tensors.items():
        module, end = key.rsplit(".", 1)
        if end != "weight_packed" or source != "float":
            continue
        rows, columns = tensors[f"{module}.weight_shape"]
        bits = 32 * words.shape[1] // columns
        scales, zeros = tensors[f"{module}.weight_scale"], 2 ** (bits - 1)
        if name == "zeros":
            zeros = np.repeat(unpack(np.ascontiguousarray(tensors[f"{module}.weight_zero_point"].T), bits, rows).T, columns // scales.shape[1], 1)
        elif name == "other":
            zeros = int(tensors[f"{module}.weight_zero_point"][0]) + 128
        scales = np.repeat(scales.astype(np.float32).reshape(-1, scales.size if scales.ndim == 1 else scales.shape[1]),
                           columns // scales.reshape(-1, scales.shape[-1]).shape[1], 1)
        values = (unpack(words, bits, columns) - zeros) * scales
        assert np.all(np.abs(values - floats[f"{module}.weight"]) <= 1.01 * np.abs(scales)), (name, module)
assert config["tie_word_embeddings"] is False and "model.embed_tokens.weight" in tensors

# A packed folder is the same again, whoever packed it.
for method in ("gptq", "pack-quantized"):
    folder_models.write(work / method, "llama", packing=dict(method=method, group=32), **sizes)
    folder, config = emit(work / method, method)
    assert config["quantization_config"]["quant_method"] == "compressed-tensors"
    check_again(folder, config, method)


def refuse(source, rule, output, *flags):
    done = subprocess.run([str(part) for part in (squint.BIN / "squintc", source, "--emit=safetensors", "--progress=never", *flags, "-o", output)],
                          capture_output=True, text=True)
    assert done.returncode == 1 and rule in done.stderr.splitlines()[-1], (rule, done.stderr)


gguf_models.write(work / "m.gguf", "llama")
squint.tool("squintc", work / "m.gguf", "--emit=onnx", "-o", work / "text.mlir", "--progress=never")
refuse(work / "text.mlir", "expected a model from a GGUF file or a folder to write it as a folder", work / "none")
refuse(work / "float", "expected another folder than the model's", work / "float")
refuse(work / "float", "expected a folder for --emit=safetensors, got the file", work / "mixed.yaml")
folder_models.write(work / "ordered", "llama", packing=dict(method="gptq", group=32, act_order=True))
refuse(work / "ordered", "expected an operator of the architecture 'llama' to write the model as a folder of safetensors", work / "none")
assert not (work / "none").exists()
