// RUN: squint-opt %s --convert-kernel-to-generic | FileCheck %s

// CHECK-LABEL: func.func @bytes
//       CHECK:   %[[WORDS:.*]] = vector.bitcast %{{.*}} : vector<64xi8> to vector<16xi32>
//       CHECK:   arith.shrui %{{.*}} : vector<16xi32>
//       CHECK:   arith.muli %{{.*}} : vector<16xi32>
//   CHECK-NOT:   kernel.dot
func.func @bytes(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = 0 : i32, weight_max = 255 : i32, input_min = -127 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}

// CHECK-LABEL: func.func @signed
//       CHECK:   arith.shrsi %{{.*}} : vector<16xi32>
//   CHECK-NOT:   arith.shrui
//       CHECK:   return
func.func @signed(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %0 = kernel.dot %acc, %w, %x {weight_min = -128 : i32, weight_max = 127 : i32, input_min = -127 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}

// CHECK-LABEL: func.func @pairs
//       CHECK:   arith.muli %{{.*}} : vector<32xi16>
//       CHECK:   arith.addi %{{.*}} : vector<16xi32>
//   CHECK-NOT:   kernel.
func.func @pairs(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  %zero = arith.constant dense<0> : vector<32xi16>
  %0 = kernel.dot_pairs %zero, %w, %x {weight_min = 0 : i32, weight_max = 15 : i32, input_min = -128 : i32, input_max = 127 : i32}
  %1 = kernel.add_pairs %acc, %0
  return %1 : vector<16xi32>
}
