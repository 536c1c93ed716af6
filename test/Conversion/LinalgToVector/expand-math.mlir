// RUN: squint-opt %s --squint-expand-math | FileCheck %s

// No call of libm is left for f32, and every multiply-add is explicit.
// CHECK-LABEL: func.func @exp
// CHECK-COUNT-9: math.fma {{.*}} : vector<16xf32>
// CHECK-NOT: math.exp
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func.func @pow
// CHECK: arith.extf %{{.*}} : f32 to f64
// CHECK-NOT: math.powf
// CHECK: arith.truncf %{{.*}} : f64 to f32
func.func @pow(%x: f32, %y: f32) -> f32 {
  %0 = math.powf %x, %y : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @double
// CHECK: math.exp %{{.*}} : f64
func.func @double(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}
