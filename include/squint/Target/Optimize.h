//===- Optimize.h - LLVM IR for a processor -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TARGET_OPTIMIZE_H
#define SQUINT_TARGET_OPTIMIZE_H

#include "squint/Target/TargetInfo.h"

namespace llvm {
class Function;
class Module;
} // namespace llvm

namespace squint {

/// Makes the function's code that of a processor.
void setTarget(llvm::Function &function, const TargetInfo &target);

/// LLVM's passes of a level (0 to 3), but for those that look for vectors:
/// kernels are vectors already, unrolled as they should be.
void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              unsigned level);

} // namespace squint

#endif // SQUINT_TARGET_OPTIMIZE_H
