// RUN: squint-opt %s --pass-pipeline='builtin.module(func.func(squint-find-positions))' --split-input-file --verify-diagnostics | FileCheck %s

// A mask of Trilu, positions that all sequences share, heads before tokens.
// CHECK-LABEL: func.func @shared
// CHECK: %[[P:.*]] = squint.positions {squint.dims = {{\[\[}}"b", "s"]]}
// CHECK: %[[FLAT:.*]] = onnx.Reshape(%[[P]], %{{.*}}) {squint.dims = {{\[\[}}"b*s"]]}
// CHECK: %[[F:.*]] = onnx.Cast(%[[FLAT]]) {squint.dims = {{\[\[}}"b*s"]], to = 1 : i64}
// CHECK: %[[R:.*]] = onnx.Reshape(%[[F]], %{{.*}}) {squint.dims = {{\[\[}}"b*s", "1"]]}
// CHECK: %[[C:.*]] = onnx.Cos(%[[R]]) {squint.dims = {{\[\[}}"b*s", "1"]]}
// CHECK: %[[B:.*]] = onnx.Reshape(%[[C]], %{{.*}}) {squint.dims = {{\[\[}}"b", "1", "s", "1"]]}
// CHECK: %[[Q:.*]] = onnx.Mul(%arg0, %[[B]]) {squint.dims = {{\[\[}}"b", "4", "s", "16"]]}
// CHECK: %[[T:.*]] = onnx.Transpose(%[[Q]]) {perm = array<i64: 0, 2, 1, 3>, squint.dims = {{\[\[}}"b", "s", "4", "16"]]}
// CHECK: squint.attention %[[T]], %arg1, %arg2 scale = 2.500000e-01 causal {squint.dims = {{\[\[}}"b", "s", "4", "16"]]}
func.func @shared(%q: tensor<?x4x?x16xf32> {squint.dims = ["b", "4", "s", "16"]}, %k: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]},
    %v: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}) -> tensor<?x?x4x16xf32> {
  %zero = squint.constant dense<0> : tensor<i64>
  %one = squint.constant dense<1> : tensor<i64>
  %axis = squint.constant dense<1> : tensor<1xi64>
  %least = squint.constant dense<-1.0e9> : tensor<1x1xf32>
  %s = squint.dim "s"
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %shape = tensor.from_elements %i, %i : tensor<2xi64>
  %0 = onnx.Range(%zero, %n, %one) {squint.dims = [["s"]]} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %1 = onnx.Cast(%0) {squint.dims = [["s"]], to = 1 : i64} : (tensor<?xi64>) -> tensor<?xf32>
  %2 = onnx.Unsqueeze(%1, %axis) {squint.dims = [["s", "1"]]} : (tensor<?xf32>, tensor<1xi64>) -> tensor<?x1xf32>
  %3 = onnx.Cos(%2) {squint.dims = [["s", "1"]]} : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %4 = onnx.Expand(%least, %shape) {squint.dims = [["s", "s"]]} : (tensor<1x1xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %5 = onnx.Trilu(%4, %one) {squint.dims = [["s", "s"]]} : (tensor<?x?xf32>, tensor<i64>) -> tensor<?x?xf32>
  %6 = onnx.Mul(%q, %3) {squint.dims = [["b", "4", "s", "16"]]} : (tensor<?x4x?x16xf32>, tensor<?x1xf32>) -> tensor<?x4x?x16xf32>
  %7 = squint.attention %6, %k, %v mask(%5) scale = 0.25 heads_first = [true, false, false, false] {squint.dims = [["b", "s", "4", "16"]]}
      : tensor<?x4x?x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?xf32> -> tensor<?x?x4x16xf32>
  return %7 : tensor<?x?x4x16xf32>
}

// -----

// position_ids, sums of a mask that is 1 everywhere, rows of a table, and a mask that is a comparison.
// CHECK-LABEL: func.func @inputs
// CHECK-SAME: (%[[Q:.*]]: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}) ->
// CHECK: %[[P:.*]] = squint.positions
// CHECK: %[[FLAT:.*]] = onnx.Reshape(%[[P]], %{{.*}}) {squint.dims = {{\[\[}}"b*s"]]}
// CHECK: onnx.Gather(%{{.*}}, %[[FLAT]]) {squint.dims = {{\[\[}}"b*s", "16"]]}
// CHECK: squint.attention %{{.*}} causal
func.func @inputs(%q: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}, %mask: tensor<?x?xi64> {squint.dims = ["b", "s"], squint.name = "attention_mask"},
    %ids: tensor<?x?xi64> {squint.dims = ["b", "s"], squint.name = "position_ids"}) -> (tensor<?x?x4x16xf32>) {
  %zero = squint.constant dense<0> : tensor<1xi64>
  %axis = squint.constant dense<1> : tensor<1xi64>
  %two = squint.constant dense<2> : tensor<1xi64>
  %sums = squint.constant dense<1> : tensor<i64>
  %table = squint.constant dense<0.5> : tensor<40x16xf32>
  %none = squint.constant dense<0.0> : tensor<f32>
  %least = squint.constant dense<-65504.0> : tensor<f32>
  %s = squint.dim "s"
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<1xi64>
  %0 = onnx.Slice(%table, %zero, %n, %zero) {operandSegmentSizes = array<i32: 1, 1, 1, 1, 0>, squint.dims = [["s", "16"]]}
      : (tensor<40x16xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x16xf32>
  %1 = onnx.Unsqueeze(%0, %axis) {squint.dims = [["s", "1", "16"]]} : (tensor<?x16xf32>, tensor<1xi64>) -> tensor<?x1x16xf32>
  %2 = onnx.Mul(%q, %1) {squint.dims = [["b", "s", "4", "16"]]} : (tensor<?x?x4x16xf32>, tensor<?x1x16xf32>) -> tensor<?x?x4x16xf32>
  %3 = onnx.CumSum(%mask, %sums) {squint.dims = [["b", "s"]]} : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  %4 = onnx.Sub(%3, %sums) {squint.dims = [["b", "s"]]} : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  %5 = onnx.Unsqueeze(%4, %axis) {squint.dims = [["b", "1", "s"]]} : (tensor<?x?xi64>, tensor<1xi64>) -> tensor<?x1x?xi64>
  %6 = onnx.Unsqueeze(%ids, %two) {squint.dims = [["b", "s", "1"]]} : (tensor<?x?xi64>, tensor<1xi64>) -> tensor<?x?x1xi64>
  %7 = onnx.LessOrEqual(%5, %6) {squint.dims = [["b", "s", "s"]]} : (tensor<?x1x?xi64>, tensor<?x?x1xi64>) -> tensor<?x?x?xi1>
  %8 = onnx.Unsqueeze(%7, %axis) {squint.dims = [["b", "1", "s", "s"]]} : (tensor<?x?x?xi1>, tensor<1xi64>) -> tensor<?x1x?x?xi1>
  %9 = onnx.Where(%8, %none, %least) {squint.dims = [["b", "1", "s", "s"]]} : (tensor<?x1x?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x1x?x?xf32>
  %10 = squint.attention %2, %q, %q mask(%9) scale = 0.25 {squint.dims = [["b", "s", "4", "16"]]}
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x1x?x?xf32> -> tensor<?x?x4x16xf32>
  return %10 : tensor<?x?x4x16xf32>
}

// -----

// A query sees its token and the five before, by two conditions.
// CHECK-LABEL: func.func @window
// CHECK: squint.attention %arg0, %arg0, %arg0 scale = 2.500000e-01 causal window = 6 {
func.func @window(%q: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}) -> (tensor<?x?x4x16xf32>) {
  %zero = squint.constant dense<0> : tensor<i64>
  %one = squint.constant dense<1> : tensor<i64>
  %six = squint.constant dense<6> : tensor<i64>
  %axis = squint.constant dense<1> : tensor<1xi64>
  %none = squint.constant dense<0.0> : tensor<f32>
  %least = squint.constant dense<0xFF800000> : tensor<f32>
  %s = squint.dim "s"
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %0 = onnx.Range(%zero, %n, %one) {squint.dims = [["s"]]} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %1 = onnx.Unsqueeze(%0, %axis) {squint.dims = [["s", "1"]]} : (tensor<?xi64>, tensor<1xi64>) -> tensor<?x1xi64>
  %2 = onnx.LessOrEqual(%0, %1) {squint.dims = [["s", "s"]]} : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %3 = onnx.Sub(%1, %six) {squint.dims = [["s", "1"]]} : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi64>
  %4 = onnx.Greater(%0, %3) {squint.dims = [["s", "s"]]} : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %5 = onnx.And(%2, %4) {squint.dims = [["s", "s"]]} : (tensor<?x?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %6 = onnx.Where(%5, %none, %least) {squint.dims = [["s", "s"]]} : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  %7 = squint.attention %q, %q, %q mask(%6) scale = 0.25 {squint.dims = [["b", "s", "4", "16"]]}
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?xf32> -> tensor<?x?x4x16xf32>
  return %7 : tensor<?x?x4x16xf32>
}

// -----

func.func @off_by_one(%q: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}) -> (tensor<?x?x4x16xf32>) {
  %two = squint.constant dense<2> : tensor<i64>
  %least = squint.constant dense<-1.0e9> : tensor<1x1xf32>
  %s = squint.dim "s"
  %i = arith.index_cast %s : index to i64
  %shape = tensor.from_elements %i, %i : tensor<2xi64>
  %0 = onnx.Expand(%least, %shape) {squint.dims = [["s", "s"]]} : (tensor<1x1xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  // expected-note @+1 {{made by}}
  %1 = onnx.Trilu(%0, %two) {squint.dims = [["s", "s"]]} : (tensor<?x?xf32>, tensor<i64>) -> tensor<?x?xf32>
  // expected-error @+1 {{expected a mask that hides the tokens that come later and no others, for keys and values to be kept}}
  %2 = squint.attention %q, %q, %q mask(%1) scale = 0.25 {squint.dims = [["b", "s", "4", "16"]]}
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?xf32> -> tensor<?x?x4x16xf32>
  return %2 : tensor<?x?x4x16xf32>
}

// -----

func.func @all_tokens(%q: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}) -> (tensor<?x?x4x16xf32>) {
  // expected-error @+1 {{expected attention that is causal, got one without a mask}}
  %0 = squint.attention %q, %q, %q scale = 0.25 {squint.dims = [["b", "s", "4", "16"]]}
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32> -> tensor<?x?x4x16xf32>
  return %0 : tensor<?x?x4x16xf32>
}

// -----

// Sums over tokens.
func.func @sums(%q: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}) -> (tensor<?x?x4x16xf32>) {
  %axis = squint.constant dense<1> : tensor<i64>
  %0 = squint.attention %q, %q, %q scale = 0.25 causal {squint.dims = [["b", "s", "4", "16"]]}
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32> -> tensor<?x?x4x16xf32>
  // expected-error @+1 {{expected an operator that computes each token alone, for keys and values to be kept, got onnx.CumSum}}
  %1 = onnx.CumSum(%0, %axis) {squint.dims = [["b", "s", "4", "16"]]} : (tensor<?x?x4x16xf32>, tensor<i64>) -> tensor<?x?x4x16xf32>
  return %1 : tensor<?x?x4x16xf32>
}

// -----

// What depends on how many tokens there are.
func.func @count(%q: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}) -> (tensor<?x?x4x16xf32>) {
  %s = squint.dim "s"
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  // expected-error @+1 {{expected a number of tokens to be used in shapes only, for keys and values to be kept}}
  %0 = onnx.Cast(%n) {to = 1 : i64} : (tensor<i64>) -> tensor<f32>
  %1 = onnx.Mul(%q, %0) {squint.dims = [["b", "s", "4", "16"]]} : (tensor<?x?x4x16xf32>, tensor<f32>) -> tensor<?x?x4x16xf32>
  %2 = squint.attention %1, %q, %q scale = 0.25 causal {squint.dims = [["b", "s", "4", "16"]]}
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32> -> tensor<?x?x4x16xf32>
  return %2 : tensor<?x?x4x16xf32>
}

// -----

// A mask that is read for something else.
func.func @padding(%q: tensor<?x?x4x16xf32> {squint.dims = ["b", "s", "4", "16"]}, %mask: tensor<?x?xf32> {squint.dims = ["b", "s"], squint.name = "attention_mask"}) -> (tensor<?x?x4x16xf32>) {
  %axes = squint.constant dense<[2, 3]> : tensor<2xi64>
  // expected-error @+1 {{expected 'attention_mask' to be used for masks, positions and sizes only}}
  %0 = onnx.Unsqueeze(%mask, %axes) {squint.dims = [["b", "s", "1", "1"]]} : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?x1x1xf32>
  %1 = onnx.Mul(%q, %0) {squint.dims = [["b", "s", "4", "16"]]} : (tensor<?x?x4x16xf32>, tensor<?x?x1x1xf32>) -> tensor<?x?x4x16xf32>
  %2 = squint.attention %1, %q, %q scale = 0.25 causal {squint.dims = [["b", "s", "4", "16"]]}
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32> -> tensor<?x?x4x16xf32>
  return %2 : tensor<?x?x4x16xf32>
}
