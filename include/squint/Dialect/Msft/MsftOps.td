//===- MsftOps.td - the operators of the msft dialect ---*- tablegen -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by lib/Dialect/Onnx/generate.py from the schemas of onnxruntime 1.31.1; do not edit.
//===----------------------------------------------------------------------===//

include "squint/Dialect/Msft/MsftBase.td"
include "squint/Dialect/Msft/MsftTypeSets.td"
include "squint/Dialect/Msft/OpsContrib.td"
