# RUN: %python %s %t
# REQUIRES: ptx-emulator
"""The command line: ptx-emulator FILE.ptx --kernel=NAME ARGUMENT..."""
import os
import pathlib
import subprocess
import sys

import numpy as np

from ptx_testing import header

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
os.chdir(folder)
pathlib.Path("add.ptx").write_text(header() + """.visible .entry add(.param .u64 a, .param .u64 c, .param .f32 by, .param .u32 n) {
  .reg .b64 %d<4>; .reg .b32 %r<4>; .reg .f32 %f<2>; .reg .pred %p;
  mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x; mad.lo.u32 %r0, %r0, %r1, %r2;
  ld.param.u32 %r3, [n]; setp.ge.u32 %p, %r0, %r3; @%p exit;
  ld.param.u64 %d0, [a]; ld.param.u64 %d1, [c]; mul.wide.u32 %d2, %r0, 4; add.u64 %d0, %d0, %d2; add.u64 %d1, %d1, %d2;
  ld.global.f32 %f0, [%d0]; ld.param.f32 %f1, [by]; add.f32 %f0, %f0, %f1; st.global.f32 [%d1], %f0;
  ret;
}
""")
a = np.arange(100, dtype=np.float32)
np.save("a.npy", a)


def run(*arguments, status=0):
    tool = pathlib.Path(os.environ["SQUINT_PTX_EMULATOR"], "ptx-emulator")
    result = subprocess.run([tool, *arguments], capture_output=True, text=True)
    assert result.returncode == status, (arguments, result)
    return result.stdout + result.stderr


run("add.ptx", "--grid=4", "in:a.npy", "out:c.bin:400", "f32:1.5", "i32:100")
assert (np.fromfile("c.bin", np.float32) == a + 1.5).all()
run("add.ptx", "--kernel=add", "--grid=2,2", "--block=25,1,1", "in:c.bin:400", "inout:a.npy:400", "f32:-2", "i32:0x64")
assert " 4 ld.global.f32" in run("add.ptx", "--grid=4", "--trace", "in:a.npy", "out:c.bin:400", "f32:0", "i32:100")
text = run("add.ptx", "--grid=4", "in:c.bin", "out:d.bin:396", "f32:1", "i32:100", status=1)
assert "kernel add, block (3, 0, 0), thread (3, 0, 0), line 9: st.global.f32 [%d1], %f0: address" in text, text
assert "at byte 396 of an allocation of 396 bytes" in text
for arguments, message in {("add.ptx", "i32:1"): "add has 4 parameters, got 1 arguments",
                           ("add.ptx", "--kernel=sub"): "expected one of add, got 'sub'",
                           ("add.ptx", "i32:1", "i64:1", "f32:1", "i32:1"): "parameter 0 has 8 bytes, got 4 (i32:1)",
                           ("none.ptx",): "cannot read none.ptx", ("a.npy",): "a.npy: line 1: ", ("--what",): "unknown option --what",
                           ("add.ptx", "--grid=0"): "expected sizes of at least 1"}.items():
    text = run(*arguments, status=2)
    assert message in text, (message, text)
assert "usage: ptx-emulator FILE.ptx" in run("--help")
print("the tool does as it says")
