# Tensors that are on the GPU already: the same results as with those of this machine, mixed with them, in recorded runs, too; and what
# is refused.
# REQUIRES: squintc, ptx-emulator
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import ctypes
import pathlib
import sys

import models
import numpy as np
import onnx
import session
import squint_testing as squint
from onnx import TensorProto, helper
from ptx_testing import Gpu

work = pathlib.Path(sys.argv[1])
gpu = Gpu()  # loaded first, it is the libcuda.so.1 that the library finds


def compile(model, name, *flags):
    onnx.save(model, work / f"{name}.onnx")
    return session.Model(squint.compile(work / f"{name}.onnx", work / f"{name}.so", "--mtriple=nvptx64-nvidia-cuda", "--mcpu=sm_80", *flags))


def on_gpu(array, number=0):
    there = gpu.array(array)
    tensor = session.tensor(array)
    tensor.data, tensor.device = there.address.value, session.Device(2, number)
    return tensor, there


def run(model, given, result):
    model.check(model.call("run")(model.context, None, (session.Tensor * 1)(given), (session.Tensor * 1)(result)),
                model.call("error_text")(model.context))


def refuse(model, given, result, text):
    try:
        run(model, given, result)
    except session.Error as error:
        assert text in str(error), error
        return
    raise AssertionError(f"expected an error: {text}")


perceptron = compile(models.perceptron(), "perceptron", "--weights=int8:channel")
x = models.feeds(models.perceptron(), 3)["x"]
want = np.full((3, 33), np.nan, np.float32)
run(perceptron, session.tensor(x), session.tensor(want))
assert np.isfinite(want).all()
for turn in range(3):  # of runs alike the second is recorded, the third is one launch
    given, _ = on_gpu(x)
    result, there = on_gpu(np.full_like(want, np.nan))
    run(perceptron, given, result)
    assert (gpu.read(there) == want).all(), turn
    here = np.full_like(want, np.nan)
    run(perceptron, given, session.tensor(here))
    assert (here == want).all(), turn
refuse(perceptron, on_gpu(x, number=1)[0], session.tensor(want), "or of the GPU that the model is on, got device type 2, number 1")
other = session.tensor(x)
other.device = session.Device(10, 0)
refuse(perceptron, other, session.tensor(want), "got device type 10")

# Shapes that depend on data have to be known before anything runs.
graph = helper.make_graph([helper.make_node("ConstantOfShape", ["n"], ["y"])], "g",
                          [helper.make_tensor_value_info("n", TensorProto.INT64, [1])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["m"])])
zeros = compile(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "zeros")
result = np.full(3, np.nan, np.float32)
run(zeros, session.tensor(np.array([3])), session.tensor(result))
assert (result == 0).all()
refuse(zeros, on_gpu(np.array([3]))[0], session.tensor(result), 'input "n": expected a tensor of the CPU, since shapes depend')
