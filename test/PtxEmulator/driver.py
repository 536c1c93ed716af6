# RUN: %python %s
# REQUIRES: ptx-emulator
"""The driver's interface: what it answers to right and wrong calls, capture, and the environment variables."""
import ctypes
import os
import pathlib
import re
import subprocess
import sys
import threading

import numpy as np

from ptx_testing import ERRORS, CudaError, Gpu, header

PTX = header() + """.global .align 4 .u32 counter = 5;
.visible .entry scale(.param .u64 p, .param .f32 by) {
  .reg .b64 %d<3>; .reg .b32 %r<4>; .reg .f32 %f<2>;
  ld.param.u64 %d0, [p]; ld.param.f32 %f0, [by]; mov.u32 %r0, %tid.x; mul.wide.u32 %d1, %r0, 4; add.u64 %d0, %d0, %d1;
  ld.global.f32 %f1, [%d0]; mul.f32 %f1, %f1, %f0; st.global.f32 [%d0], %f1;
  ret;
}
.visible .entry narrow() .reqntid 64, 1, 1 { .shared .align 4 .b8 big[40960]; ret; }
"""
u64, size, pointer = ctypes.c_uint64, ctypes.c_size_t, ctypes.c_void_p


def refused(error, function, *arguments):
    try:
        function(*arguments)
    except CudaError as raised:
        assert raised.code == ERRORS[error], (raised.code, error)
        return raised.text
    raise AssertionError(f"expected {error}")


def basics():
    gpu = Gpu()
    cuda = gpu.cuda
    text = ctypes.c_char_p()
    cuda.cuGetErrorName(700, ctypes.byref(text))
    assert text.value == b"CUDA_ERROR_ILLEGAL_ADDRESS"
    assert cuda.cuGetErrorString(12345, ctypes.byref(text)) == 1
    name = ctypes.create_string_buffer(64)
    gpu.call("cuDeviceGetName", name, 64, 0)
    assert name.value == b"PTX emulator (sm_90)"
    value = ctypes.c_int()
    for attribute, want in {75: 9, 76: 0, 16: 132, 10: 32, 97: 232448, 8: 49152, 41: 1}.items():
        gpu.call("cuDeviceGetAttribute", ctypes.byref(value), attribute, 0)
        assert value.value == want, (attribute, value.value)
    assert cuda.cuDeviceGet(ctypes.byref(value), 1) == 101
    gpu.call("cuDriverGetVersion", ctypes.byref(value))
    assert value.value >= 12000
    # A thread has no context of its own accord.
    results = []
    thread = threading.Thread(target=lambda: results.append(cuda.cuCtxSynchronize()))
    thread.start()
    thread.join()
    assert results == [201], results
    function = pointer()
    status = ctypes.c_int()
    gpu.call("cuGetProcAddress_v2", b"cuMemAlloc", ctypes.byref(function), 13000, u64(0), ctypes.byref(status))
    assert function.value == ctypes.cast(cuda.cuMemAlloc_v2, pointer).value and status.value == 0
    assert cuda.cuGetProcAddress_v2(b"cuNothing", ctypes.byref(function), 13000, u64(0), ctypes.byref(status)) == 500


def modules():
    gpu = Gpu()
    refused("NO_BINARY_FOR_GPU", gpu.load, b"\x7fELF\x02\x01\x01 and so on")
    refused("NO_BINARY_FOR_GPU", gpu.load, b"\x50\xed\x55\xba\x01\x00")
    refused("INVALID_IMAGE", gpu.load, "nothing of the kind")
    text = refused("NO_BINARY_FOR_GPU", gpu.load, PTX.replace("sm_80", "sm_100"))
    assert "PTX for sm_100 does not run on sm_90" in text, text
    refused("NO_BINARY_FOR_GPU", gpu.load, PTX.replace("sm_80", "sm_89a"))
    gpu.load(PTX.replace("sm_80", "sm_90a"))
    for part, broken, message in (
            ("mul.f32 %f1", "frob.f32 %f1", "kernel scale, line 8: unknown instruction: frob.f32 %f1, %f1, %f0"),
            ("mul.f32", "mul.odd.f32", "kernel scale, line 8: unknown modifier .odd: mul.odd.f32"),
            ("%f1, %f1, %f0", "%f1, %f1, %nowhere", "line 8: unknown name %nowhere: mul.f32"),
            ("st.global.f32", "st.global.f64", "line 8: the type is not that of register %f1: st.global.f64"),
            ("st.global.f32", "call vprintf; st.global.f32", "line 8: call of vprintf, which has no body here"),
            ("%r<4>", "%r<0x7fffffffffffffff20>", "too many registers before this"),
            ("%d<3>;", "%d<3>; .shared .b8 s[99999999999];", "too large a variable before this"),
            ("mov.u32 %r0, %tid.x", "mov.b32 {}, %r0", "expected two, four or eight registers in braces"),
            (PTX[PTX.index("  ret;"):], "", "line 9: expected '}'")):
        text = refused("INVALID_PTX", gpu.load, PTX.replace(part, broken, 1))
        assert message in text, (message, text)
    gpu.load(PTX)
    refused("NOT_FOUND", gpu.function, "missing")
    address, bytes = u64(), size()
    gpu.call("cuModuleGetGlobal_v2", ctypes.byref(address), ctypes.byref(bytes), gpu.module, b"counter")
    value = ctypes.c_uint32()
    gpu.call("cuMemcpyDtoH_v2", ctypes.byref(value), address, size(4))
    assert (bytes.value, value.value) == (4, 5)
    # Launches that cannot be.
    function, nothing = gpu.function("narrow"), None
    launch = lambda grid, block, shared=0: gpu.call("cuLaunchKernel", function, grid, 1, 1, block, 1, 1, shared, None, nothing, nothing)
    launch(1, 64)
    for wrong in ((0, 64), (1, 32), (1, 2048), (1, 64, 60000)):
        refused("INVALID_VALUE", launch, *wrong)
    gpu.call("cuFuncSetAttribute", function, 8, 100000)
    launch(1, 64, 60000)
    refused("INVALID_VALUE", gpu.call, "cuFuncSetAttribute", function, 8, 200000)
    value = ctypes.c_int()
    gpu.call("cuFuncGetAttribute", ctypes.byref(value), 1, function)
    assert value.value == 40960
    gpu.call("cuOccupancyMaxActiveBlocksPerMultiprocessor", ctypes.byref(value), function, 64, size(60000))
    assert value.value == 2, value
    gpu.call("cuModuleUnload", gpu.module)


def memory():
    gpu = Gpu()
    free, total = size(), size()
    gpu.call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    before = free.value
    array = gpu.array(np.arange(8, dtype=np.uint32))
    other = gpu.array(np.zeros(8, np.uint32))
    gpu.call("cuMemcpyDtoD_v2", other.address, array.address, size(32))
    assert (gpu.read(other) == np.arange(8)).all()
    gpu.call("cuMemsetD32Async", u64(other.address.value + 8), 7, size(2), None)
    gpu.call("cuMemsetD8_v2", other.address, 255, size(4))
    assert list(gpu.read(other)) == [2**32 - 1, 1, 7, 7, 4, 5, 6, 7]
    host = np.zeros(8, np.uint32)
    refused("INVALID_VALUE", gpu.call, "cuMemcpyDtoH_v2", host.ctypes.data_as(pointer), u64(array.address.value + 4), size(32))
    refused("INVALID_VALUE", gpu.call, "cuMemcpyHtoD_v2", u64(host.ctypes.data), host.ctypes.data_as(pointer), size(32))
    refused("INVALID_VALUE", gpu.call, "cuMemFree_v2", u64(array.address.value + 4))
    refused("OUT_OF_MEMORY", gpu.allocate, before + 1)
    for each in array, other:
        gpu.free(each)
    refused("INVALID_VALUE", gpu.free, array)
    gpu.call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
    assert free.value == before
    pinned = pointer()
    gpu.call("cuMemAllocHost_v2", ctypes.byref(pinned), size(100))
    gpu.call("cuMemFreeHost", pinned)
    gpu.call("cuMemHostRegister_v2", host.ctypes.data_as(pointer), size(32), 0)


def graphs():
    gpu = Gpu()
    gpu.load(PTX)
    stream, graph, executable = pointer(), pointer(), pointer()
    gpu.call("cuStreamCreate", ctypes.byref(stream), 1)
    array = gpu.array(np.ones(32, np.float32))
    function = gpu.function("scale")

    def capture(by):
        factor = ctypes.c_float(by)
        parameters = (pointer * 2)(ctypes.addressof(array.address), ctypes.addressof(factor))
        gpu.call("cuStreamBeginCapture_v2", stream, 0)
        gpu.call("cuLaunchKernel", function, 1, 1, 1, 32, 1, 1, 0, stream, parameters, None)
        factor.value = 1000  # was copied
        gpu.call("cuStreamEndCapture", stream, ctypes.byref(graph))

    capture(3)
    assert (gpu.read(array) == 1).all()
    gpu.call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, u64(0))
    gpu.call("cuGraphDestroy", graph)
    for _ in range(2):
        gpu.call("cuGraphLaunch", executable, stream)
    assert (gpu.read(array) == 9).all()
    capture(0.5)
    result = (ctypes.c_uint64 * 3)()
    gpu.call("cuGraphExecUpdate_v2", executable, graph, result)
    gpu.call("cuGraphLaunch", executable, stream)
    assert (gpu.read(array) == 4.5).all()
    gpu.call("cuGraphExecDestroy", executable)
    gpu.call("cuStreamBeginCapture_v2", stream, 0)
    refused("STREAM_CAPTURE_UNSUPPORTED", gpu.call, "cuStreamSynchronize", stream)
    assert gpu.cuda.cuStreamEndCapture(stream, ctypes.byref(graph)) == 901
    events = [pointer(), pointer()]
    for event in events:
        gpu.call("cuEventCreate", ctypes.byref(event), 0)
        gpu.call("cuEventRecord", event, stream)
    milliseconds = ctypes.c_float(-1)
    gpu.call("cuEventElapsedTime", ctypes.byref(milliseconds), *events)
    assert milliseconds.value >= 0
    gpu.call("cuStreamDestroy_v2", stream)


def scale(gpu, address, by=2.0):
    gpu.launch("scale", 1, 32, address, ctypes.c_float(by))


def with_environment(mode):
    """What runs in a process of its own."""
    if mode == "none":
        cuda = ctypes.CDLL(str(pathlib.Path(os.environ["SQUINT_PTX_EMULATOR"], "libcuda.so.1")))
        assert cuda.cuDeviceGetCount(ctypes.byref(ctypes.c_int())) == 3
        assert cuda.cuInit(0) == ERRORS["NO_DEVICE"]
        return
    gpu = Gpu()
    gpu.load(PTX)
    array = gpu.array(np.ones(32, np.float32))
    if mode == "two":
        count, other = ctypes.c_int(), pointer()
        gpu.call("cuDeviceGetCount", ctypes.byref(count))
        assert count.value == 2
        gpu.call("cuDevicePrimaryCtxRetain", ctypes.byref(other), 1)
        gpu.call("cuCtxPushCurrent_v2", other)
        refused("INVALID_VALUE", gpu.free, array)  # it is the other device's
        gpu.call("cuCtxPopCurrent_v2", ctypes.byref(other))
        gpu.free(array)
    elif mode == "small":
        refused("OUT_OF_MEMORY", gpu.allocate, 100000)
    elif mode == "fail":
        scale(gpu, array)
        refused("LAUNCH_FAILED", scale, gpu, array)
        refused("LAUNCH_FAILED", gpu.read, array)
    elif mode == "late":
        scale(gpu, u64(1234 * 4))
        refused("ILLEGAL_ADDRESS", gpu.call, "cuCtxSynchronize")
    elif mode == "old":
        refused("NO_BINARY_FOR_GPU", gpu.load, PTX.replace("sm_80", "sm_90"))
    elif mode == "trace":
        scale(gpu, array)


def child(mode, **environment):
    run = subprocess.run([sys.executable, __file__, mode], env={**os.environ, **environment}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stderr


if len(sys.argv) > 1:
    with_environment(sys.argv[1])
else:
    for part in basics, modules, memory, graphs:
        part()
    child("none", PTX_EMULATOR_DEVICES="0")
    child("two", PTX_EMULATOR_DEVICES="2")
    child("small", PTX_EMULATOR_MEMORY="65536")
    assert "fails because of PTX_EMULATOR_FAIL_LAUNCH" in child("fail", PTX_EMULATOR_FAIL_LAUNCH="2")
    child("late", PTX_EMULATOR_LATE_ERRORS="1")
    child("old", PTX_EMULATOR_ARCH="sm_80")
    traced = child("trace", PTX_EMULATOR_TRACE="2")
    assert re.search(r"launch scale grid \(1, 1, 1\) block \(32, 1, 1\) shared 0\+0 instructions 9 lanes 288", traced), traced
    assert re.search(r" 1 mul\.f32\n", traced), traced
    print("the driver answers as it should")
