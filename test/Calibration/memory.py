# Fifty times the samples take no more memory.
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import os
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
onnx.save(models.perceptron(), work / "model.onnx")


def peak(count):
    """MiB of squintc at its largest."""
    np.savez(work / "samples.npz", x=np.random.default_rng(0).standard_normal((count, 96), np.float32))
    done = subprocess.Popen([squint.BIN / "squintc", work / "model.onnx", "--progress=never", "--weights=int8:channel", "--activations=int8:tensor",
                             f"--calibration={work / 'samples.npz'}", "-o", work / "model.so"])
    _, status, usage = os.wait4(done.pid, 0)
    assert status == 0, status
    return usage.ru_maxrss / 1024


few, many = peak(2000), peak(100000)
print(f"2,000 samples: {few:.0f} MiB, 100,000 samples: {many:.0f} MiB")
# The values of one layer alone would be 77 MB.
assert many < few + 20
