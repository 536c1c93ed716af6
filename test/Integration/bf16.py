# Products of bfloat16 are used where the user allows them, for many rows, and are near the exact ones.
# REQUIRES: squintc, squint-run, x86_64, avx512bf16
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
for width, hidden, rows in ((96, 200, 37), (97, 301, 16), (40, 1100, 70)):
    model = models.perceptron(width=width, hidden=hidden)
    onnx.save(model, work / "model.onnx")
    feeds = models.feeds(model, rows)
    exact = squint.compile(work / "model.onnx", work / f"exact-{width}.so", "--weights=bf16")
    allowed = squint.compile(work / "model.onnx", work / f"allowed-{width}.so", "--weights=bf16", "--allow-bf16")
    want, got = squint.run(exact, feeds)["y"], squint.run(allowed, feeds)["y"]
    error = squint.relative_error(got, want)
    print(width, hidden, rows, error)
    assert 1e-5 < error < 2e-2, error
    # Any number of threads has the same bits; fewer rows than a tile has are exact.
    assert squint.run(allowed, feeds, threads=3)["y"].tobytes() == got.tobytes()
    few = {name: value[:15] for name, value in feeds.items()}
    assert squint.run(allowed, few)["y"].tobytes() == squint.run(exact, few)["y"].tobytes()

# Other weights are as they were.
plain = squint.compile(work / "model.onnx", work / "plain.so")
asked = squint.compile(work / "model.onnx", work / "asked.so", "--allow-bf16")
assert squint.run(plain, feeds)["y"].tobytes() == squint.run(asked, feeds)["y"].tobytes()
