# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small random language models as GGUF files, and what they compute, in float64.

    python gguf_models.py FOLDER

writes one of each kind (`MODELS`). `write(path, kind)` returns the metadata and the weights as floats, which `logits` takes.
"""
import pathlib
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

# Metadata of each kind, without the name of the architecture in front; sizes not named here are those of SIZES. "type" is what matrices
# are stored as, "head" whether there is a matrix for the output besides the table.
SIZES = {"block_count": 2, "context_length": 96, "embedding_length": 64, "feed_forward_length": 96, "attention.head_count": 4,
         "attention.head_count_kv": 2, "attention.layer_norm_rms_epsilon": 1e-5, "rope.freq_base": 1000.0}
GEMMA = {"block_count": 7, "attention.key_length": 32, "attention.value_length": 32, "attention.sliding_window": 5, "rope.freq_base": 50000.0}
MODELS = {
    "llama": {},
    "llama-head": {"head": True, "bias": True},
    "llama-3": {"freqs": True, "rope.dimension_count": 16},
    "llama-linear": {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0, "attention.head_count_kv": 4},
    "mistral": {"attention.sliding_window": 7},
    "qwen2": {"bias": True},
    "qwen3": {"attention.key_length": 32, "attention.value_length": 32},
    "qwen3-yarn": {"attention.key_length": 32, "attention.value_length": 32, "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0,
                   "rope.scaling.original_context_length": 24},
    "gemma3": GEMMA,
    "gemma3-scaled": {**GEMMA, "rope.scaling.type": "linear", "rope.scaling.factor": 8.0},
    "phi3": {"rope.dimension_count": 12},
    "phi3-long": {"longrope": True, "rope.scaling.original_context_length": 32, "rope.scaling.attn_factor": 1.19, "head": True},
    "phi3-short": {"longrope": True, "rope.scaling.original_context_length": 96, "attention.sliding_window": 6, "head": True},
}
NAMES = {"mistral": "llama"}
OURS = ("type", "head", "bias", "freqs", "longrope", "vocabulary", "base_type", "truncate")
VOCABULARY = 112


def architecture(kind):
    return NAMES.get(kind, kind.split("-")[0])


def metadata(kind, **more):
    return {**SIZES, **MODELS[kind], **more}


def head_sizes(meta):
    size = meta["embedding_length"] // meta["attention.head_count"]
    keys = meta.get("attention.key_length", size)
    return keys, meta.get("attention.value_length", keys)


def shapes(name, meta):
    """Tensors of a model, in order, with their shapes."""
    width, hidden, heads = meta["embedding_length"], meta["feed_forward_length"], meta["attention.head_count"]
    shared, (keys, values) = meta["attention.head_count_kv"], head_sizes(meta)
    turned = meta.get("rope.dimension_count", keys)
    yield "token_embd.weight", (meta.get("vocabulary", VOCABULARY), width)
    if meta.get("freqs"):
        yield "rope_freqs.weight", (turned // 2,)
    if meta.get("longrope"):
        yield "rope_factors_long.weight", (turned // 2,)
        yield "rope_factors_short.weight", (turned // 2,)
    for i in range(meta["block_count"]):
        p = f"blk.{i}."
        yield p + "attn_norm.weight", (width,)
        parts = {"q": heads * keys, "k": shared * keys, "v": shared * values}
        if name == "phi3":
            parts = {"qkv": sum(parts.values())}
        for part, rows in parts.items():
            yield p + f"attn_{part}.weight", (rows, width)
            if meta.get("bias"):
                yield p + f"attn_{part}.bias", (rows,)
        if name in ("qwen3", "gemma3"):
            yield p + "attn_q_norm.weight", (keys,)
            yield p + "attn_k_norm.weight", (keys,)
        yield p + "attn_output.weight", (width, heads * values)
        if name == "gemma3":
            yield p + "post_attention_norm.weight", (width,)
        yield p + "ffn_norm.weight", (width,)
        if name != "phi3":
            yield p + "ffn_gate.weight", (hidden, width)
        yield p + "ffn_up.weight", ((2 if name == "phi3" else 1) * hidden, width)
        yield p + "ffn_down.weight", (width, hidden)
        if name == "gemma3":
            yield p + "post_ffw_norm.weight", (width,)
    yield "output_norm.weight", (width,)
    if meta.get("head"):
        yield "output.weight", (meta.get("vocabulary", VOCABULARY), width)


def values(rng, name, shape):
    if name.startswith("rope"):
        return rng.uniform(1, 6, shape).astype(np.float32)
    if len(shape) == 1:
        return (rng.standard_normal(shape) * 0.1 + (0 if name.endswith("bias") else 1)).astype(np.float32)
    scale = 1.0 if name.startswith("token_embd") else 1.5 / shape[1] ** 0.5
    return (rng.standard_normal(shape) * scale).astype(np.float32)


# Of types that the package does not write: where the f16 scale of a block lies, and that of its minima.
SCALES = {T.Q2_K: (80, 82), T.Q3_K: (108,), T.Q4_K: (0, 2), T.Q5_K: (0, 2), T.Q6_K: (208,), T.IQ4_NL: (0,), T.IQ4_XS: (0,), T.IQ1_S: (0,),
          T.IQ2_XXS: (0,), T.IQ2_XS: (0,), T.IQ2_S: (0,), T.IQ3_XXS: (0,), T.IQ3_S: (0,), T.IQ1_M: (48,)}


def get_halves(blocks, stored, at):
    if stored != T.IQ1_M:
        return blocks[:, at : at + 2].copy().view(np.float16)
    # Four bits each at the top of the last four words.
    words = blocks[:, at:].copy().view(np.uint16) >> 12
    return (words << np.arange(0, 16, 4, dtype=np.uint16)).sum(1, keepdims=True, dtype=np.uint16).view(np.float16)


def set_halves(blocks, stored, at, halves):
    bits = np.ascontiguousarray(halves, np.float16).view(np.uint16)
    if stored != T.IQ1_M:
        blocks[:, at : at + 2] = bits.view(np.uint8)
        return
    words = blocks[:, at:].copy().view(np.uint16) & 0x0FFF
    blocks[:, at:] = (words | (bits >> np.arange(0, 16, 4, dtype=np.uint16)) << 12).view(np.uint8)


def quantize(rng, array, stored):
    """Blocks of a type; random ones of about the array's magnitude where the package cannot make any."""
    if stored not in SCALES:
        return gguf.quantize(array, stored)
    size, count = gguf.GGML_QUANT_SIZES[stored]
    blocks = rng.integers(0, 256, (array.size // size, count), np.uint8)
    for at in SCALES[stored]:
        set_halves(blocks, stored, at, rng.uniform(0.5, 1, (len(blocks), 1)))
    values = gguf.dequantize(blocks, stored)
    for at in SCALES[stored]:
        set_halves(blocks, stored, at, get_halves(blocks, stored, at) * (array.std() / values.std()))
    return blocks.reshape(len(array), -1)


def write(path, kind, seed=0, version=3, edit=None, **more):
    """A file, with metadata of `more` besides those of the kind. `edit(writer)` may add others. Matrices are of type `type` (F32 left
    out), or of those of a list, the last for the rest; the table is of `base_type` where that is given. Returns the metadata and the weights as they are stored, as floats."""
    meta, name, rng = metadata(kind, **more), architecture(kind), np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, name)
    for key, value in meta.items():
        if key in OURS or value is None:
            continue
        {int: writer.add_uint32, float: writer.add_float32, str: writer.add_string, bool: writer.add_bool,
         list: writer.add_array}[type(value)](f"{name}.{key}", value)
    if edit:
        edit(writer)
    weights, types = {}, meta.get("type", "F32")
    types = [types] if isinstance(types, str) else list(types)
    for tensor, shape in shapes(name, meta):
        array = values(rng, tensor, shape)
        stored = T.F32 if len(shape) == 1 else T[types[0] if len(types) == 1 else types.pop(0)]
        if tensor == "token_embd.weight" and "base_type" in meta:
            stored = T[meta["base_type"]]
        if stored == T.F32:
            weights[tensor] = array
            writer.add_tensor(tensor, array)
            continue
        data = quantize(rng, array, stored)
        weights[tensor] = gguf.dequantize(data, stored)
        writer.add_tensor(tensor, data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if version != 3:
        with open(path, "r+b") as file:
            file.seek(4)
            file.write(version.to_bytes(4, "little"))
    return meta, weights


def yarn(meta, turned):
    """What the angle of each pair is multiplied with, and cosines and sines, after the paper (2309.00071)."""
    factor, old, base = meta["rope.scaling.factor"], meta.get("rope.scaling.original_context_length", meta["context_length"]), meta["rope.freq_base"]
    fast, slow = (turned * np.log(old / (2 * np.pi * meta.get("rope.scaling.yarn_beta_" + name, turns))) / (2 * np.log(base))
                  for name, turns in (("fast", 32), ("slow", 1)))
    if meta.get("truncate", True):
        fast, slow = np.floor(fast), np.ceil(slow)
    fast, slow = max(fast, 0), min(slow, turned - 1)
    kept = 1 - np.clip((np.arange(turned // 2) - fast) / (slow - fast or 0.001), 0, 1)
    return (1 - kept) / factor + kept, meta.get("rope.scaling.attn_factor", 1.0) * (0.1 * np.log(factor) + 1)


def angles(name, meta, weights, positions, isWindow):
    """Cosines and sines [tokens, pairs]."""
    turned = meta.get("rope.dimension_count", head_sizes(meta)[0])
    base = 10000.0 if name == "gemma3" and isWindow else meta["rope.freq_base"]
    f = base ** (-np.arange(0, turned, 2) / turned)
    scale = 1.0
    if not (name == "gemma3" and isWindow):
        if meta.get("rope.scaling.type") == "linear":
            f = f / meta["rope.scaling.factor"]
        if meta.get("rope.scaling.type") == "yarn":
            share, scale = yarn(meta, turned)
            f = f * share
        if meta.get("freqs"):
            f = f / weights["rope_freqs.weight"]
        if meta.get("longrope"):
            isLong = meta["context_length"] > meta["rope.scaling.original_context_length"]
            f = f / weights[f"rope_factors_{'long' if isLong else 'short'}.weight"]
            scale = meta.get("rope.scaling.attn_factor", 1.0)
    a = positions[:, None] * f
    return np.cos(a) * scale, np.sin(a) * scale


def rotary(x, cos, sin, interleaved):
    """Of [tokens, heads, size]."""
    pairs, y = cos.shape[1], x.copy()
    a, b = (slice(0, 2 * pairs, 2), slice(1, 2 * pairs, 2)) if interleaved else (slice(0, pairs), slice(pairs, 2 * pairs))
    y[..., a] = x[..., a] * cos[:, None] - x[..., b] * sin[:, None]
    y[..., b] = x[..., b] * cos[:, None] + x[..., a] * sin[:, None]
    return y


def in_groups(x, bits, size=32):
    """What codes stand for, in groups along the last axis with a scale and a minimum of f16."""
    out = x.astype(np.float16).astype(np.float64)
    for start in range(0, x.shape[-1], size):
        group = out[..., start : start + size]
        low, high = group.min(-1, keepdims=True), group.max(-1, keepdims=True)
        scale, minimum = np.float16((high - low) / (2**bits - 1)).astype(np.float64), np.float16(-low).astype(np.float64)
        codes = np.clip(np.rint((group + minimum) / np.where(scale > 0, scale, 1)), 0, 2**bits - 1)
        group[...] = codes * scale - minimum
    return out


def logits(kind, meta, weights, ids, cache_bits=None):
    """[tokens, vocabulary] of one sequence. With `cache_bits` a query sees tokens of earlier blocks of 128 as integers of so many bits, keys in
    groups of 32 tokens, values in groups of 32 elements; the first 16 tokens and those of its own block as f16."""
    name, w = architecture(kind), {k: v.astype(np.float64) for k, v in weights.items()}
    heads, shared, (keys, sizes) = meta["attention.head_count"], meta["attention.head_count_kv"], head_sizes(meta)
    n, window = len(ids), meta.get("attention.sliding_window")
    position = np.arange(n)

    def norm(x, tensor):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + meta["attention.layer_norm_rms_epsilon"]) * w[tensor + ".weight"]

    def linear(x, tensor):
        return x @ w[tensor + ".weight"].T + w.get(tensor + ".bias", 0)

    x = w["token_embd.weight"][ids]
    if name == "gemma3":
        x = x * meta["embedding_length"] ** 0.5
    for i in range(meta["block_count"]):
        p, isWindow = f"blk.{i}.", window is not None and (name != "gemma3" or i % 6 != 5)
        h = norm(x, p + "attn_norm")
        if name == "phi3":
            q, k, v = np.split(linear(h, p + "attn_qkv"), [heads * keys, (heads + shared) * keys], axis=-1)
        else:
            q, k, v = (linear(h, p + "attn_" + part) for part in "qkv")
        q, k, v = q.reshape(n, heads, keys), k.reshape(n, shared, keys), v.reshape(n, shared, sizes)
        if name in ("qwen3", "gemma3"):
            q, k = norm(q, p + "attn_q_norm"), norm(k, p + "attn_k_norm")
        cos, sin = angles(name, meta, w, position, isWindow)
        q, k = rotary(q, cos, sin, name == "llama"), rotary(k, cos, sin, name == "llama")
        k, v = np.repeat(k, heads // shared, axis=1), np.repeat(v, heads // shared, axis=1)
        scores = np.einsum("shd,thd->hst", q, k) / keys**0.5
        far = position[:, None] - position[None]
        if cache_bits:
            whole = n // 128 * 128
            packed_k, packed_v = k.copy(), in_groups(v, cache_bits)
            packed_k[:whole] = np.moveaxis(in_groups(np.moveaxis(k[:whole], 0, -1), cache_bits), -1, 0)
            k, v = (part.astype(np.float16).astype(np.float64) for part in (k, v))
            exact = (position[:, None] // 128 == position[None] // 128) | (position < 16)
            scores = np.where(exact, np.einsum("shd,thd->hst", q, k), np.einsum("shd,thd->hst", q, packed_k)) / keys**0.5
        hidden = far < 0
        if isWindow:
            hidden |= far >= window
        scores = np.where(hidden, -np.inf, scores)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        weights_of = scores / scores.sum(-1, keepdims=True)
        if cache_bits:
            y = np.einsum("hst,thd->shd", np.where(exact, weights_of, 0), v) + np.einsum("hst,thd->shd", np.where(exact, 0, weights_of), packed_v)
        else:
            y = np.einsum("hst,thd->shd", weights_of, v)
        y = y.reshape(n, heads * sizes)
        y = linear(y, p + "attn_output")
        x = x + (norm(y, p + "post_attention_norm") if name == "gemma3" else y)
        h = norm(x, p + "ffn_norm")
        if name == "phi3":
            gate, up = np.split(linear(h, p + "ffn_up"), 2, axis=-1)
        else:
            gate, up = linear(h, p + "ffn_gate"), linear(h, p + "ffn_up")
        if name == "gemma3":
            gate = 0.5 * gate * (1 + np.tanh((2 / np.pi) ** 0.5 * (gate + 0.044715 * gate**3)))
        else:
            gate = gate / (1 + np.exp(-gate))
        y = linear(gate * up, p + "ffn_down")
        x = x + (norm(y, p + "post_ffw_norm") if name == "gemma3" else y)
    x = norm(x, "output_norm")
    return x @ w["output.weight" if meta.get("head") else "token_embd.weight"].T


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for kind in MODELS:
        write(folder / f"{kind}.gguf", kind)


if __name__ == "__main__":
    main()
