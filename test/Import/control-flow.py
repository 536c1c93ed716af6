# RUN: %python %s %t.onnx
# RUN: squint-translate --import-onnx %t.onnx | FileCheck %s
# RUN: squint-translate --import-onnx %t.onnx | squint-opt --squint-infer-shapes | FileCheck %s --check-prefix=SHAPES
"""Subgraphs become regions that see the values around them."""
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def info(name, data_type=TensorProto.FLOAT, shape=None):
    return helper.make_tensor_value_info(name, data_type, shape)


# CHECK: %[[IF:.*]] = onnx.If(%arg1) {
# CHECK:   %[[W:.*]] = squint.constant dense<2.000000e+00> : tensor<f32>
# CHECK:   %[[A:.*]] = onnx.Mul(%arg0, %[[W]])
# CHECK:   onnx.yield %[[A]] : tensor<*xf32>
# CHECK: }, {
# CHECK:   onnx.yield %arg0 : tensor<?x3xf32>
# CHECK: } : (tensor<i1>) -> tensor<*xf32>
# SHAPES: onnx.If(%arg1) {
# SHAPES: } {squint.dims = {{\[\[}}"n", "3"]]} : (tensor<i1>) -> tensor<?x3xf32>
then_branch = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["a"])], "then", [], [info("a")],
                                [numpy_helper.from_array(np.float32(2), "w")])
else_branch = helper.make_graph([], "else", [], [info("x")])
# CHECK: onnx.Loop({{.*}}) {
# CHECK: ^bb0(%{{.*}}: tensor<*xi64>, %[[GO:.*]]: tensor<*xi1>, %[[V:.*]]: tensor<*xf32>):
# CHECK:   onnx.yield %[[GO]], %{{.*}}, %[[V]] : tensor<*xi1>, tensor<*xf32>, tensor<*xf32>
# CHECK: } {operandSegmentSizes = array<i32: 1, 0, 1>} : (tensor<i64>, tensor<*xf32>) -> (tensor<*xf32>, tensor<*xf32>)
# SHAPES: squint.dims = {{\[\[}}"n", "3"], ["4", "n", "3"]]{{.*}} -> (tensor<?x3xf32>, tensor<4x?x3xf32>)
body = helper.make_graph(
    [helper.make_node("Relu", ["v"], ["v_next"])], "body",
    [info("i", TensorProto.INT64, []), info("go", TensorProto.BOOL, []), info("v")], [info("go", TensorProto.BOOL, []), info("v_next"), info("v")])
nodes = [
    helper.make_node("If", ["c"], ["a"], then_branch=then_branch, else_branch=else_branch),
    helper.make_node("Loop", ["count", "", "a"], ["last", "all"], body=body),
]
graph = helper.make_graph(nodes, "g", [info("x", shape=["n", 3]), info("c", TensorProto.BOOL, [])], [info("last"), info("all")],
                          [numpy_helper.from_array(np.int64(4), "count")])
with open(sys.argv[1], "wb") as f:
    f.write(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
