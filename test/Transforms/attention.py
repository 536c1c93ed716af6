# Attention in the spellings of exporters, as one kernel and by its parts, computes what ONNX Runtime computes of it, at
# sequences that end within, at and past a block of keys and a tile of rows. The number of threads changes no bit.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(7)
LENGTHS = ((1, 1, 1), (2, 5, 131), (1, 17, 17), (1, 64, 128), (1, 73, 300))


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, array):
        self.constants.append(numpy_helper.from_array(np.asarray(array), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def op(self, kind, *operands, **attributes):
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, operands, [name], name=f"/{name}", **attributes))
        return name

    def check(self, name, result, shapes, masks, lengths=LENGTHS, raised=True):
        kinds = {"cond": TensorProto.BOOL}
        inputs = [helper.make_tensor_value_info(key, kinds.get(key, TensorProto.FLOAT), shape) for key, shape in shapes.items()]
        graph = helper.make_graph(self.nodes, name, inputs, [helper.make_empty_tensor_value_info(result)], self.constants)
        model = onnx.shape_inference.infer_shapes(
            helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8))
        path = work / f"{name}.onnx"
        onnx.save(model, path)
        squint.tool("squintc", path, "--progress=never", "--emit=squint", "-o", work / f"{name}.mlir")
        assert ("squint.attention" in (work / f"{name}.mlir").read_text()) == raised, name
        fused, parts = squint.compile(path, work / f"{name}.so"), squint.compile(path, work / f"{name}.parts.so", "--unfused")
        session = squint.session(path)
        for b, s, t in lengths:
            sizes = {"b": b, "s": s, "t": t}
            feeds = {}
            for key, shape in shapes.items():
                shape = [sizes.get(d, d) for d in shape]
                feeds[key] = masks[key](shape) if key in masks else rng.standard_normal(shape).astype(np.float32)
            expected = session.run([result], feeds)[0]
            one, apart = squint.run(fused, feeds)[result], squint.run(parts, feeds)[result]
            errors = squint.relative_error(one, expected), squint.relative_error(one, apart)
            print(f"{name} {b} x {s} x {t}: {errors[0]:.1e} from ONNX Runtime, {errors[1]:.1e} from the parts")
            assert errors[0] < 1e-5 and errors[1] < 1e-6, (name, b, s, t, errors)
            assert squint.run(fused, feeds, threads=3)[result].tobytes() == one.tobytes(), (name, b, s, t)


def heads(g, x, count, size, perm):
    return g.op("Transpose", g.op("Reshape", x, g.constant(np.array([0, 0, count, size], np.int64))), perm=perm)


def merge(g, y, size):
    return g.op("Reshape", g.op("Transpose", y, perm=[0, 2, 1, 3]), g.constant(np.array([0, 0, size], np.int64)))


def padding(shape):
    """A mask of keys as encoders make it: the last third is padding."""
    mask = np.zeros(shape, np.float32)
    mask[..., (2 * shape[-1] + 2) // 3:] = np.finfo(np.float32).min
    return mask


def causal(shape):
    """Each row sees 41 keys up to its own place, counted from the end; -inf elsewhere."""
    rows, keys = shape[-2:]
    place = np.arange(rows)[:, None] + keys - rows - np.arange(keys)
    return np.where((place >= 0) & (place < 41), 0, -np.inf).astype(np.float32)


def encoder():
    """BERT: a mask of keys, the scores divided."""
    g = Graph()
    q, v = (heads(g, x, 3, 32, [0, 2, 1, 3]) for x in "qv")
    scores = g.op("Div", g.op("MatMul", q, heads(g, "k", 3, 32, [0, 2, 3, 1])), g.constant(np.float32(32**0.5)))
    weights = g.op("Softmax", g.op("Add", scores, "mask"), axis=-1)
    shapes = {"q": ["b", "s", 96], "k": ["b", "t", 96], "v": ["b", "t", 96], "mask": ["b", 1, 1, "t"]}
    g.check("encoder", merge(g, g.op("MatMul", weights, v), 96), shapes, {"mask": padding})


def decoder():
    """Llama: heads that share keys, as Expand repeats them, and a causal mask; sizes that fill no vector."""
    g = Graph()
    integers = lambda *values: g.constant(np.array(values, np.int64))
    shape = lambda x, size: g.op("Concat", g.op("Shape", x, end=1), integers(2, 3), g.op("Shape", x, start=2, end=3),
                                 integers(size), axis=0)

    def repeat(x, size):
        wide = g.op("Expand", g.op("Unsqueeze", x, integers(2)), shape(x, size))
        return g.op("Reshape", wide, integers(0, 6, -1, size))

    k, v = repeat("k", 11), repeat("v", 5)
    scores = g.op("Mul", g.op("MatMul", "q", g.op("Transpose", k, perm=[0, 1, 3, 2])), g.constant(np.float32(0.3)))
    y = g.op("MatMul", g.op("Softmax", g.op("Add", "mask", scores), axis=3), v)
    shapes = {"q": ["b", 6, "s", 11], "k": ["b", 2, "t", 11], "v": ["b", 2, "t", 5], "mask": ["s", "t"]}
    g.check("decoder", y, shapes, {"mask": causal})


def replaced():
    """GPT-2: scores that a Where replaces; query and key scaled before their product, keys given transposed."""
    g = Graph()
    root = g.constant(np.float32(40**-0.25))
    scores = g.op("MatMul", g.op("Mul", heads(g, "q", 2, 40, [0, 2, 1, 3]), root), g.op("Mul", root, "k"))
    masked = g.op("Where", "cond", scores, g.constant(np.float32(-3.4e38)))
    y = g.op("MatMul", g.op("Softmax", masked), heads(g, "v", 2, 24, [0, 2, 1, 3]))
    shapes = {"q": ["b", "s", 80], "k": ["b", 2, 40, "t"], "v": ["b", "t", 48], "cond": ["s", "t"]}
    g.check("replaced", merge(g, y, 48), shapes, {"cond": lambda shape: causal(shape) == 0})


def plain():
    """No mask; heads of one vector, as in small vision transformers."""
    g = Graph()
    q, v = (heads(g, x, 4, 16, [0, 2, 1, 3]) for x in "qv")
    scores = g.op("MatMul", q, heads(g, "k", 4, 16, [0, 2, 3, 1]))
    y = merge(g, g.op("MatMul", g.op("Softmax", scores), v), 64)
    g.check("plain", y, {"q": ["b", "s", 64], "k": ["b", "t", 64], "v": ["b", "t", 64]}, {})


def others():
    """A softmax of other scores, and one whose result is read twice, stay as they are."""
    g = Graph()
    weights = g.op("Softmax", g.op("Add", g.op("MatMul", "q", "k"), "m"))
    y = g.op("Add", g.op("MatMul", weights, "v"), g.op("ReduceSum", weights, g.constant(np.array([3], np.int64))))
    shapes = {"q": ["b", 2, "s", 8], "k": ["b", 2, 8, "t"], "v": ["b", 2, "t", 8], "m": ["b", 2, "s", "t"]}
    g.check("others", y, shapes, {}, lengths=LENGTHS[:2], raised=False)


for case in (encoder, decoder, replaced, plain, others):
    case()
