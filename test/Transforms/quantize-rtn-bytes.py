# The payload of a quantized weight, byte by byte, against the formulas of the pass written in numpy: transposed and
# strange shapes, tails, zeros, every granularity, scale type and stored float.
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import re
import sys

import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(5)
f32 = np.float32


def to_type(scale, name):
    if name == "bf16":
        bits = scale.astype(f32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(f32), 2
    return (scale.astype(np.float16).astype(f32), 2) if name == "f16" else (scale, 4)


def quantize(w, bits, block, zero_point, scale_type):
    """w [rows, columns] f32 -> codes [rows, columns], scales and zero points [rows, groups] (tensor: [1, 1])."""
    rows, columns = w.shape
    size = columns if block in ("tensor", "channel") else block
    groups = -(-columns // size)
    padded = np.zeros((rows, groups * size), f32)
    padded[:, :columns] = w
    blocks = padded.reshape((1, 1, -1) if block == "tensor" else (rows, groups, size))
    low, high = blocks.min(-1), blocks.max(-1)
    zeros = np.zeros_like(low)
    if zero_point:
        low, high = np.minimum(low, 0), np.maximum(high, 0)
        scales, stored = to_type((high - low) / f32(2**bits - 1), scale_type)
        np.divide(-low, scales, out=zeros, where=scales != 0)
        zeros = np.clip(np.round(zeros), 0, 2**bits - 1)
        bounds = 0, 2**bits - 1
    elif bits == 8:
        scales, stored = to_type(np.maximum(-low, high) / f32(127), scale_type)
        bounds = -127, 127
    else:
        # Padding could pass for the extreme of a block only where all of it is zero.
        scales, stored = to_type(np.where(-low >= high, low, high) / f32(-(2 ** (bits - 1))), scale_type)
        bounds = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    steps = np.zeros_like(blocks)
    np.divide(blocks, scales[..., None], out=steps, where=scales[..., None] != 0)
    codes = np.clip(np.round(steps) + zeros[..., None], *bounds).astype(int)
    return codes.reshape(rows, -1)[:, :columns], scales, zeros, stored


def pack(codes, bits):
    """Rows of codes, lowest bit first, rows starting at bytes."""
    planes = (codes[..., None] >> np.arange(bits)) & 1
    return np.packbits(planes.reshape(len(codes), -1).astype(np.uint8), axis=1, bitorder="little").tobytes()


def payload(w, bits, block, zero_point, scale_type):
    codes, scales, zeros, stored = quantize(w, bits, block, zero_point, scale_type)
    segments = [pack(codes & (2**bits - 1), bits)]
    scales = scales.astype(f32) + f32(0)  # no negative zero
    segments.append((scales.astype(np.float16) if scale_type == "f16" else
                     (scales.view(np.uint32) >> (16 if scale_type == "bf16" else 0)).astype(f"u{stored}")).tobytes())
    if zero_point:
        segments.append(zeros.astype(np.uint8).tobytes())
    data = b""
    for segment in segments:
        data += b"\0" * (-len(data) % 64) + segment
    return data


def check(stored, permutation, element, formats):
    w = rng.standard_normal(stored).astype(f32)
    w.reshape(-1)[:3] = 0
    kept = w.astype({"f32": f32, "f16": np.float16, "f64": np.float64}[element])
    (work / "w.bin").write_bytes(b"abc" + kept.tobytes())  # no alignment is promised
    value = np.ascontiguousarray(kept.astype(f32).transpose(permutation))
    value = value.reshape(len(value), -1)
    shape = "x".join(str(stored[i]) for i in permutation)
    rows, columns = value.shape
    for bits, block, zero_point, scale_type in formats:
        granularity = block if isinstance(block, str) else f"group={block}"
        text = f"int{bits}:{granularity}{',zero-point' if zero_point else ''},scale={scale_type}"
        x, y = f"tensor<1x{columns}x{element}>", f"tensor<1x{rows}x{element}>"
        weight = f"tensor<{shape}x{element}>"
        if len(stored) == 4:  # a conv of one pixel
            n, h, wd, c = (stored[i] for i in permutation)
            x, y = f"tensor<1x{h}x{wd}x{c}x{element}>", f"tensor<1x1x1x{n}x{element}>"
            operator = "squint.conv %x, %w strides = [1, 1] dilations = [1, 1] pads = [0, 0, 0, 0] groups = 1"
        else:
            operator = "squint.linear %x, %w"
        (work / "model.mlir").write_text(f"""
func.func @main(%x: {x}) -> {y} {{
  %w = squint.constant #squint.data<"w.bin", 3, {kept.nbytes}, {list(permutation)}> : {weight}
  %y = {operator} {{squint.weight_format = "{text}"}} : {x}, {weight} -> {y}
  return %y : {y}
}}""")
        ir = squint.tool("squint-opt", work / "model.mlir", "--squint-quantize-rtn", f"--store={work / 'out.weights'}")
        name, offset, length = re.search(r'#squint.data<"([^"]*)", (\d+), (\d+)> : !squint.packed', ir).groups()
        assert name == "out.weights", ir
        got = (work / name).read_bytes()[int(offset):int(offset) + int(length)]
        want = payload(value, bits, block, zero_point, scale_type)
        assert len(got) == len(want), f"{text}: {len(got)} bytes, expected {len(want)}"
        different = [i for i, (a, b) in enumerate(zip(got, want)) if a != b]
        assert not different, f"{text} of {stored}: {len(different)} bytes differ, the first at {different[0]}"


some = [(8, "channel", False, "f32"), (4, 32, False, "f16"), (4, 32, True, "f16"), (8, "tensor", True, "bf16")]
check((40, 70), (0, 1), "f32", some + [(b, g, z, s) for b in (2, 3, 4, 5, 6, 7, 8) for g, z, s in (
    ("tensor", False, "f32"), ("channel", True, "f32"), (24, False, "bf16"), (7, True, "f16"))])
check((70, 40), (1, 0), "f32", some)
check((33, 5), (1, 0), "f16", some)
check((5, 6, 3, 2), (0, 2, 3, 1), "f32", some)
check((4, 3), (0, 1), "f64", some)
print("equal")
