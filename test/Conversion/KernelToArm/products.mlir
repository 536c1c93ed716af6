// DEFINE: %{lower} = squint-opt --convert-kernel-to-arm --convert-kernel-to-generic --convert-vector-to-llvm --convert-arith-to-llvm --convert-func-to-llvm --reconcile-unrealized-casts
// DEFINE: %{code} = mlir-translate --mlir-to-llvmir --allow-unregistered-dialect
// RUN: sed -e s/CPU/cortex-a76/ %s | %{lower} | %{code} | llc -mtriple=aarch64-linux-gnu -mcpu=cortex-a76 | FileCheck %s
// RUN: sed -e s/CPU/generic/ %s | %{lower} | %{code} | llc -mtriple=aarch64-linux-gnu | FileCheck %s --check-prefix=GENERIC

module attributes {squint.targets = [#squint.target<"aarch64-unknown-linux-gnu", "CPU", "">]} {

// CHECK-LABEL: bytes:
// CHECK:         dup [[X:v[0-9]+]].4s, w0
// CHECK-COUNT-4: sdot v{{[0-9]+}}.4s, v{{[0-9]+}}.16b, [[X]].16b
// GENERIC-LABEL: bytes:
// GENERIC-NOT:     sdot
// GENERIC:         mla
func.func @bytes(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = -128 : i32, weight_max = 127 : i32, input_min = -128 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}

// 4-bit weights are signed and unsigned alike.
// CHECK-LABEL: nibbles:
// CHECK-COUNT-4: sdot
func.func @nibbles(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = 0 : i32, weight_max = 15 : i32, input_min = -128 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}

// Bytes above 127 are not.
// CHECK-LABEL: unsigned:
// CHECK-NOT:     sdot
// CHECK:         mla
func.func @unsigned(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = 0 : i32, weight_max = 255 : i32, input_min = -128 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}
}
