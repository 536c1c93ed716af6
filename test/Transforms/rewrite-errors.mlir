// RUN: split-file %s %t
// RUN: not squint-opt %t/linear.mlir --squint-equalize 2>&1 | FileCheck %s --check-prefix=EQUALIZE
// RUN: not squint-opt %t/linear.mlir --squint-smooth 2>&1 | FileCheck %s --check-prefix=SAMPLES
// RUN: not squint-opt %t/linear.mlir --squint-smooth="calibration=x.npz alpha=2" 2>&1 | FileCheck %s --check-prefix=ALPHA
// RUN: not squint-opt %t/linear.mlir --squint-smooth="calibration=%t/x.npz" 2>&1 | FileCheck %s --check-prefix=SMOOTH
// RUN: not squint-opt %t/linear.mlir --squint-correct-bias="calibration=%t/x.npz" 2>&1 | FileCheck %s --check-prefix=BIAS
// RUN: not squint-opt %t/linear.mlir --squint-correct-bias 2>&1 | FileCheck %s --check-prefix=FILE

// EQUALIZE: error: equalization touched nothing: expected float linears or convs with nothing but ReLU, LeakyReLU or pooling between them
// SAMPLES: error: expected a file of samples for smoothing
// ALPHA: error: expected an alpha up to 1, or a negative one to search it, got 2
// SMOOTH: error: smoothing touched nothing: expected norms, values of attention or products that linears with float weights read
// BIAS: error: bias correction touched nothing: expected quantized weights with squint.original
// FILE: error: expected a file of samples, and no negative numbers

//--- linear.mlir
func.func @main(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = squint.constant dense<1.0> : tensor<8x8xf32>
  %0 = squint.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
