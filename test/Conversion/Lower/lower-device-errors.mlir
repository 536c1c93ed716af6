// RUN: not squint-opt %s --squint-lower-device 2>&1 | FileCheck %s

// CHECK: error: expected a model whose shapes and control flow do not depend on data, for a GPU
module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  func.func @main(%x: memref<1xi64>) {
    %c0 = arith.constant 0 : index
    %0 = memref.load %x[%c0] : memref<1xi64>
    return
  }
}
