// RUN: split-file %s %t
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="weights=int5:banana" 2>&1 | FileCheck %s --check-prefix=GRANULARITY
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="activations=f8e4m3:tensor" 2>&1 | FileCheck %s --check-prefix=STATIC
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="weights=int8 activations=int4:tensor" 2>&1 | FileCheck %s --check-prefix=ACTIVATION
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="weights=int8 activations=int8:token,zero-point" 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="activations=int8:channel" 2>&1 | FileCheck %s --check-prefix=CHANNEL
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="activations=int8" 2>&1 | FileCheck %s --check-prefix=FLOAT
// RUN: not squint-opt %t/conv.mlir --squint-select-formats="weights=int8 activations=int8:group=4" 2>&1 | FileCheck %s --check-prefix=CONV
// RUN: not squint-opt %t/none.mlir --squint-select-formats="weights=int8" 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: not squint-opt %t/none.mlir --squint-select-formats="activations=int8" 2>&1 | FileCheck %s --check-prefix=NOACT
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/unmatched.yaml" 2>&1 | FileCheck %s --check-prefix=UNMATCHED
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/misspelt.yaml" 2>&1 | FileCheck %s --check-prefix=MISSPELT
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
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/role.yaml" 2>&1 | FileCheck %s --check-prefix=ROLE
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/depth.yaml" 2>&1 | FileCheck %s --check-prefix=DEPTH
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/layer.yaml" 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/method.yaml" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/option.yaml" 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/value.yaml" 2>&1 | FileCheck %s --check-prefix=VALUE
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/alone.yaml" 2>&1 | FileCheck %s --check-prefix=ALONE
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/order.yaml" 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/unscaled.yaml" 2>&1 | FileCheck %s --check-prefix=UNSCALED
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/rewrite.yaml" 2>&1 | FileCheck %s --check-prefix=REWRITE
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/samples.yaml" 2>&1 | FileCheck %s --check-prefix=SAMPLES
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/observer.yaml" 2>&1 | FileCheck %s --check-prefix=OBSERVER
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/section.yaml" 2>&1 | FileCheck %s --check-prefix=SECTION
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/budget.yaml" 2>&1 | FileCheck %s --check-prefix=BUDGET
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/symmetric.yaml" 2>&1 | FileCheck %s --check-prefix=SYMMETRIC
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/mode.yaml" 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not squint-opt %t/linear.mlir --squint-select-formats="recipe=%t/nowhere.yaml" 2>&1 | FileCheck %s --check-prefix=NOWHERE

// GRANULARITY: error: expected a format for weights, got 'int5:banana': unknown granularity 'banana', expected tensor, channel, token or group=N
// STATIC: error: activations of format 'f8e4m3:tensor,scale=f32' are not built yet
// ACTIVATION: error: activations of format 'int4:tensor,scale=f32' are not built yet
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

//--- misspelt.yaml
rules:
  - weights: int8
    shapes: [8x*, "*x46"]
# MISSPELT: misspelt.yaml:3:19: error: glob fits no operator

//--- shadowed.yaml
rules:
  - {weights: int8}
  - {weights: int4, operators: linear}
# SHADOWED: shadowed.yaml:3:6: error: rule takes no operator: earlier rules match all of its

//--- unbuilt.yaml
rules:
  - activations: int3:tensor
# UNBUILT: unbuilt.yaml:2:5: error: activations of format 'int3:tensor,scale=f32' are not built yet

//--- format.yaml
rules:
  - names: "*"
    weights: int9
# FORMAT: format.yaml:3:14: error: expected a format for weights, got 'int9': unknown element 'int9'

//--- key.yaml
rules:
  - weight: int8
# KEY: key.yaml:2:5: error: expected operators, names, roles, depths, shapes, layers, optional, weights, activations, method or options, got 'weight'

//--- kind.yaml
rules:
  - operators: [linear, matmul]
    weights: int8
# KIND: kind.yaml:2:25: error: expected operators linear, conv, embedding or attention, got 'matmul'

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
# EMPTY: empty.yaml:1:1: error: expected at least one rule or a budget

//--- two.yaml
rules:
  - weights: int8:channel
---
rules: []
# TWO: two.yaml:1:1: error: expected one document

# NOWHERE: error: cannot read the recipe '{{.*}}nowhere.yaml': No such file or directory

//--- role.yaml
rules:
  - {roles: [q, query], weights: int8}
# ROLE: role.yaml:2:17: error: expected roles q, k, v, qkv, o, gate, up, gate-up, down, embedding or head, got 'query'

//--- depth.yaml
rules:
  - {depths: 1..x, weights: int8}
# DEPTH: depth.yaml:2:14: error: expected a depth such as 3, -1, 0..4, n/8..7n/8 or n/8+2..7n/8 by 3, got '1..x'

//--- layer.yaml
rules:
  - {layers: middle, weights: int8}
# LAYER: layer.yaml:2:14: error: expected layers first or last, got 'middle'

//--- method.yaml
rules:
  - {weights: int8, method: magic}
# METHOD: method.yaml:2:29: error: expected a method ({{.*}}rtn), got 'magic'

//--- option.yaml
rules:
  - {weights: int8, method: gptq, options: {damp: 1}}
# OPTION: option.yaml:2:45: error: expected options of gptq (damping, {{.*}}), got 'damp'

//--- value.yaml
rules:
  - {weights: int8, method: gptq, options: {damping: lots}}
# VALUE: value.yaml:2:54: error: expected a number from 0 to 10 for damping, got 'lots'

//--- alone.yaml
rules:
  - weights: int8
    method: rtn
    options: {percentile: 99, range: mse}
# ALONE: alone.yaml:4:15: error: expected 'range: percentile' beside 'percentile'

//--- order.yaml
rules:
  - {weights: int8, options: {damping: 1}, method: gptq}
# ORDER: order.yaml:2:21: error: expected a method before its options

//--- unscaled.yaml
rules:
  - {weights: f16, method: gptq}
# UNSCALED: unscaled.yaml:2:6: error: expected weights with scales for a method, got 'f16'

//--- rewrite.yaml
rewrites: [rephrase]
rules:
  - weights: int8
# REWRITE: rewrite.yaml:1:12: error: expected a rewrite ({{.*}}), got 'rephrase'

//--- samples.yaml
calibration: {samples: -1}
rules:
  - weights: int8
# SAMPLES: samples.yaml:1:24: error: expected a number of 0 or more for samples, got '-1'

//--- observer.yaml
calibration: {observer: guess}
rules:
  - weights: int8
# OBSERVER: observer.yaml:1:25: error: 

//--- section.yaml
bugdet: 3
# SECTION: section.yaml:1:1: error: expected rules, rewrites, corrections, kv-cache, calibration, budget or symmetric, got 'bugdet'

//--- budget.yaml
rules:
  - weights: int8
budget: bits:few
# BUDGET: budget.yaml:3:9: error: expected a budget size:BYTES, size:FRACTION, bits:NUMBER or error:NUMBER, got 'bits:few'

//--- symmetric.yaml
symmetric: true
rules:
  - weights: int8
# SYMMETRIC: symmetric.yaml:1:1: error: expected a budget beside 'symmetric'

//--- mode.yaml
rewrites:
  - split-outliers: {mode: both}
rules:
  - weights: int8
# MODE: mode.yaml:2:28: error: expected dynamic, static for mode, got 'both'
