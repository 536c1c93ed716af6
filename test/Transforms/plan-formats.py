# A plan keeps to its budget, gives more bits to what matters more, predicts what it costs, and is the same for every count of
# threads.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import re
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
model = models.perceptron()
onnx.save(model, work / "model.onnx")
np.savez(work / "samples.npz", **models.feeds(model, 512, seed=1))
feeds = models.feeds(model, 64, seed=2)
want = squint.session(work / "model.onnx").run(["y"], feeds)[0]


def squintc(*flags):
    return subprocess.run([squint.BIN / "squintc", work / "model.onnx", f"--calibration={work / 'samples.npz'}", "--progress=never", *flags],
                          capture_output=True, text=True)


def explain(budget, *flags):
    done = squintc(f"--budget={budget}", "--explain", *flags)
    assert done.returncode == 0, done.stderr
    plan = done.stdout.splitlines()[-1]
    numbers = re.search(r"in ([\d.]+) MB, ([\d.]+) bits a weight; expected divergence ([\d.e-]+), at least ([\d.e-]+)", plan)
    return [float(x) for x in numbers.groups()], done.stdout


last = None
for bits in (3.6, 4.6, 5.5, 7.0):
    (size, used, divergence, bound), table = explain(f"bits:{bits}", "--symmetric")
    library = squint.compile(work / "model.onnx", work / "model.so", f"--budget=bits:{bits}", "--symmetric", f"--calibration={work / 'samples.npz'}")
    got = squint.run(library, feeds)["y"]
    error = float(((got - want) ** 2).sum() / (want ** 2).sum())
    print(f"{bits}: {used} bits, expected {divergence}, bound {bound}, found {error:.3g}")
    assert used <= bits and bound <= divergence * 1.001 and "zero-point" not in table
    assert divergence / 3 < error < divergence * 3, "expected what was predicted"
    assert last is None or divergence < last
    last = divergence

(_, _, divergence, _), _ = explain("error:0.002")
assert divergence <= 0.002
budget = 1_300_000
library = squint.compile(work / "model.onnx", work / "size.so", f"--budget=size:{budget}", f"--calibration={work / 'samples.npz'}")
assert library.stat().st_size <= budget
again = squint.compile(work / "model.onnx", work / "size.so", f"--budget=size:{budget}", f"--calibration={work / 'samples.npz'}", "--jobs=1")
assert again.read_bytes() == library.read_bytes()

for flags, expected in (
        (["--budget=size:1000", "-o", work / "no.so"], "budget 'size:1000': expected at least"),
        (["--budget=bits:2", "-o", work / "no.so"], "budget 'bits:2': expected at least"),
        (["--budget=lots", "-o", work / "no.so"], "expected a budget size:BYTES, size:FRACTION, bits:NUMBER or error:NUMBER, got 'lots'"),
        (["--budget=bits:4", "--weights=int4", "-o", work / "no.so"], "contradict each other")):
    done = squintc(*flags)
    print(done.stderr.strip())
    assert done.returncode == 1 and expected in done.stderr and not (work / "no.so").exists()
done = subprocess.run([squint.BIN / "squintc", work / "model.onnx", "--budget=bits:4", "-o", work / "no.so"], capture_output=True, text=True)
assert done.returncode == 1 and "expected samples (--calibration) for a budget" in done.stderr
