//===- Passes.td - passes over the onnx dialect -------------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_ONNX_PASSES
#define SQUINT_DIALECT_ONNX_PASSES

include "mlir/Pass/PassBase.td"

def InferShapes : Pass<"squint-infer-shapes", "::mlir::func::FuncOp"> {
  let summary = "Give every value of a model a ranked type and symbolic sizes";
  let description = [{
    Goes through the operators in order and computes the size of each result's dimensions as a polynomial of the named
    dimensions of the inputs. Result types become ranked; an operation with a dynamic result gets `squint.dims`, one
    list of expressions for each result; so do the function's results.

    Small integer tensors (up to 1024 elements) that only depend on shapes are evaluated as well: those that come out
    constant become `squint.constant`, the others `tensor.from_elements` of sizes made from `squint.dim`. Operators that
    then have no use are removed, and so are `Identity`, `Dropout` outside of training, and an `If` whose condition is
    known.

    Two sizes that must be equal and are not the same expression are an error when both are numbers. Otherwise they are
    taken to be equal (never broadcast), and the function's attribute `squint.assume` holds what has to be checked at
    run time: `["rows", "==", "columns"]`, `["sequence", "<=", "512"]`. A slice's symbolic bounds are taken to lie
    within the dimension.

    An operator whose sizes depend on data, or that has no rule, is an error. A size that the model declares for an
    output must not be another number than the one that follows.

    ```mlir
    func.func @main(%x: tensor<?x4xf32> {squint.dims = ["batch", "4"]}) -> tensor<*xf32> {
      %0 = onnx.Concat(%x, %x) {axis = 0 : i64} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<*xf32>
      // becomes {axis = 0 : i64, squint.dims = [["2*batch", "4"]]} ... -> tensor<?x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect", "::squint::SquintDialect"];
  let statistics = [Statistic<"numEvaluated", "evaluated", "Integer tensors evaluated from shapes">];
}

def ExpandFunctions : Pass<"squint-expand-functions", "::mlir::func::FuncOp"> {
  let summary = "Write operators in terms of others, as the standard defines them";
  let description = [{
    Losses, attention, quantized products and others that no kernel serves as they are. Shapes have been inferred; those of
    what is made are inferred next. Operators of com.microsoft are written in those of the standard first, and all of
    them that cannot be are refused at once.

    ```mlir
    %0 = onnx.Hardmax(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
    // becomes onnx.OneHot(onnx.ArgMax(%x), 3, [0, 1])
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect", "::squint::SquintDialect"];
  let statistics = [Statistic<"numExpanded", "expanded", "Operators expanded">];
}

#endif
