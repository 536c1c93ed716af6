// Integers of keys have one scale for all elements: factors that the keys' norm has for some of them move to the queries'.
// RUN: squint-opt %s --squint-add-caches=format=int8 --split-input-file | FileCheck %s --check-prefix=INT8
// RUN: squint-opt %s --squint-add-caches=format=f16 --split-input-file | FileCheck %s --check-prefix=KEPT
// RUN: squint-opt %s --squint-add-caches=format=int4 --split-input-file | FileCheck %s --check-prefix=KEPT

// The larger factor of a pair: 1 and 12 are of a pair (elements 0 and 3), 3 and 0.3 too (1 and 4), 0 and 0 (2 and 5); 0.125 and 1 are
// past the last pair. The norms had one constant.
// INT8-DAG: %[[Q:.*]] = squint.constant dense<[1.200000e+01, 9.000000e+00, 0.000000e+00, 1.440000e+02, {{[^,]*}}, 0.000000e+00, 1.562500e-02, 1.000000e+00]>
// INT8-DAG: %[[K:.*]] = squint.constant dense<[{{[^,]*}}, 1.000000e+00, 0.000000e+00, 1.000000e+00, {{[^,]*}}, 0.000000e+00, 1.000000e+00, 1.000000e+00]>
// INT8-DAG: squint.norm %{{.*}} scale(%[[Q]]) epsilon = 1.000000e-05
// INT8-DAG: squint.norm %{{.*}} scale(%[[K]]) epsilon = 9.9999999999999995E-7
// KEPT: %[[G:.*]] = squint.constant dense<[1.000000e+00, 3.000000e+00,
// KEPT-COUNT-2: squint.norm %{{.*}} scale(%[[G]]) epsilon
module {
  func.func @main(%ids: tensor<?x?xi64> {squint.name = "input_ids", squint.dims = ["batch", "sequence"]},
                  %angles: tensor<?x?x3xf32> {squint.name = "angles", squint.dims = ["batch", "sequence", "3"]})
      -> (tensor<?x?x16xf32> {squint.name = "logits", squint.dims = ["batch", "sequence", "16"]}) attributes {squint.assume = [["sequence", "<=", "300"]]} {
    %table = squint.constant dense<0.25> : tensor<16x16xf32>
    %g = squint.constant dense<[1.0, 3.0, 0.0, 12.0, 0.3, 0.0, 0.125, 1.0]> : tensor<8xf32>
    %heads = squint.constant dense<[0, 0, 2, 8]> : tensor<4xi64>
    %flat = squint.constant dense<[0, 0, 16]> : tensor<3xi64>
    %p = squint.positions {squint.dims = [["batch", "sequence"]]} : tensor<?x?xi64>
    %x = squint.embedding %table, %ids {squint.dims = [["batch", "sequence", "16"]]} : tensor<16x16xf32>, tensor<?x?xi64> -> tensor<?x?x16xf32>
    %h = onnx.Reshape(%x, %heads) {squint.dims = [["batch", "sequence", "2", "8"]]} : (tensor<?x?x16xf32>, tensor<4xi64>) -> tensor<?x?x2x8xf32>
    %qn = squint.norm %h scale(%g) epsilon = 1.0e-5 {squint.dims = [["batch", "sequence", "2", "8"]]} : tensor<?x?x2x8xf32>, tensor<8xf32> -> tensor<?x?x2x8xf32>
    %kn = squint.norm %h scale(%g) epsilon = 1.0e-6 {squint.dims = [["batch", "sequence", "2", "8"]]} : tensor<?x?x2x8xf32>, tensor<8xf32> -> tensor<?x?x2x8xf32>
    %q = squint.rotary %qn, %angles, %angles {squint.dims = [["batch", "sequence", "2", "8"]]} : tensor<?x?x2x8xf32>, tensor<?x?x3xf32>
    %k = squint.rotary %kn, %angles, %angles {squint.dims = [["batch", "sequence", "2", "8"]]} : tensor<?x?x2x8xf32>, tensor<?x?x3xf32>
    %y = squint.attention %q, %k, %h scale = 0.5 causal {squint.dims = [["batch", "sequence", "2", "8"]]}
        : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32> -> tensor<?x?x2x8xf32>
    %f = onnx.Reshape(%y, %flat) {squint.dims = [["batch", "sequence", "16"]]} : (tensor<?x?x2x8xf32>, tensor<3xi64>) -> tensor<?x?x16xf32>
    %l = squint.linear %f, %table {squint.dims = [["batch", "sequence", "16"]]} : tensor<?x?x16xf32>, tensor<16x16xf32> -> tensor<?x?x16xf32>
    return %l : tensor<?x?x16xf32>
  }
}
