# Code grows with distinct layers, not with their number: a model of 24 equal layers has the functions of one of 2.
# REQUIRES: squintc, x86_64
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s %t
import pathlib
import re
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])


def encoder(layers, width=64):
    """Norm, linear, activation, linear, residual; weights of its own in every layer."""
    rng, nodes, weights = np.random.default_rng(1), [], []

    def weight(name, *shape):
        weights.append(numpy_helper.from_array(rng.standard_normal(shape, np.float32) / np.float32(8), name))
        return name

    x = "x"
    for i in range(layers):
        nodes += [
            helper.make_node("LayerNormalization", [x, weight(f"g{i}", width), weight(f"b{i}", width)], [f"n{i}"]),
            helper.make_node("MatMul", [f"n{i}", weight(f"u{i}", width, 2 * width)], [f"h{i}"]),
            helper.make_node("Relu", [f"h{i}"], [f"r{i}"]),
            helper.make_node("MatMul", [f"r{i}", weight(f"d{i}", 2 * width, width)], [f"o{i}"]),
            helper.make_node("Add", [x, f"o{i}"], [f"y{i}"]),
        ]
        x = f"y{i}"
    info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", width])
    graph = helper.make_graph(nodes, "encoder", [info("x")], [info(x)], weights)
    path = work / str(layers) / "encoder.onnx"
    path.parent.mkdir(exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def functions(layers, *flags):
    text = squint.compile(encoder(layers), work / str(layers) / "encoder.s", *flags).read_text()
    names = re.findall(r"^\s*\.type\s+(\S+),\s*@function", text, re.M)
    return sorted(names)


for flags in ([], ["--weights=int8:channel", "--activations=int8:token"], ["--weights=int4:group=32", "--activations=int8:group=32"]):
    few, many = functions(2, *flags), functions(24, *flags)
    assert len(few) > 5 and few == many, (flags, few, set(few) ^ set(many))
