//===- Fuzz.h - what the fuzzers share ----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TEST_FUZZ_FUZZ_H
#define SQUINT_TEST_FUZZ_FUZZ_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace squint::fuzz {

/// A file for readers that want a path: it holds the input of the moment, and
/// nothing lies beside it. Each input has another name, for a context keeps
/// what it has mapped.
class InputFile {
public:
  InputFile();
  ~InputFile();
  const std::string &write(const uint8_t *data, size_t size);

private:
  int number = 0;
  std::string folder, path;
};

/// A context that is made anew now and then, for what it unifies is never
/// freed. Diagnostics are dropped.
class Context {
public:
  using Register = void (*)(mlir::DialectRegistry &registry);
  explicit Context(Register add = nullptr) : add(add) {}
  mlir::MLIRContext &get();

private:
  static constexpr int kLifetime = 1000; // inputs
  Register add;
  int uses = 0;
  std::unique_ptr<mlir::MLIRContext> context;
};

} // namespace squint::fuzz

#endif
