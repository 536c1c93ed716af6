// Rules choose by role, depth, shape and place; a method goes along, and what sizes alone decide is left alone.
// RUN: split-file %s %t
// RUN: squint-opt %t/block.mlir --squint-select-formats="recipe=%t/roles.yaml" | FileCheck %s --check-prefix=ROLES
// RUN: squint-opt %t/block.mlir --squint-select-formats="recipe=%t/roles.yaml explain" | FileCheck %s --check-prefix=WHY
// RUN: squint-opt %t/block.mlir --squint-select-formats="recipe=%t/shapes.yaml" | FileCheck %s --check-prefix=SHAPES
// RUN: squint-opt %t/stack.mlir --squint-select-formats="recipe=%t/depths.yaml" | FileCheck %s --check-prefix=DEPTHS
// RUN: squint-opt %t/stack.mlir --squint-select-formats="recipe=%t/fallbacks.yaml" | FileCheck %s --check-prefix=FALLBACKS
// RUN: squint-opt %t/stack.mlir --squint-select-formats="recipe=%t/planned.yaml" | FileCheck %s --check-prefix=PLANNED

// What rules say stands before a plan: f32 too. The others wait for it.
//--- planned.yaml
budget: bits:5
symmetric: true
rules:
  - {depths: 0, weights: int8}
  - {depths: 1, weights: f32}

//--- fallbacks.yaml
rules:
  - {depths: 0..4, weights: [q4_k, q8_0, int4, int5]}
  - weights: [int6, q8_0]

//--- roles.yaml
rules:
  - {roles: [q, k], weights: int3}
  - {roles: v, weights: int4}
  - {roles: o, weights: int5}
  - {roles: gate, weights: int6}
  - {roles: up, weights: int7, method: gptq, options: {damping: 0.05, act-order: false, descent: 2}}
  - {roles: down, weights: int2}
  - {roles: [embedding, head], weights: int8}
  - {operators: conv, optional: true, weights: int8}

//--- shapes.yaml
rules:
  - {shapes: 16x*, weights: int4}
  - {layers: first, weights: int8}
  - {layers: last, weights: int2}

//--- depths.yaml
rules:
  - {depths: n/8+1..7n/8 by 3, weights: int2}
  - {depths: [0, -1], weights: int8}
  - {depths: 7n/8.., weights: int6, optional: true}
  - {depths: 2..4, weights: int3}
  - weights: int4

//--- block.mlir
func.func @main(%ids: tensor<?x?xi64> {squint.dims = ["b", "s"], squint.name = "ids"}) -> tensor<?x?x32xf32> {
  %table = squint.constant dense<1.0> : tensor<32x8xf32>
  %w8 = squint.constant dense<1.0> : tensor<8x8xf32>
  %w16 = squint.constant dense<1.0> : tensor<16x8xf32>
  %wd = squint.constant dense<1.0> : tensor<8x16xf32>
  %heads = squint.constant dense<[0, 0, 2, 4]> : tensor<4xi64>
  %flat = squint.constant dense<[0, 0, 8]> : tensor<3xi64>
  %frequency = squint.constant dense<1.0> : tensor<4x1xf32>
  %s = squint.dim "s"
  %shape = tensor.from_elements %s : tensor<1xindex>
  %one = squint.constant dense<1.0> : tensor<5x1xf32>
  // Angles of positions take no format.
  // ROLES: squint.linear %{{[^{]*}} : tensor<5x1xf32>
  %angles = squint.linear %one, %frequency : tensor<5x1xf32>, tensor<4x1xf32> -> tensor<5x4xf32>
  // ROLES: squint.embedding {{.*}}"int8:channel,scale=f32"
  // WHY: squint.embedding {{.*}}squint.reason = "rule 7, line 8", squint.role = "embedding"
  %x = squint.embedding %table, %ids : tensor<32x8xf32>, tensor<?x?xi64> -> tensor<?x?x8xf32>
  // ROLES: squint.linear {{.*}}"int3:channel,scale=f32"
  // SHAPES: squint.linear {{.*}}"int8:channel,scale=f32"
  %q = squint.linear %x, %w8 : tensor<?x?x8xf32>, tensor<8x8xf32> -> tensor<?x?x8xf32>
  %q1 = onnx.Reshape(%q, %heads) : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %q2 = onnx.Neg(%q1) : (tensor<?x?x2x4xf32>) -> tensor<?x?x2x4xf32>
  // ROLES: squint.linear {{.*}}"int3:channel,scale=f32"
  %k = squint.linear %x, %w8 : tensor<?x?x8xf32>, tensor<8x8xf32> -> tensor<?x?x8xf32>
  %k1 = onnx.Reshape(%k, %heads) : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  // ROLES: squint.linear {{.*}}"int4:channel,scale=f32"
  %v = squint.linear %x, %w8 : tensor<?x?x8xf32>, tensor<8x8xf32> -> tensor<?x?x8xf32>
  %v1 = onnx.Reshape(%v, %heads) : (tensor<?x?x8xf32>, tensor<4xi64>) -> tensor<?x?x2x4xf32>
  %a = squint.attention %q2, %k1, %v1 scale = 0.5 : tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32>, tensor<?x?x2x4xf32> -> tensor<?x?x2x4xf32>
  %a1 = onnx.Reshape(%a, %flat) : (tensor<?x?x2x4xf32>, tensor<3xi64>) -> tensor<?x?x8xf32>
  // ROLES: squint.linear {{.*}}"int5:channel,scale=f32"
  %o = squint.linear %a1, %w8 : tensor<?x?x8xf32>, tensor<8x8xf32> -> tensor<?x?x8xf32>
  %r = onnx.Add(%x, %o) : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  // ROLES: squint.linear {{.*}}"int6:channel,scale=f32"
  // SHAPES: squint.linear {{.*}}"int4:channel,scale=f32"
  %g = squint.linear %r, %w16 : tensor<?x?x8xf32>, tensor<16x8xf32> -> tensor<?x?x16xf32>
  %g1 = onnx.Sigmoid(%g) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  %g2 = onnx.Mul(%g, %g1) : (tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  // ROLES: squint.linear {{.*}}squint.method = {"act-order" = false, damping = 5.000000e-02 : f64, descent = 2 : i64, name = "gptq"}, squint.weight_format = "int7:channel,scale=f32"
  %u = squint.linear %r, %w16 : tensor<?x?x8xf32>, tensor<16x8xf32> -> tensor<?x?x16xf32>
  %m = onnx.Mul(%g2, %u) : (tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  // ROLES: squint.linear {{.*}}"int2:channel,scale=f32"
  // SHAPES: squint.linear %{{[^{]*}} : tensor<?x?x16xf32>
  %d = squint.linear %m, %wd : tensor<?x?x16xf32>, tensor<8x16xf32> -> tensor<?x?x8xf32>
  %y = onnx.Add(%r, %d) : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  // ROLES: squint.linear {{.*}}"int8:channel,scale=f32"
  // SHAPES: squint.linear {{.*}}"int2:channel,scale=f32"
  %logits = squint.linear %y, %table : tensor<?x?x8xf32>, tensor<32x8xf32> -> tensor<?x?x32xf32>
  return %logits : tensor<?x?x32xf32>
}

//--- stack.mlir
// Of 9: n/8 is 1 and 7n/8 is 7.
func.func @main(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = squint.constant dense<1.0> : tensor<8x8xf32>
  // FALLBACKS-COUNT-4: squint.linear {{.*}}int4
  // FALLBACKS-COUNT-5: squint.linear {{.*}}int6
  // PLANNED: squint.linear {{.*}}int8
  // PLANNED: squint.linear %{{[^{]*}} {squint.kept_float}
  // PLANNED: squint.linear %{{[^{]*}} : tensor
  // DEPTHS: squint.linear {{.*}}int8
  %0 = squint.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // DEPTHS: squint.linear {{.*}}int4
  %1 = squint.linear %0, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // DEPTHS: squint.linear {{.*}}int2
  %2 = squint.linear %1, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // DEPTHS: squint.linear {{.*}}int3
  %3 = squint.linear %2, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // DEPTHS: squint.linear {{.*}}int4
  %4 = squint.linear %3, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // DEPTHS: squint.linear {{.*}}int2
  %5 = squint.linear %4, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // DEPTHS: squint.linear {{.*}}int4
  %6 = squint.linear %5, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // DEPTHS: squint.linear {{.*}}int6
  %7 = squint.linear %6, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // DEPTHS: squint.linear {{.*}}int8
  %8 = squint.linear %7, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %8 : tensor<?x8xf32>
}
