// RUN: squint-opt %s --convert-kernel-to-vector --split-input-file --verify-diagnostics

func.func @plain(%x: memref<?x8xf32>, %w: memref<?xi8>, %y: memref<?x16xf32>, %begin: index, %end: index) attributes {kernel.body} {
  // expected-error @below {{expected a weight packed in panels, got '!squint.packed<16x8, "f32">'}}
  kernel.gemm ins(%x : memref<?x8xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x8, "f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// -----

func.func @groups(%x: memref<?x96xi8>, %s: memref<?x2xf32>, %z: memref<?x3xi32>, %w: memref<?xi8>, %y: memref<?x16xf32>,
                  %begin: index, %end: index) attributes {kernel.body} {
  // expected-error @below {{expected group sizes of which one divides the other, got 32 for weights and 48 for activations}}
  kernel.gemm ins(%x, %s, %z : memref<?x96xi8>, memref<?x2xf32>, memref<?x3xi32>) weights(%w : memref<?xi8>)
      outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x96, "int4:group=32,scale=f16", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:group=48,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// -----

func.func @sums(%x: memref<?x96xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x16xf32>,
                %begin: index, %end: index) attributes {kernel.body} {
  // expected-error @below {{expected the sums of every 32 activations (0 is all of a row), got 'memref<?x1xi32>'}}
  kernel.gemm ins(%x, %s, %z : memref<?x96xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>)
      outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x96, "int4:group=32,scale=f16", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// -----

func.func @strides(%x: memref<?x8xf32, strided<[?, 2]>>, %w: memref<?xi8>, %y: memref<?x16xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  // expected-error @below {{expected a memref whose rows are contiguous, got 'memref<?x8xf32, strided<[?, 2]>>'}}
  kernel.gemm ins(%x : memref<?x8xf32, strided<[?, 2]>>) weights(%w : memref<?xi8>) outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x8, "f32", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// -----

// expected-error @below {{expected a range of units as the last two arguments of a kernel's function}}
func.func @range(%x: memref<?x8xf32>, %y: memref<?x8xf32>) attributes {kernel.body} {
  kernel.softmax ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>)
  return
}

// -----

func.func @status(%t: memref<9x8xf32>, %i: memref<?xi64>, %y: memref<?x8xf32>, %begin: index, %end: index) attributes {kernel.body} {
  // expected-error @above {{expected a function that returns a status}}
  kernel.gather_rows ins(%t, %i : memref<9x8xf32>, memref<?xi64>) outs(%y : memref<?x8xf32>)
  return
}
