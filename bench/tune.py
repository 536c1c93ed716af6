# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds the tiles, streams and prefetch distances that are best on this machine, and prints lines for lib/Target/Tuning.def.

    python tune.py --kernel-bench PROGRAM [--cpu=CPU...] [--loop=LOOP...] [--write]

Three shape classes are measured: one and few tokens with weights from memory give streams and prefetching, more tokens give the tile. Candidates take turns; the best ones are measured again, and what the planner chooses stays unless something else is faster
by 2 %. How memory behaves is no matter of the instruction set: of another processor than the one at hand only tiles are measured.
"""
import argparse
import datetime
import math
import pathlib
import re
import subprocess
import sys

TABLE = pathlib.Path(__file__).resolve().parent.parent / "lib" / "Target" / "Tuning.def"
FIELDS = ("streams", "prefetch-bytes", "prefetch-rows", "rows", "panels")
# Formats that stand for an inner loop: a choice has to suit all of them.
LOOPS = {
    "Groups": [("int4:group=32", "int8:group=32"), ("int8:group=32", "int8:group=32")],
    "Bytes": [("int8:channel", "int8:token"), ("int4:channel", "int8:token")],
    "Floats": [("f32", "f32")],
    "Halves": [("f16", "f32")],
    "Decoded": [("int4:group=32", "f32"), ("int8:group=32", "f32")],
}
BETTER = 1.02


class Bench:
    def __init__(self, program, cpu):
        self.program, self.cpu = program, cpu
        first = self.run("f32", "f32", [1], {}, 0, outputs=64)[0]
        self.target, self.host, registers = re.search(r"for (\S+) on (\S+), registers for (\d+) sums", first).groups()
        self.registers = int(registers)

    def run(self, weight, activation, tokens, choice, seconds, outputs=2048):
        command = [self.program, weight, activation, str(outputs), "4096", *map(str, tokens), f"--seconds={seconds}",
                   "--tuning=" + ",".join(f"{k}={v}" for k, v in choice.items())]
        command += [f"--cpu={self.cpu}"] if self.cpu else []
        command += ["--cold"] if max(tokens) <= 32 else []
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    def time(self, loop, tokens, choice, seconds):
        """Logarithm of the geometric mean of the best times, over the loop's formats and the counts of tokens."""
        logs = []
        for weight, activation in LOOPS[loop]:
            for line in self.run(weight, activation, tokens, choice, seconds)[1:]:
                logs.append(math.log(float(re.search(r"best ([\d.]+) us", line)[1])))
        return sum(logs) / len(logs)

    def choose(self, loop, tokens, candidates, seconds):
        """The best candidate, {} (the planner's own) unless another one is clearly faster."""
        def measure(choices, seconds, rounds):
            best = [1e30] * len(choices)
            for _ in range(rounds):
                for i, choice in enumerate(choices):
                    best[i] = min(best[i], self.time(loop, tokens, choice, seconds))
            return sorted(zip(best, range(len(choices))))

        ranked = measure(candidates, seconds / 4, 1)
        final = [{}] + [candidates[i] for _, i in ranked[:3]]
        times = dict((i, t) for t, i in measure(final, seconds, 3))
        best = min(times, key=times.get)
        gain = math.exp(times[0] - times[best])
        print(f"{loop}, tokens {tokens}: {final[best] or 'as planned'}, {gain:.3f}x the planner's", file=sys.stderr)
        return final[best] if gain > BETTER else {}


def tune(bench, loop, seconds):
    choice = {}
    if bench.target == bench.host:
        prefetching = [(0, 1)] + [(ahead, rows) for ahead in (2048, 4096, 8192, 16384) for rows in (1, 2, 4)]
        memory = [{"streams": s, "prefetch-bytes": p, "prefetch-rows": r} for s in (1, 2, 4) for p, r in prefetching]
        choice = bench.choose(loop, [1, 2, 8], memory, seconds)
    tiles = [{**choice, "rows": r, "panels": p} for p in (1, 2, 4) for r in (2, 3, 4, 5, 6, 7, 8, 10, 12) if r * p < bench.registers]
    if loop == "Decoded":
        tiles = [tile for tile in tiles if tile["panels"] == 1]
    many = bench.choose(loop, [16, 128], tiles, seconds)
    return {**choice, **many}


def line(text, cpu, loop, choice):
    """A line of the table: what is chosen, else what the table had, else -1, for which the planner decides."""
    old = re.search(rf'SQUINT_TUNED\("{cpu}", {loop}, (.*)\)', text)
    kept = dict(zip(FIELDS, old[1].split(", "))) if old else {}
    return f'SQUINT_TUNED("{cpu}", {loop}, ' + ", ".join(str(choice.get(f, kept.get(f, -1))) for f in FIELDS) + ")"


def merge(text, cpu, machine, lines):
    """The table's text with a processor's lines replaced, under a comment that says where they come from."""
    kept, lines, loops = [], list(lines), {re.search(r", (\w+),", new)[1] for new in lines}
    for old in text.splitlines():
        match = re.match(r'SQUINT_TUNED\("([^"]+)", (\w+),', old)
        if match and match[1] == cpu and match[2] not in loops:
            lines.append(old)
        elif not (match and match[1] == cpu) and not old.startswith(f"// {cpu}: "):
            kept.append(old)
    return "\n".join(kept).rstrip() + f"\n\n// {cpu}: {machine}\n" + "\n".join(sorted(lines)) + "\n"


def processor():
    fields = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M))
    return f"{fields.get('model name', 'unknown')} (family {fields.get('cpu family', '?')}, model {fields.get('model', '?')})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel-bench", required=True, help="the program KernelBench")
    parser.add_argument("--cpu", nargs="+", default=[""], help="LLVM's names of processors; the one at hand without")
    parser.add_argument("--loop", nargs="+", default=list(LOOPS), choices=list(LOOPS))
    parser.add_argument("--seconds", type=float, default=0.2, help="for each measurement of a choice that may be the best")
    parser.add_argument("--write", action="store_true", help=f"change {TABLE.name}")
    args = parser.parse_args()
    for cpu in args.cpu:
        bench = Bench(args.kernel_bench, cpu)
        table = TABLE.read_text()
        lines = [line(table, bench.target, loop, choice) for loop in args.loop if (choice := tune(bench, loop, args.seconds))]
        where = f"{'' if bench.target == bench.host else 'tiles, '}measured on {bench.host}, {processor()}, {datetime.date.today()}"
        text = merge(table, bench.target, where, lines)
        print("\n".join([f"// {bench.target}: {where}", *lines]), flush=True)
        if args.write and lines:
            TABLE.write_text(text)


if __name__ == "__main__":
    main()
