//===- ReportPage.h - the report to look at -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_PIPELINES_REPORTPAGE_H
#define SQUINT_LIB_PIPELINES_REPORTPAGE_H

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace squint {

/// Writes a report as an HTML page without links to anything.
void writeReportPage(const llvm::json::Object &report, llvm::raw_ostream &os);

} // namespace squint

#endif // SQUINT_LIB_PIPELINES_REPORTPAGE_H
