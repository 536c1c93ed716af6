// RUN: squint-opt %s --squint-lower-device | FileCheck %s

// A kernel of a thread for each unit, which can fail: the range of units from the numbers of block and thread, and the error of the
// earliest launch.

// CHECK-LABEL: module
// CHECK-SAME: squint.device_kernels = [{name = "look_up", threads = 128 : i64}, {name = "multiply", threads = 256 : i64}]
module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK: func.func private @look_up(memref<?xf32>, index, index) -> i32 attributes {kernel.device = 0 : i32}
  // CHECK: func.func private @multiply(memref<?xf32>, index, index) attributes {kernel.device = 1 : i32}
  func.func private @look_up(%x: memref<?xf32>, %begin: index, %end: index) -> i32 attributes {kernel.body} {
    %0 = arith.constant 7 : i32
    return %0 : i32
  }
  func.func private @multiply(%x: memref<?xf32>, %begin: index, %end: index) attributes {kernel.body, kernel.block = 256 : i64} {
    return
  }
  func.func @main(%x: memref<?xf32>) {
    return
  }
}

// CHECK: gpu.module @sm_80 attributes {squint.target =
// CHECK: func.func private @look_up_body
// CHECK: llvm.func @look_up(%{{.*}}: !llvm.ptr, %{{.*}}: i64, %[[UNITS:.*]]: i64, %[[LAUNCH:.*]]: i32, %[[STATUS:.*]]: !llvm.ptr)
// CHECK-SAME: nvvm.kernel, nvvm.reqntid = array<i32: 128>
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK: arith.minsi
// CHECK: %[[CODE:.*]] = {{.*}}call @look_up_body
// CHECK: llvm.icmp "ne" %[[CODE]]
// CHECK: llvm.shl %[[LAUNCH]]
// CHECK: llvm.atomicrmw umin %[[STATUS]]
// CHECK: llvm.func @multiply
// CHECK-SAME: nvvm.minctasm = 2 : i32, nvvm.reqntid = array<i32: 256>
// CHECK-NOT: nvvm.read.ptx.sreg.tid.x
