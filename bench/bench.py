# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures the limits of the machine, every kernel against them, and models beside other run-time systems.

    python bench.py --bin FOLDER-OF-SQUINTC --work FOLDER [--filter=REGEX] [--json=FILE] [--compare=FILE] [--quick]

Everything takes turns in rounds and each figure is the best of all rounds, so that ratios hold even where the machine is
shared. With --compare, rows that look slower are measured again before they are called so; the exit status is then 1.
Rows are named limit/NAME/threads:T, kernel/WEIGHT/ACTIVATION/tokens:M/threads:T and model/TITLE/KIND/threads:T.
"""
import argparse
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import models
import report
import squint_testing as squint


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def measure_kernels(args, pattern):
    """Rows of limits and kernels whose names the pattern matches."""
    threads = [f"--threads={n}" for n in args.threads]
    listed = subprocess.run([args.kernels, *threads, "--benchmark_list_tests"], check=True, capture_output=True, text=True).stdout.split()
    listed = [n.split("/manual_time")[0] for n in listed]
    chosen = [n for n in listed if re.search(pattern, n)]
    # What kernels are measured by comes with them.
    if any(n.startswith("kernel/") for n in chosen):
        chosen += [n for n in listed if n.startswith("limit/")]
    if not chosen:
        return []
    exact = "^(" + "|".join(re.escape(n).replace(r"\-", "-") for n in dict.fromkeys(chosen)) + ")/manual_time$"
    cpu = [f"--cpu={args.cpu}"] if args.cpu else []
    rounds = ["--benchmark_enable_random_interleaving=true", f"--benchmark_repetitions={args.rounds}"] if args.rounds > 1 else []
    done = subprocess.run([args.kernels, *threads, *cpu, f"--benchmark_filter={exact}", f"--benchmark_min_time={args.seconds / 5}", *rounds,
                           "--benchmark_format=json"], check=True, stdout=subprocess.PIPE, text=True)
    # Rounds shuffle them.
    return sorted(report.from_google(json.loads(done.stdout)), key=lambda row: listed.index(row["name"]))


def best_of(call, seconds):
    best, end = 1e30, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, (time.perf_counter() - start) * 1e6)
    return best


@functools.cache
def compile_library(path, library, *flags):
    return squint.compile(path, library, *flags)


def measure_model(args, name, library, peers, feeds, threads):
    row = {"name": name, "us": 1e30, "peers": {peer: 1e30 for peer in peers}}
    calls = {peer: make(threads) for peer, make in peers.items()}
    for call in calls.values():
        call(feeds)
    for _ in range(args.rounds):
        for peer, call in calls.items():
            row["peers"][peer] = min(row["peers"][peer], best_of(lambda: call(feeds), args.seconds))
        result = squint.benchmark(library, feeds, threads, args.seconds)
        row["us"] = min(row["us"], result["latency_us"]["min"])
    row["library_bytes"], row["workspace_bytes"] = library.stat().st_size, result["workspace_bytes"]
    return row


def measure_models(args, pattern):
    rows = []
    for family, make in models.MODELS.items():
        data = squint.data()
        if family in models.NEED_DATA and not data:
            print(f"{family}: skipped, there is no data", file=sys.stderr)
            continue
        libraries = {}
        for title, kind, path, flags, peers, feeds in make(args.work, data):
            for threads in args.threads:
                name = f"model/{title}/{kind}/threads:{threads}"
                if re.search(pattern, name):
                    library = libraries.setdefault(tuple(flags), args.work / f"{family}-{len(libraries)}.so")
                    rows.append(measure_model(args, name, compile_library(path, library, *flags), peers, feeds, threads))
    return rows


def measure(args, pattern):
    rows = measure_kernels(args, pattern) if args.kernels else []
    rows += measure_models(args, pattern)
    report.add_shares(rows)
    return {"machine": f"{processor()}, {os.cpu_count()} processors" + (f", code for {args.cpu}" if args.cpu else ""), "rows": rows}


def measure_again(args, old, new):
    """Takes the better of two measurements of what looks slower."""
    names = report.slower(old, new)
    if not names:
        return
    again = measure(args, "^(" + "|".join(map(re.escape, names)) + ")$")
    better = {row["name"]: row for row in again["rows"] if "us" in row}
    new["rows"] = [min(row, better.get(row["name"], row), key=lambda r: r.get("us", 0)) for row in new["rows"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where squintc and squint-run are")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="where models and libraries go")
    parser.add_argument("--kernels", type=pathlib.Path, help="the program squint-bench")
    parser.add_argument("--peers", type=pathlib.Path, help="a folder of more Python packages: OpenVINO")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each model and system in each round; kernels take a fifth")
    parser.add_argument("--cpu", default="", help="compile kernels for this processor instead of the one at hand")
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--filter", default="", metavar="REGEX", help="measure only rows whose name this matches")
    parser.add_argument("--json", metavar="FILE", help="write the run")
    parser.add_argument("--compare", metavar="FILE", help="a run of before: show what got slower or faster by 5 %%")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds = 1, 0.2
    if args.peers:
        sys.path.append(str(args.peers))
    old = report.read(args.compare) if args.compare else None
    squint.BIN = args.bin
    args.work.mkdir(parents=True, exist_ok=True)

    run = measure(args, args.filter)
    if not run["rows"]:
        parser.error(f"expected a filter that matches rows, got '{args.filter}'")
    if old:
        measure_again(args, old, run)
        report.add_shares(run["rows"])
    print("\n".join(report.tables(run)))
    if args.json:
        report.write(run, args.json)
    if old:
        print("\n" + "\n".join(report.comparison(old, run)))
        sys.exit(bool(report.slower(old, run)))


if __name__ == "__main__":
    main()
