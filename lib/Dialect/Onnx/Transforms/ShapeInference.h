//===- ShapeInference.h - rules for the shapes of results ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_ONNX_SHAPEINFERENCE_H
#define SQUINT_LIB_ONNX_SHAPEINFERENCE_H

#include "mlir/IR/Operation.h"
#include "squint/Dialect/Msft/Msft.h"
#include "squint/Dialect/Onnx/Onnx.h"
#include "squint/Dialect/Squint/DimExpr.h"
#include "squint/Dialect/Squint/Refusal.h"
#include "squint/Dialect/Squint/Squint.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace squint::onnx {

using Dims = llvm::SmallVector<DimExpr>;

/// What is known of the values of a function while its operators are visited in
/// order.
class ShapeContext {
public:
  /// Integer tensors of at most this many elements are evaluated.
  static constexpr int64_t kMostElements = 1024;

  using Choices = llvm::MapVector<mlir::Operation *, bool>;

  ShapeContext(mlir::Operation *op, Choices &choices)
      : op(op), choices(choices) {}

  /// Inputs that rules asked for the content of, in vain.
  const llvm::SetVector<mlir::Value> &getWanted() const { return wanted; }

  /// The operator that is visited, and the failure of its rule.
  mlir::Operation *op;
  mlir::InFlightDiagnostic fail() { return op->emitOpError(); }
  /// Where the last region failed that was tried.
  mlir::Operation *failedOp = nullptr;
  /// The failure of a rule for a model that is sound.
  mlir::InFlightDiagnostic refuse() { return refusal(fail()); }

  /// The shape of an operand; every operand has one when its user is visited.
  llvm::ArrayRef<DimExpr> shape(mlir::Value value) const;
  size_t rank(mlir::Value value) const { return shape(value).size(); }
  /// The shape when all of it is numbers.
  std::optional<llvm::SmallVector<int64_t>>
  staticShape(mlir::Value value) const;
  /// The elements of an integer tensor in row-major order, if known. Booleans
  /// are 0 and 1.
  std::optional<llvm::ArrayRef<DimExpr>> values(mlir::Value value) const;
  /// As `values`, when all are numbers.
  std::optional<llvm::SmallVector<int64_t>> constants(mlir::Value value) const;
  /// The elements of a constant float tensor of at most `kMostElements`.
  std::optional<llvm::SmallVector<double>> floats(mlir::Value value) const;

  /// The elements of a float tensor in units of 2^-32: of a constant, of
  /// integers that were cast, of an input, or of sums of these.
  std::optional<Dims> fixed(mlir::Value value) const;
  static constexpr int64_t kFixedOne = int64_t(1) << 32;

  /// The whole numbers that a float tensor holds: integers that were cast, or
  /// quotients of them that were rounded. Where `isExact`, arithmetic in f32
  /// gives these as long as the numbers in `limited` are at most 2^24; else it
  /// may give others.
  struct Whole {
    Dims numbers;
    bool isExact = true;
    Dims limited;
  };
  std::optional<Whole> whole(mlir::Value value);

  /// Records a result. Fails for a size that is a negative number or overflows.
  mlir::LogicalResult set(mlir::Value result, Dims dims);
  void setValues(mlir::Value result, Dims elements);
  bool isKnown(mlir::Value value) const { return shapes.contains(value); }

  /// The size of two dimensions that must be equal. Two different numbers are
  /// an error; else equality is assumed.
  mlir::FailureOr<DimExpr> unify(const DimExpr &a, const DimExpr &b,
                                 llvm::StringRef what);
  /// NumPy's rule for two sizes.
  mlir::FailureOr<DimExpr> broadcast(const DimExpr &a, const DimExpr &b);
  mlir::FailureOr<Dims> broadcast(llvm::ArrayRef<DimExpr> a,
                                  llvm::ArrayRef<DimExpr> b);
  /// Whether an operand broadcasts to `dims` without changing them.
  mlir::LogicalResult expectBroadcast(mlir::Value operand,
                                      llvm::ArrayRef<DimExpr> dims,
                                      llvm::StringRef what);
  /// A size that must be a multiple of another one, divided by it.
  mlir::FailureOr<DimExpr> divide(const DimExpr &size, const DimExpr &by,
                                  llvm::StringRef what);
  /// Must hold at run time, unless it is proven.
  void assumeAtMost(const DimExpr &a, const DimExpr &b);
  /// An axis of a tensor of `rank` dimensions, counted from the end when
  /// negative.
  mlir::FailureOr<int64_t> axis(int64_t axis, int64_t rank);
  mlir::LogicalResult expectRank(mlir::Value value, size_t atLeast,
                                 size_t atMost, llvm::StringRef what);
  /// An operand of just these sizes, if it is there.
  mlir::LogicalResult expectSizes(mlir::Value value,
                                  llvm::ArrayRef<DimExpr> sizes,
                                  llvm::StringRef what);

  /// Visits the operators of a region's block.
  llvm::function_ref<mlir::LogicalResult(mlir::Block &)> visitBlock;
  /// The same; what is assumed meanwhile has to hold only where the region is
  /// run.
  mlir::LogicalResult visitRegion(mlir::Region &region);
  /// The same; says nothing of a failure but puts it into `said`.
  mlir::LogicalResult tryRegion(mlir::Region &region,
                                llvm::SmallVectorImpl<mlir::Diagnostic> &said);
  /// What `rule` assumes has to hold in a region that was visited.
  mlir::LogicalResult inRegion(mlir::Region &region,
                               llvm::function_ref<mlir::LogicalResult()> rule);
  /// Of a size in a region that was visited: the number that it is assumed to
  /// be there, else itself.
  DimExpr inRegion(mlir::Region &region, const DimExpr &dim) const;
  /// Whether a late symbol is part of it that is bound no earlier than number
  /// `first`.
  bool isBoundSince(const DimExpr &dim, size_t first) const;
  /// A region that only ends the run with an error.
  void setDead(mlir::Region &region, llvm::StringRef reason) {
    deadRegions[&region] = reason.str();
  }
  const llvm::MapVector<mlir::Region *, std::string> &getDeadRegions() const {
    return deadRegions;
  }

  /// Which branch of an operator is taken to be the one that runs, since both
  /// cannot be: the first, or the second if there is no result with the first.
  bool choose(mlir::Operation *op) {
    return choices.insert({op, 0}).first->second;
  }
  void setTaken(mlir::Operation *op, bool branch) { taken[op] = branch; }
  std::optional<bool> getTaken(mlir::Operation *op) const {
    auto it = taken.find(op);
    return it == taken.end() ? std::nullopt : std::optional<bool>(it->second);
  }

  /// A size that is known once the operator has run. Without a bound it cannot
  /// be the size of a buffer.
  DimExpr makeLate(unsigned index, std::optional<DimExpr> bound);
  /// {symbol, bound}, in the order in which they are bound; no bound is "".
  using Late = std::vector<std::pair<std::string, std::string>>;
  const Late &getLate() const { return late; }
  Late getLate(mlir::Operation *op) const { return lateOf.lookup(op); }

  using Table = llvm::MapVector<mlir::Value, std::unique_ptr<Dims>>;
  const Table &getEvaluated() const { return elements; }
  /// {left, "==" or "<=", right}, without repetition.
  using Facts = std::vector<std::array<std::string, 3>>;
  const Facts &getAssumptions() const { return assumptions; }
  Facts getAssumptions(mlir::Region &region) const {
    return regionFacts.lookup(&region);
  }
  void assume(std::array<std::string, 3> fact);
  void assumeEqual(const DimExpr &a, const DimExpr &b) {
    assume({a.str(), "==", b.str()});
  }
  /// Those of a `squint.assume`.
  void readFacts(mlir::Attribute facts);

private:
  // Rules hold references while they record results, so entries must not move.
  Table shapes, elements;
  mutable llvm::SetVector<mlir::Value> wanted;
  /// Of the region that is visited, and of those that have been.
  Facts assumptions;
  llvm::DenseMap<mlir::Region *, Facts> regionFacts;
  Choices &choices;
  llvm::DenseMap<mlir::Operation *, bool> taken;
  llvm::MapVector<mlir::Region *, std::string> deadRegions;
  Late late;
  llvm::DenseMap<mlir::Operation *, Late> lateOf;
  llvm::StringSet<> lateNames;
};

/// The elements of a constant that holds integers, at most `kMostElements` of
/// them.
std::optional<Dims> readConstantValues(mlir::TypedAttr value);

/// Rules by operation.
class ShapeRules {
public:
  using Rule = mlir::LogicalResult (*)(mlir::Operation *, ShapeContext &);

  static const ShapeRules &get();
  Rule lookup(llvm::StringRef operation) const {
    return rules.lookup(operation);
  }

  template <typename... OpTs> void add(Rule rule) {
    ((rules[OpTs::getOperationName()] = rule), ...);
  }
  /// For a rule over the operation's class: add<ConvOp>(inferConv).
  template <typename OpT, mlir::LogicalResult (*rule)(OpT, ShapeContext &)>
  void add() {
    rules[OpT::getOperationName()] = [](mlir::Operation *op, ShapeContext &s) {
      return rule(mlir::cast<OpT>(op), s);
    };
  }

private:
  llvm::StringMap<Rule> rules;
};

void addElementwiseRules(ShapeRules &rules);
void addTensorRules(ShapeRules &rules);
void addIndexingRules(ShapeRules &rules);
void addNnRules(ShapeRules &rules);
void addReductionRules(ShapeRules &rules);
void addControlFlowRules(ShapeRules &rules);
void addSignalRules(ShapeRules &rules);
void addContribRules(ShapeRules &rules);
void addAttentionRules(ShapeRules &rules);
void addExpertRules(ShapeRules &rules);
void addWeightRules(ShapeRules &rules);

/// Axes that inputs contain: each counts from either end of `rank` dimensions,
/// and they differ. What is gone, 1 or 0 a dimension.
mlir::FailureOr<Dims> markAxes(llvm::ArrayRef<DimExpr> axes, int64_t rank,
                               ShapeContext &s);
/// The `count` dimensions that are left of `from`.
Dims dropMarked(llvm::ArrayRef<DimExpr> from, llvm::ArrayRef<DimExpr> gone,
                int64_t count);
/// `size`, or `otherwise` where `choice` is 0.
inline DimExpr choose(const DimExpr &choice, const DimExpr &size,
                      const DimExpr &otherwise) {
  return otherwise + choice * (size - otherwise);
}

/// Sets all results to the shape of the first operand.
mlir::LogicalResult inferSameAsFirst(mlir::Operation *op, ShapeContext &s);
/// Sets the first result to the shape of all operands, broadcast.
mlir::LogicalResult inferBroadcast(mlir::Operation *op, ShapeContext &s);
/// Sets the first result to the shape of the first operand and the others to
/// that with 1 from `axis` on, over which scale and bias broadcast.
mlir::LogicalResult inferLayerNorm(mlir::Operation *op, int64_t axis,
                                   ShapeContext &s);
/// The shape of the product of two matrices, either of them transposed.
mlir::FailureOr<Dims> inferGemmShape(mlir::Value a, mlir::Value b,
                                     bool transposeA, bool transposeB,
                                     ShapeContext &s);
/// The shape of a matrix product of operands of one dimension or more.
mlir::FailureOr<Dims> inferMatMulShape(llvm::ArrayRef<DimExpr> a,
                                       llvm::ArrayRef<DimExpr> b,
                                       ShapeContext &s);

/// The attributes that convolution and pooling share.
struct Window {
  llvm::ArrayRef<int64_t> strides, pads, dilations;
  llvm::StringRef autoPad = "NOTSET";
  bool ceilMode = false;
};
/// Sizes of the spatial dimensions that windows of `kernel` leave of `input`.
mlir::FailureOr<Dims> inferWindows(llvm::ArrayRef<DimExpr> input,
                                   llvm::ArrayRef<DimExpr> kernel,
                                   const Window &window, ShapeContext &s);

} // namespace squint::onnx

#endif
