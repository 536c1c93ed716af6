# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Flips bytes of a small model and looks for crashes and hangs.

    python mutate.py [--count N] [--seed N] [--work FOLDER] -- COMMAND... MODEL OUTPUT

COMMAND is run once a mutation, with MODEL and OUTPUT replaced by file names. Whatever the bytes say, it has to end in
time with 0, or with 1 and a message; after a failure no output may be left. The mutation that went wrong stays in FOLDER.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper

SECONDS = 30


def small_model():
    """Convolution, pooling and a linear layer, with inline weights in raw and in typed fields: the file's bytes, and the
    places in it that are no weights."""
    rng = np.random.default_rng(0)

    def tensor(name, *shape):
        return numpy_helper.from_array(rng.standard_normal(shape, np.float32), name)

    def value(name, *shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    weight = tensor("weight", 10, 64)
    typed = helper.make_tensor("bias", TensorProto.FLOAT, [10], rng.standard_normal(10).tolist())
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [0, -1])
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["c"], name="conv", pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("MaxPool", ["r"], ["p"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["p", "shape"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "weight", "bias"], ["y"], name="linear", transB=1),
        helper.make_node("Softmax", ["y"], ["z"], name="softmax", axis=-1),
    ]
    graph = helper.make_graph(nodes, "small", [value("image", "batch", 1, 8, 8)], [value("z", "batch", 10)],
                              [tensor("kernel", 4, 1, 3, 3), weight, typed, shape])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data = model.SerializeToString(deterministic=True)
    bulk = data.find(weight.raw_data)
    return data, [*range(bulk), *range(bulk + len(weight.raw_data), len(data))]


def mutate(data, structure, rng):
    """One to eight bytes changed, most of them where the structure is; now and then a piece cut out, doubled or cut off."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        place = rng.integers(0, len(out)) if rng.random() < 0.1 else structure[rng.integers(0, len(structure))]
        out[place] = rng.integers(0, 256)
    kind, place = rng.random(), int(rng.integers(0, len(out)))
    if kind < 0.05:
        del out[place:]
    elif kind < 0.10:
        del out[place : place + int(rng.integers(1, 32))]
    elif kind < 0.15:
        out[place:place] = out[place : place + int(rng.integers(1, 32))]
    return bytes(out)


def attempt(command, number, data, work):
    """None, or what went wrong with these bytes."""
    model, output = work / f"{number}.onnx", work / f"{number}.out"
    model.write_bytes(data)
    names = {"MODEL": str(model), "OUTPUT": str(output)}
    try:
        done = subprocess.run([names.get(word, word) for word in command], capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"{model}: ran past {SECONDS} s"
    text = done.stderr.decode(errors="replace")
    if done.returncode not in (0, 1) or "Sanitizer" in text or "runtime error" in text:
        return f"{model}: exit {done.returncode}\n{text[-3000:]}"
    if done.returncode == 1 and (not text.strip() or output.exists()):
        return f"{model}: exit 1, expected a message and no output, got {text[:200]!r} and {'an' if output.exists() else 'no'} output"
    model.unlink()
    output.unlink(missing_ok=True)
    return None


def main():
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=pathlib.Path, help="a folder for the models; a temporary one by default")
    args = parser.parse_args(sys.argv[1:split])
    command = sys.argv[split + 1 :]
    if not command:
        parser.error("expected a command after --")
    work = args.work or pathlib.Path(tempfile.mkdtemp(prefix="squint-fuzz-"))
    work.mkdir(parents=True, exist_ok=True)

    data, structure = small_model()
    problem = attempt(command, "original", data, work)
    if problem:
        sys.exit(f"the model without a mutation: {problem}")
    rng = np.random.default_rng(args.seed)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        tries = [pool.submit(attempt, command, i, mutate(data, structure, rng), work) for i in range(args.count)]
        problems = [p for p in (t.result() for t in tries) if p]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{args.count} mutations, {len(problems)} crashed, hung or failed silently")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
