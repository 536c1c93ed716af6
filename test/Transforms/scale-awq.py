# Scaling columns whose inputs stand out makes few bits better, through every kind of fold, and leaves the float function alone.
# REQUIRES: squintc, squint-opt, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from transformers import Transformer, rewrite

work = pathlib.Path(sys.argv[1])
INT3 = "--squint-select-formats=weights=int3:group=16"


def scale(**options):
    return "--squint-scale-awq=" + " ".join(f"{k}={v}" for k, v in {"calibration": work / "samples.npz", **options}.items())


for name, options in {"llama": dict(), "gpt": dict(norm="layer", gated=False, bias=True)}.items():
    t = Transformer(**options)
    onnx.save(t.model, work / f"{name}.onnx")
    np.savez(work / "samples.npz", **t.feeds(8, seed=7))
    feeds, errors, texts = t.feeds(16, seed=3), [], []
    want = squint.session(work / f"{name}.onnx").run(None, feeds)[0]
    for passes in ([], [scale()], [scale(jobs=1)]):
        library, text = rewrite(squint, t.model, work, INT3, *passes, stem=name)
        got = squint.run(library, feeds)["logits"]
        errors.append(float(np.linalg.norm(got - want) / np.linalg.norm(want)))
        texts.append(text)
    print(f"{name}: plain {errors[0]:.4f}, scaled {errors[1]:.4f}")
    assert errors[1] < errors[0], (name, errors)
    assert errors[1] == errors[2], "expected the same for every count of threads"
