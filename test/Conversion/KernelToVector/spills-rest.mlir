// Convolutions, attention and kernels of rows: the instructions of the innermost loops, and that nothing spills in them.
// DEFINE: %{lower} = squint-opt --convert-kernel-to-vector --convert-kernel-to-x86 --convert-kernel-to-generic --squint-expand-math --canonicalize --cse --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-vector-to-llvm --finalize-memref-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-index-to-llvm --convert-cf-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// DEFINE: %{loops} = %python %S/../../Support/innermost.py "tdp[a-z]*|vpdpbusd|vpmaddubsw|vpmaddwd|vfmadd[a-z0-9]*|vaddps|vmaxps|vmulps|vpmaxsd"
// RUN: sed -e s/CPU/x86-64-v4/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=x86-64-v4 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=x86-64-v4 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=V4
// RUN: sed -e s/CPU/znver4/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=znver4 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=znver4 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=ZEN
// RUN: sed -e s/CPU/sapphirerapids/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=sapphirerapids -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=sapphirerapids -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=AMX
// RUN: sed -e s/CPU/x86-64-v3/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=x86-64-v3 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=x86-64-v3 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=V3

// Of 256 bits, exponentials have more constants than there are registers: one number of a loop is reloaded.
// V4: conv_codes: {{.*}} of {{.*}}vpmaddwd: 0 vector spills
// V4: conv_floats: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V4: depthwise: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V4: attention: {{.*}} of vaddps {{.*}}: {{[0-2]}} vector spills
// V4: batch_matmul: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V4: quantize_token: {{.*}} of vaddps vmaxps vmulps{{.*}}: 0 vector spills
// V4: quantize_group: {{.*}} of vaddps vmaxps vmulps vpmaxsd: 0 vector spills
// V4: norm: {{.*}} of {{.*}}vfmadd{{.*}}: 0 vector spills
// V4: softmax: {{.*}} of vaddps vfmadd{{.*}} vmaxps vmulps: 0 vector spills
// ZEN: conv_codes: {{.*}} of {{.*}}vpdpbusd: 0 vector spills
// ZEN: conv_floats: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: depthwise: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: attention: {{.*}} of vaddps {{.*}}: {{[0-2]}} vector spills
// ZEN: batch_matmul: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: quantize_token: {{.*}} of vaddps vmaxps vmulps{{.*}}: 0 vector spills
// ZEN: quantize_group: {{.*}} of vaddps vmaxps vmulps vpmaxsd: 0 vector spills
// ZEN: norm: {{.*}} of {{.*}}vfmadd{{.*}}: 0 vector spills
// ZEN: softmax: {{.*}} of vaddps vfmadd{{.*}} vmaxps vmulps: 0 vector spills
// AMX: conv_codes: {{.*}} of {{tdpb[us]*d}} {{.*}}vpdpbusd: 0 vector spills
// AMX: conv_floats: {{.*}} of vfmadd{{.*}}: 0 vector spills
// AMX: depthwise: {{.*}} of vfmadd{{.*}}: 0 vector spills
// AMX: attention: {{.*}} of vaddps {{.*}}: {{[0-2]}} vector spills
// AMX: batch_matmul: {{.*}} of vfmadd{{.*}}: 0 vector spills
// AMX: quantize_token: {{.*}} of vaddps vmaxps vmulps{{.*}}: 0 vector spills
// AMX: quantize_group: {{.*}} of vaddps vmaxps vmulps vpmaxsd: 0 vector spills
// AMX: norm: {{.*}} of {{.*}}vfmadd{{.*}}: 0 vector spills
// AMX: softmax: {{.*}} of vaddps vfmadd{{.*}} vmaxps vmulps: 0 vector spills
// V3: conv_codes: {{.*}} of {{.*}}vpmaddwd: 0 vector spills
// V3: conv_floats: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V3: depthwise: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V3: attention: {{.*}} of vaddps {{.*}}: {{[01]}} vector spills
// V3: batch_matmul: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V3: quantize_token: {{.*}} of vaddps vmaxps vmulps{{.*}}: 0 vector spills
// V3: quantize_group: {{.*}} of vaddps vmaxps vmulps vpmaxsd: 0 vector spills
// V3: norm: {{.*}} of {{.*}}vfmadd{{.*}}: 0 vector spills
// V3: softmax: {{.*}} of vaddps vfmadd{{.*}} vmaxps vmulps: {{[01]}} vector spills
module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "CPU", "">]} {
func.func @conv_codes(%x: memref<?x32x32x16xi8>, %w: memref<?xi8>, %y: memref<?x16xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x32x32x16xi8>) weights(%w : memref<?xi8>) outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x144, "int8:channel,scale=f32", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:tensor,scale=f32">, activation_scale = 0.5 : f32, activation_zero_point = -128 : i32,
                  window = #kernel.window<kernel = [3, 3], strides = [1, 1], dilations = [1, 1],
                                          pads = [1, 1, 1, 1], out = [32, 32], pad_value = -128>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
func.func @conv_floats(%x: memref<?x32x32x16xf32>, %w: memref<?xi8>, %y: memref<?x16xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x32x32x16xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x16xf32>)
      attributes {weight_type = !squint.packed<16x144, "f32", #kernel.panels<16>>,
                  window = #kernel.window<kernel = [3, 3], strides = [1, 1], dilations = [1, 1],
                                          pads = [1, 1, 1, 1], out = [32, 32], pad_value = 0>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
func.func @depthwise(%x: memref<?x8x8x40xf32>, %w: memref<3x3x40xf32>, %y: memref<?x8x8x40xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.depthwise ins(%x, %w : memref<?x8x8x40xf32>, memref<3x3x40xf32>) outs(%y : memref<?x8x8x40xf32>)
      attributes {window = #kernel.window<kernel = [3, 3], strides = [1, 1], dilations = [1, 1],
                                          pads = [1, 1, 1, 1], out = [8, 8], pad_value = 0>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
func.func @attention(%q: memref<?x?x12x32xf32>, %k: memref<?x?x12x32xf32>, %v: memref<?x?x12x32xf32>, %m: memref<?x1x1x?xf32>,
                     %y: memref<?x?x12x32xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.attention ins(%q, %k, %v mask(%m) : memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x?x12x32xf32>, memref<?x1x1x?xf32>)
      outs(%y : memref<?x?x12x32xf32>) scale = 0.176776692
  return
}
func.func @batch_matmul(%x: memref<?x?x32xf32>, %w: memref<?x32x?xf32>, %y: memref<?x?x?xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  linalg.batch_matmul ins(%x, %w : memref<?x?x32xf32>, memref<?x32x?xf32>) outs(%y : memref<?x?x?xf32>)
  return
}
func.func @quantize_token(%x: memref<?x384xf32>, %q: memref<?x384xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %begin: index,
                          %end: index) attributes {kernel.body} {
  kernel.quantize_rows ins(%x : memref<?x384xf32>) outs(%q, %s, %z : memref<?x384xi8>, memref<?x1xf32>, memref<?x1xi32>)
      {format = #squint.format<"int8:token,scale=f32">}
  return
}
func.func @quantize_group(%x: memref<?x384xf32>, %q: memref<?x384xi8>, %s: memref<?x12xf32>, %z: memref<?x12xi32>, %begin: index,
                          %end: index) attributes {kernel.body} {
  kernel.quantize_rows ins(%x : memref<?x384xf32>) outs(%q, %s, %z : memref<?x384xi8>, memref<?x12xf32>, memref<?x12xi32>)
      {format = #squint.format<"int8:group=32,scale=f32">, sum_group = 32 : i64}
  return
}
func.func @norm(%x: memref<?x384xf32>, %s: memref<384xf32>, %b: memref<384xf32>, %y: memref<?x384xf32>, %begin: index,
                %end: index) attributes {kernel.body} {
  kernel.norm ins(%x, %s, %b : memref<?x384xf32>, memref<384xf32>, memref<384xf32>) outs(%y : memref<?x384xf32>)
      {centered, epsilon = 1.0e-12 : f64}
  return
}
func.func @softmax(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.softmax ins(%x : memref<?x?xf32>) outs(%y : memref<?x?xf32>)
  return
}
}
