# RUN: %python %s
# REQUIRES: ptx-emulator
"""Integer and bit instructions against Python's integers."""
import numpy as np

from ptx_testing import Cases

rng = np.random.default_rng(0)
cases = Cases("sm_80")
COUNT = 64


def numbers(bits, signed=False):
    edge = [0, 1, 2, 2**bits - 1, 2 ** (bits - 1), 2 ** (bits - 1) - 1]
    values = edge + [int(x) for x in rng.integers(0, 2**63, COUNT - len(edge), dtype=np.uint64)]
    values = np.array([v % 2**bits for v in values], np.uint64).astype(f"u{bits // 8}")
    rng.shuffle(values)
    return values.view(f"i{bits // 8}") if signed else values


def wrap(values, bits):
    return np.array([int(v) % 2**bits for v in values], np.uint64).astype(f"u{bits // 8}")


def add(instruction, inputs, function, bits, text=None):
    """z0 = function(a0, a1, ...), as unsigned numbers of `bits` bits."""
    operands = ", ".join(["%z0"] + [f"%a{i}" for i in range(len(inputs))])
    want = wrap([function(*(int(x) for x in row)) for row in zip(*inputs)], bits)
    cases.add(f"  {text or f'{instruction} {operands};'}", inputs, [want])


def divide(a, b):
    return (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1)


for bits in 16, 32, 64:
    for signed in False, True:
        kind = f"{'s' if signed else 'u'}{bits}"
        a, b, c = (numbers(bits, signed) for _ in range(3))
        nonzero = np.where(b == 0, 3, b).astype(b.dtype)
        add(f"add.{kind}", [a, b], lambda x, y: x + y, bits)
        add(f"sub.{kind}", [a, b], lambda x, y: x - y, bits)
        add(f"mul.lo.{kind}", [a, b], lambda x, y: x * y, bits)
        add(f"mul.hi.{kind}", [a, b], lambda x, y: x * y >> bits, bits)
        add(f"mad.lo.{kind}", [a, b, c], lambda x, y, z: x * y + z, bits)
        add(f"min.{kind}", [a, b], min, bits)
        add(f"max.{kind}", [a, b], max, bits)
        add(f"div.{kind}", [a, nonzero], divide, bits)
        add(f"rem.{kind}", [a, nonzero], lambda x, y: x - y * divide(x, y), bits)
        if bits < 64:
            add(f"mul.wide.{kind}", [a, b], lambda x, y: x * y, 2 * bits)
            add(f"mad.wide.{kind}", [a, b, numbers(2 * bits, signed)], lambda x, y, z: x * y + z, 2 * bits)
        count = numbers(32) % np.uint32(bits + 9)
        add(f"shr.{kind}", [a, count], lambda x, n: x >> n, bits)
        if signed:
            add(f"abs.{kind}", [a], abs, bits)
            add(f"neg.{kind}", [a], lambda x: -x, bits)
    a, b = numbers(bits), numbers(bits)
    add(f"shl.b{bits}", [a, count], lambda x, n: x << n, bits)
    for name, function in {"and": lambda x, y: x & y, "or": lambda x, y: x | y, "xor": lambda x, y: x ^ y}.items():
        add(f"{name}.b{bits}", [a, b], function, bits)
    add(f"not.b{bits}", [a], lambda x: ~x, bits)

for bits in 32, 64:
    a = numbers(bits)
    add(f"popc.b{bits}", [a], lambda x: bin(x).count("1"), 32)
    add(f"clz.b{bits}", [a], lambda x: bits - x.bit_length(), 32)
    add(f"brev.b{bits}", [a], lambda x: int(f"{x:0{bits}b}"[::-1], 2), bits)
    add(f"bfind.u{bits}", [a], lambda x: x.bit_length() - 1, 32)
    position, length = numbers(32) % np.uint32(70), numbers(32) % np.uint32(70)
    add(f"bfe.u{bits}", [a, position, length], lambda x, p, n: (x >> p) & (2**n - 1), bits)

    def extract(x, p, n):
        # Bits beyond the top are the sign, which is the field's highest bit that exists.
        if n == 0:
            return 0
        sign = x >> min(p + n - 1, bits - 1) & 1
        return sum(((x >> i & 1) if i < bits and i < p + n else sign) << i - p for i in range(p, p + bits))

    add(f"bfe.s{bits}", [a, position, length], extract, bits)
    field = lambda p, n: (2**n - 1 << p) & (2**bits - 1)
    add(f"bfi.b{bits}", [a, numbers(bits), position, length],
        lambda x, y, p, n: y & ~field(p, n) | (x << p) & field(p, n), bits)

a, b, c = (numbers(32) for _ in range(3))
for table in 0x00, 0xEA, 0x6A, 0x96, 0xE8, 0x1B:
    def look(x, y, z):
        return sum((table >> ((x >> i & 1) << 2 | (y >> i & 1) << 1 | z >> i & 1) & 1) << i for i in range(32))
    add("lop3", [a, b, c], look, 32, f"lop3.b32 %z0, %a0, %a1, %a2, 0x{table:02x};")


def permute(x, y, s):
    both, result = (y << 32 | x).to_bytes(8, "little"), 0
    for i in range(4):
        n = s >> 4 * i & 15
        byte = both[n & 7]
        result |= (255 * (byte >> 7) if n & 8 else byte) << 8 * i
    return result


add("prmt.b32", [a, b, c], permute, 32)
add("shf.l.wrap.b32", [a, b, c], lambda x, y, n: (y << 32 | x) << (n & 31) >> 32, 32)
add("shf.r.wrap.b32", [a, b, c], lambda x, y, n: (y << 32 | x) >> (n & 31), 32)
add("shf.r.clamp.b32", [a, b, c % np.uint32(40)], lambda x, y, n: (y << 32 | x) >> min(n, 32), 32)
for first in "us":
    for second in "us":
        def dot(x, y, z, first=first, second=second):
            parts = [np.frombuffer(int(v).to_bytes(4, "little"), "i1" if kind == "s" else "u1") for v, kind in ((x, first), (y, second))]
            return z + int((parts[0].astype(int) * parts[1].astype(int)).sum())
        add(f"dp4a.{first}32.{second}32", [a, b, c], dot, 32)
add("sad.u32", [a, b, c], lambda x, y, z: z + abs(x - y), 32)
add("cnot.b32", [a], lambda x: x == 0, 32)
signed = [numbers(32, True), numbers(32, True)]
add("add.sat.s32", signed, lambda x, y: max(min(x + y, 2**31 - 1), -(2**31)), 32)

# Conversions between integers.
for source in "u8 s8 u16 s16 u32 s32 u64 s64".split():
    values = numbers(int(source[1:]), source[0] == "s")
    for target in "u8 s8 u16 s16 u32 s32 u64 s64".split():
        bits, signed = int(target[1:]), target[0] == "s"
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        add(f"cvt.{target}.{source}", [values], lambda x: x, bits)
        from_bits, from_signed = int(source[1:]), source[0] == "s"
        if bits < from_bits + (from_signed and not signed) + (signed and not from_signed):  # else .sat is not legal
            add(f"cvt.sat.{target}.{source}", [values], lambda x: max(min(x, high), low), bits)

# Comparisons and selections.
a, b = numbers(32, True), numbers(32, True)
b[::3] = a[::3]
for name in "eq ne lt le gt ge".split():
    for kind, left, right in (("s32", a, b), ("u32", a.view("u4"), b.view("u4"))):
        want = {"eq": left == right, "ne": left != right, "lt": left < right, "le": left <= right, "gt": left > right,
                "ge": left >= right}[name]
        cases.add(f"  setp.{name}.{kind} %p0, %a0, %a1; selp.b32 %z0, 7, 9, %p0;", [left, right],
                  [np.where(want, 7, 9).astype(np.uint32)])
        cases.add(f"  set.{name}.u32.{kind} %z0, %a0, %a1;", [left, right], [np.where(want, 0xFFFFFFFF, 0).astype(np.uint32)])
cases.add("  setp.lt.s32 %p1, %a0, 0; setp.gt.and.s32 %p2|%p3, %a1, 0, %p1; selp.b32 %r0, 1, 0, %p2; selp.b32 %z0, 2, %r0, %p3;",
          [a, b], [np.where(a < 0, np.where(b > 0, 1, 2), 0).astype(np.uint32)])
cases.add("  slct.b32.s32 %z0, 5, 6, %a0;", [a], [np.where(a >= 0, 5, 6).astype(np.uint32)])
cases.run()
