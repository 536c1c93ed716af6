//===- ConvertVectorToThreads.cpp - a thread for each lane ------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "squint/Conversion/Passes.h"
#include "squint/Kernels/GpuKernels.h"
#include "squint/Kernels/Targets.h"

namespace squint {
#define GEN_PASS_DEF_CONVERTVECTORTOTHREADS
#include "squint/Conversion/Passes.h.inc"
} // namespace squint

using namespace mlir;
using namespace squint;
using namespace squint::kernel;

namespace {

/// Elements of a vector that each thread has: thread i has [i n, i n + n).
/// Vectors of fewer lanes than threads are in the first threads. Nothing for
/// shapes that are not divided so.
std::optional<int64_t> getShare(VectorType type) {
  if (type.getRank() != 1 || type.isScalable())
    return std::nullopt;
  int64_t lanes = type.getDimSize(0);
  if (lanes <= kLanes)
    return 1;
  return lanes % kLanes ? std::nullopt : std::optional(lanes / kLanes);
}

Type convertType(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return type;
  int64_t share = *getShare(vector);
  return share == 1 ? vector.getElementType()
                    : VectorType::get({share}, vector.getElementType());
}

bool isElementwise(Operation *op) {
  return OpTrait::hasElementwiseMappableTraits(op);
}

/// The bytes of a buffer that a function keeps on its stack.
int64_t getBytes(memref::AllocaOp op) {
  MemRefType type = op.getType();
  Type element = type.getElementType();
  int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
  return llvm::alignTo(type.getNumElements() * llvm::divideCeil(bits, 8), 16);
}

/// Whether a thread's part of the bits stays its part.
bool isOwnBitCast(vector::BitCastOp op) {
  return op.getSourceVectorType().getDimSize(0) >= kLanes &&
         op.getResultVectorType().getDimSize(0) >= kLanes;
}

bool isKnown(Operation *op) {
  for (auto types :
       {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      if (auto vector = dyn_cast<VectorType>(type); vector && !getShare(vector))
        return false;
  auto isVector = [](Type type) { return isa<VectorType>(type); };
  if (auto alloca = dyn_cast<memref::AllocaOp>(op))
    return alloca.getType().hasStaticShape();
  if (auto shuffle = dyn_cast<vector::ShuffleOp>(op))
    return *getShare(shuffle.getV1VectorType()) == 1 &&
           *getShare(shuffle.getV2VectorType()) == 1 &&
           *getShare(shuffle.getResultVectorType()) == 1;
  if (auto extract = dyn_cast<vector::ExtractOp>(op))
    return !extract.hasDynamicPosition() &&
           *getShare(extract.getSourceVectorType()) == 1 &&
           !isVector(extract.getType());
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
    return !dense || dense.isSplat() ||
           *getShare(cast<VectorType>(dense.getType())) == 1;
  }
  if (auto cast = dyn_cast<vector::BitCastOp>(op)) {
    return isOwnBitCast(cast) ||
           llvm::all_of(ArrayRef<VectorType>{cast.getSourceVectorType(),
                                             cast.getResultVectorType()},
                        [](VectorType type) {
                          return type.getDimSize(0) <= kLanes &&
                                 type.getElementType().isIntOrFloat() &&
                                 type.getElementTypeBitWidth() % 8 == 0;
                        });
  }
  if (auto gather = dyn_cast<vector::GatherOp>(op))
    return gather.getVectorType().getDimSize(0) == kLanes &&
           isa<MemRefType>(gather.getBase().getType()) &&
           cast<MemRefType>(gather.getBase().getType()).getRank() == 1;
  if (isa<vector::LoadOp, vector::StoreOp, vector::MaskedLoadOp,
          vector::MaskedStoreOp, vector::CreateMaskOp, vector::StepOp>(op))
    return true;
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op))
    return !isVector(broadcast.getSourceType());
  bool hasVectors = llvm::any_of(op->getOperandTypes(), isVector) ||
                    llvm::any_of(op->getResultTypes(), isVector);
  return !hasVectors || op->getNumRegions() || isElementwise(op) ||
         op->hasTrait<OpTrait::IsTerminator>();
}

/// Rewrites the function of one unit for `kLanes` threads.
class Threads {
public:
  Threads(func::FuncOp function, int64_t groups)
      : function(function), groups(groups),
        b(function.getLoc(), function.getContext()) {}
  void run();

private:
  void convert(Block &from, Block &to);
  void convert(Operation &op);
  void convertOther(Operation &op);
  Value makeConstant(arith::ConstantOp op);
  Value constant(Type type, int64_t value) {
    return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
  }
  /// What thread `source` (an i32) of the group has.
  Value exchange(Value value, Value source);
  /// Numbers from 0 to 15 for each thread.
  Value pick(ArrayRef<int64_t> numbers);
  /// The indices of a thread's elements.
  SmallVector<Value> shifted(ValueRange indices, int64_t share);
  /// What `access` gives threads for which `isMine` is true.
  Value choose(Value isMine, llvm::function_ref<Value()> access,
               Value otherwise);
  Value load(VectorType type, Value memory, ValueRange indices, Value isMine,
             Value otherwise);
  Value load(vector::GatherOp op);
  void store(VectorType type, Value value, Value memory, ValueRange indices,
             Value isMine);
  /// The bits of all threads' elements as elements of another type.
  Value regroup(Value value, Type type);
  /// The threads that have a part of a short vector; null for all.
  Value getMask(VectorType type);
  Value zero(VectorType type) {
    return arith::ConstantOp::create(
        b, cast<TypedAttr>(b.getZeroAttr(convertType(type))));
  }
  /// What threads have written before is there for all of them.
  void synchronize();
  Value share(memref::AllocaOp op);

  func::FuncOp function;
  int64_t groups; // of threads in a block
  ImplicitLocOpBuilder b;
  IRMapping map;
  Value lane, index, half; // i32, index, i32
  Value group, mask, memory;
  int64_t unitBytes = 0, sharedBytes = 0;
};

} // namespace

Value Threads::pick(ArrayRef<int64_t> numbers) {
  // Consecutive ones are the lane's number and a constant.
  auto i32 = b.getI32Type();
  bool areConsecutive = true;
  uint64_t table = 0;
  for (auto [i, number] : llvm::enumerate(numbers)) {
    areConsecutive &= number == numbers[0] + int64_t(i);
    table |= uint64_t(number & 15) << (4 * i);
  }
  if (areConsecutive)
    return arith::AddIOp::create(b, lane, constant(i32, numbers[0]));
  Value shift = arith::ExtUIOp::create(
      b, b.getI64Type(), arith::ShLIOp::create(b, lane, constant(i32, 2)));
  Value nibble = arith::ShRUIOp::create(
      b, constant(b.getI64Type(), static_cast<int64_t>(table)), shift);
  return arith::AndIOp::create(b, arith::TruncIOp::create(b, i32, nibble),
                               constant(i32, 15));
}

Value Threads::exchange(Value value, Value source) {
  auto i32 = b.getI32Type();
  // Of the same half of the warp.
  Value within = arith::AndIOp::create(b, source, constant(i32, kLanes - 1));
  Value from = arith::OrIOp::create(b, half, within);
  Type type = value.getType();
  auto shuffle = [&](Value word) -> Value {
    return NVVM::ShflOp::create(b, i32, mask, word, from, constant(i32, 31),
                                NVVM::ShflKind::idx, UnitAttr());
  };
  unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  Value number = value;
  if (type.isIndex())
    number = arith::IndexCastOp::create(b, b.getI64Type(), value);
  else if (isa<FloatType>(type))
    number = arith::BitcastOp::create(b, b.getIntegerType(bits), value);
  Value result;
  if (bits == 64) {
    Value low = arith::TruncIOp::create(b, i32, number);
    Value high = arith::TruncIOp::create(
        b, i32,
        arith::ShRUIOp::create(b, number, constant(b.getI64Type(), 32)));
    auto widen = [&](Value word) -> Value {
      return arith::ExtUIOp::create(b, b.getI64Type(), shuffle(word));
    };
    result = arith::OrIOp::create(
        b, widen(low),
        arith::ShLIOp::create(b, widen(high), constant(b.getI64Type(), 32)));
  } else if (bits == 32) {
    result = shuffle(number);
  } else {
    result = arith::TruncIOp::create(
        b, b.getIntegerType(bits),
        shuffle(arith::ExtUIOp::create(b, i32, number)));
  }
  if (type.isIndex())
    return arith::IndexCastOp::create(b, type, result);
  if (isa<FloatType>(type))
    return arith::BitcastOp::create(b, type, result);
  return result;
}

Value Threads::makeConstant(arith::ConstantOp op) {
  auto dense = cast<DenseElementsAttr>(op.getValue());
  Type type = convertType(dense.getType());
  if (dense.isSplat()) {
    auto scalar = dense.getSplatValue<TypedAttr>();
    if (auto vector = dyn_cast<VectorType>(type))
      return arith::ConstantOp::create(
          b, DenseElementsAttr::get(vector, Attribute(scalar)));
    return arith::ConstantOp::create(b, scalar);
  }
  // Select one by one; the same for all bits of masks.
  Value result;
  for (auto [i, number] : llvm::enumerate(dense.getValues<Attribute>())) {
    Value one = arith::ConstantOp::create(b, cast<TypedAttr>(number));
    if (!result) {
      result = one;
      continue;
    }
    Value isMine = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, lane,
                                         constant(b.getI32Type(), int64_t(i)));
    result = arith::SelectOp::create(b, isMine, one, result);
  }
  return result;
}

SmallVector<Value> Threads::shifted(ValueRange indices, int64_t share) {
  SmallVector<Value> result;
  for (Value each : indices)
    result.push_back(map.lookup(each));
  Value by = index;
  if (share != 1)
    by = arith::MulIOp::create(b, by, arith::ConstantIndexOp::create(b, share));
  result.back() = arith::AddIOp::create(b, result.back(), by);
  return result;
}

Value Threads::choose(Value isMine, llvm::function_ref<Value()> access,
                      Value otherwise) {
  auto check = scf::IfOp::create(b, otherwise.getType(), isMine,
                                 /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(check.thenBlock());
  scf::YieldOp::create(b, access());
  b.setInsertionPointToStart(check.elseBlock());
  scf::YieldOp::create(b, otherwise);
  return check.getResult(0);
}

/// Threads that are not in the mask read nothing.
Value Threads::load(VectorType type, Value memory, ValueRange indices,
                    Value isMine, Value otherwise) {
  int64_t share = *getShare(type);
  SmallVector<Value> at = shifted(indices, share);
  auto access = [&]() -> Value {
    if (share == 1)
      return memref::LoadOp::create(b, memory, at);
    return vector::LoadOp::create(b, cast<VectorType>(convertType(type)),
                                  memory, at);
  };
  return isMine ? choose(isMine, access, otherwise) : access();
}

Value Threads::load(vector::GatherOp op) {
  Value at = map.lookup(op.getIndices());
  if (!at.getType().isIndex())
    at = arith::IndexCastOp::create(b, b.getIndexType(), at);
  at = arith::AddIOp::create(b, map.lookup(op.getOffsets()[0]), at);
  auto access = [&]() -> Value {
    return memref::LoadOp::create(b, map.lookup(op.getBase()), at);
  };
  return choose(map.lookup(op.getMask()), access, map.lookup(op.getPassThru()));
}

Value Threads::regroup(Value value, Type type) {
  int64_t from = value.getType().getIntOrFloatBitWidth(),
          to = type.getIntOrFloatBitWidth();
  auto i32 = b.getI32Type();
  Type wide = b.getIntegerType(to);
  if (isa<FloatType>(value.getType()))
    value = arith::BitcastOp::create(b, b.getIntegerType(from), value);
  Value result;
  if (to <= from) {
    // One part of what a thread has.
    int64_t parts = from / to;
    Value number = constant(i32, parts);
    result = exchange(value, arith::DivUIOp::create(b, lane, number));
    Value part = arith::RemUIOp::create(b, lane, number);
    Value shift = arith::MulIOp::create(b, part, constant(i32, to));
    if (from != 32)
      shift =
          from < 32
              ? arith::TruncIOp::create(b, value.getType(), shift).getResult()
              : arith::ExtUIOp::create(b, value.getType(), shift).getResult();
    result = arith::ShRUIOp::create(b, result, shift);
    if (to < from)
      result = arith::TruncIOp::create(b, wide, result);
  } else {
    int64_t parts = to / from;
    Value first = arith::MulIOp::create(b, lane, constant(i32, parts));
    for (int64_t i = 0; i < parts; ++i) {
      Value source = arith::AddIOp::create(b, first, constant(i32, i));
      Value part = arith::ShLIOp::create(
          b, arith::ExtUIOp::create(b, wide, exchange(value, source)),
          constant(wide, i * from));
      result =
          result ? arith::OrIOp::create(b, result, part).getResult() : part;
    }
  }
  if (isa<FloatType>(type))
    result = arith::BitcastOp::create(b, type, result);
  return result;
}

void Threads::store(VectorType type, Value value, Value memory,
                    ValueRange indices, Value isMine) {
  int64_t share = *getShare(type);
  SmallVector<Value> at = shifted(indices, share);
  OpBuilder::InsertionGuard guard(b);
  if (isMine) {
    auto check = scf::IfOp::create(b, isMine, /*withElseRegion=*/false);
    b.setInsertionPointToStart(check.thenBlock());
  }
  if (share == 1)
    memref::StoreOp::create(b, value, memory, at);
  else
    vector::StoreOp::create(b, value, memory, at);
}

Value Threads::getMask(VectorType type) {
  if (type.getDimSize(0) >= kLanes)
    return {};
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, lane,
                               constant(b.getI32Type(), type.getDimSize(0)));
}

void Threads::synchronize() { NVVM::SyncWarpOp::create(b, mask); }

Value Threads::share(memref::AllocaOp op) {
  int64_t bytes = getBytes(op);
  Value at = arith::AddIOp::create(
      b,
      arith::MulIOp::create(
          b, arith::IndexCastOp::create(b, b.getI64Type(), group),
          constant(b.getI64Type(), unitBytes)),
      constant(b.getI64Type(), sharedBytes));
  sharedBytes += bytes;
  Value base = LLVM::GEPOp::create(b, memory.getType(), b.getI8Type(), memory,
                                   LLVM::GEPArg(at));
  Value address = LLVM::AddrSpaceCastOp::create(
      b, LLVM::LLVMPointerType::get(b.getContext()), base);
  // Kernels read whole vectors where they have written parts of them, and mask
  // what comes of the rest.
  auto words = VectorType::get({4}, b.getI32Type());
  Value zeros = arith::ConstantOp::create(b, b.getZeroAttr(words));
  auto loop = scf::ForOp::create(b, index,
                                 arith::ConstantIndexOp::create(b, bytes / 16),
                                 arith::ConstantIndexOp::create(b, kLanes));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value number =
        arith::IndexCastOp::create(b, b.getI64Type(), loop.getInductionVar());
    Value to = LLVM::GEPOp::create(b, memory.getType(), words, base,
                                   LLVM::GEPArg(number));
    LLVM::StoreOp::create(b, zeros, to, /*alignment=*/16);
  }
  synchronize();
  LLVMTypeConverter converter(b.getContext());
  Value descriptor = MemRefDescriptor::fromStaticShape(b, b.getLoc(), converter,
                                                       op.getType(), address);
  return UnrealizedConversionCastOp::create(b, op.getType(), descriptor)
      .getResult(0);
}

void Threads::convertOther(Operation &op) {
  // The same operator on a thread's part.
  Operation *copy = op.cloneWithoutRegions(map);
  for (OpResult result : copy->getResults())
    result.setType(convertType(result.getType()));
  b.insert(copy);
  map.map(op.getResults(), copy->getResults());
  for (auto [from, to] : llvm::zip(op.getRegions(), copy->getRegions()))
    for (Block &block : from) {
      Block &fresh = to.emplaceBlock();
      for (BlockArgument argument : block.getArguments())
        map.map(argument, fresh.addArgument(convertType(argument.getType()),
                                            argument.getLoc()));
      OpBuilder::InsertionGuard guard(b);
      convert(block, fresh);
    }
}

void Threads::convert(Operation &op) {
  b.setLoc(op.getLoc());
  auto set = [&](Value value) { map.map(op.getResult(0), value); };
  auto get = [&](Value value) { return map.lookup(value); };
  if (auto constant = dyn_cast<arith::ConstantOp>(op);
      constant && isa<VectorType>(constant.getType()))
    return set(makeConstant(constant));
  if (auto alloca = dyn_cast<memref::AllocaOp>(op))
    return set(share(alloca));
  if (isa<memref::PrefetchOp>(op))
    return;
  if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
    Type type = convertType(broadcast.getType());
    Value value = get(broadcast.getSource());
    return set(isa<VectorType>(type)
                   ? vector::BroadcastOp::create(b, type, value).getResult()
                   : value);
  }
  if (auto loading = dyn_cast<vector::LoadOp>(op))
    return set(load(loading.getVectorType(), get(loading.getBase()),
                    loading.getIndices(), getMask(loading.getVectorType()),
                    zero(loading.getVectorType())));
  if (auto loading = dyn_cast<vector::MaskedLoadOp>(op))
    return set(load(loading.getVectorType(), get(loading.getBase()),
                    loading.getIndices(), get(loading.getMask()),
                    get(loading.getPassThru())));
  if (auto storing = dyn_cast<vector::StoreOp>(op)) {
    store(storing.getVectorType(), get(storing.getValueToStore()),
          get(storing.getBase()), storing.getIndices(),
          getMask(storing.getVectorType()));
    return synchronize();
  }
  if (auto storing = dyn_cast<vector::MaskedStoreOp>(op)) {
    store(storing.getVectorType(), get(storing.getValueToStore()),
          get(storing.getBase()), storing.getIndices(), get(storing.getMask()));
    return synchronize();
  }
  if (auto create = dyn_cast<vector::CreateMaskOp>(op))
    return set(arith::CmpIOp::create(b, arith::CmpIPredicate::slt, index,
                                     get(create.getOperands()[0])));
  if (isa<vector::StepOp>(op))
    return set(index);
  if (auto cast = dyn_cast<vector::BitCastOp>(op)) {
    Value source = get(cast.getSource());
    if (!isOwnBitCast(cast))
      return set(regroup(source, convertType(cast.getType())));
    return set(LLVM::BitcastOp::create(b, convertType(cast.getType()), source));
  }
  if (auto gather = dyn_cast<vector::GatherOp>(op))
    return set(load(gather));
  if (auto extract = dyn_cast<vector::ExtractOp>(op))
    return set(
        exchange(get(extract.getSource()),
                 constant(b.getI32Type(), extract.getStaticPosition()[0])));
  if (auto shuffle = dyn_cast<vector::ShuffleOp>(op)) {
    int64_t lanes = shuffle.getV1VectorType().getDimSize(0);
    SmallVector<int64_t> numbers;
    SmallVector<bool> areSecond;
    for (int64_t number : shuffle.getMask()) {
      // What is poison may be anything.
      bool isSecond = number >= lanes;
      areSecond.push_back(isSecond);
      numbers.push_back(number < 0 ? 0 : isSecond ? number - lanes : number);
    }
    Value source = pick(numbers);
    Value first = exchange(get(shuffle.getV1()), source);
    if (!llvm::is_contained(areSecond, true))
      return set(first);
    Value second = exchange(get(shuffle.getV2()), source);
    if (!llvm::is_contained(areSecond, false))
      return set(second);
    SmallVector<int64_t> which(areSecond.begin(), areSecond.end());
    Value isFirst = arith::CmpIOp::create(
        b, arith::CmpIPredicate::eq, pick(which), constant(b.getI32Type(), 0));
    return set(arith::SelectOp::create(b, isFirst, first, second));
  }
  convertOther(op);
  if (isa<memref::StoreOp>(op))
    synchronize();
}

void Threads::convert(Block &from, Block &to) {
  b.setInsertionPointToEnd(&to);
  for (Operation &op : from)
    convert(op);
}

void Threads::run() {
  function.walk([&](memref::AllocaOp op) { unitBytes += getBytes(op); });
  Block &old = function.getBody().front();
  auto *block = new Block;
  for (BlockArgument argument : old.getArguments())
    map.map(argument,
            block->addArgument(argument.getType(), argument.getLoc()));
  function.getBody().push_back(block);
  b.setInsertionPointToStart(block);
  auto i32 = b.getI32Type();
  Value thread = NVVM::ThreadIdXOp::create(b, i32);
  lane = arith::AndIOp::create(b, thread, constant(i32, kLanes - 1));
  index = arith::IndexCastUIOp::create(b, b.getIndexType(), lane);
  Value number = arith::ShRUIOp::create(b, thread, constant(i32, 4));
  group = arith::IndexCastUIOp::create(b, b.getIndexType(), number);
  // The threads of the same half of a warp.
  half = arith::AndIOp::create(b, thread, constant(i32, 16));
  mask = arith::ShLIOp::create(b, constant(i32, 0xffff), half);
  if (unitBytes) {
    auto module = function->getParentOfType<ModuleOp>();
    OpBuilder globals = OpBuilder::atBlockBegin(module.getBody());
    std::string name = (function.getSymName() + "_shared").str();
    int64_t bytes = groups * unitBytes;
    bool isNamed = bytes <= kNamedShared;
    if (!isNamed)
      function->setAttr(kSharedAttr, b.getI64IntegerAttr(bytes));
    LLVM::GlobalOp::create(
        globals, function.getLoc(),
        LLVM::LLVMArrayType::get(b.getI8Type(), isNamed ? bytes : 0),
        /*isConstant=*/false,
        isNamed ? LLVM::Linkage::Internal : LLVM::Linkage::External, name,
        Attribute(), /*alignment=*/16, /*addrSpace=*/3);
    memory = LLVM::AddressOfOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext(), 3), name);
  }
  convert(old, *block);
  // Users go before what they use.
  old.dropAllReferences();
  old.dropAllDefinedValueUses();
  old.erase();
}

namespace {

struct ConvertVectorToThreads
    : squint::impl::ConvertVectorToThreadsBase<ConvertVectorToThreads> {
  void runOnOperation() override {
    FunctionTargets targets;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kGroupsAttr) || function.isExternal())
        continue;
      const TargetInfo *target = targets.get(function);
      if (!target)
        return signalPassFailure();
      if (!target->isDevice() || !hasVectors(function))
        continue;
      std::optional<int64_t> groups = getGroups(function);
      if (!groups) {
        ++left;
        fill(llvm::to_vector(
            function.getBody().front().getOps<memref::AllocaOp>()));
        continue;
      }
      Threads(function, *groups).run();
      function->setAttr(kGroupsAttr,
                        OpBuilder(function).getI64IntegerAttr(*groups));
    }
  }

  /// A thread's own buffers, for the same reason as a group's.
  static void fill(ArrayRef<memref::AllocaOp> buffers) {
    for (memref::AllocaOp op : buffers) {
      MemRefType type = op.getType();
      if (!type.hasStaticShape() || type.getRank() != 1)
        continue;
      // Behind all of them: LLVM wants those of a known size at the start.
      ImplicitLocOpBuilder b(op.getLoc(), op->getContext());
      b.setInsertionPointAfter(buffers.back());
      Value zero = arith::ConstantOp::create(
          b, cast<TypedAttr>(b.getZeroAttr(type.getElementType())));
      auto loop = scf::ForOp::create(
          b, arith::ConstantIndexOp::create(b, 0),
          arith::ConstantIndexOp::create(b, type.getNumElements()),
          arith::ConstantIndexOp::create(b, 1));
      b.setInsertionPointToStart(loop.getBody());
      memref::StoreOp::create(b, zero, op, loop.getInductionVar());
    }
  }

  static bool hasVectors(func::FuncOp function) {
    return function
        .walk([](Operation *op) {
          auto isVector = [](Type type) { return isa<VectorType>(type); };
          return llvm::any_of(op->getResultTypes(), isVector) ||
                         llvm::any_of(op->getOperandTypes(), isVector)
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// Of threads that share a block; nothing where the function cannot be
  /// divided.
  static std::optional<int64_t> getGroups(func::FuncOp function) {
    int64_t bytes = 0;
    bool isInOneBlock = function.getBody().hasOneBlock();
    WalkResult walk = function.walk([&](Operation *op) {
      if (auto alloca = dyn_cast<memref::AllocaOp>(op))
        bytes += isKnown(op) ? getBytes(alloca) : 0;
      return isKnown(op) ? WalkResult::advance() : WalkResult::interrupt();
    });
    if (walk.wasInterrupted() || !isInOneBlock || bytes > kMaxShared)
      return std::nullopt;
    int64_t groups = kGroupsOfUnits;
    while (groups > 1 && groups * bytes > kNamedShared)
      groups /= 2;
    return groups;
  }
};

} // namespace
