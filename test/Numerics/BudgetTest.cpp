//===- BudgetTest.cpp - one option for each of many, within a budget ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Numerics/Budget.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace squint;

namespace {

/// The smallest loss of any choice of at most so many bytes, by trying all.
double findBest(const Plan &plan, double limit) {
  double best = HUGE_VAL;
  std::vector<size_t> choice(plan.items.size());
  while (true) {
    double loss = 0.0;
    int64_t bytes = 0;
    for (size_t i = 0; i < choice.size(); ++i) {
      loss += plan.items[i][choice[i]].loss;
      bytes += plan.items[i][choice[i]].bytes;
    }
    if (double(bytes) <= limit)
      best = std::min(best, loss);
    size_t i = 0;
    while (i < choice.size() && ++choice[i] == plan.items[i].size())
      choice[i++] = 0;
    if (i == choice.size())
      return best;
  }
}

Plan makePlan(std::mt19937 &random, size_t items, size_t options) {
  std::uniform_int_distribution<int64_t> bytes(1, 1000);
  std::uniform_real_distribution<double> loss(0.0, 1.0);
  Plan plan;
  for (size_t i = 0; i < items; ++i) {
    plan.items.emplace_back();
    for (size_t k = 0; k < options; ++k)
      plan.items.back().push_back({bytes(random), loss(random)});
  }
  return plan;
}

} // namespace

TEST(Budget, Parses) {
  auto kind = [](const char *text) {
    llvm::Expected<Budget> budget = Budget::parse(text);
    if (budget)
      return int(budget->kind);
    llvm::consumeError(budget.takeError());
    return -1;
  };
  EXPECT_EQ(kind("size:1000000"), int(Budget::Kind::Bytes));
  EXPECT_EQ(kind("size:0.25"), int(Budget::Kind::Fraction));
  EXPECT_EQ(kind("bits:4.25"), int(Budget::Kind::Bits));
  EXPECT_EQ(kind("error:0.01"), int(Budget::Kind::Error));
  for (const char *text : {"", "size", "size:", "size:-1", "size:0", "bits:x",
                           "bits:inf", "bits:nan", "weight:3"})
    EXPECT_EQ(kind(text), -1) << text;
}

// Never over the budget, never below the bound, and for most of the instances
// the optimum or nearly.
TEST(Budget, AgreesWithTryingAll) {
  std::mt19937 random(1);
  int exact = 0;
  for (int round = 0; round < 200; ++round) {
    Plan plan = makePlan(random, 5, 5);
    double bits = std::uniform_real_distribution<double>(50, 800)(random);
    // 8 bits a weight and one weight: the budget in bytes is 5 * bits.
    double limit = 5 * bits;
    double best = findBest(plan, limit);
    llvm::Expected<PlanResult> result =
        plan.solve({Budget::Kind::Bits, 8 * bits}, 5, 0, 0);
    ASSERT_EQ(bool(result), std::isfinite(best));
    if (!result) {
      llvm::consumeError(result.takeError());
      continue;
    }
    double loss = 0.0;
    int64_t bytes = 0;
    for (size_t i = 0; i < 5; ++i) {
      loss += plan.items[i][result->choice[i]].loss;
      bytes += plan.items[i][result->choice[i]].bytes;
    }
    EXPECT_EQ(bytes, result->bytes);
    EXPECT_NEAR(loss, result->loss, 1e-9);
    EXPECT_LE(double(bytes), limit);
    EXPECT_LE(result->bound, best + 1e-9);
    EXPECT_LE(best, loss + 1e-9);
    exact += loss < best + 1e-9;
  }
  EXPECT_GE(exact, 60);
}

TEST(Budget, SpendsNoMoreThanAnErrorNeeds) {
  Plan plan;
  plan.items = {{{10, 1.0}, {20, 0.4}, {40, 0.1}}, {{10, 0.5}, {30, 0.0}}};
  llvm::Expected<PlanResult> result =
      plan.solve({Budget::Kind::Error, 0.9}, 1, 0, 0);
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(result->bytes, 30);
  EXPECT_NEAR(result->loss, 0.9, 1e-12);
  EXPECT_LE(result->byteBound, 30);
  llvm::Expected<PlanResult> none =
      plan.solve({Budget::Kind::Error, 0.05}, 1, 0, 0);
  ASSERT_FALSE(bool(none));
  EXPECT_EQ(llvm::toString(none.takeError()),
            "expected a divergence of 0.1 or more, got 0.05");
}

// Each point is what a budget of its bytes gets.
TEST(Budget, FrontierIsWhatBudgetsReach) {
  std::mt19937 random(2);
  Plan plan = makePlan(random, 6, 5);
  std::vector<PlanPoint> frontier = plan.getFrontier();
  ASSERT_GT(frontier.size(), 5u);
  for (auto [i, point] : llvm::enumerate(frontier)) {
    llvm::Expected<PlanResult> result =
        plan.solve({Budget::Kind::Bits, 8.0 * double(point.bytes)}, 1, 0, 0);
    ASSERT_TRUE(bool(result));
    EXPECT_EQ(result->bytes, point.bytes);
    EXPECT_NEAR(result->loss, point.loss, 1e-9);
    EXPECT_NEAR(result->bound, point.loss, 1e-9);
    if (i)
      EXPECT_LT(point.loss, frontier[i - 1].loss);
  }
}

TEST(Budget, RefusesWhatIsTooSmall) {
  Plan plan;
  plan.items = {{{10, 1.0}}, {{10, 0.5}}};
  llvm::Expected<PlanResult> result =
      plan.solve({Budget::Kind::Bits, 8.0}, 10, 0, 0);
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(llvm::toString(result.takeError()),
            "expected at least 20 bytes for the weights, got 10");
}
