//===- SpilledValue.cpp - a value of every sample, in a file ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "SpilledValue.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <cerrno>
#include <unistd.h>

using namespace squint;

static llvm::Error refuse(std::error_code error) {
  llvm::SmallString<64> folder;
  llvm::sys::path::system_temp_directory(/*erasedOnReboot=*/true, folder);
  return llvm::createStringError(error, "temporary file in '%s': %s",
                                 folder.c_str(), error.message().c_str());
}

static std::error_code lastError() {
  return std::error_code(errno, std::generic_category());
}

llvm::Expected<std::unique_ptr<SpilledValue>>
SpilledValue::create(squint_dtype dtype, llvm::ArrayRef<int64_t> shape) {
  std::unique_ptr<SpilledValue> value(new SpilledValue);
  value->dtype = dtype;
  value->shape = shape.vec();
  llvm::SmallString<128> path;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile(
          "squint-values", "", value->file, path))
    return refuse(error);
  if (std::error_code error = llvm::sys::fs::remove(path))
    return refuse(error);
  return value;
}

SpilledValue::~SpilledValue() {
  if (file >= 0)
    ::close(file);
}

llvm::Error SpilledValue::write(int64_t sample, const Array &array) {
  llvm::ArrayRef<char> bytes = array.bytes();
  off_t offset = off_t(sample) * off_t(bytes.size());
  while (!bytes.empty()) {
    ssize_t count = ::pwrite(file, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return refuse(lastError());
    bytes = bytes.drop_front(size_t(count));
    offset += count;
  }
  return llvm::Error::success();
}

llvm::Error SpilledValue::read(int64_t sample, Array &array) const {
  llvm::MutableArrayRef<char> bytes = array.bytes();
  off_t offset = off_t(sample) * off_t(bytes.size());
  while (!bytes.empty()) {
    ssize_t count = ::pread(file, bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return refuse(count ? lastError()
                          : std::make_error_code(std::errc::io_error));
    bytes = bytes.drop_front(size_t(count));
    offset += count;
  }
  return llvm::Error::success();
}
