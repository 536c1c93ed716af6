//===- SlicesTest.cpp - a function cut between named values -----*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Calibration/Slices.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "squint/Dialect/Squint/Squint.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace squint;

namespace {

class Slices : public testing::Test {
protected:
  Slices() {
    context.loadDialect<func::FuncDialect, SquintDialect, arith::ArithDialect,
                        tensor::TensorDialect>();
  }

  /// Cuts `main` after each `squint.observe` and prints the slices.
  std::vector<std::string> cut(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context);
    auto main = module->lookupSymbol<func::FuncOp>("main");
    SmallVector<Value> wanted;
    main.walk([&](ObserveOp op) { wanted.push_back(op.getInput()); });
    std::vector<std::string> result;
    for (const Slice &slice : cutIntoSlices(main, wanted)) {
      FailureOr<OwningOpRef<ModuleOp>> built =
          buildSlice(slice, [](StringRef symbol) -> std::optional<int64_t> {
            if (symbol == "n")
              return 3;
            return std::nullopt;
          });
      if (failed(built)) {
        result.push_back("failed");
        continue;
      }
      EXPECT_TRUE(succeeded((*built)->verify()));
      llvm::raw_string_ostream((result.emplace_back())) << **built;
    }
    return result;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

int64_t occurrences(StringRef text, StringRef what) { return text.count(what); }

constexpr const char *chain = R"(
  func.func @main(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
    %c = squint.constant dense<1.0> : tensor<4x4xf32>
    %unused = squint.linear %x, %w {squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    %0 = squint.linear %x, %c {squint.weight_format = "int8:channel", squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    squint.observe %0 named "0" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
    %1 = squint.linear %0, %c {squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    squint.observe %1 named "1" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
    %2 = squint.linear %1, %c {squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
    return %2 : tensor<?x4xf32>
  })";

} // namespace

TEST_F(Slices, EndAtTheWantedValues) {
  std::vector<std::string> slices = cut(chain);
  ASSERT_EQ(slices.size(), 2u);
  // Of the layers one each; what nobody wants is nowhere, and sizes are known.
  for (StringRef slice : slices) {
    EXPECT_EQ(occurrences(slice, "squint.linear"), 1);
    EXPECT_EQ(occurrences(slice, "squint.constant"), 1);
    EXPECT_EQ(occurrences(slice, "squint.observe"), 0);
    EXPECT_EQ(occurrences(slice, "squint.dims"), 0);
    EXPECT_EQ(occurrences(slice, "int8"), 0);
    EXPECT_EQ(occurrences(slice, "tensor<?x"), 0);
  }
  EXPECT_EQ(slices[0], slices[1]);
}

TEST_F(Slices, PassOnWhatLaterOnesRead) {
  std::vector<std::string> slices = cut(R"(
    func.func @main(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}, %w: tensor<4x4xf32>) {
      %early = squint.linear %x, %w {squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      %0 = squint.linear %early, %w {squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      squint.observe %0 named "0" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
      %1 = squint.linear %0, %w {squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      squint.observe %1 named "1" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
      %2 = arith.addf %early, %1 {squint.dims = [["n", "4"]]} : tensor<?x4xf32>
      squint.observe %2 named "2" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
      return
    })");
  ASSERT_EQ(slices.size(), 3u);
  EXPECT_EQ(occurrences(slices[0], "squint.linear"), 2);
  EXPECT_EQ(occurrences(slices[0], "squint.name = \"y"), 2);
  EXPECT_EQ(occurrences(slices[1], "squint.name = \"y"), 1);
  EXPECT_EQ(occurrences(slices[2], "squint.name = \"x"), 2);
  EXPECT_EQ(occurrences(slices[2], "arith.addf"), 1);
}

TEST_F(Slices, CopyWhatCannotPass) {
  // Sizes are computed where they are needed, and codes from the floats.
  std::vector<std::string> slices = cut(R"(
    func.func @main(%x: tensor<?x4xf32> {squint.dims = ["n", "4"]}, %w: tensor<4x4xf32>) {
      %n = squint.dim "n"
      %q = squint.quantize %x {squint.dims = [["n", "4"]]} : tensor<?x4xf32> -> !squint.packed<?x4, "int8:token,scale=f32">
      %0 = squint.linear %x, %w {squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      squint.observe %0 named "0" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
      %f = squint.dequantize %q {squint.dims = [["n", "4"]]} : !squint.packed<?x4, "int8:token,scale=f32"> -> tensor<?x4xf32>
      %e = tensor.empty(%n) {squint.dims = [["n", "4"]]} : tensor<?x4xf32>
      %1 = squint.linear %f, %w {squint.dims = [["n", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      squint.observe %1 named "1" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
      return
    })");
  ASSERT_EQ(slices.size(), 2u);
  EXPECT_EQ(occurrences(slices[0], "squint.quantize"), 0);
  EXPECT_EQ(occurrences(slices[1], "squint.quantize"), 1);
  EXPECT_EQ(occurrences(slices[1], "<3x4, "), 2); // made and read
  EXPECT_EQ(occurrences(slices[1], "squint.dim \""), 0);
}

TEST_F(Slices, RefuseSizesThatNobodyKnows) {
  std::string said;
  ScopedDiagnosticHandler handler(
      &context, [&](Diagnostic &diagnostic) { said = diagnostic.str(); });
  std::vector<std::string> slices = cut(R"(
    func.func @main(%x: tensor<?x4xf32> {squint.dims = ["m", "4"]}, %w: tensor<4x4xf32>) {
      %0 = squint.linear %x, %w {squint.dims = [["m", "4"]]} : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      squint.observe %0 named "0" by "min-max" for <"int8:tensor,scale=f32"> : tensor<?x4xf32>
      return
    })");
  EXPECT_EQ(slices, std::vector<std::string>{"failed"});
  EXPECT_NE(said.find("expected sizes that the samples determine"),
            std::string::npos);
}
