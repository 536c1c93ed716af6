//===- VerifyRewrites.cpp - the float function stays as it is ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Pipelines/VerifyRewrites.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "squint/Calibration/MakeSamples.h"
#include "squint/Calibration/Samples.h"
#include "squint/Calibration/Slices.h"
#include "squint/Dialect/Squint/Squint.h"
#include "squint/Numerics/FloatBits.h"
#include "squint/Pipelines/Register.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace squint;

/// Samples that are compared: their outputs are held.
static constexpr int64_t kSamples = 2;
/// What dimensions that are not the batch are given where inputs are random.
static constexpr int64_t kRandomSize = 8;

bool squint::isRewrite(StringRef pass) {
  return llvm::is_contained({"squint-rotate", "squint-smooth",
                             "squint-equalize", "squint-scale-awq",
                             "squint-split-outliers", "squint-test-rewrite"},
                            pass);
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

static std::vector<double> toNumbers(const Array &array) {
  std::vector<double> numbers(array.size());
  squint_dtype type = array.dtype();
  auto convert = [&](auto element, auto &&toDouble) {
    for (size_t i = 0; i < numbers.size(); ++i) {
      std::memcpy(&element, array.bytes().data() + i * sizeof element,
                  sizeof element);
      numbers[i] = toDouble(element);
    }
  };
  auto same = [](auto value) { return double(value); };
  uint64_t size = getByteSize(type);
  if (type.code == SQUINT_DTYPE_BFLOAT)
    convert(uint16_t(), bfloatToFloat);
  else if (type.code == SQUINT_DTYPE_FLOAT && size == 2)
    convert(uint16_t(), halfToFloat);
  else if (type.code == SQUINT_DTYPE_FLOAT && size == 4)
    convert(float(), same);
  else if (type.code == SQUINT_DTYPE_FLOAT && size == 8)
    convert(double(), same);
  else if (size == 8)
    convert(int64_t(), same);
  else if (size == 4)
    convert(int32_t(), same);
  else if (size == 2)
    convert(int16_t(), same);
  else
    convert(int8_t(), same);
  return numbers;
}

/// |got - wanted| / |wanted|; infinity where one is no number and the other is.
static double getDistance(ArrayRef<double> wanted, ArrayRef<double> got) {
  if (wanted.size() != got.size())
    return std::numeric_limits<double>::infinity();
  double error = 0.0, energy = 0.0;
  for (auto [a, b] : llvm::zip(wanted, got)) {
    bool isSame = a == b || (std::isnan(a) && std::isnan(b));
    if (isSame && !std::isfinite(a))
      continue;
    if (!isSame && (!std::isfinite(a) || !std::isfinite(b)))
      return std::numeric_limits<double>::infinity();
    error += (a - b) * (a - b);
    energy += a * a;
  }
  return error == 0.0 ? 0.0 : std::sqrt(error / energy);
}

namespace {

/// What a function gives for each sample and result.
using Results = std::vector<std::vector<std::vector<double>>>;

class RewriteVerifier : public PassInstrumentation {
public:
  RewriteVerifier(const VerifyRewritesOptions &options, bool &failed)
      : options(options), failed(failed) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    auto module = dyn_cast<ModuleOp>(op);
    if (failed || !module || !isRewrite(pass->getArgument()))
      return;
    // Weights that the pass gives up are still read.
    hold.emplace(
        op->getContext()->getLoadedDialect<SquintDialect>()->getStores());
    before = module.clone();
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (!before || !isa<ModuleOp>(op))
      return;
    if (mlir::failed(compare(pass->getArgument(), cast<ModuleOp>(op))))
      failed = true;
    before = {};
    hold.reset();
  }
  void runAfterPassFailed(Pass *, Operation *) override {
    before = {};
    hold.reset();
  }

private:
  LogicalResult compare(StringRef pass, ModuleOp after);
  FailureOr<Results> run(func::FuncOp main, StringRef path);

  VerifyRewritesOptions options;
  bool &failed;
  OwningOpRef<ModuleOp> before;
  std::optional<DataStores::Hold> hold;
};

} // namespace

FailureOr<Results> RewriteVerifier::run(func::FuncOp main, StringRef path) {
  llvm::Expected<std::unique_ptr<Samples>> samples = Samples::open(path, main);
  if (!samples)
    return emitError(main.getLoc()) << llvm::toString(samples.takeError());
  Operation *end = main.front().getTerminator();
  SmallVector<Value> wanted;
  for (Value value : end->getOperands())
    if (isa<RankedTensorType>(value.getType()))
      wanted.push_back(value);
  Results results(kSamples);
  for (auto &result : results)
    result.resize(end->getNumOperands());
  auto sink = [&](Value value, int64_t sample, const Array &array) {
    for (OpOperand &operand : end->getOpOperands())
      if (operand.get() == value)
        results[sample][operand.getOperandNumber()] = toNumbers(array);
    return success();
  };
  if (mlir::failed(runSlices(main, **samples, wanted, kSamples, 0, sink)))
    return failure();
  return results;
}

LogicalResult RewriteVerifier::compare(StringRef pass, ModuleOp after) {
  auto first = before->lookupSymbol<func::FuncOp>("main"),
       second = after.lookupSymbol<func::FuncOp>("main");
  if (!first || !second || !first.getBody().hasOneBlock() ||
      !second.getBody().hasOneBlock())
    return emitError(after.getLoc())
           << "expected a function 'main' with one block to verify '" << pass
           << "'";
  SmallString<128> path(options.samples);
  if (path.empty()) {
    if (std::error_code error =
            llvm::sys::fs::createTemporaryFile("squint", "npz", path))
      return emitError(after.getLoc())
             << "cannot write random inputs: " << error.message();
    MakeSamplesOptions random;
    random.count = kSamples;
    random.getSize = [](StringRef) { return kRandomSize; };
    random.generate = false;
    if (mlir::failed(makeSamples(first, path, random))) {
      llvm::sys::fs::remove(path);
      return failure();
    }
  }
  FailureOr<Results> wanted = run(first, path);
  FailureOr<Results> got =
      mlir::failed(wanted) ? FailureOr<Results>() : run(second, path);
  if (options.samples.empty())
    llvm::sys::fs::remove(path);
  if (mlir::failed(got))
    return failure();
  for (size_t sample = 0; sample < wanted->size(); ++sample)
    for (size_t i = 0; i < (*wanted)[sample].size(); ++i) {
      double distance = getDistance((*wanted)[sample][i], (*got)[sample][i]);
      if (distance <= options.tolerance)
        continue;
      auto name = second.getResultAttrOfType<StringAttr>(i, kNameAttr);
      return emitError(after.getLoc())
             << "rewrite '" << pass << "' changes the output '"
             << (name ? name.getValue() : StringRef(std::to_string(i)))
             << "': relative error " << llvm::formatv("{0:e1}", distance).str()
             << " on "
             << (options.samples.empty() ? "random input " : "sample ")
             << sample << ", expected at most "
             << llvm::formatv("{0:e1}", options.tolerance).str();
    }
  return success();
}

void squint::verifyRewrites(PassManager &manager,
                            const VerifyRewritesOptions &options,
                            bool &failed) {
  // Comparing compiles, and no dialect can be loaded once passes run.
  MLIRContext *context = manager.getContext();
  DialectRegistry registry;
  registerAllDialects(registry);
  context->appendDialectRegistry(registry);
  context->loadAllAvailableDialects();
  manager.addInstrumentation(
      std::make_unique<RewriteVerifier>(options, failed));
}
