//===- DimExprTest.cpp - symbolic sizes ---------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Dialect/Squint/DimExpr.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "squint/Dialect/Squint/Squint.h"
#include "gtest/gtest.h"
#include <random>

using namespace squint;

namespace {

DimExpr parse(llvm::StringRef text) {
  std::optional<DimExpr> result = DimExpr::parse(text);
  EXPECT_TRUE(result) << text.str();
  return result.value_or(DimExpr(-1));
}

std::string canonical(llvm::StringRef text) { return parse(text).str(); }

TEST(DimExpr, HasOneForm) {
  EXPECT_EQ(canonical("0"), "0");
  EXPECT_EQ(canonical("b + a"), "a+b");
  EXPECT_EQ(canonical("1 + 2*sequence"), "2*sequence+1");
  EXPECT_EQ(canonical("sequence*batch"), "batch*sequence");
  EXPECT_EQ(canonical("(a+b)*(a-b)"), "a*a-b*b");
  EXPECT_EQ(canonical("a - a"), "0");
  EXPECT_EQ(canonical("-a + 3"), "-a+3");
  EXPECT_EQ(canonical("p2o.DynamicDimension.0"), "p2o.DynamicDimension.0");
  EXPECT_EQ(parse("2*(a+1)"), parse("a+a+2"));
  EXPECT_NE(parse("a"), parse("b"));
}

TEST(DimExpr, TakesWholeTermsOutOfQuotients) {
  EXPECT_EQ(canonical("floordiv(sequence+1,2)"), "floordiv(sequence+1,2)");
  EXPECT_EQ(canonical("floordiv(2*sequence+3,2)"), "sequence+1");
  EXPECT_EQ(canonical("floordiv(4*a+b+9,4)"), "a+floordiv(b+1,4)+2");
  EXPECT_EQ(canonical("floordiv(a*b,b)"), "a");
  EXPECT_EQ(canonical("floordiv(a*a+2*a*b+b*b,a+b)"), "a+b");
  EXPECT_EQ(canonical("floordiv(a,b)"), "floordiv(a,b)");
  EXPECT_EQ(canonical("ceildiv(a,16)"), "floordiv(a+15,16)");
  EXPECT_EQ(canonical("mod(a,2)"), "a-2*floordiv(a,2)");
  EXPECT_EQ(canonical("floordiv(-7,2)"), "-4");
}

TEST(DimExpr, OrdersWhatItCanProve) {
  EXPECT_EQ(canonical("min(a,a+1)"), "a");
  EXPECT_EQ(canonical("max(a,a+1)"), "a+1");
  EXPECT_EQ(canonical("max(b,a)"), "max(a,b)");
  EXPECT_TRUE(parse("a*b+1").isPositive());
  EXPECT_FALSE(parse("a").isPositive());
  EXPECT_FALSE(parse("a-1").isNonNegative());
  EXPECT_TRUE(parse("max(a-1,0)").isNonNegative());
}

TEST(DimExpr, DividesExactlyOrNot) {
  EXPECT_EQ(parse("6*a*b+4*a").divideExactly(parse("2*a")), parse("3*b+2"));
  EXPECT_FALSE(parse("3*a").divideExactly(parse("2*a")));
  EXPECT_FALSE(parse("a+1").divideExactly(parse("a")));
  EXPECT_FALSE(parse("a").divideExactly(DimExpr(0)));
}

TEST(DimExpr, RefusesBadText) {
  for (const char *text :
       {"", "a+", "*a", "a b", "2a", "floordiv(a)", "floordiv(a,0)", "f(a,b)",
        "(a", "a)", "min", "99999999999999999999", "9223372036854775807+1",
        "a-", "é"})
    EXPECT_FALSE(DimExpr::parse(text)) << text;
  EXPECT_FALSE(DimExpr::parse(std::string(100000, '(') + "a" +
                              std::string(100000, ')')));
}

TEST(DimExpr, RemembersOverflow) {
  DimExpr large(INT64_MAX);
  EXPECT_FALSE((large + DimExpr(1)).isValid());
  EXPECT_FALSE((large * DimExpr::symbol("a") * DimExpr(2)).isValid());
  EXPECT_FALSE((large + DimExpr(1) - DimExpr(1)).getConstant());
  DimExpr product = 1;
  for (int i = 0; i < 100; ++i)
    product = product * DimExpr::symbol("a");
  EXPECT_FALSE(product.isValid());
}

/// Random expressions keep their value through the canonical form, text and
/// back.
TEST(DimExpr, KeepsItsValue) {
  std::mt19937 random(1);
  auto pick = [&](int n) { return static_cast<int>(random() % n); };
  for (int round = 0; round < 500; ++round) {
    int64_t a = pick(50), b = 1 + pick(50);
    std::vector<std::pair<DimExpr, int64_t>> pool = {{DimExpr::symbol("a"), a},
                                                     {DimExpr::symbol("b"), b}};
    for (int step = 0; step < 6; ++step) {
      auto [x, vx] = pool[pick(pool.size())];
      auto [y, vy] = pool[pick(pool.size())];
      int64_t c = 1 + pick(5);
      switch (pick(7)) {
      case 0:
        pool.push_back({x + y, vx + vy});
        break;
      case 1:
        pool.push_back({x - y, vx - vy});
        break;
      case 2:
        pool.push_back({x * DimExpr(c), vx * c});
        break;
      case 3:
        pool.push_back({x + DimExpr(c), vx + c});
        break;
      case 4:
        pool.push_back(
            {DimExpr::floordiv(x, c), llvm::divideFloorSigned(vx, c)});
        break;
      case 5:
        pool.push_back({DimExpr::min(x, y), std::min(vx, vy)});
        break;
      case 6:
        pool.push_back({DimExpr::max(x, y), std::max(vx, vy)});
        break;
      }
    }
    for (auto &[expression, value] : pool) {
      auto symbols = [&](llvm::StringRef name) -> std::optional<int64_t> {
        return name == "a" ? a : b;
      };
      EXPECT_EQ(expression.evaluate(symbols), value) << expression.str();
      std::optional<DimExpr> again = DimExpr::parse(expression.str());
      ASSERT_TRUE(again) << expression.str();
      EXPECT_EQ(*again, expression);
      if (expression.isNonNegative())
        EXPECT_GE(value, 0) << expression.str();
    }
  }
}

TEST(DimExpr, BecomesOperations) {
  mlir::MLIRContext context;
  context.loadDialect<SquintDialect, mlir::func::FuncDialect,
                      mlir::arith::ArithDialect>();
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(R"(
    func.func @main(%x: tensor<?x4xf32> {squint.dims = ["batch", "4"]}) { return })",
                                              &context);
  ASSERT_TRUE(module);
  auto function = *module->getOps<mlir::func::FuncOp>().begin();
  llvm::FailureOr<llvm::SmallVector<DimExpr>> dims =
      getDims(function.getArgument(0));
  ASSERT_TRUE(succeeded(dims));
  EXPECT_EQ((*dims)[0].str(), "batch");
  EXPECT_EQ((*dims)[1].str(), "4");

  mlir::OpBuilder builder(function.getBody());
  mlir::Value size = materializeDim(builder, function.getLoc(),
                                    parse("floordiv(3*batch+1,2)"));
  std::string text;
  llvm::raw_string_ostream(text) << *module;
  EXPECT_TRUE(size.getType().isIndex());
  EXPECT_NE(text.find("squint.dim \"batch\""), std::string::npos) << text;
  EXPECT_NE(text.find("arith.muli"), std::string::npos) << text;
  EXPECT_NE(text.find("arith.divsi"), std::string::npos) << text;
}

TEST(DimExpr, ChecksWhatIsAssumed) {
  mlir::MLIRContext context;
  context.loadDialect<SquintDialect, mlir::func::FuncDialect,
                      mlir::arith::ArithDialect>();
  mlir::ScopedDiagnosticHandler quiet(
      &context, [](mlir::Diagnostic &) { return mlir::success(); });
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(R"(
    func.func @some() attributes {squint.assume = [["s", "<=", "512"], ["a", "==", "2*b"]]} { return }
    func.func @none() { return }
    func.func @bad() attributes {squint.assume = [["s", "<", "512"]]} { return })",
                                              &context);
  ASSERT_TRUE(module);
  auto check = [&](llvm::StringRef name, bool all = true) {
    auto function = module->lookupSymbol<mlir::func::FuncOp>(name);
    mlir::OpBuilder builder(function.getBody());
    return materializeAssumptions(builder, function.getLoc(), function,
                                  function->getAttr(kAssumeAttr),
                                  [&](const DimExpr &, const DimExpr &right) {
                                    return all || right.isConstant(512);
                                  });
  };
  llvm::FailureOr<mlir::Value> some = check("some");
  ASSERT_TRUE(succeeded(some));
  EXPECT_TRUE((*some).getType().isInteger(1));
  EXPECT_TRUE((*some).getDefiningOp<mlir::arith::AndIOp>());
  llvm::FailureOr<mlir::Value> chosen = check("some", /*all=*/false);
  ASSERT_TRUE(succeeded(chosen));
  EXPECT_TRUE((*chosen).getDefiningOp<mlir::arith::CmpIOp>());
  EXPECT_EQ(check("none"), mlir::Value());
  EXPECT_TRUE(failed(check("bad")));
}

} // namespace
