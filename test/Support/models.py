# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models for tests that need no data: convolutions and linear layers with random weights."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def _tensor(rng, name, *shape):
    # Products keep the magnitude of what goes in.
    scale = np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 1
    return numpy_helper.from_array((rng.standard_normal(shape) / scale).astype(np.float32), name)


def _model(nodes, inputs, outputs, initializers, opset=17):
    def values(descriptions):
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in descriptions.items()]

    graph = helper.make_graph(nodes, "test", values(inputs), values(outputs), initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def convolutions(batch="batch", channels=3):
    """image [batch, channels, 12, 12] -> y [batch, 10]: convolutions with batch norm, stride and a residual, then a linear layer."""
    rng = np.random.default_rng(1)
    norm = [numpy_helper.from_array(rng.uniform(0.5, 1.5, 16).astype(np.float32), n) for n in ("gain", "shift", "mean", "variance")]
    nodes = [
        helper.make_node("Conv", ["image", "k0"], ["c0"], name="conv0", pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        helper.make_node("BatchNormalization", ["c0", "gain", "shift", "mean", "variance"], ["n0"], name="norm0"),
        helper.make_node("Relu", ["n0"], ["a0"], name="relu0"),
        helper.make_node("Conv", ["a0", "k1", "b1"], ["c1"], name="conv1", pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        helper.make_node("Add", ["c1", "a0"], ["s1"], name="residual"),
        helper.make_node("Relu", ["s1"], ["a1"], name="relu1"),
        helper.make_node("Conv", ["a1", "k2"], ["c2"], name="conv2", strides=[2, 2], kernel_shape=[3, 3]),
        helper.make_node("GlobalAveragePool", ["c2"], ["p"], name="pool"),
        helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"], name="linear", transB=1),
    ]
    weights = [_tensor(rng, "k0", 16, channels, 3, 3), _tensor(rng, "k1", 16, 16, 3, 3), _tensor(rng, "b1", 16),
               _tensor(rng, "k2", 24, 16, 3, 3), _tensor(rng, "w", 10, 24), _tensor(rng, "b", 10), *norm]
    return _model(nodes, {"image": [batch, channels, 12, 12]}, {"y": [batch, 10]}, weights)


def perceptron(width=96, hidden=200, outputs=33):
    """x [tokens, width] -> y [tokens, outputs]: gelu, a residual and layer norm between linear layers; sizes with tails."""
    rng = np.random.default_rng(2)

    def scalar(name, value):
        return numpy_helper.from_array(np.float32(value), name)

    nodes = [
        helper.make_node("MatMul", ["x", "w0"], ["m0"], name="up"),
        helper.make_node("Add", ["m0", "b0"], ["h0"], name="up_bias"),
        helper.make_node("Div", ["h0", "root2"], ["d"], name="gelu_div"),
        helper.make_node("Erf", ["d"], ["e"], name="gelu_erf"),
        helper.make_node("Add", ["e", "one"], ["e1"], name="gelu_add"),
        helper.make_node("Mul", ["h0", "e1"], ["g"], name="gelu_mul"),
        helper.make_node("Mul", ["g", "half"], ["a"], name="gelu_half"),
        helper.make_node("MatMul", ["a", "w1"], ["m1"], name="down"),
        helper.make_node("Add", ["m1", "b1"], ["h1"], name="down_bias"),
        helper.make_node("Add", ["h1", "x"], ["r"], name="residual"),
        helper.make_node("LayerNormalization", ["r", "gain", "shift"], ["n"], name="norm", axis=-1),
        helper.make_node("Gemm", ["n", "w2", "b2"], ["y"], name="head", transB=1),
    ]
    weights = [_tensor(rng, "b0", hidden), _tensor(rng, "b1", width), _tensor(rng, "w2", outputs, width), _tensor(rng, "b2", outputs),
               _tensor(rng, "gain", width), _tensor(rng, "shift", width), scalar("root2", 2**0.5), scalar("one", 1), scalar("half", 0.5)]
    weights += [numpy_helper.from_array((rng.standard_normal(s) / s[0] ** 0.5).astype(np.float32), n)
                for n, s in (("w0", (width, hidden)), ("w1", (hidden, width)))]
    return _model(nodes, {"x": ["tokens", width]}, {"y": ["tokens", outputs]}, weights)


def classifier(words=300, width=48, classes=7):
    """words [tokens] -> y [tokens, classes]: rows of a table and a linear layer."""
    rng = np.random.default_rng(3)
    nodes = [helper.make_node("Gather", ["table", "words"], ["e"], name="embedding"),
             helper.make_node("Gemm", ["e", "w", "b"], ["y"], name="head", transB=1)]
    weights = [_tensor(rng, "table", words, width), _tensor(rng, "w", classes, width), _tensor(rng, "b", classes)]
    model = _model(nodes, {"words": ["tokens"]}, {"y": ["tokens", classes]}, weights)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    return model


def tied(words=300, width=76, copied=False):
    """x [tokens] -> y [tokens, words], rows [tokens, width]: rows of a table by number, and their products with all rows of the
    same table, or of a copy of it."""
    rng = np.random.default_rng(5)
    table = _tensor(rng, "table", words, width)
    nodes = [helper.make_node("Mul", ["x", "spread"], ["spaced"], name="spread_numbers"),
             helper.make_node("Cast", ["spaced"], ["numbers"], name="numbers", to=TensorProto.INT64),
             helper.make_node("Gather", ["table", "numbers"], ["rows"], name="embedding"),
             helper.make_node("LayerNormalization", ["rows", "gain"], ["n"], name="norm", axis=-1),
             helper.make_node("Transpose", ["copy" if copied else "table"], ["turned"], name="turn", perm=[1, 0]),
             helper.make_node("MatMul", ["n", "turned"], ["y"], name="head")]
    weights = [table, _tensor(rng, "gain", width), numpy_helper.from_array(np.float32(50), "spread")]
    if copied:
        weights.append(numpy_helper.from_array(numpy_helper.to_array(table), "copy"))
    return _model(nodes, {"x": ["tokens"]}, {"y": ["tokens", words], "rows": ["tokens", width]}, weights)


def attention(heads=4, shared=2, size=24):
    """x [batch, tokens, width] -> y [batch, tokens, width]: heads that share keys and values, and a mask that is the input's
    first elements; longer than one block of keys, with sizes that fill no vector."""
    rng, width = np.random.default_rng(3), heads * size

    def integers(name, *values):
        return numpy_helper.from_array(np.array(values, np.int64), name)

    nodes, constants = [], [integers("two", 2), integers("merge", 0, 0, width), integers("zero", 0), integers("one", 1),
                            integers("three", 3), numpy_helper.from_array(np.float32(size**-0.5), "scale")]
    for name, count, perm in (("q", heads, [0, 2, 1, 3]), ("k", shared, [0, 2, 1, 3]), ("v", shared, [0, 2, 1, 3])):
        constants += [_tensor(rng, f"w{name}", width, count * size), integers(f"split{name}", 0, 0, count, size)]
        nodes += [helper.make_node("MatMul", ["x", f"w{name}"], [f"{name}0"], name=f"linear_{name}"),
                  helper.make_node("Reshape", [f"{name}0", f"split{name}"], [f"{name}1"], name=f"split_{name}"),
                  helper.make_node("Transpose", [f"{name}1"], [f"{name}2"], name=f"heads_{name}", perm=perm)]
    constants += [numpy_helper.from_array(np.array([1, 1, heads // shared, 1, 1], np.int64), "repeats"), integers("all", 0, heads, -1, size)]
    for name in "kv":
        nodes += [helper.make_node("Unsqueeze", [f"{name}2", "two"], [f"{name}3"], name=f"group_{name}"),
                  helper.make_node("Expand", [f"{name}3", "repeats"], [f"{name}4"], name=f"repeat_{name}"),
                  helper.make_node("Reshape", [f"{name}4", "all"], [f"{name}5"], name=f"all_{name}")]
    nodes += [
        helper.make_node("Transpose", ["k5"], ["kt"], name="transpose_k", perm=[0, 1, 3, 2]),
        helper.make_node("MatMul", ["q2", "kt"], ["scores"], name="scores"),
        helper.make_node("Mul", ["scores", "scale"], ["scaled"], name="scale_scores"),
        helper.make_node("Slice", ["x", "zero", "one", "two"], ["column"], name="mask"),
        helper.make_node("Transpose", ["column"], ["row"], name="mask_row", perm=[0, 2, 1]),
        helper.make_node("Unsqueeze", ["row", "one"], ["mask"], name="mask_heads"),
        helper.make_node("Add", ["scaled", "mask"], ["masked"], name="add_mask"),
        helper.make_node("Softmax", ["masked"], ["weights"], name="softmax", axis=-1),
        helper.make_node("MatMul", ["weights", "v5"], ["mixed"], name="values"),
        helper.make_node("Transpose", ["mixed"], ["tokens"], name="tokens", perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", ["tokens", "merge"], ["y"], name="merge_heads"),
    ]
    return _model(nodes, {"x": ["batch", 150, width]}, {"y": ["batch", 150, width]}, constants)


def mobile(channels=20):
    """image [batch, 3, 15, 15] -> y [batch, channels, 8, 8]: depthwise convolutions between those of single pixels."""
    rng = np.random.default_rng(4)
    nodes = [
        helper.make_node("Conv", ["image", "k0"], ["a0"], name="up", kernel_shape=[1, 1]),
        helper.make_node("Conv", ["a0", "k1", "b1"], ["a1"], name="depthwise", kernel_shape=[3, 3], pads=[1, 1, 1, 1], group=channels),
        helper.make_node("Relu", ["a1"], ["a2"], name="relu"),
        helper.make_node("Conv", ["a2", "k2"], ["a3"], name="strided", kernel_shape=[5, 5], pads=[2, 2, 2, 2], strides=[2, 2], group=channels),
        helper.make_node("Conv", ["a3", "k3", "b3"], ["y"], name="down", kernel_shape=[1, 1]),
    ]
    weights = [_tensor(rng, "k0", channels, 3, 1, 1), _tensor(rng, "k1", channels, 1, 3, 3), _tensor(rng, "b1", channels),
               _tensor(rng, "k2", channels, 1, 5, 5), _tensor(rng, "k3", channels, channels, 1, 1), _tensor(rng, "b3", channels)]
    return _model(nodes, {"image": ["batch", 3, 15, 15]}, {"y": ["batch", channels, 8, 8]}, weights)


def coded(width=96, hidden=72, outputs=33):
    """x [batch, width] -> y [batch, outputs]: linear layers of the model's own codes, the last with a zero point that it computes."""
    rng = np.random.default_rng(6)

    def array(name, values, dtype):
        return numpy_helper.from_array(np.asarray(values).astype(dtype), name)

    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s0", "z0"], ["q0"]),
        helper.make_node("DequantizeLinear", ["q0", "s0", "z0"], ["f0"]),
        helper.make_node("DequantizeLinear", ["w0", "t0"], ["v0"], axis=1),
        helper.make_node("MatMul", ["f0", "v0"], ["p0"], name="first"),
        helper.make_node("Relu", ["p0"], ["r0"]),
        helper.make_node("QuantizeLinear", ["r0", "s0", "z0"], ["q1"]),
        helper.make_node("DequantizeLinear", ["q1", "s0", "z0"], ["f1"]),
        helper.make_node("DequantizeLinear", ["w1", "t0", "z1"], ["v1"], axis=1),
        helper.make_node("MatMul", ["f1", "v1"], ["p1"], name="second"),
        helper.make_node("DynamicQuantizeLinear", ["p1"], ["q2", "s2", "z2"]),
        helper.make_node("MatMulInteger", ["q2", "w2", "z2"], ["i2"], name="third"),
        helper.make_node("Cast", ["i2"], ["c2"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["c2", "s2"], ["y"]),
    ]
    weights = [array("s0", 0.02, np.float32), array("z0", 101, np.uint8), array("t0", rng.uniform(0.001, 0.01, hidden), np.float32),
               array("w0", rng.integers(-128, 128, (width, hidden)), np.int8),
               array("w1", rng.integers(0, 256, (hidden, hidden)), np.uint8), array("z1", rng.integers(90, 160, hidden), np.uint8),
               array("w2", rng.integers(-128, 128, (hidden, outputs)), np.int8)]
    return _model(nodes, {"x": ["batch", width]}, {"y": ["batch", outputs]}, weights)


def feeds(model, extent, seed=0):
    """Random inputs for a model, with every symbolic dimension of that extent."""
    rng = np.random.default_rng(seed)
    shapes = {i.name: [d.dim_value or extent for d in i.type.tensor_type.shape.dim] for i in model.graph.input}
    integers = {i.name for i in model.graph.input if i.type.tensor_type.elem_type == TensorProto.INT64}
    return {name: rng.integers(0, 50, shape) if name in integers else rng.standard_normal(shape).astype(np.float32)
            for name, shape in shapes.items()}
