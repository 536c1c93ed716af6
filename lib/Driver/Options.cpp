//===- Options.cpp - the options of a compilation ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "squint/Driver/Compiler.h"

#include "llvm/ADT/SmallVector.h"

using namespace squint;
using O = CompileOptions;

static constexpr auto kGeneral = OptionGroup::General,
                      kFormats = OptionGroup::Quantization,
                      kTargets = OptionGroup::Target,
                      kSeeing = OptionGroup::Seeing;

static const CompileOption table[] = {
    {"emit", "stage", kGeneral, &O::emit,
     "Stop after a stage and write IR: onnx, squint, quantized, fused, kernel, "
     "llvm; or, for a GPU, its kernels: ptx; or write the quantized model as "
     "ONNX: onnx-quantized, or onnx-qat "
     "to train it elsewhere (float weights behind QuantizeLinear and "
     "DequantizeLinear); or a language model as GGUF: gguf, or as a "
     "Hugging Face folder: safetensors; or imatrix: how large the inputs of "
     "each layer are on --calibration, as llama.cpp reads it (.gguf or "
     ".dat)"},
    {"compile-from", "stage", kGeneral, &O::compileFrom,
     "The stage that a .mlir input is at the end of (default: onnx)"},
    {"weights-file", "file", kGeneral, &O::weightsFile,
     "Write the weights to a file beside the output: safetensors for a "
     "library, ONNX's external data for a .onnx output"},
    {"prefix", "name", kGeneral, &O::prefix,
     "Start of every exported name (default: the output's stem)"},
    {"depfile", "file", kGeneral, &O::depfile,
     "Write the files that the output depends on, as make reads them"},
    {"allow-external", "dir", kGeneral, &O::allowExternal,
     "Also read the model's weights from this folder (repeatable)"},
    {"store", "file", kGeneral, &O::store,
     "Safetensors file for rewritten weights of printed IR (default: the "
     "output's name with the extension .weights)"},
    {"dim", "name=n", kGeneral, &O::dims,
     "Pin a symbolic dimension (repeatable)"},
    {"elements", "name=shapes", kGeneral, &O::elements,
     "What an input holds that is a sequence or an optional: the shapes of its "
     "elements, e.g. x=2x3,4x3, or x=none (repeatable)"},
    {"value", "name=n,n", kGeneral, &O::values,
     "What an input of integers or booleans holds, which is no argument then, "
     "e.g. trip_count=5: what decides how long a sequence is (repeatable)"},

    {"weights", "format", kFormats, &O::weights,
     "Format of all weights, e.g. int8:channel, int4:group=32,zero-point; f32 "
     "is the default"},
    {"activations", "format", kFormats, &O::activations,
     "Format of all activations, e.g. int8:token (dynamic), int8:tensor "
     "(static, needs --calibration)"},
    {"cache", "FORMAT|none", kFormats, &O::cache,
     "A language model remembers its tokens: f32, f16, bf16, int8, int4, int2, "
     "f8e4m3 or f8e5m2 for keys and values; none: it takes whole sequences "
     "(default: f16 for GGUF files and folders, none for others); earlier keys "
     "and values that an ONNX model has as inputs and results become that "
     "state"},
    {"context", "n", kFormats, &O::context,
     "The longest sequence that --cache is for (default: what the model says)"},
    {"recipe", "file.yaml", kFormats, &O::recipe,
     "Rules that choose formats by operator kind and name"},
    {"budget", "size:N|bits:B|error:D", kFormats, &O::budget,
     "Choose formats by measured sensitivity (needs --calibration): size of "
     "the library in bytes or as a fraction of the float weights, bits a "
     "weight, or divergence from the float model"},
    {"symmetric", "", kFormats, &O::symmetric,
     "Keep the plan of --budget from zero points"},
    {"pareto", "", kFormats, &O::pareto,
     "Print what sizes of a library allow what divergence, as a table (needs "
     "--calibration), and compile nothing"},
    {"calibration", "file.npz", kFormats, &O::calibration,
     "Samples: arrays named as the inputs, one sample a row; integers called "
     "labels beside them are for the report"},
    {"imatrix", "file", kFormats, &O::imatrix,
     "How much errors in each column count for the method imatrix, instead of "
     "samples: a file of llama.cpp's, GGUF or its older form"},
    {"make-samples", "n", kFormats, &O::makeSamples,
     "Write samples to the output (.npz) where there are no data: a language "
     "model speaks, other inputs are random; sizes by --dim"},
    {"seed", "n", kFormats, &O::seed,
     "What the samples of --make-samples are drawn with (default: 1)"},
    {"first-token", "id", kFormats, &O::firstToken,
     "What every sample of --make-samples starts with where a language model "
     "speaks (default: any token)"},
    {"checkpoint", "dir", kFormats, &O::checkpoint,
     "Keep what long steps have worked out in this folder, and go on from "
     "there when the same work is done again"},
    {"verify-rewrites", "", kFormats, &O::verifyRewrites,
     "Compare the float function before and after every rewrite, on the "
     "samples or on random inputs"},
    {"allow-bf16", "", kFormats, &O::allowBf16,
     "Multiply bf16 weights with activations rounded to bf16 where the "
     "processor has products of them: faster, other numbers"},
    {"explain", "", kFormats, &O::explain,
     "Print what each layer would get and why, as a table, and compile "
     "nothing"},
    {"lora", "dir|file.safetensors", kFormats, &O::lora,
     "Put an adapter in PEFT's layout beside the layers that it is for, "
     "whatever the format of their weights (repeatable)"},
    {"merge-lora", "", kFormats, &O::mergeLora,
     "Add the adapters of --lora to the weights instead, before these are "
     "quantized"},
    {"export-floats", "", kFormats, &O::exportFloats,
     "With --emit=onnx-quantized: write weights whose format ONNX cannot say "
     "as floats instead of refusing them"},
    {"unfused", "", kFormats, &O::unfused,
     "Dequantize into memory instead of fusing: the reference, slow"},

    {"unsafe-indices", "", kTargets, &O::unsafeIndices,
     "Trust the indices that data holds (Gather, Scatter): one outside of its "
     "tensor then reads or writes anywhere"},
    {"mtriple", "triple", kTargets, &O::mtriple,
     "Target triple, e.g. aarch64-linux-gnu (default: this machine)"},
    {"mcpu", "cpu", kTargets, &O::mcpu,
     "Target CPU as LLVM spells it (default: native); of several the library "
     "runs the best that the machine has",
     /*hasCommas=*/true},
    {"host-mtriple", "triple", kTargets, &O::hostMtriple,
     "Where --mtriple is a GPU (nvptx64-nvidia-cuda, CPUs sm_80, sm_90a, ...): "
     "the triple of the code around its kernels (default: this machine)"},
    {"host-mcpu", "cpu", kTargets, &O::hostMcpu,
     "The CPU of that code (default: native)"},
    {"gpu-tiles", "tiles", kTargets, &O::gpuTiles,
     "What blocks of a GPU compute of products, instead of what the compiler "
     "was built with, as bench/tune_nvptx.py tries them: "
     "8:8x16k8/4,0:64x64/2 is up to 8 rows of activations a tile of 8 rows and "
     "16 outputs whose k 8 warps share, in 4 stages"},
    {"assembler", "program", kTargets, &O::assembler,
     "Assembler of GPU code (default: ptxas in PATH, CUDA_HOME or "
     "/usr/local/cuda; without one the driver compiles the library's PTX)"},
    {"mattr", "+a,-b", kTargets, &O::mattr,
     "Target features as LLVM spells them"},
    {"sysroot", "dir", kTargets, &O::sysroot,
     "Where the target's libc and libm are, to link a .so"},
    {"linker", "program", kTargets, &O::linker,
     "Linker of a .so (default: LLVM's ld.lld)"},

    {"jobs", "n", kSeeing, &O::jobs,
     "Threads to compile with (default: all cores); never changes the output"},
    {"print-pipeline", "", kSeeing, &O::printPipeline,
     "Print the passes as squint-opt --pass-pipeline takes them, and go on"},
    {"dump-dir", "dir", kSeeing, &O::dumpDir,
     "Write the IR after each stage to this folder"},
    {"report", "file", kSeeing, &O::report,
     "Write what each layer became (format, method, bytes, signal-to-noise, "
     "time), its kernel, and with samples divergence and perplexity: .json, or "
     ".html with plots; repeat with a comma for both",
     /*hasCommas=*/true},
};

llvm::ArrayRef<CompileOption> squint::getCompileOptions() { return table; }

template <typename... Args>
static llvm::Error refuse(const char *format, Args... arguments) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), format,
                                 arguments...);
}

llvm::Error CompileOptions::set(llvm::StringRef name, llvm::StringRef value) {
  for (const CompileOption &option : table) {
    if (option.name != name)
      continue;
    if (auto *field = std::get_if<0>(&option.field)) {
      if (!value.empty() && value != "true" && value != "false")
        return refuse("--%s: expected true or false, got '%s'",
                      name.str().c_str(), value.str().c_str());
      this->**field = value != "false";
    } else if (auto *field = std::get_if<1>(&option.field)) {
      this->**field = value.str();
    } else if (auto *field = std::get_if<2>(&option.field)) {
      uint32_t number;
      if (value.getAsInteger(10, number))
        return refuse("--%s: expected a number from 0 to 4294967295, got '%s'",
                      name.str().c_str(), value.str().c_str());
      this->**field = number;
    } else {
      std::vector<std::string> &list = this->*std::get<3>(option.field);
      llvm::SmallVector<llvm::StringRef> parts{value};
      if (option.hasCommas) {
        parts.clear();
        value.split(parts, ',');
      }
      list.insert(list.end(), parts.begin(), parts.end());
    }
    return llvm::Error::success();
  }
  return refuse("unknown option '%s'", name.str().c_str());
}
