// RUN: squint-opt %s --convert-linalg-to-vector --split-input-file --verify-diagnostics

#id = affine_map<(d0) -> (d0)>
#half = affine_map<(d0) -> (d0 floordiv 2)>

func.func private @f(%x: memref<4xf32>, %y: memref<8xf32>, %begin: index, %end: index) attributes {kernel.body} {
  // expected-error @below {{expected indexing maps that are linear in the loops}}
  linalg.generic {indexing_maps = [#half, #id], iterator_types = ["parallel"]} ins(%x : memref<4xf32>) outs(%y : memref<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

// expected-error @below {{expected a kernel's body to end with the arguments begin and end}}
func.func private @f(%c: f32, %y: memref<8xf32>) attributes {kernel.body} {
  linalg.fill ins(%c : f32) outs(%y : memref<8xf32>)
  return
}
