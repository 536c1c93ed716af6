//===- squintc.cpp - the ahead-of-time compiler -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Driver/Compiler.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Process.h"

using namespace squint;
namespace cl = llvm::cl;

static cl::OptionCategory general("Input and output");
static cl::OptionCategory formats("Quantization");
static cl::OptionCategory targets("Target");
static cl::OptionCategory seeing("Seeing what happens");

static cl::opt<std::string> input(cl::Positional, cl::Required,
                                  cl::desc("MODEL(.onnx|.gguf|.mlir), or a "
                                           "folder in Hugging Face's layout"),
                                  cl::cat(general));
static cl::opt<std::string> output(
    "o", cl::value_desc("file"), cl::cat(general),
    cl::desc("Output: .so, .a, .o, .s, .ll, or .mlir, .onnx and .gguf (with "
             "--emit); - prints IR"));
enum class Progress { Auto, Never };
static cl::opt<Progress>
    progress("progress", cl::init(Progress::Auto), cl::cat(seeing),
             cl::desc("Stages and their times on standard error"),
             cl::values(clEnumValN(Progress::Auto, "auto", "on a terminal"),
                        clEnumValN(Progress::Never, "never", "stay silent")));
static cl::opt<bool> timing("timing", cl::cat(seeing),
                            cl::desc("Print the time of every pass"));

namespace {

/// The options of every compilation, on the command line.
class Options {
public:
  Options() {
    for (const CompileOption &option : getCompileOptions()) {
      llvm::StringRef name = option.name;
      cl::desc description(option.description);
      cl::value_desc value(option.value);
      cl::cat category(getCategory(option.group));
      if (option.isFlag())
        flags.push_back(
            std::make_unique<cl::opt<bool>>(name, description, category));
      else if (option.isList())
        lists.push_back(std::make_unique<cl::list<std::string>>(
            name, description, value, category));
      else
        values.push_back(std::make_unique<cl::opt<std::string>>(
            name, description, value, category));
    }
  }

  llvm::Error read(CompileOptions &options) {
    for (auto &flag : flags)
      if (*flag)
        if (llvm::Error error = options.set(flag->ArgStr, ""))
          return error;
    for (auto &value : values)
      if (value->getNumOccurrences())
        if (llvm::Error error = options.set(value->ArgStr, *value))
          return error;
    for (auto &list : lists)
      for (llvm::StringRef value : *list)
        if (llvm::Error error = options.set(list->ArgStr, value))
          return error;
    return llvm::Error::success();
  }

private:
  static cl::OptionCategory &getCategory(OptionGroup group) {
    switch (group) {
    case OptionGroup::General:
      return general;
    case OptionGroup::Quantization:
      return formats;
    case OptionGroup::Target:
      return targets;
    case OptionGroup::Seeing:
      return seeing;
    }
    llvm_unreachable("a group without a category");
  }

  std::vector<std::unique_ptr<cl::opt<bool>>> flags;
  std::vector<std::unique_ptr<cl::opt<std::string>>> values;
  std::vector<std::unique_ptr<cl::list<std::string>>> lists;
};

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Options given;
  cl::HideUnrelatedOptions({&general, &formats, &targets, &seeing});
  cl::ParseCommandLineOptions(
      argc, argv,
      "squintc: compile a model to a native library whose matrix products read "
      "quantized weights\n\n"
      "  squintc model.onnx -o model.so                                        "
      "float\n"
      "  squintc model.onnx -o model.so --weights=int8 --activations=int8      "
      "8 bits: by channel, by token\n"
      "  squintc model.onnx -o model.so --weights=int4:group=32                "
      "4-bit weights, float activations\n"
      "  squintc model.gguf -o model.so                                        "
      "weights as they are, 8-bit activations\n"
      "  squintc folder -o model.so                                            "
      "a Hugging Face model, weights as they are\n"
      "  squintc model.onnx -o model.mlir --emit=fused                         "
      "IR of a stage\n\n"
      "  FORMAT: "
      "NAME[:tensor|channel|token|group=N][,zero-point][,scale=f16|bf16|f32|"
      "dynamic8]"
      "\n");

  CompileOptions options;
  options.input = input;
  options.output = output;
  CompileStreams streams{llvm::outs(), llvm::errs()};
  streams.program = "squintc: ";
  streams.timing = timing;
  if (progress == Progress::Auto &&
      llvm::sys::Process::StandardErrIsDisplayed())
    streams.progress = &llvm::errs();
  if (llvm::Error error = given.read(options)) {
    llvm::errs() << "squintc: error: " << llvm::toString(std::move(error))
                 << "\n";
    return 1;
  }
  return failed(compile(options, streams));
}
