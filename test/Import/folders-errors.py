# RUN: rm -rf %t && mkdir -p %t && %python %s %t 2>&1 | FileCheck %s
"""Whatever is wrong with a folder is said in one line that names the file, the setting or the tensor, and the rule; exit status 1."""
import json
import os
import pathlib
import subprocess
import sys

import folder_models
import numpy as np

folder = pathlib.Path(sys.argv[1])


def refuse(name):
    """Prints what the importer says of a folder."""
    path = folder / name
    done = subprocess.run(["squint-translate", "--import-hugging-face", path, "-o", folder / "out.mlir"], capture_output=True, text=True, timeout=30)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 1, (name, done.returncode, done.stderr)
    assert lines[0].startswith(f"{path}/"), lines[0]
    assert not (folder / "out.mlir").exists()
    print(f"{name}: {lines[0][len(str(path)) + 1:]}")


def model(name, kind="llama", settings=None, drop=None, change=None, quantization=None, files=None, **more):
    """A folder with something about it changed."""
    def edit(config, tensors):
        config.update(settings or {})
        config.get("quantization_config", {}).update(quantization or {})
        for key in [key for key in (*config, *tensors) if key == drop]:
            (config if key in config else tensors).pop(key)
        if change:
            change(tensors)
    folder_models.write(folder / name, kind, edit=edit, **more)
    if files:
        files(folder / name)
    refuse(name)


def shape(name, *sizes, dtype=np.float32):
    return lambda tensors: tensors.update({name: np.zeros(sizes, dtype)})


# Files.
(folder / "empty").mkdir()
# CHECK: empty: config.json: error: cannot open 'config.json': no such file
refuse("empty")
# CHECK: text: config.json: error: {{.*}}
model("text", files=lambda path: (path / "config.json").write_text("{"))
# CHECK: deep: config.json: error: expected at most 16 levels of JSON
model("deep", files=lambda path: (path / "config.json").write_text('{"a":' * 100))
# CHECK: list: config.json: error: expected a JSON object
model("list", files=lambda path: (path / "config.json").write_text("[1]"))
# CHECK: weightless: model.safetensors.index.json: error: cannot open 'model.safetensors.index.json': no such file
model("weightless", files=lambda path: (path / "model.safetensors").unlink())
# CHECK: short: model.safetensors: error: expected {{.*}}
model("short", files=lambda path: (path / "model.safetensors").write_bytes(b"\1\2"))


def index(**entries):
    def edit(path):
        file = path / "model.safetensors.index.json"
        content = json.loads(file.read_text())
        content["weight_map"].update(entries)
        file.write_text(json.dumps(content))
    return edit


# CHECK: outside: model.safetensors.index.json: error: tensor 'x': expected a .safetensors file of the folder, got '../llama/model.safetensors'
model("outside", shards=2, files=index(x="../llama/model.safetensors"))
# CHECK: number: model.safetensors.index.json: error: tensor 'x': expected a .safetensors file of the folder, got ''
model("number", shards=2, files=index(x=7))
# CHECK: missing: model-3.safetensors: error: cannot open 'model-3.safetensors': no such file
model("missing", shards=2, files=index(x="model-3.safetensors"))
# CHECK: absent: model.safetensors.index.json: error: tensor 'x': expected it in 'model-00001-of-00002.safetensors'
model("absent", shards=2, files=index(x="model-00001-of-00002.safetensors"))
# CHECK: mapless: model.safetensors.index.json: error: expected an object 'weight_map'
model("mapless", shards=2, files=lambda path: (path / "model.safetensors.index.json").write_text("{}"))


def link(path):
    os.rename(path / "model.safetensors", folder / "elsewhere.safetensors")
    os.symlink(folder / "elsewhere.safetensors", path / "model.safetensors")


# CHECK: link: model.safetensors: error: expected data inside the model's folder, got 'model.safetensors' (see --allow-external)
model("link", files=link)


def copy(path):
    (path / "model-00002-of-00002.safetensors").write_bytes((path / "model-00001-of-00002.safetensors").read_bytes())


# CHECK: double: model-00002-of-00002.safetensors: error: tensor '{{.*}}': expected it in one file, got 'model-00001-of-00002.safetensors' too
model("double", shards=2, files=copy)

# Settings.
# CHECK: type: config.json: error: setting 'model_type': expected llama, mistral, qwen2, qwen3, gemma3_text, phi3, got 'bert'
model("type", settings={"model_type": "bert"})
# CHECK: kind: config.json: error: setting 'model_type': expected a text
model("kind", settings={"model_type": 7})
# CHECK: layers: config.json: error: setting 'num_hidden_layers': expected it to be there
model("layers", drop="num_hidden_layers")
# CHECK: many: config.json: error: setting 'num_hidden_layers': expected a whole number from 1 to 4096
model("many", settings={"num_hidden_layers": 10**9})
# CHECK: half: config.json: error: setting 'num_hidden_layers': expected a whole number from 1 to 4096
model("half", settings={"num_hidden_layers": 1.5})
# CHECK: shared: config.json: error: setting 'num_key_value_heads': expected a divisor of 4 heads, got 3
model("shared", settings={"num_key_value_heads": 3})
# CHECK: epsilon: config.json: error: setting 'rms_norm_eps': expected a finite number above 0
model("epsilon", settings={"rms_norm_eps": -1})
# CHECK: odd: config.json: error: setting 'head_dim': expected an even number of elements that are turned, got 15
model("odd", settings={"head_dim": 15})
# CHECK: activation: config.json: error: setting 'hidden_act': expected silu, got 'relu'
model("activation", settings={"hidden_act": "relu"})
# CHECK: scaling: config.json: error: setting 'rope_scaling.rope_type': expected default, linear, dynamic, yarn, llama3 or, for phi3, longrope, got 'mrope'
model("scaling", settings={"rope_scaling": {"rope_type": "mrope", "factor": 4.0}})
# CHECK: turns: config.json: error: setting 'rope_scaling.beta_fast': expected at least beta_slow
model("turns", settings={"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 1, "beta_slow": 2}})
# CHECK: theta: config.json: error: setting 'rope_theta': expected more than 1 with yarn
model("theta", settings={"rope_theta": 1.0, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}})
# CHECK: grown: config.json: error: setting 'rope_scaling.factor': expected a finite number above 0
model("grown", settings={"rope_scaling": {"rope_type": "dynamic", "factor": -4.0}})
# CHECK: factors: config.json: error: setting 'rope_scaling.long_factor': expected 8 finite numbers above 0
model("factors", "phi3-long", settings={"rope_scaling": {"type": "longrope", "short_factor": [1] * 8, "long_factor": [1] * 7 + [0]}})
# CHECK: cap: config.json: error: setting 'final_logit_softcapping': expected null
model("cap", "gemma3", settings={"final_logit_softcapping": 30.0})
# CHECK: kinds: config.json: error: setting 'layer_types': expected one for each of 2 layers
model("kinds", "mistral", settings={"layer_types": ["full_attention"]})
# CHECK: unwindowed: config.json: error: setting 'sliding_window': expected it to be there
model("unwindowed", "gemma3", drop="sliding_window")

# Tensors.
# CHECK: lost: model.safetensors: error: tensor 'model.layers.1.mlp.down_proj.weight': expected it to be there
model("lost", drop="model.layers.1.mlp.down_proj.weight")
# CHECK: headless: model.safetensors: error: tensor 'lm_head.weight': expected it to be there
model("headless", settings={"tie_word_embeddings": False})
# CHECK: width: model.safetensors: error: tensor 'model.layers.0.mlp.gate_proj.weight': expected the shape 96x64, got 80x64
model("width", change=shape("model.layers.0.mlp.gate_proj.weight", 80, 64))
# CHECK: words: model.safetensors: error: tensor 'model.norm.weight': expected F32, F16 or BF16, got I32
model("words", change=shape("model.norm.weight", 64, dtype=np.int32))
# CHECK: codes: model.safetensors: error: tensor 'model.layers.0.mlp.gate_proj.weight': expected F32, F16 or BF16, got I8
model("codes", change=shape("model.layers.0.mlp.gate_proj.weight", 96, 64, dtype=np.int8))
# CHECK: more: model.safetensors: error: tensor 'model.layers.0.self_attn.sinks': expected a tensor of the architecture 'llama'
model("more", change=shape("model.layers.0.self_attn.sinks", 4))
# CHECK: bias: model.safetensors: error: tensor 'model.layers.0.mlp.up_proj.bias': expected a tensor of the architecture 'llama'
model("bias", change=lambda tensors: tensors.update({"model.layers.0.mlp.up_proj.bias": np.ones(96, np.float32)}))

# Packings.
awq, gptq, packed = dict(method="awq"), dict(method="gptq"), dict(method="pack-quantized")
# CHECK: method: config.json: error: setting 'quantization_config.quant_method': expected awq, gptq or compressed-tensors, got 'fp8'
model("method", packing=awq, quantization={"quant_method": "fp8"})
# CHECK: gemv: config.json: error: setting 'quantization_config.version': expected gemm, got 'gemv'
model("gemv", packing=awq, quantization={"version": "gemv"})
# CHECK: bits: config.json: error: setting 'quantization_config.bits': expected 2, 3, 4 or 8, got 5
model("bits", packing=gptq, quantization={"bits": 5})
# CHECK: group: config.json: error: setting 'quantization_config.group_size': expected -1 or a number from 1 on
model("group", packing=gptq, quantization={"group_size": 0})
# CHECK: groups: model.safetensors: error: tensor 'model.layers.0.self_attn.q_proj.scales': expected the shape 2x64, got 4x64
model("groups", packing=gptq, quantization={"group_size": 32})
# CHECK: layout: config.json: error: setting 'quantization_config.checkpoint_format': expected gptq or gptq_v2, got 'marlin'
model("layout", packing=gptq, quantization={"checkpoint_format": "marlin"})
# CHECK: format: config.json: error: setting 'quantization_config.config_groups.group_0.format': expected pack-quantized, int-quantized or float-quantized, got 'marlin-24'
model("format", packing=packed, quantization={"format": "marlin-24"})
# CHECK: targets: config.json: error: setting 'quantization_config.config_groups.group_0.targets': expected names of modules, or expressions without counts and classes
model("targets", packing=packed, quantization={"config_groups": {"group_0": {"targets": ["re:("], "weights": {"num_bits": 4}}}})
# CHECK: counts: config.json: error: setting 'quantization_config.config_groups.group_0.targets': expected names of modules, or expressions without counts and classes
model("counts", packing=packed, quantization={"config_groups": {"group_0": {"targets": ["re:(((a{9}){9}){9}){9}"], "weights": {"num_bits": 4}}}})
# CHECK: classes: config.json: error: setting 'quantization_config.config_groups.group_0.targets': expected names of modules, or expressions without counts and classes
model("classes", packing=packed, quantization={"config_groups": {"group_0": {"targets": [r"re:.*\d+.*"], "weights": {"num_bits": 4}}}})
# CHECK: elsewhere: model.safetensors: error: tensor 'model.layers.0.self_attn.q_proj.weight': expected it to be there
model("elsewhere", packing=packed, quantization={"config_groups": {"group_0": {"targets": ["re:.*mlp.*"], "weights": {"num_bits": 4}}}})
q = "model.layers.0.self_attn.q_proj."
# CHECK: zeros: model.safetensors: error: tensor 'model.layers.0.self_attn.q_proj.qzeros': expected it to be there
model("zeros", packing=awq, drop=q + "qzeros")
# CHECK: halves: model.safetensors: error: tensor 'model.layers.0.self_attn.q_proj.scales': expected F16, BF16, F32, got F64
model("halves", packing=awq, change=shape(q + "scales", 4, 64, dtype=np.float64))
# CHECK: member: config.json: error: module 'model.layers.0.self_attn.q_proj': g_idx: expected groups from 0 to 3, got -1
model("member", packing=gptq, change=lambda tensors: tensors[q + "g_idx"].__setitem__(5, -1))
# CHECK: members: config.json: error: module 'model.layers.0.self_attn.q_proj': g_idx: expected 16 inputs of group 0, got 15
model("members", packing=gptq, change=lambda tensors: tensors[q + "g_idx"].__setitem__(0, 1))
# CHECK: outputs: config.json: error: module 'model.layers.0.self_attn.q_proj': expected outputs in multiples of 8, got 4
model("outputs", packing=awq, settings={"head_dim": 2, "num_attention_heads": 2, "num_key_value_heads": 1})

# Whatever bytes of the settings or of the header are others: an error in one line, or a model.
folder_models.write(folder / "damaged", "gemma3", block_count=1, packing=packed)
rng, refused = np.random.default_rng(0), 0
for name, longest, count in (("config.json", None, 60), ("model.safetensors", 4000, 60)):
    file = folder / "damaged" / name
    whole = file.read_bytes()
    for i in range(count):
        data = bytearray(whole)
        for at in rng.integers(0, longest or len(data), 2):
            data[at] = int(rng.integers(32, 127))
        file.write_bytes(data)
        done = subprocess.run(["squint-translate", "--import-hugging-face", folder / "damaged", "-o", folder / "any.mlir"], capture_output=True, text=True, timeout=30)
        assert done.returncode in (0, 1) and len(done.stderr.splitlines()) == done.returncode, (name, i, done.returncode, done.stderr)
        refused += done.returncode
    file.write_bytes(whole)
# CHECK: of 120 refused
print(f"{refused} of 120 refused")
