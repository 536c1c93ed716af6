# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures what Squint compiles beside ONNX Runtime, and the limits of the machine.

    python bench.py --bin FOLDER-OF-SQUINTC --work FOLDER [--threads N...] [--rounds N] [NAME...]

Both sides take turns in one run and each figure is the least of all rounds, so that the ratio holds even where the
machine is shared. Names choose among the rows; without them all are measured that the machine has the data for.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "test" / "Support"), str(ROOT / "examples" / "encoder")]
import model as encoder
import squint_testing as squint

INT8 = ["--weights=int8:channel", "--activations=int8:token"]
INT4 = ["--weights=int4:group=32", "--activations=int8:group=32"]


def race(library, session, feeds, threads, rounds, seconds):
    """Least microseconds of the library and of the session."""
    ours = theirs = 1e30
    for _ in range(rounds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            session.run(None, feeds)
            theirs = min(theirs, (time.perf_counter() - start) * 1e6)
        ours = min(ours, squint.benchmark(library, feeds, threads, seconds)["latency_us"]["min"])
    return ours, theirs


def tokens(batch, length):
    ids = np.random.default_rng(0).integers(1000, 20000, (batch, length))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def images(count):
    return {"image": np.random.default_rng(0).standard_normal((count, 3, 32, 32), np.float32)}


def write_chain(folder, nodes, initializers, opsets):
    """A model of one input x [tokens, 4096] and the last node's output."""
    import onnx
    from onnx import TensorProto, helper

    def info(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", 4096])

    graph = helper.make_graph(nodes, "chain", [info("x")], [info(nodes[-1].output[0])], initializers)
    opsets = [helper.make_opsetid(*o) for o in opsets]
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "chain.onnx")
    return folder / "chain.onnx"


def float_chain(folder, layers=16, width=4096):
    """y = x W0 ... W15. The weights overlap, each 4 KB further in one file of 64 MB, so that the file is small while
    every layer has weights of its own."""
    from onnx import TensorProto, helper

    folder.mkdir(parents=True, exist_ok=True)
    count = width * width
    values = np.random.default_rng(1).standard_normal(count + layers * 1024, np.float32) / np.float32(width**0.5)
    values.tofile(folder / "weights.bin")
    nodes, weights = [], []
    for i in range(layers):
        tensor = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[width, width], data_location=TensorProto.EXTERNAL)
        for key, value in (("location", "weights.bin"), ("offset", i * 4096), ("length", 4 * count)):
            tensor.external_data.add(key=key, value=str(value))
        weights.append(tensor)
        nodes.append(helper.make_node("MatMul", [f"y{i - 1}" if i else "x", f"w{i}"], [f"y{i}"], name=f"linear{i}"))
    return write_chain(folder, nodes, weights, [("", 17)])


def nbits_chain(folder, layers=16, width=4096, block=32):
    """The same products for ONNX Runtime: MatMulNBits with random 4-bit codes and int8 arithmetic (accuracy level 4)."""
    from onnx import helper, numpy_helper

    rng, nodes, weights = np.random.default_rng(2), [], []
    for i in range(layers):
        codes = rng.integers(0, 256, (width, width // block, block // 2), np.uint8)
        scales = np.full((width, width // block), 0.2 / width**0.5, np.float32)
        weights += [numpy_helper.from_array(codes, f"q{i}"), numpy_helper.from_array(scales, f"s{i}")]
        nodes.append(helper.make_node("MatMulNBits", [f"y{i - 1}" if i else "x", f"q{i}", f"s{i}"], [f"y{i}"], K=width, N=width,
                                      domain="com.microsoft", bits=4, block_size=block, accuracy_level=4))
    return write_chain(folder, nodes, weights, [("", 17), ("com.microsoft", 1)])


def minilm(work, data):
    path = encoder.write(work / "minilm")
    for length in (16, 128):
        yield f"MiniLM 1x{length}", "float", path, [], path, tokens(1, length)
        yield f"MiniLM 1x{length}", "int8", path, INT8, path, tokens(1, length)
        yield f"MiniLM 1x{length}", "int4 g32", path, INT4, path, tokens(1, length)


def chain(work, data):
    ours, theirs = float_chain(work / "chain"), nbits_chain(work / "nbits")
    for count in (1, 128):
        x = {"x": np.random.default_rng(0).standard_normal((count, 4096), np.float32)}
        yield f"16 linears 4096^2, {count} token{'s' * (count > 1)}", "int4 g32", ours, INT4, theirs, x


def resnet(work, data):
    path = data / "resnet_cifar10" / "resnet20_cifar10.onnx"
    calibration = work / "resnet-calibration.npz"
    records = np.fromfile(data / "cifar10" / "calib_public_1000.bin", np.uint8).reshape(-1, 3073)[:256]
    pixels = records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    np.savez(calibration, image=(pixels - mean[:, None, None]) / deviation[:, None, None])
    static = ["--weights=int8:channel", "--activations=int8:tensor", f"--calibration={calibration}"]
    yield "ResNet-20 batch 1", "float", path, [], path, images(1)
    yield "ResNet-20 batch 1", "int8 static", path, static, path, images(1)
    yield "ResNet-20 batch 32", "float", path, [], path, images(32)
    yield "ResNet-20 batch 32", "int8 static", path, static, path, images(32)


def vit(work, data):
    path = data / "tiny_vit_fashion" / "encoder_fashion.onnx"
    for count in (1, 32):
        image = {"image": np.random.default_rng(0).random((count, 1, 28, 28), np.float32)}
        yield f"tiny ViT batch {count}", "float", path, [], path, image
        yield f"tiny ViT batch {count}", "int8", path, INT8, path, image


def stories(work, data):
    path = data / "llm_stories260k" / "stories260K.onnx"
    ids = {"input_ids": np.random.default_rng(0).integers(3, 512, (1, 128))}
    yield "stories260K 1x128", "float", path, [], path, ids
    yield "stories260K 1x128", "int8", path, INT8, path, ids
    yield "stories260K 1x128", "int4 g32", path, INT4, path, ids


ROWS = {"minilm": minilm, "chain": chain, "resnet": resnet, "vit": vit, "stories": stories}
NEED_DATA = {"resnet", "vit", "stories"}


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where squintc and squint-run are")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="where models and libraries go")
    parser.add_argument("--limits", type=pathlib.Path, help="the program squint-limits")
    parser.add_argument("--kernels", type=pathlib.Path, help="the program KernelBench")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each side in each round")
    parser.add_argument("names", nargs="*", choices=[[], *ROWS], metavar="NAME", help=", ".join(ROWS))
    args = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    squint.BIN = args.bin
    args.work.mkdir(parents=True, exist_ok=True)

    print(f"machine: {processor()}, {os.cpu_count()} processors, {os.uname().sysname} {os.uname().release}")
    if args.limits:
        for threads in args.threads:
            lines = subprocess.run([args.limits, str(threads)], check=True, capture_output=True, text=True).stdout.splitlines()
            print(f"limits, {threads} thread{'s' * (threads > 1)}: " + ", ".join(lines))
    if args.kernels:
        print("\nkernels, one thread, weights from memory for one token:")
        for weights, activations in (("int8:channel", "int8:token"), ("int4:group=32", "int8:group=32"), ("int4:group=32", "f32")):
            for rows in (1, 128):
                subprocess.run([args.kernels, weights, activations, "4096", "4096", str(rows), *["--cold"] * (rows == 1)], check=True)
    print(f"\n{'model':30}{'format':14}{'threads':>7}{'Squint us':>12}{'ORT us':>12}{'faster':>9}{'library MB':>12}{'workspace KB':>14}")
    for name in args.names or ROWS:
        data = squint.data()
        if name in NEED_DATA and not data:
            print(f"{name:30}skipped: no data")
            continue
        libraries, sessions = {}, {}
        for title, kind, path, flags, peer, feeds in ROWS[name](args.work, data):
            key = (path, *flags)
            if key not in libraries:
                libraries[key] = squint.compile(path, args.work / f"{name}-{len(libraries)}.so", *flags)
            library = libraries[key]
            for threads in args.threads:
                if (peer, threads) not in sessions:
                    sessions[peer, threads] = squint.session(peer, threads)
                ours, theirs = race(library, sessions[peer, threads], feeds, threads, args.rounds, args.seconds)
                workspace = squint.benchmark(library, feeds, threads, 0.01)["workspace_bytes"]
                print(f"{title:30}{kind:14}{threads:7}{ours:12.0f}{theirs:12.0f}{theirs / ours:8.2f}x"
                      f"{library.stat().st_size / 1e6:12.2f}{workspace / 1e3:14.1f}")
    print("\nONNX Runtime runs in float, but the chain of linears: MatMulNBits, 4 bits in blocks of 32, accuracy level 4.")


if __name__ == "__main__":
    main()
