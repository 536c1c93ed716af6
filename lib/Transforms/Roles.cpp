//===- Roles.cpp - what a weight is for -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Transforms/Roles.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace squint;

static constexpr llvm::StringLiteral kNames[] = {
    "q",  "k",       "v",    "qkv",       "o",   "gate",
    "up", "gate-up", "down", "embedding", "head"};

llvm::ArrayRef<llvm::StringLiteral> Roles::getNames() { return kNames; }

/// An activation function of one value, or what one is made of.
static bool isActivation(Operation *op) {
  return isa<onnx::SigmoidOp, onnx::TanhOp, onnx::ErfOp, onnx::ReluOp,
             onnx::GeluOp, onnx::EluOp, onnx::SeluOp, onnx::CeluOp,
             onnx::LeakyReluOp, onnx::PReluOp, onnx::SoftplusOp,
             onnx::HardSigmoidOp, onnx::HardSwishOp, onnx::MishOp,
             onnx::SwishOp, onnx::ClipOp>(op);
}

/// What ends the way from a weight to where its result is used.
static bool isBorder(Operation *op) {
  return isa<WeightedOpInterface, NormOp, AttentionOp, PoolOp, ConstantOp>(op);
}

namespace {
/// The operators with a weight that a value is made from without another in
/// between.
struct Sources {
  /// Whether one of its ways passes through an activation function.
  llvm::MapVector<Operation *, bool> throughActivation;
  bool isComplete = true; // nothing else made it but constants
};
} // namespace

/// `throughNorms`: queries and keys may be normalized behind their linears.
static Sources findSources(Value value, bool throughNorms = false) {
  Sources sources;
  llvm::SetVector<std::pair<Value, unsigned>> work; // and whether through
  work.insert({value, 0});
  for (size_t i = 0; i < work.size() && i < 256; ++i) {
    auto [value, isThrough] = work[i];
    Operation *op = value.getDefiningOp();
    if (!op || isa<AttentionOp, PoolOp>(op) ||
        (isa<NormOp>(op) && !throughNorms)) {
      sources.isComplete = false;
      continue;
    }
    if (isa<WeightedOpInterface>(op)) {
      auto [place, isNew] =
          sources.throughActivation.insert({op, isThrough != 0});
      place->second |= isThrough != 0;
      continue;
    }
    for (Value operand : op->getOperands())
      if (isa<RankedTensorType>(operand.getType()) &&
          !operand.getDefiningOp<ConstantOp>())
        work.insert({operand, unsigned(isThrough || isActivation(op))});
  }
  return sources;
}

/// The linear that a result goes to through nothing but a change of shape.
static Operation *findReader(Value value) {
  while (value.hasOneUse()) {
    Operation *user = *value.user_begin();
    if (isa<LinearOp>(user))
      return user;
    if (isBorder(user) || user->getNumResults() != 1 ||
        !isa<onnx::ReshapeOp, onnx::TransposeOp, onnx::FlattenOp,
             onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::CastOp>(user))
      return nullptr;
    value = user->getResult(0);
  }
  return nullptr;
}

static bool isFollowedByWeight(Operation *op) {
  llvm::SetVector<Operation *> work;
  work.insert(op);
  for (size_t i = 0; i < work.size(); ++i)
    for (Operation *user : work[i]->getUsers()) {
      if (isa<WeightedOpInterface, AttentionOp>(user))
        return true;
      work.insert(user);
    }
  return false;
}

Roles::Roles(FunctionOpInterface function) {
  auto give = [&](Operation *op, StringRef role) {
    roles.try_emplace(op, role);
  };
  function.walk([&](AttentionOp attention) {
    DenseMap<Operation *, unsigned> uses;
    SmallVector<Operation *> made;
    for (Value operand : {attention->getOperand(0), attention->getOperand(1),
                          attention->getOperand(2)}) {
      Sources sources = findSources(operand, /*throughNorms=*/true);
      // Rotary embeddings read positions, from whose frequencies a linear may
      // have made angles: the one with the most outputs is meant.
      Operation *best = nullptr;
      int64_t outputs = 0;
      for (auto [op, _] : sources.throughActivation)
        if (auto linear = dyn_cast<LinearOp>(op)) {
          auto type = cast<RankedTensorType>(linear.getWeight().getType());
          if (type.getDimSize(0) * type.getDimSize(1) > outputs) {
            best = op;
            outputs = type.getDimSize(0) * type.getDimSize(1);
          }
        }
      made.push_back(best);
      if (best)
        ++uses[best];
    }
    for (auto [op, role] :
         llvm::zip_equal(made, ArrayRef<StringRef>{"q", "k", "v"}))
      if (op)
        give(op, uses[op] == 1 ? role : StringRef("qkv"));
    if (Operation *op = findReader(attention.getResult()))
      give(op, "o");
  });
  function.walk([&](LinearOp linear) {
    if (roles.contains(linear))
      return;
    Sources sources = findSources(linear.getInput());
    if (!sources.isComplete || sources.throughActivation.empty() ||
        sources.throughActivation.size() > 2)
      return;
    LinearOp gate, up;
    for (auto [op, isThrough] : sources.throughActivation) {
      if (!isa<LinearOp>(op) || roles.contains(op))
        return;
      (isThrough ? gate : up) = cast<LinearOp>(op);
    }
    auto shape = [](LinearOp op) {
      return cast<RankedTensorType>(op.getWeight().getType()).getShape();
    };
    if (!gate)
      return;
    if (up) {
      give(gate, "gate");
      give(up, "up");
    } else if (sources.throughActivation.size() == 1) {
      give(gate, shape(gate)[0] == shape(linear)[1] ? "up" : "gate-up");
    } else {
      return;
    }
    give(linear, "down");
  });
  bool hasTable = false;
  function.walk([&](EmbeddingOp op) {
    give(op, "embedding");
    hasTable = true;
  });
  function.walk([&](LinearOp op) {
    if (hasTable && !roles.contains(op) && !isFollowedByWeight(op))
      give(op, "head");
  });
}
