# RUN: %python %s
# REQUIRES: ptx-emulator
"""A warp that brings tiles by bulk copies and warps that consume them, with full and empty mbarriers; a chain of blocks that
wait for each other in global memory. Each also with a mistake, which must be found."""
import numpy as np

from ptx_testing import ERRORS, CudaError, Gpu, assemble, header

STAGES, TILES, CONSUMERS = 3, 10, 3

# Tile i is in stage i % STAGES for the i / STAGES'th time: its parity is that count's lowest bit. The producer waits for the
# other parity, which is what a barrier that was never used answers at once.
PIPELINE = header("sm_90a") + f""".extern .shared .align 128 .b8 tiles[];
.visible .entry pipeline(.param .u64 in, .param .u64 out) .reqntid {32 * (CONSUMERS + 1)}, 1, 1 {{
  .reg .b64 %d<8>; .reg .b32 %r<20>; .reg .pred %p<4>;
  .shared .align 8 .b8 full[{8 * STAGES}];
  .shared .align 8 .b8 empty[{8 * STAGES}];
  ld.param.u64 %d0, [in]; ld.param.u64 %d1, [out];
  mov.u32 %r0, %tid.x; shr.u32 %r1, %r0, 5; and.b32 %r2, %r0, 31;
  mov.u32 %r3, full; mov.u32 %r4, empty; mov.u32 %r5, tiles;
  setp.ne.u32 %p0, %r0, 0; @%p0 bra initialized;
  mov.u32 %r6, 0;
init:
  mad.lo.u32 %r7, %r6, 8, %r3; mbarrier.init.shared.b64 [%r7], 1;
  mad.lo.u32 %r7, %r6, 8, %r4; mbarrier.init.shared.b64 [%r7], ARRIVALS;
  add.u32 %r6, %r6, 1; setp.lt.u32 %p1, %r6, {STAGES}; @%p1 bra init;
  fence.mbarrier_init.release.cluster;
initialized:
  bar.sync 0;
  mov.u32 %r6, 0; mov.u32 %r8, 0; mov.u32 %r9, 0; mov.u32 %r10, 0;
  setp.ne.u32 %p0, %r1, 0; @%p0 bra consume;
  setmaxnreg.dec.sync.aligned.u32 40;
  setp.ne.u32 %p0, %r2, 0; @%p0 bra finish;
produce:
  mad.lo.u32 %r11, %r8, 8, %r3; mad.lo.u32 %r12, %r8, 8, %r4; mad.lo.u32 %r13, %r8, 512, %r5; xor.b32 %r14, %r9, 1;
wait_empty:
  mbarrier.try_wait.parity.shared.b64 %p1, [%r12], %r14; @!%p1 bra wait_empty;
  mbarrier.arrive.expect_tx.shared.b64 _, [%r11], 512;
  mul.wide.u32 %d2, %r6, 512; add.u64 %d2, %d0, %d2;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r13], [%d2], 512, [%r11];
  add.u32 %r8, %r8, 1; setp.eq.u32 %p1, %r8, {STAGES}; @%p1 mov.u32 %r8, 0; @%p1 xor.b32 %r9, %r9, 1;
  add.u32 %r6, %r6, 1; setp.lt.u32 %p1, %r6, {TILES}; @%p1 bra produce;
  bra.uni finish;
consume:
  setmaxnreg.inc.sync.aligned.u32 232;
consume_next:
  mad.lo.u32 %r11, %r8, 8, %r3; mad.lo.u32 %r12, %r8, 8, %r4; mad.lo.u32 %r13, %r8, 512, %r5;
wait_full:
  mbarrier.try_wait.parity.shared.b64 %p1, [%r11], %r9; @!%p1 bra wait_full;
  mad.lo.u32 %r13, %r2, 16, %r13; ld.shared.v4.u32 {{%r14, %r15, %r16, %r17}}, [%r13];
  add.u32 %r14, %r14, %r15; add.u32 %r16, %r16, %r17; add.u32 %r14, %r14, %r16; mad.lo.u32 %r10, %r14, %r1, %r10;
  bar.warp.sync -1; RELEASE mbarrier.arrive.shared.b64 _, [%r12];
  add.u32 %r8, %r8, 1; setp.eq.u32 %p1, %r8, {STAGES}; @%p1 mov.u32 %r8, 0; @%p1 xor.b32 %r9, %r9, 1;
  add.u32 %r6, %r6, 1; setp.lt.u32 %p1, %r6, {TILES}; @%p1 bra consume_next;
  add.u32 %r1, %r1, -1; mad.lo.u32 %r1, %r1, 32, %r2; mul.wide.u32 %d2, %r1, 4; add.u64 %d1, %d1, %d2; st.global.u32 [%d1], %r10;
finish:
  ret;
}}
"""
ONE_LANE = "setp.eq.u32 %p3, %r2, 0; @%p3"
ONE_WARP = "setp.eq.u32 %p3, %r0, 32; @%p3"

# Block i adds its number when the one after it is done: those that started first wait for those that come last.
CHAIN = header("sm_80") + """.visible .entry chain(.param .u64 flags) {
  .reg .b64 %d<4>; .reg .b32 %r<6>; .reg .pred %p<2>;
  ld.param.u64 %d0, [flags]; mov.u32 %r0, %ctaid.x; mov.u32 %r1, %nctaid.x; mov.u32 %r2, %tid.x;
  setp.ne.u32 %p0, %r2, 0; @%p0 exit;
  mul.wide.u32 %d1, %r0, 4; add.u64 %d1, %d0, %d1; add.u32 %r3, %r0, 1; mov.u32 %r4, 1; setp.eq.u32 %p0, %r3, %r1; @%p0 bra mine;
again:
  ld.acquire.gpu.global.u32 %r4, [%d1+4]; setp.eq.u32 %p1, %r4, 0; @%p1 bra again;
mine:
  add.u32 %r4, %r4, %r0; st.release.gpu.global.u32 [%d1], %r4;
  ret;
}
"""


def run(release, arrivals):
    text = PIPELINE.replace("RELEASE", release).replace("ARRIVALS", str(arrivals))
    assemble(text, "sm_90a")
    gpu = Gpu()
    gpu.load(text)
    data = np.random.default_rng(0).integers(0, 1000, (TILES, 32, 4)).astype(np.uint32)
    out = gpu.array(np.zeros((CONSUMERS, 32), np.uint32))
    try:
        gpu.launch("pipeline", 3, 32 * (CONSUMERS + 1), gpu.array(data), out, shared=512 * STAGES)
    except CudaError as error:
        gpu.cuda.cuDevicePrimaryCtxReset_v2(0)
        return error.code
    want = data.sum((0, 2))[None] * (np.arange(CONSUMERS) + 1)[:, None]
    assert (gpu.read(out) == want).all()
    return 0


assert run(ONE_LANE, CONSUMERS) == 0
assert run("", 32 * CONSUMERS) == 0
assert run(ONE_WARP, 1) == ERRORS["LAUNCH_FAILED"]  # one warp lets go of what others still read
assert run(ONE_LANE, CONSUMERS + 1) == ERRORS["LAUNCH_FAILED"]  # never complete
assert run(ONE_LANE, CONSUMERS - 1) == ERRORS["LAUNCH_FAILED"]  # too early

assemble(CHAIN, "sm_80")
gpu = Gpu()
gpu.load(CHAIN)
flags = gpu.array(np.zeros(21, np.uint32))
gpu.launch("chain", 20, 32, flags)
assert (gpu.read(flags)[:20] == 1 + np.cumsum(np.arange(20)[::-1])[::-1]).all(), gpu.read(flags)
print("pipelines run, and their mistakes are found")
