// RUN: squint-opt %s | squint-opt | FileCheck %s

// CHECK-LABEL: func.func @values
func.func @values() -> (tensor<2xi64>, index) {
  // CHECK: squint.constant dense<[0, 2]> : tensor<2xi64>
  %0 = squint.constant dense<[0, 2]> : tensor<2xi64>
  // CHECK: squint.constant #squint.data<"model.safetensors", 64, 1536> : tensor<384xf32>
  %1 = squint.constant #squint.data<"model.safetensors", 64, 1536> : tensor<384xf32>
  // CHECK: squint.constant #squint.data<"model.safetensors", 64, 96, [1, 0]> : tensor<4x6xf32>
  %2 = squint.constant #squint.data<"model.safetensors", 64, 96, [1, 0]> : tensor<4x6xf32>
  // CHECK: squint.dim "batch"
  %3 = squint.dim "batch"
  return %0, %3 : tensor<2xi64>, index
}

// CHECK-LABEL: func.func @quantized
func.func @quantized(%x: tensor<?x3x64xf32>) -> tensor<?x3x64xf32> {
  // The short spelling of a format is read and the canonical one printed.
  // CHECK: squint.quantize %{{.*}} : tensor<?x3x64xf32> -> <?x3x64, "int8:token,scale=f32">
  %0 = squint.quantize %x : tensor<?x3x64xf32> -> <?x3x64, "int8:token">
  // CHECK: squint.dequantize
  %1 = squint.dequantize %0 : <?x3x64, "int8:token"> -> tensor<?x3x64xf32>
  // CHECK: squint.quantize %{{.*}} {scale = 5.000000e-01 : f32, zero_point = -128 : i32}
  %2 = squint.quantize %1 {scale = 0.5 : f32, zero_point = -128 : i32} : tensor<?x3x64xf32> -> <?x3x64, "int8:tensor">
  %3 = squint.dequantize %2 : <?x3x64, "int8:tensor"> -> tensor<?x3x64xf32>
  return %3 : tensor<?x3x64xf32>
}

// CHECK-LABEL: func.func @weighted
func.func @weighted(%x: tensor<?x8x8x4xf32>, %w: tensor<6x3x3x4xf32>, %b: tensor<6xf32>, %l: tensor<5x6xf32>,
                    %t: tensor<10x6xf32>, %ids: tensor<?xi64>, %g: tensor<6xf32>) -> tensor<?x6xf32> {
  // CHECK: squint.conv %{{.*}}, %{{.*}} bias(%{{.*}}) strides = [2, 2] dilations = [1, 1] pads = [1, 1, 1, 1] groups = 1
  %0 = squint.conv %x, %w bias(%b) strides = [2, 2] dilations = [1, 1] pads = [1, 1, 1, 1] groups = 1
      : tensor<?x8x8x4xf32>, tensor<6x3x3x4xf32>, tensor<6xf32> -> tensor<?x4x4x6xf32>
  // CHECK: squint.linear
  %1 = squint.linear %0, %l : tensor<?x4x4x6xf32>, tensor<5x6xf32> -> tensor<?x4x4x5xf32>
  // CHECK: squint.embedding
  %2 = squint.embedding %t, %ids : tensor<10x6xf32>, tensor<?xi64> -> tensor<?x6xf32>
  // CHECK: squint.norm %{{.*}} scale(%{{.*}}) bias(%{{.*}}) centered epsilon = 1.000000e-05
  %3 = squint.norm %2 scale(%g) bias(%b) centered epsilon = 1.0e-05
      : tensor<?x6xf32>, tensor<6xf32>, tensor<6xf32> -> tensor<?x6xf32>
  return %3 : tensor<?x6xf32>
}

// CHECK-LABEL: @hadamard
func.func @hadamard(%x: tensor<?x24xf32>, %h: tensor<12x12xf32>) -> tensor<?x24xf32> {
  // CHECK: squint.hadamard %{{.*}} size = 8 : tensor<?x24xf32> -> tensor<?x24xf32>
  %0 = squint.hadamard %x size = 8 : tensor<?x24xf32> -> tensor<?x24xf32>
  // CHECK: squint.hadamard %{{.*}} signs(%{{.*}}) size = 24 : tensor<?x24xf32>, tensor<12x12xf32> -> tensor<?x24xf32>
  %1 = squint.hadamard %0 signs(%h) size = 24 : tensor<?x24xf32>, tensor<12x12xf32> -> tensor<?x24xf32>
  // CHECK: squint.quantize %{{.*}} : tensor<?x24xf32> -> <?x24, "int4:token,clip=0.900,scale=f32">
  %2 = squint.quantize %1 : tensor<?x24xf32> -> !squint.packed<?x24, "int4:token,clip=0.9">
  %3 = squint.dequantize %2 : !squint.packed<?x24, "int4:token,clip=0.9"> -> tensor<?x24xf32>
  return %3 : tensor<?x24xf32>
}

// CHECK-LABEL: @fake_quantize
func.func @fake_quantize(%x: tensor<?x64xf32>, %w: tensor<8x50xf32>) -> (tensor<?x64xf32>, tensor<8x50xf32>) {
  %s = squint.constant dense<0.5> : tensor<f32>
  // CHECK: squint.fake_quantize %{{.*}} scale(%{{.*}}) codes = [0, 255] : tensor<?x64xf32>, tensor<f32> -> tensor<?x64xf32>
  %0 = squint.fake_quantize %x scale(%s) codes = [0, 255] : tensor<?x64xf32>, tensor<f32> -> tensor<?x64xf32>
  %t = squint.constant dense<0.5> : tensor<8x2xf32>
  %z = squint.constant dense<1> : tensor<8x2xi4>
  // CHECK: squint.fake_quantize %{{.*}} scale(%{{.*}}) zero_point(%{{.*}}) codes = [-8, 7] {axis = 1 : i64, block_size = 32 : i64}
  %1 = squint.fake_quantize %w scale(%t) zero_point(%z) codes = [-8, 7] {axis = 1, block_size = 32}
      : tensor<8x50xf32>, tensor<8x2xf32>, tensor<8x2xi4> -> tensor<8x50xf32>
  return %0, %1 : tensor<?x64xf32>, tensor<8x50xf32>
}

// CHECK-LABEL: @lora
func.func @lora(%x: tensor<?x64xf32>, %a: tensor<4x64xf16>, %b: tensor<8x4xf32>, %base: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: squint.lora %{{.*}}, %{{.*}}, %{{.*}} to(%{{.*}}) scale = 2.000000e+00 : tensor<?x64xf32>, tensor<4x64xf16>, tensor<8x4xf32>, tensor<?x8xf32>
  %0 = squint.lora %x, %a, %b to(%base) scale = 2.0 : tensor<?x64xf32>, tensor<4x64xf16>, tensor<8x4xf32>, tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: @causal
func.func @causal(%x: tensor<?x?x4x16xf32>, %c: tensor<?x?x8xf32>) -> (tensor<?x?xi64>, tensor<?x?x4x16xf32>) {
  // CHECK: squint.positions {squint.dims = {{.*}}} : tensor<?x?xi64>
  %p = squint.positions {squint.dims = [["batch", "sequence"]]} : tensor<?x?xi64>
  // CHECK: squint.rotary %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x4x16xf32>, tensor<?x?x8xf32>
  %q = squint.rotary %x, %c, %c : tensor<?x?x4x16xf32>, tensor<?x?x8xf32>
  // CHECK: squint.rotary %{{.*}}, %{{.*}}, %{{.*}} interleaved : tensor<?x?x4x16xf32>, tensor<?x?x8xf32>
  %k = squint.rotary %x, %c, %c interleaved : tensor<?x?x4x16xf32>, tensor<?x?x8xf32>
  // CHECK: squint.attention %{{.*}}, %{{.*}}, %{{.*}} scale = 2.500000e-01 causal : tensor<?x?x4x16xf32>
  %0 = squint.attention %q, %k, %x scale = 0.25 causal
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32> -> tensor<?x?x4x16xf32>
  // CHECK: squint.attention %{{.*}}, %{{.*}}, %{{.*}} scale = 2.500000e-01 causal window = 7 : tensor<?x?x4x16xf32>
  %1 = squint.attention %0, %k, %x scale = 0.25 causal window = 7
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32> -> tensor<?x?x4x16xf32>
  return %p, %1 : tensor<?x?xi64>, tensor<?x?x4x16xf32>
}
