# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds the tiles of products that are best on this machine's GPU, and prints lines for lib/Kernels/Gpu/Tiles.def.

    python tune_nvptx.py --bin FOLDER-OF-SQUINTC --work FOLDER [--shape=OUTPUTSxINPUTS...] [--write]

Each class of rows has tiles of its own. Candidates take turns, launched from graphs on so many copies of the weight that no copy is in a cache
when its turn comes; what the table has stays unless something else is faster by 2 % over all shapes and formats. Without a GPU it says so and
does nothing.
"""
import argparse
import datetime
import itertools
import math
import pathlib
import re
import sys

from gpu import open_device

SHAPES = ["4096x4096", "4096x14336", "28672x8192"]
# Formats that stand for the operands of a product: a choice has to suit all of them.
FORMATS = {
    "Halves": [("int4:group=128", "f16"), ("int8:channel", "f16")],
    "Bytes": [("int8:channel", "int8:token"), ("int4:group=128", "int8:token")],
}
# The most rows of a class, and the numbers of rows that it is measured with.
CLASSES = [(8, [1, 8]), (32, [16, 32]), (128, [64, 128]), (0, [512, 4096])]
BETTER = 1.02


def candidates(most):
    """Tiles that there are kernels for and that have a class's rows."""
    shared = [(r, o, k, s) for r, o, k, s in itertools.product((8, 32), (16, 32, 64), (4, 8), (1, 2, 4)) if most == r and k * o * r <= 12 << 10]
    whole = [(r, o, 1, s) for r, o, s in itertools.product((32, 64, 128), (64, 128), (2, 3, 4)) if not 0 < most <= 8]
    return shared + whole


def seconds_of(cuda, gpu, args, shape, format, most, tile, rows):
    """The best times of a tile, by number of rows; nothing where the compiler makes another one of it."""
    outputs, inputs = shape
    choices = [(most, tile)] * bool(most) + [(0, (64, 64, 1, 2) if most else tile)]
    product = gpu.Product(cuda, args.work, outputs, inputs, *format, max(rows), choices)
    if (tile[2], tile[0], tile[1]) not in product.kernels:
        product.free([])
        return None
    weights = [product.allocate() for _ in range(max(2, -(-args.cold_bytes // product.weight_bytes)))]
    best = []
    for m in rows:
        calls = [lambda w=w: product.launch(m, w) for w in weights]
        calls[0]()
        graph = cuda.record(calls)
        best.append(min(cuda.time(graph) for _ in range(args.rounds)) / len(weights))
        cuda.cuGraphExecDestroy(graph)
    product.free(weights)
    return best


def choose(cuda, gpu, args, operands, most, rows, current):
    """The best tile of a class."""
    def measure(tile):
        logs = []
        for shape, format in itertools.product(args.shape, FORMATS[operands]):
            times = seconds_of(cuda, gpu, args, tuple(map(int, shape.split("x"))), format, most, tile, rows)
            if times is None:
                return math.inf
            logs += map(math.log, times)
        return sum(logs) / len(logs)

    times = {tile: measure(tile) for tile in [current, *candidates(most)[:args.limit]]}
    # Once more, against what the machine does besides.
    for tile in [current, *sorted(times, key=times.get)[:3]]:
        times[tile] = min(times[tile], measure(tile))
    best = min(times, key=times.get)
    gain = math.exp(times[current] - times[best])
    print(f"{operands}, at most {most or 'any number of'} rows: {best}, {gain:.3f}x the table's", file=sys.stderr)
    return best if gain > BETTER else current


def merge(text, capability, machine, lines):
    """The table's text with a capability's lines replaced, under a comment that says where they come from."""
    kept = [line for line in text.splitlines() if not re.match(rf"SQUINT_GPU_TILE\({capability}, |// {capability}: ", line)]
    body = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).rstrip()
    return f"{body}\n\n// {capability}: {machine}\n" + "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--shape", nargs="+", default=SHAPES)
    parser.add_argument("--most-rows", nargs="+", type=int, default=[most for most, _ in CLASSES], help="the classes, 0 being any number of rows")
    parser.add_argument("--limit", type=int, help="the most candidates of a class")
    parser.add_argument("--operands", nargs="+", default=list(FORMATS), choices=list(FORMATS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold-bytes", type=int, default=256 << 20, help="of all copies of a weight")
    parser.add_argument("--write", action="store_true", help="change Tiles.def")
    args = parser.parse_args()
    gpu, device = open_device(args)
    if not device:
        return
    lines = []
    for operands in FORMATS:
        current = gpu.table_tiles(device.capability, operands)
        if operands in args.operands:
            defaults = dict(current)
            kept = {most: defaults.get(most, current[-1][1]) for most, _ in CLASSES}
            current = [(most, choose(device, gpu, args, operands, most, rows, kept[most]) if most in args.most_rows else kept[most])
                       for most, rows in CLASSES]
        lines += [f"SQUINT_GPU_TILE({device.capability}, {operands}, {', '.join(map(str, (most, *tile)))})" for most, tile in current]
    where = f"measured on {device.name}, {datetime.date.today()}"
    print("\n".join([f"// {device.capability}: {where}", *lines]))
    if args.write:
        gpu.TABLE.write_text(merge(gpu.TABLE.read_text(), device.capability, where, lines))


if __name__ == "__main__":
    main()
