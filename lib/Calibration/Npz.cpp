//===- Npz.cpp - numpy's archives of arrays -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Npz.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>
#include <zip.h>

using namespace llvm;
using namespace squint;

template <typename... Args>
static Error refuse(const char *format, Args... arguments) {
  return createStringError(inconvertibleErrorCode(), format, arguments...);
}

//===----------------------------------------------------------------------===//
// The header of an array
//===----------------------------------------------------------------------===//

namespace {

/// numpy writes a dictionary of three entries as Python would print it.
class HeaderParser {
public:
  HeaderParser(StringRef text, NpzEntry &entry) : text(text), entry(entry) {}
  Error parse();

private:
  void skip() { text = text.ltrim(" \n\t"); }
  bool take(StringRef token) {
    skip();
    return text.consume_front(token);
  }
  bool takeString(StringRef &value);
  Error parseDescr();
  Error parseShape();
  Error unexpected() {
    return refuse("expected numpy's header, got '%s'",
                  text.split('\n').first.take_front(40).str().c_str());
  }

  StringRef text;
  NpzEntry &entry;
};

} // namespace

bool HeaderParser::takeString(StringRef &value) {
  skip();
  if (text.empty() || (text[0] != '\'' && text[0] != '"'))
    return false;
  size_t end = text.find(text[0], 1);
  if (end == StringRef::npos)
    return false;
  value = text.slice(1, end);
  text = text.drop_front(end + 1);
  return true;
}

Error HeaderParser::parseDescr() {
  StringRef descr;
  if (!takeString(descr))
    return refuse("expected an array of numbers, got a structured type");
  static const struct {
    StringLiteral name;
    squint_dtype dtype;
  } types[] = {
      {"b1", {SQUINT_DTYPE_BOOL, 8, 1}},   {"i1", {SQUINT_DTYPE_INT, 8, 1}},
      {"i2", {SQUINT_DTYPE_INT, 16, 1}},   {"i4", {SQUINT_DTYPE_INT, 32, 1}},
      {"i8", {SQUINT_DTYPE_INT, 64, 1}},   {"u1", {SQUINT_DTYPE_UINT, 8, 1}},
      {"u2", {SQUINT_DTYPE_UINT, 16, 1}},  {"u4", {SQUINT_DTYPE_UINT, 32, 1}},
      {"u8", {SQUINT_DTYPE_UINT, 64, 1}},  {"f2", {SQUINT_DTYPE_FLOAT, 16, 1}},
      {"f4", {SQUINT_DTYPE_FLOAT, 32, 1}}, {"f8", {SQUINT_DTYPE_FLOAT, 64, 1}}};
  for (const auto &type : types)
    if (descr.size() == 3 && descr.drop_front() == type.name &&
        (descr[0] == '<' || (descr[0] == '|' && type.dtype.bits == 8))) {
      entry.dtype = type.dtype;
      return Error::success();
    }
  return refuse("expected little-endian numbers of a type from bool to "
                "float64, got '%s'",
                descr.str().c_str());
}

Error HeaderParser::parseShape() {
  if (!take("("))
    return unexpected();
  while (!take(")")) {
    skip();
    uint64_t extent;
    if (text.consumeInteger(10, extent) || extent > INT64_MAX)
      return unexpected();
    text.consume_front("L"); // Python 2
    entry.shape.push_back(int64_t(extent));
    if (entry.shape.size() > 64)
      return refuse("expected at most 64 dimensions");
    if (!take(",") && !text.ltrim().starts_with(")"))
      return unexpected();
  }
  return Error::success();
}

Error HeaderParser::parse() {
  bool descr = false, order = false, shape = false;
  if (!take("{"))
    return unexpected();
  while (!take("}")) {
    StringRef key;
    if (!takeString(key) || !take(":"))
      return unexpected();
    if (key == "descr" && !descr) {
      descr = true;
      if (Error error = parseDescr())
        return error;
    } else if (key == "fortran_order" && !order) {
      order = true;
      entry.fortranOrder = take("True");
      if (!entry.fortranOrder && !take("False"))
        return unexpected();
    } else if (key == "shape" && !shape) {
      shape = true;
      if (Error error = parseShape())
        return error;
    } else {
      return unexpected();
    }
    if (!take(",") && !text.ltrim().starts_with("}"))
      return unexpected();
  }
  if (!descr || !order || !shape)
    return refuse("expected descr, fortran_order and shape in the header");
  return Error::success();
}

/// Elements times their size, or nothing beyond 2^63.
static std::optional<uint64_t> getDataSize(const NpzEntry &entry) {
  int64_t size = int64_t(getByteSize(entry.dtype));
  for (int64_t extent : entry.shape)
    if (MulOverflow(size, extent, size))
      return std::nullopt;
  return uint64_t(size);
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

struct FileCloser {
  void operator()(zip_file_t *file) const { zip_fclose(file); }
};
using ZipFile = std::unique_ptr<zip_file_t, FileCloser>;

Error readFully(zip_file_t *file, MutableArrayRef<char> out) {
  while (!out.empty()) {
    zip_int64_t count = zip_fread(file, out.data(), out.size());
    if (count < 0)
      return refuse("%s", zip_file_strerror(file));
    if (count == 0)
      return refuse("expected %zu more bytes, got the end", out.size());
    out = out.drop_front(size_t(count));
  }
  return Error::success();
}

using ReadBytes = function_ref<Error(MutableArrayRef<char>)>;

/// Reads a header from the start of an array of `fileSize` bytes.
Error readHeader(ReadBytes read, uint64_t fileSize, NpzEntry &entry) {
  char head[12];
  if (Error error = read(MutableArrayRef(head, 8)))
    return error;
  if (std::memcmp(head, "\x93NUMPY", 6))
    return refuse("expected an array as numpy saves it");
  unsigned major = uint8_t(head[6]), lengthBytes = major == 1 ? 2 : 4;
  if (major < 1 || major > 3)
    return refuse("expected version 1 to 3 of the format, got %u", major);
  if (Error error = read(MutableArrayRef(head + 8, lengthBytes)))
    return error;
  uint64_t length = 0;
  for (unsigned i = lengthBytes; i-- > 0;)
    length = length << 8 | uint8_t(head[8 + i]);
  if (length > (1 << 20))
    return refuse("expected a header of at most 1 MiB, got %llu bytes",
                  (unsigned long long)length);
  std::string text(length, '\0');
  if (Error error = read(MutableArrayRef(text.data(), length)))
    return error;
  if (Error error = HeaderParser(text, entry).parse())
    return error;
  entry.headerSize = 8 + lengthBytes + length;
  std::optional<uint64_t> size = getDataSize(entry);
  if (!size || fileSize - entry.headerSize != *size)
    return refuse("expected the elements of %s, got %llu bytes",
                  toString(entry.dtype, entry.shape).c_str(),
                  (unsigned long long)(fileSize - entry.headerSize));
  return Error::success();
}

/// Opens an entry at its first element.
Expected<ZipFile> openData(zip_t *archive, const NpzEntry &entry) {
  ZipFile file(zip_fopen_index(archive, entry.zipIndex, 0));
  if (!file)
    return refuse("%s", zip_strerror(archive));
  std::vector<char> header(entry.headerSize);
  if (Error error = readFully(file.get(), header))
    return std::move(error);
  return file;
}

/// out[i0][i1]... = in[...][i1][i0], the elements being `size` bytes.
void fromFortranOrder(ArrayRef<char> in, MutableArrayRef<char> out,
                      ArrayRef<int64_t> shape, uint64_t size) {
  std::vector<uint64_t> strides(shape.size()), index(shape.size());
  uint64_t stride = size;
  for (size_t d = 0; d < shape.size(); ++d) {
    strides[d] = stride;
    stride *= shape[d];
  }
  uint64_t from = 0;
  for (uint64_t to = 0; to < out.size(); to += size) {
    std::memcpy(out.data() + to, in.data() + from, size);
    for (size_t d = shape.size(); d-- > 0;) {
      from += strides[d];
      if (++index[d] < uint64_t(shape[d]))
        break;
      from -= strides[d] * index[d];
      index[d] = 0;
    }
  }
}

class StreamedRows : public NpzRows {
public:
  StreamedRows(std::string name, ZipFile file)
      : name(std::move(name)), file(std::move(file)) {}
  Error read(MutableArrayRef<char> out) override {
    if (Error error = readFully(file.get(), out))
      return refuse("%s: %s", name.c_str(),
                    llvm::toString(std::move(error)).c_str());
    return Error::success();
  }

private:
  std::string name;
  ZipFile file;
};

class WholeRows : public NpzRows {
public:
  WholeRows(std::string name, Array array)
      : name(std::move(name)), array(std::move(array)) {}
  Error read(MutableArrayRef<char> out) override {
    ArrayRef<char> rest = array.bytes().drop_front(position);
    if (rest.size() < out.size())
      return refuse("%s: expected %zu more bytes, got the end", name.c_str(),
                    out.size() - rest.size());
    std::memcpy(out.data(), rest.data(), out.size());
    position += out.size();
    return Error::success();
  }

private:
  std::string name;
  Array array;
  size_t position = 0;
};

} // namespace

NpzRows::~NpzRows() = default;

NpzReader::~NpzReader() {
  if (archive)
    zip_discard(static_cast<zip_t *>(archive));
}

Expected<std::unique_ptr<NpzReader>> NpzReader::open(StringRef path) {
  std::unique_ptr<NpzReader> reader(new NpzReader);
  reader->path = path.str();
  int code = 0;
  zip_t *archive = zip_open(reader->path.c_str(), ZIP_RDONLY, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return refuse("%s: %s", reader->path.c_str(), text.c_str());
  }
  reader->archive = archive;

  StringSet<> names;
  for (zip_int64_t i = 0, e = zip_get_num_entries(archive, 0); i < e; ++i) {
    zip_stat_t status;
    zip_stat_init(&status);
    if (zip_stat_index(archive, i, 0, &status) ||
        !(status.valid & ZIP_STAT_NAME) || !(status.valid & ZIP_STAT_SIZE))
      return refuse("%s: %s", reader->path.c_str(), zip_strerror(archive));
    NpzEntry entry;
    StringRef name = status.name;
    if (!name.consume_back(".npy"))
      return refuse("%s: expected arrays, got an entry '%s'",
                    reader->path.c_str(), name.str().c_str());
    entry.name = name.str();
    entry.zipIndex = i;
    if (!names.insert(name).second)
      return refuse("%s: '%s' is there twice", reader->path.c_str(),
                    entry.name.c_str());
    ZipFile file(zip_fopen_index(archive, i, 0));
    Error error = file ? readHeader(
                             [&](MutableArrayRef<char> out) {
                               return readFully(file.get(), out);
                             },
                             status.size, entry)
                       : refuse("%s", zip_strerror(archive));
    if (error)
      return refuse("%s: '%s': %s", reader->path.c_str(), entry.name.c_str(),
                    llvm::toString(std::move(error)).c_str());
    reader->arrays.push_back(std::move(entry));
  }
  return reader;
}

const NpzEntry *NpzReader::find(StringRef name) const {
  for (const NpzEntry &entry : arrays)
    if (entry.name == name)
      return &entry;
  return nullptr;
}

Expected<Array> NpzReader::read(const NpzEntry &entry) {
  auto fail = [&](Error error) {
    return refuse("%s: '%s': %s", path.c_str(), entry.name.c_str(),
                  llvm::toString(std::move(error)).c_str());
  };
  Expected<ZipFile> file = openData(static_cast<zip_t *>(archive), entry);
  if (!file)
    return fail(file.takeError());
  Expected<Array> array = Array::create(entry.dtype, entry.shape);
  if (!array)
    return fail(array.takeError());
  if (Error error = readFully(file->get(), array->bytes()))
    return fail(std::move(error));
  if (!entry.fortranOrder)
    return array;
  Expected<Array> transposed = Array::create(entry.dtype, entry.shape);
  if (!transposed)
    return fail(transposed.takeError());
  fromFortranOrder(array->bytes(), transposed->bytes(), entry.shape,
                   getByteSize(entry.dtype));
  return transposed;
}

Expected<std::unique_ptr<NpzRows>> NpzReader::rows(const NpzEntry &entry) {
  std::string label = path + ": '" + entry.name + "'";
  if (entry.fortranOrder) {
    Expected<Array> array = read(entry);
    if (!array)
      return array.takeError();
    return std::make_unique<WholeRows>(label, std::move(*array));
  }
  Expected<ZipFile> file = openData(static_cast<zip_t *>(archive), entry);
  if (!file)
    return refuse("%s: %s", label.c_str(),
                  llvm::toString(file.takeError()).c_str());
  return std::make_unique<StreamedRows>(label, std::move(*file));
}

Expected<Array> squint::readNpy(StringRef path) {
  auto fail = [&](Error error) {
    return refuse("%s: %s", path.str().c_str(),
                  llvm::toString(std::move(error)).c_str());
  };
  sys::fs::file_status status;
  if (std::error_code error = sys::fs::status(path, status))
    return fail(errorCodeToError(error));
  if (!sys::fs::is_regular_file(status))
    return refuse("%s: expected a regular file", path.str().c_str());
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return fail(errorCodeToError(buffer.getError()));
  StringRef rest = (*buffer)->getBuffer();
  auto read = [&](MutableArrayRef<char> out) -> Error {
    if (rest.size() < out.size())
      return refuse("expected %zu more bytes, got the end",
                    out.size() - rest.size());
    llvm::copy(rest.take_front(out.size()), out.begin());
    rest = rest.drop_front(out.size());
    return Error::success();
  };
  NpzEntry entry;
  if (Error error = readHeader(read, rest.size(), entry))
    return fail(std::move(error));
  Expected<Array> array = Array::create(entry.dtype, entry.shape);
  if (!array)
    return fail(array.takeError());
  if (entry.fortranOrder)
    fromFortranOrder(ArrayRef(rest.data(), rest.size()), array->bytes(),
                     entry.shape, getByteSize(entry.dtype));
  else
    llvm::copy(rest, array->bytes().begin());
  return array;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static std::string makeHeader(const Array &array) {
  squint_dtype dtype = getNpzType(array.dtype());
  char kind = dtype.code == SQUINT_DTYPE_BOOL    ? 'b'
              : dtype.code == SQUINT_DTYPE_INT   ? 'i'
              : dtype.code == SQUINT_DTYPE_FLOAT ? 'f'
                                                 : 'u';
  uint64_t size = getByteSize(dtype);
  std::string text = "{'descr': '" + std::string(size == 1 ? "|" : "<") + kind +
                     std::to_string(size) +
                     "', 'fortran_order': False, 'shape': (";
  for (auto [index, extent] : enumerate(array.shape()))
    text += (index ? ", " : "") + std::to_string(extent);
  text += array.shape().size() == 1 ? ",), }" : "), }";
  text.resize(alignTo(text.size() + 11, 64) - 11, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += char(text.size() & 0xff);
  header += char(text.size() >> 8);
  return header + text;
}

Error squint::writeNpy(StringRef path, const Array &array) {
  if (Error error = writeToOutput(path, [&](raw_ostream &os) {
        os << makeHeader(array);
        os.write(array.bytes().data(), array.bytes().size());
        return Error::success();
      }))
    return refuse("%s: %s", path.str().c_str(),
                  llvm::toString(std::move(error)).c_str());
  return Error::success();
}

Error squint::writeNpz(StringRef path, ArrayRef<NamedArray> arrays) {
  // libzip writes aside and renames.
  int code = 0;
  std::string name = path.str();
  zip_t *archive = zip_open(name.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    return refuse("%s: %s", name.c_str(), text.c_str());
  }
  auto fail = [&] {
    std::string text = zip_strerror(archive);
    zip_discard(archive);
    return refuse("%s: %s", name.c_str(), text.c_str());
  };
  // What the sources point into until the archive is closed.
  std::vector<std::string> headers;
  std::vector<std::array<zip_buffer_fragment_t, 2>> fragments;
  headers.reserve(arrays.size());
  fragments.reserve(arrays.size());
  for (const NamedArray &named : arrays) {
    headers.push_back(makeHeader(*named.array));
    ArrayRef<char> bytes = named.array->bytes();
    auto pointer = [](const char *p) {
      return reinterpret_cast<zip_uint8_t *>(const_cast<char *>(p));
    };
    fragments.push_back(
        {{{pointer(headers.back().data()), headers.back().size()},
          {pointer(bytes.data()), bytes.size()}}});
    zip_source_t *source = zip_source_buffer_fragment(
        archive, fragments.back().data(), bytes.empty() ? 1 : 2, 0);
    if (!source)
      return fail();
    zip_int64_t index = zip_file_add(archive, (named.name + ".npy").c_str(),
                                     source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return fail();
    }
    // 1980-01-01, as numpy does.
    if (zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) ||
        zip_file_set_dostime(archive, index, 0, (1 << 5) | 1, 0))
      return fail();
  }
  if (arrays.empty())
    return zip_discard(archive), refuse("%s: no arrays to write", name.c_str());
  if (zip_close(archive))
    return fail();
  return Error::success();
}
