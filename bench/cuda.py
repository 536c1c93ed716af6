# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What measurements on NVIDIA GPUs share: the driver and cuBLAS, which are found at run time, and kernels as squintc emits them."""
import ctypes
import re

import numpy as np
import onnx
import squint_testing as squint
from onnx import TensorProto, helper

TRIPLE = "--mtriple=nvptx64-nvidia-cuda"


class NoDevice(Exception):
    """There is no driver, or no GPU that it knows."""


class Cuda:
    """The first GPU. Every call of the driver that fails raises an exception with the driver's name for the error."""

    def __init__(self):
        try:
            self.library = ctypes.CDLL("libcuda.so.1")
        except OSError as error:
            raise NoDevice(str(error)) from None
        count = ctypes.c_int()
        if self.library.cuInit(0) or self.library.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
            raise NoDevice("the driver finds no GPU")
        self.cuDevicePrimaryCtxRetain(ctypes.byref(context := ctypes.c_void_p()), 0)
        self.cuCtxSetCurrent(context)
        name = ctypes.create_string_buffer(100)
        self.cuDeviceGetName(name, 100, 0)
        self.name = name.value.decode()
        self.capability = 10 * self.attribute(75) + self.attribute(76)
        self.cuStreamCreate(ctypes.byref(stream := ctypes.c_void_p()), 0)
        self.stream = stream

    def __getattr__(self, name):
        function = getattr(self.library, name)

        def call(*arguments):
            status = function(*arguments)
            if status:
                text = ctypes.c_char_p()
                self.library.cuGetErrorName(status, ctypes.byref(text))
                raise RuntimeError(f"{name}: {(text.value or b'unknown').decode()}")
        return call

    def attribute(self, number):
        self.cuDeviceGetAttribute(ctypes.byref(value := ctypes.c_int()), number, 0)
        return value.value

    @property
    def architecture(self):
        """What squintc calls it: exact where tensor cores have instructions of their own."""
        return f"sm_{self.capability}" + ("a" if self.capability in (90, 100) else "")

    def allocate(self, bytes, value=0):
        self.cuMemAlloc_v2(ctypes.byref(address := ctypes.c_uint64()), ctypes.c_size_t(bytes))
        self.cuMemsetD8_v2(address, ctypes.c_ubyte(value), ctypes.c_size_t(bytes))
        return address

    def free(self, addresses):
        for address in addresses:
            self.cuMemFree_v2(address)

    def copy_out(self, address, shape, dtype):
        array = np.empty(shape, dtype)
        self.cuMemcpyDtoH_v2(array.ctypes.data_as(ctypes.c_void_p), address, ctypes.c_size_t(array.nbytes))
        return array

    def record(self, calls):
        """A graph of what the functions launch, to be timed without the cost of launching."""
        self.cuStreamBeginCapture_v2(self.stream, 2)
        for call in calls:
            call()
        self.cuStreamEndCapture(self.stream, ctypes.byref(graph := ctypes.c_void_p()))
        self.cuGraphInstantiateWithFlags(ctypes.byref(executable := ctypes.c_void_p()), graph, ctypes.c_ulonglong(0))
        return executable

    def time(self, graph):
        """Seconds that a graph takes."""
        events = [ctypes.c_void_p(), ctypes.c_void_p()]
        for event in events:
            self.cuEventCreate(ctypes.byref(event), 0)
        self.cuEventRecord(events[0], self.stream)
        self.cuGraphLaunch(graph, self.stream)
        self.cuEventRecord(events[1], self.stream)
        self.cuEventSynchronize(events[1])
        self.cuEventElapsedTime(ctypes.byref(milliseconds := ctypes.c_float()), *events)
        for event in events:
            self.cuEventDestroy_v2(event)
        return milliseconds.value / 1e3


class Blas:
    """cuBLAS for products of halves, row by row: y[m, n] = sum_k x[m, k] w[n, k]."""

    def __init__(self, cuda):
        self.library = self.find()
        self.check(self.library.cublasCreate_v2(ctypes.byref(handle := ctypes.c_void_p())))
        self.handle = handle
        # Captured, a product may allocate nothing.
        self.check(self.library.cublasSetWorkspace_v2(handle, cuda.allocate(32 << 20), ctypes.c_size_t(32 << 20)))
        self.check(self.library.cublasSetStream_v2(handle, cuda.stream))

    @staticmethod
    def find():
        """The library, or None."""
        for version in (13, 12, 11):
            try:
                return ctypes.CDLL(f"libcublas.so.{version}")
            except OSError:
                continue
        return None

    @staticmethod
    def check(status):
        if status:
            raise RuntimeError(f"cuBLAS: error {status}")

    def product(self, m, n, k, x, w, y):
        one, none = ctypes.c_float(1), ctypes.c_float(0)
        half, compute = 2, 68  # CUDA_R_16F, CUBLAS_COMPUTE_32F
        self.check(self.library.cublasGemmEx(self.handle, 1, 0, n, m, k, ctypes.byref(one), w, half, k, x, half, k, ctypes.byref(none), y, half, n,
                                             compute, -1))


TABLE = squint.SOURCE / "lib" / "Kernels" / "Gpu" / "Tiles.def"
FIELDS = ("rows", "outputs", "split", "stages")


def operands_of(activations):
    """What the compiler's table calls the operands of products with such activations."""
    return "Halves" if activations == "f16" else "Bytes"


def table_tiles(capability, operands):
    """What the compiler's table says for a GPU: [(most rows, 0 for any number; a tile by FIELDS), ...]."""
    lines = re.findall(rf"^SQUINT_GPU_TILE\((\d+), {operands}, (.*)\)", TABLE.read_text(), re.M)
    known = max(int(c) for c, _ in lines if int(c) <= capability)
    numbers = [tuple(map(int, rest.split(", "))) for c, rest in lines if int(c) == known]
    return [(line[0], line[1:]) for line in numbers]


def spell_tiles(choices):
    """As squintc's --gpu-tiles takes them."""
    return ",".join(f"{most}:{rows}x{outputs}{f'k{split}' if split > 1 else ''}/{stages}" for most, (rows, outputs, split, stages) in choices)


def save_linear(path, outputs, inputs):
    """A product whose weight is zeros, which take no room in the file system."""
    store = path.with_suffix(".bin")
    with open(store, "wb") as file:
        file.truncate(4 * outputs * inputs)
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[inputs, outputs], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", store.name), ("length", str(4 * outputs * inputs))):
        weight.external_data.add(key=key, value=value)
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"], name="product")], "g",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["m", inputs])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["m", outputs])], [weight])
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())


class Product:
    """The kernels of one product, [m, inputs] x [outputs, inputs], as squintc emits them for a GPU, and memory to run them on. `choices` are
    tiles instead of the compiler's."""

    def __init__(self, cuda, work, outputs, inputs, weights, activations, rows, choices=None):
        self.cuda, self.outputs, self.inputs = cuda, outputs, inputs
        model, ptx = work / "product.onnx", work / "product.ptx"
        save_linear(model, outputs, inputs)
        self.choices = choices or table_tiles(cuda.capability, operands_of(activations))
        squint.compile(model, ptx, "--emit=ptx", TRIPLE, f"--mcpu={cuda.architecture}", f"--weights={weights}", f"--activations={activations}",
                       f"--gpu-tiles={spell_tiles(self.choices)}")
        model.with_suffix(".bin").unlink()
        cuda.cuModuleLoadData(ctypes.byref(module := ctypes.c_void_p()), ptx.read_bytes() + b"\0")
        self.kernels = {}
        for name, parameters, threads in re.findall(r"\.visible \.entry (gemm_\w+)\(([^)]*)\)\s*\.reqntid (\d+)", ptx.read_text()):
            cuda.cuModuleGetFunction(ctypes.byref(function := ctypes.c_void_p()), module, name.encode())
            areAddresses = [".ptr" in parameter for parameter in parameters.split(",")]
            shape, _, split = name.rsplit("_", 1)[1].partition("k")
            tile = (int(split or 1), *map(int, shape.split("x")))
            self.kernels[tile] = function, areAddresses[:-3], int(threads)
        bits = int(re.search(r"[a-z](\d)", weights)[1])
        group = re.search(r"group=(\d+)", weights)
        scales = outputs * (inputs // int(group[1]) if group else 1)
        self.weight_bytes = outputs * inputs * bits // 8 + 2 * scales
        # Of the whole weight, whatever its scales are; of activations, floats.
        self.payload = outputs * inputs * bits // 8 + 8 * outputs * (inputs // 32 + 1) + 4096
        self.x, self.scales, self.y = (cuda.allocate(4 * rows * n) for n in (inputs, inputs // 32 + 1, outputs))
        self.status = cuda.allocate(64)

    def allocate(self):
        """A copy of the weight."""
        return self.cuda.allocate(self.payload, 0x11)

    def launch(self, m, weight):
        # The compiler may have made a large tile smaller.
        rows, outputs, split, _ = next(tile for most, tile in self.choices if not most or m <= most)
        split, rows, outputs = max(k for k in self.kernels if k[0] == split and k[1] <= rows and k[2] <= outputs)
        function, areAddresses, threads = self.kernels[split, rows, outputs]
        # Scales and sums of activations are between the input and the weight. Rows follow where a type leaves them open.
        operands = iter([self.x, *[self.scales] * (sum(areAddresses) - 3), weight, self.y])
        units = -(-self.outputs // outputs) * -(-m // rows)
        values = [next(operands) if isAddress else ctypes.c_int64(m) for isAddress in areAddresses]
        values += [ctypes.c_int64(units), ctypes.c_int32(0), self.status]
        addresses = (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values))
        self.cuda.cuLaunchKernel(function, units, 1, 1, threads, 1, 1, 0, self.cuda.stream, addresses, None)

    def free(self, weights):
        self.cuda.free([*weights, self.x, self.scales, self.y, self.status])
