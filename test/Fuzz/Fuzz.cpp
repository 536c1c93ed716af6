//===- Fuzz.cpp - what the fuzzers share --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Fuzz.h"

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

using namespace squint::fuzz;

InputFile::InputFile() {
  // In memory where there is such a file system.
  folder = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
  folder += "/squint-fuzz-XXXXXX";
  if (!mkdtemp(folder.data()))
    std::abort();
}

InputFile::~InputFile() {
  unlink(path.c_str());
  rmdir(folder.c_str());
}

const std::string &InputFile::write(const uint8_t *data, size_t size) {
  if (!path.empty())
    unlink(path.c_str());
  path = folder + "/input" + std::to_string(number++);
  int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (descriptor < 0 ||
      ::write(descriptor, data, size) != static_cast<ssize_t>(size) ||
      close(descriptor))
    std::abort();
  return path;
}

mlir::MLIRContext &Context::get() {
  if (!context || uses++ == kLifetime) {
    mlir::DialectRegistry registry;
    if (add)
      add(registry);
    context = std::make_unique<mlir::MLIRContext>(
        registry, mlir::MLIRContext::Threading::DISABLED);
    context->getDiagEngine().registerHandler(
        [](mlir::Diagnostic &) { return mlir::success(); });
    uses = 0;
  }
  return *context;
}
