# Operators on codes that a model brings itself: products of integers where they have a kernel, and the numbers of ONNX Runtime (those
# of NumPy for types that it lacks).
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import platform
import re
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(5)
RANGE = {np.int8: (-128, 128), np.uint8: (0, 256)}
ONNX = {np.int8: TensorProto.INT8, np.uint8: TensorProto.UINT8}


class Graph:
    def __init__(self, **inputs):
        self.inputs, self.nodes, self.constants = inputs, [], []

    def constant(self, array, kind=None):
        name = f"c{len(self.constants)}"
        array = np.asarray(array)
        self.constants.append(helper.make_tensor(name, kind, array.shape, array.ravel()) if kind else
                              numpy_helper.from_array(array, name))
        return name

    def op(self, kind, *operands, outputs=1, **attributes):
        names = [f"{kind}{len(self.nodes)}"] + [f"{kind}{len(self.nodes)}_{i}" for i in range(1, outputs)]
        self.nodes.append(helper.make_node(kind, operands, names, name=f"/{names[0]}", **attributes))
        return names[0] if outputs == 1 else names

    def quantize(self, x, scale, zero):
        return self.op("QuantizeLinear", x, self.constant(np.float32(scale)), self.constant(zero))

    def dequantize(self, x, scale, zero):
        return self.op("DequantizeLinear", x, self.constant(np.float32(scale)), self.constant(zero))

    def weight(self, dtype, shape, axis, zeros=False, scale=True):
        """Codes, scales and zero points along an axis, as names."""
        codes = rng.integers(*RANGE[dtype], shape).astype(dtype)
        count = shape[axis]
        middle = 128 if dtype is np.uint8 else 0
        points = rng.integers(*RANGE[dtype], count) if zeros else np.full(count, middle)
        return (self.constant(codes), self.constant(rng.uniform(0.001, 0.02, count).astype(np.float32)),
                self.constant(points.astype(dtype)))

    def check(self, name, outputs, kernels=1, codes=True, opset=21, want=None, feeds=None, tolerance=1e-5):
        values = [helper.make_empty_tensor_value_info(value) for value in outputs]
        inputs = [helper.make_tensor_value_info(key, kind, shape) for key, (kind, shape) in self.inputs.items()]
        graph = helper.make_graph(self.nodes, name, inputs, values, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
        if want is None:
            model = onnx.shape_inference.infer_shapes(model)
        else:
            for value, array in zip(model.graph.output, want):
                value.CopyFrom(helper.make_tensor_value_info(value.name, TensorProto.FLOAT, array.shape))
        path = work / f"{name}.onnx"
        onnx.save(model, path)
        if feeds is None:
            feeds = {}
            for key, (kind, shape) in self.inputs.items():
                shape = [3 if isinstance(d, str) else d for d in shape]
                if kind == TensorProto.FLOAT:
                    feeds[key] = rng.standard_normal(shape).astype(np.float32)
                else:
                    dtype = np.uint8 if kind == TensorProto.UINT8 else np.int8
                    feeds[key] = rng.integers(*RANGE[dtype], shape).astype(dtype)
        fused = work / f"{name}.mlir"
        squint.tool("squintc", path, "--emit=fused", "--progress=never", "-o", fused)
        found = len(re.findall("activation_format|kernel.depthwise" if codes else "kernel.gemm", fused.read_text()))
        assert found == kernels, f"{name}: expected {kernels} kernels, got {found}"
        got = squint.run(squint.compile(path, work / f"{name}.so"), feeds)
        plain = squint.run(squint.compile(path, work / f"{name}.unfused.so", "--unfused"), feeds)
        if codes and platform.machine() == "x86_64":
            other = squint.run(squint.compile(path, work / f"{name}.v3.so", "--mcpu=x86-64-v3"), feeds)
            assert all(other[key].tobytes() == got[key].tobytes() for key in got), f"{name}: other bits without AVX-512"
        if want is None:
            want = squint.session(path).run(list(outputs), feeds)
        for value, reference in zip(outputs, want):
            for what, array in (("fused", got[value]), ("unfused", plain[value])):
                assert array.shape == reference.shape and array.dtype == reference.dtype, (name, what, array.dtype, reference.dtype)
                if reference.dtype in (np.int8, np.uint8):
                    difference = np.abs(array.astype(int) - reference)
                    print(f"{name} {value} {what}: {np.count_nonzero(difference)} of {difference.size} codes differ, by {difference.max()}")
                    assert difference.max() <= 1 and np.count_nonzero(difference) <= 0.001 * difference.size, (name, what)
                    assert len(np.unique(reference)) > 20, f"{name}: the reference says nothing"
                else:
                    error = squint.relative_error(array, reference)
                    print(f"{name} {value} {what}: {error:.1e}")
                    assert error < tolerance, (name, what, error)


def linear():
    """MatMul and Gemm between DequantizeLinear and QuantizeLinear: every pair of types, scales by tensor and channel."""
    for x in (np.uint8, np.int8):
        for w in (np.uint8, np.int8):
            for zeros in (False, True):
                g = Graph(x=(TensorProto.FLOAT, ["n", 7, 50]))
                q = g.dequantize(g.quantize("x", 0.02, x(101)), 0.02, x(101))
                codes, scales, points = g.weight(w, (50, 37), 1, zeros)
                product = g.op("MatMul", q, g.op("DequantizeLinear", codes, scales, points, axis=1))
                y = g.quantize(product, 0.25 if w is np.int8 else 0.5, x(90))
                bias = g.op("Add", product, g.constant(rng.standard_normal(37).astype(np.float32)))
                g.check(f"linear-{x.__name__}-{w.__name__}-{zeros}", [y, bias])
    g = Graph(x=(TensorProto.FLOAT, ["n", 66]))
    q = g.dequantize(g.quantize("x", 0.02, np.uint8(128)), 0.02, np.uint8(128))
    codes, scales, points = g.weight(np.int8, (20, 66), 0)
    factor = g.constant(0.02 * numpy_helper.to_array(g.constants[int(scales[1:])]))
    bias = g.op("DequantizeLinear", g.constant(rng.integers(-9999, 9999, 20).astype(np.int32)), factor, axis=0)
    product = g.op("Gemm", q, g.op("DequantizeLinear", codes, scales, points, axis=0), bias, transB=1)
    g.check("gemm", [g.quantize(g.op("Relu", product), 0.05, np.uint8(0))])
    # Blocks of the weight, of which each has a scale.
    g = Graph(x=(TensorProto.FLOAT, ["n", 96]))
    q = g.dequantize(g.quantize("x", 0.02, np.uint8(100)), 0.02, np.uint8(100))
    codes = g.constant(rng.integers(-8, 8, (96, 20)), TensorProto.INT4)
    scales = g.constant(rng.uniform(0.01, 0.1, (3, 20)).astype(np.float32))
    product = g.op("MatMul", q, g.op("DequantizeLinear", codes, scales, axis=0, block_size=32))
    g.check("blocks", [g.quantize(product, 0.1, np.uint8(128))])
    # As training with simulated quantization writes it: the weight's codes are made in the graph, and transposed after.
    g = Graph(x=(TensorProto.FLOAT, ["n", 66]))
    q = g.dequantize(g.quantize("x", 0.02, np.int8(3)), 0.02, np.int8(3))
    scale = g.constant(rng.uniform(0.001, 0.02, 20).astype(np.float32))
    zero = g.constant(np.zeros(20, np.int8))
    made = g.op("QuantizeLinear", g.constant(rng.standard_normal((20, 66)).astype(np.float32)), scale, zero, axis=0)
    g.check("trained", [g.op("MatMul", q, g.op("Transpose", g.op("DequantizeLinear", made, scale, zero, axis=0), perm=[1, 0]))])


def convolution():
    for x, w, group in ((np.uint8, np.int8, 1), (np.int8, np.int8, 1), (np.uint8, np.uint8, 1), (np.uint8, np.int8, 2), (np.int8, np.int8, 16)):
        g = Graph(x=(TensorProto.FLOAT, ["n", 16, 9, 11]))
        q = g.dequantize(g.quantize("x", 0.03, x(77)), 0.03, x(77))
        outputs = 16 if group == 16 else 32  # channels of their own, or products
        codes, scales, points = g.weight(w, (outputs, 16 // group, 3, 3), 0)
        factor = g.constant(np.float32(0.03) * numpy_helper.to_array(g.constants[int(scales[1:])]))
        bias = g.op("DequantizeLinear", g.constant(rng.integers(-9999, 9999, outputs).astype(np.int32)), factor, axis=0)
        y = g.op("Conv", q, g.op("DequantizeLinear", codes, scales, points, axis=0), bias, pads=[1, 0, 1, 2], strides=[1, 2], group=group)
        g.check(f"conv-{x.__name__}-{w.__name__}-{group}", [g.quantize(g.op("Relu", y), 0.2 if group == 16 else 0.6, x(-128 if x is np.int8 else 0))],
                group % 16 or 1)


def operators():
    """The operators of codes themselves, with weights that are constant."""
    for x in (np.uint8, np.int8):
        g = Graph(x=(ONNX[x], ["n", 5, 48]))
        codes, scales, points = g.weight(np.int8, (48, 33), 1)
        y = g.op("QLinearMatMul", "x", g.constant(np.float32(0.02)), g.constant(x(100)), codes, scales, points,
                 g.constant(np.float32(0.9)), g.constant(x(50)))
        g.check(f"qlinearmatmul-{x.__name__}", [y])
        g = Graph(x=(ONNX[x], ["n", 8, 9, 9]))
        codes, scales, points = g.weight(np.int8, (24, 8, 3, 3), 0)
        y = g.op("QLinearConv", "x", g.constant(np.float32(0.02)), g.constant(x(100)), codes, scales, points,
                 g.constant(np.float32(1.1)), g.constant(x(20)), g.constant(rng.integers(-9999, 9999, 24).astype(np.int32)), pads=[1, 1, 1, 1])
        g.check(f"qlinearconv-{x.__name__}", [y])


def dynamic():
    """Scales and zero points that the model computes."""
    for w, zeros in ((np.int8, False), (np.uint8, True)):
        g = Graph(x=(TensorProto.FLOAT, ["n", 5, 48]))
        x, scale, zero = g.op("DynamicQuantizeLinear", "x", outputs=3)
        codes, scales, points = g.weight(w, (48, 33), 1, zeros)
        sums = g.op("Cast", g.op("MatMulInteger", x, codes, zero, points), to=TensorProto.FLOAT)
        y = g.op("Add", g.op("Mul", sums, g.op("Mul", scale, scales)), g.constant(rng.standard_normal(33).astype(np.float32)))
        g.check(f"dynamic-{w.__name__}", [y, scale])
    for pads, codes in (([0, 0, 0, 0], True), ([1, 1, 1, 1], False)):
        g = Graph(x=(TensorProto.FLOAT, ["n", 8, 9, 9]))
        x, scale, zero = g.op("DynamicQuantizeLinear", "x", outputs=3)
        w = g.constant(rng.integers(0, 256, (24, 8, 3, 3)).astype(np.uint8))
        sums = g.op("Cast", g.op("ConvInteger", x, w, zero, g.constant(np.uint8(120)), pads=pads), to=TensorProto.FLOAT)
        g.check(f"dynamic-conv-{pads[0]}", [g.op("Mul", sums, scale)])


def products():
    """Attention's products, of activations that were codes both."""
    g = Graph(x=(TensorProto.FLOAT, [2, 3, 10, 32]), y=(TensorProto.FLOAT, [2, 3, 32, 12]))
    a = g.dequantize(g.quantize("x", 0.02, np.uint8(120)), 0.02, np.uint8(120))
    b = g.dequantize(g.quantize("y", 0.015, np.int8(-7)), 0.015, np.int8(-7))
    g.check("products", [g.quantize(g.op("MatMul", a, b), 0.2, np.uint8(128))], 0)


def weights():
    """Weights alone: narrow integers and floats, in blocks, with zero points."""
    def case(name, kind, codes, zeros, block, decode, opset):
        g = Graph(x=(TensorProto.FLOAT, ["n", 96]))
        scales = rng.uniform(0.01, 0.1, (-(-96 // block), 40) if block else 40).astype(np.float32)
        operands = [g.constant(codes, kind), g.constant(scales)]
        if zeros is not None:
            zeros = np.broadcast_to(zeros, scales.shape)
            operands.append(g.constant(zeros, kind))
        attributes = {"block_size": block, "axis": 0} if block else {"axis": 1}
        y = g.op("MatMul", "x", g.op("DequantizeLinear", *operands, **attributes))
        spread = lambda a: np.repeat(a, block, 0)[:96] if block else a
        w = (decode(codes) - (0 if zeros is None else spread(np.asarray(zeros, np.float64)))) * spread(scales)
        x = rng.standard_normal((3, 96)).astype(np.float32)
        g.check(name, [y], 1, False, opset, [(x.astype(np.float64) @ w).astype(np.float32)], {"x": x})

    same = lambda codes: codes.astype(np.float64)
    for bits, opset in ((4, 21), (2, 25)):
        if bits == 2 and not hasattr(TensorProto, "INT2"):
            continue
        half = 1 << (bits - 1)
        signed, unsigned = getattr(TensorProto, f"INT{bits}"), getattr(TensorProto, f"UINT{bits}")
        for block in (0, 32, 48):
            case(f"int{bits}-{block}", signed, rng.integers(-half, half, (96, 40)), None, block, same, opset)
            case(f"uint{bits}-{block}", unsigned, rng.integers(0, 2 * half, (96, 40)), rng.integers(0, 2 * half, 40), block, same, opset)
    case("int8", TensorProto.INT8, rng.integers(-128, 128, (96, 40)), None, 32, same, 21)
    case("uint8", TensorProto.UINT8, rng.integers(0, 256, (96, 40)), rng.integers(0, 256, 40), 0, same, 21)
    values = rng.standard_normal((96, 40)).astype(np.float32)
    for kind, name in ((TensorProto.FLOAT8E4M3FN, "float8e4m3"), (TensorProto.FLOAT8E5M2, "float8e5m2")):
        exact = numpy_helper.to_array(helper.make_tensor("w", kind, values.shape, values.ravel())).astype(np.float64)
        case(name, kind, values, None, 0, lambda _, exact=exact: exact, 21)


def refused():
    """What is wrong with scales and zero points is said, whether the codes would become a kernel's or not."""
    def case(message, codes, scale, zero, **attributes):
        for product in (True, False):
            g = Graph(x=(TensorProto.FLOAT, ["n", 96]))
            operands = [g.constant(array) for array in (codes, np.asarray(scale, np.float32), zero)]
            w = g.op("DequantizeLinear", *operands, **attributes)
            y = g.op("MatMul", "x", w) if product else w
            inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 96])]
            graph = helper.make_graph(g.nodes, "refused", inputs if product else [], [helper.make_tensor_value_info(y, TensorProto.FLOAT, None)],
                                      g.constants)
            path = work / "refused.onnx"
            onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), path)
            try:
                squint.tool("squintc", path, "--progress=never", "-o", work / "refused.so")
            except RuntimeError as error:
                print(str(error).rsplit("error: ")[-1].strip())
                assert message in str(error) and "exit 1" in str(error), error
            else:
                raise AssertionError(f"{message}: not refused")

    codes = rng.integers(0, 256, (96, 20)).astype(np.uint8)
    case("the axis and its scales, got 20 and 19", codes, np.ones(19), np.zeros(19, np.uint8), axis=1)
    case("got 20 and 7", codes, np.ones(20), np.zeros(7, np.uint8), axis=1)
    case("an axis", codes, np.ones(20), np.zeros(20, np.uint8), axis=7)
    case("element type", codes, np.ones(20), np.zeros(20, np.int8), axis=1)
    case("3 scales", codes, np.ones((4, 20)), np.zeros((4, 20), np.uint8), axis=0, block_size=32)
    case("20 scales", codes, np.ones((96, 20))[:, :1], np.zeros((96, 1), np.uint8), axis=0, block_size=1)


for test in (linear, convolution, operators, dynamic, products, weights, refused):
    test()
