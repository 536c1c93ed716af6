// RUN: squint-opt %s --convert-kernel-to-x86 --split-input-file --verify-diagnostics

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "znver4", "">]} {
func.func @f(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  // expected-error @below {{expected one unsigned factor where vpdpbusd multiplies}}
  %0 = kernel.dot %acc, %w, %x {weight_min = -128 : i32, weight_max = 127 : i32, input_min = -127 : i32, input_max = 127 : i32}
  return %0 : vector<16xi32>
}
}

// -----

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "">]} {
func.func @f(%acc: vector<16xi32>, %w: vector<64xi8>, %x: i32) -> vector<16xi32> attributes {kernel.body} {
  // expected-error @below {{expected signed activations}}
  %0 = kernel.dot %acc, %w, %x {weight_min = -128 : i32, weight_max = 127 : i32, input_min = 0 : i32, input_max = 255 : i32}
  return %0 : vector<16xi32>
}
}

// -----

module attributes {squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "nonesuch", "">]} {
// expected-error @below {{unknown CPU 'nonesuch'}}
func.func @f(%acc: vector<16xi32>) attributes {kernel.body} {
  return
}
}
