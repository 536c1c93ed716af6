// REQUIRES: squintc
// RUN: squintc %s --progress=never --emit=llvm --store=%t.weights -o - | FileCheck %s

// What calibration knows keeps nobody from compiling in float.
// CHECK-NOT: squint.statistics
// CHECK-NOT: squint.observe
// CHECK: llvm.func @squint_run
squint.statistics "x" min = -1.0 max = 2.5 by "mse" samples = 3
func.func @main(%x: tensor<4x4xf32> {squint.name = "x"}) -> (tensor<4x4xf32> {squint.name = "y"}) {
  %0 = "onnx.Relu"(%x) : (tensor<4x4xf32>) -> tensor<4x4xf32>
  squint.observe %0 named "y" by "min-max" for <"int8:tensor,scale=f32"> : tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
