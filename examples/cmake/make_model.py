# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes model.onnx and its weights, model.weights: the two files beside this one came from here.

A classifier with one hidden layer: x [batch, 64] -> class probabilities [batch, 4]. Its weights are made, not trained:
class c answers to the c-th quarter of the input.
"""
import pathlib

import numpy as np
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).resolve().parent


def main():
    rng = np.random.default_rng(1)
    quarter = np.repeat(np.eye(4, dtype=np.float32), 16, axis=0)  # [64, 4]
    mix = rng.standard_normal((4, 32), np.float32)
    arrays = {
        "hidden.weight": quarter @ mix + rng.standard_normal((64, 32), np.float32) / 50,
        "hidden.bias": np.full(32, 0.1, np.float32),
        "classes.weight": np.linalg.pinv(np.maximum(mix, 0)).astype(np.float32),
        "classes.bias": np.zeros(4, np.float32),
    }
    data, initializers = b"", []
    for name, array in arrays.items():
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=array.shape, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", "model.weights"), ("offset", len(data)), ("length", array.nbytes)):
            tensor.external_data.add(key=key, value=str(value))
        data += array.astype("<f4").tobytes()
        initializers.append(tensor)
    nodes = [
        helper.make_node("Gemm", ["x", "hidden.weight", "hidden.bias"], ["h"], name="hidden"),
        helper.make_node("Relu", ["h"], ["a"], name="activation"),
        helper.make_node("Gemm", ["a", "classes.weight", "classes.bias"], ["scores"], name="classes"),
        helper.make_node("Softmax", ["scores"], ["probabilities"], name="softmax", axis=-1),
    ]
    graph = helper.make_graph(nodes, "classifier", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 64])],
                              [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 4])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (HERE / "model.weights").write_bytes(data)
    (HERE / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
