//===- SliceCompiler.cpp - who runs the slices ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/SliceCompiler.h"
#include "squint/Dialect/Squint/Squint.h"

using namespace squint;

CompiledSlice::~CompiledSlice() = default;
SliceCompiler::~SliceCompiler() = default;

static SliceCompilation &compilation() {
  static SliceCompilation instance;
  return instance;
}

static ProgressCallback &progressCallback() {
  static ProgressCallback instance;
  return instance;
}

void squint::setSliceCompilation(SliceCompilation given) {
  compilation() = std::move(given);
}

const SliceCompilation &squint::getSliceCompilation() { return compilation(); }

void squint::addSliceDialects(mlir::DialectRegistry &registry) {
  registry.insert<SquintDialect>();
  if (auto add = getSliceCompilation().addDialects)
    add(registry);
}

void squint::setCalibrationProgress(ProgressCallback progress) {
  progressCallback() = std::move(progress);
}

const ProgressCallback &squint::getCalibrationProgress() {
  return progressCallback();
}
