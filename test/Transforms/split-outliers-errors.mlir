// RUN: not squint-opt %s --squint-split-outliers 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not squint-opt %s --squint-split-outliers=mode=both 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not squint-opt %s --squint-split-outliers=threshold=-1 2>&1 | FileCheck %s --check-prefix=THRESHOLD
// RUN: not squint-opt %s --squint-split-outliers=mode=static 2>&1 | FileCheck %s --check-prefix=SAMPLES
// RUN: not squint-opt %s --squint-split-outliers=calibration=x.npz 2>&1 | FileCheck %s --check-prefix=DYNAMIC

// NONE: error: splitting outliers touched nothing: expected a linear with a constant float weight and activations of integers
// MODE: error: expected mode dynamic or static, got 'both'
// THRESHOLD: error: expected a threshold of 0 or more, got -1
// SAMPLES: error: expected samples to find columns in
// DYNAMIC: error: expected no samples for thresholds that hold by token
func.func @main(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = squint.constant dense<1.0> : tensor<3x4xf32>
  %0 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32"} : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
