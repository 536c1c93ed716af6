//===- GpuBuilder.cpp - what kernels of GPUs are written with ---*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "GpuBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/ADT/StringExtras.h"
#include <array>

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

static constexpr unsigned kSharedSpace = 3;

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

Value GpuBuilder::thread() {
  return arith::IndexCastUIOp::create(
      *this, getIndexType(), NVVM::ThreadIdXOp::create(*this, getI32Type()));
}

void GpuBuilder::barrier() { NVVM::Barrier0Op::create(*this); }

void GpuBuilder::warpBarrier() {
  NVVM::SyncWarpOp::create(*this, word(0xffffffff));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value GpuBuilder::shared(int64_t bytes) {
  auto module = getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  auto function =
      getInsertionBlock()->getParentOp()->getParentOfType<func::FuncOp>();
  if (!function)
    function = llvm::cast<func::FuncOp>(getInsertionBlock()->getParentOp());
  auto type = LLVM::LLVMArrayType::get(getI8Type(), bytes);
  OpBuilder globals = OpBuilder::atBlockBegin(module.getBody());
  std::string name = (function.getSymName() + "_shared").str();
  if (!module.lookupSymbol(name))
    LLVM::GlobalOp::create(globals, getLoc(), type, /*isConstant=*/false,
                           LLVM::Linkage::Internal, name, Attribute(),
                           /*alignment=*/128, kSharedSpace);
  return LLVM::AddressOfOp::create(
      *this, LLVM::LLVMPointerType::get(getContext(), kSharedSpace), name);
}

Value GpuBuilder::offset(Value pointer, Value bytes) {
  Value i64 = arith::IndexCastOp::create(*this, getI64Type(), bytes);
  return LLVM::GEPOp::create(*this, pointer.getType(), getI8Type(), pointer,
                             LLVM::GEPArg(i64));
}

Value GpuBuilder::loadShared(Type type, Value pointer, int64_t alignment) {
  return LLVM::LoadOp::create(*this, type, pointer, alignment);
}

void GpuBuilder::storeShared(Value value, Value pointer, int64_t alignment) {
  LLVM::StoreOp::create(*this, value, pointer, alignment);
}

GpuBuilder::Values GpuBuilder::loadWords(Value bytes, Value offset,
                                         int64_t count) {
  Value loaded =
      bitcast(vec(getI32Type(), count),
              load(vec(getI8Type(), 4 * count), bytes, offset, 4 * count));
  Values words;
  for (int64_t i = 0; i < count; ++i)
    words.push_back(
        vector::ExtractOp::create(*this, loaded, ArrayRef<int64_t>{i}));
  return words;
}

Value GpuBuilder::loadNumber(Type type, Value bytes, Value offset) {
  int64_t size = type.getIntOrFloatBitWidth() / 8;
  auto number = vec(type, 1);
  Value loaded = load(vec(getI8Type(), size), bytes, offset, size);
  return vector::ExtractOp::create(*this, bitcast(number, loaded),
                                   ArrayRef<int64_t>{0});
}

GpuBuilder::Values GpuBuilder::loadMatrices(Value pointer) {
  auto i32 = getI32Type();
  auto type =
      LLVM::LLVMStructType::getLiteral(getContext(), {i32, i32, i32, i32});
  auto shape = NVVM::LdStMatrixShapeAttr::get(getContext(), 8, 8);
  Value loaded =
      NVVM::LdMatrixOp::create(*this, type, pointer, 4, NVVM::MMALayout::row,
                               shape, NVVM::LdStMatrixEltType::B16);
  return unpack(loaded);
}

void GpuBuilder::copyAsync(Value shared, Value memref, ValueRange indices,
                           Value count) {
  // The address of an element of a memref of bytes.
  auto metadata = memref::ExtractStridedMetadataOp::create(*this, memref);
  Value at = metadata.getOffset();
  for (auto [stride, index] : llvm::zip(metadata.getStrides(), indices))
    at = add(at, mul(stride, index));
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(*this, memref);
  Value address =
      arith::IndexCastOp::create(*this, getI64Type(), add(base, at));
  Value source = LLVM::IntToPtrOp::create(
      *this, LLVM::LLVMPointerType::get(getContext(), 1), address);
  Value size = arith::IndexCastOp::create(*this, getI32Type(), count);
  NVVM::CpAsyncOp::create(*this, shared, source, getI32IntegerAttr(16),
                          NVVM::LoadCacheModifierKindAttr::get(
                              getContext(), NVVM::LoadCacheModifierKind::CG),
                          size);
}

void GpuBuilder::commitCopies() { NVVM::CpAsyncCommitGroupOp::create(*this); }

void GpuBuilder::waitCopies(int64_t pending) {
  NVVM::CpAsyncWaitGroupOp::create(*this, getI32IntegerAttr(pending));
}

//===----------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------===//

Value GpuBuilder::word(uint32_t bits) {
  return i32(static_cast<int32_t>(bits));
}
Value GpuBuilder::cast(Type type, Value value) {
  return value.getType() == type
             ? value
             : LLVM::BitcastOp::create(*this, type, value).getResult();
}
Value GpuBuilder::andi(Value a, Value b) {
  return createOrFold<arith::AndIOp>(a, b);
}
Value GpuBuilder::ori(Value a, Value b) {
  return createOrFold<arith::OrIOp>(a, b);
}
Value GpuBuilder::shr(Value a, unsigned bits) {
  return bits ? createOrFold<arith::ShRUIOp>(a, i32(bits)) : a;
}
Value GpuBuilder::shl(Value a, unsigned bits) {
  return bits ? createOrFold<arith::ShLIOp>(a, i32(bits)) : a;
}

GpuBuilder::Values GpuBuilder::unpack(Value structure) {
  Values parts;
  auto type = llvm::cast<LLVM::LLVMStructType>(structure.getType());
  for (unsigned i = 0; i < type.getBody().size(); ++i)
    parts.push_back(LLVM::ExtractValueOp::create(*this, structure, i));
  return parts;
}

GpuBuilder::Values GpuBuilder::inlineAsm(StringRef text, StringRef constraints,
                                         TypeRange results, ValueRange operands,
                                         bool hasEffects) {
  SmallVector<Type> types(results);
  Type type = types.empty() ? Type()
              : types.size() == 1
                  ? types[0]
                  : LLVM::LLVMStructType::getLiteral(getContext(), types);
  auto op = LLVM::InlineAsmOp::create(
      *this, type ? TypeRange(type) : TypeRange(), operands, text, constraints,
      hasEffects, /*is_align_stack=*/false,
      LLVM::tailcallkind::TailCallKind::None, LLVM::AsmDialectAttr(),
      ArrayAttr());
  if (types.empty())
    return {};
  return types.size() == 1 ? Values{op->getResult(0)}
                           : unpack(op->getResult(0));
}

Value GpuBuilder::maskOr(Value a, uint32_t mask, Value bits) {
  // LLVM makes two instructions of it.
  return inlineAsm("lop3.b32 $0, $1, $2, $3, 0xea;", "=r,r,n,r", getI32Type(),
                   {a, word(mask), bits}, false)[0];
}

Value GpuBuilder::permute(Value a, Value b, Value selector) {
  return inlineAsm("prmt.b32 $0, $1, $2, $3;", "=r,r,r,r", getI32Type(),
                   {a, b, selector}, false)[0];
}

Value GpuBuilder::packHalves(Value low, Value high) {
  return inlineAsm("cvt.rn.f16x2.f32 $0, $1, $2;", "=r,f,f", getI32Type(),
                   {high, low}, false)[0];
}

Value GpuBuilder::subHalves(Value a, Value b) {
  auto halves = vec(getF16Type(), 2);
  return cast(getI32Type(),
              arith::SubFOp::create(*this, cast(halves, a), cast(halves, b)));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

GpuBuilder::Values GpuBuilder::mma(const Factors &factors, ValueRange a,
                                   ValueRange b, ValueRange c) {
  auto type = LLVM::LLVMStructType::getLiteral(
      getContext(), SmallVector<Type>(4, c[0].getType()));
  if (factors.areIntegers())
    return unpack(NVVM::MmaOp::create(
        *this, type, a, b, c, ArrayRef<int64_t>{16, 8, 32}, std::nullopt,
        NVVM::MMAIntOverflow::wrapped,
        std::array{NVVM::MMATypes::s8, NVVM::MMATypes::s8},
        std::array{NVVM::MMALayout::row, NVVM::MMALayout::col}));
  if (!factors.areHalves()) {
    // The dialect's operator knows no 8-bit floats.
    SmallVector<Value> operands(a);
    llvm::append_range(operands, b);
    llvm::append_range(operands, c);
    auto name = ("llvm.nvvm.mma.m16n8k32.row.col.f32." + factors.a + "." +
                 factors.b + ".f32")
                    .str();
    return unpack(LLVM::CallIntrinsicOp::create(*this, type,
                                                getStringAttr(name), operands)
                      .getResults());
  }
  auto halves = vec(getF16Type(), 2);
  auto typed = [&](ValueRange registers) {
    return llvm::map_to_vector(
        registers, [&](Value value) { return cast(halves, value); });
  };
  return unpack(NVVM::MmaOp::create(
      *this, type, typed(a), typed(b), c, ArrayRef<int64_t>{16, 8, 16},
      std::nullopt, std::nullopt,
      std::array{NVVM::MMATypes::f16, NVVM::MMATypes::f16},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col}));
}

void GpuBuilder::fenceShared() {
  inlineAsm("fence.proxy.async.shared::cta;", "~{memory}", {}, {}, true);
}

void GpuBuilder::wgmmaWait() {
  NVVM::WgmmaGroupSyncAlignedOp::create(*this);
  NVVM::WgmmaWaitGroupSyncOp::create(*this, getI64IntegerAttr(0));
}

GpuBuilder::Values GpuBuilder::wgmma(const Factors &factors, ValueRange a,
                                     Value b, int64_t columns, ValueRange c) {
  // A descriptor of b without swizzling: its address, the distance of blocks of
  // 8 columns along k and along the columns, all in units of 16 bytes.
  Value address = LLVM::PtrToIntOp::create(*this, getI32Type(), b);
  Value start = arith::ExtUIOp::create(*this, getI64Type(),
                                       andi(shr(address, 4), word(0x3fff)));
  Value descriptor = arith::OrIOp::create(
      *this, start,
      intConstant(getI64Type(), columns << 16 | int64_t(8) << 32));
  int64_t sums = c.size();
  SmallVector<std::string> names;
  for (int64_t i = 0; i < sums + 5; ++i)
    names.push_back("$" + std::to_string(i));
  ArrayRef<std::string> all = names;
  // What the products read is written before the fence, wherever LLVM puts the
  // copies.
  std::string text =
      "wgmma.fence.sync.aligned;\n\t"
      "wgmma.mma_async.sync.aligned.m64n" +
      std::to_string(columns) + (factors.areHalves() ? "k16." : "k32.") +
      (factors.areIntegers() ? "s32." : "f32.") +
      (factors.a + "." + factors.b).str() + " {" +
      llvm::join(all.take_front(sums), ", ") + "}, {" +
      llvm::join(all.slice(sums, 4), ", ") + "}, " + names[sums + 4] +
      // To add to c; signs; b is not transposed.
      (factors.areIntegers() ? ", 1;"
       : factors.areHalves() ? ", 1, 1, 1, 0;"
                             : ", 1, 1, 1;");
  SmallVector<std::string> constraints(sums,
                                       factors.areIntegers() ? "=r" : "=f");
  constraints.append({"r", "r", "r", "r", "l"});
  for (int64_t i = 0; i < sums; ++i)
    constraints.push_back(std::to_string(i));
  SmallVector<Value> operands(a);
  operands.push_back(descriptor);
  llvm::append_range(operands, c);
  SmallVector<Type> types(sums, c[0].getType());
  return inlineAsm(text, llvm::join(constraints, ","), types, operands, true);
}
