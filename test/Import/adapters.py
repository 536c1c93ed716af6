# RUN: mkdir -p %t && %python %s %t | FileCheck %s
"""Older forms of operators become the newest one. Each model is of the last opset before its operator changed."""
import subprocess
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

folder = sys.argv[1]


def show(opset, op, inputs={}, constants={}, outputs=1, order=None, **attributes):
    """Prints the IR of a model of one node."""
    names = order or [*inputs, *constants]
    node = helper.make_node(op, names, [f"y{i}" for i in range(outputs)], **attributes)
    graph = helper.make_graph(
        [node], "g", [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
        [helper.make_tensor_value_info("y0", TensorProto.UNDEFINED, None)],
        [numpy_helper.from_array(np.array(v), n) for n, v in constants.items()])
    path = f"{folder}/{op}.onnx"
    with open(path, "wb") as f:
        f.write(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString())
    done = subprocess.run(["squint-translate", "--import-onnx", path], capture_output=True, text=True)
    print(f"-- {op} of opset {opset}\n{done.stdout}{done.stderr}", flush=True)


X = {"x": [2, 3, 4, 5]}

# CHECK-LABEL: -- Clip of opset 10
# CHECK: %[[MAX:.*]] = squint.constant dense<6.000000e+00> : tensor<f32>
# CHECK: onnx.Clip(%arg0, %[[MAX]]) {operandSegmentSizes = array<i32: 1, 0, 1>}
show(10, "Clip", X, max=6.0)
# CHECK-LABEL: -- Slice of opset 9
# CHECK-DAG: %[[STARTS:.*]] = squint.constant dense<[0, 1]> : tensor<2xi64>
# CHECK-DAG: %[[ENDS:.*]] = squint.constant dense<[1, 3]> : tensor<2xi64>
# CHECK-DAG: %[[AXES:.*]] = squint.constant dense<[2, 3]> : tensor<2xi64>
# CHECK: onnx.Slice(%arg0, %[[STARTS]], %[[ENDS]], %[[AXES]]) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>}
show(9, "Slice", X, starts=[0, 1], ends=[1, 3], axes=[2, 3])
# CHECK-LABEL: -- Pad of opset 10
# CHECK-DAG: %[[PADS:.*]] = squint.constant dense<[0, 0, 1, 1, 0, 0, 2, 2]> : tensor<8xi64>
# CHECK-DAG: %[[VALUE:.*]] = squint.constant dense<5.000000e-01> : tensor<f32>
# CHECK: onnx.Pad(%arg0, %[[PADS]], %[[VALUE]]) {operandSegmentSizes = array<i32: 1, 1, 1, 0>}
show(10, "Pad", X, mode="constant", pads=[0, 0, 1, 1, 0, 0, 2, 2], value=0.5)
# CHECK-LABEL: -- ReduceMean of opset 17
# CHECK: %[[AXES:.*]] = squint.constant dense<-1> : tensor<1xi64>
# CHECK: onnx.ReduceMean(%arg0, %[[AXES]]) {keepdims = 0 : i64}
show(17, "ReduceMean", X, axes=[-1], keepdims=0)
# CHECK-LABEL: -- ReduceSum of opset 12
# CHECK: onnx.ReduceSum(%arg0) :
show(12, "ReduceSum", X)
# CHECK-LABEL: -- Squeeze of opset 12
# CHECK: onnx.Squeeze(%arg0, %{{.*}}) : (tensor<1x3xf32>, tensor<1xi64>)
show(12, "Squeeze", {"x": [1, 3]}, axes=[0])
# CHECK-LABEL: -- Unsqueeze of opset 12
# CHECK: onnx.Unsqueeze(%arg0, %{{.*}}) : (tensor<1x3xf32>, tensor<2xi64>)
show(12, "Unsqueeze", {"x": [1, 3]}, axes=[0, 3])

# Softmax over all dimensions from an axis on; over the last one it is the same as now.
# CHECK-LABEL: -- Softmax of opset 12
# CHECK: %[[FLAT:.*]] = onnx.Flatten(%arg0) : (tensor<2x3x4x5xf32>)
# CHECK: %[[SOFT:.*]] = onnx.Softmax(%[[FLAT]]) :
# CHECK: %[[SHAPE:.*]] = onnx.Shape(%arg0)
# CHECK: onnx.Reshape(%[[SOFT]], %[[SHAPE]])
show(12, "Softmax", X)
# CHECK-LABEL: -- LogSoftmax of opset 12
# CHECK-NOT: onnx.Flatten
# CHECK: onnx.LogSoftmax(%arg0) :
show(12, "LogSoftmax", X, axis=3)
# CHECK-LABEL: -- Hardmax of opset 11
# CHECK: onnx.Flatten(%arg0) {axis = 2 : i64}
# CHECK: onnx.Hardmax
show(11, "Hardmax", X, axis=2)

# CHECK-LABEL: -- Split of opset 12
# CHECK: %[[SIZES:.*]] = squint.constant dense<[1, 2]> : tensor<2xi64>
# CHECK: onnx.Split(%arg0, %[[SIZES]]) {axis = 1 : i64}
show(12, "Split", X, outputs=2, axis=1, split=[1, 2])
# CHECK-LABEL: -- Split of opset 13
# CHECK: onnx.Split(%arg0) {axis = 3 : i64, num_outputs = 5 : i64}
show(13, "Split", X, outputs=5, axis=3)
# CHECK-LABEL: -- TopK of opset 9
# CHECK: %[[K:.*]] = squint.constant dense<2> : tensor<1xi64>
# CHECK: onnx.TopK(%arg0, %[[K]]) {axis = 1 : i64}
show(9, "TopK", X, outputs=2, k=2, axis=1)
# CHECK-LABEL: -- Upsample of opset 8
# CHECK: %[[SCALES:.*]] = squint.constant dense<[1.000000e+00, 1.000000e+00, 2.000000e+00, 2.000000e+00]> : tensor<4xf32>
# CHECK: onnx.Resize(%arg0, %[[SCALES]]) {coordinate_transformation_mode = "asymmetric", mode = "linear", nearest_mode = "floor", operandSegmentSizes = array<i32: 1, 0, 1, 0>}
show(8, "Upsample", X, mode="linear", scales=[1.0, 1.0, 2.0, 2.0])
# CHECK-LABEL: -- Upsample of opset 9
# CHECK: onnx.Resize(%arg0, %{{.*}}) {coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"
show(9, "Upsample", X, {"s": np.ones(4, np.float32)})
# CHECK-LABEL: -- Resize of opset 10
# CHECK: onnx.Resize(%arg0, %{{.*}}) {coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"
show(10, "Resize", X, {"s": np.ones(4, np.float32)})
# CHECK-LABEL: -- BatchNormalization of opset 7
# CHECK: onnx.BatchNormalization(%arg0, {{.*}}) {resultSegmentSizes = array<i32: 1, 0, 0>}
show(7, "BatchNormalization", X, {n: np.ones(3, np.float32) for n in "smvb"}, outputs=5, spatial=1)
# CHECK-LABEL: -- BatchNormalization of opset 8
# CHECK: error: node 'BatchNormalization_0' (BatchNormalization): expected spatial = 1, got 0
show(8, "BatchNormalization", X, {n: np.ones(3, np.float32) for n in "smvb"}, spatial=0)
# CHECK-LABEL: -- Add of opset 6
# CHECK: %[[ALIGNED:.*]] = onnx.Unsqueeze(%arg1, %{{.*}})
# CHECK: onnx.Add(%arg0, %[[ALIGNED]])
show(6, "Add", {"a": [2, 3, 4], "b": [3]}, axis=1, broadcast=1)
# CHECK-LABEL: -- PRelu of opset 6
# CHECK: %[[SLOPE:.*]] = onnx.Unsqueeze({{.*}}) : (tensor<3xf32>, tensor<1xi64>)
# CHECK: onnx.PRelu(%arg0, %[[SLOPE]])
show(6, "PRelu", {"x": [2, 3, 4]}, {"s": np.ones(3, np.float32)})
# CHECK-LABEL: -- BatchNormalization of opset 6
# CHECK: error: node 'BatchNormalization_0' (BatchNormalization): expected is_test = 1 (training is not supported), got 0
show(6, "BatchNormalization", X, {n: np.ones(3, np.float32) for n in "smvb"})
# CHECK-LABEL: -- Reshape of opset 1
# CHECK: onnx.Reshape(%arg0, %{{.*}})
show(1, "Reshape", {"x": [2, 3]}, shape=[3, 2], consumed_inputs=[0])
# CHECK-LABEL: -- Dropout of opset 11
# CHECK: onnx.Dropout(%arg0) {operandSegmentSizes = array<i32: 1, 0, 0>}
show(11, "Dropout", X, ratio=0.3)
# CHECK-LABEL: -- Gemm of opset 8
# CHECK: onnx.Gemm(%arg0, %arg1, %arg2)
show(8, "Gemm", {"a": [2, 3], "b": [3, 4], "c": [4]})
# CHECK-LABEL: -- Scatter of opset 10
# CHECK: onnx.ScatterElements(%arg0, {{.*}}) {axis = 1 : i64}
show(10, "Scatter", {"x": [1, 5]}, {"i": [[1, 3]], "u": np.ones((1, 2), np.float32)}, axis=1)
# CHECK-LABEL: -- GridSample of opset 19
# CHECK: onnx.GridSample(%arg0, %arg1) {mode = "cubic"}
show(19, "GridSample", {"x": [1, 1, 4, 4], "g": [1, 2, 2, 2]}, mode="bicubic")
# CHECK-LABEL: -- RoiAlign of opset 15
# CHECK: onnx.RoiAlign({{.*}}) {coordinate_transformation_mode = "output_half_pixel"
show(15, "RoiAlign", {"x": [1, 1, 4, 4], "r": [2, 4]}, {"b": [0, 0]})
# CHECK-LABEL: -- DFT of opset 19
# CHECK: %[[AXIS:.*]] = squint.constant dense<2> : tensor<i64>
# CHECK: onnx.DFT(%arg0, %[[AXIS]]) {operandSegmentSizes = array<i32: 1, 0, 1>}
show(19, "DFT", {"x": [1, 8, 8, 1]}, axis=2)
# CHECK-LABEL: -- GroupNormalization of opset 20
# CHECK: onnx.Shape(%arg0) {end = 2 : i64, start = 1 : i64}
# CHECK-COUNT-2: onnx.Expand
# CHECK: onnx.GroupNormalization(%arg0, {{.*}}) {num_groups = 2 : i64}
show(20, "GroupNormalization", {"x": [1, 6, 4]}, {"s": np.ones(2, np.float32), "b": np.ones(2, np.float32)}, num_groups=2)
# CHECK-LABEL: -- Scan of opset 8
# CHECK: onnx.Scan(%arg0) {
# CHECK: onnx.Scan(%arg1) {
# CHECK: onnx.yield
body = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "body", [helper.make_tensor_value_info("a", TensorProto.FLOAT, [3])],
                         [helper.make_tensor_value_info("b", TensorProto.FLOAT, [3])])
show(8, "Scan", {"x": [1, 2, 3]}, order=["", "x"], body=body, num_scan_inputs=1)
