//===- Emit.cpp - from the llvm stage to a library ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Emit/Emit.h"

#include "CodeGen.h"
#include "Files.h"
#include "Header.h"
#include "WeightsBlob.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace squint;

namespace path = llvm::sys::path;

namespace {

enum class Kind { Shared, Archive, Object, Assembly, Ir, Ptx, Unknown };

Kind getKind(llvm::StringRef output) {
  return llvm::StringSwitch<Kind>(path::extension(output))
      .Case(".so", Kind::Shared)
      .Case(".a", Kind::Archive)
      .Case(".o", Kind::Object)
      .Case(".s", Kind::Assembly)
      .Case(".ll", Kind::Ir)
      .Case(".ptx", Kind::Ptx)
      .Default(Kind::Unknown);
}

class Emitter {
public:
  Emitter(ModuleOp module, const EmitOptions &options)
      : module(module), options(options), kind(getKind(options.output)),
        prefix(getPrefix(options)) {}
  LogicalResult run();

private:
  LogicalResult refuse(llvm::Error error) {
    return emitError(module.getLoc()) << llvm::toString(std::move(error));
  }
  LogicalResult check(llvm::Error error) {
    return error ? refuse(std::move(error)) : success();
  }
  bool isBinary() const { return kind <= Kind::Object; }
  LogicalResult placeWeights();
  LogicalResult writeText(CompiledModel &model);
  LogicalResult writeBinary(CompiledModel &model);
  LogicalResult writeHeader();
  LogicalResult writePtx();

  ModuleOp module;
  const EmitOptions &options;
  Kind kind;
  std::string prefix;
  ModelInfo info;
  CodeGenOptions codeGen;
  OutputFiles files;
};

} // namespace

std::string squint::getPrefix(const EmitOptions &options) {
  std::string prefix = !options.prefix.empty()
                           ? options.prefix
                           : path::stem(options.output).str();
  for (char &c : prefix)
    if (!llvm::isAlnum(c))
      c = '_';
  if (prefix.empty() || llvm::isDigit(prefix[0]))
    prefix.insert(0, "_");
  return prefix;
}

LogicalResult Emitter::placeWeights() {
  std::string file = options.weightsFile;
  if (file.empty() && info.weightsSize > options.maxEmbeddedBytes) {
    llvm::SmallString<128> name(options.output);
    path::replace_extension(name, "safetensors");
    file = std::string(name);
  }
  if (file.empty() || !info.weightsSize)
    return success();
  auto header = getWeightsHeader(info, prefix);
  if (!header)
    return refuse(header.takeError());
  codeGen.weights = WeightsPlace::File;
  codeGen.weightsFile = path::filename(file).str();
  codeGen.weightsHeader = *header;
  if (!isBinary())
    return success();
  return check(files.write(file, [&](llvm::raw_fd_ostream &out) {
    out << *header;
    return streamWeights(info, [&](llvm::ArrayRef<char> bytes) {
      out.write(bytes.data(), bytes.size());
    });
  }));
}

LogicalResult Emitter::writeText(CompiledModel &model) {
  llvm::SmallVector<char, 0> code;
  if (kind == Kind::Ir) {
    llvm::raw_svector_ostream stream(code);
    model.module->print(stream, nullptr);
  } else if (failed(writeMachineCode(
                 module, model, llvm::CodeGenFileType::AssemblyFile, code))) {
    return failure();
  }
  return check(files.write(options.output, [&](llvm::raw_fd_ostream &out) {
    out.write(code.data(), code.size());
    return llvm::Error::success();
  }));
}

LogicalResult Emitter::writeBinary(CompiledModel &model) {
  llvm::SmallVector<char, 0> code;
  if (failed(writeMachineCode(module, model, llvm::CodeGenFileType::ObjectFile,
                              code)) ||
      failed(checkUndefined(module, code, prefix)))
    return failure();
  // Not needed any more, and the weights are about to pass by.
  model.module.reset();
  model.context.reset();

  ModelInfo pieces = info;
  if (codeGen.weights != WeightsPlace::Section) {
    pieces.weights.clear();
    pieces.weightsSize = 0;
  }
  auto write = [&](llvm::raw_fd_ostream &out) {
    return writeObject(out, code, pieces, getWeightsSymbol(prefix));
  };
  if (kind == Kind::Object)
    return check(files.write(options.output, write));

  auto object = files.reserveTemporary(options.output);
  if (!object)
    return refuse(object.takeError());
  {
    std::error_code error;
    llvm::raw_fd_ostream out(*object, error);
    if (error)
      return emitError(module.getLoc()) << *object << ": " << error.message();
    if (llvm::Error failed = write(out))
      return refuse(std::move(failed));
    out.close();
    if (out.has_error()) {
      error = out.error();
      out.clear_error();
      return emitError(module.getLoc())
             << options.output << ": " << error.message();
    }
  }
  auto result = files.reserve(options.output);
  if (!result)
    return refuse(result.takeError());
  if (kind == Kind::Archive)
    return check(writeArchiveOf(*result, *object, prefix + ".o"));
  LinkOptions link{options.linker, options.sysroot,
                   path::filename(options.output).str()};
  return check(linkShared(*result, *object, info.target, link));
}

LogicalResult Emitter::writeHeader() {
  std::string file;
  if (options.header) {
    file = *options.header;
  } else {
    llvm::SmallString<128> name(options.output);
    path::replace_extension(name, "h");
    file = std::string(name);
  }
  if (file.empty())
    return success();
  return check(files.write(file, [&](llvm::raw_fd_ostream &out) {
    out << generateHeader(info, prefix);
    return llvm::Error::success();
  }));
}

LogicalResult Emitter::writePtx() {
  if (!info.hasDevice() || info.targets.size() != 1)
    return emitError(module.getLoc())
           << "expected one target that is a GPU for '" << options.output
           << "'";
  FailureOr<std::vector<std::string>> texts =
      generateDeviceCode(module, info, options.optLevel);
  if (failed(texts) ||
      failed(check(files.write(options.output, [&](llvm::raw_fd_ostream &out) {
        out << texts->front();
        return llvm::Error::success();
      }))))
    return failure();
  return check(files.commit());
}

LogicalResult Emitter::run() {
  if (kind == Kind::Unknown)
    return emitError(module.getLoc())
           << "expected an output that ends in .so, .a, .o, .s, .ll or .ptx, "
              "got '"
           << options.output << "'";
  FailureOr<ModelInfo> read = ModelInfo::get(module);
  if (failed(read))
    return failure();
  info = std::move(*read);
  if (failed(check(identifyState(info))))
    return failure();
  if (kind == Kind::Ptx)
    return writePtx();
  if (info.hasDevice()) {
    auto images =
        makeDeviceImages(module, info, options.optLevel, options.assembler);
    if (failed(images))
      return failure();
    codeGen.images = std::move(*images);
  }
  codeGen.prefix = prefix;
  codeGen.optLevel = options.optLevel;
  codeGen.exportTable = kind == Kind::Shared;
  if (failed(placeWeights()))
    return failure();
  FailureOr<CompiledModel> model = generateCode(module, info, codeGen);
  if (failed(model) ||
      failed(isBinary() ? writeBinary(*model) : writeText(*model)))
    return failure();
  if (uint64_t size = files.getSize();
      options.maxBytes && size > options.maxBytes)
    return emitError(module.getLoc())
           << "expected at most " << options.maxBytes << " bytes, got " << size
           << ", of which weights are " << info.weightsSize;
  if (isBinary() && failed(writeHeader()))
    return failure();
  return check(files.commit());
}

LogicalResult squint::emitLibrary(ModuleOp module, const EmitOptions &options) {
  return Emitter(module, options).run();
}
