# RUN: %python %s
# REQUIRES: ptx-emulator
"""Every kind of fault is found: its error code, and a line that says where. The same kernel without the fault runs."""
import ctypes
import os
import re
import sys
import tempfile

import numpy as np

from ptx_testing import ERRORS, CudaError, Gpu, assemble, header

REGISTERS = """  .reg .b64 %d<8>; .reg .b32 %r<8>; .reg .pred %p<4>; .reg .b32 %t; .reg .b64 %s;
  ld.param.u64 %d0, [p0]; ld.param.u64 %d1, [p1]; mov.u32 %t, %tid.x;
"""


def kernel(body, target):
    text = header(target) + f".visible .entry k(.param .u64 p0, .param .u64 p1) {{\n{REGISTERS}{body}\n  ret;\n}}\n"
    assemble(text, target)
    return text


def run(body, threads, target, second=None):
    """The error's code and what was written to standard error."""
    gpu = Gpu()
    gpu.load(kernel(body, target))
    arrays = [gpu.array(np.arange(256, dtype=np.uint32)), second or gpu.array(np.zeros(256, np.uint32))]
    sys.stderr.flush()
    with tempfile.TemporaryFile() as log:
        saved = os.dup(2)
        os.dup2(log.fileno(), 2)
        code = 0
        try:
            gpu.launch("k", 1, threads, *arrays)
        except CudaError as error:
            code = error.code
        finally:
            os.dup2(saved, 2)
            os.close(saved)
        log.seek(0)
        text = log.read().decode()
    if code:  # stays
        value = ctypes.c_uint64()
        assert gpu.cuda.cuMemAlloc_v2(ctypes.byref(value), ctypes.c_size_t(4)) == code
        gpu.cuda.cuDevicePrimaryCtxReset_v2(0)
    return code, text


def fault(error, message, wrong, right=None, threads=32, target="sm_80", second=None):
    code, text = run(wrong, threads, target, second)
    assert code == ERRORS[error], (wrong, code, text)
    assert re.search(message, text), (message, text)
    assert re.search(r"kernel k, block \(0, 0, 0\), thread \(\d+, 0, 0\), line \d+: ", text), text
    if right:
        code, text = run(right, threads, target)
        assert code == 0, (right, code, text)


# Global memory: beyond an allocation, freed, the host's, misaligned.
fault("ILLEGAL_ADDRESS", "at byte 1024 of an allocation of 1024 bytes",
      "  ld.global.u32 %r0, [%d0+1024]; st.global.u32 [%d1], %r0;", "  ld.global.u32 %r0, [%d0+1020]; st.global.u32 [%d1], %r0;")
gpu = Gpu()
freed = gpu.array(np.zeros(256, np.uint32))
gpu.free(freed)
fault("ILLEGAL_ADDRESS", "of a freed allocation of 1024 bytes", "  st.global.u32 [%d1], 1;", second=freed)
host = np.zeros(256, np.uint32)
fault("ILLEGAL_ADDRESS", "is no address of the device", "  st.global.u32 [%d1], 1;", second=ctypes.c_uint64(host.ctypes.data))
fault("MISALIGNED_ADDRESS", "is not aligned to 8 bytes", "  st.global.v2.u32 [%d1+4], {%t, %t};", "  st.global.v2.u32 [%d1+8], {%t, %t};")

# Shared memory: beyond the block's, null, never written.
shared = "  .shared .align 16 .b8 tile[256]; .shared .align 8 .b8 bar[8]; mov.u32 %r7, tile; mul.lo.u32 %r6, %t, 4; add.u32 %r6, %r6, %r7;\n"
fault("ILLEGAL_ADDRESS", "is outside of the block's 256 bytes",
      "  .shared .align 16 .b8 tile[256]; mov.u32 %r7, tile; st.shared.u32 [%r7+256], %t;")
fault("ILLEGAL_ADDRESS", "shared address 0x0 is outside", "  .shared .align 16 .b8 tile[256]; mov.u32 %r7, 0; st.shared.u32 [%r7], %t;")
fault("LAUNCH_FAILED", "reads shared memory that was never written", shared + "  ld.shared.u32 %r0, [%r6]; st.global.u32 [%d1], %r0;",
      shared + "  st.shared.u32 [%r6], %t; ld.shared.u32 %r0, [%r6]; st.global.u32 [%d1], %r0;")
fault("LAUNCH_FAILED", "reads local memory that was never written",
      "  .local .align 4 .b8 stack[16]; mov.u64 %d2, stack; ld.local.u32 %r0, [%d2+4]; st.global.u32 [%d1], %r0;",
      "  .local .align 4 .b8 stack[16]; mov.u64 %d2, stack; st.local.u32 [%d2+4], 1; ld.local.u32 %r0, [%d2+4]; st.global.u32 [%d1], %r0;")

# Registers: what is undefined may be moved around, but not be stored, followed or branched on.
fault("LAUNCH_FAILED", "reads register %r2, which has no defined value", "  add.u32 %r2, %r1, 1; st.global.u32 [%d1], %r2;")
fault("LAUNCH_FAILED", "its guard has no defined value", "  @%p1 st.global.u32 [%d1], 1;")
fault("LAUNCH_FAILED", "reads register %r1", "  setp.eq.u32 %p1, %t, 3; @%p1 mov.u32 %r1, 1; st.global.u32 [%d1], %r1;",
      "  setp.eq.u32 %p1, %t, 3; @%p1 mov.u32 %r1, 1; @%p1 st.global.u32 [%d1], %r1;")

# Races between warps.
turned = shared.replace("256", "512") + "  xor.b32 %r5, %r6, 128;\n"
fault("LAUNCH_FAILED", r"reads what another warp wrote without a barrier between \(warp 0\)",
      turned + "  st.shared.u32 [%r6], %t; setp.lt.u32 %p0, %t, 32; @%p0 bra out; ld.shared.u32 %r0, [%r5]; st.global.u32 [%d1], %r0;\nout:",
      turned + "  st.shared.u32 [%r6], %t; bar.sync 0; ld.shared.u32 %r0, [%r5]; st.global.u32 [%d1], %r0;", threads=64)
both = turned + "  setp.lt.u32 %p0, %t, 32; st.shared.u32 [%r6], %t; bar.sync 0; @!%p0 ld.shared.u32 %r0, [%r5]; BARRIER @%p0 st.shared.u32 [%r6], 1;"
fault("LAUNCH_FAILED", r"overwrites what another warp reads without a barrier between \(warp 1\)", both.replace("BARRIER", ""),
      both.replace("BARRIER", "bar.sync 0;"), threads=64)
fault("LAUNCH_FAILED", "overwrites what another warp wrote without a barrier between", shared + "  st.shared.u32 [%r7], 1;",
      shared + "  atom.shared.exch.b32 %r0, [%r7], 1;".replace("atom", "st.shared.u32 [%r6], 1; bar.warp.sync -1; atom"), threads=64)

# Copies that are not waited for, or waited for by one warp alone.
fill = shared + "  mul.wide.u32 %s, %t, 4; add.u64 %d0, %d0, %s; cp.async.ca.shared.global [%r6], [%d0], 4; cp.async.commit_group;\n"
use = "  ld.shared.u32 %r0, [%r6]; st.global.u32 [%d1], %r0;"
fault("LAUNCH_FAILED", "an asynchronous copy is still writing", fill + "  cp.async.wait_group 1;\n" + use, fill + "  cp.async.wait_group 0;\n" + use)
fault("LAUNCH_FAILED", "an asynchronous copy is still writing", fill + "  bar.sync 0;\n" + use)
other = fill.replace("256", "512") + "  xor.b32 %r6, %r6, 128; cp.async.wait_all;\n"
fault("LAUNCH_FAILED", "reads (what another warp|shared memory that was never)", other + use, other + "  bar.sync 0;\n" + use, threads=64)

# Barriers and mbarriers that never complete.
fault("LAUNCH_FAILED", "deadlock: barrier 1 has 32 of 64 threads", "  bar.sync 1, 64;", "  bar.sync 1, 32;")
fault("LAUNCH_FAILED", "lanes of the warp that have not exited do not execute it",
      "  setp.lt.u32 %p0, %t, 16; @%p0 bra in; bra.uni out;\nin:\n  bar.sync 0;\nout:")
wait = """  mov.u32 %r7, bar; setp.ne.u32 %p0, %t, 0; @%p0 bra ready; mbarrier.init.shared.b64 [%r7], COUNT;
ready:
  bar.sync 0; mbarrier.arrive.shared.b64 %d2, [%r7];
again:
  mbarrier.test_wait.shared.b64 %p1, [%r7], %d2; @!%p1 bra again;
"""
wait = shared + wait
fault("LAUNCH_FAILED", "deadlock: the mbarrier at shared byte 256 waits for 1 arrivals", wait.replace("COUNT", "33"), wait.replace("COUNT", "32"))
fault("LAUNCH_FAILED", "uses an mbarrier that was not initialized", shared + "  mov.u32 %r7, bar; mbarrier.arrive.shared.b64 %d2, [%r7];")
fault("LAUNCH_FAILED", "more arrivals than the mbarrier's phase expects",
      shared + "  mov.u32 %r7, bar; mbarrier.init.shared.b64 [%r7], 31; mbarrier.arrive.expect_tx.shared.b64 %d2, [%r7], 16;", target="sm_90")

# Bulk copies: read before the wait, and a second copy over what another warp still reads.
bulk = shared.replace("256", "512") + """  mov.u32 %r5, bar; setp.ne.u32 %p0, %t, 0; @%p0 bra ready;
  mbarrier.init.shared.b64 [%r5], 1; fence.mbarrier_init.release.cluster; mbarrier.arrive.expect_tx.shared.b64 %d2, [%r5], 256;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r7], [%d0], 256, [%r5];
ready:
  bar.sync 0;
"""
wait = "again:\n  mbarrier.try_wait.parity.shared.b64 %p1, [%r5], 0; @!%p1 bra again;\n"
fault("LAUNCH_FAILED", "an asynchronous copy is still writing", bulk + use, bulk + wait + use, threads=64, target="sm_90")
more = """  @%p0 bra out;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r7], [%d0], 256, [%r5];
out:"""
fault("LAUNCH_FAILED", "copies over what another warp reads", bulk + wait + use + more, threads=64, target="sm_90")

# wgmma: its registers before the wait; without the fences.
wgmma = """  .reg .b32 %f<8>; .shared .align 1024 .b8 b[1024]; mov.u32 %r7, b; mad.lo.u32 %r6, %t, 8, %r7;
  st.shared.v2.u32 [%r6], {0, 0}; FENCE bar.sync 0;
  mov.u64 %d2, b; shr.u64 %d2, %d2, 4; or.b64 %d2, %d2, 4611686293305294848; setp.ne.u32 %p0, %t, %t;
  mov.b32 %f4, 0; mov.b32 %f5, 0; mov.b32 %f6, 0; mov.b32 %f7, 0; START
  wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0, %f1, %f2, %f3}, {%f4, %f5, %f6, %f7}, %d2, %p0, 1, 1, 0;
  wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned WAIT;
  st.global.u32 [%d1], %f0;
"""


def of(proxy="fence.proxy.async;", start="wgmma.fence.sync.aligned;", wait="0"):
    return wgmma.replace("FENCE", proxy).replace("START", start).replace("WAIT", wait)


fault("LAUNCH_FAILED", "touches register %f0, which wgmma.mma_async uses", of(wait="1"), of(), threads=128, target="sm_90a")
fault("LAUNCH_FAILED", "was written after the last wgmma.fence", of(start=""), threads=128, target="sm_90a")
fault("LAUNCH_FAILED", "without fence.proxy.async", of(proxy=""), threads=128, target="sm_90a")

# A bulk copy out of shared memory reads by the same proxy.
drain = shared.replace("256", "512") + """  st.shared.u32 [%r6], %t; FENCE bar.sync 0; setp.ne.u32 %p0, %t, 0; @%p0 bra out;
  cp.async.bulk.global.shared::cta.bulk_group [%d1], [%r7], 256; cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;
out:"""
fault("LAUNCH_FAILED", "without fence.proxy.async", drain.replace("FENCE", ""), drain.replace("FENCE", "fence.proxy.async;"), threads=64,
      target="sm_90")

# What lanes do together.
fault("LAUNCH_FAILED", "waits for lane 16, which takes another way",
      "  setp.lt.u32 %p0, %t, 16; @!%p0 bra out; shfl.sync.idx.b32 %r0, %t, 0, 31, -1; st.global.u32 [%d1], %r0;\nout:",
      "  shfl.sync.idx.b32 %r0, %t, 0, 31, -1; st.global.u32 [%d1], %r0;")
fault("LAUNCH_FAILED", "trap", "  trap;")
print("all faults are found")
