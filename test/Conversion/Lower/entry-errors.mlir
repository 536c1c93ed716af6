// RUN: squint-opt %s --squint-prepare-entry --split-input-file --verify-diagnostics

// expected-error@+1 {{expected a function 'main' with one block}}
module {
}

// -----

// expected-error@+1 {{expected input0 of type 'tensor<?xf32>' to carry squint.dims}}
func.func @main(%x: tensor<?xf32>) {
  return
}

// -----

// expected-error@+1 {{expected input0 to be a ranked tensor, got 'i32'}}
func.func @main(%x: i32) {
  return
}
