//===- OpsImage.td - operators of the family image ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

def Onnx_ImageDecoderOp : Onnx_Op<"ImageDecoder", [Pure]> {
  let summary = "Loads and decodes and image from a file";
  let description = [{
    Loads and decodes and image from a file. Version 20.

    * `encoded_stream`: Encoded stream
    * `image`: Decoded image
    * `pixel_format`: Pixel format
  }];
  let arguments = (ins Onnx_uint8:$encoded_stream, DefaultValuedStrAttr<StrAttr, "RGB">:$pixel_format);
  let results = (outs Onnx_uint8:$image);
  let assemblyFormat = [{ `(` operands `)` attr-dict `:` functional-type(operands, results) }];
}