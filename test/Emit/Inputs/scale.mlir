// y[b][j] = x[b][j] * w[j] for a model in the llvm stage, written by hand: what the emitter and the runtime ask of
// the stages before. One launch covers the rows; the workspace holds a copy of the input.
module @scale attributes {
  squint.inputs = [{name = "x", type = f32, dims = ["batch", "4"]}],
  squint.outputs = [{name = "y", type = f32, dims = ["batch", "4"]}],
  squint.symbols = ["batch"],
  squint.launches = [{kernel = "scale_f32_4", node = "/scale/Mul"}],
  squint.weights = [[0 : i64, dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>]],
  squint.weights_size = 64 : i64,
  squint.targets = [#squint.target<"x86_64-unknown-linux-gnu", "x86-64", "">]
} {
  llvm.func @squint_launch(!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, i64, i64) -> i32

  llvm.func @squint_plan(%dims: !llvm.ptr, %threads: i64, %out: !llvm.ptr) -> i32 {
    %c0 = llvm.mlir.constant(0 : i32) : i32
    %c4 = llvm.mlir.constant(4 : i64) : i64
    %c16 = llvm.mlir.constant(16 : i64) : i64
    %batch = llvm.load %dims : !llvm.ptr -> i64
    %bytes = llvm.mul %batch, %c16 : i64
    llvm.store %bytes, %out : i64, !llvm.ptr
    %o1 = llvm.getelementptr %out[1] : (!llvm.ptr) -> !llvm.ptr, i64
    llvm.store %batch, %o1 : i64, !llvm.ptr
    %o2 = llvm.getelementptr %out[2] : (!llvm.ptr) -> !llvm.ptr, i64
    llvm.store %c4, %o2 : i64, !llvm.ptr
    llvm.return %c0 : i32
  }

  // No size is late.
  llvm.func @squint_shapes(%dims: !llvm.ptr, %out: !llvm.ptr) {
    llvm.return
  }

  // args = {x, w, y, scratch}
  llvm.func internal @scale_rows(%args: !llvm.ptr, %begin: i64, %end: i64, %worker: i32) -> i32 {
    %c0 = llvm.mlir.constant(0 : i32) : i32
    %c1 = llvm.mlir.constant(1 : i64) : i64
    %x = llvm.load %args : !llvm.ptr -> !llvm.ptr
    %a1 = llvm.getelementptr %args[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %w = llvm.load %a1 : !llvm.ptr -> !llvm.ptr
    %a2 = llvm.getelementptr %args[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %y = llvm.load %a2 : !llvm.ptr -> !llvm.ptr
    %a3 = llvm.getelementptr %args[3] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %scratch = llvm.load %a3 : !llvm.ptr -> !llvm.ptr
    llvm.br ^check(%begin : i64)
  ^check(%i: i64):
    %more = llvm.icmp "slt" %i, %end : i64
    llvm.cond_br %more, ^row, ^done
  ^row:
    %px = llvm.getelementptr %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<4 x f32>
    %ps = llvm.getelementptr %scratch[%i] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<4 x f32>
    %py = llvm.getelementptr %y[%i] : (!llvm.ptr, i64) -> !llvm.ptr, !llvm.array<4 x f32>
    %vx = llvm.load %px {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
    llvm.store %vx, %ps {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
    %vw = llvm.load %w {alignment = 64 : i64} : !llvm.ptr -> vector<4xf32>
    %vs = llvm.load %ps {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
    %vy = llvm.fmul %vs, %vw : vector<4xf32>
    llvm.store %vy, %py {alignment = 4 : i64} : vector<4xf32>, !llvm.ptr
    %next = llvm.add %i, %c1 : i64
    llvm.br ^check(%next : i64)
  ^done:
    llvm.return %c0 : i32
  }

  llvm.func @squint_run(%ctx: !llvm.ptr, %dims: !llvm.ptr, %inputs: !llvm.ptr, %outputs: !llvm.ptr,
                        %workspace: !llvm.ptr, %weights: !llvm.ptr, %threads: i64, %target: i32,
                        %lengths: !llvm.ptr, %state: !llvm.ptr) -> i32 {
    %c1 = llvm.mlir.constant(1 : i64) : i64
    %grain = llvm.mlir.constant(2 : i64) : i64
    %id = llvm.mlir.constant(0 : i32) : i32
    %n4 = llvm.mlir.constant(4 : i64) : i64
    %args = llvm.alloca %n4 x !llvm.ptr : (i64) -> !llvm.ptr
    %x = llvm.load %inputs : !llvm.ptr -> !llvm.ptr
    %y = llvm.load %outputs : !llvm.ptr -> !llvm.ptr
    llvm.store %x, %args : !llvm.ptr, !llvm.ptr
    %a1 = llvm.getelementptr %args[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    llvm.store %weights, %a1 : !llvm.ptr, !llvm.ptr
    %a2 = llvm.getelementptr %args[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    llvm.store %y, %a2 : !llvm.ptr, !llvm.ptr
    %a3 = llvm.getelementptr %args[3] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    llvm.store %workspace, %a3 : !llvm.ptr, !llvm.ptr
    %batch = llvm.load %dims : !llvm.ptr -> i64
    %body = llvm.mlir.addressof @scale_rows : !llvm.ptr
    %status = llvm.call @squint_launch(%ctx, %id, %body, %args, %batch, %grain)
        : (!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, i64, i64) -> i32
    llvm.return %status : i32
  }
}
