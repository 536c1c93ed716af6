# --check on a model and on a library: same, different, unsupported.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s %t
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
value = lambda name, type=TensorProto.FLOAT: helper.make_tensor_value_info(name, type, ["n", 3])


def model(path, op, *inputs, domain="", **attributes):
    node = helper.make_node(op, list(inputs), ["y"], name="node", domain=domain, **attributes)
    graph = helper.make_graph([node], "g", [value(name) for name in inputs], [value("y")])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("other", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def data(folder, inputs, outputs, typed=False):
    folder.mkdir(parents=True)
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for i, array in enumerate(arrays):
            tensor = helper.make_tensor("t", TensorProto.FLOAT, array.shape, array.ravel()) if typed else numpy_helper.from_array(array)
            (folder / f"{kind}_{i}.pb").write_bytes(tensor.SerializeToString())


def check(model, folder, status, said):
    done = subprocess.run([str(squint.BIN / "squint-run"), str(model), f"--check={folder}"], capture_output=True, text=True, timeout=120)
    assert done.returncode == status and said in done.stdout + done.stderr, (done.returncode, done.stdout, done.stderr)


a, b = np.random.default_rng(0).standard_normal((2, 4, 3), np.float32)
case = work / "test_add"
data(case / "test_data_set_0", [a, b], [a + b])
data(case / "test_data_set_1", [a[:2], b[:2]], [a[:2] + b[:2]], typed=True)
add = model(case / "model.onnx", "Add", "a", "b")
check(add, case, 0, "2 data sets: same")
check(add, case / "test_data_set_1", 0, "1 data sets: same")
library = squint.compile(add, work / "add.so")
check(library, case, 0, "2 data sets: same")

wrong = a + b
wrong[1, 2] += 0.5
data(work / "wrong", [a, b], [wrong])
check(library, work / "wrong", 1, "wrong: output 'y': largest error 0.5 at element 5")
data(work / "shape", [a, b], [a[:3]])
check(library, work / "shape", 1, "expected float32[3, 3], got float32[4, 3]")
data(work / "type", [a, b], [(a + b).astype(np.float64)])
check(library, work / "type", 1, "expected float64[4, 3], got float32[4, 3]")
data(work / "few", [a], [a])
check(library, work / "few", 1, "expected 2 inputs and 1 outputs, got 1 and 1")
data(work / "text", [np.array(["x"]), b], [a])
check(library, work / "text", 2, "unsupported")
check(model(work / "other.onnx", "NoSuchOperator", "a", "b", domain="other"), case, 2, "unsupported")
# A sound model that no stage takes is refused; a broken one is an error.
uses_data = model(work / "expand.onnx", "Expand", "a", "sizes")
graph = onnx.load(uses_data)
graph.graph.input[1].CopyFrom(helper.make_tensor_value_info("sizes", TensorProto.INT64, ["count"]))
onnx.save(graph, uses_data)
check(uses_data, case, 2, "depend on data")
check(model(work / "random.onnx", "RandomUniformLike", "a"), case, 2, "unsupported")
for broken, rule, said in (
    (model(work / "axis.onnx", "Softmax", "a", axis=7), "an axis", "dimensions"),
    (model(work / "attribute.onnx", "Softmax", "a", axes=[1]), "an attribute", "axes"),
    (model(work / "few.onnx", "Add", "a"), "an operand", "expected"),
):
    check(broken, case, 1, said)
(work / "truncated.onnx").write_bytes(add.read_bytes()[:60])
check(work / "truncated.onnx", case, 1, "truncated.onnx: error: expected an ONNX model")
graph = onnx.load(add)
graph.graph.input[1].type.tensor_type.shape.dim[1].dim_value = 4
onnx.save(graph, work / "sizes.onnx")
check(work / "sizes.onnx", case, 1, "expected")
graph = onnx.load(add)
graph.graph.initializer.append(numpy_helper.from_array(np.ones(3, np.float32), "b"))
del graph.graph.input[1]
graph.graph.initializer[0].raw_data = b"1234"
onnx.save(graph, work / "data.onnx")
check(work / "data.onnx", case, 1, "expected 12 bytes")
print("ok")
