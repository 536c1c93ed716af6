// RUN: squint-opt %s --convert-vector-to-threads --split-input-file | FileCheck %s

// Half a warp has the sixteen lanes: a load is one of the lane's element, a sum a tree of shuffles.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func private @sum
  // CHECK-SAME: kernel.groups = 8
  // CHECK: %[[THREAD:.*]] = nvvm.read.ptx.sreg.tid.x
  // CHECK: %[[LANE:.*]] = arith.andi %[[THREAD]], %c15
  // CHECK: %[[INDEX:.*]] = arith.index_castui %[[LANE]]
  // CHECK: %[[HALF:.*]] = arith.andi %[[THREAD]], %c16
  // CHECK: %[[MASK:.*]] = arith.shli %c65535{{.*}}, %[[HALF]]
  // CHECK: %[[AT:.*]] = arith.addi %{{.*}}, %[[INDEX]]
  // CHECK: memref.load %{{.*}}[%{{.*}}, %[[AT]]]
  // CHECK: nvvm.shfl.sync idx %[[MASK]]
  // CHECK-NOT: vector<
  func.func private @sum(%x: memref<?x16xf32>, %y: memref<?xf32>, %begin: index, %end: index) attributes {kernel.body, kernel.groups = 0} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.for %i = %begin to %end step %c1 {
      %0 = vector.load %x[%i, %c0] : memref<?x16xf32>, vector<16xf32>
      %1 = vector.shuffle %0, %0 [0, 1, 2, 3, 4, 5, 6, 7] : vector<16xf32>, vector<16xf32>
      %2 = vector.shuffle %0, %0 [8, 9, 10, 11, 12, 13, 14, 15] : vector<16xf32>, vector<16xf32>
      %3 = arith.addf %1, %2 : vector<8xf32>
      %4 = vector.extract %3[0] : f32 from vector<8xf32>
      memref.store %4, %y[%i] : memref<?xf32>
    }
    return
  }
}

// -----

// A masked store is one under a condition; a buffer of the function's own is shared, a part for each unit of the block.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK: llvm.mlir.global internal @kept_shared() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<512 x i8>
  // CHECK-LABEL: func.func private @kept
  // CHECK: llvm.addrspacecast %{{.*}} : !llvm.ptr<3> to !llvm.ptr
  // CHECK: %[[INSIDE:.*]] = arith.cmpi slt, %{{.*}}, %{{.*}} : index
  // CHECK: scf.if %[[INSIDE]] {
  // CHECK-NEXT: memref.store
  // CHECK: nvvm.bar.warp.sync
  func.func private @kept(%x: memref<16xf32>, %n: index, %begin: index, %end: index) attributes {kernel.body, kernel.groups = 0} {
    %c0 = arith.constant 0 : index
    %kept = memref.alloca() : memref<16xf32>
    %mask = vector.create_mask %n : vector<16xi1>
    %0 = vector.load %x[%c0] : memref<16xf32>, vector<16xf32>
    vector.maskedstore %kept[%c0], %mask, %0 : memref<16xf32>, vector<16xi1>, vector<16xf32>
    %1 = vector.load %kept[%c0] : memref<16xf32>, vector<16xf32>
    vector.store %1, %x[%c0] : memref<16xf32>, vector<16xf32>
    return
  }
}

// -----

// More than code may name is asked for by the launch, with fewer units in a block.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK: llvm.mlir.global external @large_shared() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x i8>
  // CHECK-LABEL: func.func private @large
  // CHECK-SAME: kernel.groups = 1
  // CHECK-SAME: kernel.shared = 65536
  func.func private @large(%x: memref<16xf32>, %begin: index, %end: index) attributes {kernel.body, kernel.groups = 0} {
    %kept = memref.alloca() : memref<16384xf32>
    %0 = vector.load %x[%begin] : memref<16xf32>, vector<16xf32>
    vector.store %0, %kept[%end] : memref<16384xf32>, vector<16xf32>
    return
  }
}

// -----

// Bytes of several threads become a number of one, which reads from a table; threads differ in a constant.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func private @look_up
  // CHECK-SAME: kernel.groups = 8
  // CHECK-COUNT-4: nvvm.shfl.sync
  // CHECK: arith.ori
  // CHECK: %[[CODE:.*]] = arith.index_cast %{{.*}} : i32 to index
  // CHECK: %[[AT:.*]] = arith.addi %{{.*}}, %[[CODE]] : index
  // CHECK: scf.if
  // CHECK-NEXT: memref.load %{{.*}}[%[[AT]]]
  // CHECK: arith.select
  // CHECK-NOT: vector<
  func.func private @look_up(%x: memref<?xi8>, %table: memref<32xf32>, %codes: memref<16xi32>, %y: memref<16xf32>, %begin: index, %end: index) attributes {kernel.body, kernel.groups = 0} {
    %c0 = arith.constant 0 : index
    %0 = vector.load %x[%begin] : memref<?xi8>, vector<4xi8>
    %1 = vector.bitcast %0 : vector<4xi8> to vector<1xi32>
    %2 = vector.extract %1[0] : i32 from vector<1xi32>
    %3 = vector.broadcast %2 : i32 to vector<16xi32>
    %4 = vector.load %codes[%c0] : memref<16xi32>, vector<16xi32>
    %5 = arith.addi %3, %4 : vector<16xi32>
    %all = arith.constant dense<true> : vector<16xi1>
    %none = arith.constant dense<0.0> : vector<16xf32>
    %6 = vector.gather %table[%c0] [%5], %all, %none : memref<32xf32>, vector<16xi32>, vector<16xi1>, vector<16xf32> into vector<16xf32>
    %signs = arith.constant dense<[1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0]> : vector<16xf32>
    %7 = arith.mulf %6, %signs : vector<16xf32>
    vector.store %7, %y[%c0] : memref<16xf32>, vector<16xf32>
    return
  }
}

// -----

// What is not divided so stays as it is, with buffers that hold something.

module attributes {squint.targets = [#squint.target<"nvptx64-nvidia-cuda", "sm_80", "+ptx84">]} {
  // CHECK-LABEL: func.func private @whole
  // CHECK-SAME: kernel.groups = 0
  // CHECK: vector.transpose
  func.func private @whole(%x: vector<4x4xf32>, %begin: index, %end: index) attributes {kernel.body, kernel.groups = 0} {
    %0 = vector.transpose %x, [1, 0] : vector<4x4xf32> to vector<4x4xf32>
    return
  }
}
