# Codebooks, two of four weights and SpQR: outputs nearer to the float model's than what needs no samples gives, fused kernels
# as the definition has them, the same bytes for every count of threads.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])


def recipe(name, weights, method=None, options="", activations="f32"):
    lines = [f"weights: {weights}", f"activations: {activations}"]
    lines += [f"method: {method}", f"options: {{{options}}}"] if method else []
    (work / f"{name}.yaml").write_text("rules:\n  - " + "\n    ".join(lines) + "\n")
    return f"--recipe={work / name}.yaml"


def skewed(model, rows, seed):
    """Inputs with a few strong directions: where all columns matter the same there is nothing to compensate."""
    (name, x), = models.feeds(model, rows, seed=seed).items()
    columns = x.reshape(rows, -1).shape[1]
    rng = np.random.default_rng(7)
    mix = rng.standard_normal((columns, columns)) * (np.arange(1, columns + 1)[:, None] ** -0.7)
    return {name: (x.reshape(rows, -1) @ mix).reshape(x.shape).astype(np.float32)}


# A weight with a few large elements, as trained ones have.
def heavy(model):
    rng = np.random.default_rng(3)
    for i, tensor in enumerate(model.graph.initializer):
        value = onnx.numpy_helper.to_array(tensor).copy()
        if value.ndim > 1:
            value *= np.where(rng.random(value.shape) < 0.01, 6, 1).astype(np.float32)
            model.graph.initializer[i].CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    return model


def compute(name, flags, feeds, jobs=2):
    library = squint.compile(work / f"{name}.onnx", work / "model.so", *flags, f"--calibration={work / 'samples.npz'}", f"--jobs={jobs}")
    return squint.run(library, feeds)["y"], library.read_bytes()


# Format, method, options, activations; what to be better than, and by how much.
CASES = [
    ("codebook2:group=32", "codebook", "", "f32", recipe("plain-codebook", "codebook2:group=32"), 0.9),
    ("codebook2:channel", "codebook", "compensate: false", "f32", recipe("plain-channel", "codebook2:channel"), 1.0),
    ("codebook3:group=64", "gptq", "descent: 1", "f32", recipe("plain-codebook3", "codebook3:group=64"), 0.9),
    ("additive2", "additive", "", "f32", recipe("codebook", "codebook2:group=64", "codebook"), 1.0),
    ("additive3:group=64", "additive", "descent: 2", "int8:token", recipe("rtn-int4", "int3:group=32", activations="int8:token"), 1.0),
    ("int8:channel,sparse=2:4", "sparse", "", "int8:token", recipe("plain-sparse", "int8:channel,sparse=2:4", activations="int8:token"), 0.9),
    ("int4:group=32,sparse=2:4", "sparse", "descent: 1", "f32", recipe("plain-sparse4", "int4:group=32,sparse=2:4"), 0.9),
    ("int8:channel,sparse=50%", "sparse", "", "int8:token", recipe("plain-half", "int8:channel,sparse=50%", activations="int8:token"), 0.9),
    ("int8:channel,sparse=50%", "sparse", "", "f32", recipe("two-of-four", "int8:channel,sparse=2:4", "sparse"), 1.0),
    ("int4:group=32,sparse=40%", "sparse", "descent: 1", "f32", recipe("plain-part", "int4:group=32,sparse=40%"), 0.9),
    ("int3:group=16,scale=bilevel3", "spqr", "threshold: 0.2, targets: 0.5", "f32",
     recipe("no-targets", "int3:group=16,scale=bilevel3", "spqr", "threshold: 0.2"), 1.0),
    ("int3:group=16,scale=bilevel3", "spqr", "threshold: 0", "f32", recipe("plain-int3", "int3:group=16"), 0.95),
    ("int3:group=16,scale=bilevel3", "spqr", "threshold: 0.2", "f32",
     recipe("no-outliers", "int3:group=16,scale=bilevel3", "spqr", "threshold: 0"), 0.9),
]

for name, model in (("linear", heavy(models.perceptron())), ("conv", heavy(models.convolutions()))):
    onnx.save(model, work / f"{name}.onnx")
    np.savez(work / "samples.npz", **skewed(model, 128, 1))
    feeds = skewed(model, 64, 2)
    want = squint.session(work / f"{name}.onnx").run(["y"], feeds)[0]
    error = lambda y: float(np.sqrt(np.mean((y - want) ** 2) / np.mean(want**2)))
    for weights, method, options, activations, other, bound in CASES:
        flags = [recipe("method", weights, method, options, activations)]
        y, one = compute(name, flags, feeds, jobs=1)
        _, two = compute(name, flags, feeds)
        assert one == two, "expected the same library for every count of threads"
        plain, _ = compute(name, flags + ["--unfused"], feeds)
        apart = float(np.abs(y - plain).max() / np.abs(plain).max())
        against = error(compute(name, [other], feeds)[0])
        print(f"{name} {weights} {method} {options}: {error(y):.4f}, without {against:.4f}; {apart:.1e} from the unfused", flush=True)
        assert 0 < error(y) < bound * against and apart < 1e-5

# What a method is not for it refuses by name.
for weights, method, message in (
    ("int4:group=32", "codebook", "expected a codebook, got 'int4:group=32,scale=f16'"),
    ("int8:channel", "additive", "expected an additive element, got 'int8:channel,scale=f32'"),
    ("additive2", "rtn", "expected the method additive for 'additive2:channel,scale=f16'"),
    ("int8:channel", "sparse", "expected a sparse format, got 'int8:channel,scale=f32'"),
    ("int3:group=16", "spqr", "expected a format with scale=bilevel3 and no outliers yet, got int3:group=16,scale=f16"),
):
    try:
        compute(name, [recipe("refused", weights, method)], feeds)
    except RuntimeError as refusal:
        assert message in str(refusal), refusal
    else:
        raise AssertionError(f"expected {method} to refuse {weights}")
