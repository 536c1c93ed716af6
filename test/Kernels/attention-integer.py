# Attention between codes of 8 bits: bit by bit what an unfused computation of the same integers gives, on every processor, for every number of
# threads and cut of a sequence, and near attention in float64.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import platform
import sys

import gguf_models
import numpy as np
import squint_testing as squint
from session import Model, State

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(3)
f32 = np.float32
BLOCK = 128
PROCESSORS = ["native", "x86-64-v3"] if platform.machine() == "x86_64" else ["native"]
RECIPE = work / "attention.yaml"
RECIPE.write_text("rules: [{operators: attention, activations: int8:token}]\n")

# The library's own exponential function.
(work / "exp.mlir").write_text("""
func.func @main(%x: tensor<?xf32> {squint.name = "x", squint.dims = ["n"]}) -> (tensor<?xf32> {squint.name = "y", squint.dims = ["n"]}) {
  %y = onnx.Exp(%x) {squint.dims = [["n"]]} : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
""")
exp_library = squint.compile(work / "exp.mlir", work / "exp.so", "--compile-from=quantized")


def exp(x):
    return squint.run(exp_library, {"x": x.reshape(-1)})["y"].reshape(x.shape)


def fma(a, b, c):
    """In float64, where the product is exact."""
    return (a.astype(np.float64) * b + c).astype(f32)


def encode(x, most=127):
    """Codes and scales of the last dimension."""
    scale = np.abs(x).max(-1, keepdims=True) / f32(most)
    inverse = np.where(scale == 0, f32(0), f32(1) / np.where(scale == 0, f32(1), scale))
    return np.rint(np.clip(x * inverse, -most, most)).astype(np.int64), scale


def tree(x):
    """Sums of rows over 16 lanes and one tree."""
    x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, -x.shape[-1] % 16)])
    sums = np.zeros((*x.shape[:-1], 16), f32)
    for i in range(0, x.shape[-1], 16):
        sums = sums + x[..., i : i + 16]
    for half in (8, 4, 2, 1):
        sums = sums[..., :half] + sums[..., half:]
    return sums


def reference(q, k, v, mask, scale, hidden):
    """q [B, H, S, D], k and v [B, H, T, .]; `hidden` [S, T] are keys that are not seen."""
    (q, sq), (k, sk), (v, sv) = encode(q), encode(k), encode(v)
    scores = (q @ k.swapaxes(-1, -2)).astype(f32) * sk.swapaxes(-1, -2)
    factor = sq * f32(scale)
    scores = scores * factor if mask is None else fma(scores, factor, mask)
    scores = np.where(hidden, f32(-np.inf), scores)
    rows = scores.shape[:-1]
    largest, total = np.full((*rows, 1), -np.inf, f32), np.zeros((*rows, 1), f32)
    y = np.zeros((*rows, v.shape[-1]), f32)
    for start in range(0, k.shape[2], BLOCK):
        part = scores[..., start : start + BLOCK]
        now = np.maximum(largest, part.max(-1, keepdims=True))
        shift = np.where(now == -np.inf, f32(0), now)
        change, weights = exp(largest - shift), exp(part - shift)
        total = fma(total, change, tree(weights))
        codes, sw = encode(weights * sv[:, :, start : start + BLOCK, 0][:, :, None])
        sums = (codes @ v[:, :, start : start + BLOCK]).astype(f32)
        y, largest = fma(sums, sw, y * change), now
    return y * (f32(1) / total)


def exact(q, k, v, mask, scale, hidden):
    scores = q.astype(np.float64) @ k.astype(np.float64).swapaxes(-1, -2) * scale + (0 if mask is None else mask.astype(np.float64))
    scores = np.where(hidden, -np.inf, scores)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


def check(name, heads, shared, size, value, masked=False, attributes=""):
    """Queries as [B, S, H, D], keys and values as [B, G, T, .]."""
    dims = {"q": ["b", "s", heads, size], "k": ["b", shared, "t", size], "v": ["b", shared, "t", value], "m": ["b", 1, 1, "t"]}
    if not masked:
        del dims["m"]
    if "causal" in attributes:
        dims["k"][2] = dims["v"][2] = "s"
    types = {n: "tensor<" + "x".join("?" if isinstance(d, str) else str(d) for d in shape) + "xf32>" for n, shape in dims.items()}
    out = f"tensor<?x?x{heads}x{value}xf32>"
    written = lambda shape: "[" + ", ".join(f'"{d}"' for d in shape) + "]"
    arguments = ", ".join(f'%{n}: {types[n]} {{squint.name = "{n}", squint.dims = {written(dims[n])}}}' for n in dims)
    result = written(["b", "s", heads, value])
    (work / f"{name}.mlir").write_text(f"""
func.func @main({arguments}) -> ({out} {{squint.name = "y", squint.dims = {result}}}) {{
  %y = squint.attention %q, %k, %v {"mask(%m)" if masked else ""} scale = 0.3 heads_first = [false, true, true, false] {attributes}
      {{squint.dims = [{result}], squint.activation_format = "int8:token,scale=f32"}} : {", ".join(types.values())} -> {out}
  return %y : {out}
}}
""")
    libraries = [squint.compile(work / f"{name}.mlir", work / f"{name}-{cpu}.so", "--compile-from=quantized", f"--mcpu={cpu}")
                 for cpu in PROCESSORS]
    for b, s, t in ((1, 1, 1), (2, 5, 131), (1, 73, 300), (3, 64, 128)):
        t = s if "causal" in attributes else t
        feeds = {n: rng.standard_normal([{"b": b, "s": s, "t": t}.get(d, d) for d in shape]).astype(f32) for n, shape in dims.items()}
        feeds["v"] *= np.exp(rng.standard_normal((b, shared, t, 1))).astype(f32)
        if masked:
            feeds["m"][..., (2 * t + 2) // 3 :] = np.finfo(f32).min
        place = np.arange(s)[:, None] - np.arange(t)
        hidden = (place < 0) | (place >= 40) if "window" in attributes else (place < 0) if "causal" in attributes else np.zeros((s, t), bool)
        q, k, v = feeds["q"].swapaxes(1, 2), *(np.repeat(feeds[n], heads // shared, 1) for n in "kv")
        want = reference(q, k, v, feeds.get("m"), 0.3, hidden).swapaxes(1, 2)
        error = squint.relative_error(want, exact(q, k, v, feeds.get("m"), 0.3, hidden).swapaxes(1, 2))
        print(f"{name} {b} x {s} x {t}: {error:.1e} from float64")
        assert error < 4e-2, name
        ran = 0
        for library in libraries:
            try:
                got = squint.run(library, feeds)["y"]
            except RuntimeError as refusal:
                assert "expected a processor with the features of" in str(refusal), refusal
                continue
            ran += 1
            assert np.array_equal(got, want), (library, np.abs(got - want).max(), np.argwhere(got != want)[:4])
            assert np.array_equal(squint.run(library, feeds, threads=3)["y"], want), library
        assert ran


check("encoder", 3, 3, 32, 32, masked=True)
check("odd", 6, 2, 11, 5)
check("wide", 4, 1, 80, 40)
check("window", 2, 2, 24, 24, attributes="causal window = 40")


def compile(name, *flags, **more):
    file = work / f"{name}.gguf"
    gguf_models.write(file, "llama", context_length=300, **more)
    return squint.compile(file, work / f"{name}.so", f"--recipe={RECIPE}", *flags)


def in_pieces(model, ids, sizes):
    state = State(model, len(ids))
    ends = np.cumsum(sizes)
    return np.concatenate([state.run(ids[:, end - size : end]) for size, end in zip(sizes, ends)], axis=1)


# A language model: what it remembers are the codes that it multiplies.
ids = rng.integers(0, gguf_models.VOCABULARY, (3, 300))
want = squint.run(compile("whole", "--cache=none"), {"input_ids": ids})["logits"]
for cpu in PROCESSORS:
    library = compile(f"cached_{PROCESSORS.index(cpu)}", "--cache=int8", f"--mcpu={cpu}")
    for threads, sizes in ((1, [300]), (1, [1, 127, 1, 1, 60, 110]), (3, [200] + [1] * 100)):
        assert np.array_equal(in_pieces(Model(library, threads=threads), ids, sizes), want), (cpu, sizes)
    assert np.array_equal(in_pieces(Model(library), ids[1:2], [130, 170])[0], want[1]), cpu
squint.refused("expected keys and values of int8 by token and of a multiple of 16 elements for attention in integers", compile, "half", kind=RuntimeError)
