"""How lit runs the tests. IR tests (.mlir), shell tests (.test) and Python tests (.py) all have RUN lines.

Substitutions: %squintc and the other tools, %python, %build, %data, %clang, %aarch64-sysroot, %run-aarch64,
%sanitized-importer, %run-x86, %ptx_emulator_dir (holds libcuda.so.1), %ptxas.
Features (for REQUIRES): data, x86_64, avx2, avx512vnni, avx512bf16, aarch64, asan, sanitized-importer, fuzzers, x86-emulator,
python-bindings, ptx-emulator, ptxas, and each tool that is built.
"""
import os
import pathlib
import platform
import shutil

import lit.formats

config.name = "Squint"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".py"]
config.excludes = ["lit.cfg.py", "Inputs", "Support", "CMakeLists.txt", "run.py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.squint_build_root, "test")
if lit_config.maxIndividualTestTimeIsSupported[0]:
    lit_config.maxIndividualTestTime = 1200  # seconds, many times what any takes alone; a test that hangs fails

source = pathlib.Path(config.squint_source_root)
config.environment["PATH"] = os.pathsep.join([config.squint_tools, config.llvm_tools, config.environment["PATH"]])
package = pathlib.Path(config.squint_build_root, "python")
config.environment["PYTHONPATH"] = os.pathsep.join([str(source / "test" / "Support"), str(package)])
if (package / "squint").is_dir():
    config.available_features.add("python-bindings")
config.environment["SQUINT_SOURCE"] = str(source)
config.environment["SQUINT_BIN"] = config.squint_tools
# MLIR's own libraries are not instrumented: what crosses the border looks like an overflow of a container.
config.environment["ASAN_OPTIONS"] = "detect_leaks=0:detect_container_overflow=0"


def substitute(name, value):
    # Not followed by a name's character, so that %squint-opt is not taken for another one's beginning.
    config.substitutions.append((name + r"(?![\w-])", value))


TOOLS = ["squint-opt", "squintc", "squint-run", "squint-translate", "squint-lsp-server", "squint-reduce"]
for tool in TOOLS:
    path = os.path.join(config.squint_tools, tool)
    substitute("%" + tool, path)
    if os.path.exists(path):
        config.available_features.add(tool)
substitute("%python", config.python)
substitute("%build", config.squint_build_root)
substitute("%clang", os.path.join(config.llvm_tools, "clang"))

# Real models and data sets are not part of the project.
data = pathlib.Path(os.environ.get("SQUINT_TEST_DATA", source.parent / "shared" / "data")).resolve()
if data.is_dir():
    config.available_features.add("data")
    config.environment["SQUINT_TEST_DATA"] = str(data)
else:
    lit_config.note(f"skipped: no data (tests that need real models; SQUINT_TEST_DATA or {data} has them)")
substitute("%data", str(data))

# What this processor has, and whether the other one can be emulated.
if platform.machine() == "x86_64":
    config.available_features.add("x86_64")
    flags = set(pathlib.Path("/proc/cpuinfo").read_text().split("\nflags", 1)[-1].split("\n", 1)[0].split())
    for feature, needed in {"avx2": {"avx2", "fma"}, "avx512vnni": {"avx512f", "avx512bw", "avx512vl", "avx512_vnni"}, "avx512bf16": {"avx512_bf16"}}.items():
        if needed <= flags:
            config.available_features.add(feature)
sysroot = pathlib.Path("/usr/aarch64-linux-gnu")
emulator = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
if emulator and (sysroot / "lib" / "libc.so.6").exists():
    config.available_features.add("aarch64")
substitute("%aarch64-sysroot", str(sysroot))
substitute("%run-aarch64", f"{emulator} -L {sysroot}")

# Processors that this machine is not: a script that runs a static program under an emulator of AVX-512 and AMX.
script = pathlib.Path(os.environ.get("SQUINT_X86_EMULATOR", source.parent / "shared" / "tools" / "x86-emulate" / "run512.sh"))
if script.exists() and (script.parent / "b3").is_dir():
    config.available_features.add("x86-emulator")
else:
    lit_config.note(f"skipped: no x86 emulator (AMX under emulation; SQUINT_X86_EMULATOR or {script}, set up, has it)")
substitute("%run-x86", str(script))

if config.sanitized:
    config.available_features.add("asan")
# The importer of the second build, which `make test` makes with sanitizers.
sanitized = pathlib.Path(config.squint_build_root, "asan-ubsan", "bin", "squint-translate")
if sanitized.exists():
    config.available_features.add("sanitized-importer")
substitute("%sanitized-importer", str(sanitized))
if sanitized.with_name("squint-fuzz-recipe").exists():
    config.available_features.add("fuzzers")
substitute("%fuzzers", str(sanitized.parent))

# An interpreter of PTX in place of NVIDIA's driver, and NVIDIA's assembler where the toolkit is installed.
ptx_emulator = pathlib.Path(config.squint_build_root, "ptx-emulator")
config.environment["SQUINT_PTX_EMULATOR"] = str(ptx_emulator)
if (ptx_emulator / "libcuda.so.1").exists():
    config.available_features.add("ptx-emulator")
substitute("%ptx_emulator_dir", str(ptx_emulator))
ptxas = shutil.which("ptxas", path=os.pathsep.join([os.environ["PATH"], "/usr/local/cuda/bin"]))
if ptxas:
    config.available_features.add("ptxas")
    config.environment["SQUINT_PTXAS"] = ptxas
substitute("%ptxas", ptxas or "ptxas")
