// RUN: squint-opt %s --squint-prepare-entry --one-shot-bufferize --canonicalize --cse --squint-place-weights \
// RUN:   --squint-outline-kernels --canonicalize --cse --squint-plan-memory | FileCheck %s

// What shape inference took for granted decides the status of the plan: 3 is a shape that does not fit.
// CHECK: func.func @squint_plan(
// CHECK: %[[FITS:.*]] = arith.cmpi sle, %{{.*}}, %{{.*}} : index
// CHECK: %[[STATUS:.*]] = arith.select %[[FITS]], %c0_i32{{.*}}, %c3_i32{{.*}} : i32
// CHECK: return %[[STATUS]] : i32
func.func @main(%x: tensor<?x4xf32> {squint.name = "x", squint.dims = ["n", "4"]})
    -> (tensor<?x4xf32> {squint.name = "y", squint.dims = ["n", "4"]})
    attributes {squint.assume = [["n", "<=", "512"]]} {
  %n = squint.dim "n"
  %0 = tensor.empty(%n) : tensor<?x4xf32>
  %1 = kernel.softmax ins(%x : tensor<?x4xf32>) outs(%0 : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
