# Quantizing layers goes on where it was interrupted, with the same result: layers that are kept are not worked out again.
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
model = models.perceptron()
onnx.save(model, work / "model.onnx")
np.savez(work / "samples.npz", **models.feeds(model, 64, seed=1))


def compile(recipe, *flags):
    library = squint.compile(work / "model.onnx", work / "model.so", f"--recipe={squint.SOURCE / 'recipes' / recipe}.yaml",
                             f"--calibration={work / 'samples.npz'}", *flags)
    return library.read_bytes()


# Of the last one the outliers are counted when it is done.
for recipe in ("gptq-int4-g32", "awq-int4-g128", "spqr-3bit"):
    folder = work / recipe / "kept here"
    whole = compile(recipe)
    assert compile(recipe, f"--checkpoint={folder}") == whole
    kept = sorted(folder.glob("*/layer-*"))
    assert len(kept) == 3, kept
    times = [f.stat().st_mtime_ns for f in kept]
    assert compile(recipe, f"--checkpoint={folder}") == whole
    assert times == [f.stat().st_mtime_ns for f in kept], "expected no layer to be quantized again"
    # Interrupted before the last layer; one that is damaged.
    kept[2].unlink()
    assert compile(recipe, f"--checkpoint={folder}") == whole
    kept[1].write_bytes(kept[1].read_bytes()[::-1])
    assert compile(recipe, f"--checkpoint={folder}") == whole
    assert [a != f.stat().st_mtime_ns for a, f in zip(times, kept)] == [False, True, True]
    # Other samples are other work.
    np.savez(work / "samples.npz", **models.feeds(model, 64, seed=2))
    assert compile(recipe, f"--checkpoint={folder}") == compile(recipe) != whole
    assert len(list(folder.iterdir())) == 2
    np.savez(work / "samples.npz", **models.feeds(model, 64, seed=1))
