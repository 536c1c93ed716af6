# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""Inputs that are sequences or optionals become arguments when their elements are given; all else is refused."""
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper

work = pathlib.Path(sys.argv[1])
F = TensorProto.FLOAT
tensor = lambda shape: helper.make_tensor_type_proto(F, shape)
sequence = lambda shape=None: helper.make_sequence_type_proto(tensor(shape))
optional = helper.make_optional_type_proto


def model(name, kind, nodes, out):
    graph = helper.make_graph(nodes, "g", [helper.make_value_info("x", kind), helper.make_value_info("t", tensor([2, 2]))],
                              [helper.make_value_info("y", out)])
    path = work / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def compile(path, elements):
    return subprocess.run([str(squint.BIN / "squintc"), path, "-o", path.with_suffix(".so"), *(f"--elements={e}" for e in elements)], capture_output=True, text=True)


def run(path, elements, **arrays):
    p = compile(path, elements)
    assert p.returncode == 0, p.stderr
    np.savez(work / "in.npz", **arrays)
    subprocess.run([str(squint.BIN / "squint-run"), path.with_suffix(".so"), f"--inputs={work}/in.npz", f"--outputs={work}/out.npz"], check=True)
    return dict(np.load(work / "out.npz"))


def refuses(path, elements, text):
    p = compile(path, elements)
    assert p.returncode == 1 and text in p.stderr, p.stderr


node = helper.make_node
rng = np.random.default_rng(0)
a, b, t = (rng.standard_normal(s).astype(np.float32) for s in ((2, 2), (3, 2), (2, 2)))

joined = model("joined", sequence(), [node("SequenceInsert", ["x", "t"], ["s"]), node("ConcatFromSequence", ["s"], ["y"], axis=0)], tensor([None, 2]))
got = run(joined, ["x=2x2,3x2"], **{"x.0": a, "x.1": b, "t": t})
np.testing.assert_array_equal(got["y"], np.concatenate([a, b, t]))
np.testing.assert_array_equal(run(joined, ["x="], t=t)["y"], t)
passed = model("passed", sequence([None, 2]), [node("SequenceInsert", ["x", "t"], ["y"])], sequence())
got = run(passed, ["x=3x2"], **{"x.0": b, "t": t})
np.testing.assert_array_equal(got["y.0"], b)
np.testing.assert_array_equal(got["y.1"], t)
chosen = model("chosen", optional(tensor([2, 2])), [node("OptionalHasElement", ["x"], ["there"]), node("Cast", ["there"], ["n"], to=F), node("Add", ["n", "t"], ["y"])], tensor([2, 2]))
np.testing.assert_array_equal(run(chosen, ["x=2x2"], x=a, t=t)["y"], t + 1)
np.testing.assert_array_equal(run(chosen, ["x=none"], t=t)["y"], t)
many = model("many", optional(sequence()), [node("OptionalGetElement", ["x"], ["s"]), node("SequenceAt", ["s", "at"], ["y"])], tensor([2, 2]))
m = onnx.load(many)
m.graph.initializer.append(onnx.numpy_helper.from_array(np.array(-1), "at"))
onnx.save(m, many)
np.testing.assert_array_equal(run(many, ["x=3x2,2x2"], **{"x.0": b, "x.1": a, "t": t})["y"], a)

# What decides how long a sequence is can be fixed; the input is no argument then.
I, B = TensorProto.INT64, TensorProto.BOOL


def counted(name, inputs, nodes, out=sequence()):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info(n, t, s) for n, (t, s) in inputs.items()], [helper.make_value_info("y", out)])
    path = work / f"{name}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def fixed(path, values, **arrays):
    p = subprocess.run([str(squint.BIN / "squintc"), path, "-o", path.with_suffix(".so"), *(f"--value={v}" for v in values)], capture_output=True, text=True)
    if p.returncode:
        return p.stderr
    np.savez(work / "in.npz", **arrays)
    subprocess.run([str(squint.BIN / "squint-run"), path.with_suffix(".so"), f"--inputs={work}/in.npz", f"--outputs={work}/out.npz"], check=True)
    return dict(np.load(work / "out.npz"))


parts = counted("parts", {"x": (F, [3, 6]), "n": (I, [])}, [node("SplitToSequence", ["x", "n"], ["y"], axis=1)])
x = rng.standard_normal((3, 6)).astype(np.float32)
for n in (1, 2, 4, 6):
    got = fixed(parts, [f"n={n}"], x=x)
    assert len(got) == -(-6 // n), got
    np.testing.assert_array_equal(np.concatenate([got[f"y.{i}"] for i in range(len(got))], axis=1), x)
body = helper.make_graph([
    node("Identity", ["go"], ["goes"]), node("Not", ["go"], ["stop"]),
    node("If", ["stop"], ["before"], then_branch=helper.make_graph([node("SequenceEmpty", [], ["none"])], "t", [], [helper.make_value_info("none", sequence())]),
         else_branch=helper.make_graph([node("Identity", ["s"], ["same"])], "e", [], [helper.make_value_info("same", sequence())])),
    node("Mul", ["x", "x"], ["square"]), node("SequenceInsert", ["before", "square", "at"], ["more"])], "body",
    [helper.make_tensor_value_info("i", I, []), helper.make_tensor_value_info("go", B, []), helper.make_value_info("s", sequence())],
    [helper.make_tensor_value_info("goes", B, []), helper.make_value_info("more", sequence())])
loop = counted("loop", {"x": (F, [3, 6]), "n": (I, []), "start": (B, []), "at": (I, ["k"])},
               [node("SequenceConstruct", ["x"], ["first"]), node("Loop", ["n", "start", "first"], ["y"], body=body)])
got = fixed(loop, ["n=2", "start=1", "at=0"], x=x)
assert len(got) == 3
np.testing.assert_array_equal(got["y.0"], x * x)
np.testing.assert_array_equal(got["y.2"], x)
assert len(fixed(loop, ["n=2", "start=0", "at=0"], x=x)) == 1
for values, text in ((["n=2"], "whose iterations are known when the model is imported"), (["n=2", "start=2", "at=0"], "expected numbers of type 'i1', got 2"),
                     (["n=1,2", "start=1", "at=0"], "expected as many numbers as it has elements, got 2"), (["x=1"], "expected integers or booleans"),
                     (["z=1"], "got 'z'"), (["n=2", "n=3"], "expected one --value for 'n', got several"), (["n="], "expected NAME=N,N"),
                     (["n=9223372036854775808"], "expected NAME=N,N"), (["n=2", "start=1", "at=2"], "expected a position in [-1, 1], got 2")):
    said = fixed(loop, values, x=x)
    assert isinstance(said, str) and text in said, said

refuses(joined, [], "expected to be told what the sequence holds (--elements)")
refuses(joined, ["x=none"], "expected the shape of each element")
refuses(joined, ["x=2x2", "z=2"], "expected an input that is a sequence or an optional, got 'z'")
refuses(joined, ["x=2x2", "t=2x2"], "got 't'")
refuses(joined, ["x=2x2", "x=2x2"], "expected one --elements for 'x', got several")
refuses(passed, ["x=3x3"], "expected elements of the shape that the model says, got 3x3")
refuses(chosen, ["x=2x2,2x2"], "expected the shape of one element or none")
refuses(many, ["x=none"], "expected an optional with an element, got an empty one")
for text in ("x", "=2x2", "x=2y2", "x=-1", "x=2x", "x=99999999999999999999"):
    refuses(joined, [text], "expected NAME=SHAPE,SHAPE")
refuses(joined, ["x=4294967296x4294967296"], "got 4294967296x4294967296")
