# Random graphs from the schemas, in float and integers, static and symbolic: the same as ONNX Runtime. `random-graphs.py WORK FIRST
# COUNT` runs other seeds; the first node of a graph that differs by itself is saved as a model of its own.
# REQUIRES: squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t 0 100
import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import random_graphs
import squint_testing as squint

REFUSALS = ("not supported", "follow from shapes", "follows from shapes", "no result for these shapes", "whose last dimension counts")
work, first, count = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


def difference(got, want):
    """What is wrong with an output, or None."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"expected {want.dtype}{list(want.shape)}, got {got.dtype}{list(got.shape)}"
    if want.dtype.kind != "f":
        return None if np.array_equal(got, want) else f"{np.sum(got != want)} of {want.size} elements differ"
    if not np.isfinite(got).all():
        return "expected finite numbers"
    scale = max(np.abs(want.astype(np.float64)).max(), 1)
    error = np.abs(got.astype(np.float64) - want).max() / scale
    limit = 5e-3 if want.dtype == np.float16 else 1e-4
    return None if error <= limit else f"error {error:.1e}"


def run(model, feeds, expected, path):
    """"same", "refused: ...", or what is wrong."""
    onnx.save(model, path)
    try:
        got = squint.run(path, feeds)
    except subprocess.TimeoutExpired:
        return "no end within ten minutes"
    except RuntimeError as error:
        lines = [line for line in str(error).splitlines() if "error: " in line] or str(error).splitlines()[-1:]
        refused = any(said in line for line in lines for said in REFUSALS) and "exit 1" in str(error)
        return f"{'refused' if refused else 'error'}: {lines[0].split('error: ')[-1]}"
    wrong = [f"{name}: {d}" for name, want in expected.items() if (d := difference(got[name], want))]
    return "; ".join(wrong) or "same"


def check(seed):
    try:
        one = random_graphs.RandomGraph(seed)
    except squint.InvalidModel as error:  # ONNX Runtime takes each node, but not all of them together
        return seed, "", f"refused by ONNX Runtime: {error}"
    path = work / f"{seed}.onnx"
    result = run(one.model, one.feeds, one.expected, path)
    if result == "same" or result.startswith("refused"):
        path.unlink()
        return seed, one.describe(), result
    for i, (model, feeds, expected) in enumerate(one.single_nodes()):
        alone = run(model, feeds, expected, work / f"{seed}-node-{i}.onnx")
        if alone != "same" and not alone.startswith("refused"):
            return seed, one.describe(), f"{result}\n    {seed}-node-{i}.onnx, {model.graph.node[0].op_type} alone: {alone}"
        (work / f"{seed}-node-{i}.onnx").unlink()
    return seed, one.describe(), result


with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    results = list(pool.map(check, range(first, first + count)))
kinds = collections.Counter("refused" if result.startswith("refused") else "same" if result == "same" else "wrong" for _, _, result in results)
for seed, text, result in results:
    if result != "same":
        print(f"seed {seed}, {text}\n  {result}")
print(f"seeds {first} to {first + count - 1}: " + ", ".join(f"{n} {kind}" for kind, n in kinds.most_common()))
sys.exit(bool(kinds["wrong"]))
