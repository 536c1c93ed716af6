# What measures GPUs: without one it says so; with the interpreter of PTX its kernels run, in graphs.
# REQUIRES: squintc, ptx-emulator
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import os
import pathlib
import subprocess
import sys

import squint_testing as squint

work = pathlib.Path(sys.argv[1])
SMALL = ["--shape", "32x256", "--rows", "1", "16", "--rounds=1", "--cold-bytes=1", "--peer=none", "--format", "int4:group=128/f16",
         "int8:channel/int8:token", "f8e4m3:channel/f8e4m3:token"]


def measure(*arguments, program="gpu.py", **environment):
    command = [sys.executable, squint.SOURCE / "bench" / program, "--bin", squint.BIN, "--work", work, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment}).stdout


emulator = {"LD_LIBRARY_PATH": os.environ["SQUINT_PTX_EMULATOR"]}
said = measure(*SMALL, PTX_EMULATOR_DEVICES="0", **emulator)
assert said.startswith("skipped: no CUDA device"), said
said = measure(*SMALL, **emulator)
print(said)
assert said.count("TB/s") == 6 and said.count("m=16") == 3, said
said = measure("--shape", "32x256", "--operands=Halves", "--most-rows=8", "--limit=1", "--rounds=1", "--cold-bytes=1", program="tune_nvptx.py", **emulator)
print(said)
assert said.startswith("// ") and said.count("SQUINT_GPU_TILE(") == 8, said
