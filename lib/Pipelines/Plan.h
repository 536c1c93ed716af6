//===- Plan.h - the pass that plans within a budget ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_PIPELINES_PLAN_H
#define SQUINT_LIB_PIPELINES_PLAN_H

#include "squint/Pipelines/Pipelines.h"

namespace squint {

/// Takes over what the recipe says of samples and of a budget.
mlir::LogicalResult readRecipeBudget(mlir::MLIRContext *context,
                                     PipelineOptions &options);

/// As pipelines spell it.
std::string withPlan(const PipelineOptions &options, bool explain);

} // namespace squint

#endif // SQUINT_LIB_PIPELINES_PLAN_H
