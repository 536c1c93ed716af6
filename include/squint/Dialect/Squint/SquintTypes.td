//===- SquintTypes.td - attributes and types of the dialect -*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_TYPES
#define SQUINT_DIALECT_SQUINT_TYPES

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpBase.td"

def Squint_Dialect : Dialect {
  let name = "squint";
  let cppNamespace = "::squint";
  let summary = "Quantized tensors and the operators that read them";
  let description = [{
    Weights are references into mapped files (`#squint.data`), formats are a product of element, block, scale and zero
    point (`#squint.format`), and a packed tensor (`!squint.packed`) gets its meaning from `squint.dequantize`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    /// The files and buffers that `#squint.data` refers to in this context.
    ::squint::DataStores &getStores() { return *stores; }
  private:
    std::shared_ptr<::squint::DataStores> stores;
    void registerAttributes();
    void registerTypes();
  public:
  }];
}

class Squint_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Squint_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Squint_DataAttr : Squint_Attr<"Data", "data", [TypedAttrInterface]> {
  let summary = "A range of bytes in a store";
  let description = [{
    The elements of a tensor, row-major and little-endian, at `offset` of `store`, `length` bytes long. A store is a file,
    named relative to the folder of the module's own file, or a buffer in memory, whose name starts with `#`. With a
    permutation `p`, the bytes hold the stored tensor and the value is its transpose: `value.shape[i] =
    stored.shape[p[i]]`.

    ```mlir
    #squint.data<"model.safetensors", 11432, 589824, [1, 0]> : tensor<384x384xf32>
    ```
  }];
  let parameters = (ins AttributeSelfTypeParameter<"">:$type, StringRefParameter<"">:$store, "int64_t":$offset,
                        "int64_t":$length, OptionalArrayRefParameter<"int64_t">:$permutation);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The shape of the bytes in the store; the type's shape with the permutation undone.
    ::llvm::SmallVector<int64_t> getStoredShape() const;
  }];
}

def Squint_FormatAttr : Squint_Attr<"Format", "format"> {
  let summary = "How a tensor's numbers are stored";
  let description = [{
    The command line's spelling, in canonical form: `#squint.format<"int4:group=32,scale=f16">`.
  }];
  let parameters = (ins StringRefParameter<"">:$spelling);
  let assemblyFormat = "`<` $spelling `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static FormatAttr get(::mlir::MLIRContext *context, const ::squint::Format &format);
    ::squint::Format getFormat() const;
  }];
}

def Squint_CacheAttr : Squint_Attr<"Cache", "cache"> {
  let summary = "Where and how one attention keeps its keys and values";
  let description = [{
    A state is a row of blocks, one for every 128 tokens of each of its sequences, block i of sequence b at byte
    `sequences * front + (i * sequences + b) * stride`. The layer's part of a block starts at `offset` and holds, for every one of `heads` in
    turn, the keys [key_size, 128], tokens fastest, their scales [128] if the format has scales, then the values [128, value_size] and theirs.

    With integers in groups (KIVI, arXiv:2402.02750) a group of keys is of one element and runs along tokens, one of values runs along a
    token's elements; a block is packed when its last token has come. Until then its tokens are f16, as the `first` tokens of all stay, both
    in what lies before the blocks, of sequence b at byte `b * front + front_offset`: for every head keys [key_size, 128] and values
    [128, value_size] of the block that is not full, keys [key_size, first] and values [first, value_size], and the number of that block as i64.

    ```mlir
    #squint.cache<"f16", "f16", heads = 3, key_size = 64, value_size = 64, offset = 98304, stride = 2949120>
    #squint.cache<"int4:group=32,min,scale=f16", "int4:group=32,min,scale=f16", heads = 3, key_size = 64, value_size = 64, offset = 30720,
                  stride = 921600, first = 16, front = 3323520, front_offset = 110784>
    ```
  }];
  let parameters = (ins StringRefParameter<"">:$keys, StringRefParameter<"">:$values, "int64_t":$heads, "int64_t":$key_size,
                        "int64_t":$value_size, "int64_t":$offset, "int64_t":$stride,
                        DefaultValuedParameter<"int64_t", "0">:$first, DefaultValuedParameter<"int64_t", "0">:$front,
                        DefaultValuedParameter<"int64_t", "0">:$front_offset);
  let assemblyFormat = "`<` $keys `,` $values `,` struct($heads, $key_size, $value_size, $offset, $stride, $first, $front, $front_offset) `>`";
  let genVerifyDecl = 1;
}

def Squint_TargetAttr : Squint_Attr<"Target", "target"> {
  let summary = "A processor to compile for";
  let description = [{
    LLVM's triple, CPU and feature string: `#squint.target<"x86_64-unknown-linux-gnu", "x86-64-v3", "+avx2">`.
  }];
  let parameters = (ins StringRefParameter<"">:$triple, StringRefParameter<"">:$cpu, StringRefParameter<"">:$features);
  let assemblyFormat = "`<` $triple `,` $cpu `,` $features `>`";
}

def Squint_PackedType : TypeDef<Squint_Dialect, "Packed"> {
  let mnemonic = "packed";
  let summary = "A tensor of codes with their scales";
  let description = [{
    `!squint.packed<shape, format, layout>`. Without a layout the payload is plain: codes, scales, zero points, each
    segment at a multiple of 64 bytes; codes row by row, least significant bits first. A layout is chosen when weights
    are packed for the targets.

    ```mlir
    !squint.packed<1536x384, "int4:group=32,scale=f16">
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::squint::FormatAttr":$formatAttr,
                        "::mlir::Attribute":$layout);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let builders = [
    TypeBuilderWithInferredContext<(ins "::llvm::ArrayRef<int64_t>":$shape, "::squint::FormatAttr":$format,
        CArg<"::mlir::Attribute", "{}">:$layout), [{
      return $_get(format.getContext(), shape, format, layout);
    }]>];
  let extraClassDeclaration = [{
    ::squint::Format getFormat() const { return getFormatAttr().getFormat(); }
    /// Rows are output channels of a weight: the first dimension.
    int64_t getRows() const { return getShape().front(); }
    /// The contraction: all dimensions but the first.
    int64_t getColumns() const;
  }];
}

class Squint_Op<string mnemonic, list<Trait> traits = []>
    : Op<Squint_Dialect, mnemonic, traits>;

#endif
