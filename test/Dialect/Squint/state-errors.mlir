// RUN: squint-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{expected f32, f16, bf16, int8 or a float of 8 bits by token, or int8, int4 or int2 with minima in groups of 16, 32, 64 or 128, got 'int4:token,scale=f32'}}
#format = #squint.cache<"int4:token,scale=f32", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192>

// -----

// expected-error @below {{expected a format, got 'q'}}
#format = #squint.cache<"f16", "q", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192>

// -----

// expected-error @below {{expected 1 to 2^20 heads and elements of a head, got 0}}
#heads = #squint.cache<"f16", "f16", heads = 0, key_size = 8, value_size = 8, offset = 0, stride = 8192>

// -----

// expected-error @below {{expected an offset below the stride, both multiples of 64, got 32 and 8192}}
#offset = #squint.cache<"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 32, stride = 8192>

// -----

func.func @heads(%k: tensor<?x?x3x8xf32>, %state: tensor<?xi8>, %lengths: tensor<?xi64>) {
  // expected-error @below {{expected 2 heads of 8 elements as in the layout, got 'tensor<?x?x3x8xf32>'}}
  %c = squint.append_cache %k, %k, %state at %lengths layout <"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192>
      : tensor<?x?x3x8xf32>, tensor<?x?x3x8xf32>, tensor<?xi8>, tensor<?xi64>
  return
}

// -----

func.func @shared(%q: tensor<?x?x3x8xf32>, %state: tensor<?xi8>, %lengths: tensor<?xi64>) {
  // expected-error @below {{expected a multiple of 2 heads, got 'tensor<?x?x3x8xf32>'}}
  %y = squint.cached_attention %q, %state at %lengths layout <"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192> scale = 1.0
      : tensor<?x?x3x8xf32>, tensor<?xi8>, tensor<?xi64> -> tensor<?x?x3x8xf32>
  return
}

// -----

func.func @window(%q: tensor<?x?x2x8xf32>, %state: tensor<?xi8>, %lengths: tensor<?xi64>) {
  // expected-error @below {{expected a window of at least 1, got 0}}
  %y = squint.cached_attention %q, %state at %lengths layout <"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192> scale = 1.0 window = 0
      : tensor<?x?x2x8xf32>, tensor<?xi8>, tensor<?xi64> -> tensor<?x?x2x8xf32>
  return
}

// -----

// expected-error @below {{expected groups for both keys and values or for none, got 'int4:group=32,min,scale=f16' and 'f16'}}
#mixed = #squint.cache<"int4:group=32,min,scale=f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192>

// -----

// expected-error @below {{expected a multiple of 16 for the first tokens, at most 128, got 5}}
#first = #squint.cache<"int4:group=32,min,scale=f16", "int4:group=32,min,scale=f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192, first = 5>

// -----

// expected-error @below {{expected formats with groups for tokens that stay f16, got 'f16'}}
#plain = #squint.cache<"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192, first = 16>

// -----

// expected-error @below {{expected an offset before the blocks below what lies there, both multiples of 64, got 64 and 0}}
#front = #squint.cache<"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192, front_offset = 64>

// -----

func.func @recent(%k: tensor<?x?x2x8xf32>, %state: tensor<?xi8>, %lengths: tensor<?xi64>) {
  // expected-error @below {{expected formats with groups where recent tokens are kept apart}}
  %c = squint.append_cache recent %k, %k, %state at %lengths layout <"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192>
      : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?xi8>, tensor<?xi64>
  return
}

// -----

func.func @own(%q: tensor<?x?x2x8xf32>, %state: tensor<?xi8>, %lengths: tensor<?xi64>) {
  // expected-error @below {{expected the run's own keys and values where the cache has groups, and only there}}
  %y = squint.cached_attention %q, %state at %lengths own(%q, %q : tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>)
      layout <"f16", "f16", heads = 2, key_size = 8, value_size = 8, offset = 0, stride = 8192> scale = 1.0
      : tensor<?x?x2x8xf32>, tensor<?xi8>, tensor<?xi64> -> tensor<?x?x2x8xf32>
  return
}
