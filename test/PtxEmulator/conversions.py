# RUN: env PTX_EMULATOR_ARCH=sm_90 %python %s
# REQUIRES: ptx-emulator
"""cvt between floats, and between floats and integers, against NumPy and ml_dtypes."""
import ml_dtypes
import numpy as np

from ptx_testing import Cases

rng = np.random.default_rng(0)
np.seterr(all="ignore")
COUNT = 256
DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64,
          "e4m3": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2}
NAN = {"f16": 0x7FFF, "bf16": 0x7FFF, "f32": 0x7FFFFFFF, "e4m3": 0x7F, "e5m2": 0x7F}
cases = Cases("sm_90", "8.1")


def numbers(kind, span=30):
    values = rng.standard_normal(COUNT) * 2.0 ** rng.integers(-span, span, COUNT)
    # Halfway between two numbers of the small formats, and just beside.
    ties = np.ldexp(rng.integers(0, 4096, COUNT // 4) + 0.5, rng.integers(-24, 6, COUNT // 4))
    values[::4] = ties
    values[1::16] = np.nextafter(ties[:COUNT // 16].astype(np.float32), np.float32(np.inf))
    values[[3, 7, 11, 15, 19, 23]] = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0]
    return values.astype(DTYPES[kind])


def canonical(values, kind):
    values = values.astype(DTYPES[kind])
    bits = values.view(f"u{values.itemsize}").copy()
    if kind in NAN:
        bits[np.isnan(values.astype(np.float64))] = NAN[kind]
    return bits


def pairs(values):
    """Two neighbours in one number of twice the width, the first in the lower half."""
    return values.reshape(-1, 2).copy().view(f"u{2 * values.itemsize}")[:, 0]


wide, small = numbers("f32"), {kind: numbers(kind, 6) for kind in ("f16", "bf16")}
for kind in "f16", "bf16":
    narrow = canonical(wide, kind)
    cases.add(f"  cvt.rn.{kind}.f32 %z0, %a0;", [wide], [narrow])
    cases.add(f"  cvt.rn.{kind}x2.f32 %z0, %a1, %a0;", [wide[::2].copy(), wide[1::2].copy()], [pairs(narrow)])
    cases.add(f"  cvt.rn.relu.{kind}x2.f32 %z0, %a1, %a0;", [wide[::2].copy(), wide[1::2].copy()],
              [pairs(np.where(narrow >> 15 == 1, 0, narrow).astype(np.uint16))])
    cases.add(f"  cvt.f32.{kind} %z0, %a0;", [small[kind]], [small[kind].astype(np.float32)], 0)
    # Towards zero, what rounds up has one less in magnitude.
    finite = np.where(np.isfinite(wide), wide, 1).astype(np.float32)
    near = finite.astype(DTYPES[kind])
    bits = near.view(np.uint16).copy()
    bits[abs(near.astype(np.float64)) > abs(finite.astype(np.float64))] -= 1
    cases.add(f"  cvt.rz.{kind}.f32 %z0, %a0;", [finite], [bits])
cases.add("  cvt.rn.f16.f64 %z0, %a0;", [wide.astype(np.float64)], [canonical(wide, "f16")])
cases.add("  cvt.f64.f32 %z0, %a0;", [wide], [wide.astype(np.float64)], 0)
double = numbers("f64")
cases.add("  cvt.rn.f32.f64 %z0, %a0;", [double], [double.astype(np.float32)], 0)
tf32 = np.where(np.isfinite(wide), wide, 2).astype(np.float32)
cases.add("  cvt.rna.tf32.f32 %z0, %a0;", [tf32], [(tf32.view(np.uint32) + 0x1000) & 0xFFFFE000])

# 8 bits: saturated to the largest number, NaN stays.
for kind, largest in ("e4m3", 448.0), ("e5m2", 57344.0):
    values = (wide * 2.0 ** rng.integers(-12, 4, COUNT)).astype(np.float32)
    want = canonical(np.clip(values, -largest, largest), kind)
    cases.add(f"  cvt.rn.satfinite.{kind}x2.f32 %z0, %a1, %a0;", [values[::2].copy(), values[1::2].copy()], [pairs(want)])
    half = small["f16"]
    want = canonical(np.clip(half.astype(np.float32), -largest, largest), kind)
    cases.add(f"  cvt.rn.satfinite.{kind}x2.f16x2 %z0, %a0;", [pairs(half)], [pairs(want)])
    codes = np.arange(256, dtype=np.uint8)
    cases.add(f"  cvt.rn.f16x2.{kind}x2 %z0, %a0;", [pairs(codes)], [pairs(canonical(codes.view(DTYPES[kind]), "f16"))])

# Integers: what is too large gives the nearest, NaN gives 0.
for kind in "f16", "f32", "f64":
    values = numbers(kind, 8 if kind == "f16" else 40)
    exact = values.astype(np.float64)
    for bits in 8, 16, 32, 64:
        for sign in "us":
            low, high = (0, 2**bits - 1) if sign == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
            for mode, rounding in {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}.items():
                want = [0 if np.isnan(x) else low if x <= low else high if x >= high else int(x) for x in rounding(exact)]
                dtype = np.dtype(f"{'u' if sign == 'u' else 'i'}{bits // 8}")
                cases.add(f"  cvt.{mode}.{sign}{bits}.{kind} %z0, %a0;", [values], [np.array(want, dtype)])
    if kind != "f16":
        for mode, rounding in {"rni": np.rint, "rzi": np.trunc, "rmi": np.floor, "rpi": np.ceil}.items():
            cases.add(f"  cvt.{mode}.{kind}.{kind} %z0, %a0;", [values], [rounding(values)], 0)
for bits in 8, 16, 32, 64:
    for sign in "ui":
        values = rng.integers(0, 2**63, COUNT, dtype=np.uint64)
        values[::2] *= 2
        values[1::4] = values[1::4] >> np.uint64(38) | np.uint64(1) << np.uint64(25)
        values = values.astype(f"u{bits // 8}").view(f"{sign}{bits // 8}")
        source = f"{'s' if sign == 'i' else 'u'}{bits}"
        cases.add(f"  cvt.rn.f32.{source} %z0, %a0;", [values], [values.astype(np.float32)], 0)
        cases.add(f"  cvt.rn.f64.{source} %z0, %a0;", [values], [values.astype(np.float64)], 0)
        if bits <= 16:
            cases.add(f"  cvt.rn.f16.{source} %z0, %a0;", [values], [values.astype(np.float16)], 0)
    # Towards minus infinity, by the distance of the nearest, in integers.
    near = values.astype(np.float32)
    above = np.array([int(n) > int(v) for n, v in zip(near, values)])
    cases.add(f"  cvt.rm.f32.{source} %z0, %a0;", [values],
              [np.where(above, np.nextafter(near, np.float32(-np.inf)), near)], 0)
cases.run()
