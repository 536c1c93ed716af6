# Attention of com.microsoft agrees with ONNX Runtime: masks of all forms, caches, shared heads, lengths by sequence.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import sys

import numpy as np
from operator_testing import Const, check, contrib, f32, ints

B, S, L, P, N, H = 2, 5, 7, 3, 2, 16
D = N * H


def attention(op, *inputs, **options):
    options.setdefault("tolerance", 2e-5)
    return contrib(op, *inputs, fixed=(2, 3, 4), **options)


def lengths(*values):
    return np.array(values, np.int32)


def seen(*shape):
    mask = ints(*shape, low=0, high=2, dtype=np.int32)
    mask[..., 0] = 1
    return mask


def query(op, *rest, keys=L, **options):
    return attention(op, f32(B, S, D), f32(B, keys, D), f32(B, keys, D), *rest, num_heads=N, **options)


mha = "MultiHeadAttention"
bias = Const(f32(3 * D), dtype=np.float32)
cases = [query(mha), query(mha, bias), query(mha, None, lengths(4, 6)), query(mha, bias, seen(B, L), mask_filter_value=-5.0),
         query(mha, None, seen(B, S, L)), query(mha, None, None, f32(1, N, S, L), scale=0.3), query(mha, None, seen(B, L), f32(B, 1, S, L)),
         query(mha, keys=S, unidirectional=1, outputs=3),
         query(mha, bias, seen(B, P + L), None, f32(B, N, P, H), f32(B, N, P, H), outputs=3),
         query(mha, None, None, None, f32(B, N, P, H), f32(B, N, P, H), outputs=3, keys=S, unidirectional=1),
         attention(mha, f32(B, S, D), f32(B, N, L, H), f32(B, N, L, H), num_heads=N),
         attention(mha, f32(B, S, D), f32(B, N, L, H), f32(B, N, L, H), bias, num_heads=N),
         query(mha, unidirectional=1), query(mha, None, seen(B, L), unidirectional=1), query(mha, keys=S - 2, unidirectional=1),
         query(mha, None, lengths(4, 6, 0, S, 2 * S, 0, L, 2 * L), symbolic=False),
         attention(mha, f32(B, S, D), f32(B, L, D), f32(B, L, 3 * N), Const(f32(2 * D + 3 * N), dtype=np.float32), num_heads=N)]
packed = f32(B, S, N, 3, H)
q, k, v = (packed[:, :, :, i].transpose(0, 2, 1, 3).astype(np.float64) for i in range(3))
scores = np.exp(q @ k.swapaxes(2, 3) / H**0.5)
mixed = (scores / scores.sum(-1, keepdims=True) @ v).transpose(0, 2, 1, 3).reshape(B, S, D).astype(np.float32)
cases += [attention(mha, packed, num_heads=N, wanted=(mixed,)),
          attention(mha, packed[:, :, :, 0].reshape(B, S, D), np.ascontiguousarray(packed[:, :, :, 1:]), num_heads=N, wanted=(mixed,))]


def projected(*rest, width=D, hidden=D, **options):
    return attention("Attention", f32(B, S, 12), Const(f32(12, 2 * hidden + width, low=-1, high=1), dtype=np.float32),
                     Const(f32(2 * hidden + width), dtype=np.float32), *rest, num_heads=N, **options)


cases += [projected(), projected(lengths(4, 2)), projected(lengths(4, 2, 0, S, 2 * S, 0, S, 2 * S), symbolic=False), projected(lengths(4, 5, 1, 0)), projected(seen(B, S)), projected(seen(B, S, S), unidirectional=1),
          projected(unidirectional=1, scale=0.2), projected(None, f32(2, B, N, P, H), outputs=2), projected(width=3 * N, qkv_hidden_sizes=[D, D, 3 * N]),
          projected(seen(B, P + S), f32(2, B, N, P, H), unidirectional=1, outputs=2), projected(None, None, f32(B, N, S, S)),
          projected(seen(B, S), None, f32(1, 1, S, S), mask_filter_value=-3.0)]

HEADS, SHARED = 4, 2
cos, sin = (Const(f32(32, H // 2, low=-1, high=1), dtype=np.float32) for _ in range(2))


def grouped(tokens, cache, ends, total=None, packed=False, rotary=False, tail=(), **options):
    batch = len(ends)
    total = max(ends) + 1 if total is None else total
    x = [f32(batch, tokens, (HEADS + 2 * SHARED) * H), None, None] if packed else [
        f32(batch, tokens, HEADS * H), f32(batch, tokens, SHARED * H), f32(batch, tokens, SHARED * H)]
    caches = [f32(batch, SHARED, cache, H), f32(batch, SHARED, cache, H)] if cache is not None else [None, None]
    if rotary:
        options["do_rotary"] = 1
    return attention("GroupQueryAttention", *x, *caches, lengths(*ends), np.array(total, np.int32), *([cos, sin] if rotary else [None, None]), *tail,
                     num_heads=HEADS, kv_num_heads=SHARED, outputs=3, **options)


cases += [grouped(S, None, (S - 1, S - 1)), grouped(S, None, (S - 1, S - 1), rotary=True), grouped(S, 9, (S - 1, S - 1), packed=True, rotary=True),
          grouped(1, 9, (6, 4)), grouped(1, 9, (6, 4), rotary=True, packed=True), grouped(1, 6, (6, 6), rotary=True, rotary_interleaved=1),
          grouped(1, 9, (6, 4), softcap=2.0, scale=0.5), grouped(1, 9, (8, 3), local_window_size=3),
          grouped(S, 9, (S - 1, S - 1), local_window_size=2), grouped(1, 9, (6, 4), smooth_softmax=1),
          grouped(1, 9, (6, 4), tail=(None, None, f32(HEADS))), grouped(1, 9, (6, 4), tail=(None, f32(1, 1, 1, 7))),
          grouped(1, 9, (6, 4), rotary=True, tail=(ints(B, 1, low=0, high=20),)),
          grouped(3, 6, (8,), rotary=True),
          # Of the positions of a first prompt only the first one counts.
          grouped(S, 9, (S - 1, S - 1), rotary=True, tail=(ints(2, S, low=0, high=20),)),
          grouped(2, 9, (7,), rotary=True, tail=(ints(1, 2, low=0, high=20),))]
check(cases, sys.argv[1], "attention")
