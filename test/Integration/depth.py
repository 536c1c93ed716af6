# Code grows with distinct layers, not with their number: a model of 24 equal layers has the functions of one of 2. Compile
# time grows with the number of operators, not with its square.
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


def long(name, nodes, result):
    """The output of a model of many nodes on [[1, -2]], compiled within a minute (a few seconds on an idle core)."""
    info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, None if name == "y" else [1, 2])
    graph = helper.make_graph(nodes, name, [info("x")], [info("y")])
    path = work / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    library = squint.compile(path, path.with_suffix(".so"), timeout=60)
    np.testing.assert_array_equal(squint.run(library, {"x": np.array([[1, -2]], np.float32)})["y"], result)


chain = lambda op, n: [helper.make_node(op, ["x" if i == 0 else f"v{i - 1}"], ["y" if i == n - 1 else f"v{i}"]) for i in range(n)]
long("chain", chain("Neg", 20000), [[1, -2]])
parts = [helper.make_node("Relu", ["x"], [f"p{i}"]) for i in range(1000)]
long("parts", parts + [helper.make_node("Concat", [f"p{i}" for i in range(1000)], ["y"], axis=0)], [[1, 0]] * 1000)
