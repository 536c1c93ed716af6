# Cross-layer equalization leaves the function that ONNX Runtime computes as it was, through depthwise convolutions, pooling and
# around bounded functions, and helps codes with one scale a tensor. Bias correction brings the means of outputs near to those of
# the float model on the samples.
# REQUIRES: squintc, squint-opt, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper
from transformers import rewrite

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(2)


def model(clipped):
    nodes, constants = [], []

    def node(kind, *inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [f"v{len(nodes)}"], name=f"/{kind}{len(nodes)}", **attributes))
        return nodes[-1].output[0]

    def weight(*shape):
        w = rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
        w *= np.exp(rng.uniform(-2.5, 2.5, shape[:1] + (1,) * (len(shape) - 1)))  # ranges far apart
        constants.append(numpy_helper.from_array(w.astype(np.float32), f"c{len(constants)}"))
        return constants[-1].name

    def bias(n):
        constants.append(numpy_helper.from_array(rng.standard_normal(n).astype(np.float32), f"c{len(constants)}"))
        return constants[-1].name

    x = node("Relu", node("Conv", "x", weight(12, 3, 3, 3), bias(12), pads=[1] * 4))
    x = node("Relu", node("Conv", x, weight(12, 1, 3, 3), bias(12), pads=[1] * 4, group=12))
    x = node("MaxPool", node("LeakyRelu", node("Conv", x, weight(16, 12, 1, 1)), alpha=0.1), kernel_shape=[2, 2], strides=[2, 2])
    x = node("Conv", x, weight(8, 8, 3, 3), bias(8), pads=[1] * 4, group=2)
    if clipped:
        constants.extend(numpy_helper.from_array(np.float32(v), n) for v, n in ((0, "low"), (6, "high")))
        x = node("Clip", x, "low", "high")
    x = node("Conv", x, weight(5, 8, 1, 1))
    graph = helper.make_graph(nodes, "cnn", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])],
                              [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["n", 5, 4, 4])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


feeds = {"x": rng.standard_normal((7, 3, 8, 8)).astype(np.float32)}
for clipped in (False, True):
    m = model(clipped)
    onnx.save(m, work / "model.onnx")
    want = squint.session(work / "model.onnx").run(None, feeds)[0]
    name = m.graph.output[0].name
    squint.tool("squintc", work / "model.onnx", "--progress=never", "--emit=squint", "-o", work / "raised.mlir")
    squint.tool("squint-opt", work / "raised.mlir", "--squint-equalize", "-o", work / "equal.mlir")
    squint.tool("squintc", work / "equal.mlir", "--compile-from=squint", "--progress=never", "--emit=onnx-quantized", "-o", work / "equal.onnx")
    error = squint.relative_error(squint.session(work / "equal.onnx").run(None, feeds)[0], want)
    print(f"float function: {error:.1e}")
    assert error < 1e-5
    errors = []
    for passes in ([], ["--squint-equalize"]):
        library, _ = rewrite(squint, m, work, *passes, "--squint-select-formats=weights=int8:tensor activations=int8:token", stem="q")
        errors.append(float(np.linalg.norm(squint.run(library, feeds)[name] - want) / np.linalg.norm(want)))
    print("int8, a scale a tensor: {:.4f}, equalized {:.4f}".format(*errors))
    assert errors[1] < 0.95 * errors[0], errors

# Mean errors by channel, on the samples of the correction.
np.savez(work / "samples.npz", **feeds)
m = model(False)
onnx.save(m, work / "model.onnx")
want = squint.session(work / "model.onnx").run(None, feeds)[0]
name, shifts = m.graph.output[0].name, []
for corrections in ("", "corrections: [correct-bias]\n"):
    (work / "recipe.yaml").write_text(f"{corrections}rules:\n  - weights: int4:channel\n")
    flags = [f"--recipe={work / 'recipe.yaml'}", f"--calibration={work / 'samples.npz'}"][:1 + bool(corrections)]
    library = squint.compile(work / "model.onnx", work / "b.so", *flags)
    shifts.append(np.abs((squint.run(library, feeds)[name].astype(np.float64) - want).mean((0, 2, 3))).max())
print("largest mean error of a channel: {:.2e}, corrected {:.2e}".format(*shifts))
assert shifts[1] < 0.5 * shifts[0], shifts
