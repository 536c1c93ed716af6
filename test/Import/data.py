# RUN: rm -rf %t && mkdir -p %t/model/sub %t/other
# RUN: %python %s %t
# RUN: squint-translate --import-onnx %t/model/m.onnx -o %t/model/m.mlir
# RUN: FileCheck %s < %t/model/m.mlir
# RUN: squint-opt %t/model/m.mlir | FileCheck %s
# RUN: not squint-translate --import-onnx %t/model/m.onnx 2>&1 | FileCheck %s --check-prefix=STORE
# RUN: not squint-translate --import-onnx %t/model/outside.onnx 2>&1 | FileCheck %s --check-prefix=OUTSIDE
# RUN: squint-translate --import-onnx %t/model/outside.onnx --allow-external=%t/other | FileCheck %s --check-prefix=ALLOWED
"""Tensors: inline up to 1 KB, larger ones by reference to where they lie, in the file's own encoding if it is the tensor's."""
import os
import sys

import ml_dtypes
import numpy as np
from onnx import TensorProto, helper, numpy_helper

folder = sys.argv[1]
tensors, nodes = [], []


def add(tensor):
    tensors.append(tensor)
    return tensor


def typed(name, data_type, shape, **fields):
    tensor = add(TensorProto(name=name, data_type=data_type, dims=shape))
    for field, values in fields.items():
        getattr(tensor, field).extend(values)


# CHECK: squint.constant dense<[1, 2]> : tensor<2xi8>
add(numpy_helper.from_array(np.array([1, 2], np.int8), "raw"))
# CHECK: squint.constant dense<[true, false, true]> : tensor<3xi1>
typed("bools", TensorProto.BOOL, [3], int32_data=[1, 0, 1])
# CHECK: squint.constant dense<[1.000000e+00, -2.500000e+00]> : tensor<2xf16>
typed("halves", TensorProto.FLOAT16, [2], int32_data=[0x3C00, 0xC100])
# CHECK: squint.constant dense<[250, 7]> : tensor<2xui8>
typed("bytes", TensorProto.UINT8, [2], int32_data=[250, 7])
# CHECK: squint.constant dense<[-1, 7, -8]> : tensor<3xi4>
typed("nibbles", TensorProto.INT4, [3], int32_data=[0x7F, 0x08])
# CHECK: squint.constant dense<[1, 2, 3, 0, 2]> : tensor<5xui2>
add(TensorProto(name="pairs", data_type=TensorProto.UINT2, dims=[5], raw_data=bytes([0b00111001, 0b10])))
# CHECK: squint.constant dense<[-5, 9223372036854775807]> : tensor<2xi64>
typed("longs", TensorProto.INT64, [2], int64_data=[-5, 2**63 - 1])
# CHECK: squint.constant dense<[4294967295, 1]> : tensor<2xui32>
typed("words", TensorProto.UINT32, [2], uint64_data=[2**32 - 1, 1])
# CHECK: squint.constant dense<(1.000000e+00,2.000000e+00)> : tensor<1xcomplex<f32>>
typed("complex", TensorProto.COMPLEX64, [1], float_data=[1, 2])
# CHECK: squint.constant dense<> : tensor<0x3xf32>
add(numpy_helper.from_array(np.zeros((0, 3), np.float32), "empty"))
# CHECK: squint.constant dense<2.500000e+00> : tensor<f8E4M3FN>
add(numpy_helper.from_array(np.array(2.5, ml_dtypes.float8_e4m3fn), "eight"))

# Larger: the bytes of the model's file where they are the tensor's ...
# CHECK: squint.constant #squint.data<"m.onnx", {{[0-9]+}}, 1204> : tensor<301xf32>
add(numpy_helper.from_array(np.arange(301, dtype=np.float32), "large"))
# CHECK: squint.constant #squint.data<"m.onnx", {{[0-9]+}}, 1208> : tensor<302xf32>
typed("large_floats", TensorProto.FLOAT, [302], float_data=range(302))
# CHECK: squint.constant #squint.data<"m.onnx", {{[0-9]+}}, 1500> : tensor<3000xi4>
add(TensorProto(name="large_nibbles", data_type=TensorProto.INT4, dims=[3000], raw_data=bytes(range(250)) * 6))
# ... and a buffer where they are varints, or too many for a line.
# STORE: error: expected --store=FILE for the weights that were rewritten, when printing to the standard output
# CHECK: squint.constant #squint.data<"m.weights", {{[0-9]+}}, 2400> : tensor<300xi64>
typed("large_longs", TensorProto.INT64, [300], int64_data=range(300))
# CHECK: squint.constant #squint.data<"m.weights", {{[0-9]+}}, 600> : tensor<1200xi4>
add(TensorProto(name="nibbles_of_a_line", data_type=TensorProto.INT4, dims=[1200], raw_data=bytes(600)))


def external(name, location, shape, **entries):
    tensor = add(TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL))
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))


# External data, at any offset; short ones are read.
# CHECK: squint.constant #squint.data<"sub/w.bin", 7, 4000> : tensor<1000xf32>
external("outer", "sub/w.bin", [1000], offset=7, length=4000, checksum="not looked at")
# CHECK: squint.constant #squint.data<"sub/w.bin", 0, 2000> : tensor<500xf32>
external("whole", "./sub/w.bin", [500])
# CHECK: squint.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
external("short", "sub/w.bin", [2], offset=4007)
with open(f"{folder}/model/sub/w.bin", "wb") as f:
    f.write(bytes(4007) + np.array([1, 2], np.float32).tobytes())

# Sparse tensors become dense.
# CHECK: squint.constant dense<{{\[\[}}0.000000e+00, 5.000000e+00], [6.000000e+00, 0.000000e+00]]> : tensor<2x2xf32>
sparse = helper.make_sparse_tensor(numpy_helper.from_array(np.array([5, 6], np.float32), "sparse"),
                                   numpy_helper.from_array(np.array([[0, 1], [1, 0]], np.int64), "at"), [2, 2])
nodes += [helper.make_node("Identity", [t.name], [f"{t.name}_out"]) for t in tensors]
nodes.append(helper.make_node("Identity", ["sparse"], ["sparse_out"]))

# The forms of Constant.
# CHECK: squint.constant dense<[4, 5]> : tensor<2xi64>
# CHECK: squint.constant dense<1.500000e+00> : tensor<f32>
# CHECK: squint.constant dense<["a", "b"]> : tensor<2x!onnx.string>
for name, value in {"value_ints": [4, 5], "value_float": 1.5, "value_strings": ["a", "b"]}.items():
    nodes.append(helper.make_node("Constant", [], [name], **{name: value}))


def save(path, nodes, tensors, sparse=()):
    outputs = [helper.make_tensor_value_info(n.output[0], TensorProto.UNDEFINED, None) for n in nodes]
    graph = helper.make_graph(nodes, "g", [], outputs, tensors, sparse_initializer=sparse)
    with open(path, "wb") as f:
        f.write(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)]).SerializeToString())


save(f"{folder}/model/m.onnx", nodes, tensors, [sparse])

# OUTSIDE: outside.onnx: error: initializer 'w': expected data inside the model's folder, got '../other/w.bin'
# ALLOWED: squint.constant #squint.data<"../other/w.bin", 0, 4000> : tensor<1000xf32>
tensors = []
external("w", "../other/w.bin", [1000])
with open(f"{folder}/other/w.bin", "wb") as f:
    f.write(bytes(4000))
save(f"{folder}/model/outside.onnx", [helper.make_node("Identity", ["w"], ["y"])], tensors)
