# Smoothing leaves the function that ONNX Runtime computes as it was, and makes 8-bit
# activations better where some channels stand out.
# REQUIRES: squintc, squint-opt, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from transformers import Transformer, rewrite

work = pathlib.Path(sys.argv[1])
INT8 = "--squint-select-formats=weights=int8 activations=int8:token"


def smooth(**options):
    return "--squint-smooth=" + " ".join(f"{k}={v}" for k, v in {"calibration": work / "samples.npz", **options}.items())


for name, options in {"llama": dict(), "gpt": dict(norm="layer", gated=False, bias=True), "post": dict(order="post", norm="layer")}.items():
    t = Transformer(layers=1, **options)
    onnx.save(t.model, work / f"{name}.onnx")
    np.savez(work / "samples.npz", **t.feeds(8, seed=7))
    feeds = t.feeds(3)
    want = squint.session(work / f"{name}.onnx").run(None, feeds)[0]
    library, text = rewrite(squint, t.model, work, smooth(alpha=0.5), stem=name)
    error = squint.relative_error(squint.run(library, feeds)["logits"], want)
    print(f"{name}: {error:.1e}")
    assert error < 1e-5, (name, error)
    # A residual that reads a norm gets it multiplied back: here the one that the feed-forward part reads.
    added = text.count("onnx.Mul(") - (work / f"{name}.raised.mlir").read_text().count("onnx.Mul(")
    assert added == (name == "post"), (name, added)

t = Transformer(layers=1)
np.savez(work / "samples.npz", **t.feeds(8, seed=7))
onnx.save(t.model, work / "q.onnx")
feeds, errors = t.feeds(16, seed=3), []
want = squint.session(work / "q.onnx").run(None, feeds)[0]
for passes in ([], [smooth(alpha=0.5)], [smooth()]):
    library, _ = rewrite(squint, t.model, work, INT8, *passes, stem="q")
    errors.append(float(np.linalg.norm(squint.run(library, feeds)["logits"] - want) / np.linalg.norm(want)))
print("int8: plain {:.5f}, alpha 0.5 {:.5f}, searched {:.5f}".format(*errors))
assert errors[2] < 0.8 * errors[0] and errors[2] < 1.1 * errors[1], errors
