// DEFINE: %{lower} = squint-opt --convert-kernel-to-x86 --convert-vector-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// RUN: sed -e s/CPU/x86-64-v4/ -e s/FEATURES/+avx512vnni/ %s | %{lower} | %{code} | llc -mcpu=x86-64-v4 -mattr=+avx512vnni | FileCheck %s --check-prefix=VNNI
// RUN: sed -e s/CPU/x86-64-v3/ -e s/FEATURES/+avxvnni/ %s | %{lower} | %{code} | llc -mcpu=x86-64-v3 -mattr=+avxvnni | FileCheck %s --check-prefix=AVXVNNI
// RUN: sed -e s/CPU/x86-64-v3/ -e s/FEATURES//    %s | %{lower} | %{code} | llc -mcpu=x86-64-v3 | FileCheck %s --check-prefix=AVX2
// RUN: sed -e s/CPU/x86-64-v2/ -e s/FEATURES//    %s | %{lower} | %{code} | llc -mcpu=x86-64-v2 | FileCheck %s --check-prefix=SSSE3

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "CPU", "FEATURES">]} {

// 8-bit weights, stored unsigned: one instruction, or, without one, 16-bit multiply-adds of widened bytes, because 255 * 127 * 2
// does not fit 16 bits.
// VNNI-LABEL: bytes:
// VNNI:         vpbroadcastd %edi, [[X:%zmm[0-9]+]]
// VNNI-NEXT:    vpdpbusd [[X]], %zmm1, %zmm0
// VNNI-NEXT:    retq
// AVXVNNI-LABEL: bytes:
// AVXVNNI-COUNT-2: {vex} vpdpbusd
// AVXVNNI-NEXT:    retq
// AVX2-LABEL: bytes:
// AVX2-NOT:     vpmaddubsw
// AVX2-COUNT-4: vpmaddwd
// AVX2-NOT:     vpmadd
// SSSE3-LABEL: bytes:
// SSSE3-NOT:     pmaddubsw
// SSSE3-COUNT-8: pmaddwd
func.func @bytes(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = 0 : i32, weight_max = 255 : i32, input_min = -127 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}

// 4-bit weights: no sum of two products leaves 16 bits.
// VNNI-LABEL: nibbles:
// VNNI:         vpdpbusd
// AVX2-LABEL: nibbles:
// AVX2:         vpmaddubsw {{.*}}
// AVX2:         vpmaddwd
// AVX2:         vpaddd
// SSSE3-LABEL: nibbles:
// SSSE3-COUNT-4: pmaddubsw
func.func @nibbles(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = 0 : i32, weight_max = 15 : i32, input_min = -128 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}

// A chain of 16-bit sums.
// AVX2-LABEL: pairs:
// AVX2:         vpmaddubsw
// AVX2:         vpmaddubsw
// AVX2:         vpaddw
// AVX2-COUNT-2: vpmaddwd
// AVX2-NOT:     vpmaddwd
// SSSE3-LABEL: pairs:
// SSSE3:         pmaddubsw
// SSSE3:         paddw
func.func @pairs(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32, %y: i32) -> vector<16xi32> attributes {kernel.body} {
  %zero = arith.constant dense<0> : vector<32xi16>
  %0 = kernel.dot_pairs %zero, %w, %x {weight_min = 0 : i32, weight_max = 15 : i32, input_min = -128 : i32, input_max = 127 : i32}
  %1 = kernel.dot_pairs %0, %w, %y {weight_min = 0 : i32, weight_max = 15 : i32, input_min = -128 : i32, input_max = 127 : i32}
  %2 = kernel.add_pairs %acc, %1
  return %2 : vector<16xi32>
}
}
