# Every kernel for every named GPU assembles, without spills and within bounds of registers and shared memory, which are printed;
# the instructions are those that read codes directly.
# REQUIRES: squintc, ptxas
# RUN: rm -rf %t && mkdir -p %t && %python %s %t %ptxas
import pathlib
import re
import subprocess
import sys

import models
import onnx
import squint_testing as squint

work, ptxas = pathlib.Path(sys.argv[1]), sys.argv[2]
onnx.save(models.perceptron(width=256, hidden=512, outputs=96), work / "model.onnx")
FORMATS = [
    ("int4:group=128", "f16", "f16.f16.f32"), ("int4:group=32,zero-point", "f16", "f16.f16.f32"), ("int8:channel", "f16", "f16.f16.f32"),
    ("int3:group=128", "f16", "f16.f16.f32"), ("int3:channel", "int8:token", "s8.s8.s32"), ("nf4:block=64,scale=dynamic8", "f16", "f16.f16.f32"), ("mxfp4", "f16", "f16.f16.f32"),
    ("f8e4m3", "f16", "f16.f16.f32"),
    ("int8:channel", "int8:token", "s8.s8.s32"), ("int4:group=128", "int8:token", "s8.s8.s32"), ("int4:group=32,min", "int8:group=32", "s8.s8.s32"),
    ("f8e4m3", "f8e4m3", "e4m3.e4m3.f32"),
    ("mxfp8e5m2", "f8e4m3:group=32", "e5m2.e4m3.f32"),
]
failed = False
for cpu in ("sm_80", "sm_89", "sm_90a", "sm_100a"):
    for weights, activations, product in FORMATS:
        ptx = work / "model.ptx"
        squint.compile(work / "model.onnx", ptx, "--emit=ptx", "--mtriple=nvptx64-nvidia-cuda", f"--mcpu={cpu}", f"--weights={weights}",
                       f"--activations={activations}")
        said = subprocess.run([ptxas, "-v", f"-arch={cpu}", ptx, "-o", work / "model.cubin"], capture_output=True, text=True)
        text = ptx.read_text()
        registers = [int(n) for n in re.findall(r"Used (\d+) registers", said.stderr)]
        shared = [int(n) for n in re.findall(r"(\d+) bytes smem", said.stderr)]
        spills = sum(int(n) for n in re.findall(r"(\d+) bytes spill", said.stderr))
        # Eight bits of a float are multiplied as they are where the GPU can. Without wgmma the product is in kernels for few rows and
        # for many.
        if cpu == "sm_80" and "e4m3" in product:
            product = "f16.f16.f32"
        a, b, total = product.split(".")
        group = f"wgmma.mma_async.sync.aligned.m64n64k{16 if a == 'f16' else 32}.{total}.{a}.{b}"
        single = rf"mma\.sync\.aligned\.m16n8k\d+\.row\.col\.(f32|s32)\.{a}\.{b}\.{total}"
        good = (said.returncode == 0 and not spills and max(registers) <= 255 and max(shared) <= 48 << 10 and
                "C75" not in said.stderr and (group in text) == (cpu == "sm_90a") and re.search(single, text))
        failed |= not good
        print(f"{cpu} {weights} {activations}: {len(registers)} kernels, {max(registers)} registers, {max(shared)} bytes of shared memory, "
              f"{spills} spilled: {'ok' if good else 'FAILED ' + said.stderr[:300]}", flush=True)
sys.exit(failed)
