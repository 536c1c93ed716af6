//===- MsftBase.td - what every operator of the dialect shares -*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_MSFT_BASE
#define SQUINT_DIALECT_MSFT_BASE

include "squint/Dialect/Onnx/OnnxBase.td"

def Msft_Dialect : Dialect {
  let name = "msft";
  let cppNamespace = "::squint::msft";
  let summary = "The operators that ONNX Runtime adds";
  let description = [{
    One operation for each operator of the domain com.microsoft, generated from the schemas that onnxruntime lists, and
    those that it keeps in the default domain without a schema in the standard (`SimplifiedLayerNormalization`).
  }];
  let dependentDialects = ["::squint::onnx::OnnxDialect"];
}

class Msft_Op<string mnemonic, list<Trait> traits = []>
    : Op<Msft_Dialect, mnemonic, traits # [Onnx_SharedElementTypes]> {
  // Few places make these operations; builders for every form would be half of the generated code.
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$types, "::mlir::ValueRange":$operands,
                                 CArg<"::llvm::ArrayRef<::mlir::NamedAttribute>", "{}">:$attributes), [{
    $_state.addTypes(types);
    $_state.addOperands(operands);
    $_state.addAttributes(attributes);
  }]>];
}

#endif
