//===- OnnxOps.td - the operators of the onnx dialect ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnx 1.23.2; do not edit.
//===----------------------------------------------------------------------===//

include "squint/Dialect/Onnx/OnnxBase.td"
include "squint/Dialect/Onnx/OnnxTypeSets.td"
include "squint/Dialect/Onnx/OnnxYield.td"
include "squint/Dialect/Onnx/OpsMath.td"
include "squint/Dialect/Onnx/OpsLogical.td"
include "squint/Dialect/Onnx/OpsReduction.td"
include "squint/Dialect/Onnx/OpsTensor.td"
include "squint/Dialect/Onnx/OpsNn.td"
include "squint/Dialect/Onnx/OpsRnn.td"
include "squint/Dialect/Onnx/OpsQuantization.td"
include "squint/Dialect/Onnx/OpsGenerator.td"
include "squint/Dialect/Onnx/OpsControlflow.td"
include "squint/Dialect/Onnx/OpsSequence.td"
include "squint/Dialect/Onnx/OpsOptional.td"
include "squint/Dialect/Onnx/OpsText.td"
include "squint/Dialect/Onnx/OpsImage.td"
include "squint/Dialect/Onnx/OpsObjectDetection.td"
