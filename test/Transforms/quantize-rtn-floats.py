# The payload of weights in small floats and tables, byte by byte, against conversions of ml_dtypes: scales of groups, of
# groups and the tensor, powers of two, tails, zeros.
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import re
import sys

import ml_dtypes
import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(6)
f32 = np.float32
LEVELS = [-1, -0.6961928, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0, 0.0795803, 0.1609302, 0.2461123,
          0.33791524, 0.44070983, 0.562617, 0.72295684, 1]
ELEMENTS = {"f8e4m3": (ml_dtypes.float8_e4m3fn, 448), "f8e5m2": (ml_dtypes.float8_e5m2, 57344),
            "fp4": (ml_dtypes.float4_e2m1fn, 6), "f6e2m3": (ml_dtypes.float6_e2m3fn, 7.5), "f6e3m2": (ml_dtypes.float6_e3m2fn, 28)}
MX = {"mxfp4": ("fp4", 2), "mxfp6e2m3": ("f6e2m3", 2), "mxfp6e3m2": ("f6e3m2", 4), "mxfp8": ("f8e4m3", 8),
      "mxfp8e5m2": ("f8e5m2", 15), "mxint8": ("mxint8", 6)}


def encode(values, element):
    if element == "nf4":
        return np.abs(values.astype(np.float64)[..., None] - np.array(LEVELS)).argmin(-1).astype(np.uint8)
    if element == "mxint8":
        return np.clip(np.rint(values), -127, 127).astype(np.int8).view(np.uint8)
    kind, largest = ELEMENTS[element]
    return np.clip(values, -largest, largest).astype(kind).view(np.uint8)


def payload(w, name, size, scale_type):
    rows, columns = w.shape
    groups = -(-columns // size)
    padded = np.zeros((rows, groups * size), f32)
    padded[:, :columns] = w
    blocks = padded.reshape(rows, groups, size)
    amax = np.abs(blocks).max(-1)
    element = "fp4" if name == "nvfp4" else MX.get(name.split(",")[0], (name,))[0]
    last = b""
    if name.startswith("mx"):
        name, _, rule = name.partition(",round=")
        wide, largest = np.maximum(amax.astype(np.float64), 1e-30), 127 if element == "mxint8" else ELEMENTS[element][1]
        if rule == "even":  # half a step of the mantissa more
            mantissa = {"mxint8": 6, "f8e5m2": 2, "f8e4m3": 3, "f6e2m3": 3, "f6e3m2": 2, "fp4": 1}[element]
            wide += np.exp2(np.floor(np.log2(wide)) - mantissa - 1)
        exponents = np.log2(wide / largest) if rule == "rceil" else np.log2(wide) - MX[name][1]
        exponents = np.where(amax == 0, -127, (np.ceil if rule in ("ceil", "rceil") else np.floor)(exponents))
        scales = np.exp2(exponents).astype(f32)
        stored = (exponents + 127).astype(np.uint8)
    elif name == "nvfp4":
        tensor = f32(np.abs(w).max() / f32(6 * 448))
        stored = np.clip(amax / (f32(6) * tensor), 0, 448).astype(ml_dtypes.float8_e4m3fn)
        stored = np.where(stored.astype(f32) == 0, f32(1), stored.astype(f32)).astype(ml_dtypes.float8_e4m3fn)
        scales, last = stored.astype(f32) * tensor, tensor.tobytes()
    else:
        largest = 1 if name == "nf4" else ELEMENTS[name][1]
        stored = (amax / f32(largest)).astype({"f16": np.float16, "f32": f32}[scale_type])
        scales = stored.astype(f32)
    steps = np.zeros_like(blocks)
    np.divide(blocks, scales[..., None], out=steps, where=scales[..., None] != 0)
    codes = encode(steps, element).reshape(rows, -1)[:, :columns]
    if element in ("nf4", "fp4"):
        codes = np.concatenate([codes & 15, np.zeros((rows, columns % 2), np.uint8)], 1)
        codes = codes[:, ::2] | codes[:, 1::2] << 4
    if element.startswith("f6"):
        bits = (codes[..., None] >> np.arange(6) & 1).reshape(rows, -1)
        codes = np.packbits(bits, axis=1, bitorder="little")
    data = b""
    for segment in (codes.tobytes(), stored.tobytes(), *([last] if last else [])):
        data += b"\0" * (-len(data) % 64) + segment
    return data


for rows, columns in ((40, 70), (3, 9)):
    w = rng.standard_normal((rows, columns)).astype(f32)
    w[0, :5] = 0
    w[1, :] = 0
    w[2] = rng.choice(f32([1, 1.5, 1.75, 1.8125, 1.875, 1.9375, 1.9921875]) * 2, columns)  # powers of two, ties, largest values
    (work / "w.bin").write_bytes(w.tobytes())
    for text, size, scale_type in (("nf4:group=64", 64, "f16"), ("nf4:channel", columns, "f32"), ("f8e4m3:channel", columns, "f32"),
                                   ("f8e4m3:group=32", 32, "f16"), ("f8e5m2:group=20,scale=f32", 20, "f32"), ("mxfp4", 32, ""),
                                   ("mxfp6e2m3", 32, ""), ("mxfp6e3m2", 32, ""), ("mxfp8", 32, ""), ("mxfp8e5m2", 32, ""),
                                   ("mxint8", 32, ""), ("nvfp4", 16, ""),
                                   *((f"{name},round={rule}", 32, "") for name in MX for rule in ("even", "ceil", "rceil"))):
        x, y, weight = f"tensor<1x{columns}xf32>", f"tensor<1x{rows}xf32>", f"tensor<{rows}x{columns}xf32>"
        (work / "model.mlir").write_text(f"""
func.func @main(%x: {x}) -> {y} {{
  %w = squint.constant #squint.data<"w.bin", 0, {w.nbytes}> : {weight}
  %y = squint.linear %x, %w {{squint.weight_format = "{text}"}} : {x}, {weight} -> {y}
  return %y : {y}
}}""")
        ir = squint.tool("squint-opt", work / "model.mlir", "--squint-quantize-rtn", f"--store={work / 'out.weights'}")
        name, offset, length = re.search(r'#squint.data<"([^"]*)", (\d+), (\d+)> : !squint.packed', ir).groups()
        got = (work / name).read_bytes()[int(offset):int(offset) + int(length)]
        want = payload(w, text.split(":")[0], size, scale_type)
        assert len(got) == len(want), f"{text}: {len(got)} bytes, expected {len(want)}"
        different = [i for i, (a, b) in enumerate(zip(got, want)) if a != b]
        assert not different, f"{text} of {w.shape}: {len(different)} bytes differ, the first at {different[0]}"
print("equal")
