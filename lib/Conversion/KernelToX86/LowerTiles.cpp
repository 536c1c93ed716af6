//===- LowerTiles.cpp - AMX as LLVM has it ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "LowerTiles.h"

#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/AMX/Transforms.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/X86Vector/Transforms.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;

LogicalResult squint::lowerTiles(func::FuncOp function) {
  bool hasTiles = false, hasVectors = false;
  function.walk([&](Operation *op) {
    hasTiles |= isa_and_present<amx::AMXDialect>(op->getDialect());
    hasVectors |=
        isa_and_present<x86vector::X86VectorDialect>(op->getDialect());
  });
  if (!hasTiles && !hasVectors)
    return success();

  MLIRContext *context = function.getContext();
  auto convertTile = [&](amx::TileType) -> Type {
    return LLVM::LLVMX86AMXType::get(context);
  };
  // Of the loops only the tiles change: indices and memrefs are for later
  // passes.
  TypeConverter tiles;
  tiles.addConversion([](Type type) { return type; });
  tiles.addConversion(convertTile);
  auto cast = [](OpBuilder &b, Type type, ValueRange inputs, Location loc) {
    return UnrealizedConversionCastOp::create(b, loc, type, inputs)
        .getResult(0);
  };
  tiles.addSourceMaterialization(cast);
  tiles.addTargetMaterialization(cast);
  LLVMTypeConverter all(context);
  all.addConversion(convertTile);

  LLVMConversionTarget target(*context);
  RewritePatternSet patterns(context);
  scf::populateSCFStructuralTypeConversionsAndLegality(tiles, patterns, target);
  populateAMXLegalizeForLLVMExportPatterns(all, patterns);
  configureAMXLegalizeForExportTarget(target);
  populateX86VectorLegalizeForLLVMExportPatterns(all, patterns);
  configureX86VectorLegalizeForExportTarget(target);
  if (failed(applyPartialConversion(function, target, std::move(patterns))))
    return failure();

  if (!hasTiles)
    return success();
  // Registers in use are saved with every switch of threads.
  for (auto end : function.getOps<func::ReturnOp>()) {
    OpBuilder b(end);
    LLVM::CallIntrinsicOp::create(
        b, end.getLoc(), b.getStringAttr("llvm.x86.tilerelease"), ValueRange());
  }
  return success();
}
