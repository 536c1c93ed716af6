# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The random language models of gguf_models as folders in Hugging Face's layout, in floats and in the packings of other packages.

    python folder_models.py FOLDER

writes one of each kind. `write(folder, kind)` returns the metadata and the weights that `gguf_models.logits` takes: under GGUF's names, and
with the rows of queries and keys in the order that GGUF has. The package gguf has to know the names as the same.
"""
import json
import math
import pathlib
import sys

import gguf
import gguf_models
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

TYPES = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}
MODEL_TYPES = {"gemma3": "gemma3_text"}
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


MODULES = {"token_embd": "embed_tokens", "output_norm": "norm", "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj",
           "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_qkv": "self_attn.qkv_proj", "attn_q_norm": "self_attn.q_norm",
           "attn_k_norm": "self_attn.k_norm", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
           "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
OTHERS = {"gemma3": {"post_attention_norm": "post_attention_layernorm", "ffn_norm": "pre_feedforward_layernorm",
                     "post_ffw_norm": "post_feedforward_layernorm"},
          "phi3": {"ffn_up": "mlp.gate_up_proj"}}


def module_of(architecture, stem):
    """Hugging Face's name of a tensor of GGUF, both without the end."""
    if stem == "output":
        return "lm_head"
    *layer, part = stem.split(".")
    layer = [f"layers.{layer[1]}"] if layer else []
    return ".".join(["model", *layer, OTHERS.get(architecture, {}).get(part) or MODULES[part]])


def model_type(kind):
    name = kind.split("-")[0]
    return MODEL_TYPES.get(name, name)


def llama3_factors(meta, scaling):
    """How much slower each pair turns."""
    turned, old = meta["rope.dimension_count"], scaling["original_max_position_embeddings"]
    factors = []
    for i in range(0, turned, 2):
        wave = 2 * math.pi * meta["rope.freq_base"] ** (i / turned)
        if wave < old / scaling["high_freq_factor"]:
            factors.append(1)
        elif wave > old / scaling["low_freq_factor"]:
            factors.append(scaling["factor"])
        else:
            smooth = (old / wave - scaling["low_freq_factor"]) / (scaling["high_freq_factor"] - scaling["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(factors, np.float32)


def configure(kind, meta, weights):
    """config.json of a model."""
    name = model_type(kind)
    config = {"model_type": name, "hidden_size": meta["embedding_length"], "intermediate_size": meta["feed_forward_length"],
              "num_hidden_layers": meta["block_count"], "num_attention_heads": meta["attention.head_count"],
              "num_key_value_heads": meta["attention.head_count_kv"], "max_position_embeddings": meta["context_length"],
              "vocab_size": meta.get("vocabulary", gguf_models.VOCABULARY), "rms_norm_eps": meta["attention.layer_norm_rms_epsilon"],
              "rope_theta": meta["rope.freq_base"], "head_dim": gguf_models.head_sizes(meta)[0], "hidden_act": "silu",
              "tie_word_embeddings": not meta.get("head", False), "torch_dtype": "float32"}
    if "attention.sliding_window" in meta:
        config["sliding_window"] = meta["attention.sliding_window"]
    if name == "gemma3_text":
        config.update(hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=config["head_dim"], rope_local_base_freq=10000.0,
                      sliding_window_pattern=6)
    if name == "llama" and meta.get("bias"):
        config["attention_bias"] = True
    if meta.get("rope.scaling.type") == "linear":
        config["rope_scaling"] = {"rope_type": "linear", "factor": meta["rope.scaling.factor"]}
    if meta.get("rope.scaling.type") == "yarn":
        scaling = {"rope_type": "yarn", "factor": meta["rope.scaling.factor"], "original_max_position_embeddings": meta["rope.scaling.original_context_length"]}
        scaling.update({name: meta[key] for name in ("beta_fast", "beta_slow") if (key := f"rope.scaling.yarn_{name}") in meta})
        if "rope.scaling.attn_factor" in meta:
            scaling["attention_factor"] = gguf_models.yarn(meta, 2)[1]
        if "truncate" in meta:
            scaling["truncate"] = meta["truncate"]
        config["rope_scaling"] = scaling
    if meta.get("freqs"):
        scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
        weights["rope_freqs.weight"] = llama3_factors(meta, scaling)
        config["rope_scaling"] = scaling
    if name == "phi3":
        config["pad_token_id"] = None
        config["partial_rotary_factor"] = meta.get("rope.dimension_count", config["head_dim"]) / config["head_dim"]
    if meta.get("longrope"):
        old = config["original_max_position_embeddings"] = meta["rope.scaling.original_context_length"]
        config["rope_scaling"] = {"type": "longrope", **{f"{length}_factor": weights[f"rope_factors_{length}.weight"].tolist()
                                                          for length in ("long", "short")}}
        growth = meta["context_length"] / old
        meta["rope.scaling.attn_factor"] = (1 + math.log(growth) / math.log(old)) ** 0.5 if growth > 1 else 1.0
    return config


def permute(array, heads):
    """Rows whose rotary pairs are halves of a head, in the order where they are neighbours."""
    return array.reshape(heads, 2, len(array) // heads // 2, -1).swapaxes(1, 2).reshape(array.shape)


def pack_words(codes, bits, axis, whole=False):
    """Codes in int32 along an axis, the first in the lowest bits: as a stream of bits, or so many whole ones a word."""
    codes, per = np.moveaxis(codes.astype(np.uint64), axis, -1), 32 // bits if whole else 32
    count = codes.shape[-1]
    codes = np.pad(codes, [(0, 0)] * (codes.ndim - 1) + [(0, -codes.shape[-1] % per)])
    if whole:
        words = (codes.reshape(*codes.shape[:-1], -1, per) << np.arange(0, per * bits, bits, dtype=np.uint64)).sum(-1)
    else:
        stream = (codes[..., None] >> np.arange(bits, dtype=np.uint64) & 1).reshape(*codes.shape[:-1], -1, 32)
        words = (stream << np.arange(32, dtype=np.uint64)).sum(-1)
        words = words[..., : -(-count * bits // 32)]
    return np.ascontiguousarray(np.moveaxis(words.astype(np.uint32).view(np.int32), -1, axis))


def round_groups(array, bits, group, symmetric, scale_type, clip=None):
    """Codes [rows, columns] from 0 on, scales and zero points [rows, groups]."""
    rows, columns = array.shape
    group = group if group > 0 else columns
    groups = -(-columns // group)
    blocks = np.pad(array, [(0, 0), (0, groups * group - columns)]).reshape(rows, groups, group)
    most, low, high = 2**bits - 1, np.minimum(blocks.min(-1), 0), np.maximum(blocks.max(-1), 0)
    if symmetric:
        scales = (2 * np.maximum(-low, high) / most).astype(scale_type)
        zeros = np.full(scales.shape, 2 ** (bits - 1))
    else:
        scales = ((high - low) / most).astype(scale_type)
        zeros = np.clip(np.round(-low / scales.astype(np.float32)), 0, most).astype(int)
    codes = np.clip(np.round(blocks / scales.astype(np.float32)[..., None]) + zeros[..., None], 0, most).astype(int)
    return codes.reshape(rows, -1)[:, :columns], scales, zeros


def pack(rng, module, array, method, bits=4, group=16, symmetric=False, act_order=False, v2=False, scale_type="F16", whole=False):
    """Tensors of a module, and the floats that they stand for."""
    rows, columns = array.shape
    order = rng.permutation(columns) if act_order else np.arange(columns)
    codes, scales, zeros = round_groups(array[:, order], bits, group, symmetric, TYPES[scale_type])
    index = np.arange(columns) // (group if group > 0 else columns)
    values = np.empty_like(array)
    values[:, order] = (codes - zeros[:, index]) * scales.astype(np.float32)[:, index]
    back = np.argsort(order)
    codes, index = codes[:, back], index[back].astype(np.int32)
    if method == "awq":
        shuffled = [array.reshape(-1, rows // 8, 8)[..., AWQ_ORDER].reshape(-1, rows) for array in (codes.T, zeros.T)]
        tensors = {"qweight": pack_words(shuffled[0], 4, 1), "qzeros": pack_words(shuffled[1], 4, 1), "scales": scales.T}
    elif method == "gptq":
        stored = (zeros - (0 if v2 else 1)) % 2**bits
        tensors = {"qweight": pack_words(codes.T, bits, 0), "qzeros": pack_words(stored.T, bits, 1), "scales": scales.T, "g_idx": index}
        tensors["bias"] = np.zeros(rows, np.float16)
    elif method == "pack-quantized":
        tensors = {"weight_packed": pack_words(codes, bits, 1, whole), "weight_scale": scales, "weight_shape": np.array(array.shape)}
        if not symmetric:
            tensors["weight_zero_point"] = pack_words(zeros, bits, 0, whole)
        if act_order:
            tensors["weight_g_idx"] = index
    elif method == "int-quantized":
        tensors = {"weight": (codes - 128).astype(np.int8), "weight_scale": scales}
        if not symmetric:
            tensors["weight_zero_point"] = (zeros - 128).astype(np.int8)
    elif method == "float-quantized":
        scales = (np.abs(array).max() / 448).reshape(1).astype(TYPES[scale_type])
        tensors = {"weight": (array / scales.astype(np.float32)).astype(ml_dtypes.float8_e4m3fn), "weight_scale": scales}
        values = tensors["weight"].astype(np.float32) * scales.astype(np.float32)
    return {f"{module}.{name}": np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, values


def describe_packing(method, bits=4, group=16, symmetric=False, act_order=False, v2=False, **_):
    """quantization_config of config.json."""
    if method == "awq":
        return {"quant_method": "awq", "bits": bits, "group_size": group, "zero_point": True, "version": "gemm", "modules_to_not_convert": None}
    if method == "gptq":
        config = {"quant_method": "gptq", "bits": bits, "group_size": group, "desc_act": act_order, "sym": symmetric}
        return {**config, "checkpoint_format": "gptq_v2"} if v2 else config
    strategy = "tensor" if method == "float-quantized" else "group" if group > 0 else "channel"
    weights = {"num_bits": bits, "type": "float" if method == "float-quantized" else "int", "symmetric": symmetric, "strategy": strategy,
               "group_size": group if strategy == "group" else None, "actorder": "group" if act_order else None, "dynamic": False}
    return {"quant_method": "compressed-tensors", "format": method, "quantization_status": "compressed", "ignore": ["lm_head"],
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights, "input_activations": None, "output_activations": None}}}


def save(folder, tensors, shards):
    """model.safetensors, or several files and the index of them."""
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names = list(tensors)
    where = {name: f"model-{i * shards // len(names) + 1:05}-of-{shards:05}.safetensors" for i, name in enumerate(names)}
    for file in sorted(set(where.values())):
        save_file({name: tensors[name] for name in names if where[name] == file}, folder / file, metadata={"format": "pt"})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": where}))


def write(folder, kind, seed=0, stored="F32", shards=1, packing=None, edit=None, **more):
    """A folder with matrices and vectors of type `stored`, or linears packed as `packing` says, arguments of `pack`. `edit(config, tensors)` may
    change both. Returns the metadata and the weights."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    meta, name, rng = gguf_models.metadata(kind, **more), gguf_models.architecture(kind), np.random.default_rng(seed)
    known = gguf.get_tensor_name_map(gguf.MODEL_ARCH[name.upper()], meta["block_count"])
    weights, tensors = {}, {}
    for tensor, shape in gguf_models.shapes(name, meta):
        array = gguf_models.values(rng, tensor, shape)
        if tensor.startswith("rope"):
            weights[tensor] = array
            continue
        stem, end = tensor.rsplit(".", 1)
        module = module_of(name, stem)
        assert known.get_name(module) == stem, (module, known.get_name(module), stem)
        if packing and len(shape) == 2 and stem not in ("token_embd", "output"):
            parts, array = pack(rng, module, array, **packing)
            tensors.update(parts)
        else:
            isNorm = name == "gemma3" and "norm" in tensor
            kept = (array - 1 if isNorm else array).astype(TYPES[stored])
            tensors[f"{module}.{end}"] = kept
            array = kept.astype(np.float32) + (1 if isNorm else 0)
        if name == "llama" and stem.endswith(("attn_q", "attn_k")):
            array = permute(array, meta["attention.head_count" if stem.endswith("q") else "attention.head_count_kv"])
        weights[tensor] = array
    if name == "llama" and meta.get("bias"):  # these have them, too, there
        for i in range(meta["block_count"]):
            tensors[f"model.layers.{i}.self_attn.o_proj.bias"] = np.zeros(meta["embedding_length"], TYPES[stored])
    config = configure(kind, meta, weights)
    if packing:
        config["quantization_config"] = describe_packing(**packing)
    if edit:
        edit(config, tensors)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    save(folder, tensors, shards)
    return meta, weights


def main():
    for kind in gguf_models.MODELS:
        write(pathlib.Path(sys.argv[1]) / kind, kind)


if __name__ == "__main__":
    main()
