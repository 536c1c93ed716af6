// RUN: split-file %s %t
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="weights=int5:banana" 2>&1 | FileCheck %s --check-prefix=GRANULARITY
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="activations=f8e4m3:tensor" 2>&1 | FileCheck %s --check-prefix=STATIC
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="weights=int8 activations=int4" 2>&1 | FileCheck %s --check-prefix=ACTIVATION
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="weights=int8 activations=int8:token,zero-point" 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="activations=int8:channel" 2>&1 | FileCheck %s --check-prefix=CHANNEL
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="activations=int8" 2>&1 | FileCheck %s --check-prefix=FLOAT
// RUN: not squint-opt %t/conv.mlir --squint-select-formats="weights=int8 activations=int8:group=4" 2>&1 | FileCheck %s --check-prefix=CONV
// RUN: not squint-opt %t/none.mlir --squint-select-formats="weights=int8" 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: not squint-opt %t/none.mlir --squint-select-formats="activations=int8" 2>&1 | FileCheck %s --check-prefix=NOACT
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/unmatched.yaml" 2>&1 | FileCheck %s --check-prefix=UNMATCHED
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/shadowed.yaml" 2>&1 | FileCheck %s --check-prefix=SHADOWED
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/unbuilt.yaml" 2>&1 | FileCheck %s --check-prefix=UNBUILT
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/format.yaml" 2>&1 | FileCheck %s --check-prefix=FORMAT
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/key.yaml" 2>&1 | FileCheck %s --check-prefix=KEY
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/kind.yaml" 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/glob.yaml" 2>&1 | FileCheck %s --check-prefix=GLOB
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/syntax.yaml" 2>&1 | FileCheck %s --check-prefix=SYNTAX
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/twice.yaml" 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/empty.yaml" 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/two.yaml" 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/nowhere.yaml" 2>&1 | FileCheck %s --check-prefix=NOWHERE

// GRANULARITY: error: expected a format for weights, got 'int5:banana': unknown granularity 'banana', expected tensor, channel, token or group=N
// STATIC: error: activations of format 'f8e4m3:tensor,scale=f32' are not built yet
// ACTIVATION: error: activations of format 'int4:token,scale=f32' are not built yet
// ZERO: error: activations of format 'int8:token,zero-point,scale=f32' are not built yet
// CHANNEL: error: expected a format for activations, got 'int8:channel': granularity 'channel' is for weights, expected tensor, token or group=N

//--- linear.mlir
func.func @main(%x: tensor<?x64xf32>) -> tensor<?x8xf32> {
  %w = squint.constant dense<1.0> : tensor<8x64xf32>
  // FLOAT: error: expected quantized weights for activations of format 'int8:token,scale=f32', got f32
  %0 = squint.linear %x, %w : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

//--- conv.mlir
func.func @main(%x: tensor<?x8x8x4xf32>) -> tensor<?x8x8x8xf32> {
  %w = squint.constant dense<1.0> : tensor<8x3x3x4xf32>
  // CONV: error: expected activations by tensor or token for a conv, got 'int8:group=4,scale=f16'
  %0 = squint.conv %x, %w strides = [1, 1] dilations = [1, 1] pads = [1, 1, 1, 1] groups = 1
      : tensor<?x8x8x4xf32>, tensor<8x3x3x4xf32> -> tensor<?x8x8x8xf32>
  return %0 : tensor<?x8x8x8xf32>
}

//--- none.mlir
// NOTHING: error: weights of format 'int8:channel,scale=f32' touched nothing: expected a linear or conv with a constant float weight
// NOACT: error: activations of format 'int8:token,scale=f32' touched nothing: expected a linear or conv with a constant weight and a float input
func.func @main(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  return %x : tensor<?x64xf32>
}

//--- unmatched.yaml
rules:
  - weights: int8
    names: "*"
  - weights: int4
    names: "/haed"
# UNMATCHED: unmatched.yaml:4:5: error: rule matches no operator

//--- shadowed.yaml
rules:
  - {weights: int8}
  - {weights: int4, operators: linear}
# SHADOWED: shadowed.yaml:3:6: error: rule takes no operator: earlier rules match all of its

//--- unbuilt.yaml
rules:
  - activations: int3
# UNBUILT: unbuilt.yaml:2:5: error: activations of format 'int3:token,scale=f32' are not built yet

//--- format.yaml
rules:
  - names: "*"
    weights: int9
# FORMAT: format.yaml:3:14: error: expected a format for weights, got 'int9': unknown element 'int9'

//--- key.yaml
rules:
  - weight: int8
# KEY: key.yaml:2:5: error: expected operators, names, weights or activations, got 'weight'

//--- kind.yaml
rules:
  - operators: [linear, matmul]
    weights: int8
# KIND: kind.yaml:2:25: error: expected operators linear, conv or embedding, got 'matmul'

//--- glob.yaml
rules:
  - names: "[a"
    weights: int8
# GLOB: glob.yaml:2:12: error: expected a glob, got '[a'

//--- syntax.yaml
rules: [
# SYNTAX: syntax.yaml:{{[0-9]+}}:{{[0-9]+}}: error: expected YAML:

//--- twice.yaml
rules:
  - weights: int8
    weights: int4
# TWICE: twice.yaml:3:5: error: key given twice

//--- empty.yaml
rules: []
# EMPTY: empty.yaml:1:1: error: expected at least one rule

//--- two.yaml
rules:
  - weights: int8:channel
---
rules: []
# TWO: two.yaml:1:1: error: expected one document

# NOWHERE: error: cannot read the recipe '{{.*}}nowhere.yaml': No such file or directory
