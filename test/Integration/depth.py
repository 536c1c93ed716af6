# Code grows with distinct shapes, not with depth: 32 layers of the same shapes take less than 1.5 times the code of 2, and about as long.
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import re
import subprocess
import sys
import time

import gguf_models
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
code, seconds = {}, {}
for layers in (2, 32):
    file = work / f"layers{layers}.gguf"
    gguf_models.write(file, "llama", block_count=layers, embedding_length=256, feed_forward_length=512, type="Q4_0")
    begin = time.perf_counter()
    library = squint.compile(file, work / f"layers{layers}.so")
    seconds[layers] = time.perf_counter() - begin
    sections = subprocess.run(["llvm-size", "-A", library], check=True, capture_output=True, text=True).stdout
    code[layers] = int(re.search(r"^\.text\s+(\d+)", sections, re.M).group(1))
print(f"code: {code[2]} and {code[32]} bytes, {seconds[2]:.1f} and {seconds[32]:.1f} s")
assert code[32] < 1.5 * code[2], code
# Loose: of a busy machine.
assert seconds[32] < 3 * seconds[2], seconds
