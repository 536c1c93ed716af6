//===- Checkpoint.cpp - results of long work, kept in a folder ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Checkpoint.h"
#include "mlir/IR/OperationSupport.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Transforms/QuantizationAttributes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace squint;

using Digest = llvm::BLAKE3Result<16>;

/// Two builds of a compiler may differ in their numbers.
static void addProgram(llvm::BLAKE3 &hash) {
  static int anchor;
  std::string program = llvm::sys::fs::getMainExecutable(nullptr, &anchor);
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(program, status))
    return;
  auto time = status.getLastModificationTime().time_since_epoch().count();
  hash.update(std::to_string(status.getSize()) + " " + std::to_string(time));
}

static llvm::Error addConstants(llvm::BLAKE3 &hash, ModuleOp module) {
  DataStores &stores =
      module.getContext()->getLoadedDialect<SquintDialect>()->getStores();
  llvm::SetVector<DataAttr> all;
  module.walk([&](Operation *op) {
    op->getAttrDictionary().walk([&](DataAttr data) { all.insert(data); });
  });
  for (DataAttr data : all) {
    llvm::Expected<ArrayRef<char>> bytes = stores.get(data);
    if (!bytes)
      return bytes.takeError();
    hash.update(StringRef(bytes->data(), bytes->size()));
  }
  return llvm::Error::success();
}

FailureOr<Checkpoint> Checkpoint::open(StringRef folder, StringRef work,
                                       ModuleOp module, StringRef samples) {
  Checkpoint checkpoint;
  if (folder.empty())
    return checkpoint;
  llvm::BLAKE3 hash;
  addProgram(hash);
  std::string text = work.str();
  // What is said to people makes no other work.
  OwningOpRef<ModuleOp> copy = module.clone();
  copy->walk([](Operation *op) {
    for (StringRef name : {kReasonAttr, kRoleAttr})
      op->removeAttr(name);
  });
  llvm::raw_string_ostream(text) << *copy;
  hash.update(text);
  if (llvm::Error error = addConstants(hash, module))
    return emitError(module.getLoc()) << llvm::toString(std::move(error));
  auto file = llvm::MemoryBuffer::getFile(samples, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file)
    return emitError(module.getLoc())
           << "cannot open '" << samples << "': " << file.getError().message();
  hash.update((*file)->getBuffer());
  SmallString<128> path(folder);
  llvm::sys::path::append(path,
                          llvm::toHex(hash.final<16>(), /*LowerCase=*/true));
  if (std::error_code error = llvm::sys::fs::create_directories(path))
    return emitError(module.getLoc())
           << "cannot write to '" << folder << "': " << error.message();
  checkpoint.folder = std::string(path);
  return checkpoint;
}

std::string Checkpoint::getFile(const llvm::Twine &name) const {
  SmallString<128> path(folder);
  llvm::sys::path::append(path, name);
  return std::string(path);
}

/// A file ends with the digest of what comes before.
static Digest digest(ArrayRef<StringRef> pieces) {
  llvm::BLAKE3 hash;
  for (StringRef piece : pieces)
    hash.update(piece);
  return hash.final<sizeof(Digest)>();
}

std::optional<std::vector<char>>
Checkpoint::find(const llvm::Twine &name, std::optional<size_t> size) const {
  if (folder.empty())
    return {};
  auto file = llvm::MemoryBuffer::getFile(getFile(name), /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  constexpr size_t mark = sizeof(Digest);
  if (!file || (*file)->getBufferSize() < mark)
    return {};
  StringRef bytes = (*file)->getBuffer().drop_back(mark);
  Digest wanted = digest(bytes);
  if ((size && bytes.size() != *size) ||
      !llvm::equal(ArrayRef(bytes.bytes_end(), mark), wanted))
    return {};
  return std::vector<char>(bytes.begin(), bytes.end());
}

llvm::Error Checkpoint::keep(const llvm::Twine &name,
                             ArrayRef<StringRef> pieces) const {
  if (folder.empty())
    return llvm::Error::success();
  return llvm::writeToOutput(getFile(name), [&](raw_ostream &os) {
    for (StringRef piece : pieces)
      os << piece;
    Digest mark = digest(pieces);
    os.write(reinterpret_cast<const char *>(mark.data()), mark.size());
    return llvm::Error::success();
  });
}
