//===- Files.cpp - objects, archives and shared libraries ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Files.h"

#include "WeightsBlob.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ELFTypes.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"

using namespace llvm;
using namespace squint;

static Error fileError(StringRef path, std::error_code code) {
  return createStringError(code, "%s: %s", path.str().c_str(),
                           code.message().c_str());
}

//===----------------------------------------------------------------------===//
// OutputFiles
//===----------------------------------------------------------------------===//

OutputFiles::~OutputFiles() {
  for (const File &file : files) {
    sys::fs::remove(file.temporary);
    sys::DontRemoveFileOnSignal(file.temporary);
  }
}

Expected<std::string> OutputFiles::reserveTemporary(StringRef beside) {
  SmallString<128> name;
  int descriptor;
  if (std::error_code code = sys::fs::createUniqueFile(
          beside + ".%%%%%%%%.tmp", descriptor, name, sys::fs::OF_None,
          sys::fs::all_read | sys::fs::all_write))
    return fileError(beside, code);
  sys::Process::SafelyCloseFileDescriptor(descriptor);
  sys::RemoveFileOnSignal(name);
  files.push_back({std::string(name), ""});
  return std::string(name);
}

Expected<std::string> OutputFiles::reserve(StringRef path) {
  if (sys::fs::is_directory(path))
    return fileError(path, make_error_code(errc::is_a_directory));
  Expected<std::string> name = reserveTemporary(path);
  if (name)
    files.back().path = path.str();
  return name;
}

Error OutputFiles::write(StringRef path,
                         function_ref<Error(raw_fd_ostream &)> f) {
  Expected<std::string> name = reserve(path);
  if (!name)
    return name.takeError();
  std::error_code code;
  raw_fd_ostream stream(*name, code);
  if (code)
    return fileError(path, code);
  Error error = f(stream);
  stream.close();
  if (error) {
    stream.clear_error();
    return error;
  }
  if (stream.has_error()) {
    code = stream.error();
    stream.clear_error();
    return fileError(path, code);
  }
  return Error::success();
}

uint64_t OutputFiles::getSize() const {
  uint64_t total = 0, size;
  for (const File &file : files)
    if (!file.path.empty() && !sys::fs::file_size(file.temporary, size))
      total += size;
  return total;
}

Error OutputFiles::commit() {
  std::vector<File> done;
  for (const File &file : files) {
    if (file.path.empty())
      continue;
    std::error_code code = sys::fs::rename(file.temporary, file.path);
    if (code) {
      for (const File &other : done)
        sys::fs::remove(other.path);
      return fileError(file.path, code);
    }
    done.push_back(file);
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Objects
//===----------------------------------------------------------------------===//

/// The object is LLVM's own, of this very process: its tables are in order.
Error squint::writeObject(raw_ostream &out, MutableArrayRef<char> object,
                          const ModelInfo &info, StringRef weightsSymbol) {
  using namespace object;
  uint64_t start = alignTo(object.size(), 64);
  if (info.weightsSize) {
    auto *header = reinterpret_cast<ELF64LE::Ehdr *>(object.data());
    MutableArrayRef sections(
        reinterpret_cast<ELF64LE::Shdr *>(object.data() + header->e_shoff),
        header->e_shnum);
    const ELF64LE::Shdr *symtab = nullptr;
    for (const ELF64LE::Shdr &section : sections)
      if (section.sh_type == ELF::SHT_SYMTAB)
        symtab = &section;
    bool found = false;
    if (symtab) {
      MutableArrayRef symbols(
          reinterpret_cast<ELF64LE::Sym *>(object.data() + symtab->sh_offset),
          symtab->sh_size / sizeof(ELF64LE::Sym));
      const char *names = object.data() + sections[symtab->sh_link].sh_offset;
      for (ELF64LE::Sym &symbol : symbols) {
        if (weightsSymbol != names + symbol.st_name ||
            symbol.st_shndx == ELF::SHN_UNDEF)
          continue;
        ELF64LE::Shdr &section = sections[symbol.st_shndx];
        section.sh_offset = start;
        section.sh_size = info.weightsSize;
        symbol.st_size = info.weightsSize;
        found = true;
      }
    }
    if (!found)
      return createStringError(inconvertibleErrorCode(),
                               "the object has no section for the weights");
  }
  out.write(object.data(), object.size());
  if (!info.weightsSize)
    return Error::success();
  out.write_zeros(start - object.size());
  return streamWeights(info, [&](ArrayRef<char> bytes) {
    out.write(bytes.data(), bytes.size());
  });
}

Error squint::writeArchiveOf(StringRef path, StringRef objectPath,
                             StringRef memberName) {
  auto buffer = MemoryBuffer::getFile(objectPath, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fileError(objectPath, buffer.getError());
  std::vector<NewArchiveMember> members(1);
  members[0].Buf = std::move(*buffer);
  members[0].MemberName = memberName;
  return writeArchive(path, members, SymtabWritingMode::NormalSymtab,
                      object::Archive::K_GNU, /*Deterministic=*/true,
                      /*Thin=*/false);
}

//===----------------------------------------------------------------------===//
// Shared libraries
//===----------------------------------------------------------------------===//

static Expected<std::string> findLinker(StringRef given) {
  if (!given.empty()) {
    if (given.contains('/') && sys::fs::can_execute(given))
      return given.str();
    if (ErrorOr<std::string> path = sys::findProgramByName(given))
      return *path;
    return createStringError(errc::no_such_file_or_directory,
                             "cannot find the linker '%s'",
                             given.str().c_str());
  }
  for (StringRef name : {"ld.lld", "ld.lld-22"}) {
    if (ErrorOr<std::string> path =
            sys::findProgramByName(name, {SQUINT_LLVM_TOOLS}))
      return *path;
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return *path;
  }
  return createStringError(errc::no_such_file_or_directory,
                           "cannot find ld.lld: install lld or say --linker=");
}

/// Paths of the C library's own files, so that no compiler driver is needed.
static std::vector<std::string> findLibraries(const TargetInfo &target,
                                              StringRef sysroot) {
  bool x86 = target.arch == TargetInfo::Arch::X86_64;
  std::string multiarch = x86 ? "x86_64-linux-gnu" : "aarch64-linux-gnu";
  std::vector<std::string> folders;
  auto addRoot = [&](const Twine &root) {
    for (const Twine &folder :
         {Twine("/lib/") + multiarch, Twine("/usr/lib/") + multiarch,
          Twine("/lib64"), Twine("/usr/lib64"), Twine("/lib"),
          Twine("/usr/lib")})
      folders.push_back((root + folder).str());
  };
  if (!sysroot.empty()) {
    addRoot(sysroot);
  } else {
    addRoot("");
    // Debian's packages for cross compilation.
    addRoot("/usr/" + multiarch);
  }
  std::vector<std::string> found;
  uint16_t machine = x86 ? ELF::EM_X86_64 : ELF::EM_AARCH64;
  for (StringRef name : {"libc.so.6", "libm.so.6"})
    for (const std::string &folder : folders) {
      std::string path = folder + "/" + name.str();
      auto head = MemoryBuffer::getFileSlice(path, 64, 0);
      if (!head || (*head)->getBufferSize() < 64)
        continue;
      auto *header = reinterpret_cast<const object::ELF64LE::Ehdr *>(
          (*head)->getBufferStart());
      if (header->e_machine != machine)
        continue;
      found.push_back(path);
      break;
    }
  return found;
}

Error squint::runProgram(ArrayRef<StringRef> arguments) {
  SmallString<128> log;
  if (std::error_code code =
          sys::fs::createTemporaryFile("squint-program", "log", log))
    return fileError(log, code);
  FileRemover removeLog(log);
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log),
                                          StringRef(log)};
  std::string message;
  int status = sys::ExecuteAndWait(arguments.front(), arguments, std::nullopt,
                                   redirects, 0, 0, &message);
  if (status == 0)
    return Error::success();
  if (auto text = MemoryBuffer::getFile(log); message.empty() && text)
    message = (*text)->getBuffer().split('\n').first.str();
  return createStringError(inconvertibleErrorCode(), "%s: exit %d: %s",
                           arguments.front().str().c_str(), status,
                           message.c_str());
}

Error squint::linkShared(StringRef path, StringRef objectPath,
                         const TargetInfo &target, const LinkOptions &options) {
  Expected<std::string> linker = findLinker(options.linker);
  if (!linker)
    return linker.takeError();
  std::vector<std::string> libraries = findLibraries(target, options.sysroot);
  if (libraries.empty() && !options.sysroot.empty())
    return createStringError(errc::no_such_file_or_directory,
                             "%s: expected libc.so.6 and libm.so.6 of %s there",
                             options.sysroot.c_str(), target.triple.c_str());
  std::vector<std::string> arguments = {
      *linker,
      "-shared",
      "-o",
      path.str(),
      objectPath.str(),
      "-m",
      target.arch == TargetInfo::Arch::X86_64 ? "elf_x86_64" : "aarch64linux",
      "-soname",
      options.soname,
      "--build-id=none",
      "--hash-style=gnu",
      "-z",
      "noexecstack",
      "-z",
      "relro",
      "-z",
      "now",
      "--as-needed"};
  if (!libraries.empty()) {
    arguments.insert(arguments.end(), {"-z", "defs"});
    arguments.insert(arguments.end(), libraries.begin(), libraries.end());
  }
  std::vector<StringRef> views(arguments.begin(), arguments.end());

  return runProgram(views);
}
