# What raising, folding and moving transposes make of a graph computes what ONNX Runtime computes of it.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(3)


class Graph:
    """Nodes that are added one by one; every node named in `outputs` is compared."""

    def __init__(self, **inputs):
        self.inputs, self.nodes, self.constants, self.outputs = inputs, [], [], []

    def weight(self, *shape, low=-1.0, high=1.0):
        return self.constant(rng.uniform(low, high, shape).astype(np.float32))

    def constant(self, array):
        self.constants.append(numpy_helper.from_array(np.asarray(array), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def op(self, kind, *operands, **attributes):
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, operands, [name], name=f"/{name}", **attributes))
        return name

    def check(self, name, *values, opset=18):
        outputs = [helper.make_empty_tensor_value_info(value) for value in values]
        inputs = [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in self.inputs.items()]
        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = onnx.shape_inference.infer_shapes(
            helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8))
        path = work / f"{name}.onnx"
        onnx.save(model, path)
        library, session = squint.compile(path, work / f"{name}.so"), squint.session(path)
        for extent in (1, 4):
            feeds = {key: rng.standard_normal([d if isinstance(d, int) else extent for d in shape]).astype(np.float32)
                     for key, shape in self.inputs.items()}
            results, expected = squint.run(library, feeds), session.run(list(values), feeds)
            for value, reference in zip(values, expected):
                error = squint.relative_error(results[value], reference)
                print(f"{name} {value}, batch {extent}: {error:.1e}")
                assert results[value].shape == reference.shape and error < 1e-5, (name, value, error)


def linear():
    g = Graph(x=["n", 12], y=["n", 3, 12], z=[12, 5])
    plain = g.op("Add", g.weight(7), g.op("MatMul", "x", g.weight(12, 7)))
    deep = g.op("Add", g.op("MatMul", "y", g.op("Transpose", g.weight(1, 7, 12), perm=[0, 2, 1])), g.weight(1, 1, 7))
    left = g.op("MatMul", g.weight(4, 12), "z")
    gemm = g.op("Gemm", "x", g.weight(7, 12), g.weight(1, 7), transB=1, alpha=0.5, beta=2.0)
    turned = g.op("Gemm", "z", g.weight(12, 7), g.weight(5, 1), transA=1, alpha=-1.5)
    reshaped = g.op("MatMul", "x", g.op("Reshape", g.weight(2, 6, 7), g.constant(np.array([12, 7], np.int64))))
    normed = g.op("BatchNormalization", g.op("MatMul", "x", g.weight(12, 7)), g.weight(7), g.weight(7), g.weight(7),
                  g.weight(7, low=0.5, high=2.0))
    g.check("linear", plain, deep, left, gemm, turned, reshaped, normed)


def norm():
    g = Graph(x=["n", 5, 24])
    minus_one, two = g.constant(np.array([-1], np.int64)), g.constant(np.float32(2))
    epsilon, one = g.constant(np.float32(1e-3)), g.constant(np.float32(1))
    layer = g.op("LayerNormalization", "x", g.weight(24), g.weight(24), axis=2, epsilon=1e-3)
    centered = g.op("Sub", "x", g.op("ReduceMean", "x", minus_one))
    variance = g.op("ReduceMean", g.op("Pow", centered, two), minus_one)
    root = g.op("Sqrt", g.op("Add", variance, epsilon))
    parts = g.op("Add", g.op("Mul", g.op("Div", centered, root), g.weight(24)), g.weight(24))
    squares = g.op("ReduceMean", g.op("Mul", "x", "x"), minus_one)
    inverse = g.op("Div", one, g.op("Sqrt", g.op("Add", epsilon, squares)))
    rms = g.op("Mul", g.weight(24), g.op("Mul", "x", inverse))
    bare = g.op("Mul", g.op("Reciprocal", g.op("Sqrt", g.op("Add", squares, epsilon))), "x")
    g.check("norm", layer, parts, rms, bare)


def conv():
    g = Graph(x=["n", 6, 11, 9], s=["n", 4, 17])
    strided = g.op("Conv", "x", g.weight(8, 6, 3, 2), g.weight(8), strides=[2, 1], pads=[1, 0, 2, 1], dilations=[1, 2])
    grouped = g.op("Conv", "x", g.weight(9, 2, 3, 3), group=3, auto_pad="SAME_UPPER", strides=[2, 2])
    depthwise = g.op("Conv", "x", g.weight(6, 1, 3, 3), group=6, auto_pad="SAME_LOWER", strides=[1, 2])
    line = g.op("Add", g.op("Conv", "s", g.weight(5, 4, 4), auto_pad="VALID"), g.weight(5, 1))
    padded = g.op("Conv", g.op("Pad", "x", g.constant(np.array([0, 0, 1, 2, 0, 0, 0, 1], np.int64))), g.weight(4, 6, 3, 3))
    normed = g.op("BatchNormalization", g.op("Conv", "x", g.weight(4, 6, 3, 3), g.weight(4)), g.weight(4), g.weight(4),
                  g.weight(4), g.weight(4, low=0.5, high=2.0))
    alone = g.op("BatchNormalization", "x", g.weight(6), g.weight(6), g.weight(6), g.weight(6, low=0.5, high=2.0))
    g.check("conv", strided, grouped, depthwise, line, padded, normed, alone)


def pool():
    g = Graph(x=["n", 6, 11, 9])
    greatest = g.op("MaxPool", "x", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])
    ceiled = g.op("MaxPool", "x", kernel_shape=[3, 3], strides=[3, 2], ceil_mode=1)
    mean = g.op("AveragePool", "x", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    counted = g.op("AveragePool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    whole = g.op("AveragePool", "x", kernel_shape=[11, 9])
    overall = [g.op("GlobalAveragePool", "x"), g.op("GlobalMaxPool", "x")]
    g.check("pool", greatest, ceiled, mean, counted, whole, *overall)


def transposes():
    """A small residual network with shortcuts that slice and pad, a gate, and heads that reduce and flatten."""
    integers = lambda *values: g.constant(np.array(values, np.int64))
    g = Graph(x=["n", 3, 8, 8])
    stem = g.op("Relu", g.op("Conv", "x", g.weight(6, 3, 3, 3), pads=[1, 1, 1, 1]))
    branch = g.op("Conv", stem, g.weight(10, 6, 3, 3), pads=[1, 1, 1, 1], strides=[2, 2])
    sliced = g.op("Slice", stem, integers(0, 0), integers(1 << 40, 1 << 40), integers(2, -1), integers(2, 2))
    shortcut = g.op("Pad", sliced, integers(0, 2, 0, 0, 0, 2, 0, 0))
    joined = g.op("Relu", g.op("Add", branch, shortcut))
    gate = g.op("Sigmoid", g.op("Conv", g.op("GlobalAveragePool", joined), g.weight(10, 10, 1, 1)))
    scaled = g.op("Add", g.op("Mul", joined, gate), g.weight(10, 4, 4))
    both = g.op("Concat", g.op("MaxPool", scaled, kernel_shape=[2, 2], strides=[1, 1]),
                g.op("Conv", scaled, g.weight(3, 10, 2, 2)), axis=1)
    last = g.op("Softmax", g.op("Conv", both, g.weight(4, 13, 1, 1)), axis=1)
    tokens = g.op("Transpose", g.op("Reshape", last, integers(-1, 4, 9)), perm=[0, 2, 1])
    flat = g.op("Flatten", last)
    mean = g.op("ReduceMean", last, integers(2, 3), keepdims=0)
    column = g.op("ReduceMax", last, integers(3), keepdims=0)
    g.check("transposes", last, tokens, flat, mean, column)


for case in (linear, norm, conv, pool, transposes):
    case()
