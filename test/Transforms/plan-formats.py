# A plan keeps to its budget, gives more bits to what matters more, predicts what it costs, and is the same for every count of
# threads. What was measured is found again after an interruption.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import os
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

# On a terminal a compilation says what it has chosen.
terminal, end = os.openpty()
said = b""
with subprocess.Popen([squint.BIN / "squintc", work / "model.onnx", f"--calibration={work / 'samples.npz'}", "--budget=bits:5", "--symmetric",
                       "-o", work / "model.so"], stderr=end):
    os.close(end)
    try:
        while part := os.read(terminal, 4096):
            said += part
    except OSError:  # its end is closed
        pass
plan = explain("bits:5", "--symmetric")[1].splitlines()[-1]
assert plan.startswith("plan: ") and plan in said.decode(), said

(_, _, divergence, _), _ = explain("error:0.002")
assert divergence <= 0.002
budget = 1_300_000
library = squint.compile(work / "model.onnx", work / "size.so", f"--budget=size:{budget}", f"--calibration={work / 'samples.npz'}")
assert library.stat().st_size <= budget
again = squint.compile(work / "model.onnx", work / "size.so", f"--budget=size:{budget}", f"--calibration={work / 'samples.npz'}", "--jobs=1")
assert again.read_bytes() == library.read_bytes()

# All plans at once, and from what an earlier run has kept: whole, damaged, or interrupted after some layers.
folder = work / "checkpoint"


def pareto(*flags):
    done = squintc("--pareto", "--symmetric", *flags)
    assert done.returncode == 0, done.stderr
    return done.stdout


table = pareto()
points = [[float(x) for x in line.split()] for line in table.splitlines()[1:-1]]
assert len(points) > 8 and all(a[0] < b[0] and a[1] < b[1] and a[2] > b[2] for a, b in zip(points, points[1:])), table
(_, used, divergence, _), _ = explain(f"size:{int(points[5][0])}", "--symmetric")
assert abs(used - points[5][1]) < 0.002 and abs(divergence / points[5][2] - 1) < 1e-3, "expected a point of the frontier"
assert pareto(f"--checkpoint={folder}") == table
kept = sorted(folder.glob("*/*"))
assert [f.name for f in kept] == ["sensitivities", "weight-0", "weight-1", "weight-2"], kept
times = [f.stat().st_mtime_ns for f in kept]
assert pareto(f"--checkpoint={folder}", f"--report={work / 'frontier.html'},{work / 'frontier.json'}") == table
assert times == [f.stat().st_mtime_ns for f in kept], "expected nothing to be measured again"
assert "<polyline" in (work / "frontier.html").read_text()
assert len(json.loads((work / "frontier.json").read_text())["frontier"]) >= len(points)
kept[0].unlink()
kept[2].write_bytes(kept[2].read_bytes()[:-1] + b"?")
kept[3].write_bytes(b"")
assert pareto(f"--checkpoint={folder}") == table
new = [f.stat().st_mtime_ns for f in kept]
assert [a != b for a, b in zip(times, new)] == [True, False, True, True]
assert explain("bits:5", "--symmetric", f"--checkpoint={folder}") == explain("bits:5", "--symmetric")
np.savez(work / "others.npz", **models.feeds(model, 512, seed=3))
done = subprocess.run([squint.BIN / "squintc", work / "model.onnx", "--pareto", f"--calibration={work / 'others.npz'}", f"--checkpoint={folder}"],
                      capture_output=True, text=True)
assert done.returncode == 0 and done.stdout != table and len(list(folder.iterdir())) == 2

# A recipe with a budget: its rules stand, their bytes count, the others are planned.
recipe = work / "planned.yaml"
names = [node.name for node in model.graph.node if node.op_type in ("MatMul", "Gemm")]


def planned(budget, *rules):
    recipe.write_text(f"budget: {budget}\nsymmetric: true\n" + ("rules:\n" if rules else "") + "".join(f"  - {{{rule}}}\n" for rule in rules))
    done = squintc(f"--recipe={recipe}", "--explain", f"--checkpoint={folder}")
    assert done.returncode == 0, done.stderr
    return done.stdout


assert planned("bits:5") == explain("bits:5", "--symmetric")[1]
table = planned("bits:6.5", f'names: "{names[0]}", weights: q4_0', f'names: "{names[2]}", weights: f32, optional: true')
rows = {line.split()[0]: line for line in table.splitlines()}
print(table)
assert "q4_0" in rows[names[0]] and "rule 1, line 4" in rows[names[0]] and " f32 " in rows[names[2]] and "costs" in rows[names[1]]
assert "3 weights in" in table and float(re.search(r"([\d.]+) bits a weight", table)[1]) <= 6.5
library = squint.compile(work / "model.onnx", work / "planned.so", f"--recipe={recipe}", f"--calibration={work / 'samples.npz'}", f"--checkpoint={folder}")
assert 0 < squint.relative_error(squint.run(library, feeds)["y"], want) < 0.2
recipe.write_text(f"budget: size:{budget}\nrules:\n  - {{names: {names[1]}, weights: int8}}\n")
assert squint.compile(work / "model.onnx", work / "planned.so", f"--recipe={recipe}", f"--calibration={work / 'samples.npz'}").stat().st_size <= budget
for text, expected in (("budget: bits:4\nrules: [weights: int8]\n", "got none that may take one and no rule takes"),
                       ("budget: bits:4\nrules: [{layers: last, weights: f32}]\n", "budget 'bits:4': expected at least")):
    recipe.write_text(text)
    done = squintc(f"--recipe={recipe}", "-o", work / "no.so")
    print(done.stderr.strip())
    assert done.returncode == 1 and expected in done.stderr and not (work / "no.so").exists()
done = squintc(f"--recipe={recipe}", "--budget=bits:4", "-o", work / "no.so")
assert done.returncode == 1 and "--budget and --recipe, --weights or --activations contradict each other" in done.stderr

for flags, expected in (
        (["--budget=size:1000", "-o", work / "no.so"], "for other constants, and an allowance of 1048576 for code"),
        (["--budget=bits:2", "-o", work / "no.so"], "budget 'bits:2': expected at least"),
        (["--budget=lots", "-o", work / "no.so"], "expected a budget size:BYTES, size:FRACTION, bits:NUMBER or error:NUMBER, got 'lots'"),
        (["--pareto", "--budget=bits:4"], "--pareto finds the plans of all budgets"),
        (["--pareto", "--checkpoint=/dev/null/x"], "cannot write to '/dev/null/x'"),
        (["--budget=bits:4", "--weights=int4", "-o", work / "no.so"], "contradict each other")):
    done = squintc(*flags)
    print(done.stderr.strip())
    assert done.returncode == 1 and expected in done.stderr and not (work / "no.so").exists()
done = subprocess.run([squint.BIN / "squintc", work / "model.onnx", "--budget=bits:4", "-o", work / "no.so"], capture_output=True, text=True)
assert done.returncode == 1 and "expected samples (--calibration) for a budget" in done.stderr
