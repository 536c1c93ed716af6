//===- TestPasses.h - passes for tests only ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TOOLS_SQUINTOPT_TESTPASSES_H
#define SQUINT_TOOLS_SQUINTOPT_TESTPASSES_H

namespace squint {
void registerTestPasses();
} // namespace squint

#endif
