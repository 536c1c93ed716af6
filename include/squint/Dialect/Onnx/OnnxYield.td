//===- OnnxYield.td - the end of a subgraph -----------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

def Onnx_YieldOp : Op<Onnx_Dialect, "yield", [Pure, Terminator, ReturnLike]> {
  let summary = "The results of a subgraph";
  let description = [{
    Ends the region that holds a graph attribute (`If`, `Loop`, `Scan`, `SequenceMap`).

    ```mlir
    onnx.yield %0, %1 : tensor<i1>, tensor<?xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}
