//===- Check.h - a model against ONNX's test data -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TOOLS_RUN_CHECK_H
#define SQUINT_TOOLS_RUN_CHECK_H

#include "squint/Import/Onnx.h"
#include "squint/Runtime/Library.h"

namespace squint {

/// How a check ended; the numbers are squint-run's exit codes.
enum class CheckResult { Same = 0, Different = 1, Unsupported = 2 };

/// Runs the data sets of `folder` (test_data_set_*, or itself) and compares,
/// elementwise |got - expected| <= 1e-7 + 1e-3 |expected| + 2^-22 times the
/// output's largest magnitude; integers and bools exactly. Says on standard
/// output what was found. An error is a broken data set. `values` are those of
/// the model; a library's are all tensors.
llvm::Expected<CheckResult> check(Session &session, const ModelValues &values,
                                  llvm::StringRef folder);

/// What the first data set holds for the inputs that are no tensors.
llvm::Expected<std::map<std::string, InputElements>>
readInputElements(const ModelValues &values, llvm::StringRef folder);

/// The integers and booleans of the first data set's inputs that have a few
/// elements.
llvm::Expected<std::map<std::string, std::vector<int64_t>>>
readInputValues(const ModelValues &values, llvm::StringRef folder);

} // namespace squint

#endif // SQUINT_TOOLS_RUN_CHECK_H
