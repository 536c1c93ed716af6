"""NVIDIA's driver interface through ctypes, as the interpreter of PTX under test/Support/PtxEmulator answers it, and tables
of small kernels with what they should give.

    gpu = Gpu()                      # loads $SQUINT_PTX_EMULATOR/libcuda.so.1; environment variables must be set before
    gpu.load(text)
    out = gpu.array(np.zeros(32, np.float32))
    gpu.launch("kernel", 1, 32, out)
    gpu.read(out)
"""
import ctypes
import os
import pathlib
import subprocess
import tempfile

import numpy as np

ERRORS = {"INVALID_VALUE": 1, "OUT_OF_MEMORY": 2, "NO_DEVICE": 100, "INVALID_IMAGE": 200, "NO_BINARY_FOR_GPU": 209,
          "INVALID_PTX": 218, "NOT_FOUND": 500, "ILLEGAL_ADDRESS": 700, "MISALIGNED_ADDRESS": 716, "LAUNCH_FAILED": 719,
          "STREAM_CAPTURE_UNSUPPORTED": 900}


class CudaError(RuntimeError):
    def __init__(self, code, text=""):
        super().__init__(f"error {code} {text}")
        self.code = code
        self.text = text


class Array:
    """Memory of the device that holds a copy of a NumPy array."""

    def __init__(self, address, like):
        self.address, self.dtype, self.shape, self.bytes = address, like.dtype, like.shape, like.nbytes


class Gpu:
    def __init__(self):
        self.cuda = ctypes.CDLL(str(pathlib.Path(os.environ["SQUINT_PTX_EMULATOR"], "libcuda.so.1")))
        self.call("cuInit", 0)
        self.context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), 0)
        self.call("cuCtxSetCurrent", self.context)

    def call(self, name, *arguments):
        code = getattr(self.cuda, name)(*arguments)
        if code:
            raise CudaError(code, name)

    def load(self, text):
        """Loads a module; a text that is refused raises CudaError with the log of the driver."""
        self.module = ctypes.c_void_p()
        log = ctypes.create_string_buffer(4096)
        options = (ctypes.c_int * 2)(5, 6)  # the error log and its size
        values = (ctypes.c_void_p * 2)(ctypes.cast(log, ctypes.c_void_p), len(log))
        image = text if isinstance(text, bytes) else text.encode()
        code = self.cuda.cuModuleLoadDataEx(ctypes.byref(self.module), image, 2, options, values)
        if code:
            raise CudaError(code, log.value.decode())

    def allocate(self, bytes):
        address = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(bytes))
        return address

    def array(self, values):
        values = np.ascontiguousarray(values)
        array = Array(self.allocate(values.nbytes), values)
        self.call("cuMemcpyHtoD_v2", array.address, values.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(values.nbytes))
        return array

    def read(self, array):
        values = np.empty(array.shape, array.dtype)
        self.call("cuMemcpyDtoH_v2", values.ctypes.data_as(ctypes.c_void_p), array.address, ctypes.c_size_t(array.bytes))
        return values

    def free(self, array):
        self.call("cuMemFree_v2", array.address)

    def function(self, name):
        function = ctypes.c_void_p()
        self.call("cuModuleGetFunction", ctypes.byref(function), self.module, name.encode())
        return function

    def launch(self, name, grid, block, *arguments, shared=0):
        """Arguments are Arrays, Python integers (32 bits), or ctypes values."""
        grid, block = (tuple(np.atleast_1d(x).tolist()) + (1, 1, 1) for x in (grid, block))
        values = [a.address if isinstance(a, Array) else ctypes.c_int32(a) if isinstance(a, int) else a for a in arguments]
        pointers = (ctypes.c_void_p * max(len(values), 1))(*[ctypes.cast(ctypes.byref(v), ctypes.c_void_p) for v in values])
        function = self.function(name)
        if shared > 48 * 1024:
            self.call("cuFuncSetAttribute", function, 8, shared)
        self.call("cuLaunchKernel", function, *grid[:3], *block[:3], shared, None, pointers, None)


def header(target="sm_80", version="8.0"):
    return f".version {version}\n.target {target}\n.address_size 64\n"


def assemble(text, target):
    """NVIDIA's assembler takes the text as well, where it is installed."""
    assembler = os.environ.get("SQUINT_PTXAS")
    if not assembler:
        return
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "test.ptx")
        source.write_text(text)
        run = subprocess.run([assembler, "-O0", f"-arch={target}", source, "-o", pathlib.Path(folder, "test.cubin")],
                             capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[:2000]


class Cases:
    """Kernels of a few instructions. Thread i has element i of every input in %a0, %a1, ... and leaves its results in %z0,
    %z1, ...; registers %r0..9 (32 bits), %d0..9 (64), %h0..9 (16) and %p0..9 are free."""

    def __init__(self, target="sm_80", version="8.0"):
        self.target, self.version, self.cases = target, version, []

    def add(self, body, inputs, expected, tolerance=None):
        inputs, expected = ([np.ascontiguousarray(x) for x in group] for group in (inputs, expected))
        assert len({x.shape[0] for x in inputs + expected}) == 1, body
        self.cases.append((body, inputs, expected, tolerance))

    def kernel(self, name, body, inputs, expected):
        lines, count = [], len(inputs) + len(expected)
        for i in range(count):
            lines.append(f"  ld.param.u64 %q{i}, [{name}_{i}];")
        lines.append("  mov.u32 %i, %ctaid.x; mov.u32 %j, %ntid.x; mad.lo.u32 %i, %i, %j, 0; mov.u32 %j, %tid.x; add.u32 %i, %i, %j;")
        declared = []
        for i, array in enumerate(inputs + expected):
            size = array.dtype.itemsize * int(np.prod(array.shape[1:]))
            register = f"%a{i}" if i < len(inputs) else f"%z{i - len(inputs)}"
            declared.append(f"  .reg .b{max(size * 8, 16)} {register};")
            lines.append(f"  mul.wide.u32 %w, %i, {size}; add.u64 %q{i}, %q{i}, %w;")
            if i < len(inputs):
                lines.append(f"  ld.global.b{size * 8} {register}, [%q{i}];")
        lines.append(body)
        for i, array in enumerate(expected, len(inputs)):
            size = array.dtype.itemsize * int(np.prod(array.shape[1:]))
            lines.append(f"  st.global.b{size * 8} [%q{i}], %z{i - len(inputs)};")
        parameters = ", ".join(f".param .u64 {name}_{i}" for i in range(count))
        registers = ("  .reg .b32 %r<10>; .reg .b64 %d<10>; .reg .b16 %h<10>; .reg .pred %p<10>; .reg .b32 %i, %j; .reg .b64 %w;"
                     f" .reg .b64 %q<{count}>;")
        return f".visible .entry {name}({parameters}) {{\n" + "\n".join([registers] + declared + lines) + "\n  ret;\n}\n"

    def run(self):
        text = header(self.target, self.version) + "".join(
            self.kernel(f"k{i}", *case[:3]) for i, case in enumerate(self.cases))
        assemble(text, self.target)
        gpu = Gpu()
        gpu.load(text)
        for i, (body, inputs, expected, tolerance) in enumerate(self.cases):
            arrays = [gpu.array(x) for x in inputs] + [gpu.array(np.zeros_like(x)) for x in expected]
            count = expected[0].shape[0]
            block = 32 if count % 32 == 0 else count
            gpu.launch(f"k{i}", count // block, block, *arrays)
            for want, array in zip(expected, arrays[len(inputs):]):
                got = gpu.read(array)
                if tolerance is None:
                    same = (got.view(np.uint8) == want.view(np.uint8)).reshape(count, -1).all(1)
                else:
                    same = np.isclose(got.astype(np.float64), want.astype(np.float64), rtol=tolerance, atol=0, equal_nan=True)
                if not same.all():
                    at = int(np.flatnonzero(~same.reshape(count, -1).all(1))[0])
                    raise AssertionError(f"{body.strip()}\n of {[x[at] for x in inputs]}: got {got[at]!r}, want {want[at]!r}")
            for array in arrays:
                gpu.free(array)
        print(f"{len(self.cases)} kernels agree")
