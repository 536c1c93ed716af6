#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs tests of the ONNX backend suite through `squint-run --check` and compares with what is expected of them.

  run.py DIR...                 all tests below the folders (a test is a folder with model.onnx and test_data_set_*); an
                                archive is unpacked into --work first
  run.py DIR --match 'test_a*'  some of them
  run.py DIR --list FILE        writes one line a test: result, name, message
  run.py DIR --part 1/8         every eighth test, from the first on

A test passes, is refused (squint-run exits with 2 and says what it does not support), or fails: another result, a crash,
an error without a refusal, more than a minute. Expected.txt names the tests that are not expected to pass, each with a
reason: they are refused, or differ for a reason that begins with "differs". Everything else, and a test that passes
although it is listed, ends this with exit status 1.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import os
import pathlib
import subprocess
import sys
import tarfile

import onnx

HERE = pathlib.Path(__file__).resolve().parent


def read_expected(path):
    """[(pattern, reason)] from lines `pattern...: reason`."""
    expected = []
    for line in path.read_text().splitlines():
        line = line.split("#")[0].rstrip()
        if not line:
            continue
        patterns, _, reason = line.partition(": ")
        assert reason, f"{path}: expected 'pattern...: reason', got '{line}'"
        expected += [(p, reason) for p in patterns.split()]
    return expected


def operators(test):
    """The operators of a model; those of a function's expansion tell the tests apart from those of the operator."""
    try:
        graph = onnx.load(test / "model.onnx", load_external_data=False).graph
    except Exception:  # a broken file is for the importer to refuse
        return ["(unreadable)"]
    if test.name.endswith("_expanded") or "_expanded_" in test.name:
        return ["(expanded)"]
    return sorted({n.op_type for n in graph.node})


def run(tool, test):
    try:
        p = subprocess.run([tool, test / "model.onnx", f"--check={test}"], capture_output=True, text=True, errors="replace", timeout=60)
    except subprocess.TimeoutExpired:
        return "hang", "no end within a minute"
    lines = (p.stderr.strip() + "\n" + p.stdout.strip()).strip().splitlines() or [""]
    errors = [l for l in lines if "error: " in l] or lines
    message = errors[0].split("error: ", 1)[-1]
    if p.returncode == 0:
        return "pass", ""
    if p.returncode < 0 or p.returncode >= 128:
        return "crash", lines[-1]
    refused = p.returncode == 2 and "unsupported" in p.stdout + p.stderr
    return "refused" if refused else "wrong", message


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--bin", type=pathlib.Path, default=os.environ.get("SQUINT_BIN", HERE.parents[1] / "build" / "bin"), help="the folder of squint-run")
    parser.add_argument("--expected", type=pathlib.Path, default=HERE / "Expected.txt")
    parser.add_argument("--list", type=pathlib.Path)
    parser.add_argument("--summary", type=pathlib.Path, help="write how many tests of each operator pass, for the table in the docs")
    parser.add_argument("--work", type=pathlib.Path, help="where archives are unpacked")
    parser.add_argument("--match", default="*")
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    args = parser.parse_args()

    for i, folder in enumerate(args.folders):
        if folder.is_file():
            args.folders[i] = args.work / folder.name.split(".tar")[0]
            with tarfile.open(folder) as archive:
                # Python before 3.11.4 has no filters.
                safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                archive.extractall(args.folders[i], **safe)
    part, parts = map(int, args.part.split("/"))
    tests = sorted({m.parent for f in args.folders for m in f.rglob("model.onnx") if fnmatch.fnmatch(m.parent.name, args.match)})
    tests = tests[part - 1::parts]
    if not tests:
        sys.exit(f"expected tests in {', '.join(map(str, args.folders))}, found none")
    expected = read_expected(args.expected)
    tool = pathlib.Path(args.bin) / "squint-run"
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(lambda t: run(tool, t), tests))

    if args.list:
        args.list.write_text("".join(f"{r}\t{t.name}\t{m}\n" for t, (r, m) in zip(tests, results)))
    by_operator = collections.defaultdict(collections.Counter)
    for test, (result, _) in zip(tests, results):
        for name in operators(test):
            by_operator[name][result] += 1
    for name, count in sorted(by_operator.items()):
        others = ", ".join(f"{n} {r}" for r, n in sorted(count.items()) if r != "pass")
        print(f"{name:32}{count['pass']:5} of {sum(count.values()):<5}{others}")

    if args.summary:
        lines = [f"{name} {count['pass']} of {sum(count.values())}\n" for name, count in sorted(by_operator.items()) if name[0] != "("]
        args.summary.write_text("".join(lines))

    surprises = []
    for test, (result, message) in zip(tests, results):
        reason = next((r for p, r in expected if fnmatch.fnmatch(test.name, p)), None)
        if result == "pass" and reason:
            surprises.append(f"{test.name}: passes, but is listed: {reason}")
        elif result != "pass" and not (reason and (result == "refused" or reason.startswith("differs"))):
            surprises.append(f"{test.name}: {result}: {message}")
    total = collections.Counter(r for r, _ in results)
    print(f"\n{len(tests)} tests: " + ", ".join(f"{n} {r}" for r, n in total.most_common()))
    if surprises:
        print(f"{len(surprises)} results are not what {args.expected.name} says:", *surprises, sep="\n  ")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
