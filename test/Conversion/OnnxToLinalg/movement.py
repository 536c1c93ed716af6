# Operators that move elements agree with ONNX Runtime.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import sys

import numpy as np
from operator_testing import Const, bools, case, check, f16, f32, f64, ints

cases = [case("Transpose", f32(5, 21), perm=[1, 0]), case("Transpose", f32(2, 37, 3, 19), perm=[0, 2, 1, 3]),
         case("Transpose", f32(2, 37, 3, 19), perm=[0, 2, 3, 1]), case("Transpose", f32(2, 3, 4, 5)),
         case("Transpose", f32(33, 1, 40), perm=[2, 1, 0]), case("Transpose", ints(17, 24), perm=[1, 0]),
         case("Transpose", f16(17, 24), perm=[1, 0]), case("Transpose", bools(17, 24), perm=[1, 0]),
         case("Transpose", f64(17, 24), perm=[1, 0]), case("Transpose", f32(8, 8, 8), perm=[1, 2, 0])]
cases += [case("Reshape", f32(6, 4), Const([3, 8]), symbolic=False), case("Reshape", f32(2, 3, 4), Const([0, -1])),
          case("Reshape", f32(2, 3, 4), Const([-1])), case("Reshape", f32(1, 1), Const([], dtype=np.int64)),
          case("Reshape", f32(24), Const([4, -1, 2]), symbolic=False), case("Flatten", f32(2, 3, 4), axis=2),
          case("Flatten", f32(2, 3, 4), axis=0), case("Squeeze", f32(1, 5, 1, 7), Const([0, 2])),
          case("Squeeze", f32(1, 5, 1)), case("Unsqueeze", f32(5, 7), Const([0, 3])), case("Unsqueeze", np.array(3.0, np.float32), Const([0]))]
cases += [case("Concat", f32(2, 3), f32(2, 5), axis=1), case("Concat", f32(2, 3), f32(4, 3), axis=0), case("Concat", f32(7, 1), f32(7, 1), axis=-1),
          case("Concat", ints(2, 3, 4), ints(2, 1, 4), ints(2, 3, 4), axis=1), case("Concat", bools(3), bools(4), axis=0),
          case("Split", f32(9, 4), Const([2, 3, 4]), outputs=3, axis=0, symbolic=False), case("Split", f32(3, 8), outputs=2, axis=1, num_outputs=2),
          case("Split", f32(7), outputs=3, num_outputs=3, symbolic=False)]
data = f32(8, 20)
cases += [case("Slice", data, Const([1]), Const([5])), case("Slice", data, Const([0, 3]), Const([6, -2])),
          case("Slice", data, Const([2]), Const([20]), Const([1]), Const([3])), case("Slice", data, Const([-1]), Const([-100]), Const([1]), Const([-1]), symbolic=False),
          case("Slice", data, Const([7, 15]), Const([0, 2]), Const([0, 1]), Const([-2, -3])), case("Slice", data, Const([0]), Const([1000]), symbolic=False),
          case("Slice", data, Const([-5]), Const([2**62]), Const([-1])), case("Slice", ints(9), Const([1]), Const([8]), Const([0]), Const([2])),
          case("Slice", bools(4, 9), Const([1]), Const([8]), Const([1]))]
value = Const(2.5, dtype=np.float32)
cases += [case("Pad", f32(3, 5), Const([1, 2, 0, 3])), case("Pad", f32(3, 5), Const([1, 2, 0, 3]), value), case("Pad", f32(3, 5), Const([0, -1, 0, -2])),
          case("Pad", f32(3, 5), Const([1, -1, 1, 2]), value), case("Pad", f32(3, 5), Const([2, 3]), None, Const([1])),
          case("Pad", f32(4, 7), Const([2, 3, 1, 4]), mode="reflect"), case("Pad", f32(4, 7), Const([2, 3, 1, 4]), mode="edge"),
          case("Pad", f32(4, 7), Const([2, 3, 1, 4]), mode="wrap"), case("Pad", ints(4), Const([1, 1]), Const(-7)),
          case("Tile", f32(3, 5), Const([2, 1])), case("Tile", f32(3, 5), Const([2, 3])), case("Tile", ints(1, 4), Const([5, 1])),
          case("Tile", f32(3), Const([4]))]
cases += [case("ConstantOfShape", Const([2, 3])), case("Range", Const(0), Const(10), Const(3)),
          case("Range", Const(1.0, dtype=np.float32), Const(2.0, dtype=np.float32), Const(0.25, dtype=np.float32)),
          case("Shape", f32(3, 4, 5)), case("Shape", f32(3, 4, 5), start=1, end=-1), case("Size", f32(3, 4, 5)), case("Dropout", f32(3, 4)),
          case("Trilu", f32(2, 5, 7)), case("Trilu", f32(5, 7), Const(1), upper=0), case("Trilu", ints(5, 5), Const(-2)), case("EyeLike", f32(4, 6), k=1)]
cases += [case("DepthToSpace", f32(2, 12, 3, 5), blocksize=2, mode=mode, symbolic=False) for mode in ("DCR", "CRD")]
cases += [case("SpaceToDepth", f32(2, 3, 4, 6), blocksize=2, symbolic=False)]

# By index
ids = np.array([[0, 3, -1], [7, -8, 2]], np.int64)
table = f32(8, 5)
cases += [case("Gather", table, ids), case("Gather", table, ids.astype(np.int32)), case("Gather", f32(4, 8, 3), ids, axis=1), case("Gather", f32(3, 8), ids, axis=-1),
          case("Gather", table, Const(3)), case("Gather", table, Const(-1), axis=1), case("Gather", table, Const([2, 0, -1])), case("Gather", ints(8), ids),
          case("Gather", bools(8, 3), ids), case("Gather", f16(8, 3), ids), case("Gather", f32(8), Const([3, 1])),
          case("GatherElements", f32(3, 8), ints(3, 5, low=-8, high=8), axis=1), case("GatherElements", table, ints(4, 5, low=-8, high=8)),
          case("GatherND", f32(4, 5, 6), ints(7, 2, low=-4, high=4), symbolic=False), case("GatherND", f32(2, 5, 6), ints(2, 3, 1, low=-5, high=5), batch_dims=1, symbolic=False),
          case("OneHot", ints(6, low=-4, high=4), Const([4]), Const([-1.0, 2.0], dtype=np.float32)),
          case("OneHot", ints(6, 2, low=0, high=4), Const([4]), Const([0, 1]), axis=0)]

check(cases, sys.argv[1], "movement")
