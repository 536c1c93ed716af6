# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of single operators against ONNX Runtime: many operators in one model, once with static and once with symbolic sizes."""
import dataclasses
import pathlib

import numpy as np
import onnx
import squint_testing as squint
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

OPSET = 20
_rng = np.random.default_rng(7)


def f32(*shape, low=-3.0, high=3.0):
    return np.array(_rng.uniform(low, high, shape), np.float32)


def positive(*shape):
    return f32(*shape, low=0.1, high=4.0)


def f16(*shape):
    return f32(*shape).astype(np.float16)


def f64(*shape):
    return f32(*shape).astype(np.float64)


def ints(*shape, low=-9, high=10, dtype=np.int64):
    return _rng.integers(low, high, shape).astype(dtype)


def bools(*shape):
    return _rng.integers(0, 2, shape).astype(np.bool_)


class Const:
    """An input that is a constant of the model."""

    def __init__(self, *values, dtype=np.int64):
        self.array = np.array(values[0] if len(values) == 1 else values, dtype)


@dataclasses.dataclass
class Case:
    """One node: operator, inputs (arrays, Const, or None for an absent one), attributes."""

    op: str
    inputs: list
    attributes: dict = dataclasses.field(default_factory=dict)
    outputs: int = 1
    symbolic: bool = True  # whether sizes may be symbolic
    tolerance: float = 2e-6
    fixed: tuple = ()  # dimensions of the inputs that are never symbolic
    steps: int = 0  # how far integers may be apart
    domain: str = ""
    wanted: tuple = ()  # the results, where ONNX Runtime does not know them


def case(op, *inputs, outputs=1, symbolic=True, tolerance=2e-6, fixed=(), **attributes):
    return Case(op, list(inputs), attributes, outputs, symbolic, tolerance, fixed)


def contrib(op, *inputs, **options):
    """A case of com.microsoft: `options` are those of Case, everything else is an attribute."""
    fields = {f.name: options.pop(f.name) for f in dataclasses.fields(Case) if f.name in options}
    return Case(op, list(inputs), options, domain=fields.pop("domain", "com.microsoft"), **fields)


def _dims(array, symbolic, fixed):
    # Equal sizes share a name, so that dimensions that have to agree do.
    return [f"s{size}" if symbolic and size > 1 and i not in fixed else size for i, size in enumerate(array.shape)]


def _model(cases, symbolic, expected=None):
    """The model and its inputs; output `j` of case `i` is `y<i>_<j>`. Types of the results are those of `expected`, if given."""
    nodes, inputs, constants, outputs, feeds = [], [], [], [], {}
    for i, c in enumerate(cases):
        names = []
        for k, value in enumerate(c.inputs):
            name = f"x{i}_{k}" if value is not None else ""
            names.append(name)
            if isinstance(value, Const):
                constants.append(numpy_helper.from_array(value.array, name))
            elif value is not None:
                kind = helper.np_dtype_to_tensor_dtype(value.dtype)
                inputs.append(helper.make_tensor_value_info(name, kind, _dims(value, symbolic, c.fixed)))
                feeds[name] = value
        results = [f"y{i}_{j}" for j in range(c.outputs)]
        while names and not names[-1]:
            names.pop()
        nodes.append(helper.make_node(c.op, names, results, name=f"{c.op}_{i}", domain=c.domain, **c.attributes))
        for j, result in enumerate(results):
            value = expected[id(c)][j] if expected else None
            outputs.append(helper.make_empty_tensor_value_info(result) if value is None else helper.make_tensor_value_info(
                result, helper.np_dtype_to_tensor_dtype(value.dtype), [None] * value.ndim))
    graph = helper.make_graph(nodes, "operators", inputs, outputs, constants)
    domains = [helper.make_opsetid("", OPSET)] + [helper.make_opsetid(d, 1) for d in sorted({c.domain for c in cases} - {""})]
    model = helper.make_model(graph, opset_imports=domains, ir_version=10)
    if expected or len(domains) > 1:
        return model, feeds
    # Types of the results are inferred; ranks are all that has to be known.
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    for output in inferred.graph.output:
        for dim in output.type.tensor_type.shape.dim:
            dim.Clear()
    return inferred, feeds


def _matches(got, want, tolerance, steps=0):
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"expected {want.dtype}{list(want.shape)}, got {got.dtype}{list(got.shape)}"
    if want.dtype.kind not in "f":
        if steps and (np.abs(got.astype(np.int64) - want) <= steps).all():
            return None
        return None if np.array_equal(got, want) else f"{np.sum(got != want)} of {want.size} elements differ"
    if not np.array_equal(np.isnan(got), np.isnan(want)) or not np.array_equal(np.isinf(got), np.isinf(want)):
        return "NaN or infinity in other places"
    finite = np.isfinite(want)
    if want.dtype == np.float16:
        tolerance = max(tolerance, 2e-3)
    error = np.abs(got[finite].astype(np.float64) - want[finite])
    limit = tolerance * np.maximum(np.abs(want[finite].astype(np.float64)), 1)
    return None if (error <= limit).all() else f"largest error {error.max():.3g}, {np.sum(error > limit)} of {want.size} elements"


def _expected(one):
    """ONNX Runtime's results for one case; those of the standard's own evaluator where it has no such kernel."""
    if one.wanted:
        return list(one.wanted)
    model, feeds = _model([one], symbolic=False)
    try:
        return squint.session(model.SerializeToString()).run(None, feeds)
    except Exception as error:
        if "NOT_IMPLEMENTED" not in str(error):
            raise
    return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, feeds)]


def check(cases, work, name):
    """Compiles and runs all cases, in both forms; raises with a line for each that differs."""
    failures = []
    expected = {id(c): _expected(c) for c in cases}
    for symbolic in (False, True):
        chosen = [c for c in cases if c.symbolic or not symbolic]
        model, feeds = _model(chosen, symbolic, expected if any(c.domain for c in chosen) else None)
        path = pathlib.Path(work) / f"{name}-{'symbolic' if symbolic else 'static'}.onnx"
        onnx.save(model, path)
        library = squint.compile(path, path.with_suffix(".so"))
        got = squint.run(library, feeds)
        for i, c in enumerate(chosen):
            for j in range(c.outputs):
                key = f"y{i}_{j}"
                difference = _matches(got[key], expected[id(c)][j], c.tolerance, c.steps)
                if difference:
                    shapes = [getattr(v, "array", v).shape for v in c.inputs if v is not None]
                    failures.append(f"{path.stem}: {c.op} {shapes} {c.attributes} output {j}: {difference}")
        print(f"{path.stem}: {len(chosen)} operators")
    if failures:
        raise SystemExit("\n".join(failures))
