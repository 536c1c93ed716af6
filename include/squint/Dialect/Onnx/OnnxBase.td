//===- OnnxBase.td - what every operator of the dialect shares -*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_ONNX_BASE
#define SQUINT_DIALECT_ONNX_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::squint::onnx";
  let summary = "The operators of the ONNX standard";
  let description = [{
    One operation for each operator of the default domain, in the form of its newest version, generated from the
    standard's schemas: operands, attributes and results have the standard's names and defaults. Older forms are
    rewritten once, when a model is imported. Absent optional operands are simply not there; operations with several
    optional groups say how many each has in `operandSegmentSizes`.

    ```mlir
    %y = onnx.Softmax(%x) {axis = -1 : i64} : (tensor<?x10xf32>) -> tensor<?x10xf32>
    ```
  }];
  let useDefaultTypePrinterParser = 1;
}

class Onnx_Type<string name, string typeMnemonic> : TypeDef<Onnx_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Onnx_StringElementType : Onnx_Type<"StringElement", "string"> {
  let summary = "The element type of a tensor of strings";
}

def Onnx_SequenceType : Onnx_Type<"Sequence", "seq"> {
  let summary = "A list of tensors of one element type";
  let description = "`!onnx.seq<tensor<?x3xf32>>`";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def Onnx_OptionalType : Onnx_Type<"Optional", "opt"> {
  let summary = "A tensor or a sequence that may be absent";
  let description = "`!onnx.opt<tensor<?x3xf32>>`";
  let parameters = (ins "::mlir::Type":$valueType);
  let assemblyFormat = "`<` $valueType `>`";
}

def Onnx_String : Type<CPred<"::llvm::isa<::squint::onnx::StringElementType>($_self)">, "string">;

// Scalars come back as C++ numbers, not as APInt and APFloat.
def Onnx_IntAttr : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer attribute"> {
  let convertFromStorage = "$_self.getValue().getSExtValue()";
}
def Onnx_FloatAttr : FloatAttrBase<F32, "32-bit float attribute"> {
  let returnType = "float";
  let convertFromStorage = "$_self.getValue().convertToFloat()";
}
def Onnx_TensorAttr : Attr<CPred<"::llvm::isa<::mlir::ElementsAttr>($_self)">, "inline tensor attribute"> {
  let storageType = "::mlir::ElementsAttr";
  let returnType = "::mlir::ElementsAttr";
  let convertFromStorage = "$_self";
}

// Operands and results that share a type variable of the schema have one element type.
def Onnx_SharedElementTypes : NativeOpTrait<"SharedElementTypes"> {
  let cppNamespace = "::squint::onnx::OpTrait";
}

class Onnx_Op<string mnemonic, list<Trait> traits = []>
    : Op<Onnx_Dialect, mnemonic, traits # [Onnx_SharedElementTypes]>;

#endif
