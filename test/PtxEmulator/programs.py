# RUN: %python %s
# REQUIRES: ptx-emulator
"""Warp operations, atomics, memory of every space, control flow, calls and declarations: whole kernels against NumPy."""
import ctypes

import numpy as np

from ptx_testing import Cases, Gpu, assemble, header

rng = np.random.default_rng(0)
lane = np.arange(64) % 32
group = np.arange(64) // 32 * 32
cases = Cases("sm_80")
values = rng.integers(0, 2**32, 64, dtype=np.uint64).astype(np.uint32)
small = rng.integers(0, 4, 64).astype(np.uint32)

# shfl in segments of 32 and of 8 lanes; out of range, a lane keeps its own.
for width in 32, 8:
    segment = (32 - width) << 8
    inside = lane % width
    for b in 0, 1, 3, 9:
        for name, source, ok in (("up", inside - b, inside - b >= 0), ("down", inside + b, inside + b < width),
                                 ("bfly", lane ^ b, (lane ^ b) < (lane // width + 1) * width), ("idx", np.full(64, b % width), np.full(64, True))):
            start = np.zeros(64, int) if name == "bfly" else lane // width * width
            at = np.where(ok, source + start, lane) + group
            c = segment | (0 if name == "up" else 31)
            cases.add(f"  shfl.sync.{name}.b32 %z0|%p0, %a0, {b}, {c}, -1; selp.b32 %z1, 1, 0, %p0;", [values],
                      [values[at], ok.astype(np.uint32)])

by_warp = small.reshape(2, 32)
mask = lambda condition: np.repeat([int((row << np.arange(32)).sum()) for row in condition.reshape(2, 32)], 32).astype(np.uint32)
is_two = by_warp == 2
cases.add("  setp.eq.u32 %p0, %a0, 2; vote.sync.ballot.b32 %z0, %p0, -1;", [small], [mask(is_two)])
for name, want in (("any", is_two.any(1)), ("all", is_two.all(1)), ("uni", is_two.all(1) | ~is_two.any(1))):
    cases.add(f"  setp.eq.u32 %p0, %a0, 2; vote.sync.{name}.pred %p1, %p0, -1; selp.b32 %z0, 1, 0, %p1;", [small],
              [np.repeat(want, 32).astype(np.uint32)])
cases.add("  match.any.sync.b32 %z0, %a0, -1;", [small],
          [np.concatenate([[int(((row == x) << np.arange(32)).sum()) for x in row] for row in by_warp]).astype(np.uint32)])
cases.add("  match.all.sync.b32 %z0|%p0, %a0, -1; selp.b32 %z1, 1, 0, %p0;", [small], [np.zeros(64, np.uint32)] * 2)
words = values.reshape(2, 32)
for name, want in (("add", words.sum(1, dtype=np.uint32)), ("min", words.min(1)), ("max", words.max(1)),
                   ("and", np.bitwise_and.reduce(words, 1)), ("or", np.bitwise_or.reduce(words, 1)), ("xor", np.bitwise_xor.reduce(words, 1))):
    kind = "u32" if name in ("add", "min", "max") else "b32"
    cases.add(f"  redux.sync.{name}.{kind} %z0, %a0, -1;", [values], [np.repeat(want, 32)])
cases.add("  redux.sync.min.s32 %z0, %a0, -1;", [values.view(np.int32)], [np.repeat(words.view(np.int32).min(1), 32)])
cases.add("  activemask.b32 %z0; setp.lt.u32 %p0, %a0, 2; @%p0 bra done; activemask.b32 %z0;\ndone:", [small],
          [np.where(small < 2, 0xFFFFFFFF, mask(by_warp >= 2)).astype(np.uint32)])
cases.add("  mov.u32 %z0, %laneid; mov.u32 %z1, %warpid; mov.u32 %z2, %ntid.x; mov.u32 %z3, %nctaid.x;", [small],
          [lane.astype(np.uint32), np.zeros(64, np.uint32), np.full(64, 32, np.uint32), np.full(64, 2, np.uint32)])
cases.add("  mov.u32 %z0, %lanemask_lt; mov.u32 %z1, %lanemask_ge;", [small],
          [(2**lane - 1).astype(np.uint32), (2**32 - 2**lane).astype(np.uint32)])
cases.add("  mov.b64 %d0, {%a0, %a0}; mov.b64 {%r0, %r1}, %d0; mov.b32 {%h0, %h1}, %r1; mov.b32 %z0, {%h1, %h0};", [values],
          [(values << 16 | values >> 16).astype(np.uint32)])

# Control flow: loops of different length by lane, nested branches, a table of targets, exits in the middle.
cases.add("""  mov.u32 %z0, 0; mov.u32 %r0, %a0;
again:
  setp.le.u32 %p0, %r0, 1; @%p0 bra done;
  add.u32 %z0, %z0, 1; and.b32 %r1, %r0, 1; setp.eq.u32 %p1, %r1, 0; @%p1 bra even;
  mad.lo.u32 %r0, %r0, 3, 1; bra.uni again;
even:
  shr.u32 %r0, %r0, 1; bra.uni again;
done:""", [start := (np.arange(64) + 1).astype(np.uint32)],
          [np.array([next(i for i in range(999) if (lambda f, x: f(f, x, i))(
              lambda f, x, i: x if i == 0 else f(f, x // 2 if x % 2 == 0 else 3 * x + 1, i - 1), int(n)) == 1) for n in start], np.uint32)])
cases.add("""table: .branchtargets zero, one, two, three;
  brx.idx %a0, table;
zero: mov.u32 %z0, 100; bra.uni out;
one: mov.u32 %z0, 101; bra.uni out;
two: mov.u32 %z0, 102;
three: mov.u32 %z0, 103;
out:""", [small], [np.array([100, 101, 103, 103], np.uint32)[small]])
cases.add("""  { .reg .b32 %r0; .reg .pred P; mov.u32 %r0, %a0; setp.eq.u32 P, %r0, 1; @P bra L; add.u32 %r0, %r0, 10;
L: mov.u32 %z0, %r0; }
  { .reg .pred P; setp.eq.u32 P, %a0, 2; @P bra L; add.u32 %z0, %z0, 100;
L: }""", [small], [(small + np.where(small == 1, 0, 10) + np.where(small == 2, 0, 100)).astype(np.uint32)])
cases.run()

# Spaces, declarations, calls, atomics; parameters as bytes, constants, initial values.
TEXT = header() + """.const .align 4 .b32 table[4] = {10, 20, 30, 40};
.global .align 8 .b8 state[8] = {1, 2, 3, 4, 5, 6, 7, 255};
.global .align 4 .f32 numbers[2] = {0f3FC00000, 0f40200000};
.extern .shared .align 16 .b8 dynamic[];
.func (.param .b32 result) twice_plus(.param .b32 x, .param .align 8 .b8 pair[16]) {
  .reg .b32 %r<4>; .reg .b64 %d<2>; .reg .pred %p;
  ld.param.b32 %r0, [x]; ld.param.b64 %d0, [pair+8]; cvt.u32.u64 %r1, %d0;
  setp.gt.u32 %p, %r0, 20; @%p bra large;
  mad.lo.u32 %r0, %r0, 2, %r1; st.param.b32 [result], %r0; ret;
large:
  st.param.b32 [result], 7; ret;
}
.visible .entry spaces(.param .align 8 .b8 s[24], .param .u32 n, .param .u64 out) .maxntid 64, 1, 1 {
  .local .align 8 .b8 depot[16];
  .reg .b64 %SP, %SPL, %d<10>; .reg .b32 %r<20>; .reg .f32 %f<4>; .reg .pred %p;
  mov.u64 %SPL, depot; cvta.local.u64 %SP, %SPL;
  mov.u32 %r0, %tid.x; ld.param.u64 %d0, [out]; mul.wide.u32 %d1, %r0, 32; add.u64 %d0, %d0, %d1;
  st.u32 [%SP+4], %r0; ld.local.u32 %r1, [%SPL+4]; st.global.u32 [%d0], %r1;
  and.b32 %r2, %r0, 3; mul.wide.u32 %d2, %r2, 4; mov.u64 %d3, table; add.u64 %d3, %d3, %d2;
  ld.const.u32 %r3, [%d3]; st.global.u32 [%d0+4], %r3;
  ld.global.s8 %r4, [state+7]; ld.global.u8 %r5, [state+7]; add.s32 %r4, %r4, %r5; st.global.u32 [%d0+8], %r4;
  ld.global.v2.f32 {%f0, %f1}, [numbers]; add.f32 %f0, %f0, %f1; st.global.f32 [%d0+12], %f0;
  mov.u64 %d4, s; cvta.param.u64 %d4, %d4; ld.u32 %r6, [%d4+20]; ld.param.u32 %r7, [n]; add.u32 %r6, %r6, %r7; st.global.u32 [%d0+16], %r6;
  mov.u64 %d5, dynamic; cvta.shared.u64 %d6, %d5; mul.wide.u32 %d7, %r0, 4; add.u64 %d6, %d6, %d7; add.u64 %d5, %d5, %d7;
  st.u32 [%d6], %r0; ld.shared.u32 %r8, [%d5]; mov.u32 %r9, %dynamic_smem_size; add.u32 %r8, %r8, %r9; st.global.u32 [%d0+20], %r8;
  { .param .b32 a; .param .align 8 .b8 b[16]; .param .b32 c;
    st.param.b32 [a], %r0; st.param.b64 [b+8], 5; call.uni (c), twice_plus, (a, b); ld.param.b32 %r10, [c]; }
  st.global.u32 [%d0+24], %r10;
  isspacep.shared %p, %d6; selp.b32 %r11, 1, 0, %p; isspacep.global %p, %d0; selp.b32 %r12, 2, 0, %p; add.u32 %r11, %r11, %r12;
  st.global.u32 [%d0+28], %r11;
  ret;
}
.visible .entry sums(.param .u64 in, .param .u64 out) {
  .reg .b64 %d<4>; .reg .b32 %r<8>; .reg .f32 %f; .reg .b16 %h<2>; .shared .align 4 .b32 total; .reg .pred %p;
  ld.param.u64 %d0, [in]; ld.param.u64 %d1, [out]; mov.u32 %r0, %tid.x; mov.u32 %r7, %ctaid.x; mov.u32 %r6, %ntid.x;
  mad.lo.u32 %r7, %r7, %r6, %r0; mul.wide.u32 %d2, %r7, 4; add.u64 %d0, %d0, %d2; ld.global.nc.u32 %r1, [%d0];
  setp.eq.u32 %p, %r0, 0; @%p st.shared.u32 [total], 0; bar.sync 0;
  atom.shared.add.u32 %r2, [total], %r1; bar.sync 0;
  @%p ld.shared.u32 %r3, [total]; @%p red.global.add.u32 [%d1], %r3;
  red.global.max.s32 [%d1+4], %r1; red.global.min.u32 [%d1+8], %r1;
  cvt.rn.f32.u32 %f, %r1; red.global.add.f32 [%d1+12], %f;
  cvt.rn.f16.u32 %h0, %r7; mov.b32 %r4, {%h0, %h0}; red.global.add.noftz.f16x2 [%d1+16], %r4;
  atom.global.inc.u32 %r5, [%d1+20], 9; atom.global.cas.b32 %r5, [%d1+24], 0, %r1; atom.global.or.b32 %r5, [%d1+28], %r1;
  bar.red.popc.u32 %r5, 0, %p; barrier.sync 0; bar.red.or.pred %p, 0, %p; @!%p trap;
  setp.eq.u32 %p, %r5, 1; @!%p trap;
  ret;
}
"""
assemble(TEXT, "sm_80")
gpu = Gpu()
gpu.load(TEXT)
out = gpu.array(np.zeros((64, 8), np.uint32))
struct = (ctypes.c_uint32 * 6)(0, 0, 0, 0, 0, 40)
gpu.launch("spaces", 1, 64, struct, 2, out, shared=1024)
got, t = gpu.read(out), np.arange(64)
want = [t, np.array([10, 20, 30, 40])[t % 4], np.full(64, 254), np.full(64, np.float32(4.0).view(np.uint32)), np.full(64, 42), t + 1024,
        np.where(t > 20, 7, 2 * t + 5), np.full(64, 3)]
assert (got == np.stack(want, 1)).all(), got[:4]

numbers = rng.integers(1, 100, 256).astype(np.uint32)
start = np.zeros(8, np.uint32)
start[2] = 1000
out = gpu.array(start)
gpu.launch("sums", 4, 64, gpu.array(numbers), out)
got = gpu.read(out)
half = np.float16(0)
for i in range(256):
    half = np.float16(half + np.float16(i))
assert list(got[:4]) == [numbers.sum(), numbers.max(), numbers.min(), np.float32(numbers.sum()).view(np.uint32)], got
assert list(got[4:]) == [int(half.view(np.uint16)) * 0x10001, 256 % 10, numbers[got[6] == numbers][0], np.bitwise_or.reduce(numbers)], got
print("programs agree")
