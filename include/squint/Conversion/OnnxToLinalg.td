//===- OnnxToLinalg.td - float operators to linalg ---------*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_CONVERSION_ONNXTOLINALG
#define SQUINT_CONVERSION_ONNXTOLINALG

include "mlir/Pass/PassBase.td"

def ConvertOnnxToLinalg : Pass<"convert-onnx-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower ONNX operators that no kernel takes to linalg and tensor";
  let description = [{
    Every `onnx.*` operator, and `squint.norm`, `squint.attention` and `squint.embedding`, becomes `linalg.generic` (or a named form), `tensor`
    reshapes and slices, or one of `kernel.norm`, `kernel.softmax`, `kernel.gather_rows` on rows, `kernel.attention`. `squint.linear`, `squint.conv` and the
    quantization operators are left for the passes that fuse them.

    Result sizes come from result types and `squint.dims` alone. Signed, unsigned and boolean elements become signless ones
    (`ui8` -> `i8`, `i1` -> `i8` holding 0 or 1), the entry's arguments and results too, which then keep the original element type as
    `squint.element = ui8`. f16 and bf16 are computed in f32 and rounded where ONNX stores a value.

    Bodies are the operator's formula with nothing reassociated; a multiply-add is two roundings unless the body says
    `math.fma`. All operators that have no lowering are reported at once, each by node and operator name.

    With `reference`, attention is lowered as two products and a softmax: the meaning that the kernel is compared with.

    ```mlir
    %0 = onnx.Add(%a, %b) : (tensor<?x384xf32>, tensor<384xf32>) -> tensor<?x384xf32>
    // becomes
    %0 = linalg.generic {indexing_maps = [(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)], ...}
    ```
  }];
  let options = [Option<"reference", "reference", "bool", "false", "Attention by its parts instead of one kernel">,
                 Option<"unsafeIndices", "unsafe-indices", "bool", "false",
                        "Trust the indices that data holds: one outside of its tensor reads or writes anywhere">];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::squint::kernel::KernelDialect"
  ];
  let statistics = [Statistic<"numLowered", "lowered", "Number of operators lowered">];
}

def FuseElementwise : Pass<"squint-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Fuse elementwise linalg operators into their consumers";
  let description = [{
    A `linalg.generic` without reductions is fused into the generic that uses it, so that the value between them is never
    stored. A producer with several users is fused only where it merely moves or broadcasts data, and an expensive one (a
    division, a square root or a transcendental function) only where every element is still computed once. A transposed read
    is not fused into a reduction. Values are rounded as before: fusion drops stores, not roundings.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect"];
}

#endif
