//===- Compiler.h - from a model's file to a library ------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What squintc and the C API do with a model. Options are in one table, so that
// a command line, a build file and a language binding spell them alike.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_DRIVER_COMPILER_H
#define SQUINT_DRIVER_COMPILER_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace squint {

/// Options, with the fields that `getCompileOptions` describes; empty is what
/// was not given.
struct CompileOptions {
  /// The model, and where the result goes: `-` is the stream, as is nothing
  /// where IR is asked for.
  std::string input, output;

  std::string emit, compileFrom, weightsFile, prefix, depfile, store;
  std::vector<std::string> allowExternal, dims, elements, values;

  std::string weights, activations, cache, recipe, budget, calibration, imatrix,
      checkpoint;
  std::optional<uint32_t> makeSamples, seed, firstToken, context;
  std::vector<std::string> lora;
  bool symmetric = false, pareto = false, verifyRewrites = false,
       allowBf16 = false, explain = false, mergeLora = false,
       exportFloats = false, unfused = false;

  bool unsafeIndices = false;
  std::string mtriple, mattr, hostMtriple, hostMcpu, gpuTiles, assembler,
      sysroot, linker;
  std::vector<std::string> mcpu;

  std::optional<uint32_t> jobs;
  bool printPipeline = false;
  std::string dumpDir;
  std::vector<std::string> report;

  /// Sets the option of a name, or adds to it where it can be repeated. A flag
  /// takes `true`, `false` or nothing.
  llvm::Error set(llvm::StringRef name, llvm::StringRef value);
};

enum class OptionGroup { General, Quantization, Target, Seeing };

/// One of the options.
struct CompileOption {
  llvm::StringLiteral name;
  /// What stands for its value in a description; empty: a flag.
  llvm::StringLiteral value;
  OptionGroup group;
  std::variant<bool CompileOptions::*, std::string CompileOptions::*,
               std::optional<uint32_t> CompileOptions::*,
               std::vector<std::string> CompileOptions::*>
      field;
  llvm::StringLiteral description;
  /// Of a list: whether a comma separates, too.
  bool hasCommas = false;

  bool isFlag() const { return field.index() == 0; }
  bool isList() const { return field.index() == 3; }
};

llvm::ArrayRef<CompileOption> getCompileOptions();

/// Where a compilation writes what it does not write to files.
struct CompileStreams {
  llvm::raw_ostream &out;    ///< IR and tables that were asked for
  llvm::raw_ostream &errors; ///< diagnostics, one a line
  /// Stages and their times, if given; one compilation of a process at a time.
  llvm::raw_ostream *progress = nullptr;
  bool timing = false; ///< print the time of every pass to standard error
  /// What mistakes in options start with: "squintc: ".
  llvm::StringRef program = "";
};

/// All outputs or none.
mlir::LogicalResult compile(const CompileOptions &options,
                            const CompileStreams &streams);

} // namespace squint

#endif // SQUINT_DRIVER_COMPILER_H
