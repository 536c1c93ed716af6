//===- Check.cpp - a model against ONNX's test data ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Check.h"

#include "squint/Numerics/FloatBits.h"

#include "onnx.pb.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cmath>
#include <cstring>

using namespace llvm;
using namespace squint;
using onnx::TensorProto;

namespace path = llvm::sys::path;

template <typename... Args>
static Error refuse(const char *format, Args... arguments) {
  return createStringError(inconvertibleErrorCode(), format, arguments...);
}

//===----------------------------------------------------------------------===//
// Tensors in protobufs
//===----------------------------------------------------------------------===//

static std::optional<squint_dtype> getDtype(int32_t type) {
  auto make = [](int code, int bits) {
    return squint_dtype{uint8_t(code), uint8_t(bits), 1};
  };
  switch (type) {
  case TensorProto::FLOAT:
    return make(SQUINT_DTYPE_FLOAT, 32);
  case TensorProto::UINT8:
    return make(SQUINT_DTYPE_UINT, 8);
  case TensorProto::INT8:
    return make(SQUINT_DTYPE_INT, 8);
  case TensorProto::UINT16:
    return make(SQUINT_DTYPE_UINT, 16);
  case TensorProto::INT16:
    return make(SQUINT_DTYPE_INT, 16);
  case TensorProto::INT32:
    return make(SQUINT_DTYPE_INT, 32);
  case TensorProto::INT64:
    return make(SQUINT_DTYPE_INT, 64);
  case TensorProto::BOOL:
    return make(SQUINT_DTYPE_BOOL, 8);
  case TensorProto::FLOAT16:
    return make(SQUINT_DTYPE_FLOAT, 16);
  case TensorProto::DOUBLE:
    return make(SQUINT_DTYPE_FLOAT, 64);
  case TensorProto::UINT32:
    return make(SQUINT_DTYPE_UINT, 32);
  case TensorProto::UINT64:
    return make(SQUINT_DTYPE_UINT, 64);
  case TensorProto::BFLOAT16:
    return make(SQUINT_DTYPE_BFLOAT, 16);
  case TensorProto::FLOAT8E4M3FN:
    return make(SQUINT_DTYPE_FLOAT8_E4M3FN, 8);
  case TensorProto::FLOAT8E4M3FNUZ:
    return make(SQUINT_DTYPE_FLOAT8_E4M3FNUZ, 8);
  case TensorProto::FLOAT8E5M2:
    return make(SQUINT_DTYPE_FLOAT8_E5M2, 8);
  case TensorProto::FLOAT8E5M2FNUZ:
    return make(SQUINT_DTYPE_FLOAT8_E5M2FNUZ, 8);
  case TensorProto::FLOAT8E8M0:
    return make(SQUINT_DTYPE_FLOAT8_E8M0FNU, 8);
  case TensorProto::FLOAT4E2M1:
    return make(SQUINT_DTYPE_FLOAT4_E2M1FN, 4);
  case TensorProto::UINT4:
    return make(SQUINT_DTYPE_UINT, 4);
  case TensorProto::INT4:
    return make(SQUINT_DTYPE_INT, 4);
  case TensorProto::UINT2:
    return make(SQUINT_DTYPE_UINT, 2);
  case TensorProto::INT2:
    return make(SQUINT_DTYPE_INT, 2);
  default:
    return std::nullopt;
  }
}

/// The elements of a typed field, each cut to the tensor's width.
template <typename Field>
static Error copyField(const Field &field, Array &array) {
  uint64_t size = getByteSize(array.dtype());
  if (field.size() != array.size())
    return refuse("expected %lld values, got %d", (long long)array.size(),
                  int(field.size()));
  char *to = array.bytes().data();
  for (auto value : field) {
    std::memcpy(to, &value, size);
    to += size;
  }
  return Error::success();
}

/// Elements of less than a byte are packed, the lowest bits first, in bytes or
/// in numbers that each hold one byte; here each takes a byte.
static Error unpack(const TensorProto &tensor, Array &array) {
  squint_dtype dtype = array.dtype();
  int64_t perByte = 8 / dtype.bits,
          bytes = (array.size() + perByte - 1) / perByte;
  bool isRaw = tensor.has_raw_data();
  int64_t given = isRaw ? tensor.raw_data().size() : tensor.int32_data_size();
  if (given != bytes)
    return refuse("expected %lld bytes, got %lld", (long long)bytes,
                  (long long)given);
  for (int64_t i = 0; i < array.size(); ++i) {
    uint8_t byte = isRaw ? tensor.raw_data()[i / perByte]
                         : tensor.int32_data(int(i / perByte));
    uint8_t code = byte >> (i % perByte * dtype.bits);
    int unused = 8 - dtype.bits;
    array.bytes()[i] = dtype.code == SQUINT_DTYPE_INT
                           ? char(int8_t(code << unused) >> unused)
                           : char(uint8_t(code << unused) >> unused);
  }
  return Error::success();
}

/// Nothing where the type is not one that a library takes.
static Expected<std::optional<Array>> toArray(const TensorProto &tensor) {
  std::optional<squint_dtype> dtype = getDtype(tensor.data_type());
  if (!dtype || tensor.data_location() == TensorProto::EXTERNAL)
    return std::nullopt;
  std::vector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  Expected<Array> array = Array::create(*dtype, shape);
  if (!array)
    return array.takeError();
  Error error = Error::success();
  if (dtype->bits < 8) {
    error = unpack(tensor, *array);
  } else if (tensor.has_raw_data()) {
    const std::string &raw = tensor.raw_data();
    if (raw.size() != array->bytes().size())
      error = refuse("expected %zu bytes, got %zu", array->bytes().size(),
                     raw.size());
    else
      std::memcpy(array->bytes().data(), raw.data(), raw.size());
  } else if (tensor.data_type() == TensorProto::FLOAT) {
    error = copyField(tensor.float_data(), *array);
  } else if (tensor.data_type() == TensorProto::DOUBLE) {
    error = copyField(tensor.double_data(), *array);
  } else if (tensor.data_type() == TensorProto::INT64) {
    error = copyField(tensor.int64_data(), *array);
  } else if (tensor.data_type() == TensorProto::UINT32 ||
             tensor.data_type() == TensorProto::UINT64) {
    error = copyField(tensor.uint64_data(), *array);
  } else {
    error = copyField(tensor.int32_data(), *array);
  }
  if (error)
    return std::move(error);
  return std::optional<Array>(std::move(*array));
}

/// Calls `read` with each message in field `number` of another one.
static bool forEachMessage(
    google::protobuf::io::CodedInputStream &in, int number,
    llvm::function_ref<bool(google::protobuf::io::CodedInputStream &)> read) {
  using google::protobuf::internal::WireFormatLite;
  for (uint32_t tag = in.ReadTag(); tag; tag = in.ReadTag()) {
    uint32_t length;
    if (WireFormatLite::GetTagFieldNumber(tag) != number) {
      if (!WireFormatLite::SkipField(&in, tag))
        return false;
      continue;
    }
    if (WireFormatLite::GetTagWireType(tag) !=
            WireFormatLite::WIRETYPE_LENGTH_DELIMITED ||
        !in.ReadVarint32(&length))
      return false;
    auto limit = in.PushLimit(int(length));
    if (!read(in))
      return false;
    in.PopLimit(limit);
  }
  return true;
}

namespace {
/// What a file holds: one tensor, or the elements of a sequence or an optional.
struct Elements {
  std::vector<std::optional<Array>> arrays;
  bool isAbsent = false;
};
} // namespace

/// An onnx.TensorProto, an onnx.SequenceProto (tensors in field 3) or an
/// onnx.OptionalProto (a tensor in field 3, a sequence in field 5).
static Expected<Elements> readFile(StringRef name, ValueKind kind) {
  using google::protobuf::io::CodedInputStream;
  auto buffer = MemoryBuffer::getFile(name, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return refuse("%s: %s", name.str().c_str(),
                  buffer.getError().message().c_str());
  StringRef bytes = (*buffer)->getBuffer();
  CodedInputStream in(bytes.bytes_begin(), int(bytes.size()));
  std::vector<TensorProto> tensors;
  bool isRead, isAbsent = false;
  auto readTensor = [&](CodedInputStream &from) {
    return tensors.emplace_back().ParseFromCodedStream(&from);
  };
  auto readSequence = [&](CodedInputStream &from) {
    isAbsent = false;
    return forEachMessage(from, 3, readTensor);
  };
  if (kind == ValueKind::Tensor) {
    isRead = readTensor(in);
  } else if (kind == ValueKind::OptionalSequence) {
    isAbsent = true;
    isRead = forEachMessage(in, 5, readSequence);
  } else {
    isRead = forEachMessage(in, 3, readTensor);
    isAbsent = kind == ValueKind::OptionalTensor && tensors.empty();
  }
  if (!isRead)
    return refuse("%s: expected a value of the type that the model says",
                  name.str().c_str());
  Elements elements;
  elements.isAbsent = isAbsent;
  for (const TensorProto &tensor : tensors) {
    Expected<std::optional<Array>> array = toArray(tensor);
    if (!array)
      return refuse("%s: %s", name.str().c_str(),
                    llvm::toString(array.takeError()).c_str());
    elements.arrays.push_back(std::move(*array));
  }
  return elements;
}

/// input_0.pb, input_1.pb, ...
static Expected<std::vector<Elements>> readAll(StringRef folder, StringRef kind,
                                               ArrayRef<ModelValue> values) {
  std::vector<Elements> all;
  for (unsigned file = 0;; ++file) {
    SmallString<128> name = folder;
    path::append(name, kind + "_" + Twine(file) + ".pb");
    if (!sys::fs::exists(name))
      return all;
    Expected<Elements> elements = readFile(
        name, file < values.size() ? values[file].kind : ValueKind::Tensor);
    if (!elements)
      return elements.takeError();
    all.push_back(std::move(*elements));
  }
}

/// All arrays of what is not fixed, in order.
static std::vector<std::optional<Array>> flatten(std::vector<Elements> all,
                                                 ArrayRef<ModelValue> values) {
  std::vector<std::optional<Array>> arrays;
  for (auto [i, elements] : enumerate(all))
    if (i >= values.size() || !values[i].isFixed)
      for (std::optional<Array> &array : elements.arrays)
        arrays.push_back(std::move(array));
  return arrays;
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

namespace {
struct Difference {
  double largest = 0; // of those that are too large
  int64_t index = -1;
  double got = 0, expected = 0;
  int64_t count = 0;
};
} // namespace

template <typename T> static T load(const char *from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

static double readFloat(squint_dtype dtype, const char *from) {
  if (dtype.code == SQUINT_DTYPE_BFLOAT)
    return bfloatToFloat(load<uint16_t>(from));
  switch (dtype.bits) {
  case 16:
    return halfToFloat(load<uint16_t>(from));
  case 32:
    return load<float>(from);
  default:
    return load<double>(from);
  }
}

static double readInteger(squint_dtype dtype, const char *from) {
  bool isSigned = dtype.code == SQUINT_DTYPE_INT;
  switch (dtype.bits) {
  case 2:
  case 4: // in a byte
  case 8:
    return isSigned ? load<int8_t>(from) : load<uint8_t>(from);
  case 16:
    return isSigned ? load<int16_t>(from) : load<uint16_t>(from);
  case 32:
    return isSigned ? load<int32_t>(from) : load<uint32_t>(from);
  default:
    return isSigned ? double(load<int64_t>(from))
                    : double(load<uint64_t>(from));
  }
}

static Difference compare(const Array &got, const Array &expected) {
  Difference difference;
  squint_dtype dtype = expected.dtype();
  uint64_t size = getByteSize(dtype);
  bool isFloat =
      dtype.code == SQUINT_DTYPE_FLOAT || dtype.code == SQUINT_DTYPE_BFLOAT;
  // A sum that cancels is off by what its terms are rounded by.
  double largest = 0;
  for (int64_t i = 0; isFloat && i < expected.size(); ++i)
    if (double y =
            std::fabs(readFloat(dtype, expected.bytes().data() + i * size));
        std::isfinite(y))
      largest = std::max(largest, y);
  double slack = 1e-7 + std::ldexp(largest, -22);
  for (int64_t i = 0; i < expected.size(); ++i) {
    const char *a = got.bytes().data() + i * size;
    const char *b = expected.bytes().data() + i * size;
    if (!std::memcmp(a, b, size))
      continue;
    double x = isFloat ? readFloat(dtype, a) : readInteger(dtype, a);
    double y = isFloat ? readFloat(dtype, b) : readInteger(dtype, b);
    if (isFloat) {
      if (x == y || (std::isnan(x) && std::isnan(y)))
        continue;
      if (std::isfinite(x) && std::isfinite(y) &&
          std::fabs(x - y) <= slack + 1e-3 * std::fabs(y))
        continue;
    }
    double error =
        std::isfinite(x) && std::isfinite(y) ? std::fabs(x - y) : INFINITY;
    if (!difference.count++ || error > difference.largest) {
      difference.largest = error;
      difference.index = i;
      difference.got = x;
      difference.expected = y;
    }
  }
  return difference;
}

static CheckResult compareOutput(const squint_value_v1 &value, StringRef set,
                                 const Array &got, const Array &expected) {
  if (got.dtype() != expected.dtype() || got.shape() != expected.shape()) {
    outs() << set << ": output '" << value.name << "': expected "
           << toString(expected.dtype(), expected.shape()) << ", got "
           << toString(got.dtype(), got.shape()) << "\n";
    return CheckResult::Different;
  }
  Difference difference = compare(got, expected);
  if (!difference.count)
    return CheckResult::Same;
  outs() << set << ": output '" << value.name << "': largest error "
         << format("%.3g at element %lld: expected %.9g, got %.9g; %lld of "
                   "%lld elements differ\n",
                   difference.largest, (long long)difference.index,
                   difference.expected, difference.got,
                   (long long)difference.count, (long long)expected.size());
  return CheckResult::Different;
}

static CheckResult unsupported(const Twine &what) {
  llvm::errs() << "unsupported: " << what << "\n";
  return CheckResult::Unsupported;
}

static Expected<CheckResult>
checkSet(Session &session, const ModelValues &values, StringRef folder) {
  auto givenInputs = readAll(folder, "input", values.inputs);
  if (!givenInputs)
    return givenInputs.takeError();
  auto givenOutputs = readAll(folder, "output", values.outputs);
  if (!givenOutputs)
    return givenOutputs.takeError();
  std::vector<std::optional<Array>> inputs = flatten(std::move(*givenInputs),
                                                     values.inputs),
                                    expected = flatten(std::move(*givenOutputs),
                                                       values.outputs);
  if (expected.empty())
    return refuse("%s: expected input_*.pb and output_*.pb",
                  folder.str().c_str());
  const squint_library &library = session.library();
  StringRef set = path::filename(folder);
  for (const auto *list : {&inputs, &expected})
    for (const std::optional<Array> &array : *list)
      if (!array)
        return unsupported(set + ": a value that is no tensor of numbers");
  if (inputs.size() != library.num_inputs ||
      expected.size() != library.num_outputs)
    return refuse("%s: expected %u inputs and %u outputs, got %zu and %zu",
                  folder.str().c_str(), library.num_inputs, library.num_outputs,
                  inputs.size(), expected.size());

  std::vector<const Array *> pointers;
  for (const std::optional<Array> &array : inputs)
    pointers.push_back(&*array);
  Expected<std::vector<Array>> outputs = session.run(pointers);
  if (!outputs)
    return refuse("%s: %s", set.str().c_str(),
                  llvm::toString(outputs.takeError()).c_str());
  CheckResult result = CheckResult::Same;
  for (uint32_t i = 0; i < library.num_outputs; ++i)
    if (compareOutput(library.outputs[i], set, (*outputs)[i], *expected[i]) !=
        CheckResult::Same)
      result = CheckResult::Different;
  return result;
}

/// The folders with data of a folder that may be one itself.
static Expected<std::vector<std::string>> findSets(StringRef folder) {
  std::vector<std::string> sets;
  std::error_code code;
  for (sys::fs::directory_iterator i(folder, code), end; !code && i != end;
       i.increment(code))
    if (path::filename(i->path()).starts_with("test_data_set_"))
      sets.push_back(i->path());
  if (code)
    return refuse("%s: %s", folder.str().c_str(), code.message().c_str());
  llvm::sort(sets);
  if (sets.empty())
    sets.push_back(folder.str());
  return sets;
}

Expected<std::map<std::string, InputElements>>
squint::readInputElements(const ModelValues &values, StringRef folder) {
  std::map<std::string, InputElements> all;
  if (llvm::all_of(values.inputs, [](const ModelValue &value) {
        return value.kind == ValueKind::Tensor;
      }))
    return all;
  Expected<std::vector<std::string>> sets = findSets(folder);
  if (!sets)
    return sets.takeError();
  auto inputs = readAll(sets->front(), "input", values.inputs);
  if (!inputs)
    return inputs.takeError();
  for (const auto &[value, elements] : llvm::zip(values.inputs, *inputs)) {
    if (value.kind == ValueKind::Tensor)
      continue;
    InputElements &own = all[value.name];
    own.isAbsent = elements.isAbsent;
    for (const std::optional<Array> &array : elements.arrays)
      own.shapes.push_back(array ? array->shape().vec()
                                 : std::vector<int64_t>());
  }
  return all;
}

Expected<std::map<std::string, std::vector<int64_t>>>
squint::readInputValues(const ModelValues &values, StringRef folder) {
  constexpr int64_t kMostNumbers = 16;
  std::map<std::string, std::vector<int64_t>> all;
  Expected<std::vector<std::string>> sets = findSets(folder);
  if (!sets)
    return sets.takeError();
  // One library has one set of constants.
  if (sets->size() != 1)
    return all;
  auto inputs = readAll(sets->front(), "input", values.inputs);
  if (!inputs)
    return inputs.takeError();
  for (const auto &[value, elements] : llvm::zip(values.inputs, *inputs)) {
    if (value.kind != ValueKind::Tensor || !elements.arrays.front())
      continue;
    const Array &array = *elements.arrays.front();
    squint_dtype dtype = array.dtype();
    bool isInteger = dtype.code == SQUINT_DTYPE_INT ||
                     dtype.code == SQUINT_DTYPE_UINT ||
                     dtype.code == SQUINT_DTYPE_BOOL;
    if (!isInteger || dtype.bits < 8 || array.size() < 1 ||
        array.size() > kMostNumbers)
      continue;
    uint64_t size = getByteSize(dtype);
    for (int64_t i = 0; i < array.size(); ++i) {
      int64_t number = 0;
      std::memcpy(&number, array.bytes().data() + i * size, size);
      if (dtype.code == SQUINT_DTYPE_INT)
        number = SignExtend64(number, dtype.bits);
      all[value.name].push_back(number);
    }
  }
  return all;
}

Expected<CheckResult> squint::check(Session &session, const ModelValues &values,
                                    StringRef folder) {
  Expected<std::vector<std::string>> sets = findSets(folder);
  if (!sets)
    return sets.takeError();
  CheckResult result = CheckResult::Same;
  for (const std::string &set : *sets) {
    Expected<CheckResult> one = checkSet(session, values, set);
    if (!one || *one == CheckResult::Unsupported)
      return one;
    if (*one == CheckResult::Different)
      result = *one;
  }
  if (result == CheckResult::Same)
    outs() << sets->size() << " data sets: same\n";
  return result;
}
