//===- Testing.h - modules to emit in tests -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TEST_EMIT_TESTING_H
#define SQUINT_TEST_EMIT_TESTING_H

#include "squint/Dialect/Squint/Squint.h"
#include "squint/Runtime/Array.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

namespace squint::test {

/// A context that collects its diagnostics.
class EmitTest : public ::testing::Test {
protected:
  EmitTest() {
    mlir::DialectRegistry registry;
    registry.insert<SquintDialect, mlir::LLVM::LLVMDialect>();
    mlir::registerBuiltinDialectTranslation(registry);
    mlir::registerLLVMDialectTranslation(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.getDiagEngine().registerHandler([this](mlir::Diagnostic &d) {
      diagnostics += d.str() + "\n";
      return mlir::success();
    });
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("squint-emit", folder));
  }
  ~EmitTest() override { llvm::sys::fs::remove_directories(folder); }

  /// test/Emit/Inputs/scale.mlir, for another target if one is given.
  mlir::OwningOpRef<mlir::ModuleOp> scale(llvm::StringRef target = "") {
    auto buffer = llvm::MemoryBuffer::getFile(SQUINT_TEST_INPUTS "/scale.mlir");
    std::string text = (*buffer)->getBuffer().str();
    constexpr llvm::StringLiteral old =
        "\"x86_64-unknown-linux-gnu\", \"x86-64\", \"\"";
    if (!target.empty())
      text.replace(text.find(old.str()), old.size(), target.str());
    return mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }

  std::string path(llvm::StringRef name) {
    llvm::SmallString<64> result = folder;
    llvm::sys::path::append(result, name);
    return std::string(result);
  }

  mlir::MLIRContext context;
  std::string diagnostics;
  llvm::SmallString<64> folder;
};

template <typename T>
Array makeArray(squint_dtype dtype, llvm::ArrayRef<int64_t> shape,
                llvm::ArrayRef<T> values) {
  Array array = llvm::cantFail(Array::create(dtype, shape));
  EXPECT_EQ(array.bytes().size(), values.size() * sizeof(T));
  std::memcpy(array.bytes().data(), values.data(), array.bytes().size());
  return array;
}

inline constexpr squint_dtype kFloat32 = {SQUINT_DTYPE_FLOAT, 32, 1};

} // namespace squint::test

#endif // SQUINT_TEST_EMIT_TESTING_H
