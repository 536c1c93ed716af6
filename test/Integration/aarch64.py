# Compiled for the other architecture and run by an emulator, a model has the same bits as here.
# REQUIRES: squintc, squint-run, aarch64, x86_64, avx2
# RUN: rm -rf %t && mkdir -p %t
# RUN: %clang --target=aarch64-linux-gnu -fuse-ld=lld -std=c11 -O1 -I %S/../../include %S/Inputs/run.c -o %t/run
# RUN: %python %s %t %run-aarch64 %t/run
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

FORMATS = [[], ["--weights=int8:channel", "--activations=int8:token"], ["--weights=int4:group=32", "--activations=f32"]]

TIED = [[f"--recipe={squint.SOURCE / 'recipes' / 'w8a8-embedding.yaml'}"]]

work, runner = pathlib.Path(sys.argv[1]), sys.argv[2:]
for name in ("convolutions", "perceptron", "coded", "tied"):
    model = getattr(models, name)()
    onnx.save(model, work / "model.onnx")
    feeds = models.feeds(model, 5)
    (values,) = feeds.values()
    values.tofile(work / "input.bin")
    for flags in {"coded": [[]], "tied": TIED}.get(name, FORMATS):
        outputs = squint.run(squint.compile(work / "model.onnx", work / "here.so", *flags), feeds)
        here = np.concatenate([output.reshape(-1) for output in outputs.values()])
        there = squint.compile(work / "model.onnx", work / "there.so", "--mtriple=aarch64-linux-gnu", *flags)
        for threads in (1, 2):
            subprocess.run([*runner, there, str(threads), work / "output.bin", work / "input.bin", ",".join(map(str, values.shape))],
                           check=True)
            got = np.fromfile(work / "output.bin", np.float32)
            print(name, flags, threads, "largest difference", np.abs(got - here).max())
            assert got.tobytes() == here.tobytes()
