# What goes wrong on a GPU is a status and a text: no driver, no GPU, one that is too old, too little memory, a launch that fails, an
# index in the data that is out of range; and what the compiler refuses.
# REQUIRES: squintc, squint-run, ptx-emulator
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import os
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper, numpy_helper

work = pathlib.Path(sys.argv[1])
TRIPLE = "--mtriple=nvptx64-nvidia-cuda"
failed = False


def run(library, feeds, emulator=True, **environment):
    """The exit status of squint-run and what it said."""
    np.savez(work / "in.npz", **feeds)
    variables = {f"PTX_EMULATOR_{name.upper()}": str(value) for name, value in environment.items() if name != "flags"}
    if emulator:
        variables["LD_LIBRARY_PATH"] = os.environ["SQUINT_PTX_EMULATOR"]
    command = [squint.BIN / "squint-run", library, f"--inputs={work / 'in.npz'}", f"--outputs={work / 'out.npz'}", *environment.get("flags", [])]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})
    return done.returncode, done.stderr


def expect(name, result, *texts):
    global failed
    status, said = result
    good = 0 < status < 128 and all(text in said for text in texts)
    failed |= not good
    print(f"{name}: exit {status}, {said.strip()[-300:]!r}: {'ok' if good else 'FAILED'}", flush=True)


onnx.save(models.perceptron(), work / "model.onnx")
feeds = models.feeds(models.perceptron(), 3)
old = squint.compile(work / "model.onnx", work / "sm_80.so", TRIPLE, "--mcpu=sm_80", "--weights=int8:channel")
new = squint.compile(work / "model.onnx", work / "sm_90a.so", TRIPLE, "--mcpu=sm_90a", "--weights=int8:channel")

if not any(os.path.exists(f"{folder}/libcuda.so.1") for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib")):
    expect("no driver", run(old, feeds, emulator=False), "expected a CUDA device", "libcuda.so.1")
expect("no GPU", run(old, feeds, devices=0), "expected a CUDA device")
expect("no such GPU", run(old, feeds, flags=["--device=3"]), "expected the number of one of 1 CUDA devices, got 3")
expect("too old", run(new, feeds, arch="sm_80"), "expected a GPU that runs sm_90a, got one of compute capability 8.0")
expect("another target", run(old, feeds, flags=["--target=sm_70"]), "expected a GPU that runs sm_70")
expect("memory for weights", run(old, feeds, memory=1000), "cannot allocate", "on the GPU")
expect("a launch", run(old, feeds, fail_launch=2), "CUDA_ERROR")
assert run(old, feeds, arch="sm_80")[0] == 0
assert run(old, feeds, arch="sm_90")[0] == 0, "PTX of sm_80 is for later GPUs, too"

# An index of the data is checked by the kernel that reads it, and named by its node.
table = numpy_helper.from_array(np.arange(40, dtype=np.float32).reshape(10, 4), "table")
graph = helper.make_graph([helper.make_node("Gather", ["table", "ids"], ["y"], name="look_up")], "g",
                          [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])], [table])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), work / "gather.onnx")
gather = squint.compile(work / "gather.onnx", work / "gather.so", TRIPLE, "--mcpu=sm_80")
expect("index", run(gather, {"ids": np.array([1, 10, 2])}), "look_up", "index out of range")
assert run(gather, {"ids": np.array([1, 9, -10])})[0] == 0
got = np.load(work / "out.npz")["y"]
assert (got == np.arange(40, dtype=np.float32).reshape(10, 4)[[1, 9, 0]]).all(), got


def refuse(name, *arguments, text):
    command = [squint.BIN / "squintc", work / "model.onnx", "--progress=never", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    expect(name, (done.returncode, done.stderr), text)


refuse("unknown GPU", TRIPLE, "--mcpu=sm_75", "-o", work / "x.so", text="sm_75")
refuse("not a GPU", TRIPLE, "--mcpu=znver4", "-o", work / "x.so", text="znver4")
refuse("PTX of two", TRIPLE, "--mcpu=sm_80,sm_90a", "--emit=ptx", "-o", work / "x.ptx", text="expected one target that is a GPU")
refuse("PTX of none", "--emit=ptx", "-o", work / "x.ptx", text="expected one target that is a GPU")
refuse("PTX elsewhere", TRIPLE, "--emit=ptx", "-o", work / "x.so", text="--emit=ptx with a .ptx output")
refuse("GPU as host", TRIPLE, "--host-mtriple=nvptx64-nvidia-cuda", "-o", work / "x.so", text="--host-mtriple")
refuse("no assembler", TRIPLE, "--assembler=/nowhere/ptxas", "-o", work / "x.so", text="/nowhere/ptxas")
assert not (work / "x.so").exists() and not (work / "x.ptx").exists()
sys.exit(failed)
