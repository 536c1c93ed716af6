# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A language model's library through its C interface: several states, pieces of sequences, saved states."""
import ctypes
import pathlib

import numpy as np


class Device(ctypes.Structure):
    _fields_ = [("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32)]


class Dtype(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device", Device), ("ndim", ctypes.c_int32), ("dtype", Dtype),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.c_void_p), ("byte_offset", ctypes.c_uint64)]


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("threads", ctypes.c_int32), ("parallel_for", ctypes.c_void_p),
                ("parallel_for_user", ctypes.c_void_p), ("allocate", ctypes.c_void_p), ("deallocate", ctypes.c_void_p),
                ("allocator_user", ctypes.c_void_p), ("weights_path", ctypes.c_char_p), ("weights", ctypes.c_void_p),
                ("weights_size", ctypes.c_uint64), ("error_buffer", ctypes.c_void_p), ("error_buffer_size", ctypes.c_size_t),
                ("target", ctypes.c_char_p), ("sequences", ctypes.c_int64), ("capacity", ctypes.c_int64)]


def tensor(array):
    code = 2 if array.dtype.kind == "f" else 0
    shape = (ctypes.c_int64 * array.ndim)(*array.shape)
    return Tensor(array.ctypes.data, Device(1, 0), array.ndim, Dtype(code, array.dtype.itemsize * 8, 1), shape, None, 0)


class Error(Exception):
    pass


class Model:
    """A library with one context."""

    def __init__(self, path, threads=1):
        path = pathlib.Path(path)
        self.library, self.prefix = ctypes.CDLL(str(path.resolve())), path.stem
        self.call("status_text").restype = self.call("error_text").restype = ctypes.c_char_p
        self.call("state_length").restype = ctypes.c_int64
        self.call("state_bytes").restype = ctypes.c_uint64
        self.model, self.context = ctypes.c_void_p(), ctypes.c_void_p()
        options = self.options(threads=threads)
        self.check(self.call("model_create")(ctypes.byref(options), ctypes.byref(self.model)), self.text.value)
        self.check(self.call("context_create")(self.model, ctypes.byref(options), ctypes.byref(self.context)), self.text.value)

    def call(self, name):
        return getattr(self.library, f"{self.prefix}_{name}")

    def options(self, **fields):
        self.text = ctypes.create_string_buffer(512)
        return Options(struct_size=ctypes.sizeof(Options), error_buffer=ctypes.addressof(self.text), error_buffer_size=512, **fields)

    def check(self, status, text=b""):
        """Raises for a status that is not zero, with the text of who knows more."""
        if status:
            raise Error((text or self.call("status_text")(status)).decode())


class State:
    """Sequences side by side."""

    def __init__(self, model, sequences=1, capacity=0):
        self.model, self.pointer = model, ctypes.c_void_p()
        options = model.options(sequences=sequences, capacity=capacity)
        model.check(model.call("state_create")(model.model, ctypes.byref(options), ctypes.byref(self.pointer)), model.text.value)

    def run(self, ids, keep=None):
        """Logits [sequences, keep, vocabulary] of the last tokens, all of them if nothing else is asked for."""
        ids = np.ascontiguousarray(ids, np.int64)
        kept = np.array([ids.shape[1] if keep is None else keep], np.int64)
        inputs = (Tensor * 2)(tensor(ids), tensor(kept))
        m, shape = self.model, (ctypes.c_int64 * 3)()
        check = lambda status: m.check(status, m.call("error_text")(m.context))
        check(m.call("prepare")(m.context, inputs))
        check(m.call("output_shape")(m.context, 0, shape))
        logits = np.full(tuple(shape), np.nan, np.float32)
        outputs = (Tensor * 1)(tensor(logits))
        check(m.call("run")(m.context, self.pointer, inputs, outputs))
        return logits

    def length(self, sequence=0):
        return self.model.call("state_length")(self.pointer, ctypes.c_int64(sequence))

    def rewind(self, length, sequence=0):
        self.model.check(self.model.call("state_rewind")(self.pointer, ctypes.c_int64(sequence), ctypes.c_int64(length)))

    def copy_to(self, other):
        self.model.check(self.model.call("state_copy")(self.pointer, other.pointer))

    def save(self):
        size = self.model.call("state_bytes")(self.pointer)
        data = ctypes.create_string_buffer(size)
        self.model.check(self.model.call("state_save")(self.pointer, data, ctypes.c_uint64(size)))
        return data.raw

    def load(self, data):
        self.model.check(self.model.call("state_load")(self.pointer, data, ctypes.c_uint64(len(data))))

    def __del__(self):
        if self.pointer:
            self.model.call("state_destroy")(self.pointer)
