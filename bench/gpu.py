# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures products on an NVIDIA GPU beside cuBLAS in halves, and the tokens a second of a language model.

    python gpu.py --bin FOLDER-OF-SQUINTC --work FOLDER [--shape=OUTPUTSxINPUTS...] [--rows=M...] [--format=WEIGHTS/ACTIVATIONS...]
                  [--model=FILE.gguf] [--peer=none] [--json=FILE]

Kernels of both are launched from graphs, in turns, on so many copies of the weight that no copy is in a cache when its turn comes; a
figure is the best of all rounds. Without a GPU it says so and does nothing.
"""
import argparse
import ctypes
import json
import os
import pathlib
import sys
import time

SHAPES = ["4096x4096", "8192x8192", "28672x8192"]
ROWS = [1, 16, 32, 64, 512, 4096]
FORMATS = ["int4:group=128/f16", "int8:channel/int8:token", "f8e4m3:channel/f8e4m3:token"]
COLD_BYTES = 256 << 20


def measure(cuda, blas, work, shape, formats, rows, rounds, cold):
    """Rows of the table of one shape."""
    import cuda as gpu

    outputs, inputs = shape
    products = {f: gpu.Product(cuda, work, outputs, inputs, *f.split("/"), max(rows)) for f in formats}
    sizes = {f: p.weight_bytes for f, p in products.items()} | ({"cublas f16": 2 * outputs * inputs} if blas else {})
    copies = {name: max(2, -(-cold // size)) for name, size in sizes.items()}
    weights = {f: [p.allocate() for _ in range(copies[f])] for f, p in products.items()}
    if blas:
        weights["cublas f16"] = [cuda.allocate(2 * outputs * inputs, 0x11) for _ in range(copies["cublas f16"])]
        x, y = (cuda.allocate(2 * max(rows) * n) for n in (inputs, outputs))
    for m in rows:
        calls = {f: [lambda w=w, p=p: p.launch(m, w) for w in weights[f]] for f, p in products.items()}
        if blas:
            calls["cublas f16"] = [lambda w=w: blas.product(m, outputs, inputs, x, w, y) for w in weights["cublas f16"]]
        for each in calls.values():
            each[0]()
        graphs = {name: cuda.record(each) for name, each in calls.items()}
        best = dict.fromkeys(graphs, 1e30)
        for _ in range(rounds):
            for name, graph in graphs.items():
                best[name] = min(best[name], cuda.time(graph) / copies[name])
        for graph in graphs.values():
            cuda.cuGraphExecDestroy(graph)
        for name, seconds in best.items():
            yield {"shape": f"{outputs}x{inputs}", "rows": m, "format": name, "us": seconds * 1e6, "tb_s": sizes[name] / seconds / 1e12,
                   "tflop_s": 2 * m * outputs * inputs / seconds / 1e12, "ratio": best["cublas f16"] / seconds if blas else None}
    for format, product in products.items():
        product.free(weights.pop(format))
    for rest in weights.values():
        cuda.free([*rest, x, y])


def copy_rate(cuda, bytes):
    """Bytes a second that a copy reads and writes."""
    source, to = cuda.allocate(bytes), cuda.allocate(bytes)
    graph = cuda.record([lambda: cuda.cuMemcpyDtoDAsync_v2(to, source, ctypes.c_size_t(bytes), cuda.stream)])
    seconds = min(cuda.time(graph) for _ in range(10))
    cuda.free([source, to])
    return 2 * bytes / seconds


def decode(cuda, work, model, tokens, copied):
    """Tokens a second of a model, and what share that is of the rate at which memory brings its weights."""
    import numpy as np
    import squint_testing as squint
    from cuda import TRIPLE
    from session import Model, State

    library = squint.compile(model, work / "decode.so", TRIPLE, f"--mcpu={cuda.architecture}", "--cache=f16")
    state = State(Model(library), 1)
    state.run(np.ones((1, 16), np.int64))
    for _ in range(3):
        state.run(np.ones((1, 1), np.int64))
    start = time.perf_counter()
    for _ in range(tokens):
        state.run(np.ones((1, 1), np.int64))
    rate = tokens / (time.perf_counter() - start)
    bound = copy_rate(cuda, copied) / pathlib.Path(model).stat().st_size
    return {"model": pathlib.Path(model).name, "tokens_s": rate, "bound_tokens_s": bound, "share": rate / bound}


def open_device(args):
    """The module `cuda` and its first GPU for programs with the options --bin and --work; None, None after saying so where there is no GPU."""
    os.environ["SQUINT_BIN"] = str(args.bin)
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test" / "Support"))
    import cuda

    args.work.mkdir(parents=True, exist_ok=True)
    try:
        return cuda, cuda.Cuda()
    except cuda.NoDevice as error:
        print(f"skipped: no CUDA device ({error})")
        return None, None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--shape", nargs="+", default=SHAPES)
    parser.add_argument("--rows", nargs="+", type=int, default=ROWS)
    parser.add_argument("--format", nargs="+", default=FORMATS, help="WEIGHTS/ACTIVATIONS")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--cold-bytes", type=int, default=COLD_BYTES, help="of all copies of a weight")
    parser.add_argument("--model", help="a GGUF file whose decoding is measured")
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--peer", choices=["cublas", "none"], default="cublas")
    parser.add_argument("--json", type=pathlib.Path)
    args = parser.parse_args()
    gpu, device = open_device(args)
    if not device:
        return
    blas = gpu.Blas(device) if args.peer == "cublas" and gpu.Blas.find() else None
    if args.peer == "cublas" and not blas:
        print("without cuBLAS, which is not found")
    print(f"{device.name}, {device.architecture}")
    table = []
    for shape in args.shape:
        for row in measure(device, blas, args.work, tuple(map(int, shape.split("x"))), args.format, args.rows, args.rounds, args.cold_bytes):
            table.append(row)
            ratio = f"{row['ratio']:6.2f}x cuBLAS" if row["ratio"] else ""
            print(f"{row['shape']:>12} m={row['rows']:<5} {row['format']:28} {row['us']:9.1f} us {row['tb_s']:6.2f} TB/s "
                  f"{row['tflop_s']:8.1f} TFLOP/s {ratio}", flush=True)
    if args.model:
        row = decode(device, args.work, args.model, args.tokens, 4 * args.cold_bytes)
        table.append(row)
        print(f"{row['model']}: {row['tokens_s']:.0f} tokens a second, {100 * row['share']:.0f} % of what memory allows", flush=True)
    if args.json:
        args.json.write_text(json.dumps({"device": device.name, "rows": table}, indent=1))


if __name__ == "__main__":
    main()
