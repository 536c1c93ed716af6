# RUN: %python %s
# REQUIRES: ptx-emulator
"""wgmma.mma_async against NumPy's product: every type, A from registers and from shared memory, every swizzle, both majors."""
import ml_dtypes
import numpy as np

from ptx_testing import Gpu, assemble, header

rng = np.random.default_rng(0)
DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "e4m3": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2,
          "s8": np.int8, "u8": np.uint8}
SWIZZLES = {16: 0, 128: 1, 64: 2, 32: 3}
thread = np.arange(128)


def random(kind, shape):
    if kind in ("s8", "u8"):
        return rng.integers(-128 if kind == "s8" else 0, 128 if kind == "s8" else 256, shape).astype(DTYPES[kind])
    return rng.standard_normal(shape).astype(DTYPES[kind])


def image(matrix, bytes, swizzle, transposed):
    """The bytes in shared memory of matrix[row, k] and the offsets of its descriptor, leading and stride."""
    rows, size = matrix.shape[0], matrix.itemsize
    across = (matrix.T if transposed else matrix).copy()  # [line][what is contiguous]
    lines, run = across.shape[0], across.shape[1] * size
    raw = across.view(np.uint8).reshape(lines, run)
    out = np.zeros(bytes, np.uint8)
    if swizzle == 16:  # 8 lines of 16 bytes in a row
        along, groups = 128, 128 * (run // 16)
        leading, stride = (groups, along) if transposed else (along, groups)
    else:  # a pattern of 8 lines; what is wider than it goes on after all lines
        stride = 8 * swizzle
        along = stride * ((lines + 7) // 8)
        groups, leading = stride, along if transposed else 0
    for line in range(lines):
        for at in range(0, run, 16):
            offset = line // 8 * groups + line % 8 * swizzle
            offset += at // swizzle * along + at % swizzle
            if swizzle > 16:
                offset ^= (offset >> 7 & swizzle // 16 - 1) << 4
            out[offset:offset + 16] = raw[line, at:at + 16]
    return out, leading, stride


def descriptor(swizzle, leading, stride):
    return leading >> 4 << 16 | stride >> 4 << 32 | SWIZZLES[swizzle] << 62


def fragment(matrix):
    """A's registers, of all 128 threads."""
    each = 4 // matrix.itemsize
    row = 16 * (thread // 32) + thread % 32 // 4
    parts = []
    for i in range(4):
        column = 4 * each * (i // 2) + each * (thread % 4)
        bits = np.stack([matrix[row + 8 * (i % 2), column + j] for j in range(each)], 1)
        parts.append(bits.copy().view(np.uint32)[:, 0])
    return np.stack(parts, 1)


def kernel(name, n, kinds, registers, desc_a, desc_b, trans, body=""):
    """D = A B twice, the second time added to the first."""
    d_kind, a_kind, _ = kinds
    depth = 32 // np.dtype(DTYPES[a_kind]).itemsize
    count = n // (4 if d_kind == "f16" else 2)
    d = ", ".join(f"%s{i}" for i in range(count))
    a = "{%f0, %f1, %f2, %f3}" if registers else "%da"
    signs = "" if d_kind == "s32" else ", 1, 1"
    if a_kind in ("f16", "bf16"):
        signs += f", {trans[1]}" if registers else f", {trans[0]}, {trans[1]}"
    op = f"wgmma.mma_async.sync.aligned.m64n{n}k{depth}.{'.'.join(kinds)}"
    stores = "\n".join(f"  st.global.b32 [%q1+{4 * i}], %s{i};" for i in range(count))
    return f""".visible .entry {name}(.param .u64 in, .param .u64 fragments, .param .u64 out) .reqntid 128, 1, 1 {{
  .reg .b64 %q<8>, %da, %db; .reg .b32 %r<8>, %f<4>, %s<{count}>; .reg .pred %p, %never;
  .shared .align 1024 .b8 a[8192];
  .shared .align 1024 .b8 b[32768];
  .shared .align 8 .b8 full[8];
  ld.param.u64 %q0, [in]; ld.param.u64 %q1, [out]; ld.param.u64 %q2, [fragments];
  mov.u32 %r0, %tid.x;
  mul.wide.u32 %q3, %r0, {4 * count}; add.u64 %q1, %q1, %q3;
  mul.wide.u32 %q3, %r0, 16; add.u64 %q2, %q2, %q3;
  ld.global.v4.b32 {{%f0, %f1, %f2, %f3}}, [%q2];
  setp.ne.u32 %p, %r0, 0;
  @%p bra started;
  mov.u32 %r1, full; mov.u32 %r2, a; mov.u32 %r3, b;
  mbarrier.init.shared.b64 [%r1], 1;
  fence.mbarrier_init.release.cluster;
  mbarrier.arrive.expect_tx.shared.b64 %q4, [%r1], 40960;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%q0], 8192, [%r1];
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r3], [%q0+8192], 32768, [%r1];
started:
  bar.sync 0;
  mov.u32 %r1, full;
waiting:
  mbarrier.try_wait.parity.shared.b64 %p, [%r1], 0;
  @!%p bra waiting;
  mov.u64 %q5, a; and.b64 %q5, %q5, 0x3ffff; shr.u64 %q5, %q5, 4; or.b64 %da, %q5, {desc_a};
  mov.u64 %q5, b; and.b64 %q5, %q5, 0x3ffff; shr.u64 %q5, %q5, 4; or.b64 %db, %q5, {desc_b};
  setp.ne.u32 %never, %r0, %r0;
  wgmma.fence.sync.aligned;
  {op} {{{d}}}, {a}, %db, %never{signs};
  {op} {{{d}}}, {a}, %db, 1{signs};
  wgmma.commit_group.sync.aligned;
{body}
  wgmma.wait_group.sync.aligned 0;
{stores}
  ret;
}}
"""


def unfragment(out, n, is_half):
    d = np.zeros((64, n))
    row = 16 * (thread // 32) + thread % 32 // 4
    for i in range(out.shape[1]):
        if is_half:
            for j in range(2):
                d[row + 8 * (i % 2), 8 * (i // 2) + 2 * (thread % 4) + j] = out.view(np.float16)[:, 2 * i + j]
        else:
            d[row + 8 * (i // 2 % 2), 8 * (i // 4) + 2 * (thread % 4) + i % 2] = out[:, i]
    return d


def run(configurations):
    text, expected = header("sm_90a", "8.4"), []
    for i, (n, kinds, registers, swizzle_a, swizzle_b, trans) in enumerate(configurations):
        depth = 32 // np.dtype(DTYPES[kinds[1]]).itemsize
        a, b = random(kinds[1], (64, depth)), random(kinds[2], (n, depth))
        image_a, *offsets_a = image(a, 8192, swizzle_a, trans[0])
        image_b, *offsets_b = image(b, 32768, swizzle_b, trans[1])
        text += kernel(f"k{i}", n, kinds, registers, descriptor(swizzle_a, *offsets_a), descriptor(swizzle_b, *offsets_b), trans)
        wide = np.float64
        expected.append((np.concatenate([image_a, image_b]), fragment(a), 2 * a.astype(wide) @ b.astype(wide).T))
    assemble(text, "sm_90a")
    gpu = Gpu()
    gpu.load(text)
    for i, (configuration, (shared, fragments, want)) in enumerate(zip(configurations, expected)):
        n, kinds = configuration[:2]
        is_half = kinds[0] == "f16"
        kind = np.int32 if kinds[0] == "s32" else np.uint32 if is_half else np.float32
        out = gpu.array(np.zeros((128, n // (4 if is_half else 2)), kind))
        gpu.launch(f"k{i}", 1, 128, gpu.array(shared), gpu.array(fragments), out)
        got = unfragment(gpu.read(out), n, is_half)
        error = np.abs(got - want).max() / np.abs(want).max()
        assert error < (2e-3 if is_half else 1e-6), (configuration, error)
    print(f"{len(configurations)} products agree")


f32 = ("f32", "f16", "f16")
run([(n, f32, True, 128, 128, (0, 0)) for n in (8, 16, 64, 128, 256)]
    + [(32, f32, False, a, b, (0, 0)) for a in (16, 32, 64, 128) for b in (16, 32, 64, 128)]
    + [(64, f32, False, a, b, trans) for a, b in ((128, 128), (64, 32), (32, 64), (16, 16)) for trans in ((0, 1), (1, 0), (1, 1))]
    + [(32, kinds, registers, 128, 32, (0, 0)) for registers in (False, True)
       for kinds in (("f32", "bf16", "bf16"), ("f16", "f16", "f16"), ("f32", "e4m3", "e4m3"), ("f32", "e4m3", "e5m2"),
                     ("f16", "e5m2", "e5m2"), ("s32", "s8", "s8"), ("s32", "u8", "s8"))])
