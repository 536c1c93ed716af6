# RUN: env PTX_EMULATOR_ARCH=sm_89 %python %s
# REQUIRES: ptx-emulator
"""ldmatrix, stmatrix and mma.sync against NumPy's products, with fragments laid out as PTX describes them."""
import ml_dtypes
import numpy as np

from ptx_testing import Cases, Gpu, assemble, header

rng = np.random.default_rng(0)
lane = np.arange(32)
DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "e4m3": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2,
          "s8": np.int8, "u8": np.uint8, "tf32": np.float32}


def random(kind, shape):
    if kind in ("s8", "u8"):
        return rng.integers(-128 if kind == "s8" else 0, 128 if kind == "s8" else 256, shape).astype(DTYPES[kind])
    values = rng.standard_normal(shape).astype(np.float32)
    if kind == "tf32":
        return (values.view(np.uint32) & 0xFFFFE000).view(np.float32)
    return values.astype(DTYPES[kind])


def words(matrix, row, column):
    """Registers of 32 bits that hold `matrix[row, column...]` for every lane, the first column in the lowest bits."""
    each = 4 // matrix.itemsize
    return np.stack([matrix[row, column + i] for i in range(each)], 1).copy().view(np.uint32)[:, 0]


def fragment_a(a):
    each, registers = 4 // a.itemsize, a.shape[1] * a.itemsize // 8
    return np.stack([words(a, lane // 4 + 8 * (i % 2), 4 * each * (i // 2) + each * (lane % 4)) for i in range(registers)], 1)


def fragment_b(b):
    each, registers = 4 // b.itemsize, b.shape[0] * b.itemsize // 16
    return np.stack([words(b.T.copy(), lane // 4, 4 * each * i + each * (lane % 4)) for i in range(registers)], 1)


def fragment_c(c):
    if c.itemsize == 2:
        return np.stack([words(c, lane // 4 + 8 * i, 2 * (lane % 4)) for i in range(2)], 1)
    return np.stack([c[lane // 4 + 8 * (i // 2), 2 * (lane % 4) + i % 2] for i in range(4)], 1)


def product(shape, kinds, tolerance, saturates=""):
    k = int(shape.split("k")[1])
    d_kind, a_kind, b_kind, c_kind = kinds.split(".")
    a, b = random(a_kind, (16, k)), random(b_kind, (k, 8))
    integer = d_kind == "s32"
    c = rng.integers(-(2**31), 2**31, (16, 8)).astype(np.int32) if integer else rng.standard_normal((16, 8)).astype(
        np.float16 if c_kind == "f16" else np.float32)
    wide = np.int64 if integer else np.float64
    d = a.astype(wide) @ b.astype(wide) + c.astype(wide)
    if saturates:
        d = np.clip(d, -(2**31), 2**31 - 1)
    d = d.astype(np.int32 if integer else c.dtype)
    fragments = [fragment_a(a), fragment_b(b), fragment_c(c)]
    inputs = [np.ascontiguousarray(f[:, i]).view(np.uint32) for f in fragments for i in range(f.shape[1])]
    counts = [f.shape[1] for f in fragments]
    names = [f"%a{i}" for i in range(sum(counts))]
    groups = [", ".join(names[sum(counts[:i]):sum(counts[:i + 1])]) for i in range(3)]
    to = ", ".join(f"%z{i}" for i in range(counts[2]))
    want = fragment_c(d)
    cases.add(f"  mma.sync.aligned.{shape}.row.col{saturates}.{kinds} {{{to}}}, {{{groups[0]}}}, {{{groups[1]}}}, {{{groups[2]}}};",
              inputs, [want[:, i].copy() for i in range(counts[2])], tolerance)


cases = Cases("sm_89", "8.4")
for shape in "m16n8k16", "m16n8k8":
    product(shape, "f32.f16.f16.f32", 1e-6)
    product(shape, "f32.bf16.bf16.f32", 1e-6)
product("m16n8k8", "f32.tf32.tf32.f32", 1e-6)
for a_kind in "s8", "u8":
    for b_kind in "s8", "u8":
        product("m16n8k32", f"s32.{a_kind}.{b_kind}.s32", None)
        product("m16n8k32", f"s32.{a_kind}.{b_kind}.s32", None, ".satfinite")
        product("m16n8k16", f"s32.{a_kind}.{b_kind}.s32", None)
for a_kind in "e4m3", "e5m2":
    for b_kind in "e4m3", "e5m2":
        product("m16n8k32", f"f32.{a_kind}.{b_kind}.f32", 1e-6)
cases.run()


# Halves of sums come as pairs, which are compared by their bits.
half = Cases("sm_80")
cases = half
for shape in "m16n8k16", "m16n8k8":
    product(shape, "f16.f16.f16.f16", None)
cases.run()

# ldmatrix: the lane of group g has what stands in row g of each matrix, or, transposed, in column g.
for trans in "", ".trans":
    for count in 1, 2, 4:
        registers = ", ".join(f"%r{i}" for i in range(count))
        text = header("sm_89") + f""".visible .entry k(.param .u64 in, .param .u64 out) {{
  .reg .b64 %d<4>; .reg .b32 %r<8>, %s<8>;
  .shared .align 16 .b8 tile[512];
  ld.param.u64 %d0, [in]; ld.param.u64 %d1, [out];
  mov.u32 %s0, %tid.x;
  mul.wide.u32 %d2, %s0, 16;
  add.u64 %d0, %d0, %d2; add.u64 %d1, %d1, %d2;
  mov.u32 %s1, tile; mad.lo.u32 %s1, %s0, 16, %s1;
  ld.global.v4.b32 {{%s2, %s3, %s4, %s5}}, [%d0];
  st.shared.v4.b32 [%s1], {{%s2, %s3, %s4, %s5}};
  bar.sync 0;
  mov.b32 %r0, 0; mov.b32 %r1, 0; mov.b32 %r2, 0; mov.b32 %r3, 0;
  ldmatrix.sync.aligned.m8n8.x{count}{trans}.shared.b16 {{{registers}}}, [%s1];
  st.global.v4.b32 [%d1], {{%r0, %r1, %r2, %r3}};
  ret;
}}
"""
        assemble(text, "sm_89")
        gpu = Gpu()
        gpu.load(text)
        matrices = rng.integers(0, 65536, (4, 8, 8)).astype(np.uint16)
        out = gpu.array(np.zeros((32, 4), np.uint32))
        gpu.launch("k", 1, 32, gpu.array(matrices), out)
        turned = matrices.transpose(0, 2, 1).copy() if trans else matrices
        want = np.stack([words(turned[i], lane // 4, 2 * (lane % 4)) for i in range(4)], 1)
        want[:, count:] = 0
        assert (gpu.read(out) == want).all(), (trans, count)
print("matrices agree")
