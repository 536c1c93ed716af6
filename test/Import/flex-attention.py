# FlexAttention, whose attributes are graphs, computes what the standard's own evaluator computes of it; a graph may read values
# of the model around it.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(2)


def graph(name, nodes, inputs=("x",)):
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None] * 4) for n in (*inputs, "y")]
    return helper.make_graph(nodes, name, values[:-1], values[-1:])


def model(q, k, v, **attributes):
    nodes = [helper.make_node("Mul", ["bias", "bias"], ["square"]),
             helper.make_node("FlexAttention", ["q", "k", "v"], ["out"], domain="ai.onnx.preview", name="flex", **attributes)]
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("q", q), ("k", k), ("v", v), ("bias", [1, 1, 1, "s"]))]
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [None] * 4)
    opsets = [helper.make_opsetid("", 26), helper.make_opsetid("ai.onnx.preview", 1)]
    return helper.make_model(helper.make_graph(nodes, "flex", inputs, [out]), opset_imports=opsets, ir_version=11)


mask = graph("mask", [helper.make_node("Add", ["x", "square"], ["y"])])
halve = graph("halve", [helper.make_node("Add", ["x", "x"], ["t"]), helper.make_node("Relu", ["t"], ["y"])])
cases = {"plain": ((4, 4), {}), "shared": ((4, 2), {"scale": 0.3}), "both": ((4, 2), {"score_mod": mask, "prob_mod": halve})}
for name, ((heads, keys), attributes) in cases.items():
    path = work / f"{name}.onnx"
    made = model(["b", heads, "l", 8], ["b", keys, "s", 8], ["b", keys, "s", 6], **attributes)
    onnx.save(made, path)
    feeds = {n: rng.standard_normal(s).astype(np.float32)
             for n, s in (("q", (2, heads, 3, 8)), ("k", (2, keys, 5, 8)), ("v", (2, keys, 5, 6)), ("bias", (1, 1, 1, 5)))}
    got = squint.run(squint.compile(path, work / f"{name}.so"), feeds)["out"]
    # The evaluator gives graphs no values of the model around them.
    scores = np.einsum("bhld,bhsd->bhls", feeds["q"].astype(np.float64), np.repeat(feeds["k"], heads // keys, 1))
    scores *= attributes.get("scale", 8**-0.5)
    if "score_mod" in attributes:
        scores += feeds["bias"].astype(np.float64) ** 2
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    want = np.einsum("bhls,bhse->bhle", shares * (2 if "prob_mod" in attributes else 1), np.repeat(feeds["v"], heads // keys, 1))
    error = squint.relative_error(got, want)
    print(f"{name}: {error:.1e}")
    assert error < 2e-6
    if "score_mod" not in attributes:
        assert squint.relative_error(ReferenceEvaluator(made).run(None, feeds)[0], want) < 2e-6

for name, attributes, message in (
        ("two", {"score_mod": graph("two", [helper.make_node("Add", ["x", "z"], ["y"])], ("x", "z"))}, "expected a graph of one input and one output, got 2 and 1"),
        ("unknown", {"score_mod": graph("unknown", [helper.make_node("Add", ["x", "nothing"], ["y"])])}, "nothing"),
        ("attribute", {"score": 1}, "expected an attribute of the operator, got 'score'"),
        ("precision", {"softmax_precision": 7}, "expected a float type as softmax_precision")):
    path = work / f"bad-{name}.onnx"
    onnx.save(model([1, 2, 3, 8], [1, 2, 5, 8], [1, 2, 5, 8], **attributes), path)
    done = subprocess.run([squint.BIN / "squintc", path, "-o", work / "bad.so", "--progress=never"], capture_output=True, text=True)
    assert done.returncode == 1 and message in done.stderr and "flex" in done.stderr, (name, done.returncode, done.stderr)
