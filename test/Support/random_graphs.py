# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random small graphs from the schemas: any operator of the default domain, types and attributes that its schema allows, in chains
of three to ten. What ONNX Runtime does not take is not valid, and dropped."""
import math

import numpy as np
import onnx
from onnx import defs, helper
from random_models import RandomModel, Skip

# Not tensors in, tensors out; not the same on every run; or what the sizes of the results depend on.
EXCLUDED = {
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Dropout", "If", "Loop",
    "Scan", "StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer", "ImageDecoder", "Constant",
}
# A rounding error of what they read is another result.
DISCONTINUOUS = {
    "ArgMax", "ArgMin", "BitShift", "Cast", "CastLike", "Ceil", "DynamicQuantizeLinear", "Equal", "Floor", "Greater", "GreaterOrEqual",
    "Hardmax", "IsInf", "IsNaN", "Less", "LessOrEqual", "MaxPool", "MaxRoiPool", "MaxUnpool", "Mod", "NonMaxSuppression", "NonZero",
    "QLinearConv", "QLinearMatMul", "QuantizeLinear", "Resize", "RoiAlign", "Round", "ScatterElements", "Shrink", "Sign", "Tan",
    "ThresholdedRelu", "TopK", "Unique", "GridSample", "Compress", "Upsample",
}
# What is read moves, and nothing is rounded.
EXACT = {
    "Abs", "Clip", "Compress", "Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "GlobalMaxPool",
    "Identity", "Max", "MaxPool", "Min", "Neg", "Pad", "ReduceMax", "ReduceMin", "Relu", "Reshape", "ReverseSequence", "ScatterND",
    "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "TopK", "Transpose", "Trilu", "Unsqueeze", "Where",
}
# Attributes whose values the schema does not say.
STRINGS = {
    "auto_pad": ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"), "mode": ("constant", "edge", "reflect", "wrap", "nearest", "linear",
    "cubic", "bilinear", "DCR", "CRD", "avg", "max"), "reduction": ("none", "add", "mul", "max", "min", "mean", "sum"),
    "direction": ("LEFT", "RIGHT", "forward", "reverse", "bidirectional"), "padding_mode": ("zeros", "border", "reflection"),
    "coordinate_transformation_mode": ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "output_half_pixel",
    "half_pixel_symmetric"), "nearest_mode": ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    "approximate": ("none", "tanh"), "equation": ("...ij->...ji", "...i->...", "ij,jk->ik", "...ij,...jk->...ik"),
}
SHAPES = ((), (1,), (3,), (5,), (2, 3), (4, 4), (1, 5), (2, 3, 4), (3, 1, 2), (1, 2, 5, 6), (2, 4, 3, 3), (1, 1, 4, 4, 3))

PATIENCE = 12


class RandomGraph(RandomModel):
    """`model`, `feeds` and `expected` as of RandomModel; `exact` are the values without rounding errors."""

    def __init__(self, seed, operators=None):
        self.exact, self.static, self.last, self.patience = set(), set(), "", 0
        rng = np.random.default_rng([seed, 1])
        names = sorted({s.name for s in defs.get_all_schemas() if s.domain == "" and s.name not in EXCLUDED
                        and not any(w in s.name for w in ("Sequence", "Optional"))})
        super().__init__(seed, operators or names, nodes=int(rng.integers(3, 11)), attempts=20 * PATIENCE)

    def build(self, name):
        self.static &= set(self.values)
        self.exact &= set(self.values)  # what was dropped gave its name away
        # Most guesses at inputs fit few operators: each gets some.
        name = self.last if self.patience else name
        self.last, self.patience = name, (self.patience or PATIENCE) - 1
        try:
            schema = defs.get_schema(name, self.opset, "")
        except defs.SchemaError:
            raise Skip from None
        if schema.deprecated:
            raise Skip
        if name in TEMPLATES:
            TEMPLATES[name](self, name, {attribute: schema.attributes[attribute] for attribute in schema.attributes})
            self.patience = 0
            return
        types, inputs = {}, []
        for parameter in schema.inputs:
            many = parameter.option == defs.OpSchema.FormalParameterOption.Variadic
            if parameter.option == defs.OpSchema.FormalParameterOption.Optional and self.chance(0.5):
                inputs.append("")
                continue
            for _ in range(self.choice(1, 2, 3) if many else 1):
                inputs.append(self.operand(schema, parameter, types, inputs))
        while inputs and not inputs[-1]:
            inputs.pop()
        attributes = {}
        first = self.values[inputs[0]] if inputs and inputs[0] else np.zeros(())
        for attribute in schema.attributes.values():
            if attribute.required or self.chance(0.4):
                value = self.attribute(attribute, first)
                attributes[attribute.name] = None if value == [] else value
        most = len(schema.outputs)
        if schema.outputs and schema.outputs[-1].option == defs.OpSchema.FormalParameterOption.Variadic:
            most = self.choice(1, 2, 3)
        outputs = int(self.rng.integers(max(schema.min_output, 1), most + 1))
        if not self.is_defined(name, [self.values[i] for i in inputs if i], attributes):
            raise Skip
        made = self.emit(name, inputs, outputs, **attributes)
        self.patience = 0
        floats = [i for i in inputs if i and self.values[i].dtype.kind == "f"]
        if name in EXACT | DISCONTINUOUS - {"Resize", "RoiAlign", "GridSample", "Upsample"} and all(i in self.exact for i in floats):
            self.exact.update(list(self.values)[list(self.values).index(made):])

    def is_defined(self, name, inputs, attributes):
        """False where ONNX Runtime takes what the standard does not define."""
        first = inputs[0] if inputs else np.zeros(())
        rank = first.ndim
        if name in ("Cast", "CastLike"):
            return first.dtype.kind not in "fi" or (first >= 0).all()
        if name == "MeanVarianceNormalization":
            return rank == 4 or all(axis < rank for axis in attributes.get("axes") or [4])
        if name in ("LayerNormalization", "RMSNormalization"):
            return all(i.ndim <= rank - attributes.get("axis", -1) % (rank or 1) for i in inputs[1:])
        if name == "Pow" and first.dtype.kind != "f":
            return inputs[1].dtype.kind != "f" or (first >= 0).all()
        if name == "Compress":
            axis = attributes.get("axis")
            return inputs[1].ndim == 1 and inputs[1].size <= (first.size if axis is None else first.shape[axis] if rank else 0)
        if name in ("NonZero", "ArgMax", "ArgMin"):
            return rank > 0
        if name in ("ReduceLogSum", "ReduceLogSumExp") and first.dtype.kind != "f":
            return (first > 0).all()
        if name == "GatherND":
            batch = attributes.get("batch_dims", 0)
            return first.shape[:batch] == inputs[1].shape[:batch]
        if name in ("ScatterND", "ScatterElements"):
            return attributes.get("reduction", "none") in ("none", "add", "mul", "max", "min")
        if name == "Upsample":
            return len(inputs) < 2 or inputs[1].shape == (rank,)
        if name == "CenterCropPad":
            return inputs[1].shape == (len(attributes.get("axes") or [0] * rank),)
        if name == "Einsum" and len(inputs) > 1:  # ONNX Runtime would crash
            return rank > 1 < inputs[1].ndim and first.shape[-1] == inputs[1].shape[-2] and first.shape[:-2] == inputs[1].shape[:-2]
        if name == "Split" and attributes.get("num_outputs"):  # here too
            return rank > 0 and first.shape[attributes.get("axis", 0)] % attributes["num_outputs"] == 0
        if name in ("AveragePool", "LpPool", "MaxPool") and attributes.get("auto_pad") == "VALID":  # of no window ONNX Runtime makes one
            return all(size <= there for size, there in zip(attributes.get("kernel_shape") or [], first.shape[2:]))
        if name == "STFT":
            return rank > 1 and inputs[1].ndim == 0 and all(i.ndim == 1 for i in inputs[2:3])
        if name.startswith("Reduce"):
            return first.size > 0
        if "Pool" in name and attributes.get("kernel_shape"):
            if attributes.get("auto_pad", "NOTSET") != "NOTSET":
                return not attributes.get("dilations")
            kernel = attributes["kernel_shape"]
            steps, pads = attributes.get("dilations") or [1] * len(kernel), attributes.get("pads") or [0] * 2 * len(kernel)
            return len(kernel) == rank - 2 == len(steps) == len(pads) // 2 and all(
                (k - 1) * d < size + low + high and max(low, high) < k for k, d, size, low, high in
                zip(kernel, steps, first.shape[2:], pads, pads[len(kernel):]))
        if name == "PRelu":
            return rank >= inputs[1].ndim and all(s in (1, d) for s, d in zip(inputs[1].shape[::-1], first.shape[::-1]))
        return True

    def operand(self, schema, parameter, types, before):
        """A value for a parameter: of the type that its variable has by now, of a shape that is likely to fit."""
        variable = parameter.type_str
        allowed = [np.dtype(t) for t in (numpy_type(s) for s in types.get(variable, sorted(parameter.types))) if t is not None]
        if not allowed:
            raise Skip
        name, first = parameter.name.lower(), self.values[before[0]] if before and before[0] else None
        numbers = self.special(name, first, allowed)
        if numbers is not None:
            return self.constant(numbers) if self.chance(0.8) else self.feed(numbers, symbolic=False)
        found = [v for v, array in self.values.items() if array.dtype in allowed
                 and (v in self.exact or array.dtype.kind != "f" or schema.name not in DISCONTINUOUS)]
        if found and self.chance(0.6):
            made = found[int(self.rng.integers(len(found)))]
        else:
            likely = [t for t in allowed if t == np.float32]
            dtype = likely[0] if likely and self.chance(0.7) else allowed[int(self.rng.integers(len(allowed)))]
            made = self.feed(self.data(self.fitting(first), dtype)) if self.chance(0.6) else self.constant(self.data(self.fitting(first), dtype))
        types[variable] = [spelled(self.values[made].dtype)]
        return made

    def feed(self, array, symbolic=True):
        name = self.add("inputs", array)
        self.exact.add(name)
        if not symbolic:
            self.static.add(name)
        return name

    def constant(self, array, dtype=None):
        name = super().constant(array, dtype)
        self.exact.add(name)
        return name

    def new_input(self, shape):
        return self.feed(self.data(shape, np.dtype(np.float32)))

    def data(self, shape, dtype):
        if dtype.kind == "f":
            return self.rng.uniform(-3, 3, shape).astype(dtype)
        if dtype.kind == "b":
            return self.rng.random(shape) < 0.5
        return self.rng.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype)

    def fitting(self, first):
        """The shape of `first`, one that broadcasts to it, one that it can be multiplied by, or any."""
        if first is None or self.chance(0.15):
            return SHAPES[int(self.rng.integers(len(SHAPES)))]
        shape = list(first.shape)
        kind = self.choice("same", "same", "broadcast", "product", "kernel", "channels")
        if kind == "broadcast":
            shape = [1 if self.chance(0.3) else size for size in shape][int(self.rng.integers(len(shape) + 1)):]
        elif kind == "product" and len(shape) > 1:
            shape[-2:] = shape[-1], self.choice(1, 3, 6)
        elif kind == "kernel" and len(shape) > 2:
            shape = [self.choice(1, 2, 4), shape[1], *(self.choice(1, 2, 3) for _ in shape[2:])]
        elif kind == "channels" and shape:
            shape = [shape[min(1, len(shape) - 1)]] if self.chance(0.5) else [shape[-1]]
        return shape

    def special(self, name, first, allowed):
        """Numbers that say sizes, axes or places; None for data."""
        dtype = np.dtype(np.int64) if np.dtype(np.int64) in allowed else allowed[0]
        if dtype.kind not in "iu" or first is None:
            return None
        rank, count = first.ndim, int(self.rng.integers(1, max(first.ndim, 1) + 1))
        axes = self.rng.permutation(rank)[:count] if rank else np.zeros(0)
        if name in ("axes", "axis"):
            numbers = axes if name == "axes" else (axes[0] if rank else 0)
        elif name in ("indices", "index"):
            size = min(first.shape) if rank else 1
            numbers = self.rng.integers(0, max(size, 1), self.fitting(first) if self.chance(0.5) else self.choice((), (1,), (2, 3)))
        elif name in ("shape", "sizes"):
            numbers = self.choice([-1], [0] * rank, list(first.shape), [*first.shape[::-1]], [2, *first.shape], [1, -1])
        elif name in ("starts", "ends", "steps", "pads", "repeats", "split", "k"):
            numbers = {"starts": self.rng.integers(-2, 3, count), "ends": self.rng.integers(-2, 9, count), "steps": self.rng.choice([1, 2, -1], count),
                       "pads": self.rng.integers(0, 3, 2 * rank), "repeats": self.rng.integers(1, 4, rank),
                       "split": np.array([1, first.shape[0] - 1]) if rank else np.array([1]), "k": np.array([1])}[name]
        else:
            return None
        return np.asarray(numbers).astype(dtype)

    def attribute(self, attribute, first):
        rank = first.ndim
        kind, name = attribute.type, attribute.name
        A = defs.OpSchema.AttrType
        if kind == A.INT:
            if name == "axis":
                return int(self.rng.integers(-rank, max(rank, 1)))
            if name == "group":
                return self.choice(1, 1, 2)
            if name in ("to", "dtype", "output_dtype"):
                return self.choice(1, 1, 6, 7, 10, 11, 3, 2, 9)
            return self.choice(2, 2, 3) if name in ("blocksize", "num_outputs", "p", "size") else self.choice(0, 1)
        if kind == A.FLOAT:
            return self.choice(0.1, 0.5, 1.0, 2.0)
        if kind == A.STRING:
            if name not in STRINGS:
                raise Skip
            return self.choice(*STRINGS[name])
        if kind == A.INTS:
            spatial = max(rank - 2, 1)
            if name == "perm":
                return [int(i) for i in self.rng.permutation(rank)]
            if name in ("axes", "axis"):
                return [int(i) for i in sorted(self.rng.permutation(rank)[:max(1, rank - 1)])]
            if name in ("pads", "output_padding"):
                return [self.choice(0, 0, 1, 2) for _ in range(spatial * (2 if name == "pads" else 1))]
            if name == "split":
                return [1, max(first.shape[0] - 1, 1)] if rank else [1]
            return [self.choice(1, 1, 2, 3) for _ in range(spatial)]
        raise Skip


TEMPLATES = {}


def template(*names):
    """For operators whose operands have shapes that are seldom guessed: function(graph, name, attributes of the schema)."""
    def add(function):
        TEMPLATES.update(dict.fromkeys(names, function))
        return function
    return add


@template("BatchNormalization", "InstanceNormalization", "GroupNormalization")
def norm(m, name, schema):
    x, array = m.pick(3, 5, lambda a: a.size / a.shape[0] / a.shape[1] > 3)
    channels = array.shape[1]
    one = lambda: m.constant(m.rng.uniform(0.5, 1.5, channels), np.float32)
    if name == "GroupNormalization":
        if m.opset < 21:
            raise Skip
        m.emit(name, [x, one(), one()], num_groups=m.choice(*(g for g in range(1, channels + 1) if channels % g == 0)))
    else:
        m.emit(name, [x, *(one() for _ in range(4 if name[0] == "B" else 2))], epsilon=m.choice(None, 0.1))


@template("LSTM", "GRU", "RNN")
def recurrent(m, name, schema):
    x, array = m.pick(3, 3)
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[name]
    direction, hidden = m.choice("forward", "reverse", "bidirectional"), m.choice(1, 3, 8)
    d = 2 if direction == "bidirectional" else 1
    inputs = [x, m.weight(d, gates * hidden, array.shape[2]), m.weight(d, gates * hidden, hidden)]
    if m.chance(0.6):
        inputs.append(m.weight(d, 2 * gates * hidden))
        if m.chance(0.4):
            inputs.append(m.constant(m.rng.integers(1, array.shape[0] + 1, array.shape[1]), np.int32))
    reset = m.choice(0, 1) if name == "GRU" else None
    m.emit(name, inputs, m.choice(1, 2, 3 if name == "LSTM" else 2), hidden_size=hidden, direction=direction, linear_before_reset=reset)


@template("Resize")
def resize(m, name, schema):
    x, array = m.pick(3, 5, lambda a: a.size < 3000)
    if m.opset < 11 or x not in m.exact:
        raise Skip
    scales = [1, 1] + [m.choice(0.5, 1, 1.5, 2, 3) for _ in array.shape[2:]]
    scales = [f if s * f == int(s * f) else 1 for s, f in zip(array.shape, scales)]  # else rounding decides
    sizes = [*array.shape[:2]] + [max(1, int(s * f)) for s, f in zip(array.shape[2:], scales[2:])]
    inputs = [x, "", m.constant(scales, np.float32)] if m.chance(0.5) else [x, "", "", m.integers(*sizes)]
    if m.opset < 13:
        inputs[1] = m.constant([], np.float32)
        if len(inputs) == 4:
            inputs[2] = m.constant([], np.float32)
    mode = m.choice("nearest", "linear", "cubic") if array.ndim == 4 else m.choice("nearest", "linear")
    m.emit(name, inputs, mode=mode, nearest_mode=m.choice("floor", "ceil", "round_prefer_floor", None) if mode == "nearest" else None,
           coordinate_transformation_mode=m.choice("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", None),
           cubic_coeff_a=m.choice(-0.5, None) if mode == "cubic" else None, exclude_outside=m.choice(1, 0) if mode == "cubic" else None)


@template("GridSample")
def grid_sample(m, name, schema):
    x, array = m.pick(4, 4)
    if x not in m.exact:
        raise Skip
    grid = m.feed(m.rng.uniform(-1.3, 1.3, (array.shape[0], 3, 5, 2)).astype(np.float32))
    modes = ("linear", "nearest", "cubic") if m.opset >= 20 else ("bilinear", "nearest", "bicubic")
    m.emit(name, [x, grid], mode=m.choice(*modes), padding_mode=m.choice("zeros", "border", "reflection"), align_corners=m.choice(0, 1))


@template("OneHot")
def one_hot(m, name, schema):
    indices = m.feed(m.rng.integers(-4, 5, m.choice((3,), (2, 3))).astype(np.int64))
    m.emit(name, [indices, m.integers(5), m.constant([-1, 2], np.float32)], axis=m.choice(-1, 0, 1))


@template("ReverseSequence")
def reverse_sequence(m, name, schema):
    x, array = m.pick(2, 4)
    batch = m.choice(0, 1)
    m.emit(name, [x, m.constant(m.rng.integers(1, array.shape[1 - batch] + 1, array.shape[batch]), np.int64)], batch_axis=batch, time_axis=1 - batch)


@template("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss")
def loss(m, name, schema):
    x, array = m.pick(2, 4)
    classes = array.shape[1]
    labels = m.feed(m.rng.integers(0, classes, (array.shape[0], *array.shape[2:])).astype(np.int64))
    weights = [m.constant(m.rng.uniform(0.5, 2, classes), np.float32)] if m.chance(0.5) else []
    m.emit(name, [x, labels, *weights], reduction=m.choice("none", "mean", "sum"), ignore_index=m.choice(0, None))


@template("DFT")
def dft(m, name, schema):
    x, array = m.pick(2, 4)
    sizes = np.array([*array.shape, 1])
    real = m.emit("Reshape", [x, m.integers(*sizes)])
    if m.opset >= 20:
        m.emit(name, [real, "", m.constant(m.choice(1, array.ndim - 1), np.int64)], onesided=m.choice(0, 1))
    else:
        m.emit(name, [real], axis=m.choice(1, array.ndim - 1), onesided=m.choice(0, 1))


@template("Attention")
def attention(m, name, schema):
    if m.opset < 23:
        raise Skip
    batch, heads, size, queries, keys = m.choice(1, 2), m.choice(2, 4), m.choice(4, 8), m.choice(1, 3, 5), m.choice(3, 7)
    shared = m.choice(1, 2)
    value = lambda h, n: m.feed(m.rng.standard_normal((batch, h, n, size)).astype(np.float32))
    mask = [m.feed(m.rng.random((queries, keys)) < 0.8)] if m.chance(0.4) else []
    m.emit(name, [value(heads, queries), value(heads // shared, keys), value(heads // shared, keys), *mask], is_causal=m.choice(0, 1) if not mask else 0,
           scale=m.choice(0.3, None), softcap=m.choice(2.0, None))


def numpy_type(text):
    """The numpy type of "tensor(float)"; None for what numpy or ONNX Runtime's Python interface lacks."""
    name = text[len("tensor("):-1] if text.startswith("tensor(") else ""
    return {"float": np.float32, "double": np.float64, "float16": np.float16, "bool": np.bool_}.get(name) or (
        np.dtype(name) if name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64") else None)


def spelled(dtype):
    return f"tensor({ {'float32': 'float', 'float64': 'double'}.get(str(dtype), str(dtype)) })"
