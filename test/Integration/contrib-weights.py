# Products with and rows of weights that ONNX Runtime's tools quantized agree with ONNX Runtime: MatMulNBits, MatMulBnb4 and
# GatherBlockQuantized. Codes are random bytes, so that every one of them occurs.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import sys

import ml_dtypes
import numpy as np
from operator_testing import Const, check, contrib, f32, ints, positive

rng = np.random.default_rng(5)


def codes(*shape):
    return Const(rng.integers(0, 256, shape), dtype=np.uint8)


def nbits(rows, k, n, bits, block, zeros=None, g_idx=None, bias=False, tolerance=1e-5, leading=(), **attributes):
    blocks = -(-k // block)
    scales = Const(f32(n, blocks, low=-0.1, high=0.1), dtype=np.float32)
    points = {None: None, "codes": codes(n, -(-blocks * bits // 8)), "floats": Const(f32(n, blocks, low=0, high=2**bits), dtype=np.float32),
              "whole": Const(ints(n, blocks, low=0, high=2**bits), dtype=np.float32)}[zeros]
    inputs = [f32(*leading, rows, k), codes(n, blocks, block * bits // 8), scales, points, None if g_idx is None else Const(g_idx, dtype=np.int32),
              Const(f32(n), dtype=np.float32) if bias else None]
    return contrib("MatMulNBits", *inputs, K=k, N=n, bits=bits, block_size=block, tolerance=tolerance, **attributes)


cases = [nbits(5, 64, 33, 4, 32), nbits(1, 96, 40, 4, 32, "codes"), nbits(3, 80, 24, 4, 32, "codes", bias=True, leading=(2,)),
         nbits(4, 72, 17, 4, 16, bias=True), nbits(2, 64, 16, 4, 32, "floats", bias=True), nbits(2, 72, 16, 4, 32, "floats", leading=(3,)),
         nbits(2, 64, 16, 4, 32, "whole"), nbits(5, 64, 33, 8, 32, tolerance=3e-5), nbits(1, 96, 40, 8, 32, "codes", tolerance=3e-5),
         nbits(2, 64, 24, 2, 32), nbits(3, 64, 24, 2, 16, "codes"), nbits(3, 256, 24, 4, 128), nbits(7, 16, 5, 4, 16), nbits(3, 24, 9, 4, 32)]
order = np.repeat(np.arange(3), 32)
cases += [nbits(4, 96, 20, 4, 32, g_idx=order), nbits(4, 96, 20, 4, 32, g_idx=rng.permutation(order), bias=True),
          nbits(4, 96, 20, 4, 32, "floats", g_idx=rng.permutation(order))]
# Beside g_idx ONNX Runtime leaves packed zero points out.
grouped = nbits(4, 96, 20, 4, 32, "codes", g_idx=rng.permutation(order))
x, b, scales, points, group = (getattr(v, "array", v) for v in grouped.inputs[:5])
low_first = [np.stack([v & 15, v >> 4], -1).reshape(20, -1).astype(np.float64) for v in (b, points)]
grouped.wanted = ((x @ ((low_first[0] - low_first[1][:, group]) * scales[:, group]).T).astype(np.float32),)
cases.append(grouped)


def bnb4(rows, k, n, block, kind):
    scales = Const(positive(-(-n * k // block)), dtype=np.float32)
    return contrib("MatMulBnb4", f32(rows, k), codes((n * k + 1) // 2), scales, K=k, N=n, block_size=block, quant_type=kind, tolerance=1e-5)


cases += [bnb4(4, 64, 24, 64, kind) for kind in (0, 1)]
cases += [bnb4(1, 48, 20, 32, 1), bnb4(3, 32, 16, 128, 0), bnb4(2, 75, 9, 16, 1)]


def rows(bits, ids, count=20, width=64, block=32, zeros=False, dtype=np.float32):
    per, blocks = 8 // bits, -(-width // block)
    points = codes(count, -(-blocks // per)) if zeros else None
    return contrib("GatherBlockQuantized", codes(count, width // per), ids, Const(positive(count, blocks), dtype=dtype), points,
                   bits=bits, block_size=block, gather_axis=0, quantize_axis=1, tolerance=1e-5)


for bits in (4, 8):
    cases += [rows(bits, ints(2, 5, low=-20, high=20)), rows(bits, ints(7, low=0, high=20, dtype=np.int32), zeros=True),
              rows(bits, ints(3, 2, low=0, high=20), width=72, block=16, zeros=True)]
for bits in (2, 4, 8):  # of more dimensions
    for zeros in (None, codes(5, 3, -(-3 * bits // 8))):
        cases.append(contrib("GatherBlockQuantized", codes(5, 3, 72 * bits // 8), ints(2, 3, low=-5, high=5), Const(positive(5, 3, 3), dtype=np.float32),
                             zeros, bits=bits, block_size=32, gather_axis=0, quantize_axis=2, tolerance=1e-5))


def blocks(shape, ids, gather, quantize, block, kind, zeros=False, dtype=np.float32):
    scales = list(shape)
    scales[quantize] = -(-shape[quantize] // block)
    low, high = (-8, 8) if kind == ml_dtypes.int4 else (0, 16)
    points = Const(rng.integers(low, high, scales), dtype=kind) if zeros else None
    return contrib("GatherBlockQuantized", Const(rng.integers(low, high, shape), dtype=kind), ids, Const(positive(*scales), dtype=dtype), points,
                   gather_axis=gather, quantize_axis=quantize, block_size=block, tolerance=1e-5)


for kind in (ml_dtypes.int4, ml_dtypes.uint4):
    cases += [blocks((20, 48), ints(5, low=0, high=20), 0, 1, 16, kind, True, dtype=np.float16),
              blocks((20, 32), ints(2, 3, low=-20, high=20), 0, 1, 16, kind), blocks((20, 48), ints(5, low=0, high=20), 0, -1, 32, kind, True),
              blocks((4, 40, 6), ints(3, low=-4, high=4), 0, 1, 16, kind, True), blocks((32, 6), ints(2, 2, low=-6, high=6), 1, 0, 16, kind),
              blocks((40, 6), ints(7, low=-40, high=40), 0, 0, 16, kind, True), blocks((2, 3, 16), ints(4, low=0, high=3, dtype=np.int32), 1, 2, 16, kind)]
# Floats of 8 and 4 bits; a scale may be that of a whole axis.
for kind in (ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2, ml_dtypes.float4_e2m1fn):
    table = Const(rng.standard_normal((20, 32)) * 2, dtype=kind)
    for scales, block in ((positive(20, 2), 16), (positive(20, 1), 0), (positive(1, 1), 0)):
        ids = rng.integers(0, 20, (2, 3))
        each = np.repeat(np.broadcast_to(scales, (20, scales.shape[1])), 32 // scales.shape[1], 1)
        cases.append(contrib("GatherBlockQuantized", table, ids, Const(scales, dtype=np.float32), gather_axis=0, quantize_axis=1, block_size=block,
                             wanted=((table.array.astype(np.float32) * each)[ids],)))
# Halves, of which ONNX Runtime computes some in halves.
for op in (nbits(3, 64, 24, 4, 32), nbits(3, 64, 24, 4, 32, "codes", bias=True), nbits(3, 64, 24, 8, 32)):
    op.inputs = [None if v is None else Const(v.array, dtype=np.float16) if isinstance(v, Const) and v.array.dtype == np.float32
                 else v if isinstance(v, Const) else v.astype(np.float16) for v in op.inputs]
    op.tolerance = 1e-2
    cases.append(op)
check(cases, sys.argv[1], "weights")
