# Ranges that outputs choose give outputs nearer to the float model's than whole ranges do, and the result does not depend on
# the count of threads.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])


def recipe(name, format, method):
    (work / f"{name}.yaml").write_text(f"rules:\n  - weights: {format}\n{method}")
    return f"--recipe={work / name}.yaml"


def error(model, flags, feeds, want, jobs=2):
    library = squint.compile(work / model, work / "model.so", *flags, f"--calibration={work / 'samples.npz'}", f"--jobs={jobs}")
    return squint.relative_error(squint.run(library, feeds)["y"], want), library.read_bytes()


for name, model, format in (("linear", models.perceptron(), "int3:group=32"), ("conv", models.convolutions(), "int4:channel,zero-point")):
    onnx.save(model, work / f"{name}.onnx")
    np.savez(work / "samples.npz", **models.feeds(model, 128, seed=1))
    feeds = models.feeds(model, 64, seed=2)
    want = squint.session(work / f"{name}.onnx").run(["y"], feeds)[0]
    whole, _ = error(f"{name}.onnx", [recipe("rtn", format, "")], feeds, want)
    kept, _ = error(f"{name}.onnx", [recipe("kept", format, "    method: awq\n    options: {clip: false}\n")], feeds, want)
    clipped, bytes2 = error(f"{name}.onnx", [recipe("clipped", format, "    method: awq\n")], feeds, want, jobs=1)
    _, bytes3 = error(f"{name}.onnx", [recipe("clipped", format, "    method: awq\n")], feeds, want)
    searched, _ = error(f"{name}.onnx", [recipe("mse", format, "    method: rtn\n    options: {range: mse}\n")], feeds, want)
    print(f"{name}: whole {whole:.4f}, clipped {clipped:.4f}, least squares {searched:.4f}")
    # More codes leave less to gain.
    slack = 0.97 if name == "linear" else 1.1
    assert clipped < slack * whole and searched < slack * whole
    assert kept == whole, "expected the whole range where nothing is clipped"
    assert bytes2 == bytes3, "expected the same library for every count of threads"

# An embedding has no matrix of inputs.
model = models.classifier()
onnx.save(model, work / "embedding.onnx")
np.savez(work / "samples.npz", **models.feeds(model, 4, seed=1))
(work / "embedding.yaml").write_text("rules:\n  - operators: embedding\n    weights: int4:group=8\n    method: awq\n")
done = subprocess.run([squint.BIN / "squintc", work / "embedding.onnx", f"--recipe={work / 'embedding.yaml'}",
                       f"--calibration={work / 'samples.npz'}", "-o", work / "none.so"], capture_output=True, text=True)
assert done.returncode == 1 and "expected a linear or a convolution of one group outside of regions for the method awq" in done.stderr, done.stderr
assert not (work / "none.so").exists()
