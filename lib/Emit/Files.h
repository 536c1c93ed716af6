//===- Files.h - objects, archives and shared libraries -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_EMIT_FILES_H
#define SQUINT_LIB_EMIT_FILES_H

#include "ModelInfo.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace squint {

/// Files that are written aside and appear under their names together, or
/// not at all.
class OutputFiles {
public:
  ~OutputFiles();

  /// A file beside `path`, to be written by path.
  llvm::Expected<std::string> reserve(llvm::StringRef path);
  /// The same, written by a function.
  llvm::Error write(llvm::StringRef path,
                    llvm::function_ref<llvm::Error(llvm::raw_fd_ostream &)> f);
  /// A file that goes when this does.
  llvm::Expected<std::string> reserveTemporary(llvm::StringRef beside);

  /// Bytes of the files that are to appear.
  uint64_t getSize() const;

  llvm::Error commit();

private:
  struct File {
    std::string temporary, path;
  };
  std::vector<File> files;
};

/// Puts the weights where the object has its placeholder: the section and the
/// symbol get the real size, the bytes follow the object, streamed.
llvm::Error writeObject(llvm::raw_ostream &out,
                        llvm::MutableArrayRef<char> object,
                        const ModelInfo &info, llvm::StringRef weightsSymbol);

/// An archive with one member and a symbol table.
llvm::Error writeArchiveOf(llvm::StringRef path, llvm::StringRef objectPath,
                           llvm::StringRef memberName);

struct LinkOptions {
  std::string linker, sysroot, soname;
};

/// Runs a program, the first of the arguments; an error has the first line of
/// what it said.
llvm::Error runProgram(llvm::ArrayRef<llvm::StringRef> arguments);

/// Links one object to a shared library with LLVM's linker, or any that takes
/// the flags of GNU ld.
llvm::Error linkShared(llvm::StringRef path, llvm::StringRef objectPath,
                       const TargetInfo &target, const LinkOptions &options);

} // namespace squint

#endif // SQUINT_LIB_EMIT_FILES_H
