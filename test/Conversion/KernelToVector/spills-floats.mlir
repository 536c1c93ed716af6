// Decoded codes and floats: the instructions of the innermost loops, and that nothing spills in them. Of int4 to int2 some of the
// constants that codes become floats with are kept in memory, for 128 products of four rows.
// DEFINE: %{lower} = squint-opt --convert-kernel-to-vector --convert-kernel-to-x86 --convert-kernel-to-generic --squint-expand-math --canonicalize --cse --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-vector-to-llvm --finalize-memref-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-index-to-llvm --convert-cf-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// DEFINE: %{loops} = %python %S/../../Support/innermost.py "vfmadd[a-z0-9]*|vdpbf16ps|tdpbf16ps"
// RUN: sed -e s/CPU/x86-64-v4/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=x86-64-v4 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=x86-64-v4 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=V4
// RUN: sed -e s/CPU/znver4/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=znver4 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=znver4 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=ZEN
// RUN: sed -e s/CPU/sapphirerapids/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=sapphirerapids -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=sapphirerapids -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=AMX
// RUN: sed -e s/CPU/x86-64-v3/ %s | %{lower} | %{code} | opt -O2 --vectorize-loops=false --vectorize-slp=false --disable-loop-unrolling -mtriple=x86_64-linux-gnu -mcpu=x86-64-v3 -mattr=-prefer-256-bit | llc -relocation-model=pic -mcpu=x86-64-v3 -mattr=-prefer-256-bit | %{loops} | FileCheck %s --check-prefix=V3

// V4: int8_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V4: int4_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// V4: int3_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// V4: int2_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// V4: nf4_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V4: f8_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V4: f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V4: f16: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V4: bf16: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: int8_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: int4_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// ZEN: int3_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// ZEN: int2_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// ZEN: nf4_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: f8_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: f16: {{.*}} of vfmadd{{.*}}: 0 vector spills
// ZEN: bf16: {{.*}} of vdpbf16ps vfmadd{{.*}}: 0 vector spills
// AMX: int8_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// AMX: int4_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// AMX: int3_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// AMX: int2_f32: {{.*}} of vfmadd{{.*}}: {{[0-9]}} vector spills
// AMX: nf4_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// AMX: f8_f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// AMX: f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// AMX: f16: {{.*}} of vfmadd{{.*}}: 0 vector spills
// AMX: bf16: {{.*}} of tdpbf16ps vfmadd{{.*}}: 0 vector spills
// V3: f32: {{.*}} of vfmadd{{.*}}: 0 vector spills
// V3: f16: {{.*}} of vfmadd{{.*}}: {{[0-4]}} vector spills
// V3: bf16: {{.*}} of vfmadd{{.*}}: 0 vector spills
module attributes {squint.allow_bf16, squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "CPU", "">]} {
func.func @int8_f32(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int8:group=32,scale=f16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int4_f32(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int4:group=32,scale=f16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int3_f32(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int3:group=32,scale=f16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @int2_f32(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "int2:group=32,scale=f16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @nf4_f32(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "nf4:group=64,scale=f16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @f8_f32(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "f8e4m3:channel,scale=f32", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @f32(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "f32", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @f16(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "f16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

func.func @bf16(%x: memref<?x4096xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index)
    attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x4096xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x4096, "bf16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}
