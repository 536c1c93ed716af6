// How attentions are to keep their keys and values: the first rule that fits decides, by depth and by name.
// RUN: split-file %s %t
// RUN: squint-opt %t/model.mlir --squint-select-formats="recipe=%t/cache.yaml" 2>%t/warnings | FileCheck %t/model.mlir
// RUN: FileCheck %t/cache.yaml < %t/warnings
// RUN: squintc --compile-from=squint %t/model.mlir --recipe=%t/cache.yaml --explain 2>/dev/null | FileCheck %s --check-prefix=EXPLAIN
// RUN: not squint-opt %t/model.mlir --squint-select-formats="recipe=%t/nothing.yaml" 2>&1 | FileCheck %t/nothing.yaml
// RUN: not squint-opt %t/model.mlir --squint-select-formats="recipe=%t/shadowed.yaml" 2>&1 | FileCheck %t/shadowed.yaml
// RUN: not squint-opt %t/model.mlir --squint-select-formats="recipe=%t/element.yaml" 2>&1 | FileCheck %t/element.yaml
// RUN: not squint-opt %t/model.mlir --squint-select-formats="recipe=%t/tensor.yaml" 2>&1 | FileCheck %t/tensor.yaml
// RUN: not squint-opt %t/model.mlir --squint-select-formats="recipe=%t/along.yaml" 2>&1 | FileCheck %t/along.yaml
// RUN: not squint-opt %t/model.mlir --squint-select-formats="recipe=%t/half.yaml" 2>&1 | FileCheck %t/half.yaml
// RUN: squint-opt %t/model.mlir --squint-select-formats="recipe=%t/integers.yaml" | FileCheck %t/integers.yaml
// RUN: not squint-opt %t/model.mlir --squint-select-formats="recipe=%t/weights.yaml" 2>&1 | FileCheck %t/weights.yaml
// RUN: squint-opt %t/attribute.mlir --split-input-file --verify-diagnostics

// EXPLAIN: kv-cache of first: keys int8:token,scale=f32, values int8:token,scale=f32
// EXPLAIN: kv-cache of second: keys int4:group=32,zero-point,scale=f16 along tokens, values int2:group=2,zero-point,scale=f16, the last 128 tokens f16

//--- cache.yaml
kv-cache:
  - {depths: 0, keys: int8, values: int8}
  - {names: se*, keys: "int4:group=32,zero-point", keys-along: tokens, values: "int2:group=2,zero-point", recent: 128}
  - {names: third, optional: true, keys: int8, values: int8}
# CHECK: cache.yaml:2:6: warning: formats of keys and values go to 1 attentions, which keep nothing unless the model gets a state (--cache)
# CHECK: cache.yaml:3:6: warning: formats of keys and values go to 1 attentions, which
# CHECK-NOT: warning

//--- model.mlir
func.func @main(%x: tensor<?x4x2x8xf32> {squint.dims = ["b", "4", "2", "8"], squint.name = "x"})
    -> (tensor<?x4x2x8xf32> {squint.dims = ["b", "4", "2", "8"], squint.name = "y"}) {
  // CHECK: squint.attention {{.*}}squint.kv_format = {keys = "int8:token,scale=f32", values = "int8:token,scale=f32"}
  %a = squint.attention %x, %x, %x scale = 0.5
      : tensor<?x4x2x8xf32>, tensor<?x4x2x8xf32>, tensor<?x4x2x8xf32> -> tensor<?x4x2x8xf32> loc("first")
  // CHECK: squint.attention {{.*}}squint.kv_format = {keys = "int4:group=32,zero-point,scale=f16", keys_along = "tokens", recent = 128 : i64, values = "int2:group=2,zero-point,scale=f16"}
  %b = squint.attention %a, %x, %x scale = 0.5
      : tensor<?x4x2x8xf32>, tensor<?x4x2x8xf32>, tensor<?x4x2x8xf32> -> tensor<?x4x2x8xf32> loc("second")
  return %b : tensor<?x4x2x8xf32>
}

// An attention's products are of integers where a rule asks for it by kind.
//--- integers.yaml
rules:
  - {operators: attention, names: second, activations: int8:token}
# CHECK: squint.attention
# CHECK-NOT: activation_format
# CHECK: squint.attention {{.*}} {squint.activation_format = "int8:token,scale=f32"}
# CHECK-NOT: activation_format

//--- weights.yaml
rules:
  - {operators: attention, activations: int4:token}
# CHECK: weights.yaml:2:6: error: expected activations of int8 by token, and no weights, for attention

//--- nothing.yaml
kv-cache:
  - {depths: 2, keys: int8, values: int8}
# CHECK: nothing.yaml:2:6: error: rule matches no attention

//--- shadowed.yaml
kv-cache:
  - {keys: int8, values: int8}
  - {depths: 0, keys: int4, values: int4}
# CHECK: shadowed.yaml:3:6: error: rule takes no attention: earlier rules match all of its

//--- element.yaml
kv-cache:
  - {keys: mxfp4, values: int8}
# CHECK: element.yaml:2:12: error: expected integers or floats of 8 bits by token or in groups for keys and values, got 'mxfp4'

//--- tensor.yaml
kv-cache:
  - {keys: int8, values: "int8:tensor"}
# CHECK: tensor.yaml:2:26: error: expected integers or floats of 8 bits by token or in groups for keys and values, got 'int8:tensor,scale=f32'

//--- along.yaml
kv-cache:
  - {keys: int8, keys-along: tokens, values: int8}
# CHECK: along.yaml:2:6: error: expected keys in groups to run along tokens, got 'int8:token,scale=f32'

//--- half.yaml
kv-cache:
  - {keys: int8}
# CHECK: half.yaml:2:6: error: expected formats of keys and of values

//--- attribute.mlir
func.func @main(%x: tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32> {
  // expected-error @below {{expected a format of values in squint.kv_format}}
  %a = squint.attention %x, %x, %x scale = 0.5 {squint.kv_format = {keys = "int8:token,scale=f32"}}
      : tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32> -> tensor<1x4x2x8xf32>
  return %a : tensor<1x4x2x8xf32>
}

// -----

func.func @main(%x: tensor<1x4x2x8xf32>) -> tensor<1x4x2x8xf32> {
  // expected-error @below {{expected keys, values, keys_along = "tokens" and recent > 0 in squint.kv_format, got recent = 0 : i64}}
  %a = squint.attention %x, %x, %x scale = 0.5 {squint.kv_format = {keys = "int8:token", recent = 0 : i64, values = "int8:token"}}
      : tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32>, tensor<1x4x2x8xf32> -> tensor<1x4x2x8xf32>
  return %a : tensor<1x4x2x8xf32>
}
