//===- Library.h - loads and runs an emitted library --------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_RUNTIME_LIBRARY_H
#define SQUINT_RUNTIME_LIBRARY_H

#include "squint/Runtime/Array.h"

#include "llvm/ADT/StringMap.h"

namespace squint {

/// The table of a shared library, loaded for as long as this lives.
class Library {
public:
  ~Library();
  Library(const Library &) = delete;

  static llvm::Expected<std::unique_ptr<Library>> open(llvm::StringRef path);
  const squint_library &table() const { return *description; }

private:
  Library() = default;
  void *handle = nullptr;
  const squint_library *description = nullptr;
};

llvm::ArrayRef<squint_value_v1> getInputs(const squint_library &library);
llvm::ArrayRef<squint_value_v1> getOutputs(const squint_library &library);

/// "float32[batch, 384]".
std::string describe(const squint_value_v1 &value);

struct SessionOptions {
  int32_t threads = 1; // 0: as many as the process may use
  std::string weightsPath;
  /// Instead of a file or what is embedded; at a multiple of 64 bytes, and
  /// outlives the session.
  llvm::ArrayRef<char> weights = {};
  /// One of the library's; empty: the best that runs here.
  std::string target = {};
  /// The number of the GPU, where the library is for GPUs.
  int32_t device = 0;
  /// Of a state: sequences side by side, and tokens of each; 0: one sequence as
  /// long as the model takes.
  int64_t sequences = 0, capacity = 0;
  /// Whether large weights are copied into large pages.
  bool largePages = true;
};

/// A model with one context and one state, fit for one thread at a time. The
/// table, from a Library or a JitLibrary, must outlive it.
class Session {
public:
  ~Session();
  Session(const Session &) = delete;

  static llvm::Expected<std::unique_ptr<Session>>
  create(const squint_library &library, const SessionOptions &options);

  const squint_library &library() const { return table; }
  squint_context *context() { return run_context; }
  /// The processor whose kernels run.
  llvm::StringRef target() const { return table.target(model); }

  /// Lets the state forget everything.
  llvm::Error rewind();

  /// Makes zeroed outputs for the inputs' shapes, the largest ones where data
  /// decides.
  llvm::Expected<std::vector<Array>>
  makeOutputs(llvm::ArrayRef<const Array *> inputs);
  /// In the order of the model's inputs and outputs.
  llvm::Error run(llvm::ArrayRef<const Array *> inputs,
                  llvm::MutableArrayRef<Array> outputs);
  /// Behind a run: outputs in their shapes.
  llvm::Error shrink(llvm::MutableArrayRef<Array> outputs);
  /// All three.
  llvm::Expected<std::vector<Array>> run(llvm::ArrayRef<const Array *> inputs);

private:
  explicit Session(const squint_library &table) : table(table) {}
  llvm::Error check(int32_t status);

  const squint_library &table;
  squint_model *model = nullptr;
  squint_context *run_context = nullptr;
  squint_state *state = nullptr;
  std::vector<squint_tensor> inputTensors, outputTensors;
};

} // namespace squint

#endif // SQUINT_RUNTIME_LIBRARY_H
