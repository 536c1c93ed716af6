# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""Models as PyTorch's and TensorFlow's exporters write them after training with simulated quantization: products of integers, and the numbers
of ONNX Runtime.

PyTorch (torch.onnx.export of torch.ao.quantization's fake quantization): QuantizeLinear and DequantizeLinear of activations with uint8 or
int8 zero points, a Clip between them where the range is reduced, int8 weights by channel (axis 0) whose codes are made in the graph or have
been folded, Identity around shared parameters, biases in floats or as DequantizeLinear of int32, Gemm with transB or a Transpose of the
dequantized weight. TensorFlow (tf2onnx of FakeQuantWithMinMaxVars): activations of the whole tensor in uint8, weights with a narrow
symmetric range by tensor or by the last axis of HWIO, which a Transpose after DequantizeLinear brings to OIHW, and a bias behind the product."""
import pathlib
import re
import sys

import numpy as np
import onnx
import onnxruntime
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(6)
f32 = lambda *s: rng.standard_normal(s).astype(np.float32)
F = TensorProto.FLOAT


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def op(self, kind, *operands, **attributes):
        name = f"/{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, operands, [name + "_output_0"], name=name, **attributes))
        return name + "_output_0"

    def activation(self, x, low, high, kind=np.uint8, bounds=None, shared=False):
        """Fake quantization of a range: codes of `kind`, cut to `bounds`."""
        info = np.iinfo(kind)
        first, last = bounds or (info.min, info.max)
        scale = np.float32((high - low) / (last - first))
        zero = kind(np.clip(np.round(first - low / scale), first, last))
        scale, zero = self.constant(scale), self.constant(zero)
        if shared:
            scale, zero = self.op("Identity", scale), self.op("Identity", zero)
        codes = self.op("QuantizeLinear", x, scale, zero)
        if bounds:
            codes = self.op("Clip", codes, self.constant(kind(first)), self.constant(kind(last)))
        return self.op("DequantizeLinear", codes, scale, zero)

    def weight(self, w, axis, made, bounds=(-127, 127), clip=True):
        """Symmetric int8 by an axis (all of it for None), made in the graph from floats or folded."""
        rest = tuple(i for i in range(w.ndim) if i != axis) if axis is not None else None
        scale = (np.abs(w).max(rest) / bounds[1]).astype(np.float32)
        attributes = {} if axis is None else {"axis": axis}
        s, z = self.constant(scale), self.constant(np.zeros(np.shape(scale), np.int8))
        if made:
            codes = self.op("QuantizeLinear", self.constant(w), s, z, **attributes)
            if clip:
                codes = self.op("Clip", codes, self.constant(np.int8(bounds[0])), self.constant(np.int8(bounds[1])))
        else:
            shape = [-1 if i == axis else 1 for i in range(w.ndim)]
            codes = self.constant(np.clip(np.round(w / scale.reshape(shape if axis is not None else ())), *bounds).astype(np.int8))
        return self.op("DequantizeLinear", codes, s, z, **attributes)

    def check(self, name, y, shape, kernels, feeds, tolerance, opset=17, formats=(), depthwise=0):
        graph = helper.make_graph(self.nodes, name, [helper.make_tensor_value_info("x", F, ["n", *shape])], [helper.make_empty_tensor_value_info(y)], self.constants)
        model = onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8))
        path = work / f"{name}.onnx"
        onnx.save(model, path)
        squint.tool("squintc", path, "--emit=fused", "--progress=never", "-o", work / f"{name}.mlir")
        text = (work / f"{name}.mlir").read_text()
        # Every product reads integers of both operands, from packed weights; no float weight is left, and nothing is decoded into memory.
        gemms = re.findall(r"kernel.gemm ins\((.*?)\) weights\(%\w+ : !squint.packed<[\dx]+, \"(\w+)", text)
        assert len(gemms) == kernels and all("i8>" in ins for ins, _ in gemms), (name, gemms)
        assert text.count("kernel.depthwise") == depthwise, name
        assert {kind for _, kind in gemms} <= (set(formats) or {"int8"}), (name, gemms)
        assert "kernel.dequantize" not in text, name
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        want = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run(None, {"x": feeds})[0]
        for flags in ([], ["--unfused"]):
            got = squint.run(squint.compile(path, work / f"{name}.so", *flags), {"x": feeds})[y]
            # Codes of the result, or of a layer in between, may be neighbours where floats are near the middle.
            step = np.abs(got - want) / np.abs(want).max()
            print(f"{name} {flags}: {len(np.unique(want))} values, largest difference {step.max():.1e}, beyond 1e-5 {np.mean(step > 1e-5):.1e}")
            assert step.max() < tolerance and np.mean(step > 1e-5) < 0.02, name
            assert len(np.unique(want)) > 20, f"{name}: the reference says nothing"


def torch_linear():
    for made in (True, False):
        for kind, bounds in ((np.uint8, None), (np.uint8, (0, 127)), (np.int8, None), (np.int8, (-64, 63))):
            for form in ("gemm",) if made == (kind is np.uint8) else ("transpose",):
                g = Graph()
                x = g.activation("x", -3.0, 3.5, kind, bounds, shared=form == "gemm")
                for i, (outputs, inputs) in enumerate(((40, 24), (17, 40))):
                    w = g.weight(f32(outputs, inputs) * 0.2, 0, made, clip=form == "gemm")
                    bias = g.constant(f32(outputs))
                    x = g.op("Gemm", x, w, bias, transB=1) if form == "gemm" else g.op("Add", g.op("MatMul", x, g.op("Transpose", w, perm=[1, 0])), bias)
                    if i == 0:
                        x = g.activation(g.op("Relu", x), 0.0, 4.0, kind, bounds)
                y = g.activation(x, -6.0, 6.0, kind, bounds)
                g.check(f"torch-{form}-{'made' if made else 'folded'}-{kind.__name__}-{bounds[1] if bounds else 'all'}", y, [24], 2, f32(9, 24), 0.02, opset=13)


def torch_few_bits():
    """Weights whose range is that of fewer bits are stored in these."""
    for bits in (2, 3, 4, 6):
        g = Graph()
        w = g.weight(f32(20, 64), 0, True, (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
        g.check(f"torch-int{bits}", g.op("Gemm", g.activation("x", -3.0, 3.0), w, g.constant(f32(20)), transB=1), [64], 1, f32(5, 64), 1e-5, formats=[f"int{bits}"])


def torch_block():
    """A residual block as quantization-aware training of ResNet exports it: convolutions whose batch norm was folded, an addition of two
    dequantized branches, a pooled head. The integer bias is that of folded quantization."""
    for made in (True, False):
        g = Graph()
        x = g.activation("x", -3.0, 3.0)
        for i in range(2):
            w = f32(8, 8, 3, 3) * 0.15
            dequantized = g.weight(w, 0, made)
            bias = f32(8)
            if not made:
                scale = np.float32(6.0 / 255) * (np.abs(w).max((1, 2, 3)) / 127).astype(np.float32)
                bias = np.round(bias / scale).astype(np.int32)
                b = g.op("DequantizeLinear", g.constant(bias), g.constant(scale), g.constant(np.zeros(8, np.int32)), axis=0)
            else:
                b = g.constant(bias)
            y = g.op("Conv", x if i == 0 else y, dequantized, b, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
            y = g.activation(g.op("Relu", y), 0.0, 6.0) if i == 0 else g.activation(y, -6.0, 6.0)
        y = g.activation(g.op("Relu", g.op("Add", y, x)), 0.0, 6.0)
        y = g.activation(g.op("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2]), 0.0, 6.0)
        # A range that makes no code of a mean lie in the middle of two.
        y = g.activation(g.op("Flatten", g.op("GlobalAveragePool", y), axis=1), 0.0, 3.7)
        y = g.activation(g.op("Gemm", y, g.weight(f32(30, 8), 0, made), g.constant(f32(30)), transB=1), -6.0, 6.0)
        g.check(f"torch-block-{'made' if made else 'folded'}", y, [8, 10, 12], 3, f32(24, 8, 10, 12), 0.03)


def tensorflow():
    """Channels last at the edges, kernels HWIO, ReLU6, a depthwise layer, a mean and a dense one."""
    for axis in (3, None):
        g = Graph()
        x = g.op("Transpose", g.activation("x", -4.0, 4.0), perm=[0, 3, 1, 2])
        w = g.op("Transpose", g.weight(f32(3, 3, 6, 16) * 0.2, axis, False), perm=[3, 2, 0, 1])
        y = g.op("Conv", x, w, auto_pad="SAME_UPPER", kernel_shape=[3, 3], strides=[1, 1])
        y = g.op("Add", y, g.constant(f32(1, 16, 1, 1)))
        y = g.activation(g.op("Clip", y, g.constant(np.float32(0)), g.constant(np.float32(6))), 0.0, 6.0)
        w = g.weight(f32(16, 1, 3, 3) * 0.3, None if axis is None else 0, False)
        y = g.activation(g.op("Relu", g.op("Conv", y, w, g.constant(f32(16)), kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1], group=16)), 0.0, 5.0)
        w = g.op("Transpose", g.weight(f32(1, 1, 16, 32) * 0.2, axis, False), perm=[3, 2, 0, 1])
        y = g.activation(g.op("Conv", y, w, kernel_shape=[1, 1]), -6.0, 6.0)
        y = g.activation(g.op("ReduceMean", y, axes=[2, 3], keepdims=0), -2.9, 2.9)  # not in whole steps of what it is the mean of: no ties
        y = g.op("MatMul", y, g.weight(f32(32, 10), None if axis is None else 1, False))
        g.check(f"tensorflow-{'tensor' if axis is None else 'channel'}", g.activation(y, -8.0, 8.0), [12, 12, 6], 3, f32(8, 12, 12, 6), 0.04, depthwise=1)


def keras():
    """What tf2onnx made of a model with TensorFlow's own fake quantization (test/Support/keras_trained.py), against TensorFlow's result.
    Constant weights have been rounded by TensorFlow already: they are floats on a grid, which round to nearest finds again, and the
    activations' grids are those of the model, without samples."""
    inputs = pathlib.Path(__file__).parent / "Inputs"
    with np.load(inputs / "keras-trained.npz") as data:
        x, want = data["x"], data["y"]
    recipe = work / "keras.yaml"
    recipe.write_text("rules:\n" + "".join(f"- {which}\n  weights: int8:{block}\n  activations: {x}\n" for which, block, x in (
        ("names: [depthwise*]", "tensor", "f32"), ("operators: linear", "tensor", "int8:tensor"), ("operators: conv", "channel", "int8:tensor"))))
    for opset in (13, 18):
        path = inputs / f"keras-trained-{opset}.onnx"
        flags = [f"--recipe={recipe}"]
        squint.tool("squintc", path, *flags, "--emit=fused", "--progress=never", "-o", work / "keras.mlir")
        text = (work / "keras.mlir").read_text()
        gemms = re.findall(r"kernel.gemm ins\((.*?)\) weights\(%\w+ : !squint.packed<[\dx]+, \"(\w+)", text)
        assert len(gemms) == 3 and all("i8>" in ins and kind == "int8" for ins, kind in gemms), gemms
        for options in ([], ["--unfused"]):
            got = next(iter(squint.run(squint.compile(path, work / "keras.so", *flags, *options), {"x": x}).values()))
            step = np.abs(got - want) / (16.0 / 255)
            print(f"keras {opset} {options}: {len(np.unique(want))} values, codes differ in {np.mean(step > 0.5):.2f}, by {step.max():.2f}")
            assert step.max() < 1.5 and np.mean(step > 0.5) < 0.1


keras()
torch_linear()
torch_few_bits()
torch_block()
tensorflow()
