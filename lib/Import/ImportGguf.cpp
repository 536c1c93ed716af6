//===- ImportGguf.cpp - language models in GGUF files -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GgufModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Import/Models.h"
#include "squint/Numerics/Packed.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace squint;

namespace {

class GgufImporter : public WeightSource {
public:
  GgufImporter(StringRef path, MLIRContext &context,
               const ImportOptions &options)
      : path(path), context(context), options(options),
        stores(context.getOrLoadDialect<SquintDialect>()->getStores()) {}

  OwningOpRef<ModuleOp> run();

  bool has(StringRef name) override { return file->find(name) != nullptr; }
  Value getMatrix(OpBuilder &builder, StringRef name, int64_t first,
                  int64_t rows, int64_t total, int64_t columns) override;
  Value getVector(OpBuilder &builder, StringRef name, int64_t first,
                  int64_t size, int64_t total) override;

private:
  Location getLoc() { return FileLineColLoc::get(&context, path, 0, 0); }
  InFlightDiagnostic error() { return emitError(getLoc()); }
  InFlightDiagnostic tensorError(StringRef name) {
    return numbers->tensorError(name);
  }
  LogicalResult fail(llvm::Error failure) {
    return error() << llvm::toString(std::move(failure));
  }

  const GgufTensor *find(StringRef name, ArrayRef<int64_t> shape) {
    return numbers->find(name, shape);
  }
  TypedAttr refer(const GgufTensor &tensor, Type type, int64_t first,
                  int64_t rows);
  /// mxfp4, whose scales lie apart here.
  TypedAttr splitBlocks(const GgufTensor &tensor, PackedType type,
                        int64_t first);

  StringRef path;
  MLIRContext &context;
  const ImportOptions &options;
  DataStores &stores;
  std::string store;
  std::optional<GgufFile> file;
  std::optional<GgufModel> numbers;
};

} // namespace

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

/// f32, f16 or bf16; null for other types.
static Type getFloatType(MLIRContext *context, const GgufTensor &tensor) {
  Builder b(context);
  StringRef name = tensor.type->name;
  return name == "f32"    ? Type(b.getF32Type())
         : name == "f16"  ? Type(b.getF16Type())
         : name == "bf16" ? Type(b.getBF16Type())
                          : Type();
}

/// Some of the rows of a tensor, where they lie.
TypedAttr GgufImporter::refer(const GgufTensor &tensor, Type type,
                              int64_t first, int64_t rows) {
  uint64_t rowBytes = (tensor.end - tensor.begin) / tensor.shape[0];
  return DataAttr::get(&context, type, store,
                       int64_t(tensor.begin + uint64_t(first) * rowBytes),
                       int64_t(uint64_t(rows) * rowBytes), {});
}

/// A block is a byte of scale and 32 codes, those of the first half low.
TypedAttr GgufImporter::splitBlocks(const GgufTensor &tensor, PackedType type,
                                    int64_t first) {
  int64_t size = int64_t(tensor.type->block), half = size / 2,
          blockBytes = int64_t(tensor.type->bytes), rows = type.getRows();
  PlainLayout layout =
      PlainLayout::get(type.getFormat(), rows, type.getColumns());
  const char *blocks =
      file->bytes(tensor).data() + first * layout.columns / size * blockBytes;
  // GGML reads the number that the standard has for NaN as 2^128.
  for (int64_t i = 0; i < rows * layout.columns / size; ++i)
    if (uint8_t(blocks[i * blockBytes]) == 255) {
      tensorError(tensor.name) << "expected scales of at most 254, got 255";
      return {};
    }
  return stores.create(
      type, layout.totalBytes, [&](MutableArrayRef<char> payload) {
        llvm::fill(payload, 0);
        for (int64_t i = 0; i < rows * layout.columns / size; ++i) {
          const char *block = blocks + i * blockBytes;
          payload[layout.scalesOffset + i] = block[0];
          uint32_t codes[32];
          for (int64_t j = 0; j < half; ++j) {
            codes[j] = block[1 + j] & 15;
            codes[half + j] = uint8_t(block[1 + j]) >> 4;
          }
          packCodes(codes, size, type.getFormat().bits(),
                    payload.data() + i * half);
        }
      });
}

Value GgufImporter::getMatrix(OpBuilder &builder, StringRef name, int64_t first,
                              int64_t rows, int64_t total, int64_t columns) {
  const GgufTensor *tensor = find(name, {total, columns});
  if (!tensor)
    return {};
  Location loc = NameLoc::get(builder.getStringAttr(name), getLoc());
  if (Type element = getFloatType(&context, *tensor))
    return squint::ConstantOp::create(
        builder, loc,
        refer(*tensor, RankedTensorType::get({rows, columns}, element), first,
              rows));
  const Element *element = lookupElement(tensor->type->name);
  if (!element || (!element->blocks && element->name != "mxfp4")) {
    refusal(tensorError(name)) << "expected a type of weights that kernels "
                                  "read, got "
                               << tensor->type->name;
    return {};
  }
  auto type = PackedType::get({rows, columns},
                              FormatAttr::get(&context, element->name));
  TypedAttr data = element->blocks ? refer(*tensor, type, first, rows)
                                   : splitBlocks(*tensor, type, first);
  if (!data)
    return {};
  Value packed = squint::ConstantOp::create(builder, loc, data);
  return squint::DequantizeOp::create(
      builder, loc,
      RankedTensorType::get({rows, columns}, builder.getF32Type()), packed);
}

Value GgufImporter::getVector(OpBuilder &builder, StringRef name, int64_t first,
                              int64_t size, int64_t total) {
  const GgufTensor *tensor = find(name, {total});
  if (!tensor)
    return {};
  Type element = getFloatType(&context, *tensor);
  if (!element) {
    tensorError(name) << "expected f32, f16 or bf16, got "
                      << tensor->type->name;
    return {};
  }
  Location loc = NameLoc::get(builder.getStringAttr(name), getLoc());
  return squint::ConstantOp::create(
      builder, loc,
      refer(*tensor, RankedTensorType::get({size}, element), first, size));
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> GgufImporter::run() {
  stores.setBase(llvm::sys::path::parent_path(path));
  auto none = [&](llvm::Error failure) {
    (void)fail(std::move(failure));
    return nullptr;
  };
  llvm::Expected<std::string> name = stores.addFile(path);
  if (!name)
    return none(name.takeError());
  store = *name;
  llvm::Expected<const DataStore *> mapped = stores.lookup(store);
  if (!mapped)
    return none(mapped.takeError());
  llvm::Expected<GgufFile> parsed = GgufFile::parse((*mapped)->bytes());
  if (!parsed)
    return none(parsed.takeError());
  file.emplace(std::move(*parsed));

  numbers.emplace(*file, getLoc());
  if (failed(numbers->read()))
    return nullptr;

  std::string stem = llvm::sys::path::stem(path).str();
  for (char &c : stem)
    c = llvm::isAlnum(c) || c == '_' ? c : '_';
  OwningOpRef<ModuleOp> module = ModuleOp::create(
      getLoc(), stem.empty() ? StringRef("model") : StringRef(stem));
  if (failed(
          buildLanguageModel(*module, numbers->model, *this, options.dims)) ||
      failed(numbers->checkTensors()) || failed(verify(*module)))
    return nullptr;
  if (options.files)
    options.files->insert((*mapped)->path().str());
  return module;
}

bool squint::isGgufFile(StringRef path) {
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::status(path, status) ||
      !llvm::sys::fs::is_regular_file(status))
    return false;
  auto start = llvm::MemoryBuffer::getFileSlice(
      path, std::min<uint64_t>(status.getSize(), 4), 0);
  return start &&
         isGguf({(*start)->getBufferStart(), (*start)->getBufferSize()});
}

OwningOpRef<ModuleOp> squint::importGguf(StringRef path, MLIRContext &context,
                                         const ImportOptions &options) {
  DialectRegistry registry;
  registerImportDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<onnx::OnnxDialect, SquintDialect, func::FuncDialect>();
  return GgufImporter(path, context, options).run();
}
