//===- DataStore.cpp - files and buffers behind #squint.data ----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/DataStore.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Operation.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace squint;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

/// Buffers in memory past this many bytes go to temporary files.
static constexpr int64_t memoryBound = int64_t(1) << 30;

DataStore::~DataStore() = default;

template <typename... Args>
static llvm::Error makeError(const char *format, const Args &...args) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), format,
                                 args...);
}

namespace {

class FileStore : public DataStore {
public:
  static llvm::Expected<std::unique_ptr<DataStore>> open(StringRef file) {
    // Opening a pipe would wait for someone to write to it.
    fs::file_status status;
    if (!fs::status(file, status) && !fs::is_regular_file(status))
      return makeError("expected a regular file, got '%s'", file.str().c_str());
    llvm::Expected<fs::file_t> handle = fs::openNativeFileForRead(file);
    if (!handle)
      return makeError("cannot open '%s': %s", file.str().c_str(),
                       llvm::toString(handle.takeError()).c_str());
    auto close = llvm::scope_exit([&] { fs::closeFile(*handle); });
    if (std::error_code error = fs::status(*handle, status))
      return makeError("cannot read '%s': %s", file.str().c_str(),
                       error.message().c_str());
    if (!fs::is_regular_file(status))
      return makeError("expected a regular file, got '%s'", file.str().c_str());
    auto store = std::make_unique<FileStore>();
    store->file = file.str();
    if (status.getSize()) {
      std::error_code error;
      store->region =
          fs::mapped_file_region(*handle, fs::mapped_file_region::readonly,
                                 status.getSize(), 0, error);
      if (error)
        return makeError("cannot map '%s': %s", file.str().c_str(),
                         error.message().c_str());
    }
    return store;
  }
  ArrayRef<char> bytes() const override {
    return region ? ArrayRef<char>(region.const_data(), region.size())
                  : ArrayRef<char>();
  }
  bool isFile() const override { return true; }
  StringRef path() const override { return file; }

private:
  std::string file;
  fs::mapped_file_region region;
};

/// Anonymous memory, or an unlinked file that the kernel can write back.
class BufferStore : public DataStore {
public:
  BufferStore(int64_t size, bool spill) : size(size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
    if (spill) {
      SmallString<128> name;
      if (!fs::createTemporaryFile("squint", "data", fd, name)) {
        ::unlink(name.c_str());
        if (!::ftruncate(fd, size))
          flags = MAP_SHARED;
      }
    }
    void *address =
        ::mmap(nullptr, std::max<int64_t>(size, 1), PROT_READ | PROT_WRITE,
               flags, flags == MAP_SHARED ? fd : -1, 0);
    if (fd >= 0)
      ::close(fd);
    data = address == MAP_FAILED ? nullptr : static_cast<char *>(address);
    if (!data)
      llvm::report_bad_alloc_error("cannot allocate a weight's buffer");
  }
  ~BufferStore() override { ::munmap(data, std::max<int64_t>(size, 1)); }
  ArrayRef<char> bytes() const override {
    return {data, static_cast<size_t>(size)};
  }
  MutableArrayRef<char> mutableBytes() {
    return {data, static_cast<size_t>(size)};
  }
  bool isFile() const override { return false; }

private:
  char *data;
  int64_t size;
};

} // namespace

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static std::string realPath(StringRef file) {
  SmallString<256> real;
  if (fs::real_path(file, real))
    return {};
  return real.str().str();
}

/// Whether `file` lies in `folder` or below; both without links.
static bool liesIn(StringRef file, StringRef folder) {
  return !folder.empty() && file.starts_with(folder) &&
         (folder.ends_with("/") ||
          file.drop_front(folder.size()).starts_with("/"));
}

void DataStores::setBase(StringRef folder) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  base = realPath(folder.empty() ? "." : folder);
}

void DataStores::allow(StringRef folder) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  if (std::string real = realPath(folder); !real.empty())
    allowed.push_back(real);
}

llvm::Expected<std::string> DataStores::resolve(StringRef name) const {
  if (base.empty())
    return makeError("expected a model with a folder to find '%s' in",
                     name.str().c_str());
  SmallString<256> joined;
  if (path::is_absolute(name))
    joined = name;
  else
    path::append(joined, base, name);
  std::string real = realPath(joined);
  if (real.empty())
    return makeError("cannot open '%s': no such file", name.str().c_str());
  if (!liesIn(real, base) && llvm::none_of(allowed, [&](StringRef folder) {
        return liesIn(real, folder);
      }))
    return makeError("expected data inside the model's folder, got '%s' (see "
                     "--allow-external)",
                     name.str().c_str());
  return real;
}

llvm::Expected<std::string> DataStores::addFile(StringRef file) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  std::string real = realPath(file);
  if (real.empty())
    return makeError("cannot open '%s': no such file", file.str().c_str());
  std::string name =
      liesIn(real, base)
          ? real.substr(base.size() + (StringRef(base).ends_with("/") ? 0 : 1))
          : real;
  auto [it, isNew] = stores.try_emplace(name);
  if (isNew) {
    llvm::Expected<std::unique_ptr<DataStore>> store = FileStore::open(real);
    if (!store) {
      stores.erase(it);
      return store.takeError();
    }
    it->second = std::move(*store);
  }
  return name;
}

llvm::Expected<const DataStore *> DataStores::lookup(StringRef name) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  if (auto it = stores.find(name); it != stores.end())
    return it->second.get();
  if (name.starts_with("#"))
    return makeError("expected a file, got the buffer '%s' of another process",
                     name.str().c_str());
  llvm::Expected<std::string> real = resolve(name);
  if (!real)
    return real.takeError();
  llvm::Expected<std::unique_ptr<DataStore>> store = FileStore::open(*real);
  if (!store)
    return store.takeError();
  return (stores[name] = std::move(*store)).get();
}

llvm::Expected<ArrayRef<char>> DataStores::get(DataAttr data) {
  llvm::Expected<const DataStore *> store = lookup(data.getStore());
  if (!store)
    return store.takeError();
  ArrayRef<char> bytes = (*store)->bytes();
  uint64_t offset = data.getOffset(), length = data.getLength();
  if (offset > bytes.size() || length > bytes.size() - offset)
    return makeError(
        "expected %llu bytes at offset %llu of '%s', which has %zu",
        (unsigned long long)length, (unsigned long long)offset,
        data.getStore().str().c_str(), bytes.size());
  return bytes.slice(offset, length);
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

DataAttr
DataStores::create(Type type, int64_t size,
                   llvm::function_ref<void(MutableArrayRef<char>)> fill) {
  std::string name;
  BufferStore *buffer;
  {
    std::lock_guard<std::recursive_mutex> lock(mutex);
    name = "#" + std::to_string(nextBuffer++);
    bool spill = bytesInMemory + size > memoryBound;
    auto store = std::make_unique<BufferStore>(size, spill);
    bytesInMemory += spill ? 0 : size;
    buffer = store.get();
    stores[name] = std::move(store);
  }
  fill(buffer->mutableBytes());
  return DataAttr::get(type.getContext(), type, name, 0, size, {});
}

static void walkData(Operation *root,
                     llvm::function_ref<void(Operation *, DataAttr)> visit) {
  root->walk([&](Operation *op) {
    AttrTypeWalker walker;
    walker.addWalk([&](DataAttr data) { visit(op, data); });
    walker.walk(op->getAttrDictionary());
    if (auto constant = dyn_cast<ConstantOp>(op))
      if (DataAttr data = constant.getData())
        visit(op, data);
  });
}

void DataStores::collect(Operation *root) {
  llvm::StringSet<> live;
  walkData(root,
           [&](Operation *, DataAttr data) { live.insert(data.getStore()); });
  std::lock_guard<std::recursive_mutex> lock(mutex);
  SmallVector<StringRef> dead;
  auto isHeld = [&](StringRef name) {
    int64_t index;
    return name.consume_front("#") && !name.getAsInteger(10, index) &&
           index < held;
  };
  for (auto &entry : stores)
    if (!entry.second->isFile() && !live.contains(entry.first()) &&
        !isHeld(entry.first()))
      dead.push_back(entry.first());
  for (StringRef name : dead) {
    bytesInMemory =
        std::max<int64_t>(0, bytesInMemory - stores[name]->bytes().size());
    stores.erase(name);
  }
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static StringRef safetensorsType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return "U8";
  Type element = tensor.getElementType();
  if (element.isF32())
    return "F32";
  if (element.isF16())
    return "F16";
  if (element.isBF16())
    return "BF16";
  if (element.isF64())
    return "F64";
  if (element.isInteger(64))
    return element.isUnsignedInteger() ? "U64" : "I64";
  if (element.isInteger(32))
    return element.isUnsignedInteger() ? "U32" : "I32";
  if (element.isInteger(16))
    return element.isUnsignedInteger() ? "U16" : "I16";
  if (element.isInteger(8))
    return element.isUnsignedInteger() ? "U8" : "I8";
  if (element.isInteger(1))
    return "BOOL";
  return "U8";
}

llvm::Expected<int64_t> DataStores::externalize(Operation *root,
                                                StringRef file) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  SmallString<256> absolute(file);
  fs::make_absolute(absolute);
  std::string folder = realPath(path::parent_path(absolute));
  if (folder.empty())
    return makeError("cannot write '%s': no such folder", file.str().c_str());

  // What moves, in the order of its first use, and what stays under a name
  // relative to the new folder.
  struct Piece {
    ArrayRef<char> bytes;
    std::string name;
    DataAttr first;
    int64_t offset = 0;
  };
  using Range = std::tuple<StringRef, int64_t, int64_t>;
  llvm::MapVector<Range, Piece> moved;
  llvm::StringMap<std::string> kept;
  llvm::StringSet<> names;
  llvm::Error failure = llvm::Error::success();
  std::string own = folder + "/" + path::filename(file).str();
  walkData(root, [&](Operation *op, DataAttr data) {
    if (failure)
      return;
    llvm::Expected<ArrayRef<char>> bytes = get(data);
    if (!bytes) {
      failure = bytes.takeError();
      return;
    }
    const DataStore &store = **lookup(data.getStore());
    if (store.isFile() && liesIn(store.path(), folder) && store.path() != own) {
      kept[data.getStore()] = store.path().drop_front(folder.size() + 1).str();
      return;
    }
    Range range{data.getStore(), data.getOffset(), data.getLength()};
    auto [it, isNew] = moved.try_emplace(range);
    if (!isNew)
      return;
    std::string name = getNodeName(op).str();
    if (name.empty())
      name = "constant";
    for (int i = 1; !names.insert(name).second; ++i)
      name = getNodeName(op).str() + "#" + std::to_string(i);
    it->second = {*bytes, name, data};
  });
  if (failure)
    return std::move(failure);

  int64_t written = 0;
  if (!moved.empty()) {
    llvm::json::Object header;
    for (auto &[range, piece] : moved) {
      piece.offset = written;
      written += piece.bytes.size();
      llvm::json::Array shape;
      if (safetensorsType(piece.first.getType()) != "U8" ||
          isa<RankedTensorType>(piece.first.getType()))
        for (int64_t dim : piece.first.getStoredShape())
          shape.push_back(dim);
      bool whole = isa<RankedTensorType>(piece.first.getType()) &&
                   cast<RankedTensorType>(piece.first.getType())
                               .getElementTypeBitWidth() %
                           8 ==
                       0;
      header[piece.name] = llvm::json::Object{
          {"dtype",
           whole ? safetensorsType(piece.first.getType()) : StringRef("U8")},
          {"shape", whole ? llvm::json::Value(std::move(shape))
                          : llvm::json::Value(llvm::json::Array{
                                int64_t(piece.bytes.size())})},
          {"data_offsets",
           llvm::json::Array{piece.offset,
                             piece.offset + int64_t(piece.bytes.size())}}};
      written = llvm::alignTo(written, 8);
    }
    std::string text;
    llvm::raw_string_ostream(text) << llvm::json::Value(std::move(header));
    text.append(llvm::alignTo(8 + text.size(), 64) - 8 - text.size(), ' ');
    int64_t start = 8 + text.size();
    llvm::Error error =
        llvm::writeToOutput(file, [&](raw_ostream &os) -> llvm::Error {
          uint64_t length = text.size();
          os.write(reinterpret_cast<const char *>(&length), 8) << text;
          int64_t at = 0;
          for (auto &[range, piece] : moved) {
            os.write_zeros(piece.offset - at);
            os.write(piece.bytes.data(), piece.bytes.size());
            at = piece.offset + piece.bytes.size();
          }
          os.write_zeros(written - at);
          return llvm::Error::success();
        });
    if (error)
      return std::move(error);
    for (auto &[range, piece] : moved)
      piece.offset += start;
    written += start;
  }

  AttrTypeReplacer replacer;
  std::string ownName = path::filename(file).str();
  replacer.addReplacement(
      [&](DataAttr data) -> std::optional<std::pair<Attribute, WalkResult>> {
        auto it = moved.find(
            Range{data.getStore(), data.getOffset(), data.getLength()});
        DataAttr replacement =
            it != moved.end()
                ? DataAttr::get(data.getContext(), data.getType(), ownName,
                                it->second.offset, data.getLength(),
                                data.getPermutation())
                : DataAttr::get(data.getContext(), data.getType(),
                                kept.lookup(data.getStore()), data.getOffset(),
                                data.getLength(), data.getPermutation());
        return std::make_pair(replacement, WalkResult::skip());
      });
  root->walk([&](Operation *op) {
    replacer.replaceElementsIn(op, /*replaceAttrs=*/true);
  });
  setBase(folder);
  stores.erase(ownName);
  return written;
}

//===----------------------------------------------------------------------===//
// Reading a constant
//===----------------------------------------------------------------------===//

/// dst, in the order of `shape`, from src, whose dimension p[i] is dst's
/// dimension i; `size` bytes an element.
static void permute(const char *src, char *dst, ArrayRef<int64_t> shape,
                    ArrayRef<int64_t> storedStrides,
                    ArrayRef<int64_t> permutation, int64_t size) {
  int64_t rank = shape.size(), rows = shape[rank - 2],
          columns = shape[rank - 1];
  int64_t rowStride = storedStrides[permutation[rank - 2]],
          columnStride = storedStrides[permutation[rank - 1]];
  int64_t matrices = 1;
  for (int64_t dim : shape.drop_back(2))
    matrices *= dim;
  // Square blocks keep both sides in cache.
  constexpr int64_t block = 32;
  SmallVector<int64_t> index(rank, 0);
  for (int64_t m = 0; m < matrices; ++m) {
    int64_t base = 0;
    for (int64_t i = 0; i < rank - 2; ++i)
      base += index[i] * storedStrides[permutation[i]];
    char *out = dst + m * rows * columns * size;
    for (int64_t r0 = 0; r0 < rows; r0 += block)
      for (int64_t c0 = 0; c0 < columns; c0 += block)
        for (int64_t r = r0; r < std::min(rows, r0 + block); ++r)
          for (int64_t c = c0; c < std::min(columns, c0 + block); ++c)
            memcpy(out + (r * columns + c) * size,
                   src + (base + r * rowStride + c * columnStride) * size,
                   size);
    for (int64_t i = rank - 3; i >= 0 && ++index[i] == shape[i]; --i)
      index[i] = 0;
  }
}

llvm::Expected<ArrayRef<char>>
squint::getConstantBytes(TypedAttr value, std::vector<char> &scratch) {
  if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    ArrayRef<char> raw = dense.getRawData();
    Type element = dense.getElementType();
    int64_t count = dense.getNumElements();
    if (element.isInteger(1)) {
      scratch.clear();
      for (bool bit : dense.getValues<bool>())
        scratch.push_back(bit);
      return ArrayRef<char>(scratch);
    }
    if (!dense.isSplat())
      return raw;
    scratch.clear();
    for (int64_t i = 0; i < count; ++i)
      scratch.insert(scratch.end(), raw.begin(), raw.end());
    return ArrayRef<char>(scratch);
  }
  auto data = dyn_cast<DataAttr>(value);
  if (!data)
    return makeError("expected #squint.data or a dense attribute");
  auto *dialect = data.getContext()->getLoadedDialect<SquintDialect>();
  llvm::Expected<ArrayRef<char>> bytes = dialect->getStores().get(data);
  ArrayRef<int64_t> permutation = data.getPermutation();
  if (!bytes || permutation.empty() ||
      llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return bytes;
  auto type = cast<RankedTensorType>(data.getType());
  unsigned bits = type.getElementTypeBitWidth();
  if (bits != 1 && bits % 8)
    return makeError(
        "expected elements of whole bytes in a transposed constant");
  SmallVector<int64_t> stored = data.getStoredShape(),
                       strides(stored.size(), 1);
  for (int64_t i = static_cast<int64_t>(stored.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * stored[i + 1];
  scratch.resize(data.getLength());
  permute(bytes->data(), scratch.data(), type.getShape(), strides, permutation,
          std::max(1u, bits / 8));
  return ArrayRef<char>(scratch);
}
