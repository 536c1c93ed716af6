//===- Describe.cpp - the table of an emitted library -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
// The structs are those of squint/Runtime/Abi.h and lib/Runtime/Runtime.h,
// field by field; LLVM lays them out as C does.
//===----------------------------------------------------------------------===//

#include "CodeGen.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

using namespace llvm;
using namespace squint;

namespace {

class Describer {
public:
  Describer(Module &module, const ModelInfo &info,
            const CodeGenOptions &options)
      : module(module), context(module.getContext()), info(info),
        options(options) {}
  void run();

private:
  Constant *i8(int64_t value) { return integer(8, value); }
  Constant *i16(int64_t value) { return integer(16, value); }
  Constant *i32(int64_t value) { return integer(32, value); }
  Constant *i64(int64_t value) { return integer(64, value); }
  Constant *integer(unsigned bits, int64_t value) {
    return ConstantInt::getSigned(IntegerType::get(context, bits), value);
  }
  Constant *null() {
    return ConstantPointerNull::get(PointerType::getUnqual(context));
  }
  Constant *pointerTo(Constant *value, unsigned alignment);
  Constant *string(StringRef text);
  Constant *array(ArrayRef<Constant *> elements);
  Constant *value(const ValueInfo &value);
  Constant *values(ArrayRef<ValueInfo> values);
  Constant *function(StringRef name);
  Constant *weights();
  Constant *targets();
  Constant *requirements();
  Constant *state();
  Constant *images();
  Constant *kernels();
  void define(StringRef name, ArrayRef<Constant *> fields);

  Module &module;
  LLVMContext &context;
  const ModelInfo &info;
  const CodeGenOptions &options;
};

} // namespace

Constant *Describer::pointerTo(Constant *value, unsigned alignment) {
  auto *variable = new GlobalVariable(module, value->getType(), true,
                                      GlobalValue::PrivateLinkage, value);
  variable->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  variable->setAlignment(Align(alignment));
  return variable;
}

Constant *Describer::string(StringRef text) {
  return pointerTo(ConstantDataArray::getString(context, text), 1);
}

Constant *Describer::array(ArrayRef<Constant *> elements) {
  if (elements.empty())
    return null();
  auto *type = ArrayType::get(elements.front()->getType(), elements.size());
  return pointerTo(ConstantArray::get(type, elements), 8);
}

Constant *Describer::value(const ValueInfo &value) {
  SmallVector<Constant *> dims, names, symbols;
  for (auto [dim, name, symbol] :
       llvm::zip_equal(value.dims, value.dimNames, value.dimSymbols)) {
    dims.push_back(i64(dim));
    names.push_back(string(name));
    symbols.push_back(i32(symbol));
  }
  Constant *dtype = ConstantStruct::getAnon(
      {i8(value.dtype.code), i8(value.dtype.bits), i16(value.dtype.lanes)});
  return ConstantStruct::getAnon({string(value.name), dtype,
                                  i32(value.dims.size()), array(dims),
                                  array(names), array(symbols)});
}

Constant *Describer::values(ArrayRef<ValueInfo> list) {
  SmallVector<Constant *> elements;
  for (const ValueInfo &element : list)
    elements.push_back(value(element));
  return array(elements);
}

Constant *Describer::function(StringRef name) {
  Function *function = module.getFunction(("squint_api_" + name).str());
  assert(function && "the runtime's bitcode lost a function");
  return function;
}

Constant *Describer::weights() {
  if (!info.weightsSize || options.weights == WeightsPlace::File)
    return null();
  auto *type = ArrayType::get(Type::getInt8Ty(context), 64);
  auto *variable =
      new GlobalVariable(module, type, true, GlobalValue::ExternalLinkage,
                         nullptr, getWeightsSymbol(options.prefix));
  variable->setAlignment(Align(64));
  // Anywhere in the address space when another defines it.
  if (options.weights == WeightsPlace::Section) {
    variable->setVisibility(GlobalValue::HiddenVisibility);
    // A placeholder: the object's writer puts the real bytes there, so the
    // optimiser must not look at these. Large sections stay out of the way of
    // 32-bit distances.
    variable->setInitializer(ConstantAggregateZero::get(type));
    variable->setExternallyInitialized(true);
    variable->setSection(info.target.arch == TargetInfo::Arch::X86_64
                             ? ".lrodata.squint_weights"
                             : ".rodata.squint_weights");
  }
  return variable;
}

Constant *Describer::targets() {
  SmallVector<Constant *> elements;
  for (const TargetInfo &target : info.targets)
    elements.push_back(
        ConstantStruct::getAnon({string(target.cpu), string(target.features)}));
  return array(elements);
}

Constant *Describer::requirements() {
  SmallVector<Constant *> elements;
  for (const TargetInfo &target : info.targets)
    elements.push_back(i64(target.getRequirements()));
  return array(elements);
}

Constant *Describer::state() {
  if (!info.state)
    return null();
  SmallVector<Constant *> digest;
  for (uint8_t byte : info.state->digest)
    digest.push_back(i8(static_cast<int8_t>(byte)));
  Constant *bytes = ConstantArray::get(
      ArrayType::get(Type::getInt8Ty(context), digest.size()), digest);
  return pointerTo(
      ConstantStruct::getAnon(
          {i64(info.state->context), i64(info.state->block_tokens),
           i64(info.state->block_bytes), i64(info.state->front_bytes),
           i64(info.state->sequences), i64(info.state->tokens), bytes}),
      8);
}

Constant *Describer::images() {
  SmallVector<Constant *> elements;
  for (const DeviceImage &image : options.images)
    elements.push_back(ConstantStruct::getAnon(
        {pointerTo(ConstantDataArray::getString(context, image.data,
                                                /*AddNull=*/false),
                   64),
         i32(info.targets[image.target].getRequirements()), i32(image.target),
         i32(image.isText)}));
  return array(elements);
}

Constant *Describer::kernels() {
  SmallVector<Constant *> elements;
  for (const DeviceKernel &kernel : info.kernels)
    elements.push_back(ConstantStruct::getAnon(
        {string(kernel.name), i32(kernel.threads), i32(kernel.shared)}));
  return array(elements);
}

void Describer::define(StringRef name, ArrayRef<Constant *> fields) {
  GlobalVariable *variable = module.getGlobalVariable(name, true);
  assert(variable && "the runtime's bitcode lost a variable");
  auto *type = cast<StructType>(variable->getValueType());
  assert(type->getNumElements() == fields.size() && "fields differ from C's");
  variable->setInitializer(ConstantStruct::get(type, fields));
  variable->setConstant(true);
}

void Describer::run() {
  SmallVector<Constant *> symbols, launches;
  for (const std::string &symbol : info.symbols)
    symbols.push_back(string(symbol));
  for (const LaunchInfo &launch : info.launches)
    launches.push_back(
        ConstantStruct::getAnon({string(launch.kernel), string(launch.node)}));
  uint64_t outputDims = 0;
  SmallVector<Constant *> elements;
  for (auto [i, input] : enumerate(info.inputs))
    for (auto [j, symbol] : enumerate(input.valueSymbols))
      elements.push_back(
          ConstantStruct::getAnon({i32(symbol), i32(i), i32(j)}));
  for (const ValueInfo &output : info.outputs)
    outputDims += output.dims.size();

  GlobalVariable *table = module.getGlobalVariable("squint_library_v1", true);
  assert(table && "the runtime's bitcode lost the table");
  uint64_t size =
      module.getDataLayout().getTypeAllocSize(table->getValueType());
  std::string cpus = join(
      map_range(info.targets, [](const TargetInfo &t) { return t.cpu; }), ",");
  bool inFile = options.weights == WeightsPlace::File && info.weightsSize;
  SmallVector<Constant *> fields = {i32(size),
                                    i32(1),
                                    string(options.prefix),
                                    string("squint " SQUINT_VERSION),
                                    string(info.target.triple),
                                    string(cpus),
                                    string(info.target.features),
                                    i32(info.inputs.size()),
                                    i32(info.outputs.size()),
                                    i32(info.symbols.size()),
                                    i32(info.launches.size()),
                                    values(info.inputs),
                                    values(info.outputs),
                                    array(symbols),
                                    array(launches),
                                    i64(info.weightsSize),
                                    inFile ? string(options.weightsFile)
                                           : null()};
  for (StringRef name :
       {"model_create", "model_destroy", "context_create", "context_destroy",
        "state_create", "state_destroy", "prepare", "output_shape", "run",
        "error_text", "status_text", "set_threads", "threads",
        "workspace_bytes", "profile", "profile_read"})
    fields.push_back(function(name));
  fields.append(
      {i32(info.targets.size()), targets(), function("target"), state()});
  for (StringRef name : {"length", "rewind", "copy", "bytes", "save", "load"})
    fields.push_back(function(("state_" + name).str()));
  define("squint_library_v1", fields);
  define("squint_embedded_v1",
         {weights(), inFile ? string(options.weightsHeader) : null(),
          i64(inFile ? options.weightsHeader.size() : 0), requirements(),
          i32(outputDims), i32(elements.size()), array(elements),
          i32(info.numLate), i32(options.images.size()),
          i32(info.kernels.size()), images(), kernels()});

  // Code refers to the internal table, outsiders to its alias.
  table->setName("squint_table");
  if (options.exportTable)
    GlobalAlias::create(table->getValueType(), 0, GlobalValue::ExternalLinkage,
                        "squint_library_v1", table, &module);
}

void squint::describeModel(Module &module, const ModelInfo &info,
                           const CodeGenOptions &options) {
  Describer(module, info, options).run();
}
