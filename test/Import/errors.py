# RUN: rm -rf %t && mkdir -p %t/model && %python %s %t/model 2>&1 | FileCheck %s
"""Whatever is wrong with a model is said in one line that names the file, the node and the rule; exit status 1."""
import os
import subprocess
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

folder = sys.argv[1]


def info(name, data_type=TensorProto.FLOAT, shape=(2, 3)):
    return helper.make_tensor_value_info(name, data_type, shape)


def refuse(name, data, *flags):
    """Prints what the importer says of the bytes or the model."""
    path = f"{folder}/{name}.onnx"
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.SerializeToString())
    done = subprocess.run(["squint-translate", "--import-onnx", path, "-o", f"{folder}/out.mlir", *flags],
                          capture_output=True, text=True)
    lines = done.stderr.splitlines()
    notes = [line for line in lines[1:] if line.startswith(f"{path}: note: ")]
    assert done.returncode == 1 and len(lines) == 1 + len(notes), (name, done.returncode, done.stderr)
    assert lines[0].startswith(f"{path}: error: "), lines[0]
    assert not os.path.exists(f"{folder}/out.mlir")
    print(f"{name}: {lines[0][len(path) + 9:]}", *(line[len(path) + 2:] for line in notes), sep="\n")


def model(nodes, inputs=None, outputs=None, constants=(), opsets={"": 17}, **more):
    graph = helper.make_graph(nodes, "g", [info("x")] if inputs is None else inputs, outputs or [info("y", shape=None)], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(d, v) for d, v in opsets.items()], **more)


def node(op, inputs, *outputs, **attributes):
    return helper.make_node(op, inputs, outputs or ["y"], name="it", **attributes)


# CHECK: nothing: expected an ONNX model, got bytes that are no protobuf message of that kind
refuse("nothing", b"")
# CHECK: text: expected an ONNX model, got bytes
refuse("text", b"hello, world, this is no model\n" * 10)
# CHECK: truncated: expected an ONNX model, got bytes
refuse("truncated", model([node("Relu", ["x"])]).SerializeToString()[:-3])
# CHECK: empty: expected an ONNX model with a graph and an opset, got none
refuse("empty", b"\x08\x07")
# CHECK: opset: expected opset 1 to 27, got 0
refuse("opset", model([node("Relu", ["x"])], opsets={"": 0}))
# CHECK: newer: expected opset 1 to 27, got 28
refuse("newer", model([node("Relu", ["x"])], opsets={"": 28}))

# Every operator that is not known, with its count and its nodes, at once.
# CHECK: unknown: expected supported operators, got LayerNormalization (not in opset 13) x1, com.microsoft.Gelu (the model does not import its domain) x1, other.Op x2
# CHECK-NEXT: note: LayerNormalization (not in opset 13): node 'it'
# CHECK: note: other.Op: node 'Op_0', 'second'
refuse("unknown", model([
    helper.make_node("Op", ["x"], ["a"], domain="other"), helper.make_node("Op", ["x"], ["b"], "second", domain="other"),
    node("LayerNormalization", ["x", "x"], "c"), node("SequenceEmpty", [], "d"),
    helper.make_node("Gelu", ["x"], ["y"], domain="com.microsoft")], opsets={"": 13}))

# Nodes.
# CHECK: undefined: node 'it' (Relu): expected 'z' to be defined before its use
refuse("undefined", model([node("Relu", ["z"])]))
# CHECK: order: node 'it' (Relu): expected 'z' to be defined before its use
refuse("order", model([node("Relu", ["z"]), node("Relu", ["x"], "z")]))
# CHECK: twice: node 'it' (Relu): expected one definition of 'y', got several
refuse("twice", model([node("Relu", ["x"]), node("Relu", ["x"])]))
# CHECK: shadow: node 'it' (Relu): expected one definition of 'w', got several
refuse("shadow", model([node("Relu", ["x"], "w")], constants=[numpy_helper.from_array(np.float32(1), "w")]))
# CHECK: missing: node 'it' (Add): expected the operand 'B', got none
refuse("missing", model([node("Add", ["x"])]))
# CHECK: many: node 'it' (Relu): expected at most 1 operands, got 2
refuse("many", model([node("Relu", ["x", "x"])]))
# CHECK: attribute: node 'it' (Relu): expected an attribute of the operator, got 'slope'
refuse("attribute", model([node("Relu", ["x"], slope=1)]))
# CHECK: kind: node 'it' (Softmax): expected another kind of value for the attribute 'axis'
refuse("kind", model([node("Softmax", ["x"], axis="last")]))
# CHECK: required: node 'it' (Cast): expected the attribute 'to', got none
refuse("required", model([node("Cast", ["x"])]))
# CHECK: type: node 'it': 'onnx.Add' op expected element type 'f32' for 'B', got 'i64'
refuse("type", model([node("Add", ["x", "i"])], [info("x"), info("i", TensorProto.INT64)]))
# CHECK: set: node 'it': 'onnx.Not' op operand #0 must be tensor of 1-bit signless integer values, but got 'tensor<2x3xf32>'
refuse("set", model([node("Not", ["x"])], outputs=[info("y", TensorProto.BOOL, None)]))
# CHECK: deprecated: node 'it' (Upsample): expected an operator that is not deprecated in opset 11
refuse("deprecated", model([node("Upsample", ["x", "s"])], [info("x"), info("s", shape=[2])], opsets={"": 11}))
# CHECK: recursive: node '{{.*}}it' (F): expected at most 32 levels of subgraphs and functions
loop = helper.make_function("local", "F", ["x"], ["y"], [helper.make_node("F", ["x"], ["y"], domain="local", name="it")],
                            [helper.make_opsetid("local", 1), helper.make_opsetid("", 17)])
refuse("recursive", model([helper.make_node("F", ["x"], ["y"], domain="local", name="it")], opsets={"": 17, "local": 1}, functions=[loop]))
# CHECK: explosion: node '{{.*}}' (Relu): expected at most 262144 nodes in all calls of functions and subgraphs
chain = [helper.make_function("local", "F0", ["x"], ["y"], [node("Relu", ["x"])], [helper.make_opsetid("", 17)])]
for i in range(1, 30):
    twice = [helper.make_node(f"F{i - 1}", ["x"], ["a"], domain="local"), helper.make_node(f"F{i - 1}", ["a"], ["y"], domain="local")]
    chain.append(helper.make_function("local", f"F{i}", ["x"], ["y"], twice, [helper.make_opsetid("local", 1)]))
refuse("explosion", model([helper.make_node("F29", ["x"], ["y"], domain="local")], opsets={"": 17, "local": 1}, functions=chain))

# Inputs and outputs.
# CHECK: list: input 'x': expected to be told what the sequence holds (--elements)
refuse("list", model([node("Relu", ["x"])], [helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, None)]))
# CHECK: unranked: input 'x': expected a shape, got none
refuse("unranked", model([node("Relu", ["x"])], [info("x", shape=None)]))
# CHECK: negative: input 'x': expected dimensions of 0 or more, got -7
refuse("negative", model([node("Relu", ["x"])], [info("x", shape=[-7])]))
# CHECK: huge: input 'x': expected a tensor of less than 2^56 elements
refuse("huge", model([node("Relu", ["x"])], [info("x", shape=[2**40, 2**40])]))
# CHECK: output: output 'y': expected elements of type 'f64', got 'f32'
refuse("output", model([node("Relu", ["x"])], outputs=[info("y", TensorProto.DOUBLE, None)]))
# CHECK: nowhere: output 'q': expected 'q' to be defined before its use
refuse("nowhere", model([node("Relu", ["x"])], outputs=[info("q")]))
# CHECK: pin: expected a symbolic dimension of an input, got 'n' (the model has none)
refuse("pin", model([node("Relu", ["x"])]), "--dim", "n=4")


# Constants.
def constant(**fields):
    entries = fields.pop("external", {})
    tensor = TensorProto(name="w", **fields)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    return model([node("Relu", ["w"])], constants=[tensor])


F, E = TensorProto.FLOAT, TensorProto.EXTERNAL
with open(f"{folder}/w.bin", "wb") as f:
    f.write(bytes(100))
with open(f"{folder}/../outside.bin", "wb") as f:
    f.write(bytes(100))
os.symlink("../outside.bin", f"{folder}/link.bin")
# CHECK: short: initializer 'w': expected 16 bytes for tensor<4xf32>, got 12
refuse("short", constant(data_type=F, dims=[4], raw_data=bytes(12)))
# CHECK: long: initializer 'w': expected 16 bytes for tensor<4xf32>, got 4000
refuse("long", constant(data_type=F, dims=[4], raw_data=bytes(4000)))
# CHECK: values: initializer 'w': expected 4 values in float_data for tensor<4xf32>, got 3
refuse("values", constant(data_type=F, dims=[4], float_data=[1, 2, 3]))
# CHECK: varints: initializer 'w': expected 4 values in int64_data for tensor<4xi64>, got 5
refuse("varints", constant(data_type=TensorProto.INT64, dims=[4], int64_data=range(2000)))
# CHECK: field: initializer 'w': expected 4 values in float_data for tensor<4xf32>, got 0
refuse("field", constant(data_type=F, dims=[4], int64_data=[1, 2, 3, 4]))
# CHECK: fields: initializer 'w': expected data in one field, got several
refuse("fields", constant(data_type=F, dims=[400], raw_data=bytes(1600), float_data=[1]))
# CHECK: type: initializer 'w': expected a data type of the standard, got 77
refuse("type", constant(data_type=77, dims=[4], raw_data=bytes(16)))
# CHECK: below: initializer 'w': expected dimensions of 0 or more, got -1
refuse("below", constant(data_type=F, dims=[-1], raw_data=bytes(4)))
# CHECK: overflow: initializer 'w': expected a tensor of less than 2^56 elements
refuse("overflow", constant(data_type=F, dims=[2**32, 2**31], raw_data=bytes(4)))
# CHECK: absent: initializer 'w': cannot open 'none.bin': no such file
refuse("absent", constant(data_type=F, dims=[4], data_location=E, external={"location": "none.bin"}))
# CHECK: end: initializer 'w': expected 16 bytes at offset 96 of 'w.bin', which has 100
refuse("end", constant(data_type=F, dims=[4], data_location=E, external={"location": "w.bin", "offset": 96}))
# CHECK: wrap: initializer 'w': expected 16 bytes at offset 9223372036854775807 of 'w.bin', which has 100
refuse("wrap", constant(data_type=F, dims=[4], data_location=E, external={"location": "w.bin", "offset": 2**63 - 1}))
# CHECK: length: initializer 'w': expected 16 bytes for tensor<4xf32>, got a length of 12 in external data
refuse("length", constant(data_type=F, dims=[4], data_location=E, external={"location": "w.bin", "length": 12}))
# CHECK: number: initializer 'w': expected a number for the offset of external data, got '-4'
refuse("number", constant(data_type=F, dims=[4], data_location=E, external={"location": "w.bin", "offset": -4}))
# CHECK: place: initializer 'w': expected a location for external data
refuse("place", constant(data_type=F, dims=[4], data_location=E))
# CHECK: absolute: initializer 'w': expected data inside the model's folder, got '{{.*}}/w.bin' (see --allow-external)
refuse("absolute", constant(data_type=F, dims=[4], data_location=E, external={"location": os.path.abspath(f"{folder}/w.bin")}))
# CHECK: escape: initializer 'w': expected data inside the model's folder, got '../outside.bin' (see --allow-external)
refuse("escape", constant(data_type=F, dims=[4], data_location=E, external={"location": "../outside.bin"}))
# CHECK: link: initializer 'w': expected data inside the model's folder, got 'link.bin' (see --allow-external)
refuse("link", constant(data_type=F, dims=[4], data_location=E, external={"location": "link.bin"}))
# CHECK: folder: initializer 'w': expected a regular file, got '{{.*}}'
os.mkdir(f"{folder}/sub")
refuse("folder", constant(data_type=F, dims=[4], data_location=E, external={"location": "sub"}))
# CHECK: duplicate: initializer 'w': expected one definition, got several
w = numpy_helper.from_array(np.float32(1), "w")
refuse("duplicate", model([node("Relu", ["w"])], constants=[w, w]))
# CHECK: both: node 'it' (Constant): expected one attribute and one result
refuse("both", model([node("Constant", [], value_int=1, value_float=1.0)]))
# CHECK: flag: node 'it' (ReduceSum): expected 0 or 1 as 'keepdims', got 7
refuse("flag", model([node("ReduceSum", ["w"], keepdims=7)], constants=[w]))
