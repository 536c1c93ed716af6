// RUN: squint-opt %s | squint-opt | FileCheck %s

#layout = #squint.cache<"int8:token,scale=f32", "f16", heads = 2, key_size = 8, value_size = 24, offset = 64, stride = 20480>

// CHECK-LABEL: func.func @state
func.func @state(%k: tensor<?x?x2x8xf32>, %v: tensor<?x?x2x24xf32>, %q: tensor<?x?x4x8xf32>, %state: tensor<?xi8>, %lengths: tensor<?xi64>) -> tensor<?x?x96xf32> {
  // CHECK: squint.positions from %{{.*}} : tensor<?xi64> : tensor<?x?xi64>
  %p = squint.positions from %lengths : tensor<?xi64> : tensor<?x?xi64>
  // CHECK: squint.append_cache %{{.*}}, %{{.*}}, %{{.*}} at %{{.*}} layout <"int8:token,scale=f32", "f16", heads = 2, key_size = 8, value_size = 24, offset = 64, stride = 20480> :
  %c = squint.append_cache %k, %v, %state at %lengths layout #layout : tensor<?x?x2x8xf32>, tensor<?x?x2x24xf32>, tensor<?xi8>, tensor<?xi64>
  // CHECK: squint.cached_attention %{{.*}}, %{{.*}} at %{{.*}} layout {{.*}} scale = 2.500000e-01 window = 5 :
  %y = squint.cached_attention %q, %c at %lengths layout #layout scale = 0.25 window = 5
      : tensor<?x?x4x8xf32>, tensor<?xi8>, tensor<?xi64> -> tensor<?x?x4x24xf32>
  %f = tensor.collapse_shape %y [[0], [1], [2, 3]] : tensor<?x?x4x24xf32> into tensor<?x?x96xf32>
  // CHECK: squint.last_tokens
  %l = squint.last_tokens %f : tensor<?x?x96xf32> -> tensor<?x?x96xf32>
  return %l : tensor<?x?x96xf32>
}
