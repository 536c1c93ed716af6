# Every recipe of the project compiles a model, and none leaves it as it was.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint
from transformers import Transformer

work = pathlib.Path(sys.argv[1])
recipes = sorted((squint.SOURCE / "recipes").glob("*.yaml"))
assert recipes
for recipe in recipes:
    # Rotations want a residual stream that begins within the model.
    model = (models.classifier() if "embedding" in recipe.stem else
             Transformer(heads=8, shared=4).model if "quarot" in recipe.stem else models.perceptron())
    name = model.graph.output[0].name
    onnx.save(model, work / "model.onnx")
    np.savez(work / "calibration.npz", **models.feeds(model, 64, seed=1))
    feeds = models.feeds(model, 9)
    want = squint.session(work / "model.onnx").run([name], feeds)[0]
    flags = [f"--recipe={recipe}"]
    if "--calibration" in recipe.read_text():
        flags.append(f"--calibration={work / 'calibration.npz'}")
    got = squint.run(squint.compile(work / "model.onnx", work / f"{recipe.stem}.so", *flags), feeds)[name]
    error = squint.relative_error(got, want)
    print(f"{recipe.name}: {error:.4f}")
    # Two bits, or four for activations too, are no more than a start on random weights.
    assert 0 < error < (1.0 if any(part in recipe.stem for part in ("2bit", "q2", "w4a4", "sparse")) else 0.25)
    if "embedding" in recipe.stem:
        table = model.graph.initializer[0].dims[0] * model.graph.initializer[0].dims[1]
        weights = int(squint.tool("squint-run", work / f"{recipe.stem}.so").split("weights ")[1].split()[0])
        assert weights < 2 * table, f"expected a table of {table} bytes and little else, got {weights}"
