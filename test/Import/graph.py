# RUN: %python %s %t.onnx
# RUN: squint-translate --import-onnx %t.onnx | FileCheck %s
# RUN: squint-translate --import-onnx %t.onnx --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC
# RUN: squint-translate --import-onnx %t.onnx --dim batch=2 --dim x_d1=5 | FileCheck %s --check-prefix=PIN
# RUN: not squint-translate --import-onnx %t.onnx --dim sequence=2 2>&1 | FileCheck %s --check-prefix=NODIM
"""What a graph says of names, dimensions, types and operands."""
import sys

from onnx import TensorProto, helper, numpy_helper
import numpy as np

# Names of dimensions become symbols: other characters are replaced, 0 and nothing get a name of their own.
# CHECK-LABEL: func.func @main(
# CHECK-SAME: %arg0: tensor<?x?x3xf32> {squint.dims = ["batch", "x_d1", "3"], squint.name = "x"}
# CHECK-SAME: %arg1: tensor<?x?xi64> {squint.dims = ["past_len_1", "_2nd"], squint.name = "ids"}
# CHECK-SAME: %arg2: tensor<?xf16> {squint.dims = ["past_len_1_2"], squint.name = "half"}
# CHECK-SAME: -> (tensor<*xf32> {squint.dims = ["?", "?", "3"], squint.name = "y"}, tensor<*xf32> {squint.name = "z"}, tensor<3xf32> {squint.name = "w"})
inputs = [
    helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 0, 3]),
    # An initializer that is also an input is a constant.
    helper.make_tensor_value_info("w", TensorProto.FLOAT, [3]),
    helper.make_tensor_value_info("ids", TensorProto.INT64, ["past+len 1", "2nd"]),
    helper.make_tensor_value_info("half", TensorProto.FLOAT16, ["past-len 1"]),
]
inputs[0].type.tensor_type.shape.dim[1].ClearField("dim_value")
# Constants come first, in the order of their use; one without a use is left out.
# CHECK-NEXT: %[[W:.*]] = squint.constant dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>
# CHECK-NEXT: %[[MAX:.*]] = squint.constant dense<6.000000e+00> : tensor<f32>
# CHECK-NOT: squint.constant
# CHECK: %[[ADD:.*]] = onnx.Add(%arg0, %[[W]]) : (tensor<?x?x3xf32>, tensor<3xf32>) -> tensor<*xf32>
# CHECK: onnx.Clip(%[[ADD]], %[[MAX]]) {operandSegmentSizes = array<i32: 1, 0, 1>}
# CHECK: onnx.Cast(%arg2) {to = 1 : i64} : (tensor<?xf16>) -> tensor<*xf32>
# CHECK: onnx.ArgMax(%{{.*}}) {axis = 2 : i64} : (tensor<*xf32>) -> tensor<*xi64>
# CHECK: onnx.LayerNormalization({{.*}}) {resultSegmentSizes = array<i32: 1, 0, 1>} : (tensor<*xf32>, tensor<3xf32>) -> (tensor<*xf32>, tensor<*xf32>)
# LOC-DAG: loc("w"(#loc))
# LOC-DAG: loc("/block/add"(#loc))
# LOC-DAG: loc("Clip_0"(#loc))
nodes = [
    helper.make_node("Add", ["x", "w"], ["a"], name="/block/add"),
    helper.make_node("Clip", ["a", "", "max"], ["c"]),
    helper.make_node("Cast", ["half"], ["h"], to=TensorProto.FLOAT),
    helper.make_node("ArgMax", ["c"], ["i"], axis=2),
    helper.make_node("LayerNormalization", ["c", "w"], ["y", "", "z"]),
]
# PIN: %arg0: tensor<2x5x3xf32> {squint.dims = ["2", "5", "3"]
# NODIM: error: expected a symbolic dimension of an input, got 'sequence' (the model has 2nd, batch, past+len 1, past-len 1, x_d1)
outputs = [
    helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", "other", 3]),
    helper.make_tensor_value_info("z", TensorProto.FLOAT, None),
    helper.make_tensor_value_info("w", TensorProto.FLOAT, None),
]
constants = [numpy_helper.from_array(np.array([1, 2, 3], np.float32), "w"), numpy_helper.from_array(np.float32(6), "max"),
             numpy_helper.from_array(np.float32(7), "unused")]
graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
with open(sys.argv[1], "wb") as f:
    f.write(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())
