# Elementwise operators agree with ONNX Runtime, over types and broadcasting.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import sys

import numpy as np
from operator_testing import Const, bools, case, check, f16, f32, f64, ints, positive

special = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, 100.0, -100.0, 88.8, -87.5, 3e38], np.float32)
integer_types = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
shapes = [((5, 19), (5, 19)), ((5, 19), (19,)), ((5, 1), (1, 19)), ((2, 3, 5, 7), (3, 1, 7)), ((), (33,)), ((4, 1, 6), (4, 5, 1))]

unary = ["Abs", "Ceil", "Cos", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "IsInf", "IsNaN", "LeakyRelu", "Neg", "Relu",
         "Round", "Selu", "Sigmoid", "Sign", "Sin", "Softsign", "Tanh", "ThresholdedRelu", "Atan", "Asinh", "Celu", "Mish"]
cases = [case(op, f32(5, 37)) for op in unary]
cases += [case(op, special) for op in ("Abs", "Ceil", "Floor", "Exp", "Erf", "Relu", "Round", "Sigmoid", "Tanh", "Neg", "IsNaN", "IsInf", "LeakyRelu")]
cases += [case(op, positive(5, 37)) for op in ("Log", "Sqrt", "Reciprocal")]
cases += [case("Log", special), case("Sqrt", special)]
cases += [case(op, f32(40, low=-0.99, high=0.99)) for op in ("Asin", "Acos", "Atanh", "Tan", "Sinh", "Cosh")]
cases += [case("Acosh", f32(40, low=1.0, high=9.0)), case("Softplus", f32(40, low=-30, high=30)), case("Gelu", f32(70)),
          case("Gelu", f32(70), approximate="tanh"), case("LeakyRelu", f32(9), alpha=0.3), case("Elu", f32(9), alpha=0.7),
          case("HardSigmoid", f32(9), alpha=0.3, beta=0.4), case("Shrink", f32(30), lambd=1.0, bias=0.5), case("Shrink", ints(9), bias=1.5),
          case("IsInf", special, detect_negative=0)]

for op in ("Add", "Sub", "Mul", "Div", "PRelu"):
    cases += [case(op, f32(*a), positive(*b)) for a, b in shapes if op != "PRelu" or a == (5, 19)]
for op in ("Max", "Min"):
    cases += [case(op, f32(5, 19), f32(19)), case(op, special, f32(13)), case(op, f32(6), f32(6), f32(6))]
cases += [case("Sum", f32(6, 3), f32(3), f32(6, 1)), case("Mean", f32(6, 3), f32(3), f32(6, 1)),
          case("Pow", positive(5, 9), f32(9)), case("Pow", f32(30), Const(2.0, dtype=np.float32)),
          case("Pow", f32(30), Const(3.0, dtype=np.float32)), case("Pow", positive(30), Const(0.5, dtype=np.float32)),
          case("Pow", f32(30), ints(30, low=-3, high=4)), case("Pow", ints(30, low=-4, high=5), ints(30, low=0, high=5)),
          case("Pow", special, np.full(13, -2, np.float32)), case("Mod", f32(30), positive(30), fmod=1)]
cases += [case("Clip", f32(50), Const(-1.0, dtype=np.float32), Const(1.5, dtype=np.float32)),
          case("Clip", f32(50), None, Const(0.5, dtype=np.float32)), case("Clip", f32(50), np.array(-0.5, np.float32)),
          case("Clip", ints(50), Const(-2), Const(3))]

for kind in (np.int32, np.int64, np.uint8, np.int8):
    a, b = ints(5, 19, dtype=kind), ints(19, dtype=kind)
    divisor = np.where(b == 0, 1, b).astype(kind)
    if kind in (np.int32, np.int64):
        cases += [case(op, a, b) for op in ("Add", "Sub", "Mul")] + [case("Div", a, divisor), case("Neg", a), case("Sign", a)]
    cases += [case("Mod", a, divisor), case("Abs", a)]
for kind in (np.int32, np.int64, np.float32, np.float64):
    a, b = ints(5, 19, dtype=kind), ints(19, dtype=kind)
    cases += [case(op, a, b) for op in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Max", "Min")]
    cases += [case("Where", bools(5, 1), a, b)]
cases += [case("Less", special, np.roll(special, 3)), case("Equal", special, special)]
cases += [case(op, bools(5, 19), bools(19)) for op in ("And", "Or", "Xor", "Equal")] + [case("Not", bools(21))]
cases += [case(op, ints(40, dtype=np.int32), ints(40, dtype=np.int32)) for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor")]
cases += [case("BitwiseNot", ints(40, dtype=np.int32)), case("Where", bools(40), bools(40), bools(40))]
cases += [case("BitShift", ints(40, low=0, high=200, dtype=np.uint32), ints(40, low=0, high=31, dtype=np.uint32), direction=d)
          for d in ("LEFT", "RIGHT")]

# Half is computed in f32 and rounded once.
cases += [case(op, f16(5, 19), f16(19)) for op in ("Add", "Mul", "Div", "Sub")]
cases += [case(op, f16(37)) for op in ("Relu", "Sigmoid", "Tanh", "Erf", "Neg", "Sqrt")]
cases += [case(op, f64(5, 19), f64(19)) for op in ("Add", "Mul", "Div", "Sub")] + [case("Sqrt", np.abs(f64(19))), case("Abs", f64(19))]

code = {np.bool_: 9, np.float32: 1, np.float16: 10, np.float64: 11, np.int8: 3, np.uint8: 2, np.int16: 5, np.uint16: 4, np.int32: 6,
        np.uint32: 12, np.int64: 7, np.uint64: 13}
for source in (np.float32, np.float16, np.float64, np.bool_, *integer_types):
    data = bools(37) if source is np.bool_ else ints(37, low=0, high=100).astype(source) + source(0)
    if source in (np.float32, np.float64):
        data = data + source(0.25)
    cases += [case("Cast", data, to=code[target]) for target in code if target is not source]
cases += [case("Expand", f32(3, 1), Const([2, 3, 17])), case("Identity", f32(4)), case("CastLike", f32(9), Const([1]))]

check(cases, sys.argv[1], "elementwise")
