# Every format that linears and convolutions take, against the float model: the error is that of the format.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

# Weights, activations, and the root mean square of the error over that of the output that rounding explains.
FORMATS = [
    ("int8:channel", "f32", 0.01),
    ("int8:tensor", "f32", 0.02),
    ("int8:channel", "int8:token", 0.02),
    ("int8:channel,zero-point", "int8:token", 0.02),
    ("int8:channel", "int8:tensor", 0.03),
    ("int4:channel", "f32", 0.3),
    ("int4:group=32", "f32", 0.2),
    ("int4:group=32", "int8:token", 0.2),
    ("int4:group=32", "int8:group=32", 0.2),
    ("int4:group=64", "int8:token", 0.2),
    ("int4:group=128,zero-point", "int8:token", 0.2),
]

work = pathlib.Path(sys.argv[1])
failed = False
for name in ("convolutions", "perceptron"):
    model = getattr(models, name)()
    onnx.save(model, work / "model.onnx")
    np.savez(work / "calibration.npz", **models.feeds(model, 64, seed=1))
    feeds = models.feeds(model, 37)
    want = squint.session(work / "model.onnx").run(["y"], feeds)[0]
    for weights, activations, bound in FORMATS:
        if name == "convolutions" and "group" in activations:
            continue  # refused: a convolution's activations have one scale an image
        flags = [f"--weights={weights}", f"--activations={activations}"]
        if activations.endswith(":tensor"):
            flags.append(f"--calibration={work / 'calibration.npz'}")
        got = squint.run(squint.compile(work / "model.onnx", work / "model.so", *flags), feeds)["y"]
        error = float(np.sqrt(np.mean((got - want) ** 2) / np.mean(want**2)))
        word = "ok" if 0 < error < bound else "expected an error under"
        failed |= word != "ok"
        print(f"{name} {weights} {activations}: {error:.4f} {word} {bound}")
sys.exit(failed)
