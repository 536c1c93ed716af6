# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random small models: every node is tried in ONNX Runtime before it is taken, so that a model is valid and its values are tame."""
import math

import numpy as np
import onnx
import squint_testing as squint
from onnx import helper, numpy_helper

OPSETS = range(7, 24)
SIZES = (1, 2, 3, 4, 5, 7, 8, 16, 17, 31, 33)


class Skip(Exception):
    """The operator does not fit what there is."""


class RandomModel:
    """`model` and its inputs `feeds`; `expected` are ONNX Runtime's outputs."""

    def __init__(self, seed, operators=None, nodes=8, opset=None, symbolic=None, attempts=20):
        self.rng = np.random.default_rng(seed)
        self.opset = opset or int(self.rng.choice(OPSETS))
        self.symbolic = self.rng.random() < 0.5 if symbolic is None else symbolic
        self.values, self.inputs, self.constants, self.nodes = {}, [], [], []
        self.static = getattr(self, "static", set())  # inputs whose sizes have no names
        self.new_input(self.shape())
        # Elementwise ones are many and alike.
        operators = operators or [name for name in sorted(OPERATORS) for _ in range(3 if name.islower() else 1)]
        for _ in range(attempts * nodes):
            if len(self.nodes) >= nodes:
                break
            before = {name: list(getattr(self, name)) for name in ("inputs", "constants", "nodes")}, set(self.values)
            try:
                self.build(str(self.rng.choice(operators)))
            except Skip:
                for name, old in before[0].items():
                    setattr(self, name, old)
                self.values = {name: value for name, value in self.values.items() if name in before[1]}
        self.finish()

    def build(self, name):
        OPERATORS[name](self)

    def chance(self, probability):
        return self.rng.random() < probability

    def choice(self, *options):
        return options[int(self.rng.integers(len(options)))]

    def shape(self):
        return [self.choice(*SIZES) for _ in range(self.choice(1, 2, 2, 3, 3, 4, 4))]

    def add(self, kind, array):
        name = f"{kind[0]}{len(self.values)}"
        self.values[name] = np.asarray(array)
        getattr(self, kind).append(name)
        return name

    def new_input(self, shape):
        return self.add("inputs", self.rng.uniform(-2, 2, shape).astype(np.float32))

    def constant(self, array, dtype=None):
        return self.add("constants", np.asarray(array, dtype))

    def integers(self, *numbers):
        return self.constant(numbers, np.int64)

    def weight(self, *shape):
        return self.constant(self.rng.standard_normal(shape) / math.sqrt(max(1, math.prod(shape[1:]))), np.float32)

    def pick(self, least=1, most=5, when=lambda array: True):
        """The name and the array of a value of that many dimensions; later ones more often."""
        found = [name for name, array in self.values.items() if name not in self.constants
                 and array.dtype == np.float32 and least <= array.ndim <= most and when(array)]
        if not found and not self.nodes:
            found = [self.new_input([self.choice(*SIZES) for _ in range(self.choice(*range(least, min(most, 4) + 1)))])]
        if not found or not when(self.values[found[-1]]):
            raise Skip
        name = found[max(int(self.rng.integers(len(found))), int(self.rng.integers(len(found))))]
        return name, self.values[name]

    def axis(self, rank):
        return int(self.rng.integers(-rank if self.opset >= 11 else 0, rank))

    def emit(self, op, inputs, outputs=1, **attributes):
        names = [f"v{len(self.values) + i}" for i in range(outputs)]
        attributes = {key: value for key, value in attributes.items() if value is not None}
        node = helper.make_node(op, inputs, names, name=f"{op}_{len(self.nodes)}", **attributes)
        try:
            results = squint.session(self.wrap([node], [i for i in inputs if i], names).SerializeToString()).run(
                None, {i: self.values[i] for i in inputs if i and i not in self.constants})
        except Exception:  # what ONNX Runtime does not take
            raise Skip from None
        for result in results:
            if not result.size or result.size > 50000 or not np.isfinite(result).all() or np.abs(result).max() > 1e4:
                raise Skip
        self.values.update(zip(names, results))
        self.nodes.append(node)
        return names[0]

    def wrap(self, nodes, operands, outputs, dims=lambda name: None, rank=lambda name: None):
        def describe(name, shape):
            kind = helper.np_dtype_to_tensor_dtype(self.values[name].dtype)
            return helper.make_tensor_value_info(name, kind, shape)

        inputs = [describe(i, dims(i) or self.values[i].shape) for i in dict.fromkeys(operands) if i not in self.constants]
        constants = [numpy_helper.from_array(self.values[i], i) for i in dict.fromkeys(operands) if i in self.constants]
        results = [describe(o, rank(o)) if rank(o) is not None else helper.make_empty_tensor_value_info(o) for o in outputs]
        graph = helper.make_graph(nodes, "random", inputs, results, constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        return model if results[0].type.WhichOneof("value") else onnx.shape_inference.infer_shapes(model)

    def finish(self):
        used = {i for node in self.nodes for i in node.input if i}
        outputs = [o for node in self.nodes for o in node.output if o not in used]
        operands = [i for i in [*self.inputs, *self.constants] if i in used]

        def dims(name):
            # Equal sizes share a symbol; 1 is never one, since it may broadcast.
            return [f"d{size}" if self.symbolic and name not in self.static and size > 1 and (size + len(name)) % 2 else size for size in self.values[name].shape]

        self.model = self.wrap(self.nodes, operands, outputs, dims, lambda name: [None] * self.values[name].ndim)
        self.feeds = {i: self.values[i] for i in operands if i in self.inputs}
        try:
            results = squint.session(self.model.SerializeToString()).run(outputs, self.feeds)
        except Exception as error:
            raise squint.InvalidModel(str(error)) from None
        self.expected = dict(zip(outputs, results))

    def single_nodes(self):
        """Each node as a model of its own, with the values that it reads here and ONNX Runtime's results."""
        for node in self.nodes:
            read, made = [i for i in node.input if i], [o for o in node.output if o]
            model = self.wrap([node], read, made, rank=lambda name: [None] * self.values[name].ndim)
            yield model, {i: self.values[i] for i in read if i not in self.constants}, {o: self.values[o] for o in made}

    def describe(self):
        return f"opset {self.opset}, {'symbolic' if self.symbolic else 'static'}: " + " ".join(node.op_type for node in self.nodes)


OPERATORS = {}


def operator(function):
    OPERATORS[function.__name__] = function
    return function


def elementwise(name, opset=7, low=-math.inf, high=math.inf):
    def build(m):
        if m.opset < opset:
            raise Skip
        x, _ = m.pick(when=lambda array: array.min() > low and array.max() < high)
        m.emit(name, [x])

    OPERATORS[name] = build


for _name in ("Relu", "Sigmoid", "Tanh", "Neg", "Abs", "Elu", "LeakyRelu", "Selu", "Softplus", "Softsign", "HardSigmoid", "Sin", "Cos", "Atan"):
    elementwise(_name)
for _name in ("Erf", "Sinh", "Cosh", "Asinh"):
    elementwise(_name, opset=9)
elementwise("HardSwish", opset=14)
elementwise("Mish", opset=18)
elementwise("Gelu", opset=20)
elementwise("Exp", high=6)
elementwise("Log", low=0.05)
elementwise("Sqrt", low=1e-3)
elementwise("Reciprocal", low=0.05)


@operator
def linear(m):
    x, array = m.pick()
    outputs = m.choice(*SIZES)
    y = m.emit("MatMul", [x, m.weight(array.shape[-1], outputs)])
    if m.chance(0.7):
        y = m.emit("Add", m.choice([y, m.weight(outputs)], [m.weight(1), y]))
    activation = m.choice("", "Relu", "Sigmoid", "gelu")
    if activation == "gelu" and m.opset >= 9:
        e = m.emit("Add", [m.emit("Erf", [m.emit("Div", [y, m.constant(math.sqrt(2), np.float32)])]), m.constant(1, np.float32)])
        y = m.emit("Mul", [m.emit("Mul", [y, e]), m.constant(0.5, np.float32)])
    elif activation == "Sigmoid":
        y = m.emit("Mul", [y, m.emit("Sigmoid", [y])])
    elif activation == "Relu":
        y = m.emit("Relu", [y])
    if outputs == array.shape[-1] and m.chance(0.5):
        m.emit("Add", m.choice([x, y], [y, x]))


@operator
def product(m):
    x, array = m.pick(least=2)
    other = m.new_input([*array.shape[:-2], array.shape[-1], m.choice(*SIZES)])
    m.emit("MatMul", [x, other])


@operator
def gemm(m):
    x, array = m.pick(2, 2)
    trans_a, trans_b = m.choice(0, 1), m.choice(0, 1)
    inner, rows = array.shape[:: 1 if trans_a else -1]
    outputs = m.choice(*SIZES)
    c = m.weight(*m.choice((outputs,), (1, outputs), (rows, outputs), (rows, 1), (1,)))
    m.emit("Gemm", [x, m.weight(*((outputs, inner) if trans_b else (inner, outputs))), c], transA=trans_a, transB=trans_b,
           alpha=m.choice(1.0, 0.5), beta=m.choice(1.0, 0.25, 0.0))


def window(m, rank, **attributes):
    """Where a window goes: pads or auto_pad, strides."""
    attributes["strides"] = [m.choice(1, 1, 2, 3) for _ in range(rank)]
    if m.chance(0.3):
        attributes["auto_pad"] = m.choice("SAME_UPPER", "SAME_LOWER", "VALID")
    elif m.chance(0.7):
        attributes["pads"] = [m.choice(0, 1, 2) for _ in range(2 * rank)]
    return attributes


@operator
def conv(m):
    x, array = m.pick(3, 5)
    channels, rank = array.shape[1], array.ndim - 2
    groups = m.choice(1, 1, *(d for d in range(1, channels + 1) if channels % d == 0))
    outputs = groups * m.choice(1, 2, 3, 8)
    attributes = window(m, rank, kernel_shape=[m.choice(1, 2, 3) for _ in range(rank)], group=groups)
    if "auto_pad" not in attributes and m.chance(0.3):
        attributes["dilations"] = [m.choice(1, 2) for _ in range(rank)]
    kernel = m.weight(outputs, channels // groups, *attributes["kernel_shape"])
    y = m.emit("Conv", [x, kernel, *([m.weight(outputs)] if m.chance(0.5) else [])], **attributes)
    if m.chance(0.4):
        variance = m.constant(m.rng.uniform(0.5, 1.5, outputs), np.float32)
        y = m.emit("BatchNormalization", [y, m.weight(outputs), m.weight(outputs), m.weight(outputs), variance])
    if m.chance(0.5):
        m.emit("Relu", [y])


@operator
def pool(m):
    x, array = m.pick(3, 5)
    attributes = window(m, array.ndim - 2, kernel_shape=[m.choice(*range(1, min(size, 3) + 1)) for size in array.shape[2:]])
    if m.opset >= 10 and "auto_pad" not in attributes:
        attributes["ceil_mode"] = m.choice(0, 1)
    op = m.choice("MaxPool", "AveragePool")
    m.emit(op, [x], count_include_pad=m.choice(0, 1) if op == "AveragePool" else None, **attributes)


@operator
def global_pool(m):
    m.emit(m.choice("GlobalAveragePool", "GlobalMaxPool"), [m.pick(least=3)[0]])


@operator
def layer_norm(m):
    # Rows that are nearly constant are all rounding errors afterwards.
    x, array = m.pick(when=lambda array: array.shape[-1] > 2 and array.std(-1).min() > 0.1)
    if m.opset < 17:
        raise Skip
    m.emit("LayerNormalization", [x, m.weight(array.shape[-1]), m.weight(array.shape[-1])], axis=-1)


@operator
def softmax(m):
    x, array = m.pick()
    m.emit(m.choice("Softmax", "LogSoftmax"), [x], axis=m.axis(array.ndim))


@operator
def binary(m):
    x, array = m.pick()
    shape = [1 if m.chance(0.3) else size for size in array.shape][int(m.rng.integers(array.ndim)):]
    op = m.choice("Add", "Sub", "Mul", "Div", "Max", "Min")
    if op in ("Max", "Min") and m.opset < 8:
        raise Skip
    other = m.constant(m.rng.uniform(0.3, 2, shape), np.float32) if op == "Div" or m.chance(0.5) else m.new_input(shape)
    m.emit(op, [x, other] if op == "Div" else m.choice([x, other], [other, x]))


@operator
def reshape(m):
    x, array = m.pick()
    sizes = [0] * (array.ndim - 1) + [-1] if m.chance(0.4) else [m.choice(1, 1, array.shape[0]), -1]
    m.emit("Reshape", [x, m.integers(*sizes)])


@operator
def transpose(m):
    x, array = m.pick(least=2)
    m.emit("Transpose", [x], perm=[int(i) for i in m.rng.permutation(array.ndim)])


@operator
def concat(m):
    x, array = m.pick()
    axis = m.axis(array.ndim)
    shape = list(array.shape)
    shape[axis] = m.choice(1, 3, 17)
    m.emit("Concat", m.choice([x, m.new_input(shape)], [m.weight(*shape), x], [x, x]), axis=axis)


@operator
def split(m):
    x, array = m.pick()
    axis = m.axis(array.ndim)
    if array.shape[axis] < 2:
        raise Skip
    parts = [1, array.shape[axis] - 1]
    if m.opset < 13:
        m.emit("Split", [x], outputs=2, axis=axis, split=parts)
    else:
        m.emit("Split", [x, m.integers(*parts)], outputs=2, axis=axis)


@operator
def slice_(m):
    x, array = m.pick()
    axis = int(m.rng.integers(array.ndim))
    size = array.shape[axis]
    start, end, step = m.choice((0, size, 2), (1, 2**31 - 1, 1), (-size, -1, 1), (-1, -(2**31), -1), (size - 1, 0, -2))
    if m.opset >= 10:
        m.emit("Slice", [x, m.integers(start), m.integers(end), m.integers(axis), m.integers(step)])
    elif step == 1:
        m.emit("Slice", [x], starts=[start], ends=[end], axes=[axis])


@operator
def pad(m):
    x, array = m.pick()
    pads, mode = [m.choice(0, 1, 2) for _ in range(2 * array.ndim)], m.choice("constant", "edge", "reflect")
    if m.opset < 11:
        m.emit("Pad", [x], pads=pads, mode=mode)
    else:
        m.emit("Pad", [x, m.integers(*pads)], mode=mode)


@operator
def gather(m):
    x, array = m.pick()
    axis = m.axis(array.ndim)
    m.emit("Gather", [x, m.constant(m.rng.integers(0, array.shape[axis], m.choice((), (1,), (2, 3))), np.int64)], axis=axis)


@operator
def expand(m):
    x, array = m.pick(most=4)
    if m.opset < 8:
        raise Skip
    m.emit("Expand", [x, m.integers(2, *(m.choice(2, 3) if size == 1 else 1 for size in array.shape))])


@operator
def where(m):
    x, array = m.pick()
    if m.opset < 9:
        raise Skip
    condition = m.add("inputs", m.rng.random([1 if m.chance(0.3) else size for size in array.shape]) < 0.5)
    m.emit("Where", [condition, x, m.weight(array.shape[-1])])


@operator
def reduce(m):
    x, array = m.pick()
    op = m.choice("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp")
    axes = sorted(int(i) for i in m.rng.choice(array.ndim, m.rng.integers(1, array.ndim + 1), replace=False))
    if m.opset >= 18 or (op == "ReduceSum" and m.opset >= 13):
        m.emit(op, [x, m.integers(*axes)], keepdims=m.choice(0, 1))
    else:
        m.emit(op, [x], axes=axes, keepdims=m.choice(0, 1))
