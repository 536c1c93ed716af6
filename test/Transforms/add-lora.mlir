// RUN: squint-opt %s --store=%t.weights --pass-pipeline='builtin.module(squint-add-lora{adapter=%S/Inputs/lora})' | FileCheck %s
// RUN: squint-opt %s --store=%t.merged.weights --pass-pipeline='builtin.module(squint-add-lora{adapter=%S/Inputs/lora/adapter_model.safetensors merge=true})' | FileCheck %s --check-prefix=MERGED
// RUN: squint-opt %s --store=%t.parts.weights --pass-pipeline='builtin.module(squint-add-lora{adapter=%S/Inputs/lora},func.func(squint-expand-lora))' | FileCheck %s --check-prefix=PARTS
// RUN: not squint-opt %s --pass-pipeline='builtin.module(squint-add-lora{adapter=%t.none})' 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: cannot open '{{.*}}adapter_config.json'

// A linear is found by its node's name; everything that read it reads the sum. The other one stays.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>
// CHECK: %[[W:.*]] = squint.constant dense<1.000000e+00> : tensor<3x4xf32>
// CHECK: %[[BASE:.*]] = squint.linear %[[X]], %[[W]]
// CHECK-DAG: %[[A:.*]] = squint.constant #squint.data<{{.*}}> : tensor<2x4xf16>
// CHECK-DAG: %[[B:.*]] = squint.constant #squint.data<{{.*}}> : tensor<3x2xf32>
// CHECK: %[[Y:.*]] = squint.lora %[[X]], %[[A]], %[[B]] to(%[[BASE]]) scale = 1.500000e+00 {squint.dims = {{.}}["n", "3"]]}
// CHECK: squint.linear %[[Y]]
// CHECK: return %[[Y]], %{{.*}}

// W + 1.5 * B A
// MERGED: squint.constant dense<{{\[\[}}2.500000e+00, 4.000000e+00, 1.000000e+00, 1.000000e+00], [5.500000e+00, 7.000000e+00, 1.000000e+00, 1.000000e+00], [8.500000e+00, 1.000000e+01, 1.000000e+00, 1.000000e+00]]>
// MERGED-NOT: squint.lora

// PARTS-LABEL: func.func @main
// PARTS-SAME: (%[[X:.*]]: tensor<?x4xf32>
// PARTS: %[[BASE:.*]] = squint.linear %[[X]]
// PARTS: %[[P:.*]] = squint.constant #squint.data<{{.*}}> : !squint.packed<2x4, "f16">
// PARTS: %[[A:.*]] = squint.dequantize %[[P]]
// PARTS: %[[INNER:.*]] = squint.linear %[[X]], %[[A]] {squint.dims = {{.}}["n", "2"]]}
// PARTS: %[[SCALE:.*]] = squint.constant dense<1.500000e+00> : tensor<f32>
// PARTS: %[[SCALED:.*]] = onnx.Mul(%[[INNER]], %[[SCALE]])
// PARTS: %[[OUTER:.*]] = squint.linear %[[SCALED]], %{{.*}} {squint.dims = {{.}}["n", "3"]]}
// PARTS: onnx.Add(%[[BASE]], %[[OUTER]])
func.func @main(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}) -> (tensor<?x3xf32> {squint.dims = ["n", "3"]}, tensor<?x3xf32> {squint.dims = ["n", "3"]}) {
  %w = squint.constant dense<1.0> : tensor<3x4xf32>
  %v = squint.constant dense<1.0> : tensor<3x3xf32>
  %0 = squint.linear %x, %w {squint.dims = [["n", "3"]]} : tensor<?x4xf32>, tensor<3x4xf32> -> tensor<?x3xf32> loc("/net/up/MatMul")
  %1 = squint.linear %0, %v {squint.dims = [["n", "3"]]} : tensor<?x3xf32>, tensor<3x3xf32> -> tensor<?x3xf32> loc("/net/down/MatMul")
  return %0, %1 : tensor<?x3xf32>, tensor<?x3xf32>
}
