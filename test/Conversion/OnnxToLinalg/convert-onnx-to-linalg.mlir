// RUN: squint-opt %s --convert-onnx-to-linalg --split-input-file | FileCheck %s

// Broadcasting is a map, a dynamic size comes from its symbol.
// CHECK-DAG: #[[ID:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func.func @main
// CHECK: %[[B:.*]] = squint.dim "batch"
// CHECK: %[[E:.*]] = tensor.empty(%[[B]]) : tensor<?x384xf32>
// CHECK: linalg.generic {indexing_maps = [#[[ID]], #[[ROW]], #[[ID]]]
// CHECK: arith.addf
func.func @main(%x: tensor<?x384xf32> {squint.dims = ["batch", "384"]}, %y: tensor<384xf32>)
    -> (tensor<?x384xf32> {squint.dims = ["batch", "384"]}) {
  %0 = onnx.Add(%x, %y) {squint.dims = [["batch", "384"]]} : (tensor<?x384xf32>, tensor<384xf32>) -> tensor<?x384xf32>
  return %0 : tensor<?x384xf32>
}

// -----

// Unsigned and boolean elements are stored as signless bytes; the entry says what they were.
// CHECK-LABEL: func.func @main
// CHECK-SAME: tensor<4xi8> {squint.element = ui8}
// CHECK-SAME: -> (tensor<4xi8> {squint.element = i1})
// CHECK: arith.cmpi ult
// CHECK: arith.extui %{{.*}} : i1 to i8
func.func @main(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xi1> {
  %0 = onnx.Less(%x, %y) : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xi1>
  return %0 : tensor<4xi1>
}

// -----

// Half is computed in f32 and rounded where it is stored.
// CHECK-LABEL: func.func @main
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: math.exp %{{.*}} : f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
func.func @main(%x: tensor<4xf16>) -> tensor<4xf16> {
  %0 = onnx.Exp(%x) : (tensor<4xf16>) -> tensor<4xf16>
  return %0 : tensor<4xf16>
}

// -----

// Rows become kernels.
// CHECK-LABEL: func.func @main
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]]
// CHECK: kernel.softmax
// CHECK: tensor.expand_shape
func.func @main(%x: tensor<2x3x16xf32>) -> tensor<2x3x16xf32> {
  %0 = onnx.Softmax(%x) {axis = -1 : i64} : (tensor<2x3x16xf32>) -> tensor<2x3x16xf32>
  return %0 : tensor<2x3x16xf32>
}

// -----

// One matrix on the right: the batch is more rows.
// CHECK-LABEL: func.func @main
// CHECK: linalg.batch_matmul ins(%{{.*}} : tensor<1x6x8xf32>, tensor<1x8x5xf32>)
func.func @main(%x: tensor<2x3x8xf32>, %y: tensor<8x5xf32>) -> tensor<2x3x5xf32> {
  %0 = onnx.MatMul(%x, %y) : (tensor<2x3x8xf32>, tensor<8x5xf32>) -> tensor<2x3x5xf32>
  return %0 : tensor<2x3x5xf32>
}

// -----

// A transpose that moves only unit dimensions moves nothing.
// CHECK-LABEL: func.func @main
// CHECK-NOT: linalg.generic
// CHECK: tensor.expand_shape
func.func @main(%x: tensor<1x8x5xf32>) -> tensor<8x1x5xf32> {
  %0 = onnx.Transpose(%x) {perm = array<i64: 1, 0, 2>} : (tensor<1x8x5xf32>) -> tensor<8x1x5xf32>
  return %0 : tensor<8x1x5xf32>
}
