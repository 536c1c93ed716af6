# GPTQ's weights give outputs nearer to the float model's than rounding does, each option helps or does no harm where it
# should, and the result does not depend on the count of threads.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint
from transformers import Transformer

work = pathlib.Path(sys.argv[1])


def recipe(name, format, options=None):
    method = "" if options is None else f"\n    method: gptq\n    options: {{{options}}}"
    (work / f"{name}.yaml").write_text(f"rules:\n  - weights: {format}{method}\n")
    return f"--recipe={work / name}.yaml"


def skewed(model, rows, seed):
    """Inputs with a few strong directions: where all columns matter the same there is nothing to compensate."""
    feeds = models.feeds(model, rows, seed=seed)
    name, x = next(iter(feeds.items()))
    columns = x.reshape(rows, -1).shape[1]
    rng = np.random.default_rng(7)
    mix = rng.standard_normal((columns, columns)) * (np.arange(1, columns + 1)[:, None] ** -0.7)
    return {name: (x.reshape(rows, -1) @ mix).reshape(x.shape).astype(np.float32)}


def error(model, flags, feeds, want, jobs=2):
    library = squint.compile(work / model, work / "model.so", *flags, f"--calibration={work / 'samples.npz'}", f"--jobs={jobs}")
    return squint.relative_error(squint.run(library, feeds)["y"], want), library.read_bytes()


for name, model, format in (("linear", models.perceptron(), "int4:group=32"), ("conv", models.convolutions(), "int4:channel")):
    onnx.save(model, work / f"{name}.onnx")
    np.savez(work / "samples.npz", **skewed(model, 128, 1))
    feeds = skewed(model, 64, 2)
    want = squint.session(work / f"{name}.onnx").run(["y"], feeds)[0]
    nearest, _ = error(f"{name}.onnx", [recipe("rtn", format)], feeds, want)
    plain, _ = error(f"{name}.onnx", [recipe("plain", format, "search-scales: false")], feeds, want)
    best, bytes1 = error(f"{name}.onnx", [recipe("best", format, "targets: 0.5, residual: 0.5, descent: 2")], feeds, want, jobs=1)
    _, bytes2 = error(f"{name}.onnx", [recipe("best", format, "targets: 0.5, residual: 0.5, descent: 2")], feeds, want)
    print(f"{name}: nearest {nearest:.4f}, gptq {plain:.4f}, with everything {best:.4f}")
    assert plain < 0.9 * nearest and best < 0.8 * nearest
    assert bytes1 == bytes2, "expected the same library for every count of threads"

# A norm after the addition is a layer's input, quantized, and a residual as it is: one value of the float model, which the
# last layer is still to read.
encoder = Transformer(order="post", norm="layer", layers=1)
onnx.save(encoder.model, work / "encoder.onnx")
np.savez(work / "samples.npz", **encoder.feeds(8, seed=1))
recipe("encoder", "int8:channel\n    activations: int8:token\n    roles: [q, k, v, o, gate, up, down]", "residual: 0.5")
feeds = encoder.feeds(8, seed=2)
want = squint.session(work / "encoder.onnx").run(None, feeds)[0]
library = squint.compile(work / "encoder.onnx", work / "encoder.so", f"--recipe={work / 'encoder.yaml'}", f"--calibration={work / 'samples.npz'}")
assert squint.relative_error(squint.run(library, feeds)["logits"], want) < 0.05

done = subprocess.run([squint.BIN / "squintc", work / "linear.onnx", recipe("plain", "int4"), "-o", work / "none.so"], capture_output=True, text=True)
assert done.returncode == 0
done = subprocess.run([squint.BIN / "squintc", work / "linear.onnx", recipe("plain", "int4", "damping: 0.01"), "-o", work / "none2.so"],
                      capture_output=True, text=True)
assert done.returncode == 1 and "plain.yaml:2:5: error: expected samples (--calibration) for squint-quantize-gptq" in done.stderr, done.stderr
assert not (work / "none2.so").exists()
