//===- TaskArguments.cpp - what a launch hands to a kernel ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "TaskArguments.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"

using namespace mlir;
using namespace squint;

TaskArguments::TaskArguments(MLIRContext *context)
    : converter(std::make_unique<LLVMTypeConverter>(context)),
      pointer(LLVM::LLVMPointerType::get(context)) {}

/// The sizes that a contiguous memref's type leaves open; nullopt for other
/// types.
static std::optional<int64_t> getOpenSizes(Type type) {
  auto memref = llvm::dyn_cast<MemRefType>(type);
  if (!memref || !memref.getLayout().isIdentity())
    return std::nullopt;
  return memref.getNumDynamicDims();
}

static Value cast(OpBuilder &builder, Location loc, Type type, Value value) {
  if (value.getType() == type)
    return value;
  return UnrealizedConversionCastOp::create(builder, loc, type, value)
      .getResult(0);
}

SmallVector<Type> TaskArguments::getFields(func::FuncOp body) const {
  SmallVector<Type> fields;
  for (Type type : body.getArgumentTypes().drop_back(2)) {
    std::optional<int64_t> open = getOpenSizes(type);
    fields.push_back(open ? Type(pointer) : converter->convertType(type));
    fields.append(open.value_or(0), IntegerType::get(type.getContext(), 64));
  }
  return fields;
}

SmallVector<Value> TaskArguments::flatten(OpBuilder &builder, Location loc,
                                          Value argument) const {
  auto type = converter->convertType(argument.getType());
  Value value = cast(builder, loc, type, argument);
  if (!getOpenSizes(argument.getType()))
    return {value};
  MemRefDescriptor descriptor(value);
  SmallVector<Value> fields{descriptor.alignedPtr(builder, loc)};
  auto memref = llvm::cast<MemRefType>(argument.getType());
  for (int64_t i = 0; i < memref.getRank(); ++i)
    if (memref.isDynamicDim(i))
      fields.push_back(descriptor.size(builder, loc, i));
  return fields;
}

SmallVector<Value> TaskArguments::rebuild(OpBuilder &builder, Location loc,
                                          func::FuncOp body,
                                          ValueRange fields) const {
  SmallVector<Value> arguments;
  for (Type type : body.getArgumentTypes().drop_back(2)) {
    std::optional<int64_t> open = getOpenSizes(type);
    arguments.push_back(
        open ? makeMemRef(builder, loc, llvm::cast<MemRefType>(type),
                          fields.front(), fields.slice(1, *open))
             : cast(builder, loc, type, fields.front()));
    fields = fields.drop_front(1 + open.value_or(0));
  }
  return arguments;
}

Value TaskArguments::makeMemRef(OpBuilder &builder, Location loc,
                                MemRefType type, Value address,
                                ValueRange sizes) const {
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, converter->convertType(type));
  auto i64 = builder.getI64Type();
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  };
  descriptor.setAllocatedPtr(builder, loc, address);
  descriptor.setAlignedPtr(builder, loc, address);
  descriptor.setOffset(builder, loc, constant(0));
  Value stride = constant(1);
  unsigned dynamic = type.getNumDynamicDims();
  for (int64_t i = type.getRank() - 1; i >= 0; --i) {
    Value size =
        type.isDynamicDim(i) ? sizes[--dynamic] : constant(type.getDimSize(i));
    descriptor.setSize(builder, loc, i, size);
    descriptor.setStride(builder, loc, i, stride);
    stride = LLVM::MulOp::create(builder, loc, stride, size);
  }
  return cast(builder, loc, type, descriptor);
}
