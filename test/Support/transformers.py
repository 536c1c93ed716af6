# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small decoders and encoders with random weights, in the forms that rewrites tell apart."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Transformer:
    """tokens [batch, sequence] -> logits, with heads that share keys and values, and a few channels that stand out."""

    def __init__(self, norm="rms", order="pre", gated=True, tied=True, bias=False, heads=6, shared=2, size=8, hidden=96, words=70, layers=2):
        self.rng = np.random.default_rng(11)
        self.nodes, self.constants, self.bias, self.kind = [], [], bias, norm
        width = heads * size
        table = (self.rng.standard_normal((words, width)) * np.where(np.arange(width) % 17 == 3, 6, 0.5)).astype(np.float32)
        self.constant(table, "table")
        x = self.node("Gather", "table", "tokens")
        if not tied:
            x = self.node("Add", x, self.constant(self.rng.standard_normal((1, 1, width)).astype(np.float32)))
        for i in range(layers):
            for part in (lambda v: self.attention(v, heads, shared, size), lambda v: self.feed_forward(v, width, hidden, gated)):
                x = self.norm(self.node("Add", x, part(x)), width) if order == "post" else self.node("Add", x, part(self.norm(x, width)))
        if order == "pre":
            x = self.norm(x, width)
        head = self.node("Transpose", "table", perm=[1, 0]) if tied else self.constant(self.weight(width, words))
        y = self.node("MatMul", x, head, name="logits")
        graph = helper.make_graph(self.nodes, "transformer",
                                  [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", "sequence"])],
                                  [helper.make_tensor_value_info(y, TensorProto.FLOAT, ["batch", "sequence", words])], self.constants)
        self.model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        self.words = words

    def feeds(self, count, length=12, seed=0):
        return {"tokens": np.random.default_rng(seed).integers(0, self.words, (count, length))}

    def weight(self, *shape):
        return (self.rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)

    def constant(self, array, name=None):
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, kind, *inputs, name=None, **attributes):
        name = name or f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=f"/{name}", **attributes))
        return name

    def linear(self, x, inputs, outputs):
        y = self.node("MatMul", x, self.constant(self.weight(inputs, outputs)))
        return self.node("Add", y, self.constant(self.rng.standard_normal(outputs).astype(np.float32))) if self.bias else y

    def norm(self, x, width):
        scale = self.constant(self.rng.uniform(0.3, 2, width).astype(np.float32))
        if self.kind == "layer":
            return self.node("LayerNormalization", x, scale, self.constant(self.rng.standard_normal(width).astype(np.float32)), epsilon=1e-5)
        mean = self.node("ReduceMean", self.node("Mul", x, x), self.constant(np.array([-1])), keepdims=1)
        root = self.node("Sqrt", self.node("Add", mean, self.constant(np.float32(1e-5))))
        return self.node("Mul", self.node("Div", x, root), scale)

    def attention(self, x, heads, shared, size):
        width, parts = heads * size, []
        for count in (heads, shared, shared):
            y = self.node("Reshape", self.linear(x, width, count * size), self.constant(np.array([0, 0, count, size])))
            y = self.node("Transpose", y, perm=[0, 2, 1, 3])
            if len(parts) and heads != shared:
                y = self.node("Unsqueeze", y, self.constant(np.array([2])))
                y = self.node("Expand", y, self.constant(np.array([1, 1, heads // shared, 1, 1])))
                y = self.node("Reshape", y, self.constant(np.array([0, heads, -1, size])))
            parts.append(y)
        scores = self.node("MatMul", parts[0], self.node("Transpose", parts[1], perm=[0, 1, 3, 2]))
        weights = self.node("Softmax", self.node("Mul", scores, self.constant(np.float32(size**-0.5))), axis=-1)
        mixed = self.node("Transpose", self.node("MatMul", weights, parts[2]), perm=[0, 2, 1, 3])
        return self.linear(self.node("Reshape", mixed, self.constant(np.array([0, 0, width]))), width, width)

    def feed_forward(self, x, width, hidden, gated):
        up = self.linear(x, width, hidden)
        if not gated:
            return self.linear(self.node("Gelu", up), hidden, width)
        gate = self.linear(x, width, hidden)
        gate = self.node("Mul", gate, self.node("Sigmoid", gate))
        return self.linear(self.node("Mul", gate, up), hidden, width)


def rewrite(squint, model, work, *passes, stem="model"):
    """The library of a model after passes on its raised form, and the text between."""
    onnx.save(model, work / f"{stem}.onnx")
    squint.tool("squintc", work / f"{stem}.onnx", "--progress=never", "--emit=squint", "-o", work / f"{stem}.raised.mlir")
    squint.tool("squint-opt", work / f"{stem}.raised.mlir", *passes, "-o", work / f"{stem}.mlir")
    library = work / f"{stem}.so"
    squint.tool("squintc", work / f"{stem}.mlir", "--compile-from=squint", "--progress=never", "-o", library)
    return library, (work / f"{stem}.mlir").read_text()
