// DEFINE: %{lower} = squint-opt --convert-kernel-to-x86 --convert-vector-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// RUN: sed -e s/CPU/x86-64-v3/ %s | %{lower} | %{code} | llc -mcpu=x86-64-v3 | FileCheck %s --check-prefix=AVX2
// RUN: sed -e s/CPU/x86-64-v4/ %s | %{lower} | %{code} | llc -mcpu=x86-64-v4 | FileCheck %s --check-prefix=AVX512
// RUN: sed -e s/CPU/x86-64/ %s | %{lower} | %{code} | llc -mcpu=x86-64 | FileCheck %s --check-prefix=SSE2

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "CPU", "">]} {

// Signed weights as magnitudes, with their signs on the inputs: 128 * 127 * 2 fits.
// AVX2-LABEL: dynamic:
// AVX2-DAG:     vpabsb
// AVX2-DAG:     vpsignb
// AVX2:         vpmaddubsw
// AVX2:         vpmaddwd
// AVX512-LABEL: dynamic:
// AVX512-DAG:     vpabsb
// AVX512-DAG:     vpmovb2m
// AVX512-DAG:     vpsubb {{.*}} {%k
// AVX512:         vpmaddubsw
// AVX512:         vpmaddwd
// SSE2-LABEL: dynamic:
// SSE2-COUNT-8: pmaddwd
func.func @dynamic(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = -128 : i32, weight_max = 127 : i32, input_min = -127 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}

// Static activations may be -128, which has no negative.
// AVX2-LABEL: static:
// AVX2-NOT:     vpsignb
// AVX2-COUNT-4: vpmaddwd
func.func @static(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = -128 : i32, weight_max = 127 : i32, input_min = -128 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}
}
