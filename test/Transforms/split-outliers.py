# LLM.int8() against its formula in numpy, by element and by column, and its two ends: nothing large and all large.
# REQUIRES: squintc, squint-opt, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
K, N, M = 150, 77, 21
rng = np.random.default_rng(5)
w = (rng.standard_normal((N, K)) / 12).astype(np.float32)
b = rng.standard_normal(N).astype(np.float32)
x = rng.standard_normal((M, K)).astype(np.float32)
x[:, [3, 64, 149]] *= 20  # outlier columns, with small elements in them too
x[4] = 0
x[7, 11] = 300


def model():
    graph = helper.make_graph([helper.make_node("Gemm", ["x", "w", "b"], ["y"], name="linear", transB=1)], "test",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["tokens", K])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["tokens", N])],
                              [numpy_helper.from_array(w, "w"), numpy_helper.from_array(b, "b")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


onnx.save(model(), work / "model.onnx")
np.savez(work / "samples.npz", x=x)


def compute(split, weights="int8:channel", activations="int8:token"):
    """y by squintc, with the pass's options or without the pass."""
    squint.tool("squintc", work / "model.onnx", "--progress=never", "--emit=squint", f"--store={work / 'model.weights'}", "-o", work / "model.mlir")
    passes = [f"--squint-select-formats=weights={weights} activations={activations}"]
    if split is not None:
        passes.append(f"--squint-split-outliers={split}")
    text = squint.tool("squint-opt", work / "model.mlir", *passes, f"--store={work / 'split.weights'}")
    (work / "split.mlir").write_text(text)
    library = work / "model.so"
    squint.tool("squintc", work / "split.mlir", "--compile-from=squint", "--progress=never", "-o", library)
    results = [squint.run(library, {"x": x}, threads)["y"] for threads in (1, 2)]
    assert (results[0] == results[1]).all(), "results depend on the number of threads"
    # A token does not depend on its neighbours.
    assert all((squint.run(library, {"x": x[i : i + 1]})["y"] == results[0][i]).all() for i in (0, 4, 7)), "a token depends on its batch"
    return results[0]


def rows(a):
    """Codes and scales by row, as int8:token and int8:channel have them."""
    scale = (np.abs(a).max(1, keepdims=True) / np.float32(127)).astype(np.float32)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale != 0)
    return np.clip(np.rint(a * inverse), -127, 127), scale


codes_w = np.clip(np.rint(w / (np.abs(w).max(1, keepdims=True) / np.float32(127))), -127, 127)
scale_w = (np.abs(w).max(1, keepdims=True) / np.float32(127)).astype(np.float32)


def reference(threshold):
    """bitsandbytes' formula, with outliers chosen by element: codes * codes / 127^2 * row and column maxima, and the rest in float."""
    large = np.abs(x) >= threshold
    codes_x, scale_x = rows(np.where(large, np.float32(0), x))
    y = (codes_x @ codes_w.T).astype(np.float64) * np.float64(scale_x) * np.float64(scale_w.T)
    return y + np.where(large, x, 0).astype(np.float64) @ (codes_w * np.float64(scale_w)).T + b


failed = False


def expect(what, got, want, tolerance):
    global failed
    error = squint.relative_error(got, want)
    ok = error <= tolerance
    failed |= not ok
    print(f"{what}: {error:.1e}, at most {tolerance:.0e}: {'ok' if ok else 'FAILED'}")


for threshold in (6.0, 2.5, 1e-3):
    expect(f"threshold {threshold}", compute(f"threshold={threshold}"), reference(threshold), 3e-5)
exact = x.astype(np.float64) @ w.T.astype(np.float64) + b
plain, split = (squint.relative_error(y, exact) for y in (compute(None), compute("")))
print(f"plain {plain:.4f}, split {split:.4f}")
assert split < plain / 4, "expected outliers to matter"
# Nothing is large: the bits of the plain product. All is large: those of floats times the decoded weight.
expect("nothing is large", compute("threshold=1000"), compute(None), 0)
expect("all is large", compute("threshold=0"), compute(None, activations="f32"), 0)
# Other formats of the weight go through the dense product.
expect("zero points", compute("threshold=0", "int8:channel,zero-point"), compute(None, "int8:channel,zero-point", "f32"), 0)
expect("4-bit groups", compute("threshold=0", "int4:group=32", "int8:group=32"), compute(None, "int4:group=32", "f32"), 0)

# By column: a float product of these, in half precision.
large = (np.abs(x) >= 6).any(0)
assert large.sum() == 4
codes_x, scale_x = rows(np.where(large, np.float32(0), x))
rest = np.where(large, np.float32(0), w)
scale_rest = (np.abs(rest).max(1, keepdims=True) / np.float32(127)).astype(np.float32)
codes_rest = np.clip(np.rint(rest / scale_rest), -127, 127)
want = (codes_x @ codes_rest.T).astype(np.float64) * np.float64(scale_x) * np.float64(scale_rest.T)
want += x[:, large].astype(np.float64) @ w[:, large].astype(np.float16).astype(np.float64).T + b
static = f"mode=static calibration={work / 'samples.npz'}"
expect("by column", compute(static), want, 3e-5)
expect("no such column", compute(static + " threshold=1000"), compute(None), 0)
# The same from a recipe, which then wants samples.
by_pass = compute(static)
(work / "static.yaml").write_text("rewrites:\n  - split-outliers: {mode: static}\nrules:\n  - {weights: int8:channel, activations: int8:token}\n")
flags = [work / "model.onnx", work / "recipe.so", f"--recipe={work / 'static.yaml'}"]
expect("by a recipe", squint.run(squint.compile(*flags, f"--calibration={work / 'samples.npz'}"), {"x": x})["y"], by_pass, 0)
squint.refused("static.yaml:2:5: error: expected samples (--calibration) for squint-split-outliers", squint.compile, *flags, kind=RuntimeError)
sys.exit(failed)
