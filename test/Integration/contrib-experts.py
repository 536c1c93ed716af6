# Mixtures of experts agree with ONNX Runtime: activations, routing, weights of 2, 4 and 8 bits.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import squint_testing as squint
from operator_testing import Const, _model, check, contrib, f32, positive

rng = np.random.default_rng(9)
E, H, F = 3, 32, 48


def floats(*shape, scale=0.2):
    return Const(rng.standard_normal(shape) * scale, dtype=np.float32)


def dense(tokens=(6,), fusion=0, bias=True, **options):
    wide = F * (2 if fusion else 1)
    return contrib("MoE", f32(*tokens, H), f32(int(np.prod(tokens)), E), floats(E, wide, H), floats(E, wide) if bias else None, floats(E, H, F),
                   floats(E, H) if bias else None, tolerance=2e-5, symbolic=len(tokens) == 1, fixed=(1,), **({"swiglu_fusion": fusion} if fusion else {}),
                   **options)


cases = [dense(activation_type=kind, k=2) for kind in ("relu", "gelu", "silu", "identity")]
cases += [dense(k=1, bias=False), dense((2, 3), k=2, normalize_routing_weights=1),
          dense(activation_type="swiglu", fusion=1, k=2, activation_alpha=1.702, activation_beta=1.0, swiglu_limit=2.0),
          dense(activation_type="swiglu", fusion=1, k=3, normalize_routing_weights=1)]


def packed(bits, block=0, zeros=False, fusion=0, tokens=6, k=2, mixing=False, **options):
    per, wide = 8 // bits, F * (2 if fusion else 1)

    def layer(outputs, inputs):
        blocks = -(-inputs // block) if block else 1
        shape = (E, outputs, blocks) if block else (E, outputs)
        points = (E, outputs, -(-blocks // per)) if block else (E, -(-outputs // per))
        codes = Const(rng.integers(0, 256, (E, outputs, inputs // per)), dtype=np.uint8)
        return codes, Const(positive(*shape) / (100 if bits == 4 else 1600), dtype=np.float32), (
            Const(rng.integers(0, 256, points), dtype=np.uint8) if zeros else None)

    (w1, s1, z1), (w2, s2, z2) = layer(wide, H), layer(H, F)
    more = {"block_size": block} if block else {}
    if fusion:
        more["swiglu_fusion"] = fusion
    return contrib("QMoE", f32(tokens, H), f32(tokens, E), w1, s1, floats(E, wide), w2, s2, floats(E, H), None, None, None, z1, z2, None,
                   positive(tokens, E) if mixing else None, k=k, expert_weight_bits=bits, fixed=(1,), tolerance=2e-5, **more, **options)


cases += [packed(4, activation_type="silu"), packed(8, activation_type="relu"), packed(4, block=16, activation_type="gelu"),
          packed(4, zeros=True, normalize_routing_weights=1), packed(4, block=16, zeros=True, k=1),
          packed(4, fusion=1, activation_type="swiglu", activation_alpha=1.702, activation_beta=1.0, swiglu_limit=7.0),
          packed(4, mixing=True, normalize_routing_weights=1), packed(4, mixing=True),
          # A last block that is shorter, or the only one.
          packed(4, block=64, zeros=True), packed(2, block=32, activation_type="silu"), packed(4, block=64, k=1, zeros=True, mixing=True)]
check(cases, sys.argv[1], "experts")


def refuses(one, text):
    model, _ = _model([one], symbolic=False)
    path = pathlib.Path(sys.argv[1]) / "refused.onnx"
    onnx.save(model, path)
    p = subprocess.run([str(squint.BIN / "squintc"), path, "-o", path.with_suffix(".so")], capture_output=True, text=True)
    assert p.returncode == 1 and text in p.stderr, p.stderr


refuses(contrib("MoE", f32(6, H), f32(6, E), floats(E, F, H), None, floats(E, H, F), None, activation_type="relu", swiglu_fusion=1),
        "expected swiglu_fusion to be 0 but for swiglu")
refuses(dense(activation_type="silu", use_sparse_mixer=1), "expected use_sparse_mixer to be 0")
refuses(packed(4, activation_type="silu", quant_type="fp8"), "expected quant_type to be int")
