# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small language models as exporters write them to ONNX, with the keys and values of earlier tokens as inputs or without."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LAYERS, HEADS, SHARED, SIZE, HIDDEN, VOCABULARY = 2, 4, 2, 16, 96, 61
WIDTH = HEADS * SIZE
CONTEXT = 320


class Graph:
    def __init__(self, opset=17):
        self.nodes, self.constants, self.random, self.opset = [], {}, np.random.default_rng(7), opset

    def node(self, kind, *inputs, outputs=1, **attributes):
        names = [f"{kind}_{len(self.nodes)}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"/{kind}_{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def array(self, values, dtype=np.int64):
        name = f"constant_{len(self.constants)}"
        self.constants[name] = numpy_helper.from_array(np.asarray(values, dtype), name)
        return name

    def weight(self, *shape):
        return self.array(self.random.standard_normal(shape) / shape[0] ** 0.5, np.float32)

    def size(self, value, axis):
        return self.node("Gather", self.node("Shape", value), self.array(axis), axis=0)

    def row(self, *scalars):
        return self.node("Concat", *[self.node("Unsqueeze", s, self.array([0])) for s in scalars], axis=0)


def _norm(g, x):
    square = g.node("Pow", x, g.array(2.0, np.float32))
    mean = g.node("ReduceMean", square, axes=[-1]) if g.opset < 18 else g.node("ReduceMean", square, g.array([-1]))
    root = g.node("Sqrt", g.node("Add", mean, g.array(1e-5, np.float32)))
    gain = g.array(g.random.uniform(0.5, 1.5, WIDTH), np.float32)
    return g.node("Mul", gain, g.node("Mul", x, g.node("Reciprocal", root)))


def _turn(g, x, cos, sin):
    low = g.node("Slice", x, g.array([0]), g.array([SIZE // 2]), g.array([3]))
    high = g.node("Slice", x, g.array([SIZE // 2]), g.array([2**62]), g.array([3]))
    turned = g.node("Concat", g.node("Neg", high), low, axis=-1)
    return g.node("Add", g.node("Mul", x, cos), g.node("Mul", turned, sin))


def _angles(g, positions):
    """cos and sin [batch or 1, 1, tokens, size] as transformers computes them from positions [batch or 1, tokens]."""
    frequencies = g.array(1e4 ** -(np.arange(0, SIZE, 2, dtype=np.float32) / SIZE)[None, :, None], np.float32)
    batch = g.size(positions, 0)
    wide = g.node("Expand", frequencies, g.row(batch, g.array(1), g.array(1)))
    row = g.node("Cast", g.node("Unsqueeze", positions, g.array([1])), to=TensorProto.FLOAT)
    angles = g.node("Transpose", g.node("MatMul", wide, row), perm=[0, 2, 1])
    angles = g.node("Concat", angles, angles, axis=-1)
    return [g.node("Unsqueeze", g.node(kind, angles), g.array([1])) for kind in ("Cos", "Sin")]


def _table_angles(g, tokens):
    """The same of a table, of which the first rows are taken."""
    angles = np.outer(np.arange(CONTEXT), np.tile(1e4 ** -(np.arange(0, SIZE, 2) / SIZE), 2))
    return [g.node("Slice", g.array(f(angles), np.float32), g.array([0]), g.node("Unsqueeze", tokens, g.array([0])), g.array([0]))
            for f in (np.cos, np.sin)]


def _causal(g, start, tokens, total, attention_mask):
    """The mask [batch or 1, 1, tokens, total] that transformers makes: of tokens that come later, and of those that are padding."""
    least = float(np.finfo(np.float32).min)
    if attention_mask is None:
        hidden = g.node("Expand", g.array([[-1e30]], np.float32), g.row(tokens, total))
        return g.node("Trilu", hidden, g.array(1), upper=1)
    one = g.array(1)
    queries = g.node("Reshape", g.node("Range", start, g.node("Add", start, tokens), one), g.array([-1, 1]))
    keys = g.node("Range", g.array(0), total, one)
    hidden = g.node("Where", g.node("Greater", keys, queries), g.array(least, np.float32), g.array(0.0, np.float32))
    hidden = g.node("Unsqueeze", hidden, g.array([0, 1]))
    hidden = g.node("Expand", hidden, g.row(g.size(attention_mask, 0), one, one, one))
    seen = g.node("Cast", g.node("Unsqueeze", attention_mask, g.array([1, 2])), to=TensorProto.FLOAT)
    padding = g.node("Equal", g.node("Add", hidden, seen), g.array(0.0, np.float32))
    return g.node("Where", padding, g.array(least, np.float32), hidden)


def decoder(past=True, positions="input", table=False, masked=None):
    """input_ids [batch, tokens] -> logits [batch, tokens, VOCABULARY]. With `past` as Optimum exports it: attention_mask [batch, past + tokens],
    position_ids [batch, tokens] (or `positions`: "mask", sums of the mask, or "range", counted from the past's length), and
    past_key_values.N.key and value beside present.N.key and value."""
    g = Graph()
    ids, inputs, outputs = "input_ids", {"input_ids": (TensorProto.INT64, ["batch", "tokens"])}, {}
    masked = past if masked is None else masked
    tokens = g.size(ids, 1)
    zero, one = g.array(0), g.array(1)
    pasts = {}
    for i in range(LAYERS if past else 0):
        for kind in ("key", "value"):
            name = f"past_key_values.{i}.{kind}"
            pasts[i, kind] = name
    total, start = tokens, zero
    if past:
        start = g.size(pasts[0, "key"], 2)
        total = g.node("Add", start, tokens)
    mask_name = None
    if masked:
        mask_name = "attention_mask"
        inputs[mask_name] = (TensorProto.INT64, ["batch", "past_sequence_length + tokens" if past else "tokens"])
    if table:
        cos, sin = _table_angles(g, tokens)
    else:
        if positions == "input":
            where = "position_ids"
            inputs[where] = (TensorProto.INT64, ["batch", "tokens"])
        elif positions == "mask":
            sums = g.node("Sub", g.node("CumSum", mask_name, one), one)
            sums = g.node("Where", g.node("Equal", mask_name, zero), one, sums)
            where = g.node("Slice", sums, g.node("Unsqueeze", g.node("Neg", tokens), g.array([0])), g.array([2**62]), g.array([1]))
        else:
            where = g.node("Unsqueeze", g.node("Range", start, total, one), g.array([0]))
        cos, sin = _angles(g, where)
    for name in pasts.values():
        inputs[name] = (TensorProto.FLOAT, ["batch", SHARED, "past_sequence_length", SIZE])
    mask = _causal(g, start, tokens, total, mask_name)
    table_name = g.weight(VOCABULARY, WIDTH)
    x = g.node("Gather", table_name, ids, axis=0)
    for i in range(LAYERS):
        h = _norm(g, x)
        heads = {}
        for kind, count in (("query", HEADS), ("key", SHARED), ("value", SHARED)):
            part = g.node("MatMul", h, g.weight(WIDTH, count * SIZE))
            part = g.node("Transpose", g.node("Reshape", part, g.array([0, 0, count, SIZE])), perm=[0, 2, 1, 3])
            heads[kind] = part if kind == "value" else _turn(g, part, cos, sin)
        for kind in ("key", "value"):
            if past:
                heads[kind] = g.node("Concat", pasts[i, kind], heads[kind], axis=-2 if kind == "key" else 2)
                outputs[f"present.{i}.{kind}"] = heads[kind]
            wide = g.node("Expand", g.node("Unsqueeze", heads[kind], g.array([2])), g.array([1, 1, HEADS // SHARED, 1, 1]))
            heads[kind] = g.node("Reshape", wide, g.array([0, HEADS, -1, SIZE]))
        scores = g.node("MatMul", heads["query"], g.node("Transpose", heads["key"], perm=[0, 1, 3, 2]))
        scores = g.node("Add", g.node("Mul", scores, g.array(SIZE**-0.5, np.float32)), mask)
        mixed = g.node("MatMul", g.node("Softmax", scores, axis=-1), heads["value"])
        merged = g.node("Reshape", g.node("Transpose", mixed, perm=[0, 2, 1, 3]), g.array([0, 0, WIDTH]))
        x = g.node("Add", x, g.node("MatMul", merged, g.weight(WIDTH, WIDTH)))
        h = _norm(g, x)
        gate, up = (g.node("MatMul", h, g.weight(WIDTH, HIDDEN)) for _ in range(2))
        active = g.node("Mul", g.node("Mul", gate, g.node("Sigmoid", gate)), up)
        x = g.node("Add", x, g.node("MatMul", active, g.weight(HIDDEN, WIDTH)))
    logits = g.node("MatMul", _norm(g, x), g.weight(WIDTH, VOCABULARY))
    return finish(g, inputs, {"logits": logits, **outputs})


def kept(form, window=0, mask=None, rank=4):
    """The same model with operators that keep keys and values: `form` is "group-query" (com.microsoft's GroupQueryAttention, angles and lengths
    from an attention_mask, as its model builder writes it), "lengths" (the same, lengths as inputs, packed projections), "attention" (the standard's,
    with a past; `mask`: None, "bool" or "float" instead of is_causal) or "scatter" (caches of CONTEXT tokens, written by TensorScatter)."""
    g = Graph({"group-query": 17, "lengths": 17, "attention": 23}.get(form, 24))
    inputs, outputs, int64 = {"input_ids": (TensorProto.INT64, ["batch", "tokens"])}, {}, TensorProto.INT64
    isGroup, length = form in ("group-query", "lengths"), CONTEXT if form == "scatter" else "past_sequence_length"
    pasts = {(i, kind): f"past_key_values.{i}.{kind}" for i in range(LAYERS) for kind in ("key", "value")}
    angles = np.outer(np.arange(CONTEXT), 1e4 ** -(np.arange(0, SIZE, 2) / SIZE))
    tables = [g.array(f(angles), np.float32) for f in (np.cos, np.sin)]
    tokens, bias, options = g.size("input_ids", 1), "", {}
    if form == "group-query":
        inputs["attention_mask"] = (int64, ["batch", "total_sequence_length"])
        sums = g.node("ReduceSum", "attention_mask", g.array([1]), keepdims=1)
        ends = g.node("Cast", g.node("Sub", sums, g.array([1])), to=TensorProto.INT32)
        total = g.node("Cast", g.size("attention_mask", 1), to=TensorProto.INT32)
    elif form == "lengths":
        inputs["seqlens_k"] = (TensorProto.INT32, ["batch"])
        inputs["total_sequence_length"] = (TensorProto.INT32, [1])
        ends, total = "seqlens_k", "total_sequence_length"
    else:
        inputs["position_ids"] = (int64, ["batch", "tokens"])
    if form == "scatter":
        inputs["write_indices"] = (int64, ["batch"])
        inputs["nonpad_kv_seqlen"] = (int64, ["batch"])
    if isGroup:
        options = {"num_heads": HEADS, "kv_num_heads": SHARED, "do_rotary": 1, "domain": "com.microsoft"}
        options.update({"local_window_size": window} if window else {})
    elif mask:
        start = g.size(pasts[0, "key"], 2)
        keys = g.node("Range", g.array(0), g.node("Add", start, tokens), g.array(1))
        queries = g.node("Reshape", g.node("Range", start, g.node("Add", start, tokens), g.array(1)), g.array([-1, 1]))
        bias = g.node("LessOrEqual", keys, queries)
        if window:
            bias = g.node("And", bias, g.node("Greater", keys, g.node("Sub", queries, g.array(window))))
        if mask == "float":
            bias = g.node("Where", bias, g.array(0.0, np.float32), g.array(-np.inf, np.float32))
    else:
        options = {"is_causal": 1, **({"left_window_size": window - 1} if window else {})}
    for name in pasts.values():
        inputs[name] = (TensorProto.FLOAT, ["batch", SHARED, length, SIZE])
    x = g.node("Gather", g.weight(VOCABULARY, WIDTH), "input_ids", axis=0)
    for i in range(LAYERS):
        h = _norm(g, x)
        q, k, v = (g.node("MatMul", h, g.weight(WIDTH, count * SIZE)) for count in (HEADS, SHARED, SHARED))
        past = [pasts[i, kind] for kind in ("key", "value")]
        if isGroup:
            parts = [g.node("Concat", q, k, v, axis=2), "", ""] if form == "lengths" else [q, k, v]
            y, *made = g.node("GroupQueryAttention", *parts, *past, ends, total, *tables, outputs=3, **options)
        else:
            q, k = (g.node("RotaryEmbedding", part, *tables, "position_ids", num_heads=count) for part, count in ((q, HEADS), (k, SHARED)))
            if rank == 4:
                q, k, v = (g.node("Transpose", g.node("Reshape", part, g.array([0, 0, count, SIZE])), perm=[0, 2, 1, 3])
                           for part, count in ((q, HEADS), (k, SHARED), (v, SHARED)))
            heads = {} if rank == 4 else {"q_num_heads": HEADS, "kv_num_heads": SHARED}
            if form == "scatter":
                made = [g.node("TensorScatter", cache, new, "write_indices") for cache, new in zip(past, (k, v))]
                y = g.node("Attention", q, *made, bias, "", "", "nonpad_kv_seqlen", **heads, **options)
            else:
                y, *made = g.node("Attention", q, k, v, bias, *past, outputs=3, **heads, **options)
            if rank == 4:
                y = g.node("Reshape", g.node("Transpose", y, perm=[0, 2, 1, 3]), g.array([0, 0, WIDTH]))
        outputs.update({f"present.{i}.{kind}": value for kind, value in zip(("key", "value"), made)})
        x = g.node("Add", x, g.node("MatMul", y, g.weight(WIDTH, WIDTH)))
        h = _norm(g, x)
        gate, up = (g.node("MatMul", h, g.weight(WIDTH, HIDDEN)) for _ in range(2))
        x = g.node("Add", x, g.node("MatMul", g.node("Mul", g.node("Mul", gate, g.node("Sigmoid", gate)), up), g.weight(HIDDEN, WIDTH)))
    logits = g.node("MatMul", _norm(g, x), g.weight(WIDTH, VOCABULARY))
    total = {"group-query": "total_sequence_length", "lengths": "total", "scatter": CONTEXT}.get(form, "past_sequence_length + tokens")
    return finish(g, inputs, {"logits": logits, **outputs}, total)


def finish(g, inputs, outputs, total="past_sequence_length + tokens"):
    shapes = {name: ["batch", "tokens", VOCABULARY] if name == "logits" else ["batch", SHARED, total, SIZE] for name in outputs}
    nodes = g.nodes + [helper.make_node("Identity", [value], [name], name=f"/{name}") for name, value in outputs.items()]
    graph = helper.make_graph(
        nodes, "decoder", [helper.make_tensor_value_info(n, t, s) for n, (t, s) in inputs.items()],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()], list(g.constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", g.opset), helper.make_opsetid("com.microsoft", 1)],
                              ir_version=8 if g.opset < 23 else 11)
    onnx.checker.check_model(model)
    return model


def by_steps(model, ids, sizes):
    """What ONNX Runtime says, its own caches going from step to step: logits of every token."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names, results = [i.name for i in session.get_inputs()], [o.name for o in session.get_outputs()]
    room = CONTEXT if "write_indices" in names else 0
    past = {n: np.zeros((len(ids), SHARED, room, SIZE), np.float32) for n in names if n.startswith("past")}
    at, logits = 0, []
    for size in sizes:
        feeds = {"input_ids": ids[:, at : at + size], "attention_mask": np.ones((len(ids), at + size), np.int64),
                 "position_ids": np.tile(np.arange(at, at + size), (len(ids), 1)), **past,
                 "seqlens_k": np.full(len(ids), at + size - 1, np.int32), "total_sequence_length": np.array([at + size], np.int32),
                 "write_indices": np.full(len(ids), at), "nonpad_kv_seqlen": np.full(len(ids), at + size)}
        got = dict(zip(results, session.run(None, {n: feeds[n] for n in names})))
        logits.append(got.pop("logits"))
        past = {n.replace("present", "past_key_values"): v for n, v in got.items()}
        at += size
    return np.concatenate(logits, axis=1)
