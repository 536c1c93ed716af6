# GPTQ, AWQ, SmoothQuant, NF4 and HQQ do with one layer what llm-compressor, AutoAWQ, bitsandbytes and hqq do with it.
# test/Support/golden_methods.py wrote what is compared with, and names the versions.
# REQUIRES: squintc, squint-opt, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import re
import sys

import golden_methods as golden
import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
w, x = golden.layer()
theirs = np.load(golden.FILE)
print(", ".join(theirs["versions"]))
columns = w.shape[1]
np.savez(work / "samples.npz", x=x)


def save(name, nodes, **constants):
    tensors = [numpy_helper.from_array(value, key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["tokens", columns])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["tokens", len(w)])], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), work / f"{name}.onnx")


def quantize(format, method="rtn", options=""):
    """The weight that the compiled layer has, [rows, columns]: its outputs for the unit vectors."""
    (work / "recipe.yaml").write_text(f"rules:\n  - weights: {format}\n    method: {method}\n    options: {{{options}}}\n")
    samples = [f"--calibration={work / 'samples.npz'}"] if method == "gptq" else []
    library = squint.compile(work / "linear.onnx", work / "linear.so", f"--recipe={work / 'recipe.yaml'}", *samples)
    return squint.run(library, {"x": np.eye(columns, dtype=np.float32)})["y"].T


save("linear", [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)], w=w)

for name, order in (("gptq", "false"), ("gptq_order", "true")):
    ours = quantize("int4:group=32,scale=f32", "gptq", f"act-order: {order}, search-scales: false, damping: 0.01")
    differ = np.abs(ours - theirs[name]) > 1e-6
    print(f"{name}: {differ.sum()} of {differ.size} weights differ")
    assert not differ.any(), name

assert np.array_equal(quantize("nf4:group=64,scale=f32"), theirs["nf4"])

# Minima are f16 here, which moves them by a fiftieth of a step at most; on the edge between two codes, or where two minima are as
# good, f32 decides otherwise.
plain, ours = (quantize("int4:group=64,min,scale=f32", method) for method in ("rtn", "hqq"))
steps = np.ptp(w.reshape(-1, 64), -1) / 15
differ = (np.abs(ours - theirs["hqq_best"]).reshape(-1, 64) > 0.02 * steps[:, None])
errors = [np.abs(a.astype(np.float64) - w).mean() for a in (plain, theirs["hqq"], ours)]
print("hqq: {} of {} weights differ; mean errors {:.6f} plain, {:.6f} theirs, {:.6f} ours".format(differ.sum(), differ.size, *errors))
assert differ.mean() < 0.03 and errors[2] <= errors[1] < errors[0]

# Factors go where they can be read: into a linear before that changes nothing, through a product with ones.
save("pair", [helper.make_node("Gemm", ["x", "unit"], ["same"], transB=1), helper.make_node("Mul", ["same", "ones"], ["product"]),
              helper.make_node("Gemm", ["product", "w"], ["y"], transB=1)],
     w=w, unit=np.eye(columns, dtype=np.float32), ones=np.ones(columns, np.float32))
(work / "pair.yaml").write_text(f"rules:\n  - shapes: {len(w)}x{columns}\n    weights: int4:group=32,zero-point,scale=f32\n")
squint.tool("squintc", work / "pair.onnx", "--progress=never", "--emit=squint", "-o", work / "pair.mlir")
for name, rewrite in (("awq", "scale-awq=norms=false"), ("smoothquant", "smooth=norms=false alpha=0.5")):
    squint.tool("squint-opt", work / "pair.mlir", f"--squint-select-formats=recipe={work / 'pair.yaml'}",
                f"--squint-{rewrite} calibration={work / 'samples.npz'}", "-o", work / f"{name}.mlir")
    squint.tool("squintc", work / f"{name}.mlir", "--compile-from=squint", "--progress=never", "--emit=onnx-quantized", "-o",
                work / f"{name}.onnx")
    constants = [numpy_helper.to_array(t) for t in onnx.load(work / f"{name}.onnx").graph.initializer]
    factors = 1 / next(np.diag(c) for c in constants if c.shape == (columns, columns))
    difference = np.abs(factors / theirs[name] * np.exp(np.log(theirs[name] / factors).mean()) - 1).max()
    print(f"{name}: factors {factors.min():.3f} to {factors.max():.3f}, largest difference {difference:.1e}")
    assert difference < 1e-5, name
