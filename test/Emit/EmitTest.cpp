//===- EmitTest.cpp - libraries, loaded and in process ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Testing.h"

#include "squint/Emit/Emit.h"
#include "squint/Emit/Jit.h"
#include "squint/Runtime/Library.h"

#include <cmath>

using namespace mlir;
using namespace squint;
using namespace squint::test;

namespace {

using Files = EmitTest;

#if defined(__x86_64__)

/// y = x * [1, 2, 3, 4], with any number of rows and threads.
void expectScales(const squint_library &library, llvm::StringRef weights = "") {
  for (int threads : {1, 2, 3})
    for (int64_t batch : {0, 1, 2, 7, 100}) {
      auto session = Session::create(library, {threads, weights.str()});
      ASSERT_TRUE(bool(session)) << llvm::toString(session.takeError());
      std::vector<float> x(batch * 4);
      for (size_t i = 0; i < x.size(); ++i)
        x[i] = float(i) - 5;
      Array input = makeArray<float>(kFloat32, {batch, 4}, x);
      const Array *inputs[] = {&input};
      auto outputs = (*session)->run(inputs);
      ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
      ASSERT_EQ(outputs->size(), 1u);
      ASSERT_EQ((*outputs)[0].shape(), llvm::ArrayRef<int64_t>({batch, 4}));
      auto *y = reinterpret_cast<const float *>((*outputs)[0].bytes().data());
      for (size_t i = 0; i < x.size(); ++i)
        ASSERT_EQ(y[i], x[i] * float(i % 4 + 1));
      EXPECT_EQ(library.workspace_bytes((*session)->context()),
                uint64_t(batch) * 16);
    }
}

TEST_F(Files, SharedLibraryRuns) {
  auto module = scale();
  EmitOptions options;
  options.output = path("my-model.so");
  ASSERT_TRUE(succeeded(emitLibrary(*module, options))) << diagnostics;
  auto library = Library::open(options.output);
  ASSERT_TRUE(bool(library)) << llvm::toString(library.takeError());
  EXPECT_STREQ((*library)->table().name, "my_model");
  EXPECT_STREQ((*library)->table().launches[0].node, "/scale/Mul");
  expectScales((*library)->table());
  EXPECT_TRUE(llvm::sys::fs::exists(path("my-model.h")));
}

TEST_F(Files, JitRuns) {
  auto module = scale();
  auto library = JitLibrary::create(*module);
  ASSERT_TRUE(succeeded(library)) << diagnostics;
  module = {};
  expectScales((*library)->table());
}

TEST_F(Files, WeightsFileIsFoundBesideTheLibrary) {
  auto module = scale();
  EmitOptions options;
  options.output = path("m.so");
  options.weightsFile = path("m.safetensors");
  ASSERT_TRUE(succeeded(emitLibrary(*module, options))) << diagnostics;
  auto library = Library::open(options.output);
  ASSERT_TRUE(bool(library)) << llvm::toString(library.takeError());
  EXPECT_STREQ((*library)->table().weights_file, "m.safetensors");
  expectScales((*library)->table());

  ASSERT_FALSE(llvm::sys::fs::rename(path("m.safetensors"), path("other")));
  auto session = Session::create((*library)->table(), {});
  ASSERT_FALSE(bool(session));
  EXPECT_NE(llvm::toString(session.takeError()).find("No such file"),
            std::string::npos);
  expectScales((*library)->table(), path("other"));
}

TEST_F(Files, WeightsBeyondTheBoundGoIntoAFile) {
  auto module = scale();
  EmitOptions options;
  options.output = path("m.so");
  options.maxEmbeddedBytes = 63;
  ASSERT_TRUE(succeeded(emitLibrary(*module, options))) << diagnostics;
  EXPECT_TRUE(llvm::sys::fs::exists(path("m.safetensors")));
}

std::string errorOf(const squint_library &library, squint_tensor tensor,
                    int32_t expected) {
  squint_options options = {};
  options.struct_size = sizeof(options);
  options.threads = 1;
  squint_model *model = nullptr;
  squint_context *context = nullptr;
  EXPECT_EQ(library.model_create(&options, &model), SQUINT_OK);
  EXPECT_EQ(library.context_create(model, &options, &context), SQUINT_OK);
  alignas(64) float y[4];
  int64_t shape[] = {1, 4};
  squint_tensor output = {y, {1, 0}, 2, kFloat32, shape, nullptr, 0};
  EXPECT_EQ(library.run(context, nullptr, &tensor, &output), expected);
  std::string text = library.error_text(context);
  library.context_destroy(context);
  library.model_destroy(model);
  return text;
}

TEST_F(Files, RefusedTensors) {
  auto module = scale();
  auto jit = JitLibrary::create(*module);
  ASSERT_TRUE(succeeded(jit)) << diagnostics;
  const squint_library &library = (*jit)->table();
  alignas(64) float x[8] = {};
  int64_t good[] = {1, 4}, wide[] = {1, 5}, negative[] = {-1, 4},
          two[] = {2, 4}, strides[] = {8, 2};
  squint_tensor tensor = {x, {1, 0}, 2, kFloat32, good, nullptr, 0};
  auto with = [&](auto change) {
    squint_tensor changed = tensor;
    change(changed);
    return changed;
  };
  EXPECT_EQ(errorOf(library, tensor, SQUINT_OK), "");
  EXPECT_EQ(errorOf(library, with([](auto &t) { t.ndim = 1; }),
                    SQUINT_SHAPE_MISMATCH),
            "input \"x\": expected rank 2, got 1");
  EXPECT_EQ(errorOf(library, with([&](auto &t) { t.shape = wide; }),
                    SQUINT_SHAPE_MISMATCH),
            "input \"x\": expected 4 as dimension 1, got 5");
  EXPECT_EQ(errorOf(library, with([&](auto &t) { t.shape = negative; }),
                    SQUINT_SHAPE_MISMATCH),
            "input \"x\": expected 0 to 2^40 as dimension 0, got -1");
  EXPECT_EQ(errorOf(library, with([&](auto &t) { t.shape = two; }),
                    SQUINT_SHAPE_MISMATCH),
            "output \"y\": expected 2 as dimension 0, got 1");
  EXPECT_EQ(errorOf(library, with([&](auto &t) { t.shape = nullptr; }),
                    SQUINT_INVALID_ARGUMENT),
            "input \"x\": expected a shape, got a null pointer");
  EXPECT_EQ(errorOf(library, with([](auto &t) { t.data = nullptr; }),
                    SQUINT_INVALID_ARGUMENT),
            "input \"x\": expected data, got a null pointer");
  EXPECT_EQ(errorOf(library, with([](auto &t) { t.byte_offset = 2; }),
                    SQUINT_INVALID_ARGUMENT),
            "input \"x\": expected data at a multiple of 4 bytes");
  EXPECT_EQ(errorOf(library, with([&](auto &t) { t.strides = strides; }),
                    SQUINT_UNSUPPORTED),
            "input \"x\": expected contiguous elements, got strides");
  EXPECT_EQ(errorOf(library, with([](auto &t) { t.device.device_type = 2; }),
                    SQUINT_UNSUPPORTED),
            "input \"x\": expected a tensor of the CPU (device type 1), got "
            "device type 2, number 0");
  EXPECT_EQ(errorOf(library, with([](auto &t) { t.dtype.bits = 64; }),
                    SQUINT_TYPE_MISMATCH),
            "input \"x\": expected DLPack type code 2 with 32 bits, got code 2 "
            "with 64 bits and 1 lanes");
  int64_t contiguous[] = {99, 1};
  EXPECT_EQ(errorOf(library, with([&](auto &t) { t.strides = contiguous; }),
                    SQUINT_OK),
            "");
}

/// Counts what a context asks for, and can refuse.
struct Allocator {
  int64_t live = 0, calls = 0, left = INT64_MAX;
  static void *allocate(void *user, size_t size, size_t alignment) {
    auto *self = static_cast<Allocator *>(user);
    if (self->left-- <= 0)
      return nullptr;
    self->live += size;
    ++self->calls;
    void *pointer = nullptr;
    return posix_memalign(&pointer, alignment, size) ? nullptr : pointer;
  }
  static void deallocate(void *user, void *pointer, size_t size) {
    static_cast<Allocator *>(user)->live -= size;
    free(pointer);
  }
};

int32_t runSerially(void *user, squint_body body, void *args, int64_t n,
                    int64_t grain) {
  ++*static_cast<int *>(user);
  // Backwards: the order must not matter.
  for (int64_t i = (n - 1) / grain * grain; i >= 0; i -= grain)
    if (int32_t status = body(args, i, std::min(i + grain, n), 0))
      return status;
  return 0;
}

TEST_F(Files, CallersAllocatorAndThreads) {
  auto module = scale();
  auto jit = JitLibrary::create(*module);
  ASSERT_TRUE(succeeded(jit)) << diagnostics;
  const squint_library &library = (*jit)->table();
  Allocator allocator;
  int launches = 0;
  squint_options options = {};
  options.struct_size = sizeof(options);
  options.threads = 2;
  options.allocate = Allocator::allocate;
  options.deallocate = Allocator::deallocate;
  options.allocator_user = &allocator;
  options.parallel_for = runSerially;
  options.parallel_for_user = &launches;
  squint_model *model;
  squint_context *context;
  ASSERT_EQ(library.model_create(&options, &model), SQUINT_OK);
  ASSERT_EQ(library.context_create(model, &options, &context), SQUINT_OK);

  alignas(64) float x[28], y[28];
  for (int i = 0; i < 28; ++i)
    x[i] = float(i);
  int64_t shape[] = {7, 4};
  squint_tensor in = {x, {1, 0}, 2, kFloat32, shape, nullptr, 0}, out = in;
  out.data = y;
  ASSERT_EQ(library.run(context, nullptr, &in, &out), SQUINT_OK);
  for (int i = 0; i < 28; ++i)
    EXPECT_EQ(y[i], x[i] * float(i % 4 + 1));
  EXPECT_EQ(launches, 1);
  // Known and smaller shapes need nothing.
  int64_t calls = allocator.calls;
  for (int64_t batch : {7, 3, 1, 7}) {
    shape[0] = batch;
    ASSERT_EQ(library.run(context, nullptr, &in, &out), SQUINT_OK);
  }
  EXPECT_EQ(allocator.calls, calls);
  // A refusal is an error, and the context can go on.
  allocator.left = 0;
  shape[0] = 1000000;
  EXPECT_EQ(library.prepare(context, &in), SQUINT_OUT_OF_MEMORY);
  EXPECT_STREQ(library.error_text(context),
               "cannot allocate a workspace of 16000000 bytes");
  allocator.left = INT64_MAX;
  shape[0] = 7;
  EXPECT_EQ(library.run(context, nullptr, &in, &out), SQUINT_OK);
  library.context_destroy(context);
  library.model_destroy(model);
  EXPECT_EQ(allocator.live, 0);
}

TEST_F(Files, ProfileCountsLaunches) {
  auto module = scale();
  auto jit = JitLibrary::create(*module);
  ASSERT_TRUE(succeeded(jit)) << diagnostics;
  const squint_library &library = (*jit)->table();
  auto session = cantFail(Session::create(library, {2, ""}));
  Array input = cantFail(Array::create(kFloat32, {64, 4}));
  const Array *inputs[] = {&input};
  cantFail(session->run(inputs).takeError());
  squint_profile_v1 profile;
  ASSERT_EQ(library.profile_read(session->context(), 0, &profile), SQUINT_OK);
  EXPECT_EQ(profile.calls, 0u);
  library.profile(session->context(), 1);
  for (int i = 0; i < 3; ++i)
    cantFail(session->run(inputs).takeError());
  ASSERT_EQ(library.profile_read(session->context(), 0, &profile), SQUINT_OK);
  EXPECT_EQ(profile.calls, 3u);
  EXPECT_EQ(library.profile_read(session->context(), 1, &profile),
            SQUINT_INVALID_ARGUMENT);
}

/// Flushing of subnormals, which some programs switch on, does not reach the
/// kernels.
TEST_F(Files, FloatingPointModeOfTheCallerDoesNotMatter) {
  auto module = scale();
  auto jit = JitLibrary::create(*module);
  ASSERT_TRUE(succeeded(jit)) << diagnostics;
  auto session = cantFail(Session::create((*jit)->table(), {2, ""}));
  std::vector<float> x(40, 1e-40f);
  Array input = makeArray<float>(kFloat32, {10, 4}, x);
  const Array *inputs[] = {&input};
  auto before = cantFail(session->run(inputs));
  uint32_t mode = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(mode | 0x8040 | 0x6000);
  auto after = session->run(inputs);
  uint32_t kept = __builtin_ia32_stmxcsr();
  __builtin_ia32_ldmxcsr(mode);
  EXPECT_EQ(cantFail(std::move(after))[0].bytes(), before[0].bytes());
  EXPECT_EQ(kept & 0xffc0, (mode | 0x8040 | 0x6000) & 0xffc0);
  EXPECT_EQ(reinterpret_cast<const float *>(before[0].bytes().data())[1],
            2 * 1e-40f);
}

/// A table that says what it needs refuses before code of that kind runs.
TEST_F(Files, MissingProcessorFeaturesAreAStatus) {
  auto module = scale("\"x86_64-unknown-linux-gnu\", \"x86-64\", "
                      "\"+avx512vnni,+avx512bw,+avx512cd,+avx512dq,+avx512vl,"
                      "+avx512bf16,+fma,+f16c,+sse4.2,+popcnt\"");
  auto jit = JitLibrary::create(*module);
  ASSERT_TRUE(succeeded(jit)) << diagnostics;
  squint_options options = {};
  options.struct_size = sizeof(options);
  char text[200] = "";
  options.error_buffer = text;
  options.error_buffer_size = sizeof(text);
  squint_model *model;
  int32_t status = (*jit)->table().model_create(&options, &model);
  if (__builtin_cpu_supports("avx512bf16") &&
      __builtin_cpu_supports("avx512vnni")) {
    EXPECT_EQ(status, SQUINT_OK);
    (*jit)->table().model_destroy(model);
  } else {
    EXPECT_EQ(status, SQUINT_UNSUPPORTED);
    EXPECT_NE(std::string(text).find("expected a processor"),
              std::string::npos);
  }
}

#endif // __x86_64__

TEST_F(Files, EveryKindIsWritten) {
  auto module = scale();
  for (llvm::StringRef name : {"m.o", "m.a", "m.s", "m.ll"}) {
    EmitOptions options;
    options.output = path(name);
    ASSERT_TRUE(succeeded(emitLibrary(*module, options))) << diagnostics;
    EXPECT_TRUE(llvm::sys::fs::exists(path(name)));
  }
}

std::string read(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

TEST_F(Files, OutputIsReproducible) {
  for (llvm::StringRef name : {"m.so", "m.a", "m.o"}) {
    std::string bytes[2];
    for (int i = 0; i < 2; ++i) {
      auto module = scale();
      std::string sub = path(std::to_string(i));
      llvm::sys::fs::create_directory(sub);
      EmitOptions options;
      options.output = sub + "/" + name.str();
      ASSERT_TRUE(succeeded(emitLibrary(*module, options))) << diagnostics;
      bytes[i] = read(options.output) + read(sub + "/m.h");
    }
    EXPECT_EQ(bytes[0], bytes[1]) << name.str();
    EXPECT_EQ(bytes[0].find(std::string(folder)), std::string::npos);
  }
}

/// Names are the model's: they may not get out of a comment or clash.
TEST_F(Files, HeaderOfHostileNames) {
  auto module = scale();
  Builder b(&context);
  auto input = cast<DictionaryAttr>(
      (*module)->getAttrOfType<ArrayAttr>("squint.inputs")[0]);
  std::vector<Attribute> inputs;
  for (llvm::StringRef name :
       {"*/ int evil; /*", "line\\\nbreak", "a_1", "a", "A", "\xc3\xa9", ""}) {
    NamedAttrList renamed(input);
    renamed.set("name", b.getStringAttr(name));
    inputs.push_back(renamed.getDictionary(&context));
  }
  (*module)->setAttr("squint.inputs", b.getArrayAttr(inputs));
  EmitOptions options;
  options.output = path("m.o");
  ASSERT_TRUE(succeeded(emitLibrary(*module, options))) << diagnostics;
  auto header = llvm::MemoryBuffer::getFile(path("m.h"));
  llvm::StringRef text = (*header)->getBuffer();
  EXPECT_EQ(text.find("*/ int evil"), llvm::StringRef::npos);
  EXPECT_EQ(text.find("line\\"), llvm::StringRef::npos);
  std::string command = "gcc -std=c11 -Wall -Wextra -Werror -pedantic -x c "
                        "-fsyntax-only " +
                        path("m.h");
  EXPECT_EQ(std::system(command.c_str()), 0) << text.str();
}

std::vector<std::string> list(llvm::StringRef folder) {
  std::vector<std::string> names;
  std::error_code code;
  for (llvm::sys::fs::directory_iterator i(folder, code), end; i != end;
       i.increment(code))
    names.push_back(i->path());
  return names;
}

TEST_F(Files, FailuresLeaveNothing) {
  auto expect = [&](EmitOptions options, llvm::StringRef text) {
    auto module = scale();
    diagnostics.clear();
    EXPECT_TRUE(failed(emitLibrary(*module, options)));
    EXPECT_NE(diagnostics.find(text.str()), std::string::npos) << diagnostics;
    EXPECT_TRUE(list(folder).empty());
  };
  EmitOptions options;
  options.output = path("no/such/folder/m.so");
  expect(options, "No such file or directory");
  options.output = path("m.dll");
  expect(options, "expected an output that ends in .so");
  options.output = path("m.so");
  options.linker = "no-such-linker";
  expect(options, "cannot find the linker 'no-such-linker'");
  options.linker = "/bin/false";
  expect(options, "/bin/false: exit 1");
  options.linker = "";
  options.sysroot = std::string(folder);
  expect(options, "expected libc.so.6");
  options.sysroot = "";
  options.header = path("no/m.h");
  expect(options, "No such file or directory");
  options.header.reset();
  options.weightsFile = path("no/w.safetensors");
  expect(options, "No such file or directory");
}

TEST_F(Files, ModulesWithoutWhatTheyNeed) {
  auto expect = [&](auto change, llvm::StringRef text) {
    auto module = scale();
    change(*module);
    diagnostics.clear();
    EmitOptions options;
    options.output = path("m.o");
    EXPECT_TRUE(failed(emitLibrary(*module, options)));
    EXPECT_NE(diagnostics.find(text.str()), std::string::npos) << diagnostics;
    EXPECT_TRUE(list(folder).empty());
  };
  Builder b(&context);
  expect([](ModuleOp m) { m->removeAttr("squint.inputs"); },
         "'squint.inputs': expected an array of dictionaries");
  expect([](ModuleOp m) { m->removeAttr("squint.symbols"); },
         "expected sizes of 'x', got [\"batch\", \"4\"]");
  expect([](ModuleOp m) { m.lookupSymbol("squint_plan")->erase(); },
         "expected the function 'squint_plan'");
  expect(
      [&](ModuleOp m) {
        m->setAttr("squint.weights_size", b.getI64IntegerAttr(8));
      },
      "expected at least 16, got 8");
  expect(
      [&](ModuleOp m) {
        m->setAttr("squint.targets",
                   b.getArrayAttr(TargetAttr::get(&context, "x86_64-linux-gnu",
                                                  "nonesuch", "")));
      },
      "unknown CPU 'nonesuch'");
  expect(
      [&](ModuleOp m) {
        OpBuilder builder(m.getBodyRegion());
        auto type = LLVM::LLVMFunctionType::get(b.getI32Type(), {});
        LLVM::LLVMFuncOp::create(builder, m.getLoc(), "missing", type);
        auto run = m.lookupSymbol<LLVM::LLVMFuncOp>("squint_run");
        builder.setInsertionPointToStart(&run.getBody().front());
        LLVM::CallOp::create(builder, m.getLoc(), TypeRange(b.getI32Type()),
                             "missing", ValueRange());
      },
      "got a call of 'missing'");
}

} // namespace
