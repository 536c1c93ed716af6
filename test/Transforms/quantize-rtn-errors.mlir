// RUN: squint-opt %s --squint-quantize-rtn --split-input-file --verify-diagnostics

func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = squint.constant dense<[[1.0, 2.0], [0x7FC00000, 4.0]]> : tensor<2x2xf32>
  // expected-error@unknown {{weight of node '/head': expected finite values, got NaN at element 2}}
  %0 = squint.linear %x, %w {squint.weight_format = "int8:channel,scale=f32"}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("/head")
  return %0 : tensor<?x2xf32>
}

// -----

func.func @main(%x: tensor<?x2xf32>, %w: tensor<2x2xf32>) -> tensor<?x2xf32> {
  // expected-error @+1 {{expected a constant float weight for format 'int8:channel,scale=f32', got 'tensor<2x2xf32>'}}
  %0 = squint.linear %x, %w {squint.weight_format = "int8"}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}

// -----

func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = squint.constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{expected a format for squint.weight_format, got "int8:columns": unknown granularity 'columns'}}
  %0 = squint.linear %x, %w {squint.weight_format = "int8:columns"}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}

// -----

func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = squint.constant dense<1.0e+30> : tensor<2x2xf32>
  // expected-error @+1 {{expected a scale within f16, got values from 1e+30 to 1e+30 in the block at element 0}}
  %0 = squint.linear %x, %w {squint.weight_format = "int4:group=2"}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}

// -----

func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = squint.constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{expected scales by tensor or channel for ranges of least divergence, which need many values, got int4:group=2,scale=f16}}
  %0 = squint.linear %x, %w {squint.weight_format = "int4:group=2", squint.method = {name = "rtn", range = "entropy"}}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}

// -----

func.func @main(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %w = squint.constant dense<1.0> : tensor<2x2xf32>
  // expected-error @+1 {{expected a format with free scales to search ranges for, got codebook4:group=2,scale=f16}}
  %0 = squint.linear %x, %w {squint.weight_format = "codebook4:group=2", squint.method = {name = "rtn", range = "mse"}}
      : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %0 : tensor<?x2xf32>
}
