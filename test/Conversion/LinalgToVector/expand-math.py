# The expanded functions stay within 2 units in the last place, and give what C99 asks for at the ends.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import math
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper

work = pathlib.Path(sys.argv[1])
functions = {"Exp": np.exp, "Log": np.log, "Tanh": np.tanh, "Sinh": np.sinh, "Cosh": np.cosh, "Atan": np.arctan, "Asin": np.arcsin,
             "Acos": np.arccos, "Asinh": np.arcsinh, "Acosh": np.arccosh, "Atanh": np.arctanh, "Sqrt": np.sqrt,
             "Erf": np.vectorize(lambda value: math.erf(float(value)), otypes=[np.longdouble])}
limited = {"Sin": np.sin, "Cos": np.cos, "Tan": np.tan}  # numpy's own reduction is good for small arguments

rng = np.random.default_rng(0)
bits = rng.integers(0, 2**32, 1 << 15, dtype=np.uint64).astype(np.uint32).view(np.float32)
special = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 1e-45, 1e-39, 3.4e38, 88.7, 88.8, -87.4, -103.9], np.float32)
x = np.concatenate([special, bits, rng.uniform(-100, 100, 1 << 14).astype(np.float32), rng.uniform(-1, 1, 1 << 14).astype(np.float32)])
small = rng.uniform(-100, 100, 1 << 14).astype(np.float32)


def results(names, data):
    nodes = [helper.make_node(name, ["x"], [name], name=name) for name in names]
    graph = helper.make_graph(nodes, "functions", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [len(data)])],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, [len(data)]) for name in names])
    model = work / f"{names[0]}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), model)
    return squint.run(squint.compile(model, model.with_suffix(".so")), {"x": data})


for table, data in ((functions, x), (limited, small)):
    got = results(list(table), data)
    for name, function in table.items():
        with np.errstate(all="ignore"):
            exact = function(data.astype(np.longdouble))
            want = exact.astype(np.float32)
        finite = np.isfinite(want)
        assert np.array_equal(np.isnan(got[name]), np.isnan(want)), f"{name}: NaN in other places"
        assert np.array_equal(got[name][~finite & ~np.isnan(want)], want[~finite & ~np.isnan(want)]), f"{name}: infinities differ"
        unit = np.maximum(np.spacing(np.abs(want[finite])), np.float32(1e-45)).astype(np.longdouble)
        error = float((np.abs(got[name][finite].astype(np.longdouble) - exact[finite]) / unit).max())
        print(f"{name}: {error:.2f} units in the last place")
        assert error <= 2
