func.func @main(%x: tensor<2x3xf32> {squint.dims = ["2", "3"], squint.name = "x"},
                %z: tensor<2x3xf32> {squint.dims = ["2", "3"], squint.name = "z"})
    -> (tensor<2x3xf32> {squint.dims = ["2", "3"], squint.name = "y"}, tensor<2x1xf32> {squint.dims = ["2", "1"], squint.name = "s"}) {
  %0 = onnx.Relu(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = onnx.Neg(%0) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = onnx.Erf(%1) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = onnx.Add(%2, %z) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = onnx.Softmax(%3) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %axes = squint.constant dense<1> : tensor<1xi64>
  %5 = onnx.ReduceSum(%1, %axes) : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<2x1xf32>
  return %4, %5 : tensor<2x3xf32>, tensor<2x1xf32>
}
