# Statistics are what ONNX Runtime computes for the same values, for every observer, model and number of threads.
# REQUIRES: squintc, squint-opt
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import re
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
RANGE = re.compile(r'squint.statistics "([^"]*)" min = (\S+) max = (\S+) by "([^"]*)" samples = (\d+)')


def calibrate(model, feeds, observer="min-max", activations="int8:tensor", **options):
    """What squint-calibrate prints, after the passes before it."""
    path, samples = work / "model.onnx", work / "samples.npz"
    onnx.save(model, path)
    np.savez(samples, **feeds)
    squint.tool("squintc", path, "--progress=never", "--emit=squint", f"--store={work / 'model.weights'}", "-o", work / "model.mlir")
    flags = " ".join(f"{key}={value}" for key, value in {"calibration": samples, **options}.items())
    return squint.tool("squint-opt", work / "model.mlir", f"--squint-select-formats=weights=int8:channel activations={activations}",
                       f"--squint-insert-observers=observer={observer}", f"--squint-calibrate={flags}", f"--store={work / 'x.weights'}")


def ranges(text):
    """[(min, max)] in the order of the model, which is that of execution."""
    found = RANGE.findall(text)
    assert len(found) == text.count("squint.statistics") and "squint.observe" not in text, text[:2000]
    return [(float(low), float(high)) for _, low, high, _, _ in found]


def values(model, feeds, names):
    """The named tensors of each sample, from ONNX Runtime."""
    model = onnx.shape_inference.infer_shapes(model)
    known = {value.name: value for value in model.graph.value_info}
    inner = [name for name in names if name not in feeds]
    model.graph.output.extend(known[name] for name in inner)
    onnx.save(model, work / "reference.onnx")
    session = squint.session(work / "reference.onnx")
    batch = session.get_inputs()[0].shape[0]
    rows = batch if isinstance(batch, int) else 1
    (count,) = {len(array) // rows for array in feeds.values()}
    samples = [{name: array[i * rows : (i + 1) * rows] for name, array in feeds.items()} for i in range(count)]
    return [dict(sample, **dict(zip(inner, session.run(inner, sample)))) for sample in samples]


def expect(got, want, what, tolerance=1e-5):
    got, want = np.sort(np.float64(got), axis=0), np.sort(np.float64(want), axis=0)
    assert got.shape == want.shape, f"{what}: expected {len(want)} values, got {len(got)}"
    error = np.abs(got - want).max() / np.abs(want).max()
    print(f"{what}: {len(got)} values, error {error:.1e}", flush=True)
    assert error < tolerance, f"{what}:\n{got}\n{want}"


rng = np.random.default_rng(0)
images = {"image": rng.standard_normal((12, 3, 12, 12)).astype(np.float32)}
tokens = {"x": rng.standard_normal((12, 96)).astype(np.float32)}
CONVOLUTIONS = ["image", "a0", "a1", "f"]


def extremes(samples, name):
    return min(s[name].min() for s in samples), max(s[name].max() for s in samples)


# Min-max, with a symbolic and with a static batch, whose samples have four rows.
for batch in ("batch", 4):
    model = models.convolutions(batch)
    text = calibrate(model, images)
    reference = values(model, images, CONVOLUTIONS)
    expect(ranges(text), [extremes(reference, name) for name in CONVOLUTIONS], f"min-max, batch {batch}")
    assert f"samples = {12 if batch == 'batch' else 3}" in text

model = models.convolutions()
reference = values(model, images, CONVOLUTIONS)
text = calibrate(model, images, samples=5)
expect(ranges(text), [extremes(reference[:5], name) for name in CONVOLUTIONS], "the first five")

moving = []
for name in CONVOLUTIONS:
    low, high = reference[0][name].min(), reference[0][name].max()
    for sample in reference[1:]:
        low, high = low + 0.2 * (sample[name].min() - low), high + 0.2 * (sample[name].max() - high)
    moving.append((low, high))
expect(ranges(calibrate(model, images, "moving-average=0.2")), moving, "moving average")

percentiles = [np.percentile(np.stack([s[name] for s in reference]).astype(np.float64), (1, 99)) for name in CONVOLUTIONS]
expect(ranges(calibrate(model, images, "percentile=99")), percentiles, "percentile", 1e-3)

# A search ends within the full range, and on different ranges for different grids.
full = np.array(ranges(text := calibrate(model, images)))
for observer in ("mse", "entropy"):
    found = np.array(ranges(calibrate(model, images, observer)))
    assert (found[:, 0] >= full[:, 0]).all() and (found[:, 1] <= full[:, 1]).all(), observer
    assert (found[:, 1] > full[:, 1] / 8).all(), observer
calibrate(model, images, "mse", "int8:tensor,zero-point")

# Threads change nothing, and nor does a second run.
for jobs in (1, 2, 3):
    assert calibrate(model, images, jobs=jobs) == text, jobs

# A layer that is read by two others, and values that live across slices.
model = models.perceptron()
reference = values(model, tokens, inner := ["x", "a"])
got = ranges(calibrate(model, tokens))
for name in inner:
    distance = np.abs(np.float64(got) - extremes(reference, name)).max(axis=1).min()
    assert distance < 1e-5, f"{name}: {got}"
