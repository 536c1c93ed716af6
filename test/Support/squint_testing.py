# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the Python tests and the benchmarks share: running the tools, ONNX Runtime beside them, and the test data."""
import json
import os
import pathlib
import subprocess

import numpy as np
import onnxruntime

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SQUINT_BIN", SOURCE / "build" / "bin"))


class InvalidModel(Exception):
    """ONNX Runtime does not take a model."""


def data():
    """The folder of real models and data sets, or None: it is not part of the project."""
    folder = pathlib.Path(os.environ.get("SQUINT_TEST_DATA", SOURCE.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


def tool(name, *arguments, timeout=600):
    """Runs a tool that has to succeed; returns what it printed on standard output."""
    command = [str(BIN / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def compile(model, library, *flags, timeout=600):
    """squintc MODEL -> LIBRARY; returns the library's path."""
    tool("squintc", model, "--progress=never", *flags, "-o", library, timeout=timeout)
    return pathlib.Path(library)


def run(library, feeds, threads=1):
    """The outputs (name -> array) of a library, or of a model through the JIT, for the inputs (name -> array)."""
    inputs, outputs = f"{library}.in.npz", f"{library}.out.npz"
    np.savez(inputs, **feeds)
    tool("squint-run", library, f"--inputs={inputs}", f"--outputs={outputs}", f"--threads={threads}")
    with np.load(outputs) as arrays:
        return {name: arrays[name] for name in arrays.files}


def benchmark(library, feeds, threads=1, seconds=0.5):
    """squint-run --benchmark --json, as a dictionary."""
    inputs = f"{library}.in.npz"
    np.savez(inputs, **feeds)
    return json.loads(tool("squint-run", library, f"--inputs={inputs}", f"--threads={threads}", f"--benchmark={seconds}", "--json"))


def session(model, threads=1):
    """An ONNX Runtime session, for a file or serialized bytes, on that many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
    return onnxruntime.InferenceSession(model if isinstance(model, bytes) else str(model), options, providers=["CPUExecutionProvider"])


def relative_error(got, want):
    """The largest difference over the largest magnitude of what is wanted."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape, f"expected shape {want.shape}, got {got.shape}"
    assert np.isfinite(got).all(), "expected finite values"
    return float(np.abs(got - want).max() / max(np.abs(want).max(), 1e-30))


def refused(text, call, *arguments, kind, **options):
    """Whether a call raises an error of that kind whose message has the text."""
    try:
        call(*arguments, **options)
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"expected an error: {text}")
