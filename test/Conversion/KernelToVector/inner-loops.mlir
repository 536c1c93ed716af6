// The instructions of the innermost loops, through the whole lowering.
// DEFINE: %{lower} = squint-opt --convert-kernel-to-vector --convert-kernel-to-x86 --convert-kernel-to-arm --convert-kernel-to-generic --squint-expand-math --canonicalize --cse --convert-scf-to-cf --expand-strided-metadata --lower-affine --convert-vector-to-llvm --finalize-memref-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-index-to-llvm --convert-cf-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// RUN: sed -e s/TRIPLE/x86_64-unknown-linux-gnu/ -e s/CPU/x86-64-v4/ -e s/FEATURES/+avx512vnni/ %s | %{lower} | %{code} | opt -O2 -mtriple=x86_64-linux-gnu -mcpu=x86-64-v4 -mattr=+avx512vnni,-prefer-256-bit | llc -mcpu=x86-64-v4 -mattr=+avx512vnni,-prefer-256-bit | FileCheck %s --check-prefix=VNNI
// RUN: sed -e s/TRIPLE/x86_64-unknown-linux-gnu/ -e s/CPU/x86-64-v3/ -e s/FEATURES// %s | %{lower} | %{code} | opt -O2 -mtriple=x86_64-linux-gnu -mcpu=x86-64-v3 | llc -mcpu=x86-64-v3 | FileCheck %s --check-prefix=AVX2
// RUN: sed -e s/TRIPLE/aarch64-unknown-linux-gnu/ -e s/CPU/cortex-a76/ -e s/FEATURES// %s | %{lower} | %{code} | opt -O2 -mtriple=aarch64-linux-gnu -mcpu=cortex-a76 | llc -mtriple=aarch64-linux-gnu -mcpu=cortex-a76 | FileCheck %s --check-prefix=NEON
// RUN: sed -e s/TRIPLE/x86_64-unknown-linux-gnu/ -e s/CPU/alderlake/ -e s/FEATURES// %s | %{lower} | %{code} | opt -O2 -mtriple=x86_64-linux-gnu -mcpu=alderlake | llc -mcpu=alderlake | FileCheck %s --check-prefix=AVXVNNI
// RUN: sed -e s/TRIPLE/x86_64-unknown-linux-gnu/ -e s/CPU/x86-64-v4/ -e s/FEATURES// %s | %{lower} | %{code} | opt -O2 -mtriple=x86_64-linux-gnu -mcpu=x86-64-v4 -mattr=-prefer-256-bit | llc -mcpu=x86-64-v4 -mattr=-prefer-256-bit | FileCheck %s --check-prefix=AVX512

module attributes {squint.targets = [#squint.target<"TRIPLE", "CPU", "FEATURES">]} {

// Activations are broadcast from memory, four bytes at a time.
// VNNI-LABEL: codes:
// VNNI:         vpdpbusd {{-?[0-9]*}}(%{{.*}}){1to16}, %zmm{{[0-9]+}}, %zmm
// AVX2-LABEL: codes:
// AVX2:         vpbroadcastd {{-?[0-9]*}}(%
// AVX2:         vpsignb
// AVX2:         vpmaddubsw
// AVX2:         vpmaddwd
// AVXVNNI-LABEL: codes:
// AVXVNNI:      {vex} vpdpbusd %ymm{{[0-9]+}}, %ymm{{[0-9]+}}, %ymm
// AVX512-LABEL: codes:
// AVX512:       vpmaddubsw %zmm{{[0-9]+}}, %zmm{{[0-9]+}}, %zmm
// AVX512:       vpmaddwd
// NEON-LABEL: codes:
// NEON:         ld1r { v{{[0-9]+}}.4s }
// NEON:         sdot
func.func @codes(%x: memref<?x384xi8>, %s: memref<?x1xf32>, %z: memref<?x1xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index,
                 %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x384xi8>, memref<?x1xf32>, memref<?x1xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "int8:channel,scale=f32", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:token,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// VNNI-LABEL: nibbles:
// VNNI:         vcvtph2ps
// VNNI:         vpdpbusd
// VNNI:         vcvtdq2ps
// VNNI:         vfmadd
// AVX2-LABEL: nibbles:
// AVX2:         vpmaddubsw
// AVX2:         vpaddw
// AVX2:         vpmaddwd
// AVXVNNI-LABEL: nibbles:
// AVXVNNI:      {vex} vpdpbusd %ymm{{[0-9]+}}, %ymm{{[0-9]+}}, %ymm
// AVX512-LABEL: nibbles:
// AVX512:       vpmaddubsw %zmm{{[0-9]+}}, %zmm{{[0-9]+}}, %zmm
// AVX512:       vpmaddwd
// NEON-LABEL: nibbles:
// NEON:         fcvtl
// NEON:         sdot
// NEON:         scvtf
// NEON:         fmla
func.func @nibbles(%x: memref<?x384xi8>, %s: memref<?x12xf32>, %z: memref<?x12xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>,
                   %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x384xi8>, memref<?x12xf32>, memref<?x12xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "int4:group=32,scale=f16", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:group=32,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// VNNI-LABEL: floats:
// VNNI:         vbroadcastss {{-?[0-9]*}}(%{{.*}}), [[X:%zmm[0-9]+]]
// VNNI:         vfmadd231ps [[X]], %zmm{{[0-9]+}}, %zmm
// AVX2-LABEL: floats:
// AVX2:         vbroadcastss
// AVX2:         vfmadd231ps
// NEON-LABEL: floats:
// NEON:         fmla
func.func @floats(%x: memref<?x384xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x384xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "f32", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// int3 in two planes: a mask and a merge a quad.
// VNNI-LABEL: planes:
// VNNI:         vpternlog
// VNNI:         vpdpbusd
// AVX2-LABEL: planes:
// AVX2:         vpor
// AVX2:         vpmaddubsw
// NEON-LABEL: planes:
// NEON:         sdot
func.func @planes(%x: memref<?x384xi8>, %s: memref<?x12xf32>, %z: memref<?x12xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>,
                  %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x384xi8>, memref<?x12xf32>, memref<?x12xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "int3:group=32,scale=f16", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:group=32,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// 4-bit floats, doubled by a table of bytes.
// VNNI-LABEL: doubled:
// VNNI:         vpshufb
// VNNI:         vpdpbusd
// AVX2-LABEL: doubled:
// AVX2:         vpshufb
// AVX2:         vpmaddubsw
// NEON-LABEL: doubled:
// NEON:         tbl
// NEON:         sdot
func.func @doubled(%x: memref<?x384xi8>, %s: memref<?x12xf32>, %z: memref<?x12xi32>, %w: memref<?xi8>, %y: memref<?x64xf32>,
                   %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x, %s, %z : memref<?x384xi8>, memref<?x12xf32>, memref<?x12xi32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "mxfp4", #kernel.panels<16>>,
                  activation_format = #squint.format<"int8:group=32,scale=f32">} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// Codes times floats: codes become floats where they lie, by bits of an exponent above them and a subtraction; with 512 bits half of
// them by a permutation of a table.
// VNNI-LABEL: decoded:
// VNNI:         prefetcht0
// VNNI-DAG:     vperm{{d|ps}} {{.*}}%zmm
// VNNI-DAG:     vpternlogd {{.*}}%zmm
// VNNI:         vfmadd
// AVX2-LABEL: decoded:
// AVX2:         vpand
// AVX2:         vpor
// AVX2-NOT:     vcvtdq2ps
// AVX2:         vfmadd
// NEON-LABEL: decoded:
// NEON:         orr
// NEON-NOT:     scvtf
// NEON:         fmla
func.func @decoded(%x: memref<?x384xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x384xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "int4:group=32,scale=f16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// VNNI-LABEL: table:
// VNNI:         vperm{{d|ps}} {{.*}}%zmm
// VNNI:         vfmadd
// AVX2-LABEL: table:
// AVX2:         vperm{{d|ps}}
// AVX2:         vblendvps
// NEON-LABEL: table:
// NEON:         tbl {{.*}}, { v{{[0-9]+}}.16b, v{{[0-9]+}}.16b, v{{[0-9]+}}.16b, v{{[0-9]+}}.16b }
func.func @table(%x: memref<?x384xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x384xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "nf4:group=64,scale=f16", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}

// VNNI-LABEL: small_floats:
// VNNI:         vpsrad $4
// VNNI:         vmulps
// VNNI:         vfmadd
// AVX2-LABEL: small_floats:
// AVX2:         vpsrad $4
// AVX2:         vmulps
// NEON-LABEL: small_floats:
// NEON:         sshr
// NEON:         fmul
func.func @small_floats(%x: memref<?x384xf32>, %w: memref<?xi8>, %y: memref<?x64xf32>, %begin: index, %end: index) attributes {kernel.body} {
  kernel.gemm ins(%x : memref<?x384xf32>) weights(%w : memref<?xi8>) outs(%y : memref<?x64xf32>)
      attributes {weight_type = !squint.packed<64x384, "f8e4m3:channel,scale=f32", #kernel.panels<16>>} {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return
}
}
