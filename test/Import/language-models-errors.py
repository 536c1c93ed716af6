# RUN: rm -rf %t && mkdir -p %t && %python %s %t 2>&1 | FileCheck %s
"""Whatever is wrong with a GGUF file is said in one line that names the file, the metadata or the tensor, and the rule; exit status 1."""
import pathlib
import struct
import subprocess
import sys

import gguf
import gguf_models
import numpy as np

folder = pathlib.Path(sys.argv[1])
KINDS = {"u8": (0, "<B"), "u32": (4, "<I"), "i32": (5, "<i"), "f32": (6, "<f"), "bool": (7, "<?"), "u64": (10, "<Q")}


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def value(kind, content):
    if kind == "string":
        return struct.pack("<I", 8) + string(content)
    number, code = KINDS[kind]
    return struct.pack("<I", number) + struct.pack(code, content)


def tensor(name, dims, number, offset):
    return string(name) + struct.pack("<I", len(dims)) + b"".join(struct.pack("<Q", d) for d in dims) + struct.pack("<IQ", number, offset)


def file(metadata=(), tensors=(), counts=None, version=3, magic=b"GGUF", data=b""):
    header = magic + struct.pack("<IQQ", version, *(counts or (len(tensors), len(metadata))))
    header += b"".join(string(key) + content for key, content in metadata) + b"".join(tensors)
    return header + b"\0" * (-len(header) % 32) + data


def refuse(name, data):
    """Prints what the importer says of the bytes."""
    path = folder / f"{name}.gguf"
    if data is not None:
        path.write_bytes(data)
    done = subprocess.run(["squint-translate", "--import-gguf", path, "-o", folder / "out.mlir"], capture_output=True, text=True, timeout=30)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 1, (name, done.returncode, done.stderr)
    assert lines[0].startswith(f"{path}: error: "), lines[0]
    assert not (folder / "out.mlir").exists()
    print(f"{name}: {lines[0][len(str(path)) + 9:]}")


def model(name, kind="llama", edit=None, drop=None, **more):
    """A model with something about it changed."""
    shapes = gguf_models.shapes
    if drop:
        gguf_models.shapes = lambda *a: (t for t in shapes(*a) if t[0] != drop)
    gguf_models.write(folder / f"{name}.gguf", kind, edit=edit, **more)
    gguf_models.shapes = shapes
    refuse(name, None)


# The header.
# CHECK: empty: expected the magic 'GGUF'
refuse("empty", b"")
# CHECK: magic: expected the magic 'GGUF'
refuse("magic", file(magic=b"GGML"))
# CHECK: version: expected version 2 or 3, got 1
refuse("version", file(version=1))
# CHECK: endian: expected version 2 or 3, got 50331648 (a big-endian file?)
refuse("endian", file(version=3 << 24))
# CHECK: short: expected a number of 8 bytes at 16, got the end of the file
refuse("short", file()[:17])
# CHECK: counts: expected at most 65536 tensors and 65536 metadata, got 18446744073709551615 and 0
refuse("counts", file(counts=(2**64 - 1, 0)))
# CHECK: missing: expected a name of printable characters
refuse("missing", file(counts=(0, 5)))

# Metadata.
# CHECK: key: expected a string of at most {{[0-9]+}} bytes at {{[0-9]+}}, got 18446744073709551615
refuse("key", file()[:16] + struct.pack("<Q", 1) + b"\xff" * 8 + b"abc")
# CHECK: unprintable: expected a name of printable characters
refuse("unprintable", file([("a\nb", value("u8", 1))]))
# CHECK: kind: metadata 'a': expected a type of values from 0 to 12, got 13
refuse("kind", file([("a", struct.pack("<I", 13))]))
# CHECK: twice: metadata 'a': expected distinct names
refuse("twice", file([("a", value("u8", 1))] * 2))
# CHECK: array: metadata 'a': expected an array of at most {{[0-9]+}} elements at {{[0-9]+}}, got 4611686018427387904
refuse("array", file([("a", struct.pack("<IIQ", 9, 4, 2**62))]))
# CHECK: strings: metadata 'a': expected a {{.*}}
refuse("strings", file([("a", struct.pack("<IIQ", 9, 8, 2**62))]))
# CHECK: nested: metadata 'a': expected at most 4 arrays in one another
refuse("nested", file([("a", struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 1000)]))
# CHECK: alignment: metadata 'general.alignment': expected a power of two up to 1048576, got 24
refuse("alignment", file([("general.alignment", value("u32", 24))]))
# CHECK: text: metadata 'general.alignment': expected an integer, got string
refuse("text", file([("general.alignment", value("string", "32"))]))

# Tensors.
# CHECK: rank: tensor 't': expected 1 to 4 dimensions, got 5
refuse("rank", file(tensors=[tensor("t", [1] * 5, 0, 0)]))
# CHECK: zero: tensor 't': expected sizes of 1 or more whose product 63 bits hold, got 0
refuse("zero", file(tensors=[tensor("t", [0], 0, 0)]))
# CHECK: product: tensor 't': expected sizes of 1 or more whose product 63 bits hold, got 4294967296
refuse("product", file(tensors=[tensor("t", [2**32, 2**32], 0, 0)]))
# CHECK: bytes: tensor 't': expected {{[0-9]+}} bytes from offset 0 on inside of a file of {{[0-9]+}}
refuse("bytes", file(tensors=[tensor("t", [2**62], 0, 0)]))
# CHECK: type: tensor 't': expected a type of GGML, got number 4
refuse("type", file(tensors=[tensor("t", [32], 4, 0)]))
# CHECK: block: tensor 't': expected rows of a multiple of 32 values for 'q4_0', got 48
refuse("block", file(tensors=[tensor("t", [48, 2], 2, 0)]))
# CHECK: offset: tensor 't': expected an offset of a multiple of 32, got 4
refuse("offset", file(tensors=[tensor("t", [8], 0, 4)], data=b"\0" * 64))
# CHECK: end: tensor 't': expected {{its bytes inside of the file, got their end at|32 bytes from}}
refuse("end", file(tensors=[tensor("t", [8], 0, 64)], data=b"\0" * 64))
# CHECK: overlap: tensor 'u': expected bytes of its own, got some of 't'
refuse("overlap", file(tensors=[tensor("t", [16], 0, 0), tensor("u", [8], 0, 32)], data=b"\0" * 64))
# CHECK: same: tensor 't': expected distinct names
refuse("same", file(tensors=[tensor("t", [8], 0, 0)] * 2, data=b"\0" * 64))

# The architecture.
# CHECK: nameless: metadata 'general.architecture': expected llama, qwen2, qwen3, gemma3, phi3, got ''
refuse("nameless", file())
# CHECK: other: metadata 'general.architecture': expected llama, qwen2, qwen3, gemma3, phi3, got 'bert'
refuse("other", file([("general.architecture", value("string", "bert"))]))
# CHECK: layers: metadata 'llama.block_count': expected it to be there
refuse("layers", file([("general.architecture", value("string", "llama"))]))
# CHECK: many: metadata 'llama.block_count': expected a number from 1 to 4096, got 4294967295
refuse("many", file([("general.architecture", value("string", "llama")), ("llama.block_count", value("u32", 2**32 - 1))]))
# CHECK: negative: metadata 'llama.block_count': expected a number from 0 to 2^63 - 1
refuse("negative", file([("general.architecture", value("string", "llama")), ("llama.block_count", value("i32", -1))]))
# CHECK: heads: metadata 'llama.attention.head_count': expected a divisor of the embedding length 64, got 7
model("heads", **{"attention.head_count": 7, "attention.head_count_kv": 7})
# CHECK: shared: metadata 'llama.attention.head_count_kv': expected a divisor of 4 heads, got 3
model("shared", **{"attention.head_count_kv": 3})
# CHECK: epsilon: metadata 'llama.attention.layer_norm_rms_epsilon': expected a finite number above 0
model("epsilon", **{"attention.layer_norm_rms_epsilon": float("nan")})
# CHECK: scaling: metadata 'llama.rope.scaling.type': expected none, linear, longrope or, without layers of another base, yarn, got dynamic
model("scaling", **{"rope.scaling.type": "dynamic", "rope.scaling.factor": 4.0})
# CHECK: bases: metadata 'gemma3.rope.scaling.type': expected none, linear, longrope or, without layers of another base, yarn, got yarn
model("bases", "gemma3", **{"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0})
# CHECK: turns: metadata 'llama.rope.scaling.yarn_beta_fast': expected at least yarn_beta_slow
model("turns", **{"rope.scaling.type": "yarn", "rope.scaling.yarn_beta_fast": 0.5})
# CHECK: theta: metadata 'llama.rope.freq_base': expected more than 1 with yarn
model("theta", **{"rope.scaling.type": "yarn", "rope.freq_base": 1.0})
# CHECK: share: metadata 'llama.rope.scaling.yarn_attn_factor': expected 1.138629, got 1.000000
model("share", **{"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.yarn_attn_factor": 1.0})
# CHECK: freqs: tensor 'rope_freqs.weight': expected none with rope.scaling.type yarn
model("freqs", "llama-3", **{"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0})
# CHECK: unknown: metadata 'llama.logit_scale': expected metadata whose meaning is known
model("unknown", edit=lambda w: w.add_float32("llama.logit_scale", 2.0))
# CHECK: experts: metadata 'llama.expert_count': expected 0, got 8
model("experts", edit=lambda w: w.add_expert_count(8))
# CHECK: windows: metadata 'gemma3.attention.sliding_window': expected it to be there
model("windows", "gemma3", **{"attention.sliding_window": None})
# CHECK: lost: tensor 'blk.1.ffn_down.weight': expected it to be there
model("lost", drop="blk.1.ffn_down.weight")
# CHECK: width: tensor 'blk.0.ffn_gate.weight': expected the shape 96x64, got 80x64
shapes = gguf_models.shapes
gguf_models.shapes = lambda *a: ((n, (80, 64) if n == "blk.0.ffn_gate.weight" else s) for n, s in shapes(*a))
model("width")
gguf_models.shapes = lambda *a: [*shapes(*a), ("blk.0.attn_sinks.weight", (4,))]
# CHECK: more: tensor 'blk.0.attn_sinks.weight': expected a tensor of the architecture 'llama'
model("more")
gguf_models.shapes = shapes
# CHECK: scales: tensor '{{.*}}': expected scales of at most 254, got 255
gguf_models.quantize = lambda rng, array, stored: np.full((len(array), array.shape[1] // 32 * 17), 255, np.uint8)
model("scales", type="MXFP4")
# CHECK: activations: tensor '{{.*}}': expected a type of weights that kernels read, got q8_k
gguf_models.quantize = lambda rng, array, stored: np.zeros((len(array), array.shape[1] // 256 * 292), np.uint8)
dequantize, gguf.dequantize = gguf.dequantize, lambda data, stored: data
model("activations", type="Q8_K", embedding_length=256, feed_forward_length=256)
gguf.dequantize = dequantize

# Whatever bytes of a header are others: an error in one line, or a model.
gguf_models.quantize = lambda rng, array, stored: gguf.quantize(array, stored)
gguf_models.write(folder / "whole.gguf", "gemma3", type="Q4_0", block_count=1)
whole, rng, refused = (folder / "whole.gguf").read_bytes(), np.random.default_rng(0), 0
for i in range(100):
    data = bytearray(whole)
    for at in rng.integers(0, 3000 if i % 2 else 300, 4):
        data[at] = int(rng.integers(256))
    (folder / "damaged.gguf").write_bytes(data[: rng.integers(len(data))] if i % 10 == 0 else data)
    done = subprocess.run(["squint-translate", "--import-gguf", folder / "damaged.gguf"], capture_output=True, text=True, timeout=30)
    assert done.returncode in (0, 1) and len(done.stderr.splitlines()) == done.returncode, (i, done.returncode, done.stderr)
    refused += done.returncode
# CHECK: {{[6-9][0-9]}} of 100 refused
print(f"{refused} of 100 refused")
