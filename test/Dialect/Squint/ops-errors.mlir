// RUN: squint-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{expected 1536 bytes for 'tensor<384xf32>', got 1000}}
#d = #squint.data<"w.bin", 0, 1000> : tensor<384xf32>

// -----

// expected-error@+1 {{expected a permutation of the dimensions of 'tensor<4x6xf32>', got [0, 0]}}
#d = #squint.data<"w.bin", 0, 96, [0, 0]> : tensor<4x6xf32>

// -----

// expected-error@+1 {{expected a range of bytes, got offset -4 and length 16}}
#d = #squint.data<"w.bin", -4, 16> : tensor<4xf32>

// -----

// expected-error@+1 {{unknown granularity 'banana'}}
func.func private @f(!squint.packed<4x4, "int4:banana">)

// -----

func.func @f(%x: tensor<?x4xf32>, %w: tensor<8x5xf32>) -> tensor<?x8xf32> {
  // expected-error@+1 {{expected the input's last dimension to be 5, got 'tensor<?x4xf32>'}}
  %0 = squint.linear %x, %w : tensor<?x4xf32>, tensor<8x5xf32> -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

func.func @f(%x: tensor<1x8x8x4xf32>, %w: tensor<6x3x3x4xf32>) -> tensor<1x8x8x6xf32> {
  // expected-error@+1 {{expected a result of size 6 in dimension 1}}
  %0 = squint.conv %x, %w strides = [1, 1] dilations = [1, 1] pads = [0, 0, 0, 0] groups = 1
      : tensor<1x8x8x4xf32>, tensor<6x3x3x4xf32> -> tensor<1x8x8x6xf32>
  return %0 : tensor<1x8x8x6xf32>
}

// -----

func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{expected a scale attribute exactly for tensor granularity}}
  %0 = squint.quantize %x : tensor<?x4xf32> -> <?x4, "int8:tensor">
  %1 = squint.dequantize %0 : <?x4, "int8:tensor"> -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// -----

func.func @f(%x: tensor<?x4xi16>) {
  // expected-error@+1 {{expected codes of 8 bits, got 'tensor<?x4xi16>'}}
  %0 = squint.codes %x : tensor<?x4xi16> -> <?x4, "int8:tensor">
  return
}

// -----

func.func @f(%x: tensor<?x4xui8>, %z: tensor<4xui8>) {
  // expected-error@+1 {{expected one zero point of type 'ui8', got 'tensor<4xui8>'}}
  %0 = squint.codes %x zero_point(%z) : tensor<?x4xui8>, tensor<4xui8> -> <?x4, "int8:tensor">
  return
}

// -----

func.func @f(%x: tensor<?x4xi8>) {
  // expected-error@+1 {{expected the format 'int8:tensor', got 'int8:token,scale=f32'}}
  %0 = squint.codes %x : tensor<?x4xi8> -> <?x4, "int8:token">
  return
}

// -----

func.func @f(%x: tensor<?x4xi8>) {
  // expected-error@+1 {{expected a result of the input's shape}}
  %0 = squint.codes %x : tensor<?x4xi8> -> <?x5, "int8:tensor">
  return
}

// -----

func.func @f(%t: tensor<10x6xf32>, %ids: tensor<?xf32>) -> tensor<?x6xf32> {
  // expected-error@+1 {{expected ids of type i64 or i32}}
  %0 = squint.embedding %t, %ids : tensor<10x6xf32>, tensor<?xf32> -> tensor<?x6xf32>
  return %0 : tensor<?x6xf32>
}

// -----

func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error@+1 {{expected int8 codes with a static scale, and none with a zero point otherwise, got 'int4:tensor,scale=f32'}}
  %0 = squint.quantize %x {scale = 1.0 : f32} : tensor<?x4xf32> -> <?x4, "int4:tensor">
  %1 = squint.dequantize %0 : <?x4, "int4:tensor"> -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}

// -----

func.func @f(%x: tensor<?x12xf32>) -> tensor<?x12xf32> {
  // expected-error@+1 {{expected a size of 1 times a power of two, got 12}}
  %0 = squint.hadamard %x size = 12 : tensor<?x12xf32> -> tensor<?x12xf32>
  return %0 : tensor<?x12xf32>
}

// -----

func.func @f(%x: tensor<?x12xf32>) -> tensor<?x12xf32> {
  // expected-error@+1 {{expected a static last dimension that the size divides}}
  %0 = squint.hadamard %x size = 8 : tensor<?x12xf32> -> tensor<?x12xf32>
  return %0 : tensor<?x12xf32>
}

// -----

func.func @f(%x: tensor<?x12xf32>, %h: tensor<12x6xf32>) -> tensor<?x12xf32> {
  // expected-error@+1 {{expected a square matrix of signs in f32, got 'tensor<12x6xf32>'}}
  %0 = squint.hadamard %x signs(%h) size = 12 : tensor<?x12xf32>, tensor<12x6xf32> -> tensor<?x12xf32>
  return %0 : tensor<?x12xf32>
}

// -----

func.func @f(%x: tensor<?x4xf32>, %s: tensor<3xf32>) {
  // expected-error@+1 {{expected one scale, one for each index of an axis, or one for each block of it, got 'tensor<3xf32>'}}
  %0 = squint.fake_quantize %x scale(%s) codes = [-8, 7] {axis = 1} : tensor<?x4xf32>, tensor<3xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4xf32>, %s: tensor<f32>, %z: tensor<i4>) {
  // expected-error@+1 {{expected codes from -8 to 7, got [-9, 7]}}
  %0 = squint.fake_quantize %x scale(%s) zero_point(%z) codes = [-9, 7] : tensor<?x4xf32>, tensor<f32>, tensor<i4> -> tensor<?x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4xf16>, %s: tensor<f32>) {
  // expected-error@+1 {{expected f32 and a result of the input's type}}
  %0 = squint.fake_quantize %x scale(%s) codes = [-8, 7] : tensor<?x4xf16>, tensor<f32> -> tensor<?x4xf16>
  return
}

// -----

func.func @f(%x: tensor<?x4xf32>, %s: tensor<f32>, %z: tensor<1xi8>) {
  // expected-error@+1 {{expected zero points of at most 8 bits in the shape of the scales, got 'tensor<1xi8>'}}
  %0 = squint.fake_quantize %x scale(%s) zero_point(%z) codes = [-8, 7] : tensor<?x4xf32>, tensor<f32>, tensor<1xi8> -> tensor<?x4xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4xf32>, %a: tensor<2x5xf32>, %b: tensor<3x2xf32>, %y: tensor<?x3xf32>) {
  // expected-error@+1 {{expected the input's last dimension to be 5}}
  %0 = squint.lora %x, %a, %b to(%y) scale = 1.0 : tensor<?x4xf32>, tensor<2x5xf32>, tensor<3x2xf32>, tensor<?x3xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4xf32>, %a: tensor<2x4xf32>, %b: tensor<3x1xf32>, %y: tensor<?x3xf32>) {
  // expected-error@+1 {{expected matrices [rank, inputs] and [outputs, rank]}}
  %0 = squint.lora %x, %a, %b to(%y) scale = 1.0 : tensor<?x4xf32>, tensor<2x4xf32>, tensor<3x1xf32>, tensor<?x3xf32>
  return
}

// -----

func.func @f(%x: tensor<?x4xf32>, %a: tensor<2x4xf32>, %b: tensor<3x2xf32>, %y: tensor<?x5xf32>) {
  // expected-error@+1 {{expected a base of shape [}}
  %0 = squint.lora %x, %a, %b to(%y) scale = 1.0 : tensor<?x4xf32>, tensor<2x4xf32>, tensor<3x2xf32>, tensor<?x5xf32>
  return
}

// -----

func.func @f(%x: tensor<?x?x4x16xf32>) {
  // expected-error@+1 {{expected a window of at least 1 beside 'causal', got 7}}
  %0 = squint.attention %x, %x, %x scale = 0.25 window = 7
      : tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32>, tensor<?x?x4x16xf32> -> tensor<?x?x4x16xf32>
  return
}

// -----

func.func @f(%x: tensor<?x?x4x16xf32>, %c: tensor<?x?x9xf32>) {
  // expected-error@+1 {{expected at most half as many angles as a head has elements, both static}}
  %0 = squint.rotary %x, %c, %c : tensor<?x?x4x16xf32>, tensor<?x?x9xf32>
  return
}

// -----

func.func @f(%x: tensor<?x5x4x16xf32>, %c: tensor<?x6x8xf32>) {
  // expected-error@+1 {{expected an angle for every token}}
  %0 = squint.rotary %x, %c, %c : tensor<?x5x4x16xf32>, tensor<?x6x8xf32>
  return
}
