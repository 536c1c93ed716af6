# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Graphs that are written out in a test, against ONNX Runtime."""
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
F, I, B = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
node = helper.make_node


def info(name, data_type=F, shape=None):
    return helper.make_tensor_value_info(name, data_type, shape)


def graph(nodes, inputs, outputs, constants={}):
    """Inputs and outputs are what `info` gives, or its arguments."""
    infos = [[info(*value) if isinstance(value, tuple) else value for value in values] for values in (inputs, outputs)]
    return helper.make_graph(nodes, "g", *infos, [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])


def save(name, *args):
    """The path of a model of `graph(*args)`."""
    path = work / f"{name}.onnx"
    onnx.save(helper.make_model(graph(*args), opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def run(path, feeds):
    """The outputs by name, or what was said where there are none."""
    np.savez(work / "in.npz", **feeds)
    p = subprocess.run([str(squint.BIN / "squint-run"), path, f"--inputs={work}/in.npz", f"--outputs={work}/out.npz"],
                       capture_output=True, text=True, timeout=60)
    assert p.returncode in (0, 1), (p.returncode, p.stderr)
    return dict(np.load(work / "out.npz")) if p.returncode == 0 else p.stderr


def same(path, *all_feeds, knows_empty=True):
    """Every set of inputs gives what ONNX Runtime gives; it may not know the shapes of empty results."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for feeds in all_feeds:
        feeds = {k: np.asarray(v) for k, v in feeds.items()}
        got = run(path, feeds)
        assert not isinstance(got, str), (path.name, got)
        for output, want in zip(session.get_outputs(), session.run(None, feeds)):
            y = got[output.name]
            if want.size == 0 and not knows_empty:
                assert y.shape[0] == 0, (path.name, output.name, y.shape)
                continue
            assert y.shape == want.shape and y.dtype == want.dtype, (path.name, output.name, y.shape, want.shape)
            np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-6, err_msg=f"{path.name} {output.name}")
