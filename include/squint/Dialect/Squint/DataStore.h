//===- DataStore.h - files and buffers behind #squint.data --*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// Weights never pass through text, folding or LLVM constants. An attribute
// holds a store's name and a range; the bytes stay in a mapped file, or in a
// buffer of a pass that rewrote them.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DIALECT_SQUINT_DATASTORE_H
#define SQUINT_DIALECT_SQUINT_DATASTORE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace squint {

class DataAttr;
class PackedType;

/// Bytes that attributes refer to: a mapped file, or memory (spilled to an
/// unlinked temporary file past a bound).
class DataStore {
public:
  virtual ~DataStore();
  virtual llvm::ArrayRef<char> bytes() const = 0;
  virtual bool isFile() const = 0;
  /// Absolute path of a file store, empty for memory.
  virtual llvm::StringRef path() const { return {}; }
};

/// All stores of a context, by the name that attributes use. Thread-safe.
class DataStores {
public:
  /// The folder that relative names are resolved in: that of the model or of
  /// the `.mlir` file. Names that leave it are refused, unless they lie in one
  /// of the allowed folders.
  void setBase(llvm::StringRef folder);
  llvm::StringRef getBase() const { return base; }
  void allow(llvm::StringRef folder);

  /// Maps a file of the model and returns its store's name, the path relative
  /// to the base. An absolute path is taken as it is only through `addFile`,
  /// never from an attribute.
  llvm::Expected<std::string> addFile(llvm::StringRef path);

  /// The bytes of an attribute, in stored order. An error names the store and
  /// the rule that is broken.
  llvm::Expected<llvm::ArrayRef<char>> get(DataAttr data);

  /// Whole store by name; opens files on demand.
  llvm::Expected<const DataStore *> lookup(llvm::StringRef name);

  /// A new buffer of `size` bytes, filled by `fill`, 64-byte aligned; the
  /// attribute refers to all of it.
  DataAttr create(mlir::Type type, int64_t size,
                  llvm::function_ref<void(llvm::MutableArrayRef<char>)> fill);

  /// Frees the buffers in memory that no attribute under `root` refers to.
  void collect(mlir::Operation *root);

  /// While this lives, `collect` leaves the buffers alone that were there
  /// before: a part of a model can be compiled by itself without losing the
  /// weights of the rest.
  class Hold {
  public:
    explicit Hold(DataStores &stores) : stores(stores), previous(stores.held) {
      stores.held = stores.nextBuffer;
    }
    ~Hold() { stores.held = previous; }
    Hold(const Hold &) = delete;

  private:
    DataStores &stores;
    int64_t previous;
  };

  /// Writes every piece of `root` whose file does not lie in the folder of
  /// `path`, and every buffer in memory, to the safetensors file `path`, and
  /// rewrites the attributes to refer to it by its file name. Returns the
  /// number of bytes written; writes no file when nothing needs to move.
  llvm::Expected<int64_t> externalize(mlir::Operation *root,
                                      llvm::StringRef path);

private:
  llvm::Expected<std::string> resolve(llvm::StringRef name) const;

  std::string base;
  std::vector<std::string> allowed;
  llvm::StringMap<std::unique_ptr<DataStore>> stores;
  int64_t nextBuffer = 0;
  int64_t held = 0; // buffers before this one are not collected
  int64_t bytesInMemory = 0;
  std::recursive_mutex mutex;
};

/// The bytes of a constant's value (an inline dense attribute or
/// `#squint.data`), in the order of its type's shape: a permutation is carried
/// out into `scratch`. Sub-byte element types are one element a byte inline,
/// packed in data.
llvm::Expected<llvm::ArrayRef<char>>
getConstantBytes(mlir::TypedAttr value, std::vector<char> &scratch);

} // namespace squint

#endif
