# Random models with odd sizes, every opset, static and symbolic: the same as ONNX Runtime in float; quantized, the fused form the
# same as the unfused one.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import random_models
import squint_testing as squint

FORMATS = [
    ("int8:channel", "int8:token"),
    ("int8:tensor,zero-point", "int8:token,scale=f16"),
    ("int4:group=32,zero-point", "int8:group=32"),
    ("int4:group=64", "f32"),
    ("int8:group=32,scale=bf16", "int8:group=64,scale=f32"),
    ("int4:channel", "int8:tensor"),
]
work = pathlib.Path(sys.argv[1])
failures = []


def check(what, got, want):
    for name, array in want.items():
        assert got[name].dtype == array.dtype and got[name].shape == array.shape, what
        error = squint.relative_error(got[name], array)
        if error > 1e-5:
            failures.append(f"{what}: output {name}: error {error:.1e}")


for seed in range(int(sys.argv[2]) if len(sys.argv) > 2 else 36):
    one = random_models.RandomModel(seed)
    path = work / f"float-{seed}.onnx"
    onnx.save(one.model, path)
    check(f"{path.name}: {one.describe()}", squint.run(path, one.feeds), one.expected)

for seed in range(12):
    conv = seed % 2 == 0
    one = random_models.RandomModel(100 + seed, ["conv"] if conv else ["linear", "gemm"], nodes=1, opset=17, symbolic=False)
    weights, activations = FORMATS[seed // 2]
    if conv and "group" in activations:
        activations = "int8:token"  # a convolution's activations have one scale an image
    flags = [f"--weights={weights}", f"--activations={activations}"]
    if activations.endswith("tensor"):
        np.savez(work / "calibration.npz", **one.feeds)
        flags.append(f"--calibration={work / 'calibration.npz'}")
    path = work / f"quantized-{seed}.onnx"
    onnx.save(one.model, path)
    outputs = [squint.run(squint.compile(path, path.with_suffix(suffix), *flags, *more), one.feeds)
               for suffix, more in ((".so", []), (".unfused.so", ["--unfused"]))]
    check(f"{path.name}: {weights} {activations} {one.describe()}", *outputs)

print("\n".join(failures) or "ok")
sys.exit(bool(failures))
