//===- OpsControlflow.td - operators of the family controlflow ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_IfOp : Onnx_Op<"If", [RecursiveMemoryEffects]> {
  let summary = "If conditional";
  let description = [{
    If conditional. Version 25.

    * `cond`: Condition for the if
    * `outputs`: Values that are live-out to the enclosing scope
    * `then_branch`: Graph to run if condition is true
    * `else_branch`: Graph to run if condition is false
  }];
  let arguments = (ins Onnx_bool:$cond);
  let results = (outs Variadic<Onnx_Types39>:$outputs);
  let regions = (region AnyRegion:$then_branch, AnyRegion:$else_branch);
  let assemblyFormat = [{ `(` operands `)` regions attr-dict `:` functional-type(operands, results) }];
}
def Onnx_LoopOp : Onnx_Op<"Loop", [RecursiveMemoryEffects, AttrSizedOperandSegments]> {
  let summary = "Generic Looping construct";
  let description = [{
    Generic Looping construct. Version 25.

    * `M`: A maximum trip-count for the loop specified at runtime
    * `cond`: A boolean termination condition
    * `v_initial`: The initial values of any loop-carried dependencies (values that change across loop iterations)
    * `v_final_and_scan_outputs`: Final N loop carried dependency values then K scan_outputs
    * `body`: The graph run each iteration
  }];
  let arguments = (ins Optional<Onnx_int64>:$M, Optional<Onnx_bool>:$cond, Variadic<Onnx_Types39>:$v_initial);
  let results = (outs Variadic<Onnx_Types39>:$v_final_and_scan_outputs);
  let regions = (region AnyRegion:$body);
  let assemblyFormat = [{ `(` operands `)` regions attr-dict `:` functional-type(operands, results) }];
}
def Onnx_ScanOp : Onnx_Op<"Scan", [RecursiveMemoryEffects]> {
  let summary = "Scan can be used to iterate over one or more scan_input tensors, ...";
  let description = [{
    Scan can be used to iterate over one or more scan_input tensors, constructing zero or more scan_output tensors. Version 25.

    * `initial_state_and_scan_inputs`: Initial values of the loop's N state variables followed by M scan_inputs
    * `final_state_and_scan_outputs`: Final values of the loop's N state variables followed by K scan_outputs
    * `body`: The graph run each iteration
    * `num_scan_inputs`: An attribute specifying the number of scan_inputs M
    * `scan_input_axes`: An optional list of M flags
    * `scan_input_directions`: An optional list of M flags
    * `scan_output_axes`: An optional list of K flags
    * `scan_output_directions`: An optional list of K flags, one for each scan_output
  }];
  let arguments = (ins Variadic<Onnx_Types24>:$initial_state_and_scan_inputs, Onnx_IntAttr:$num_scan_inputs,
      OptionalAttr<DenseI64ArrayAttr>:$scan_input_axes, OptionalAttr<DenseI64ArrayAttr>:$scan_input_directions,
      OptionalAttr<DenseI64ArrayAttr>:$scan_output_axes, OptionalAttr<DenseI64ArrayAttr>:$scan_output_directions);
  let results = (outs Variadic<Onnx_Types24>:$final_state_and_scan_outputs);
  let regions = (region AnyRegion:$body);
  let assemblyFormat = [{ `(` operands `)` regions attr-dict `:` functional-type(operands, results) }];
}