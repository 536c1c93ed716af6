//===- Plan.h - the pass that plans within a budget ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_PIPELINES_PLAN_H
#define SQUINT_LIB_PIPELINES_PLAN_H

#include "squint/Pipelines/Pipelines.h"

namespace squint {

/// As pipelines spell it.
std::string withPlan(const PipelineOptions &options, bool explain);

} // namespace squint

#endif // SQUINT_LIB_PIPELINES_PLAN_H
