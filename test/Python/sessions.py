# Sessions from Python against numpy: types, layouts, sizes that data decides, threads; and what is refused.
# REQUIRES: python-bindings
# RUN: rm -rf %t && mkdir -p %t && cp %S/../../examples/cmake/model.* %t && %python %s %t
import functools
import pathlib
import sys
import threading

import ml_dtypes
import numpy as np
import onnx
import squint
import squint_testing
from onnx import TensorProto as T
from onnx import helper

work = pathlib.Path(sys.argv[1])
random = np.random.default_rng(1)
refused = functools.partial(squint_testing.refused, kind=squint.Error)

def compile(name, nodes, inputs, outputs, **options):
    values = [[helper.make_tensor_value_info(n, dtype, shape) for n, dtype, shape in part] for part in (inputs, outputs)]
    model = helper.make_model(helper.make_graph(nodes, name, *values), opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    onnx.save(model, work / f"{name}.onnx")
    squint.compile(work / f"{name}.onnx", work / f"{name}.so", **options)
    return squint.load(work / f"{name}.so")


# Every type, as it is or as its bits.
types = {T.FLOAT: np.float32, T.DOUBLE: np.float64, T.FLOAT16: np.float16, T.INT8: np.int8, T.INT16: np.int16, T.INT32: np.int32,
         T.INT64: np.int64, T.UINT8: np.uint8, T.UINT16: np.uint16, T.UINT32: np.uint32, T.UINT64: np.uint64, T.BOOL: np.bool_}
for code, dtype in {**types, T.BFLOAT16: ml_dtypes.bfloat16, T.FLOAT8E4M3FN: ml_dtypes.float8_e4m3fn}.items():
    name = T.DataType.Name(code).lower()
    model = compile(name, [helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0])], [("x", code, ["n", 3])], [("y", code, [3, "n"])])
    x = random.integers(0, 2, (5, 3)).astype(dtype)
    carrier = x.view(np.uint16 if x.dtype.itemsize == 2 else np.uint8) if code not in types else x
    assert model.inputs[0].dtype == carrier.dtype.name and model.inputs[0].shape == ("n", 3) and model.outputs[0].shape == (3, "n")
    y = model.session().run({"x": carrier})["y"]
    assert y.dtype == carrier.dtype and (y == carrier.T).all() and y.flags.c_contiguous, name

# Layouts, read-only memory, lists; sizes that data decides, among them none; scalars.
model = compile("some", [helper.make_node("NonZero", ["x"], ["where"]), helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0)],
                [("x", T.FLOAT, ["n", "m"])], [("where", T.INT64, [2, "count"]), ("sum", T.FLOAT, [])])
session = model.session(threads=2)
whole = random.integers(0, 2, (6, 8)).astype(np.float32)
frozen = whole.copy()
frozen.flags.writeable = False
for x in (whole, whole.T, whole[::2, 1::3], whole[::-1], frozen, np.zeros((3, 2), np.float32), np.zeros((0, 4), np.float32)):
    got = session.run({"x": x})
    assert (got["where"] == np.stack(np.nonzero(x))).all() and got["where"].dtype == np.int64, x
    assert got["sum"].shape == () and got["sum"] == x.sum()
kept = session.run({"x": whole})["where"]
session.run({"x": np.zeros_like(whole)})
assert (kept == np.stack(np.nonzero(whole))).all()
del session, model
assert (kept == np.stack(np.nonzero(whole))).all()

# One model, several sessions and threads of the program; one session from several threads; the count of threads.
squint.compile(work / "model.onnx", work / "m.so", weights="int8", activations="int8:token", weights_file=work / "m.safetensors")
model = squint.load(work / "m.so")
assert model.name == "m" and model.cpu in model.cpus and not model.is_language_model
session = model.session()
inputs = [random.standard_normal((n, 64)).astype(np.float32) for n in (1, 5, 33, 200)]
wanted = [session.run({"x": x})["probabilities"] for x in inputs]
assert session.workspace_bytes > 0 and session.threads == 1
session.threads = 2
assert session.threads == 2
bad = []


def work_on(session, i):
    for _ in range(30):
        if not (session.run({"x": inputs[i]})["probabilities"] == wanted[i]).all():
            bad.append(i)


for make in (lambda: session, lambda: model.session(threads=2)):
    threads = [threading.Thread(target=work_on, args=(make(), i)) for i in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
assert not bad
assert (squint.load(work / "m.so", large_pages=False).session().run({"x": inputs[1]})["probabilities"] == wanted[1]).all()
(work / "m.safetensors").rename(work / "moved.safetensors")
assert (squint.load(work / "m.so", weights=work / "moved.safetensors").session().run({"x": inputs[1]})["probabilities"] == wanted[1]).all()

refused("m.safetensors", squint.load, work / "m.so")
refused("none.so", squint.load, work / "none.so")
refused("squint_library_v1", squint.load, pathlib.Path(squint.__file__).with_name("libsquint-c.so"))
refused("z80", squint.load, work / "m.so", weights=work / "moved.safetensors", target="z80")
refused("expected", squint.load, work / "m.so", weights=work / "model.onnx")
refused("expected", model.session, threads=-1)
refused("expected a model that remembers", model.state)
refused("expected an input 'x'", session.run, {})
refused("the model has no input 'y'", session.run, {"x": inputs[0], "y": 1})
refused("input 'x': expected float32 ('batch', 64), got float64 (1, 64)", session.run, {"x": inputs[0].astype(np.float64)})
refused("input 'x': expected float32 ('batch', 64), got float32 (64,)", session.run, {"x": inputs[0][0]})
refused("input 'x': expected float32 ('batch', 64), got float32 (1, 63)", session.run, {"x": inputs[0][:, 1:]})
refused("input 'x': expected float32, got", session.run, {"x": "text"})
refused("input 'x': expected float32, got", session.run, {"x": None})
refused("incompatible", session.run, [1], kind=TypeError)
refused("incompatible", squint.generate, session, None, [1], 3, kind=TypeError)
