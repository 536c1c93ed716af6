//===- OpenModel.cpp - a model's file as a loaded library -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Driver/OpenModel.h"

#include "squint/Import/Models.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace squint;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

bool squint::isModelPath(llvm::StringRef file) {
  llvm::StringRef extension = path::extension(file);
  return fs::is_directory(file) || extension == ".gguf" ||
         extension == ".onnx" || extension == ".mlir" || isGgufFile(file);
}

std::unique_ptr<Library> squint::openModel(CompileOptions options,
                                           const CompileStreams &streams) {
  auto fail = [&](const llvm::Twine &message) {
    streams.errors << streams.program << "error: " << message << "\n";
    return nullptr;
  };
  llvm::SmallString<128> folder;
  if (std::error_code code = fs::createUniqueDirectory("squint", folder))
    return fail("cannot make a folder for temporary files: " + code.message());
  // The system keeps what is loaded until it is closed.
  llvm::scope_exit remove([&] { (void)fs::remove_directories(folder); });
  llvm::SmallString<128> output(folder), input(options.input);
  // Of a folder, the name without what ends it.
  (void)fs::make_absolute(input);
  path::remove_dots(input, /*remove_dot_dot=*/true);
  path::append(output, path::stem(input));
  output += ".so";
  options.output = std::string(output);
  if (failed(compile(options, streams)))
    return nullptr;
  llvm::Expected<std::unique_ptr<Library>> library = Library::open(output);
  if (!library)
    return fail(llvm::toString(library.takeError()));
  return std::move(*library);
}
