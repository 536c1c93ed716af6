//===- Tool.cpp - runs one kernel of a file -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
#include "Decoder.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

using namespace ptx;

static const char help[] =
    R"(ptx-emulator: run a kernel of a PTX file without a GPU, looking for faults

usage: ptx-emulator FILE.ptx [options] [ARGUMENT...]

  --kernel=NAME      the kernel; may be left out where the file has one
  --grid=X[,Y[,Z]]   blocks (1)
  --block=X[,Y[,Z]]  threads of a block (32)
  --shared=BYTES     dynamic shared memory (0)
  --memory=BYTES     of the device (4294967296)
  --trace            also print how often each instruction ran
  --help

Arguments are the kernel's parameters in order:

  i32:N  i64:N       an integer, decimal or 0x...; i8, i16 likewise
  f32:X  f64:X       a float
  in:FILE[:BYTES]    a pointer to the bytes of a file; of a .npy file, to its
                     numbers. With BYTES, so many are allocated
  out:FILE:BYTES     a pointer to BYTES bytes (0xff), written to FILE afterwards
  inout:FILE:BYTES   both

Exit status: 0; 1 where the kernel faults (the line says where); 2 where the
file is no PTX that is understood, or the command line is wrong.

example: ptx-emulator add.ptx --grid=4 --block=256 in:a.npy in:b.npy out:c.bin:4096
)";

namespace {
[[noreturn]] void fail(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fprintf(stderr, "ptx-emulator: ");
  vfprintf(stderr, format, list);
  fprintf(stderr, "\n");
  va_end(list);
  exit(2);
}

std::vector<uint8_t> readFile(const std::string &name) {
  FILE *file = fopen(name.c_str(), "rb");
  if (!file)
    fail("cannot read %s", name.c_str());
  std::vector<uint8_t> bytes;
  uint8_t buffer[65536];
  while (size_t count = fread(buffer, 1, sizeof(buffer), file))
    bytes.insert(bytes.end(), buffer, buffer + count);
  fclose(file);
  // The numbers of a .npy file follow a header of the length it gives.
  if (bytes.size() > 10 && memcmp(bytes.data(), "\x93NUMPY", 6) == 0) {
    size_t header = bytes[6] == 1 ? 10 + (bytes[8] | bytes[9] << 8)
                                  : 12 + (bytes[8] | bytes[9] << 8 |
                                          bytes[10] << 16 | bytes[11] << 24);
    bytes.erase(bytes.begin(), bytes.begin() + std::min(header, bytes.size()));
  }
  return bytes;
}

uint64_t number(const std::string &text) {
  char *end = nullptr;
  uint64_t value = strtoull(text.c_str(), &end, 0);
  if (text.empty() || *end)
    fail("expected a number, got '%s'", text.c_str());
  return value;
}

void readExtents(const std::string &text, unsigned (&extents)[3]) {
  size_t at = 0;
  for (unsigned i = 0; i < 3 && at <= text.size(); ++i) {
    size_t comma = std::min(text.find(',', at), text.size());
    extents[i] = number(text.substr(at, comma - at));
    if (!extents[i])
      fail("expected sizes of at least 1, got '%s'", text.c_str());
    at = comma + 1;
  }
}

struct Output {
  std::string file;
  uint64_t address, bytes;
};

class Arguments {
public:
  explicit Arguments(DeviceMemory &memory) : memory(memory) {}

  void add(const std::string &text) {
    size_t colon = text.find(':');
    if (colon == std::string::npos)
      fail("expected KIND:VALUE, got '%s'", text.c_str());
    std::string kind = text.substr(0, colon), rest = text.substr(colon + 1);
    if (kind == "i8" || kind == "i16" || kind == "i32" || kind == "i64") {
      append(strtoll(rest.c_str(), nullptr, 0), atoi(kind.c_str() + 1) / 8);
    } else if (kind == "f32") {
      append(toLane(strtof(rest.c_str(), nullptr)), 4);
    } else if (kind == "f64") {
      append(toLane(strtod(rest.c_str(), nullptr)), 8);
    } else if (kind == "in" || kind == "out" || kind == "inout") {
      addPointer(kind, rest);
    } else {
      fail("unknown kind of argument: '%s'", text.c_str());
    }
  }

  std::vector<std::vector<uint8_t>> values;
  std::vector<Output> outputs;

private:
  void append(uint64_t bits, unsigned bytes) {
    const uint8_t *from = reinterpret_cast<const uint8_t *>(&bits);
    values.emplace_back(from, from + bytes);
  }

  void addPointer(const std::string &kind, const std::string &text) {
    size_t colon = text.rfind(':');
    bool hasSize = colon != std::string::npos && colon + 1 < text.size() &&
                   isdigit(static_cast<unsigned char>(text[colon + 1]));
    std::string file = hasSize ? text.substr(0, colon) : text;
    std::vector<uint8_t> content;
    if (kind != "out")
      content = readFile(file);
    else if (!hasSize)
      fail("expected out:FILE:BYTES, got 'out:%s'", text.c_str());
    uint64_t bytes = hasSize ? number(text.substr(colon + 1)) : content.size();
    uint64_t address = bytes ? memory.allocate(bytes) : 0;
    if (!address)
      fail("no memory for %s", text.c_str());
    memcpy(memory.host(address, bytes), content.data(),
           std::min<uint64_t>(bytes, content.size()));
    append(address, 8);
    if (kind != "in")
      outputs.push_back({file, address, bytes});
  }

  DeviceMemory &memory;
};
} // namespace

int main(int count, char **words) {
  std::string file, kernelName;
  std::vector<std::string> texts;
  Launch launch;
  launch.block[0] = 32;
  uint64_t bytes = 4ull << 30;
  bool trace = false;
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    std::string value =
        equals == std::string::npos ? "" : word.substr(equals + 1);
    if (word == "--help" || word == "-h") {
      fputs(help, stdout);
      return 0;
    }
    if (name == "--kernel")
      kernelName = value;
    else if (name == "--grid")
      readExtents(value, launch.grid);
    else if (name == "--block")
      readExtents(value, launch.block);
    else if (name == "--shared")
      launch.dynamicShared = number(value);
    else if (name == "--memory")
      bytes = number(value);
    else if (word == "--trace")
      trace = true;
    else if (word.compare(0, 2, "--") == 0)
      fail("unknown option %s (--help lists them)", word.c_str());
    else if (file.empty())
      file = word;
    else
      texts.push_back(word);
  }
  if (file.empty())
    fail("expected a file of PTX (--help says more)");

  DeviceMemory memory(bytes);
  std::vector<uint8_t> source = readFile(file);
  std::string error;
  std::unique_ptr<Module> module =
      load(std::string(source.begin(), source.end()), memory, error);
  if (!module)
    fail("%s: %s", file.c_str(), error.c_str());
  if (kernelName.empty() && module->kernels.size() == 1)
    kernelName = module->kernels.begin()->first;
  auto found = module->kernels.find(kernelName);
  if (found == module->kernels.end()) {
    std::string names;
    for (auto &[name, kernel] : module->kernels)
      names += " " + name;
    fail("--kernel: expected one of%s, got '%s'", names.c_str(),
         kernelName.c_str());
  }
  const Kernel &kernel = *found->second;
  Arguments arguments(memory);
  for (const std::string &text : texts)
    arguments.add(text);
  if (arguments.values.size() != kernel.parameters.size())
    fail("%s has %zu parameters, got %zu arguments", kernelName.c_str(),
         kernel.parameters.size(), arguments.values.size());
  launch.parameters.assign(kernel.parameterBytes, 0);
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    const Parameter &parameter = kernel.parameters[i];
    if (arguments.values[i].size() != parameter.bytes)
      fail("parameter %zu has %u bytes, got %zu (%s)", i, parameter.bytes,
           arguments.values[i].size(), texts[i].c_str());
    memcpy(launch.parameters.data() + parameter.offset,
           arguments.values[i].data(), parameter.bytes);
  }
  if (uint64_t(launch.block[0]) * launch.block[1] * launch.block[2] > 1024)
    fail("a block has 1024 threads at most");
  launch.kernel = &kernel;
  launch.memory = &memory;
  launch.counts.assign(trace ? kernel.code.size() : 0, 0);
  launch.run();
  if (trace)
    printLaunch(launch);
  if (launch.fault.kind != Fault::None) {
    fprintf(stderr, "ptx-emulator: %s\n", launch.fault.message.c_str());
    return 1;
  }
  for (const Output &output : arguments.outputs) {
    FILE *to = fopen(output.file.c_str(), "wb");
    const uint8_t *host = memory.host(output.address, output.bytes);
    if (!to || fwrite(host, 1, output.bytes, to) != output.bytes)
      fail("cannot write %s", output.file.c_str());
    fclose(to);
  }
  return 0;
}
