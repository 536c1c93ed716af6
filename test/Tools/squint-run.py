# The surface of squint-run on a library: what it prints, its JSON, its errors.
# REQUIRES: squintc, squint-run, x86_64
# RUN: rm -rf %t && mkdir -p %t
# RUN: %squintc %S/../Emit/Inputs/scale.mlir --compile-from=llvm -o %t/scale.so
# RUN: %python %s %t
import json
import pathlib
import subprocess
import sys

import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
library = work / "scale.so"
np.savez(work / "x.npz", x=np.ones((6, 4), np.float32))


def run(*arguments, status=0):
    done = subprocess.run([str(squint.BIN / "squint-run"), *map(str, arguments)], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (arguments, done)
    assert status == 0 or done.stderr.startswith("squint-run: error: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stdout if status == 0 else done.stderr


assert len(run("--help")) > 1000
assert "in   x: float32[batch, 4]\n  out  y: float32[batch, 4]" in run(library)

# Standard output is one object and nothing else.
said = json.loads(run(library, "--benchmark=0.05", "--json", "--threads=2", "--dim", "batch=8"))
assert set(said) == {"latency_us", "runs", "threads", "workspace_bytes", "peak_rss_bytes"}, said
assert set(said["latency_us"]) == {"min", "median"} and 0 < said["latency_us"]["min"] <= said["latency_us"]["median"]
assert said["threads"] == 2 and said["workspace_bytes"] == 8 * 16 and said["runs"] > 1 and said["peak_rss_bytes"] > 0
assert json.loads(run(library, "--benchmark=0.05", "--json", "--profile", f"--inputs={work/'x.npz'}"))["workspace_bytes"] == 6 * 16

lines = run(library, f"--inputs={work/'x.npz'}", "--profile", f"--outputs={work/'y.npz'}").splitlines()
assert lines.pop(0) == "target: x86-64"
assert lines[0].split() == ["us", "%", "calls", "kernel", "node"] and lines[1].split()[1:] == ["100.0", "1", "scale_f32_4", "/scale/Mul"]
first = (work / "y.npz").read_bytes()
run(library, f"--inputs={work/'x.npz'}", f"--outputs={work/'y.npz'}", "--threads=3")
assert (work / "y.npz").read_bytes() == first, "equal results make equal files"

for arguments, error in (
    ((library, "--json"), "--json needs --benchmark"),
    ((library, "--profile"), "expected --inputs=FILE.npz"),
    ((library, "--benchmark=soon"), "expected --benchmark=SECONDS, got 'soon'"),
    ((library, "--benchmark", "--dim", "batch"), "expected --dim=NAME=N, got 'batch'"),
    ((library, "--benchmark", "--dim", "time=3"), "the model has no dimension 'time'"),
    ((library, "--benchmark", "--threads=-1"), "threads between 0 and 4096"),
    ((library, "--benchmark", "--weights=int8"), "--weights is for a model"),
    ((library, f"--inputs={work/'none.npz'}"), "none.npz: No such file"),
    ((library, f"--inputs={work/'x.npz'}", f"--outputs={work/'no'/'y.npz'}"), "y.npz"),
    ((library, f"--check={work/'none'}"), "none"),
    ((library, f"--check={work}"), "expected input_*.pb and output_*.pb"),
    ((work / "none.so",), "none.so"),
    ((work / "x.npz",), "x.npz"),
):
    assert error in run(*arguments, status=1), arguments
print("ok")
