func.func @main(%x: tensor<?x4xf32> {squint.name = "x", squint.dims = ["n", "4"]})
    -> (tensor<?x8xf32> {squint.name = "y", squint.dims = ["n", "8"]}) {
  %w = squint.constant #squint.data<"w.bin", 0, 128, [1, 0]> : tensor<8x4xf32>
  %y = squint.linear %x, %w {squint.dims = [["n", "8"]]} : tensor<?x4xf32>, tensor<8x4xf32> -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
