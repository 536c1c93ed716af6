//===- Program.h - operators as loops over memory -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// What is no map and no reduction becomes a kernel.program: its units run in
// any order, and each is written as plain code over numbers.
//===----------------------------------------------------------------------===//

#ifndef SQUINT_LIB_CONVERSION_ONNXTOLINALG_PROGRAM_H
#define SQUINT_LIB_CONVERSION_ONNXTOLINALG_PROGRAM_H

#include "Node.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "squint/Runtime/Abi.h"

namespace squint::lowering {

/// A scalar with arithmetic: signed integers, indices and floats. Numbers that
/// stand beside it take its type.
class Num {
public:
  Num() = default;
  Num(mlir::ImplicitLocOpBuilder &b, mlir::Value value) : b(&b), value(value) {}
  operator mlir::Value() const { return value; }
  bool isSet() const { return value != nullptr; }
  mlir::ImplicitLocOpBuilder &builder() const { return *b; }
  mlir::Type type() const { return value.getType(); }
  bool isFloat() const { return mlir::isa<mlir::FloatType>(type()); }
  Num constant(double number) const;

private:
  mlir::ImplicitLocOpBuilder *b = nullptr;
  mlir::Value value;
};

Num operator+(Num x, Num y);
Num operator-(Num x, Num y);
Num operator*(Num x, Num y);
/// Of floats, or of integers rounded toward zero; the divisor is not 0.
Num operator/(Num x, Num y);
Num operator%(Num x, Num y);
inline Num operator+(Num x, double y) { return x + x.constant(y); }
inline Num operator-(Num x, double y) { return x - x.constant(y); }
inline Num operator-(double x, Num y) { return y.constant(x) - y; }
inline Num operator*(Num x, double y) { return x * x.constant(y); }
inline Num operator/(Num x, double y) { return x / x.constant(y); }
inline Num operator%(Num x, double y) { return x % x.constant(y); }
inline Num operator-(Num x) { return x.constant(0) - x; }

/// Comparisons give an i1.
Num operator<(Num x, Num y);
Num operator<=(Num x, Num y);
Num operator==(Num x, Num y);
Num operator!=(Num x, Num y);
inline Num operator>(Num x, Num y) { return y < x; }
inline Num operator>=(Num x, Num y) { return y <= x; }
inline Num operator<(Num x, double y) { return x < x.constant(y); }
inline Num operator>=(Num x, double y) { return x.constant(y) <= x; }
inline Num operator>(Num x, double y) { return x.constant(y) < x; }
inline Num operator<=(Num x, double y) { return x <= x.constant(y); }
inline Num operator==(Num x, double y) { return x == x.constant(y); }
Num operator&(Num x, Num y);
Num operator|(Num x, Num y);
Num operator!(Num x);

Num select(Num condition, Num x, Num y);
/// A NaN among floats: min gives the second.
Num min(Num x, Num y);
Num max(Num x, Num y);
inline Num clamp(Num x, Num low, Num high) { return min(max(x, low), high); }
Num floor(Num x);
Num ceil(Num x);
Num abs(Num x);
Num exp(Num x);
Num tanh(Num x);
Num sqrt(Num x);
/// Between index, integers and floats; a float must fit.
Num convert(Num x, mlir::Type to);
Num toIndex(Num x);

/// An i64 whose order is that of the elements: a NaN is above all, zeros are
/// equal.
Num orderKey(Num x, mlir::Type element);

/// What a program reads and writes, in the type that it computes with.
struct Memory {
  mlir::ImplicitLocOpBuilder *b;
  mlir::Value memref;
  mlir::Type element; // ONNX's

  Num load(llvm::ArrayRef<Num> at) const;
  void store(Num value, llvm::ArrayRef<Num> at) const;
  Num dim(int64_t i) const;
};

/// One number or several.
struct Nums : llvm::SmallVector<Num> {
  Nums() = default;
  Nums(Num one) : SmallVector<Num>{one} {}
  Nums(std::initializer_list<Num> list) : SmallVector<Num>(list) {}
  Nums(llvm::SmallVector<Num> list) : SmallVector<Num>(std::move(list)) {}
};

/// Control flow in a program.
class Code {
public:
  explicit Code(mlir::ImplicitLocOpBuilder &b) : b(b) {}

  mlir::ImplicitLocOpBuilder &b;

  Num index(int64_t value) const { return {b, indexConstant(b, value)}; }
  Num number(mlir::Type type, double value) const {
    return {b, scalarConstant(b, type, value)};
  }
  void loop(Num count, llvm::function_ref<void(Num)> body) const;
  /// With values that are carried from one round to the next.
  Nums loop(Num count, llvm::ArrayRef<Num> inits,
            llvm::function_ref<Nums(Num, llvm::ArrayRef<Num>)> body) const;
  void ifThen(Num condition, llvm::function_ref<void()> then) const;
  Num ifElse(Num condition, llvm::function_ref<Num()> then,
             llvm::function_ref<Num()> otherwise) const;
  /// A position from the row-major number of one, along `extents`.
  llvm::SmallVector<Num> delinearize(Num flat,
                                     llvm::ArrayRef<Num> extents) const;
};

/// The sizes of dimensions as numbers of a program.
llvm::SmallVector<Num> extentsOf(mlir::ImplicitLocOpBuilder &b,
                                 llvm::ArrayRef<DimExpr> dims);

/// Runs `body` for each unit; it returns a status, or nothing for success.
/// What an output holds at first is undefined.
using ProgramBody =
    llvm::function_ref<Num(Code &code, Num unit, llvm::ArrayRef<Memory> in,
                           llvm::ArrayRef<Memory> out)>;
llvm::SmallVector<Tensor> program(mlir::ImplicitLocOpBuilder &b,
                                  const DimExpr &units,
                                  llvm::ArrayRef<Tensor> inputs,
                                  llvm::ArrayRef<Tensor> outputs,
                                  ProgramBody body);
/// A result whose elements are each computed from their position.
Tensor programMap(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<Tensor> inputs,
                  llvm::ArrayRef<DimExpr> dims, mlir::Type element,
                  llvm::function_ref<Num(Code &, llvm::ArrayRef<Num> at,
                                         llvm::ArrayRef<Memory> in)>
                      body);

} // namespace squint::lowering

#endif
