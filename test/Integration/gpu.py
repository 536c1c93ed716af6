# Kernels for GPUs, run by an interpreter of PTX: each kind of weight against the same formats on this machine, for few rows of
# activations and for many, with and without wgmma; and what has no kernel of its own there.
# REQUIRES: squintc, squint-run, ptx-emulator
# RUN: rm -rf %t && mkdir -p %t && env LD_LIBRARY_PATH=%ptx_emulator_dir %python %s %t
import os
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

# How far nine of ten results may be away: activations are halves before the product, so that only the order of sums differs, but
# where a result is rounded to the other side before the next product. Products of integers are equal.
FORMATS = [
    ("int4:group=32", "f16", 2e-6),
    ("int4:channel", "f16", 2e-6),
    ("int4:group=48,zero-point", "f16", 2e-6),
    ("int8:channel", "f16", 2e-6),
    ("int8:group=32,zero-point", "f16", 2e-6),
    ("nf4:block=64", "f16", 1e-3),
    ("nf4:block=64,scale=dynamic8", "f16", 1e-3),
    ("mxfp4", "f16", 2e-6),
    ("nvfp4", "f16", 2e-6),
    ("f8e4m3", "f16", 2e-6),
    ("mxfp8e5m2", "f16", 2e-6),
    ("f8e4m3", "f8e4m3", 2e-6),
    ("mxfp8e5m2", "f8e4m3:group=32", 2e-6),
    ("int8:channel", "int8:token", 0),
    ("int4:group=32", "int8:token", 0),
    ("int4:group=32,min", "f16", 2e-6),
    ("int3:group=32", "int8:group=32", 2e-6),
    ("int3:group=32", "f16", 2e-6),
    ("int3:channel", "int8:token", 0),
    ("int2:group=16,zero-point", "f16", 2e-6),
    ("int2:group=32,zero-point", "int8:token", 2e-6),
    ("int6:group=64,zero-point", "int8:group=64", 2e-6),
    ("int8:channel", "int8:group=32", 2e-6),
    ("int4:channel", "int8:group=96", 2e-6),
    ("int4:group=32,min", "int8:token", 2e-6),
    ("codebook4:channel", "f32", 0),
    ("f32", "f32", 0),
]
# Of sm_80: each class of rows that has a tile of its own, with a part of the formats.
FEW = (5, 12, 32)
# Those with which the tile for the most rows is tried.
MANY = [("int4:group=32", "f16"), ("int8:channel", "int8:token"), ("mxfp8e5m2", "f8e4m3:group=32")]
TRIPLE = "--mtriple=nvptx64-nvidia-cuda"

work = pathlib.Path(sys.argv[1])
failed = False


def compare(name, host, device, feeds, bound):
    global failed
    want, got = squint.run(host, feeds)["y"], squint.run(device, feeds)["y"]
    apart = np.abs(got - want) / np.abs(want).max()
    most, largest = float(np.quantile(apart, 0.9)), float(apart.max())
    good = most <= bound and largest <= max(50 * bound, 1e-3 * (bound > 0))
    failed |= not good
    print(f"{name}: {most:.1e}, at most {largest:.1e} from this machine: {'ok' if good else 'FAILED'}", flush=True)


for name, all_formats in (("perceptron", FORMATS), ("convolutions", [("int8:channel", "int8:token", 0)])):
    model = getattr(models, name)()
    onnx.save(model, work / "model.onnx")
    for i, (weights, activations, bound) in enumerate(all_formats):
        flags = [f"--weights={weights}", f"--activations={activations}"]
        host = squint.compile(work / "model.onnx", work / "host.so", *flags)
        # Codes of activations in 8 bits are products' operands from sm_89 on.
        for cpu in ("sm_89" if "f8" in activations else "sm_80", "sm_90a"):
            os.environ["PTX_EMULATOR_ARCH"] = cpu.rstrip("a")
            device = squint.compile(work / "model.onnx", work / "device.so", TRIPLE, f"--mcpu={cpu}", *flags)
            many = (150,) if (weights, activations) in MANY else ()
            for rows in ((FEW[i % 3], 70) if cpu != "sm_90a" else (70,)) + many if name == "perceptron" else (2,):
                compare(f"{name} {weights} {activations} {cpu} rows {rows}", host, device, models.feeds(model, rows), bound)

# Weights that are no fragments: read by processors' code, sixteen threads a unit.
model = models.perceptron()
onnx.save(model, work / "model.onnx")
np.savez(work / "samples.npz", **models.feeds(model, 64))
os.environ["PTX_EMULATOR_ARCH"] = "sm_80"
for recipe in ("spqr-3bit", "additive-2bit", "codebook-2bit"):
    flags = [f"--recipe={squint.SOURCE / 'recipes' / f'{recipe}.yaml'}", f"--calibration={work / 'samples.npz'}"]
    host, device = (squint.compile(work / "model.onnx", work / f"{part}.so", *flags, *more)
                    for part, more in (("host", []), ("device", [TRIPLE, "--mcpu=sm_80"])))
    compare(f"perceptron {recipe}", host, device, models.feeds(model, 5), 0)
sys.exit(failed)
