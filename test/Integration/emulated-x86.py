# Processors that this machine is not: AVX-VNNI, AVX-512 and AMX under an emulator give the bits of AVX2.
# REQUIRES: squintc, squint-run, x86_64, avx2, x86-emulator
# RUN: rm -rf %t && mkdir -p %t && %python %s %t %run-x86
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work, emulator = pathlib.Path(sys.argv[1]), sys.argv[2:]
client = pathlib.Path(__file__).parent / "Inputs" / "each-target.c"
# What the best of them has, in the order of their worth: AMX, AVX-512 VNNI and BW, AVX-VNNI, AVX2.
TARGETS = ["sapphirerapids", "icelake-server", "x86-64-v4", "alderlake", "x86-64-v3"]

samples = work / "samples.npz"
CASES = [
    # A tile's tails: 96 = 64 + 32, 200 = 3 x 64 + 8, 1100 = 2 x 512 + 76; rows that fill tiles, overlap, and are too few for them.
    ("int8-token", models.perceptron(), 37, ["--weights=int8:channel", "--activations=int8:token"]),
    ("int8-static", models.perceptron(), 16, ["--weights=int8:channel", "--activations=int8:tensor,zero-point", f"--calibration={samples}"]),
    ("int8-groups", models.perceptron(), 70, ["--weights=int8:group=64", "--activations=int8:token"]),
    ("int8-zero-points", models.perceptron(), 17, ["--weights=int8:group=64,zero-point", "--activations=int8:group=64"]),
    ("int4-token", models.perceptron(hidden=1100), 33, ["--weights=int4:channel", "--activations=int8:token"]),
    ("int4-groups", models.perceptron(hidden=264), 50, ["--weights=int4:group=64", "--activations=int8:token"]),
    ("int4-both", models.perceptron(width=256, hidden=264), 31, ["--weights=int4:group=128", "--activations=int8:group=64"]),
    ("int4-zero-points", models.perceptron(), 64, ["--weights=int4:group=64,zero-point", "--activations=int8:token"]),
    ("int4-short-groups", models.perceptron(), 20, ["--weights=int4:group=32", "--activations=int8:group=32"]),
    ("codes", models.coded(), 21, []),
    ("few-rows", models.perceptron(), 15, ["--weights=int8:channel", "--activations=int8:token"]),
    ("float", models.perceptron(), 19, []),
    ("int3-groups", models.perceptron(), 9, ["--weights=int3:group=32", "--activations=int8:group=32"]),
    ("int2-zero-points", models.perceptron(), 5, ["--weights=int2:group=64,zero-point", "--activations=int8:token"]),
    ("int5-groups", models.perceptron(), 18, ["--weights=int5:group=32", "--activations=int8:token"]),
    ("int6-float", models.perceptron(), 7, ["--weights=int6:group=32"]),
    ("int4-float", models.perceptron(), 21, ["--weights=int4:group=32,zero-point"]),
    ("nf4", models.perceptron(), 20, ["--weights=nf4:block=64"]),
    ("mxfp4", models.perceptron(), 34, ["--weights=mxfp4", "--activations=int8:group=32"]),
    ("f8", models.perceptron(), 17, ["--weights=f8e4m3", "--activations=f8e5m2:token"]),
    ("half", models.perceptron(), 17, ["--weights=f16", "--activations=bf16"]),
    # Four channels: Bochs 3.0 reads a wrong byte in a vpinsrb of the upper registers, which tails of three codes are loaded with.
    ("convolutions", models.convolutions(channels=4), 2, ["--weights=int8:channel", "--activations=int8:token"]),
    ("convolutions-static", models.convolutions(channels=4), 2,
     ["--weights=int8:channel", "--activations=int8:tensor,zero-point", f"--calibration={samples}"]),
    ("convolutions-int4", models.convolutions(channels=4), 2,
     ["--weights=int4:channel", "--activations=int8:tensor", f"--calibration={samples}"]),
    ("convolutions-float", models.convolutions(channels=4), 2, ["--weights=int4:channel"]),
    ("depthwise", models.mobile(), 1, []),
    ("depthwise-int8", models.mobile(), 1, ["--weights=int8:channel", "--activations=int8:tensor", f"--calibration={samples}"]),
    ("attention", models.attention(), 1, []),
    ("attention-int8", models.attention(), 1, ["--weights=int8:channel", "--activations=int8:token"]),
]


def run(folder, feed, *flags):
    """The output's bits on each target, or what it said."""
    squint.compile(folder / "model.onnx", folder / "model.a", "--mtriple=x86_64-linux-gnu", f"--mcpu={','.join(TARGETS)}", *flags)
    words = ", ".join(f"0x{word:08x}" for word in feed.reshape(-1).view(np.uint32))
    (folder / "client-data.h").write_text(
        f"static const unsigned data[] = {{{words}}};\n#define RANK {feed.ndim}\n#define SHAPE {', '.join(map(str, feed.shape))}\n"
        f"#define TARGETS {', '.join(chr(34) + t + chr(34) for t in TARGETS)}\n")
    program = folder / "client"
    subprocess.run(["gcc", "-O1", "-static", "-I", folder, client, folder / "model.a", "-lm", "-o", program], check=True)
    said = subprocess.run([*emulator, program], capture_output=True, text=True, timeout=300)
    assert said.returncode == 0, said
    return dict(line.split(":", 1) for line in said.stdout.splitlines())


for name, model, extent, flags in CASES:
    folder = work / name
    folder.mkdir()
    onnx.save(model, folder / "model.onnx")
    feeds = models.feeds(model, extent)
    np.savez(samples, **feeds)
    (feed,) = feeds.values()
    expected = squint.run(squint.compile(folder / "model.onnx", folder / "here.so", "--mcpu=x86-64-v3", *flags), feeds)["y"]
    want = "".join(f" {word:08x}" for word in expected.reshape(-1).view(np.uint32))
    got = run(folder, feed, *flags)
    differing = {target: bits[:200] for target, bits in got.items() if bits != want}
    print(name, "differs:", differing)
    assert list(got) == TARGETS and not differing
