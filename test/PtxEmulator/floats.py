# RUN: %python %s
# REQUIRES: ptx-emulator
"""Floating-point instructions against exact rational numbers rounded once, NumPy, ml_dtypes and the C library."""
import ctypes
import ctypes.util
import fractions

import ml_dtypes
import numpy as np

from ptx_testing import Cases

rng = np.random.default_rng(0)
np.seterr(all="ignore")
COUNT = 128
DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64}


def numbers(kind, special=True):
    """Of all sizes, with the numbers at which something happens among them."""
    dtype = DTYPES[kind]
    info = ml_dtypes.finfo(dtype)
    span = {"f16": 8, "bf16": 60, "f32": 60, "f64": 400}[kind]
    values = (rng.standard_normal(COUNT) * 2.0 ** rng.integers(-span, span, COUNT)).astype(dtype)
    edge = [0.0, -0.0, 1.0, -1.0, 1.5, float(info.max), float(info.smallest_subnormal), float(info.tiny), -float(info.tiny)]
    if special:
        edge += [np.inf, -np.inf, np.nan]
    values[rng.permutation(COUNT)[:len(edge)]] = np.array(edge).astype(dtype)
    return values


def rounded(exact, dtype, mode="rn"):
    """The number of `dtype` that a rational number rounds to: of the three nearby, the one that the mode asks for."""
    guess = np.array([float(exact)]).astype(dtype)[0]
    largest = ml_dtypes.finfo(dtype).max
    if mode != "rn" and abs(exact) > fractions.Fraction(float(largest)):
        inward = mode == "rz" or (mode == "rm") == (exact > 0)
        return (largest if inward else dtype(np.inf)) * dtype(1 if exact > 0 else -1)
    if not np.isfinite(guess):
        guess = np.sign(guess).astype(dtype) * largest
    integer = np.dtype(f"i{np.dtype(dtype).itemsize}")
    below, above = (np.array([x]).astype(dtype)[0] for x in (-np.inf, np.inf))
    near = sorted({float(np.nextafter(guess, below)), float(guess), float(np.nextafter(guess, above))})
    as_fraction = lambda x: fractions.Fraction(x) if np.isfinite(x) else None
    # Infinity rounds like the number that would come after the largest.
    step = fractions.Fraction(float(largest)) - fractions.Fraction(float(np.nextafter(largest, dtype(0))))
    exacts = [as_fraction(x) if np.isfinite(x) else (fractions.Fraction(float(largest)) + step) * (1 if x > 0 else -1) for x in near]
    if mode == "rz":
        mode = "rm" if exact > 0 else "rp"
    if mode == "rm":
        at = max(i for i, x in enumerate(exacts) if x <= exact)
    elif mode == "rp":
        at = min(i for i, x in enumerate(exacts) if x >= exact)
    else:
        even = lambda i: int(np.array([near[i]]).astype(dtype).view(integer)[0]) & 1
        at = min(range(3 if len(near) == 3 else len(near)), key=lambda i: (abs(exacts[i] - exact), even(i)))
    return np.array([near[at]]).astype(dtype)[0]


def exactly(function, arrays, kind, mode="rn"):
    """`function` of rational numbers, rounded once; what is not finite, or zero, is left to NumPy."""
    dtype, out = DTYPES[kind], []
    with np.errstate(all="ignore"):
        plain = function(*(a.astype(np.float64) for a in arrays)).astype(dtype)
    for i, row in enumerate(zip(*arrays)):
        if not all(np.isfinite(float(x)) for x in row):
            out.append(plain[i])
            continue
        try:
            exact = function(*(fractions.Fraction(float(x)) for x in row))
        except ZeroDivisionError:
            out.append(plain[i])
            continue
        value = rounded(exact, dtype, mode) if exact else plain[i]
        if exact and value == 0:
            value = np.copysign(dtype(0), -1.0 if exact < 0 else 1.0).astype(dtype)
        if not exact and mode == "rm" and len(row) == 2 and function(1, -1) == 0:
            value = plain[i] if float(row[0]) == 0 == float(row[1]) else np.array([-0.0]).astype(dtype)[0]
        out.append(value)
    out = np.array(out, dtype)
    # NaN has one code.
    code = {"f16": 0x7FFF, "bf16": 0x7FFF, "f32": 0x7FFFFFFF}.get(kind)
    if code:
        bits = out.view(f"u{out.itemsize}")
        bits[np.isnan(out.astype(np.float64))] = code
    return out


OPERATIONS = {"add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
              "fma": lambda x, y, z: x * y + z, "div": lambda x, y: x / y, "rcp": lambda x: 1 / x}
cases = Cases("sm_90", "8.0")
library = ctypes.CDLL(ctypes.util.find_library("m"))
library.fma.restype, library.fma.argtypes = ctypes.c_double, [ctypes.c_double] * 3


def add(instruction, kind, name, mode="rn"):
    function = OPERATIONS[name]
    arrays = [numbers(kind) for _ in range(function.__code__.co_argcount)]
    if name == "fma":  # cancellation, where a second rounding would show
        with np.errstate(all="ignore"):
            arrays[2][::4] = (-(arrays[0][::4].astype(np.float64) * arrays[1][::4].astype(np.float64))).astype(DTYPES[kind])
    operands = ", ".join(["%z0"] + [f"%a{i}" for i in range(len(arrays))])
    if kind == "f64":
        with np.errstate(all="ignore"):
            want = np.array([library.fma(*row) for row in zip(*arrays)]) if name == "fma" else function(*arrays)
        cases.add(f"  {instruction} {operands};", arrays, [want], 0)
        return
    want = exactly(function, arrays, kind, mode)
    cases.add(f"  {instruction} {operands};", arrays, [want])
    if kind in ("f16", "bf16"):  # the same numbers two at a time
        pairs = [a.view(np.uint16).reshape(-1, 2).copy().view(np.uint32)[:, 0] for a in arrays + [want]]
        cases.add(f"  {instruction}x2 {operands};", pairs[:-1], [pairs[-1]])


for name in "add", "sub", "mul", "fma":
    for kind in "f16", "bf16", "f32", "f64":
        add(f"{name}.rn.{kind}", kind, name)
    for mode in "rz", "rm", "rp":
        add(f"{name}.{mode}.f32", "f32", name, mode)
for mode in "rn", "rz", "rm", "rp":
    add(f"div.{mode}.f32", "f32", "div", mode)
    add(f"rcp.{mode}.f32", "f32", "rcp", mode)
add("div.rn.f64", "f64", "div")
add("div.full.f32", "f32", "div")

for kind in "f16", "f32", "f64":
    a, b = numbers(kind), numbers(kind)
    with np.errstate(all="ignore"):
        cases.add(f"  min.{kind} %z0, %a0, %a1;", [a, b], [np.fmin(a, b)], 0)
        cases.add(f"  max.{kind} %z0, %a0, %a1;", [a, b], [np.fmax(a, b)], 0)
        if kind != "f64":
            cases.add(f"  max.NaN.{kind} %z0, %a0, %a1;", [a, b], [np.maximum(a, b)], 0)
    finite = numbers(kind, special=False)
    cases.add(f"  neg.{kind} %z0, %a0;", [finite], [-finite])
    cases.add(f"  abs.{kind} %z0, %a0;", [finite], [abs(finite)])
a, b = numbers("f32"), numbers("f32")
with np.errstate(all="ignore"):
    cases.add("  sqrt.rn.f32 %z0, %a0;", [abs(a)], [np.sqrt(abs(a))], 0)
    cases.add("  sqrt.rn.f64 %z0, %a0;", [abs(a).astype(np.float64)], [np.sqrt(abs(a).astype(np.float64))], 0)
    cases.add("  add.sat.f32 %z0, %a0, %a1;", [a, b], [np.nan_to_num(np.clip(a + b, 0, 1), nan=0)], 0)
    cases.add("  fma.rn.relu.f16 %z0, %a0, %a1, %a2;", [x := numbers("f16", False), y := numbers("f16", False), np.zeros_like(x)],
              [np.maximum(exactly(lambda p, q: p * q, [x, y], "f16"), np.float16(0)) + np.float16(0)], 0)
    tiny = (a * np.float32(2e-38)).astype(np.float32)
    flushed = lambda x: np.where(abs(x) < 2.0**-126, np.copysign(np.float32(0), x), x).astype(np.float32)
    cases.add("  add.ftz.f32 %z0, %a0, %a1;", [tiny, b], [flushed(flushed(tiny) + flushed(b))], 0)
    inner = np.linspace(-20, 20, COUNT).astype(np.float32)
    wide = inner.astype(np.float64)
    for name, function in {"ex2.approx": np.exp2, "sin.approx": np.sin, "cos.approx": np.cos, "tanh.approx": np.tanh}.items():
        cases.add(f"  {name}.f32 %z0, %a0;", [inner], [function(wide).astype(np.float32)], 1e-7)
    for name, function in {"lg2.approx": np.log2, "rsqrt.approx": lambda x: 1 / np.sqrt(x), "sqrt.approx": np.sqrt,
                           "rcp.approx": lambda x: 1 / x}.items():
        cases.add(f"  {name}.ftz.f32 %z0, %a0;", [2 + abs(inner)], [function((2 + abs(inner)).astype(np.float64)).astype(np.float32)], 1e-7)
    half = inner.astype(np.float16)
    cases.add("  ex2.approx.f16 %z0, %a0;", [half], [np.exp2(half.astype(np.float64)).astype(np.float16)])
    cases.add("  tanh.approx.f16 %z0, %a0;", [half], [np.tanh(half.astype(np.float64)).astype(np.float16)])

# Comparisons of what has no order.
for name, want in {"eq": a == b, "ltu": ~(a >= b), "ne": (a != b) & ~np.isnan(a) & ~np.isnan(b), "neu": a != b, "ge": a >= b,
                   "nan": np.isnan(a) | np.isnan(b), "num": ~(np.isnan(a) | np.isnan(b))}.items():
    cases.add(f"  setp.{name}.f32 %p0, %a0, %a1; selp.b32 %z0, 1, 0, %p0;", [a, b], [want.astype(np.uint32)])
for name, want in {"finite": np.isfinite(a), "infinite": np.isinf(a), "notanumber": np.isnan(a),
                   "subnormal": (a != 0) & (abs(a) < 2.0**-126)}.items():
    cases.add(f"  testp.{name}.f32 %p0, %a0; selp.b32 %z0, 1, 0, %p0;", [a], [want.astype(np.uint32)])
cases.add("  copysign.f32 %z0, %a0, %a1;", [a, b], [np.copysign(b, a)], 0)
cases.run()
