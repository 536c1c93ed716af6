# Reductions, normalizations and products agree with ONNX Runtime.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import sys

import numpy as np
from operator_testing import Const, case, check, f16, f32, f64, ints, positive

cases = []
for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSumExp"):
    cases += [case(op, f32(5, 37), Const([1])), case(op, f32(5, 37), Const([0]), keepdims=0), case(op, f32(5, 37)),
              case(op, f32(3, 4, 5, 18), Const([1, 2])), case(op, f32(3, 4, 5, 18), Const([-1, 0]), keepdims=0), case(op, f32(6, 1000), Const([1]), tolerance=2e-5)]
cases += [case("ReduceLogSum", positive(5, 37), Const([1])), case("ReduceSum", f32(3, 4), noop_with_empty_axes=1)]
for kind in (np.int32, np.int64):
    cases += [case(op, ints(5, 37, dtype=kind), Const([1])) for op in ("ReduceSum", "ReduceMax", "ReduceMin")]
    cases += [case("ReduceProd", ints(5, 19, low=1, high=4, dtype=kind), Const([1]))]
cases += [case(op, f64(5, 37), Const([1])) for op in ("ReduceSum", "ReduceMax")]
cases += [case(op, ints(5, 37, low=1, high=9, dtype=kind), Const([1])) for op in ("ReduceLogSum", "ReduceL2", "ReduceMean") for kind in (np.int32, np.int64)]
# A constant of one repeated element, and one of a single element.
cases += [case(op, Const(np.full(size, 1.5), dtype=np.float32), Const([0])) for op in ("ReduceL2", "ReduceSum") for size in (1, 4)]
cases += [case("ReduceSum", f16(5, 37), Const([1])), case("ReduceMax", ints(5, 20, dtype=np.uint8), Const([1])), case("ReduceMin", ints(5, 20, dtype=np.int8), Const([0]))]
for op in ("ArgMax", "ArgMin"):
    cases += [case(op, f32(5, 37), axis=1), case(op, f32(5, 37), axis=0, keepdims=0), case(op, ints(5, 37, low=0, high=4), axis=1, select_last_index=1),
              case(op, ints(5, 37, low=0, high=4, dtype=np.int32), axis=-1)]
cases += [case("CumSum", f32(5, 37), Const(1)), case("CumSum", f32(5, 37), Const(0), exclusive=1), case("CumSum", ints(5, 37), Const(-1), reverse=1),
          case("CumSum", f32(20), Const(0), exclusive=1, reverse=1)]

cases += [case("Softmax", f32(5, 37)), case("Softmax", f32(2, 3, 40)), case("Softmax", f32(4, 5, 6), axis=1), case("Softmax", f64(5, 7)), case("Softmax", f16(5, 37)),
          case("LogSoftmax", f32(5, 37)), case("LogSoftmax", f32(4, 5, 6), axis=0)]
cases += [case("LayerNormalization", f32(3, 7, 40), f32(40), f32(40)), case("LayerNormalization", f32(3, 40), f32(40), epsilon=1e-3),
          case("LayerNormalization", f32(3, 4, 10), f32(4, 10), f32(4, 10), axis=1), case("InstanceNormalization", f32(2, 3, 5, 7), f32(3), f32(3)),
          case("BatchNormalization", f32(2, 3, 5, 7), f32(3), f32(3), f32(3), positive(3)),
          case("GlobalAveragePool", f32(2, 3, 5, 7)), case("GlobalMaxPool", f32(2, 3, 5, 7))]

for a, b in (((5, 33), (33, 20)), ((2, 5, 33), (33, 20)), ((2, 3, 5, 9), (2, 3, 9, 17)), ((2, 1, 5, 9), (3, 9, 17)), ((5, 9), (4, 9, 6)), ((9,), (9, 20)), ((5, 9), (9,)),
             ((9,), (9,)), ((2, 5, 9), (9,)), ((9,), (2, 9, 6)), ((1, 1), (1, 1)), ((2, 3, 1, 64), (2, 3, 64, 7))):
    cases += [case("MatMul", f32(*a), f32(*b), tolerance=1e-5)]
cases += [case("MatMul", f64(5, 9), f64(9, 6)), case("MatMul", ints(5, 9, dtype=np.int32), ints(9, 6, dtype=np.int32)), case("MatMul", f16(5, 9), f16(9, 6)),
          case("Gemm", f32(5, 9), f32(9, 6), f32(6), tolerance=1e-5), case("Gemm", f32(9, 5), f32(6, 9), f32(5, 1), transA=1, transB=1, alpha=0.5, beta=2.0, tolerance=1e-5),
          case("Gemm", f32(5, 9), f32(9, 6), alpha=0.25, tolerance=1e-5)]

check(cases, sys.argv[1], "reduction")
