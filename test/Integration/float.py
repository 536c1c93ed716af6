# Float models agree with ONNX Runtime for every shape.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
for name in ("convolutions", "perceptron"):
    model = getattr(models, name)()
    onnx.save(model, work / f"{name}.onnx")
    library = squint.compile(work / f"{name}.onnx", work / f"{name}.so")
    session = squint.session(work / f"{name}.onnx")
    for extent in (1, 2, 5, 33):
        feeds = models.feeds(model, extent)
        error = squint.relative_error(squint.run(library, feeds)["y"], session.run(["y"], feeds)[0])
        print(f"{name}, extent {extent}: {error:.1e}")
        assert error < 1e-5
