//===- BalanceKeys.h - elements of keys of one size -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_TRANSFORMS_BALANCEKEYS_H
#define SQUINT_LIB_TRANSFORMS_BALANCEKEYS_H

#include "squint/Dialect/Squint/Squint.h"

namespace squint {

/// Where norms make an attention's queries and keys, before they are turned,
/// the factors of the keys' norm move to the queries', so that the keys'
/// elements are about equally large: then one scale for all of a head is a fine
/// one. The two elements of a turned pair share the larger factor of theirs.
/// Scores stay what they are, up to rounding.
/// Returns whether something moved.
bool balanceKeys(AttentionOp op);

} // namespace squint

#endif // SQUINT_LIB_TRANSFORMS_BALANCEKEYS_H
