# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the fuzzers of what reads files, from seeds and from what earlier runs have found.

    python fuzz.py --bin FOLDER --work FOLDER [--seconds N | --runs N] [--only NAME] [--seed N]

An input that crashes, leaks out of bounds or takes longer than 10 seconds ends the run; it lies in WORK and its name is printed.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ("onnx", "gguf", "ir", "npz", "recipe", "safetensors")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the fuzzers")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for seeds, finds and crashes")
    parser.add_argument("--seconds", type=int, default=60, help="time for each fuzzer")
    parser.add_argument("--runs", type=int, help="inputs for each fuzzer, instead of a time")
    parser.add_argument("--only", choices=NAMES, help="one fuzzer")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations; 0: another one each time")
    args = parser.parse_args()
    seeds = args.work / "seeds"
    subprocess.run([sys.executable, HERE / "fuzz_seeds.py", seeds], check=True)
    # The libraries of LLVM, whose containers and pools ours share, are built without sanitizers; contexts keep what they unify.
    options = "detect_leaks=0:detect_container_overflow=0:allow_user_poisoning=0:allocator_may_return_null=1"
    env = {**os.environ, "ASAN_OPTIONS": options}
    failed = False
    for name in [args.only] if args.only else NAMES:
        found = args.work / name
        found.mkdir(parents=True, exist_ok=True)
        limit = f"-runs={args.runs}" if args.runs else f"-max_total_time={args.seconds}"
        command = [args.bin.resolve() / f"squint-fuzz-{name}", limit, f"-seed={args.seed}", "-max_len=8192", "-timeout=10",
                   "-rss_limit_mb=4096", "-print_final_stats=1", f"-dict={HERE.parent / 'Fuzz' / (name + '.dict')}",
                   f"-artifact_prefix={found.parent / name}-", found, seeds / name]
        result = subprocess.run(command, env=env, capture_output=True, text=True, errors="replace")
        units = re.search(r"number_of_executed_units: (\d+)", result.stderr)
        print(f"{name}: {units[1] if units else '?'} inputs, {len(list(found.iterdir()))} kept", flush=True)
        if result.returncode:
            failed = True
            print(result.stderr[-6000:], file=sys.stderr)
    return failed


sys.exit(main())
