# Convolutions and pools agree with ONNX Runtime.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import sys

from operator_testing import Const, case, check, f16, f32, ints

import numpy as np

image, line, volume = f32(2, 6, 11, 13), f32(2, 6, 25), f32(1, 4, 5, 6, 7)
cases = [case("MaxPool", image, kernel_shape=[2, 2], strides=[2, 2]), case("MaxPool", image, kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
         case("MaxPool", image, kernel_shape=[3, 2], strides=[2, 3], ceil_mode=1), case("MaxPool", image, kernel_shape=[2, 2], dilations=[2, 3]),
         case("MaxPool", line, kernel_shape=[3], strides=[2]), case("MaxPool", volume, kernel_shape=[2, 2, 2]),
         case("MaxPool", ints(1, 2, 6, 6, dtype=np.int8), kernel_shape=[2, 2]), case("MaxPool", ints(1, 2, 6, 6, low=0, dtype=np.uint8), kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
         case("AveragePool", image, kernel_shape=[2, 2]), case("AveragePool", image, kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
         case("AveragePool", image, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
         case("AveragePool", image, kernel_shape=[3, 3], strides=[2, 2], pads=[0, 1, 1, 0]),
         case("AveragePool", image, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
         case("AveragePool", image, kernel_shape=[3, 3], strides=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1, count_include_pad=1),
         case("AveragePool", line, kernel_shape=[4], strides=[3]), case("LpPool", image, kernel_shape=[2, 2], p=2), case("LpPool", image, kernel_shape=[2, 2], p=1)]
for pad in ("SAME_UPPER", "SAME_LOWER", "VALID"):
    cases += [case(op, image, kernel_shape=[3, 2], strides=[2, 2], auto_pad=pad, symbolic=False) for op in ("MaxPool", "AveragePool")]
    cases += [case("Conv", image, f32(4, 6, 3, 2), auto_pad=pad, symbolic=False, tolerance=1e-5)]
weights = f32(9, 6, 3, 3)
# Results larger than what reaches them.
for pad in ("NOTSET", "SAME_UPPER", "SAME_LOWER"):
    cases += [case("ConvTranspose", f32(1, 2, 3, 3), f32(2, 2, 3, 3), output_shape=[10, 8], strides=[3, 2], auto_pad=pad, symbolic=False, tolerance=1e-5)]
cases += [case("Conv", image, weights), case("Conv", image, weights, f32(9), pads=[1, 1, 1, 1]), case("Conv", image, weights, strides=[2, 2], pads=[0, 1, 2, 1]),
          case("Conv", image, weights, dilations=[2, 2]), case("Conv", image, f32(6, 1, 3, 3), f32(6), group=6, pads=[1, 1, 1, 1]),
          case("Conv", image, f32(12, 1, 5, 5), group=6, strides=[2, 1], pads=[2, 2, 2, 2]), case("Conv", image, f32(9, 2, 3, 3), group=3),
          case("Conv", line, f32(8, 6, 3), f32(8), pads=[1, 1]), case("Conv", line, f32(6, 1, 4), group=6), case("Conv", volume, f32(3, 4, 2, 2, 2), f32(3)),
          case("Conv", image, f32(7, 6, 1, 1), f32(7)), case("Conv", f16(1, 4, 6, 6), f16(5, 4, 3, 3))]
for one in cases:
    if one.op == "Conv":
        one.tolerance, one.fixed = 1e-5, (1,)
        one.inputs[1:] = [Const(weight, dtype=weight.dtype) for weight in one.inputs[1:]]
cases += [case("Conv", image, f32(9, 6, 3, 3), f32(9), symbolic=False, tolerance=1e-5), case("Conv", image, f32(6, 1, 3, 3), group=6, symbolic=False)]

check(cases, sys.argv[1], "window")
