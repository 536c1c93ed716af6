# RUN: %python %s %t.onnx
# RUN: squint-translate --import-onnx %t.onnx | FileCheck %s
# RUN: squint-translate --import-onnx %t.onnx --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC
"""Local functions are inlined, with their attributes and their own opset."""
import sys

from onnx import AttributeProto, TensorProto, helper

# The function's own opset is 11, where ReduceSum has axes as an attribute.
inner = helper.make_function(
    "local", "Sum", ["v"], ["s"], [helper.make_node("ReduceSum", ["v"], ["s"], name="reduce", axes=[1])],
    [helper.make_opsetid("", 11)])

leaky = helper.make_node("LeakyRelu", ["x"], ["r"], name="act")
leaky.attribute.append(AttributeProto(name="alpha", ref_attr_name="slope", type=AttributeProto.FLOAT))
concat = helper.make_node("Concat", ["r", "x"], ["c"])
concat.attribute.append(AttributeProto(name="axis", ref_attr_name="dim", type=AttributeProto.INT))
scale = helper.make_node("Constant", [], ["k"])
scale.attribute.append(AttributeProto(name="value_float", ref_attr_name="slope", type=AttributeProto.FLOAT))
outer = helper.make_function(
    "local", "Block", ["x", "bias"], ["y", "c"],
    [leaky, concat, scale, helper.make_node("Mul", ["r", "k"], ["m"]),
     helper.make_node("Sum", ["m"], ["y"], domain="local", name="inner")],
    [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)], attributes=["slope"],
    attribute_protos=[helper.make_attribute("dim", 0)])

# CHECK: %[[R:.*]] = onnx.LeakyRelu(%arg0) {alpha = 5.000000e-01 : f32}
# CHECK: %[[C:.*]] = onnx.Concat(%[[R]], %arg0) {axis = 0 : i64}
# CHECK: %[[K:.*]] = squint.constant dense<5.000000e-01> : tensor<f32>
# CHECK: %[[M:.*]] = onnx.Mul(%[[R]], %[[K]])
# CHECK: %[[AXES:.*]] = squint.constant dense<1> : tensor<1xi64>
# CHECK: %[[Y:.*]] = onnx.ReduceSum(%[[M]], %[[AXES]])
# A reference to an attribute that the call leaves out means the operator's default.
# CHECK: onnx.LeakyRelu(%[[Y]]) :
# CHECK: onnx.Concat({{.*}}) {axis = 1 : i64}
# LOC-DAG: loc("first/act"(#loc))
# LOC-DAG: loc("first/inner/reduce"(#loc))
nodes = [
    helper.make_node("Block", ["x"], ["a", "b"], domain="local", name="first", slope=0.5),
    helper.make_node("Half", ["a"], ["y"], domain="local", dim=1),
]
plain = helper.make_function(
    "local", "Half", ["x"], ["c"], [leaky, concat], [helper.make_opsetid("", 17)], attributes=["slope", "dim"])
graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])],
                          [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("y", "b")])
model = helper.make_model(graph, functions=[inner, outer, plain],
                          opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("local", 1)])
with open(sys.argv[1], "wb") as f:
    f.write(model.SerializeToString())
