# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the innermost loops of x86 assembly do: llc ... | innermost.py INSTRUCTION

For every function with innermost loops that have an instruction whose name the regular expression INSTRUCTION matches, prints

    NAME: LOOPS loops with LEAST to MOST of NAMES: VECTORS vector spills, SCALARS scalar spills

where spills are the accesses to the stack that the register allocator made, by the comments it leaves, in the loop with the most of
them.
"""
import re
import sys


def functions(lines):
    """(name, lines) of each function."""
    name, body = None, []
    for line in lines:
        if match := re.match(r'"?([\w.$]+)"?:\s*# @', line):
            name, body = match[1], []
        elif name and re.match(r"\.Lfunc_end", line):
            yield name, body
            name = None
        elif name:
            body.append(line)


def innermost(body):
    """The lines of each loop that holds no other one: from a label to the last jump back to it."""
    labels = {match[1]: i for i, line in enumerate(body) if (match := re.match(r"(\.LBB\w+):", line))}
    ends = {}
    for i, line in enumerate(body):
        match = re.match(r"\s+j\w+\s+(\.LBB\w+)", line)
        if match and labels.get(match[1], i) < i:
            ends[labels[match[1]]] = i
    for first, last in ends.items():
        if not any(first < other <= last for other in ends):
            yield body[first : last + 1]


def main():
    wanted = re.compile(r"\s+(?:\{\w+\}\s+)?(" + sys.argv[1] + r")\s")
    for name, body in functions(sys.stdin.read().splitlines()):
        found = [(loop, [match[1] for line in loop if (match := wanted.match(line))]) for loop in innermost(body)]
        found = [(loop, names) for loop, names in found if names]
        if not found:
            continue
        counts, all_names = [len(names) for _, names in found], sorted({n for _, names in found for n in names})
        spills = [[re.search(r"(\d+)-byte (?:Folded )?(?:Spill|Reload)", line) for line in loop] for loop, _ in found]
        vectors = max(sum(bool(s) and int(s[1]) >= 16 for s in loop) for loop in spills)
        scalars = max(sum(bool(s) and int(s[1]) < 16 for s in loop) for loop in spills)
        print(f"{name}: {len(found)} loops with {min(counts)} to {max(counts)} of {' '.join(all_names)}: {vectors} vector spills, {scalars} scalar spills")


if __name__ == "__main__":
    main()
