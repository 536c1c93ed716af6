# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A matrix as other packages pack it: the tensors that they write, and the floats that they read back.

As a program it writes test/Import/Inputs/packings.safetensors and needs the packages of golden-requirements.txt (`make golden-methods`);
tests read that file. AutoAWQ and AutoGPTQ run on single files of theirs without the rest of the packages, which want CUDA.
"""
import importlib.metadata
import importlib.util
import pathlib
import sys
from unittest import mock

import numpy as np

FILE = pathlib.Path(__file__).resolve().parents[1] / "Import" / "Inputs" / "packings.safetensors"
ROWS, COLUMNS, GROUP = 32, 64, 16


def load(package, path):
    """One file of a package."""
    spec = importlib.util.spec_from_file_location("packing", importlib.metadata.distribution(package).locate_file(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def grid(bits, group=GROUP):
    """A weight on a grid of so many bits: codes from 0 on, scales [rows, groups] and zero points."""
    rng = np.random.RandomState(bits)
    codes = rng.randint(0, 2**bits, (ROWS, COLUMNS))
    scales = rng.uniform(0.01, 0.1, (ROWS, COLUMNS // group)).astype(np.float16)
    return codes, scales, rng.randint(1, 2**bits, scales.shape)


def awq():
    import torch
    for name in ("awq", "awq.utils", "awq.utils.module", "awq.utils.utils", "awq.utils.packing_utils"):
        sys.modules[name] = mock.MagicMock()
    sys.modules["awq.utils.module"].try_import.return_value = None, ""
    sys.modules["awq.utils.utils"].get_best_device.return_value = "cpu"
    utilities = load("autoawq", "awq/utils/packing_utils.py")
    module = load("autoawq", "awq/modules/linear/gemm.py")
    codes, scales, zeros = grid(4)
    linear = torch.nn.Linear(COLUMNS, ROWS, bias=False)
    wide = scales.astype(np.float32).repeat(GROUP, 1)
    linear.weight.data = torch.tensor((codes - zeros.repeat(GROUP, 1)) * wide)
    packed = module.WQLinear_GEMM.from_linear(linear, 4, GROUP, scales=torch.tensor(scales.T.copy()), zeros=torch.tensor(zeros.T.astype(np.float32)))
    values = utilities.dequantize_gemm(packed.qweight, packed.qzeros, packed.scales.float(), 4, GROUP)
    return {name: getattr(packed, name) for name in ("qweight", "qzeros", "scales")}, values.T


def gptq(bits, order):
    import torch
    sys.modules["autogptq_cuda_64"] = sys.modules["autogptq_cuda_256"] = None
    module = load("auto_gptq", "auto_gptq/nn_modules/qlinear/qlinear_cuda.py")
    codes, scales, zeros = grid(bits)
    index = np.arange(COLUMNS) // GROUP
    index = np.random.RandomState(1).permutation(index) if order else index
    values = ((codes - zeros[:, index]) * scales.astype(np.float32)[:, index]).astype(np.float32)
    linear = torch.nn.Linear(COLUMNS, ROWS, bias=False)
    linear.weight.data = torch.tensor(values)
    packed = module.QuantLinear(bits, GROUP, COLUMNS, ROWS, False)
    packed.pack(linear, torch.tensor(scales.astype(np.float32)), torch.tensor(zeros.astype(np.float32)), torch.tensor(index.astype(np.int32)))
    read = packed(torch.eye(COLUMNS)).T
    assert np.abs(read.detach().numpy() - values).max() < 1e-3
    return {name: getattr(packed, name) for name in ("qweight", "qzeros", "scales", "g_idx")}, torch.tensor(values)


def compressed(kind, bits, symmetric, strategy):
    import torch
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    isFloat, group = kind == "float-quantized", GROUP if strategy == "group" else COLUMNS
    codes, scales, zeros = grid(bits, group)
    middle = 2 ** (bits - 1)
    state = {"weight_scale": torch.tensor(scales).bfloat16()}
    if isFloat:
        state["weight_scale"] = torch.tensor([0.0625]).bfloat16()
    if not symmetric:
        state["weight_zero_point"] = torch.tensor((zeros - middle).astype(np.int8))
    shift = middle if symmetric else zeros.repeat(group, 1)
    wide = np.float32(0.0625) if isFloat else state["weight_scale"].float().numpy().repeat(group, 1)
    state["weight"] = torch.tensor((codes - shift) * wide, dtype=torch.float32)
    scheme = QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(
        num_bits=bits, type="float" if isFloat else "int", symmetric=symmetric, strategy=strategy, group_size=GROUP if strategy == "group" else None))
    compressor = BaseCompressor.get_value_from_registry(kind)
    packed = compressor.compress(state, scheme)
    wider = dict(packed, weight_scale=packed["weight_scale"].float())
    return packed, compressor.decompress(wider, scheme)["weight"]


CASES = {
    "awq": awq,
    "gptq-2": lambda: gptq(2, False),
    "gptq-3-order": lambda: gptq(3, True),
    "gptq-4": lambda: gptq(4, False),
    "gptq-8-order": lambda: gptq(8, True),
    "packed-3": lambda: compressed("pack-quantized", 3, True, "group"),
    "packed-4": lambda: compressed("pack-quantized", 4, False, "group"),
    "packed-5": lambda: compressed("pack-quantized", 5, False, "channel"),
    "packed-8": lambda: compressed("pack-quantized", 8, True, "channel"),
    "bytes": lambda: compressed("int-quantized", 8, False, "channel"),
    "floats": lambda: compressed("float-quantized", 8, True, "tensor"),
}


def main():
    import torch
    from safetensors.torch import save_file
    tensors = {}
    for case, make in CASES.items():
        packed, values = make()
        tensors.update({f"{case}.{name}": tensor.contiguous() for name, tensor in packed.items()})
        if case == "floats":  # numpy has no type for them
            tensors["floats.weight"] = tensors["floats.weight"].view(torch.uint8)
        tensors[f"{case}.values"] = values.float().contiguous()
        print(case, {name: (str(tensor.dtype), tuple(tensor.shape)) for name, tensor in packed.items()})
    save_file(tensors, FILE)


if __name__ == "__main__":
    main()
