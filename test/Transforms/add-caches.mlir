// A language model keeps the keys and values of its tokens.
// RUN: squint-opt %s --squint-add-caches --split-input-file --verify-diagnostics | FileCheck %s
// RUN: squint-opt %s --squint-add-caches=format=int4 --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=INT4
// RUN: squint-opt %s --squint-add-caches=format=int8 --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=INT8

// The layers' parts of a block follow one another, and the state goes from one to the next.
// CHECK: module attributes {squint.state = {block_bytes = 16384 : i64, caches = [
// CHECK-SAME: #squint.cache<"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 16384>,
// CHECK-SAME: #squint.cache<"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 8192, stride = 16384>],
// CHECK-SAME: context = 300 : i64, front_bytes = 0 : i64, sequences = "batch", tokens = "sequence"}}
// CHECK: func.func @main(%{{.*}}: tensor<?x?xi64> {{.*}}, %{{.*}}: tensor<1xi64> {squint.dims = ["1"], squint.name = "logits_to_keep", squint.values = ["value.logits_to_keep.0"]},
// CHECK-SAME: %[[LENGTHS:.*]]: tensor<?xi64> {squint.dims = ["batch"], squint.state = "lengths"}, %[[STATE:.*]]: tensor<?xi8> {squint.dims = ["cache"], squint.state = "cache"})
// CHECK-SAME: squint.dims = ["batch", "min(max(1,value.logits_to_keep.0),sequence)", "32"]
// CHECK: squint.positions from %[[LENGTHS]]
// CHECK: %[[FIRST:.*]] = squint.append_cache %{{.*}}, %{{.*}}, %[[STATE]] at %[[LENGTHS]] layout {{.*}}offset = 0
// CHECK: squint.cached_attention %{{.*}}, %[[FIRST]] at %[[LENGTHS]] layout {{.*}}offset = 0{{.*}} scale = 5.000000e-01
// CHECK: %[[SECOND:.*]] = squint.append_cache %{{.*}}, %{{.*}}, %[[FIRST]] at %[[LENGTHS]] layout {{.*}}offset = 8192
// CHECK: squint.cached_attention %{{.*}}, %[[SECOND]] {{.*}} window = 4
// The head sees the last tokens only, and so does the norm before it.
// CHECK: %[[LAST:.*]] = squint.last_tokens
// CHECK: squint.norm %[[LAST]]
// CHECK: return %{{.*}}, %[[SECOND]]

// Keys [8][128] of 4 bits with 8 * 4 scales and minima, 640 bytes; values [128][8] padded to 32 codes a row, with 128 of each, 2560 bytes. Before
// the blocks f16 keys and values of 128 and of 16 tokens and a number, 4672 bytes. Recent tokens are kept when attention has seen the others.
// INT4: front_bytes = 18688 : i64
// INT4: squint.append_cache %[[K:.*]], %[[V:.*]], %{{.*}} at {{.*}} layout <"int4:group=32,min,scale=f16", "int4:group=32,min,scale=f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 12800, first = 16, front = 18688>
// INT4: squint.cached_attention %{{.*}}, %[[C:.*]] at %{{.*}} own(%[[K]], %[[V]] :
// INT4: squint.append_cache recent %[[K]], %[[V]], %[[C]] at
// INT4: squint.append_cache {{.*}} offset = 6400, stride = 12800, first = 16, front = 18688, front_offset = 9344>

// 2 * (8 * 128 + 128 * 4) bytes for each of two heads of two layers.
// INT8: #squint.cache<"int8:token,scale=f32", "int8:token,scale=f32", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 12288>
module {
  func.func @main(%ids: tensor<?x?xi64> {squint.name = "input_ids", squint.dims = ["batch", "sequence"]})
      -> (tensor<?x?x32xf32> {squint.name = "logits", squint.dims = ["batch", "sequence", "32"]}) attributes {squint.assume = [["sequence", "<=", "300"]]} {
    %table = squint.constant dense<0.25> : tensor<32x16xf32>
    %g = squint.constant dense<1.0> : tensor<16xf32>
    %heads = squint.constant dense<[0, 0, 2, 8]> : tensor<4xi64>
    %flat = squint.constant dense<[0, 0, 16]> : tensor<3xi64>
    %p = squint.positions {squint.dims = [["batch", "sequence"]]} : tensor<?x?xi64>
    %x = squint.embedding %table, %ids {squint.dims = [["batch", "sequence", "16"]]} : tensor<32x16xf32>, tensor<?x?xi64> -> tensor<?x?x16xf32>
    %q = onnx.Reshape(%x, %heads) {squint.dims = [["batch", "sequence", "2", "8"]]} : (tensor<?x?x16xf32>, tensor<4xi64>) -> tensor<?x?x2x8xf32>
    %y = squint.attention %q, %q, %q scale = 0.5 causal {squint.dims = [["batch", "sequence", "2", "8"]]}
        : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32> -> tensor<?x?x2x8xf32>
    %z = squint.attention %y, %y, %y scale = 0.5 causal window = 4 {squint.dims = [["batch", "sequence", "2", "8"]]}
        : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32> -> tensor<?x?x2x8xf32>
    %f = onnx.Reshape(%z, %flat) {squint.dims = [["batch", "sequence", "16"]]} : (tensor<?x?x2x8xf32>, tensor<3xi64>) -> tensor<?x?x16xf32>
    %n = squint.norm %f scale(%g) epsilon = 1.0e-5 {squint.dims = [["batch", "sequence", "16"]]} : tensor<?x?x16xf32>, tensor<16xf32> -> tensor<?x?x16xf32>
    %l = squint.linear %n, %table {squint.dims = [["batch", "sequence", "32"]]} : tensor<?x?x16xf32>, tensor<32x16xf32> -> tensor<?x?x32xf32>
    return %l : tensor<?x?x32xf32>
  }
}

// -----

// So do what rounds what the head sees, a norm before it and a transform between.
// CHECK: %[[LAST:.*]] = squint.last_tokens %{{.*}} {{.*}} : tensor<?x?x16xf32> -> tensor<?x?x16xf32>
// CHECK: squint.norm %[[LAST]]
// CHECK: squint.hadamard
// CHECK: squint.quantize {{.*}}squint.dims = {{\[\[}}"batch", "min(max(1,value.logits_to_keep.0),sequence)", "16"]]
// CHECK: squint.dequantize
// CHECK-NEXT: squint.linear
module {
  func.func @main(%ids: tensor<?x?xi64> {squint.name = "input_ids", squint.dims = ["batch", "sequence"]})
      -> (tensor<?x?x32xf32> {squint.name = "logits", squint.dims = ["batch", "sequence", "32"]}) attributes {squint.assume = [["sequence", "<=", "300"]]} {
    %table = squint.constant dense<0.25> : tensor<32x16xf32>
    %g = squint.constant dense<1.0> : tensor<16xf32>
    %heads = squint.constant dense<[0, 0, 2, 8]> : tensor<4xi64>
    %flat = squint.constant dense<[0, 0, 16]> : tensor<3xi64>
    %p = squint.positions {squint.dims = [["batch", "sequence"]]} : tensor<?x?xi64>
    %x = squint.embedding %table, %ids {squint.dims = [["batch", "sequence", "16"]]} : tensor<32x16xf32>, tensor<?x?xi64> -> tensor<?x?x16xf32>
    %q = onnx.Reshape(%x, %heads) {squint.dims = [["batch", "sequence", "2", "8"]]} : (tensor<?x?x16xf32>, tensor<4xi64>) -> tensor<?x?x2x8xf32>
    %y = squint.attention %q, %q, %q scale = 0.5 causal {squint.dims = [["batch", "sequence", "2", "8"]]}
        : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32> -> tensor<?x?x2x8xf32>
    %f = onnx.Reshape(%y, %flat) {squint.dims = [["batch", "sequence", "16"]]} : (tensor<?x?x2x8xf32>, tensor<3xi64>) -> tensor<?x?x16xf32>
    %n = squint.norm %f scale(%g) epsilon = 1.0e-5 {squint.dims = [["batch", "sequence", "16"]]} : tensor<?x?x16xf32>, tensor<16xf32> -> tensor<?x?x16xf32>
    %h = squint.hadamard %n size = 16 {squint.dims = [["batch", "sequence", "16"]]} : tensor<?x?x16xf32> -> tensor<?x?x16xf32>
    %c = squint.quantize %h {squint.dims = [["batch", "sequence", "16"]]} : tensor<?x?x16xf32> -> !squint.packed<?x?x16, "int8:group=8">
    %d = squint.dequantize %c {squint.dims = [["batch", "sequence", "16"]]} : !squint.packed<?x?x16, "int8:group=8"> -> tensor<?x?x16xf32>
    %l = squint.linear %d, %table {squint.dims = [["batch", "sequence", "32"]]} : tensor<?x?x16xf32>, tensor<32x16xf32> -> tensor<?x?x32xf32>
    return %l : tensor<?x?x32xf32>
  }
}

// -----

module {
  // expected-error @below {{expected attentions and squint.positions in a model that is to remember its tokens}}
  func.func @main(%x: tensor<?x16xf32> {squint.dims = ["n", "16"]}) -> tensor<?x16xf32> {
    return %x : tensor<?x16xf32>
  }
}

// -----

module {
  func.func @main(%x: tensor<?x?x2x8xf32> {squint.dims = ["batch", "sequence", "2", "8"]}) -> tensor<?x?x2x8xf32> {
    %p = squint.positions {squint.dims = [["batch", "sequence"]]} : tensor<?x?xi64>
    // expected-error @below {{expected causal attention of a sequence to itself, tokens before heads, to keep its keys and values}}
    %y = squint.attention %x, %x, %x scale = 0.5 {squint.dims = [["batch", "sequence", "2", "8"]]}
        : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32> -> tensor<?x?x2x8xf32>
    return %y : tensor<?x?x2x8xf32>
  }
}

// -----

module {
  func.func @main(%x: tensor<?x?x2x8xf32> {squint.dims = ["batch", "sequence", "2", "8"]}) -> tensor<?x?x2x8xf32> {
    %p = squint.positions {squint.dims = [["batch", "sequence"]]} : tensor<?x?xi64>
    // expected-error @below {{expected f32, f16, bf16, int8 or a float of 8 bits by token, or int8, int4 or int2 with minima in groups of 16, 32, 64 or 128, got 'int4:token,scale=f32'}}
    %y = squint.attention %x, %x, %x scale = 0.5 causal {squint.dims = [["batch", "sequence", "2", "8"]], squint.kv_format = {keys = "int4:token", values = "int8:token"}}
        : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32> -> tensor<?x?x2x8xf32>
    return %y : tensor<?x?x2x8xf32>
  }
}

// -----

module {
  // expected-error @below {{expected a model that says how long its sequences may be, or the option 'context'}}
  func.func @main(%x: tensor<?x?x2x8xf32> {squint.dims = ["batch", "sequence", "2", "8"]}) -> tensor<?x?x2x8xf32> {
    %p = squint.positions {squint.dims = [["batch", "sequence"]]} : tensor<?x?xi64>
    %y = squint.attention %x, %x, %x scale = 0.5 causal {squint.dims = [["batch", "sequence", "2", "8"]]}
        : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32> -> tensor<?x?x2x8xf32>
    return %y : tensor<?x?x2x8xf32>
  }
}
