# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What other packages make of one layer: its weight, its inputs, and the same formats.

As a program it writes test/Transforms/Inputs/methods.npz and needs the packages of golden-requirements.txt (`make
golden-methods`); tests read that file and need numpy alone. AutoAWQ runs on its own class without the rest of the package, which
wants CUDA; everything else is called as its users would.
"""
import importlib.metadata
import importlib.util
import pathlib
import sys
import types
from unittest import mock

import numpy as np

FILE = pathlib.Path(__file__).resolve().parents[1] / "Transforms" / "Inputs" / "methods.npz"
ROWS, COLUMNS, TOKENS, GROUP = 32, 128, 256, 32


def layer():
    """The weight [rows, columns] and inputs [tokens, columns] with correlated columns, some of them large; multiples of 1/256 and
    1/16, so that they are the same everywhere and products of inputs exact."""
    rng = np.random.RandomState(9)
    mix = rng.standard_normal((COLUMNS, COLUMNS)) * np.arange(1, COLUMNS + 1)[:, None] ** -0.5
    x = rng.standard_normal((TOKENS, COLUMNS)) @ mix * np.where(np.arange(COLUMNS) % 19 == 4, 6, 1)
    w = rng.standard_normal((ROWS, COLUMNS)) / 4
    return tuple(np.round(a * n).astype(np.float32) / n for a, n in ((w, np.float32(256)), (x, np.float32(16))))


def signed_scales(w):
    """[rows, groups]: the value of largest magnitude, of two equal ones the negative, goes to code -8."""
    blocks = w.reshape(ROWS, -1, GROUP)
    low, high = blocks.min(-1), blocks.max(-1)
    return np.where(high > -low, high, low) / np.float32(-8)


def gptq(w, x, order):
    import torch
    from compressed_tensors.quantization import QuantizationArgs
    from llmcompressor.modifiers.gptq.gptq_quantize import quantize_weight
    scales = torch.tensor(signed_scales(w))[None]
    hessian = torch.tensor(x.astype(np.float64).T @ x.astype(np.float64) * (2 / TOKENS))[None]
    arguments = QuantizationArgs(num_bits=4, symmetric=True, strategy="group", group_size=GROUP, actorder=order)
    quantized, _, fallback = quantize_weight(torch.tensor(w)[None].clone(), hessian, scales, torch.zeros_like(scales), None, arguments)
    assert not fallback.any()
    return quantized[0].numpy()


def awq(w, x):
    import torch
    for name in ("awq", "awq.quantize", "awq.utils", "awq.modules"):
        sys.modules[name] = types.ModuleType(name)
    for name in ("awq.utils.calib_data", "awq.quantize.scale", "awq.utils.utils", "awq.modules.linear", "awq.utils.module"):
        sys.modules[name] = mock.MagicMock()
    path = importlib.metadata.distribution("autoawq").locate_file("awq/quantize/quantizer.py")
    spec = importlib.util.spec_from_file_location("awq.quantize.quantizer", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    quantizer = object.__new__(module.AwqQuantizer)
    quantizer.w_bit, quantizer.group_size, quantizer.zero_point, quantizer.duo_scaling = 4, GROUP, True, False
    quantizer.max_chunk_memory, quantizer.n_parallel_calib_samples = 1 << 30, None
    linear = torch.nn.Linear(COLUMNS, ROWS, bias=False)
    linear.weight.data = torch.tensor(w)
    inputs = torch.tensor(x)
    with torch.no_grad():
        return quantizer._compute_best_scale(inputs, inputs.abs().mean(0), inputs.abs().mean(0), linear, [linear], linear(inputs)).numpy()


def smoothquant(w, x):
    import torch
    from llmcompressor.modifiers.transform.smoothquant.base import SmoothQuantModifier
    linear = torch.nn.Linear(COLUMNS, ROWS, bias=False)
    linear.weight.data = torch.tensor(w)
    modifier = SmoothQuantModifier(smoothing_strength=0.5)
    return modifier._calculate_smoothing_scales([linear], torch.tensor(2 * np.abs(x).max(0))).detach().numpy()


def nf4(w):
    import torch
    from bitsandbytes import functional
    codes, state = functional.quantize_4bit(torch.tensor(w), blocksize=64, quant_type="nf4")
    return functional.dequantize_4bit(codes, state).numpy()


def hqq(w):
    """Group by group: the package stops for all groups at once, by the mean over all. And the same with the best of the minima that
    its steps go through; it keeps the one that follows the last."""
    import torch
    from hqq.core.optimize import optimize_weights_proximal_legacy_step
    from hqq.core.quantize import Quantizer
    ends, bests = [], []
    for group in w.reshape(-1, 64):
        values = torch.tensor(group)[None]
        codes, meta = Quantizer.quantize(values, nbits=4, group_size=64, axis=1, device="cpu", bitpack=False,
                                         compute_dtype=torch.float32)
        ends.append(((codes.float() - meta["zero"]) * meta["scale"]).reshape(-1).numpy())
        inverse = 1 / meta["scale"].reshape(1, 1)
        zero, least = -values.min() * inverse, np.inf
        for _ in range(20):
            decoded, _, following, _ = optimize_weights_proximal_legacy_step(values, inverse, zero, [0, 15], 10.0, 0.7, 1)
            error = float((values - decoded).abs().mean())
            if not error < least:
                break
            least, best, zero = error, decoded, following
        bests.append(best.reshape(-1).numpy())
    return {"hqq": np.stack(ends).reshape(w.shape), "hqq_best": np.stack(bests).reshape(w.shape)}


if __name__ == "__main__":
    sys.path.pop(0)  # a module beside this one has a package's name
    w, x = layer()
    versions = {p: importlib.metadata.version(p) for p in ("llmcompressor", "autoawq", "bitsandbytes", "hqq", "torch")}
    np.savez_compressed(FILE, versions=np.array([f"{p} {v}" for p, v in versions.items()]), gptq=gptq(w, x, None),
                        gptq_order=gptq(w, x, "weight"), awq=awq(w, x), smoothquant=smoothquant(w, x), nf4=nf4(w), **hqq(w))
    print(f"{FILE}: {FILE.stat().st_size} bytes from {', '.join(f'{p} {v}' for p, v in versions.items())}")
