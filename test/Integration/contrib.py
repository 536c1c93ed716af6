# Fused operators of com.microsoft agree with ONNX Runtime.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import sys

import numpy as np
from operator_testing import Const, check, contrib, f16, f32, f64, ints, positive


def codes(*shape, dtype=np.uint8, low=None, high=None):
    info = np.iinfo(dtype)
    return ints(*shape, low=info.min if low is None else low, high=info.max + 1 if high is None else high, dtype=dtype)


floats = np.float32
cases = [contrib("Gelu", f32(5, 37), tolerance=5e-6), contrib("BiasGelu", f32(2, 5, 37), f32(37), tolerance=5e-6),
         contrib("FastGelu", f32(5, 37), tolerance=5e-6), contrib("FastGelu", f32(5, 37), Const(f32(37), dtype=floats), tolerance=5e-6),
         contrib("QuickGelu", f32(5, 37), tolerance=5e-6), contrib("QuickGelu", f32(5, 37), alpha=1.0, tolerance=5e-6)]

cases += [contrib("FusedMatMul", f32(2, 5, 7), f32(2, 7, 3), alpha=0.5, tolerance=1e-5),
          contrib("FusedMatMul", f32(2, 7, 5), f32(2, 3, 7), transA=1, transB=1, tolerance=1e-5),
          contrib("FusedMatMul", f32(2, 5, 7), Const(f32(3, 7), dtype=floats), transB=1, alpha=2.0, tolerance=1e-5),
          contrib("FusedMatMul", f32(5, 2, 3, 7), f32(2, 3, 7, 4), transBatchA=1, tolerance=1e-5),
          contrib("FusedMatMul", f32(7, 2, 5), f32(3, 2, 7), transBatchA=1, transA=1, transBatchB=1, transB=1, tolerance=1e-5),
          contrib("FusedMatMul", f32(7), f32(7, 4), tolerance=1e-5)]
cases += [contrib("FusedGemm", f32(5, 7), Const(f32(7, 3), dtype=floats), f32(3), activation=name, alpha=0.7, beta=1.5, tolerance=1e-5)
          for name in ("Relu", "Tanh", "Sigmoid", "Softplus", "Softsign")]
cases += [contrib("FusedGemm", f32(7, 5), f32(3, 7), transA=1, transB=1, activation="LeakyRelu", activation_alpha=0.3, tolerance=1e-5),
          contrib("FusedGemm", f32(5, 7), f32(7, 3), f32(1, 3), activation="HardSigmoid", activation_alpha=0.3, activation_beta=0.4, tolerance=1e-5),
          contrib("FusedGemm", f32(5, 7), f32(7, 3), activation="Elu", activation_alpha=0.6, tolerance=1e-5),
          contrib("FusedGemm", f32(5, 7), f32(7, 3), activation="Celu", activation_alpha=0.6, tolerance=1e-5),
          contrib("FusedGemm", f32(5, 7), f32(7, 3), activation="Selu", activation_alpha=1.2, activation_gamma=1.1, tolerance=1e-5)]
cases += [contrib("FusedGemm", f32(5, 7), f32(7, 3), f32(3), activation=name, activation_alpha=1.2, activation_beta=0.7, tolerance=1e-5)
          for name in ("ScaledTanh", "ParametricSoftplus")]
image, kernel = f32(2, 3, 9, 8), Const(f32(4, 3, 3, 3), dtype=floats)
for name, parameters in (("Relu", []), ("Tanh", []), ("Sigmoid", []), ("HardSwish", []), ("LeakyRelu", [0.2]), ("Clip", [-0.5, 0.75]), ("HardSigmoid", [0.3, 0.4])):
    cases.append(contrib("FusedConv", image, kernel, Const(f32(4), dtype=floats), activation=name, pads=[1, 1, 1, 1], strides=[2, 1],
                         tolerance=1e-5, symbolic=False, **({"activation_params": parameters} if parameters else {})))
cases.append(contrib("FusedConv", image, kernel, None, f32(2, 4, 7, 6), activation="Relu", tolerance=1e-5, symbolic=False))

x, g, h = f32(2, 5, 24), Const(positive(24), dtype=floats), Const(f32(24), dtype=floats)
cases += [contrib("SkipLayerNormalization", x, f32(2, 5, 24), g, h, h, epsilon=1e-5, tolerance=1e-5),
          contrib("SkipLayerNormalization", x, f32(5, 24), g, tolerance=1e-5),
          contrib("SkipLayerNormalization", x, f32(1, 5, 24), positive(24), h, tolerance=1e-5),
          contrib("SkipSimplifiedLayerNormalization", x, f32(2, 5, 24), g, h, epsilon=1e-5, tolerance=1e-5),
          contrib("SkipSimplifiedLayerNormalization", f32(5, 24), f32(5, 24), g, tolerance=1e-5),
          contrib("SimplifiedLayerNormalization", x, g, domain="", tolerance=1e-5),
          contrib("SimplifiedLayerNormalization", x, positive(5, 24), axis=1, domain="", epsilon=1e-3, tolerance=1e-5)]

ids, segments = ints(2, 6, low=0, high=20, dtype=np.int32), ints(2, 6, low=0, high=2, dtype=np.int32)
words, places, kinds = (Const(f32(n, 24), dtype=floats) for n in (20, 9, 2))
cases += [contrib("EmbedLayerNormalization", ids, segments, words, places, kinds, g, h, epsilon=1e-5, outputs=2, tolerance=1e-5),
          contrib("EmbedLayerNormalization", ids, None, words, places, None, g, h, segments, outputs=3, tolerance=1e-5),
          contrib("EmbedLayerNormalization", ids, segments, words, places, kinds, g, h, None, ints(1, 6, low=0, high=9, dtype=np.int32),
                  outputs=2, tolerance=1e-5, fixed=(0,)),
          contrib("EmbedLayerNormalization", ids, None, words, places, None, g, h, segments,
                  ints(2, 6, low=0, high=9, dtype=np.int32), outputs=2, tolerance=1e-5)]

cos, sin = (Const(f32(16, 4, low=-1, high=1), dtype=floats) for _ in range(2))
positions = ints(2, 6, low=0, high=16)
for interleaved in (0, 1):
    cases += [contrib("RotaryEmbedding", f32(2, 6, 24), positions, cos, sin, interleaved=interleaved, tolerance=1e-5, fixed=(2,)),
              contrib("RotaryEmbedding", f32(2, 3, 6, 8), positions, cos, sin, interleaved=interleaved, tolerance=1e-5, fixed=(1, 3)),
              contrib("RotaryEmbedding", f32(2, 6, 24), np.array([3], np.int64), cos, sin, interleaved=interleaved, tolerance=1e-5, fixed=(2,)),
              contrib("RotaryEmbedding", f32(2, 6, 24), np.array(3, np.int64), cos, sin, interleaved=interleaved, tolerance=1e-5, fixed=(2,)),
              contrib("RotaryEmbedding", f32(2, 6, 36), positions, cos, sin, interleaved=interleaved, num_heads=3,
                      rotary_embedding_dim=8, tolerance=1e-5, fixed=(2,))]

cases += [contrib("NhwcMaxPool", codes(2, 9, 8, 5, dtype=dtype), kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1], symbolic=False)
          for dtype in (np.uint8, np.int8)]
cases.append(contrib("NhwcMaxPool", codes(1, 7, 3), kernel_shape=[3], dilations=[2], ceil_mode=1, strides=[2], symbolic=False))
# The only operator of the standard whose tests the standard lacks: regions that lie inside, outside, that are turned round, and of halves.
regions = [[0, 0, 0, 5, 4], [1, 2, 1, 9, 7], [0, -3, -2, 2, 3], [1, 6, 5, 3, 2], [0, 0.5, 1.5, 2.5, 3.5], [1, 40, 40, 50, 50], [0, 2.4, -0.6, 8, 5]]
cases += [contrib("MaxRoiPool", f32(2, 3, 8, 10), Const(regions, dtype=floats), pooled_shape=[2, 3], domain=""),
          contrib("MaxRoiPool", f32(2, 3, 8, 10), Const(regions, dtype=floats), pooled_shape=[3, 1], spatial_scale=0.5, domain="")]
check(cases, sys.argv[1], "contrib")
