//===- Roles.h - what a weight is for ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_TRANSFORMS_ROLES_H
#define SQUINT_TRANSFORMS_ROLES_H

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"

namespace squint {

/// The roles of a function's weights, found on the graph:
///
///   q, k, v    the linear behind an operand of an attention, through whatever
///              is between (heads, rotary embeddings, norms); `qkv` for one
///              that makes all three
///   o          the linear that an attention's result goes to
///   gate, up   the two linears whose product a linear reads, gate being the
///              one behind an activation function; `gate-up` for one that makes
///              both, `up` where a linear reads another through an activation
///              function alone
///   down       that linear
///   embedding  a table
///   head       a linear without a role, behind which no weight follows, in a
///              model with a table
class Roles {
public:
  explicit Roles(mlir::FunctionOpInterface function);
  /// Empty for an operator without a role.
  llvm::StringRef lookup(mlir::Operation *op) const { return roles.lookup(op); }
  /// The names above.
  static llvm::ArrayRef<llvm::StringLiteral> getNames();

private:
  llvm::DenseMap<mlir::Operation *, llvm::StringRef> roles;
};

} // namespace squint

#endif // SQUINT_TRANSFORMS_ROLES_H
