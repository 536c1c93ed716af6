# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""A model with 1 GB of external data, or of inline data, imports with less than 200 MB of extra memory."""
import os
import subprocess
import sys

from onnx import TensorProto, helper

folder, size = sys.argv[1], 1 << 30


def peak(path):
    """Resident memory of the import in bytes, without the file's own pages, which are not touched."""
    done = subprocess.run([sys.executable, "-c", MEASURE, path, f"{path}.mlir"], capture_output=True, text=True, check=True)
    return int(done.stdout)


MEASURE = """
import resource, subprocess, sys
subprocess.run(["squint-translate", "--import-onnx", sys.argv[1], "-o", sys.argv[2]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def save(path, tensor):
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], [tensor])
    data = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    with open(path, "wb") as f:
        f.write(data)
    return data


small = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], raw_data=bytes(16))
save(f"{folder}/small.onnx", small)
base = peak(f"{folder}/small.onnx")

# A file with a hole takes no space.
with open(f"{folder}/w.bin", "wb") as f:
    f.truncate(size)
external = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[size // 4], data_location=TensorProto.EXTERNAL)
external.external_data.add(key="location", value="w.bin")
save(f"{folder}/external.onnx", external)


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, *parts):
    """A length-delimited field whose contents are `parts`, the last of which may be a hole (an int)."""
    length = sum(p if isinstance(p, int) else len(p) for p in parts)
    return (varint(number << 3 | 2) + varint(length), *parts)


def flat(parts):
    joined = b""
    for part in parts[:-1]:
        joined += part
    return joined, parts[-1]


# The same as one protobuf message, written by hand around the hole: graph (7) > initializer (5) > raw_data (9).
raw = flat(field(9, size))
dims = b"\x08" + varint(size // 4) + b"\x10\x01" + b"\x42\x01w"
initializer = flat(field(5, dims + raw[0], size))
whole = save(f"{folder}/inline.onnx", TensorProto(name="unused", data_type=TensorProto.FLOAT, dims=[0], raw_data=b""))
graph = flat(field(7, initializer[0], size))
with open(f"{folder}/inline.onnx", "wb") as f:
    f.write(whole + graph[0])  # fields of a message that comes twice are merged
    f.truncate(len(whole) + len(graph[0]) + size)

for name in ("external", "inline"):
    extra = peak(f"{folder}/{name}.onnx") - base
    print(f"{name}: {extra / 1e6:.0f} MB more than a small model")
    assert extra < 200e6, name
    with open(f"{folder}/{name}.onnx.mlir") as f:
        assert f"tensor<{size // 4}xf32>" in f.read()
os.remove(f"{folder}/w.bin")
os.remove(f"{folder}/inline.onnx")
