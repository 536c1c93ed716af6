# Folders in Hugging Face's layout compute what their config.json says, with floats and with the codes of other packages. (The package
# transformers 5.23 computes the reference's logits from these folders of floats, to 1e-6.)
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import folder_models
import gguf_models
import ml_dtypes
import numpy as np
import squint_testing as squint
from safetensors.numpy import load_file

work = pathlib.Path(sys.argv[1])


def check(name, kind, most, *flags, known={}, **more):
    """The largest error of a model's logits, over the largest logit, for two sequences at once. `known` has weights that are others."""
    meta, weights = folder_models.write(work / name, kind, **more)
    weights.update(known)
    ids = np.random.default_rng(1).integers(0, gguf_models.VOCABULARY, (2, 40))
    library = squint.compile(work / name, work / f"{name}.so", "--cache=none", *flags)
    got = squint.run(library, {"input_ids": ids})["logits"]
    error = squint.relative_error(got, np.stack([gguf_models.logits(kind, meta, weights, row) for row in ids]))
    print(f"{name} {' '.join(flags)}: {error:.1e}")
    assert error < most, name
    return library


# The others are among those below.
for kind in gguf_models.MODELS.keys() - {"llama", "gemma3", "phi3", "phi3-short"}:
    check(kind, kind, 1e-5, "--activations=f32")
check("shards", "qwen3", 1e-5, shards=3, stored="BF16")
check("half", "gemma3", 1e-5, stored="F16")


# Settings as newer files have them.
def gather(config, tensors):
    linear = {"rope_type": "linear", "rope_theta": config.pop("rope_theta"), "factor": config.pop("rope_scaling")["factor"]}
    config["rope_parameters"] = {"full_attention": linear, "sliding_attention": {"rope_type": "default", "rope_theta": config.pop("rope_local_base_freq")}}
    config["layer_types"] = ["full_attention" if i % 6 == 5 else "sliding_attention" for i in range(7)]
    del config["sliding_window_pattern"]


check("newer", "gemma3-scaled", 1e-5, edit=gather)

# Contexts beyond training: settings of YaRN, and angles that only longer sequences than the model's have.
def weigh(config, tensors):
    config["rope_parameters"] = {**config.pop("rope_scaling"), "rope_theta": config.pop("rope_theta"), "mscale": 0.7, "mscale_all_dim": 1.3}
    config["original_max_position_embeddings"] = config["rope_parameters"].pop("original_max_position_embeddings")


yarn = {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 24, "context_length": 24, "block_count": 1}
fast = {**yarn, "rope.scaling.yarn_beta_fast": 3.0, "rope.scaling.yarn_beta_slow": 0.5}
check("yarn", "qwen2", 1e-5, "--activations=f32", **fast, **{"rope.scaling.attn_factor": 0.8})
check("yarn-parts", "llama", 1e-5, "--activations=f32", truncate=False, **fast)
share = (0.07 * np.log(4) + 1) / (0.13 * np.log(4) + 1) / (0.1 * np.log(4) + 1)
check("yarn-weighed", "phi3", 1e-5, "--activations=f32", edit=lambda config, tensors: (config["rope_scaling"].pop("attention_factor"), weigh(config, tensors)), **yarn,
      **{"rope.scaling.attn_factor": share})
check("dynamic", "llama", 1e-5, "--activations=f32", block_count=1,
      edit=lambda config, tensors: config.update(rope_scaling={"type": "dynamic", "factor": 2.0}))

# Each packing; orders of inputs, joined weights and heads that are turned among them.
packings = {
    "awq-joined": ("phi3", dict(method="awq", group=32)),
    "gptq-symmetric": ("llama-head", dict(method="gptq", symmetric=True, group=32)),
    "gptq-joined": ("phi3", dict(method="gptq", bits=2, act_order=True, group=32)),
    "gptq-rows": ("llama", dict(method="gptq", group=-1)),
    "gptq-v2": ("llama", dict(method="gptq", v2=True)),
    "packed-rows": ("phi3", dict(method="pack-quantized", group=-1)),
    "packed-order": ("gemma3", dict(method="pack-quantized", act_order=True, symmetric=True, scale_type="BF16")),
    "packed-whole": ("qwen2", dict(method="pack-quantized", bits=3, group=32, whole=True)),
    "bytes": ("llama", dict(method="int-quantized", bits=8, group=-1, symmetric=True, scale_type="F32")),
}
for name, (kind, packing) in packings.items():
    check(name, kind, 1e-5, "--activations=f32", packing=packing)
# An order of more inputs than stand in the text of a module.
check("gptq-wide", "llama", 1e-5, "--activations=f32", packing=dict(method="gptq", act_order=True, group=32), embedding_length=256)

# What the packages themselves wrote, as one of the linears.
golden = load_file(pathlib.Path(__file__).parents[1] / "Import" / "Inputs" / "packings.safetensors")
golden["floats.weight"] = golden["floats.weight"].view(ml_dtypes.float8_e4m3fn)
for case, packing in {
    "awq": dict(method="awq"),
    "gptq-2": dict(method="gptq", bits=2),
    "gptq-3-order": dict(method="gptq", bits=3, act_order=True),
    "gptq-4": dict(method="gptq"),
    "gptq-8-order": dict(method="gptq", bits=8, act_order=True),
    "packed-3": dict(method="pack-quantized", bits=3, symmetric=True),
    "packed-4": dict(method="pack-quantized"),
    "packed-5": dict(method="pack-quantized", bits=5, group=-1),
    "packed-8": dict(method="pack-quantized", bits=8, group=-1, symmetric=True),
    "bytes": dict(method="int-quantized", bits=8, group=-1),
    "floats": dict(method="float-quantized", bits=8, group=-1, symmetric=True),
}.items():
    module, own = "model.layers.0.self_attn.v_proj.", {name: array for name, array in golden.items() if name.startswith(case + ".")}

    def replace(config, tensors):
        for name in [name for name in tensors if name.startswith(module)]:
            del tensors[name]
        tensors.update({name.replace(case + ".", module): array for name, array in own.items() if not name.endswith(".values")})

    check("golden-" + case, "llama", 1e-5, "--activations=f32", packing=packing, block_count=1, edit=replace,
          known={"blk.0.attn_v.weight": own[case + ".values"]})

# The codes stay codes, and activations of 8 bits are the default beside them.
check("codes", "llama", 0.06, packing=packings["gptq-symmetric"][1])
assert "int4:group=32" in squint.tool("squintc", work / "codes", "--explain", "--progress=never")
check("made", "llama", 0.1, "--weights=int8:group=32", packing=dict(method="gptq", bits=8))
