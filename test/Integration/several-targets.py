# Several processors in one library: the best that the machine runs is taken, with the bits of a library of its own.
# REQUIRES: squintc, squint-run, x86_64, avx2
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
model = models.perceptron()
onnx.save(model, work / "model.onnx")
feeds = models.feeds(model, 13)
np.savez(work / "x.npz", **feeds)
FORMATS = ["--weights=int4:group=32", "--activations=int8:group=32"]
FLAGS = set(pathlib.Path("/proc/cpuinfo").read_text().split("\nflags", 1)[1].split("\n", 1)[0].split())
CPUS = ["x86-64-v3", "x86-64-v4", "sapphirerapids", "x86-64"]
BEST = ["sapphirerapids", "x86-64-v4", "x86-64-v3", "x86-64"]  # as the library lists them
HERE = [cpu for cpu, needed in (("sapphirerapids", "amx_int8"), ("x86-64-v4", "avx512bw"), ("x86-64-v3", "avx2"), ("x86-64", "fpu")) if needed in FLAGS]


def call(tool, *arguments, status=1):
    done = subprocess.run([str(squint.BIN / tool), *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == status, (arguments, done)
    return done.stderr if status else done.stdout


def outputs(library, *flags):
    call("squint-run", library, f"--inputs={work/'x.npz'}", f"--outputs={work/'y.npz'}", *flags, status=0)
    return (work / "y.npz").read_bytes()


library = squint.compile(work / "model.onnx", work / "several.so", f"--mcpu={','.join(CPUS)}", f"--report={work/'report.json'}", *FORMATS)
assert f"several: x86_64-unknown-linux-gnu, {','.join(BEST)}, weights" in call("squint-run", library, status=0)
assert [target["cpu"] for target in json.loads((work / "report.json").read_text())["targets"]] == BEST

# Without being asked, the best; asked, any that the machine has.
said = call("squint-run", library, f"--inputs={work/'x.npz'}", "--profile", status=0)
assert said.startswith(f"target: {HERE[0]}\n"), said
single = {}
for cpu in HERE:
    single[cpu] = squint.compile(work / "model.onnx", work / f"{cpu}.so", f"--mcpu={cpu}", *FORMATS)
    bits = outputs(single[cpu])
    assert outputs(library, f"--target={cpu}") == bits, cpu
    assert cpu == "x86-64" or bits == outputs(library), cpu
    assert call("squint-run", library, f"--inputs={work/'x.npz'}", f"--target={cpu}", "--profile", status=0).startswith(f"target: {cpu}\n")


# One copy of the weights, and the same bytes again wherever it is compiled and in whatever order the CPUs are named.
def weights(library):
    lines = subprocess.run(["llvm-readelf", "-S", "-W", library], capture_output=True, text=True, check=True).stdout.splitlines()
    return [int(line.split("PROGBITS")[1].split()[2], 16) for line in lines if ".lrodata" in line]


assert weights(library) == weights(single["x86-64-v3"]) and len(weights(library)) == 1
(work / "again").mkdir()
again = squint.compile(work / "model.onnx", work / "again" / "several.so", f"--mcpu={','.join(reversed(CPUS))}", "--jobs=1", *FORMATS)
assert again.read_bytes() == library.read_bytes()

# A processor without a feature is told which one, by a library of one target and by one of several.
if "tbm" not in FLAGS:
    lonely = squint.compile(work / "model.onnx", work / "lonely.so", "--mcpu=x86-64", "--mattr=+tbm")
    error = call("squint-run", lonely, f"--inputs={work/'x.npz'}")
    assert "expected a processor with the features of x86-64, got one without tbm" in error, error
    none = squint.compile(work / "model.onnx", work / "none.so", "--mcpu=sapphirerapids,bdver4") if "amx_int8" not in FLAGS else lonely
    error = call("squint-run", none, f"--inputs={work/'x.npz'}")
    assert "got one without tbm" in error, error
if "amx_int8" not in FLAGS:
    error = call("squint-run", library, f"--inputs={work/'x.npz'}", "--target=sapphirerapids")
    assert "expected a processor with the features of sapphirerapids, got one without " in error and "amx-int8" in error, error
error = call("squint-run", library, f"--inputs={work/'x.npz'}", "--target=znver4")
assert f"expected a target of the library ({','.join(BEST)}), got 'znver4'" in error, error

# IR of every stage knows all of them, and goes on from there.
whole = squint.compile(work / "model.onnx", work / "ir.so", "--mcpu=x86-64-v3,x86-64", *FORMATS)
assert "squint-clone-targets" in call("squintc", work / "model.onnx", "--progress=never", "--mcpu=x86-64,x86-64-v3", "--print-pipeline",
                                      "-o", work / "pipeline.so", status=0)
squint.tool("squintc", work / "model.onnx", "--progress=never", "--mcpu=x86-64,x86-64-v3", "--emit=kernel", "-o", work / "kernel.mlir", *FORMATS)
squint.tool("squintc", work / "kernel.mlir", "--compile-from=kernel", "--progress=never", "-o", work / "ir.again.so", "--prefix=ir")
assert outputs(work / "ir.again.so") == outputs(whole)

for flags, error in (
    (["--mcpu=x86-64-v3,x86-64-v4", "--mattr=+avxvnni"], "--mattr and a list of CPUs contradict each other"),
    (["--mcpu=x86-64-v3,nonesuch"], "unknown CPU 'nonesuch' for 'x86_64-unknown-linux-gnu'"),
    (["--mcpu=x86-64-v3,neoverse-n1"], "unknown CPU 'neoverse-n1' for 'x86_64-unknown-linux-gnu'"),
    (["--mcpu=x86-64-v3,x86-64-v3"], "got 'x86-64-v3' and 'x86-64-v3', of which the second would never run"),
    (["--mcpu=neoverse-n1,neoverse-v1", "--mtriple=aarch64-linux-gnu"], "libraries choose between those of x86_64 and GPUs only"),
):
    said = call("squintc", work / "model.onnx", "--progress=never", "-o", work / "bad.so", *flags)
    assert error in said, said
    assert not (work / "bad.so").exists()
print("ok")
