// RUN: split-file %s %t
// RUN: squint-opt %t/model.mlir --squint-select-formats="weights=int8 activations=int8:token" | FileCheck %s --check-prefix=ALL
// RUN: squint-opt %t/model.mlir --squint-select-formats="weights=int4:group=32,zero-point" | FileCheck %s --check-prefix=WEIGHTS
// RUN: squint-opt %t/model.mlir --squint-select-formats="recipe=%t/recipe.yaml" | FileCheck %s --check-prefix=RECIPE
// RUN: squint-opt %t/model.mlir --squint-select-formats="recipe=%t/recipe.yaml weights=bf16" | FileCheck %s --check-prefix=REST
// RUN: squint-opt %t/model.mlir --squint-select-formats | FileCheck %s --check-prefix=NONE
// RUN: squint-opt %t/table.mlir --squint-select-formats="recipe=%t/table.yaml weights=int8 activations=int8" | FileCheck %s --check-prefix=TABLE
// RUN: squint-opt %t/quantized.mlir --squint-select-formats="activations=int8:group=32" | FileCheck %s --check-prefix=QUANTIZED

//--- recipe.yaml
# Both of the encoder's projections match the first rule, which decides.
rules:
  - names: ["/encoder/*/query", "*/query"]
    operators: linear
    weights: int8:tensor
    activations: int8:token
  - names: /encoder/*
    weights: int4:group=32
  - operators: [conv]
    weights: int8,scale=f16
    activations: int8:tensor,zero-point

//--- model.mlir
func.func @main(%x: tensor<?x64xf32>, %image: tensor<?x8x8x4xf32>, %computed: tensor<64x64xf32>, %z: tensor<?x64xf64>)
    -> (tensor<?x64xf32>, tensor<?x8x8x8xf32>, tensor<?x64xf64>) {
  %w = squint.constant dense<1.0> : tensor<64x64xf32>
  %wd = squint.constant dense<1.0> : tensor<64x64xf64>
  %filter = squint.constant dense<1.0> : tensor<8x3x3x4xf32>

  // ALL: squint.linear {{.*}}squint.activation_format = "int8:token,scale=f32", squint.weight_format = "int8:channel,scale=f32"
  // WEIGHTS: squint.linear {{.*}} {squint.weight_format = "int4:group=32,zero-point,scale=f16"}
  // RECIPE: squint.linear {{.*}}squint.activation_format = "int8:token,scale=f32", squint.weight_format = "int8:tensor,scale=f32"
  // NONE-NOT: "int8
  %0 = squint.linear %x, %w : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32> loc("/encoder/0/query")

  // RECIPE: squint.linear {{.*}} {squint.weight_format = "int4:group=32,scale=f16"}
  %1 = squint.linear %0, %w : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32> loc("/encoder/0/dense")

  // What a rule leaves out stays float, and so does what none matches.
  // RECIPE: squint.linear %{{.*}}, %{{.*}} : tensor
  // REST: squint.weight_format = "int8:tensor
  // REST: squint.weight_format = "int4:group
  // REST: squint.linear {{.*}} {squint.weight_format = "bf16"}
  %2 = squint.linear %1, %w : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32> loc("/pooler")

  // A decision taken by hand stays.
  // ALL: squint.linear {{.*}} {squint.weight_format = "int4:tensor,scale=f32"}
  %3 = squint.linear %2, %w {squint.weight_format = "int4:tensor,scale=f32"}
      : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>

  // ALL: squint.linear %{{.*}}, %{{.*}} : tensor
  // WEIGHTS: squint.linear %{{.*}}, %{{.*}} : tensor
  %4 = squint.linear %3, %computed : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>

  // ALL: squint.linear %{{.*}}, %{{.*}} : tensor<?x64xf64>
  %5 = squint.linear %z, %wd : tensor<?x64xf64>, tensor<64x64xf64> -> tensor<?x64xf64>

  // RECIPE: squint.conv {{.*}}squint.activation_format = "int8:tensor,zero-point,scale=f32", squint.weight_format = "int8:channel,scale=f16"
  %6 = squint.conv %image, %filter strides = [1, 1] dilations = [1, 1] pads = [1, 1, 1, 1] groups = 1
      : tensor<?x8x8x4xf32>, tensor<8x3x3x4xf32> -> tensor<?x8x8x8xf32> loc("/conv")
  return %4, %6, %5 : tensor<?x64xf32>, tensor<?x8x8x8xf32>, tensor<?x64xf64>
}

//--- quantized.mlir
func.func @main(%x: tensor<?x64xf32>, %p: !squint.packed<32x64, "int4:group=32">) -> tensor<?x32xf32> {
  // QUANTIZED: squint.linear {{.*}} {squint.activation_format = "int8:group=32,scale=f16"}
  %w = squint.dequantize %p : !squint.packed<32x64, "int4:group=32"> -> tensor<32x64xf32>
  %0 = squint.linear %x, %w : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// A table takes a format from a rule that names embeddings, and from no other.
//--- table.yaml
rules:
  - {operators: embedding, names: words, weights: int4:group=16}
//--- table.mlir
func.func @main(%ids: tensor<?xi64>) -> (tensor<?x64xf32>, tensor<?x8xf32>) {
  %t = squint.constant dense<1.0> : tensor<512x64xf32>
  %w = squint.constant dense<1.0> : tensor<8x64xf32>
  // TABLE: squint.embedding {{.*}} {squint.weight_format = "int4:group=16,scale=f16"} :
  %0 = squint.embedding %t, %ids : tensor<512x64xf32>, tensor<?xi64> -> tensor<?x64xf32> loc("words")
  // TABLE: squint.embedding %{{[^ ]*}}, %{{[^ ]*}} :
  %1 = squint.embedding %t, %ids : tensor<512x64xf32>, tensor<?xi64> -> tensor<?x64xf32> loc("positions")
  // TABLE: squint.linear {{.*}} {squint.activation_format = "int8:token,scale=f32", squint.weight_format = "int8:channel,scale=f32"}
  %2 = squint.linear %1, %w : tensor<?x64xf32>, tensor<8x64xf32> -> tensor<?x8xf32>
  return %0, %2 : tensor<?x64xf32>, tensor<?x8xf32>
}
