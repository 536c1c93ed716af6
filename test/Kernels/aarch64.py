# On Arm, with the dot product extension and without it, products, convolutions and attention have the bits that they have
# here.
# REQUIRES: squintc, squint-run, aarch64, x86_64, avx2
# RUN: rm -rf %t && mkdir -p %t
# RUN: %clang --target=aarch64-linux-gnu -fuse-ld=lld -std=c11 -O1 -I %S/../../include %S/../Integration/Inputs/run.c -o %t/run
# RUN: %python %s %t %run-aarch64 %t/run
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

FORMATS = [("int8:channel", "int8:token"), ("int8:group=32", "int8:group=32"), ("int4:group=32", "int8:group=32"),
           ("int4:group=64,zero-point", "int8:token"), ("int8:channel", "int8:token,scale=bf16"), ("int8:channel,zero-point", "f32"),
           ("f16", "f32"), ("int3:group=32", "int8:token"), ("int4:group=32", "f32"), ("nf4:block=64", "f32"),
           ("mxfp4", "int8:group=32"), ("f8e4m3", "f8e4m3"), ("nvfp4", "int8:token")]

work, runner = pathlib.Path(sys.argv[1]), sys.argv[2:]
cases = [(models.perceptron(), 13, weights, activations) for weights, activations in FORMATS]
cases += [(models.convolutions(), 2, "int8:channel", "int8:token"), (models.mobile(), 2, "f32", "f32"), (models.attention(), 1, "f32", "f32")]
for model, extent, weights, activations in cases:
    onnx.save(model, work / "model.onnx")
    feeds = models.feeds(model, extent)
    (values,) = feeds.values()
    values.tofile(work / "input.bin")
    flags = [f"--weights={weights}", f"--activations={activations}"]
    here = squint.run(squint.compile(work / "model.onnx", work / "here.so", *flags), feeds)["y"]
    for cpu in ("generic", "cortex-a76"):
        there = squint.compile(work / "model.onnx", work / "there.so", "--mtriple=aarch64-linux-gnu", f"--mcpu={cpu}", *flags)
        subprocess.run([*runner, there, "1", work / "output.bin", work / "input.bin", ",".join(map(str, values.shape))],
                       check=True)
        got = np.fromfile(work / "output.bin", np.float32).reshape(here.shape)
        print(weights, activations, cpu, "largest difference", np.abs(got - here).max())
        assert got.tobytes() == here.tobytes()
