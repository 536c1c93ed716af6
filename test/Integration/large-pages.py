# Weights that are copied into large pages: the same bits as from the file's pages, and never much of them in memory twice.
# REQUIRES: squintc, squint-run, x86_64
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import helper, numpy_helper

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(0)
width, layers = 3072, 4
weights = [numpy_helper.from_array(rng.standard_normal((width, width), np.float32) / 55, f"w{i}") for i in range(layers)]
nodes = [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]) for i in range(layers)]
values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", width]) for name in ("x0", f"x{layers}")]
onnx.save(helper.make_model(helper.make_graph(nodes, "g", values[:1], values[1:], weights), opset_imports=[helper.make_opsetid("", 17)], ir_version=8), work / "m.onnx")
np.savez(work / "x.npz", x0=rng.standard_normal((3, width), np.float32))
size = layers * width * width

for name, flags in (("embedded", []), ("beside", [f"--weights-file={work / 'm.weights'}"])):
    library = squint.compile(work / "m.onnx", work / f"{name}.so", "--weights=int8:channel", "--activations=int8:token", *flags)

    def run(*arguments):
        return squint.tool("squint-run", library, f"--inputs={work / 'x.npz'}", *arguments)

    for pages in ("true", "false"):
        run(f"--large-pages={pages}", f"--outputs={work / f'{pages}.npz'}")
    large, small = (np.load(work / f"{pages}.npz")[f"x{layers}"] for pages in ("true", "false"))
    assert np.array_equal(large, small) and np.abs(large).max() > 1
    peaks = {pages: json.loads(run(f"--large-pages={pages}", "--benchmark=0.2", "--json"))["peak_rss_bytes"] for pages in ("true", "false")}
    print(name, {pages: f"{peak >> 20} MiB" for pages, peak in peaks.items()}, f"{size >> 20} MiB of weights")
    assert size < peaks["false"] and peaks["true"] < peaks["false"] + (12 << 20)
