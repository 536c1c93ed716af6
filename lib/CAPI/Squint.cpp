//===- Squint.cpp - the compiler in C ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint-c/Squint.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "squint/Driver/OpenModel.h"
#include "squint/Import/Diagnostics.h"
#include "squint/Pipelines/Register.h"
#include "squint/Runtime/Conversation.h"
#include "squint/Transforms/Passes.h"
#include "squint/Transforms/Recipe.h"

using namespace mlir;
using namespace squint;

struct SquintLibrary {
  std::unique_ptr<Library> library;
};

struct SquintSampler {
  Sampler sampler;
};

namespace {

/// Hands on what is written.
class Stream : public llvm::raw_ostream {
public:
  explicit Stream(SquintStream to) : raw_ostream(/*unbuffered=*/true), to(to) {}

private:
  void write_impl(const char *text, size_t size) override {
    if (to.write)
      to.write(to.user, text, size);
    written += size;
  }
  uint64_t current_pos() const override { return written; }

  SquintStream to;
  uint64_t written = 0;
};

} // namespace

static int32_t fail(Stream &diagnostics, const llvm::Twine &message) {
  diagnostics << "error: " << message << "\n";
  return 1;
}

static StringRef orEmpty(const char *text) { return text ? text : ""; }

const char *squintGetVersion(void) { return SQUINT_VERSION; }

//===----------------------------------------------------------------------===//
// Compiling
//===----------------------------------------------------------------------===//

int32_t squintGetOption(size_t index, SquintOptionInfo *info) {
  ArrayRef<CompileOption> options = getCompileOptions();
  if (index >= options.size())
    return 0;
  const CompileOption &option = options[index];
  *info = {option.name.data(), option.value.data(), option.description.data(),
           int32_t(option.field.index())};
  return 1;
}

static llvm::Error setAll(CompileOptions &options,
                          ArrayRef<SquintOption> given) {
  for (const SquintOption &option : given)
    if (llvm::Error error =
            options.set(orEmpty(option.name), orEmpty(option.value)))
      return error;
  return llvm::Error::success();
}

int32_t squintCompile(const char *model, const char *output,
                      const SquintOption *given, size_t count, SquintStream out,
                      SquintStream diagnostics) {
  Stream written(out), errors(diagnostics);
  CompileOptions options;
  options.input = orEmpty(model);
  options.output = orEmpty(output);
  if (llvm::Error error = setAll(options, ArrayRef(given, count)))
    return fail(errors, llvm::toString(std::move(error)));
  return failed(compile(options, {written, errors}));
}

int32_t squintRunPipeline(const char *text, size_t size, const char *pipeline,
                          const char *folder, const char *store,
                          SquintStream out, SquintStream diagnostics) {
  Stream written(out), errors(diagnostics);
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllPasses();
  StringRef base = orEmpty(folder);
  setDataFolder(registry, base.empty() ? "." : base, {});
  MLIRContext context(registry);
  DiagnosticPrinter printer(&context, errors);
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(
      StringRef(text, size), &context, /*sourceName=*/"text");
  if (!module)
    return 1;
  StringRef passes = orEmpty(pipeline).trim();
  if (passes.consume_front("builtin.module(") && !passes.consume_back(")"))
    return fail(errors, "expected ')' at the end of the pipeline");
  PassManager manager(&context);
  if (failed(parsePassPipeline(passes, manager, errors)))
    return 1;
  ExternalizeDataOptions weights;
  weights.path = orEmpty(store).str();
  manager.addPass(createExternalizeData(weights));
  if (failed(manager.run(*module)))
    return 1;
  module->print(written);
  return 0;
}

int32_t squintCheckRecipe(const char *file, SquintStream diagnostics) {
  Stream errors(diagnostics);
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  DiagnosticPrinter printer(&context, errors);
  return failed(readRecipe(&context, orEmpty(file)));
}

//===----------------------------------------------------------------------===//
// Libraries
//===----------------------------------------------------------------------===//

int32_t squintOpenLibrary(const char *file, SquintLibrary **library,
                          SquintStream diagnostics) {
  Stream errors(diagnostics);
  llvm::Expected<std::unique_ptr<Library>> opened =
      Library::open(orEmpty(file));
  if (!opened)
    return fail(errors, llvm::toString(opened.takeError()));
  *library = new SquintLibrary{std::move(*opened)};
  return 0;
}

int32_t squintOpenModel(const char *model, const SquintOption *given,
                        size_t count, SquintLibrary **library,
                        SquintStream diagnostics) {
  Stream errors(diagnostics);
  CompileOptions options;
  options.input = orEmpty(model);
  if (llvm::Error error = setAll(options, ArrayRef(given, count)))
    return fail(errors, llvm::toString(std::move(error)));
  std::unique_ptr<Library> opened = openModel(options, {llvm::nulls(), errors});
  if (!opened)
    return 1;
  *library = new SquintLibrary{std::move(opened)};
  return 0;
}

int32_t squintIsModel(const char *path) { return isModelPath(orEmpty(path)); }

const squint_library *squintGetTable(const SquintLibrary *library) {
  return &library->library->table();
}

void squintCloseLibrary(SquintLibrary *library) { delete library; }

int32_t squintIsLanguageModel(const squint_library *table) {
  return Conversation::isSupportedBy(*table);
}

//===----------------------------------------------------------------------===//
// Choosing tokens
//===----------------------------------------------------------------------===//

SquintSampler *squintCreateSampler(float temperature, int64_t top_k,
                                   float top_p, float min_p, uint64_t seed) {
  return new SquintSampler{
      Sampler(SamplerOptions{temperature, top_k, top_p, min_p, seed})};
}

int64_t squintPickToken(SquintSampler *sampler, const float *logits,
                        size_t count) {
  return sampler->sampler.pick(ArrayRef(logits, count));
}

void squintDestroySampler(SquintSampler *sampler) { delete sampler; }
