# Operators of com.microsoft on codes agree with ONNX Runtime within one step of the result's scale.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import sys

import numpy as np
from operator_testing import Const, check, contrib, f32, ints, positive


def codes(*shape, dtype=np.uint8):
    info = np.iinfo(dtype)
    return ints(*shape, low=info.min, high=info.max + 1, dtype=dtype)


def number(value, dtype=np.float32):
    return Const(value, dtype=dtype)


def case(op, *inputs, **options):
    return contrib(op, *inputs, steps=1, **options)


cases = []
for dtype, zeros in ((np.uint8, (120, 3, 140)), (np.int8, (-5, 7, 11))):
    za, zb, zy = (number(z, dtype) for z in zeros)
    for op in ("QLinearAdd", "QLinearMul"):
        y = number(0.05 if op == "QLinearAdd" else 0.1)
        cases += [case(op, codes(4, 5, dtype=dtype), number(0.02), za, codes(4, 5, dtype=dtype), number(0.03), zb, y, zy),
                  case(op, codes(4, 5, dtype=dtype), number(0.02), za, codes(5, dtype=dtype), number(0.03), zb, y, zy)]
    x = codes(3, 11, dtype=dtype)
    cases += [case("QLinearSigmoid", x, number(0.04), za, number(1 / 256), zb),
              case("QLinearLeakyRelu", x, number(0.04), za, number(0.05), zy, alpha=0.2),
              case("QLinearLeakyRelu", x, number(0.04), za, number(0.05), zy),
              case("QLinearSoftmax", x, number(0.04), za, number(1 / 256), number(0, dtype), axis=-1, opset=13),
              case("QLinearSoftmax", codes(2, 3, 4, dtype=dtype), number(0.04), za, number(1 / 256), number(0, dtype), axis=1, opset=12),
              case("QLinearConcat", number(0.05), zy, codes(2, 3, dtype=dtype), number(0.04), za, codes(2, 6, dtype=dtype), number(0.06), zb, axis=1)]
    image = codes(2, 6, 9, 8, dtype=dtype)
    pool = dict(kernel_shape=[3, 2], strides=[2, 1], pads=[1, 0, 1, 1], symbolic=False)
    cases += [case("QLinearGlobalAveragePool", image, number(0.04), za, number(0.01), zy, channels_last=last, symbolic=False) for last in (0, 1)]
    cases += [case("QLinearAveragePool", image, number(0.04), za, number(0.03), zy, count_include_pad=include, **pool) for include in (0, 1)]
    cases += [case("QLinearAveragePool", image, number(0.04), za, number(0.03), zy, channels_last=1, **pool),
              case("QLinearAveragePool", image, number(0.04), za, number(0.03), zy, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, symbolic=False)]
    cases += [case("QLinearAveragePool", image, number(0.04), za, number(0.03), zy, kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1,
                   count_include_pad=1, symbolic=False, **more) for more in ({}, {"pads": [1, 0, 1, 0]}, {"auto_pad": "VALID", "channels_last": 1})]

for dtype in (np.uint8, np.int8):
    a, b, zero = codes(5, 24), Const(codes(24, 9, dtype=dtype), dtype=dtype), number(4, dtype)
    scales, zeros = Const(positive(9) / 100, dtype=np.float32), Const(codes(9, dtype=dtype), dtype=dtype)
    c = Const(ints(9, low=-3000, high=3000), dtype=np.int32)
    half = number(128, np.uint8)
    cases += [case("QGemm", a, number(0.02), half, b, number(0.01), zero, c, number(0.3), number(100, np.uint8)),
              case("QGemm", a, number(0.02), half, b, scales, zeros if dtype == np.uint8 else Const(np.zeros(9), dtype=dtype), c, tolerance=1e-5),
              case("QGemm", a, number(0.02), half, Const(codes(9, 24, dtype=dtype), dtype=dtype), number(0.01), zero, None, number(0.3),
                   number(100, np.uint8), transB=1, alpha=0.5),
              case("MatMulIntegerToFloat", codes(2, 5, 24), b, number(0.02), number(0.01), half, zero, Const(f32(9), dtype=np.float32), tolerance=1e-5),
              case("MatMulIntegerToFloat", a, b, number(0.02), scales, None, zeros, tolerance=1e-5),
              case("MatMulIntegerToFloat", a, b, number(0.02), scales, tolerance=1e-5),
              case("DynamicQuantizeMatMul", f32(2, 5, 24), b, number(0.01), zero, Const(f32(9), dtype=np.float32), tolerance=1e-5),
              case("DynamicQuantizeMatMul", f32(5, 24), b, scales, zeros, tolerance=1e-5)]
    B, S, N, H = 2, 5, 2, 8
    weight = Const(codes(12, 3 * N * H, dtype=dtype), dtype=dtype)
    bias, each = Const(f32(3 * N * H), dtype=np.float32), Const(positive(3 * N * H) / 200, dtype=np.float32)
    x = codes(B, S, 12)
    more = dict(num_heads=N, fixed=(2, 3, 4), tolerance=2e-5)
    cases += [case("QAttention", x, weight, bias, number(0.02), number(0.01), None, half, zero, **more),
              case("QAttention", x, weight, bias, number(0.02), each, np.array([3, 5], np.int32), half, zero, unidirectional=1, **more),
              case("QAttention", x, weight, bias, number(0.02), number(0.01), None, half, zero, f32(2, B, N, 3, H), outputs=2, **more)]
x, scales = f32(2, 3, 4), Const(positive(3) / 10, dtype=np.float32)
cases += [contrib("QuantizeLinear", x, number(0.05)), contrib("QuantizeLinear", x, scales, Const(codes(3), dtype=np.uint8), axis=1),
          contrib("DequantizeLinear", codes(2, 3, 4), scales, Const(codes(3), dtype=np.uint8), axis=-2)]
# The product of vectors has no dimension, though vectors of one number scale it.
one = lambda value, dtype=np.float32: Const(np.array([value]), dtype=dtype)
cases += [contrib("QLinearMatMul", codes(*shape), one(0.02), one(120, np.uint8), Const(codes(24), dtype=np.uint8), one(0.03), one(130, np.uint8), one(0.5),
                  one(3, np.uint8), domain="", steps=1, symbolic=False) for shape in ((24,), (5, 24))]
check(cases, sys.argv[1], "quantized")
