# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is done with measurements: rows, their share of the machine's limits, tables, and comparisons of two runs.

A run is a dictionary {"machine": TEXT, "rows": [ROW...]}. Every row has a `name` that is the same in every run, and `us`, the
best microseconds; limits have `rate` and `unit` instead. Kernels have `share` of `limit`, what bounds them; models have
`peers`, microseconds by name.

    report.py OLD.json NEW.json      compares two stored runs; the exit status is 1 when something got slower
"""
import json
import pathlib
import re
import sys

# A row is slower when it takes more than this times the microseconds of the other run.
SLOWER = 1.05


def read(path):
    """A stored run; an error that names the file is raised for anything else."""
    try:
        run = json.loads(pathlib.Path(path).read_text())
        assert isinstance(run["machine"], str)
        for row in run["rows"]:
            assert isinstance(row["name"], str) and float(row["us"] if "us" in row else row["rate"]) > 0
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise SystemExit(f"{path}: expected a run as --json writes it, got {type(error).__name__}: {error}")
    return run


def write(run, path):
    pathlib.Path(path).write_text(json.dumps(run, indent=1) + "\n")


def parse_name(name):
    """The parts of `kernel/WEIGHT/ACTIVATION/tokens:M/threads:T` and its like: (kind, texts, numbers by name)."""
    kind, *parts = name.split("/")
    numbers = {k: int(v) for k, v in (p.split(":") for p in parts if re.fullmatch(r"(tokens|threads):\d+", p))}
    return kind, [p for p in parts if not re.fullmatch(r"(tokens|threads):\d+", p)], numbers


def from_google(output):
    """Rows of what squint-bench printed as JSON: the best of all repetitions."""
    best = {}
    for entry in output["benchmarks"]:
        if entry.get("run_type") == "aggregate":
            continue
        name = entry["name"].split("/manual_time")[0]
        if entry.get("error_occurred"):
            raise SystemExit(f"{name}: {entry['error_message']}")
        if name not in best or entry["best"] < best[name]["best"]:
            best[name] = entry
    rows = []
    for name, entry in best.items():
        if name.startswith("limit/"):
            rows.append({"name": name, "rate": entry["amount"] / entry["best"], "unit": entry["label"]})
        else:
            rows.append({"name": name, "us": entry["best"] * 1e6, "operations": entry["operations"], "bytes": entry["bytes"]})
    return rows


def add_shares(rows):
    """Gives kernels `limit` and `share`: the least time that reading the weight and multiplying take on this machine, over the
    time it took. Reading is at the rate of the best count of streams."""
    limits = {}
    for row in rows:
        kind, (name, *_), numbers = parse_name(row["name"])
        if kind == "limit":
            key = ("memory-read" if name.startswith("memory-read") else name, numbers["threads"])
            limits[key] = max(limits.get(key, 0), row["rate"])
    for row in rows:
        kind, texts, numbers = parse_name(row["name"])
        if kind != "kernel":
            continue
        product = "float-multiply-add" if texts[1] == "f32" else "int8-dot"
        least = {}
        for limit, amount in (("memory-read", row["bytes"]), (product, row["operations"])):
            rate = limits.get((limit, numbers["threads"]))
            if rate:
                least[limit] = amount / rate / 1e3
        if least:
            row["limit"] = max(least, key=least.get)
            row["share"] = least[row["limit"]] / row["us"]


def tables(run):
    """The run as text, a table for each kind of row."""
    lines = [f"machine: {run['machine']}"]
    kinds = {kind: [r for r in run["rows"] if r["name"].startswith(kind + "/")] for kind in ("limit", "kernel", "model")}
    if kinds["limit"]:
        lines += ["", f"{'limit':34}{'threads':>8}{'rate':>10}"]
    for row in kinds["limit"]:
        _, texts, numbers = parse_name(row["name"])
        lines.append(f"{texts[0]:34}{numbers['threads']:8}{row['rate']:10.1f} {row['unit']}")
    if kinds["kernel"]:
        lines += ["", "4096 x 4096, weights from memory up to 32 tokens; the share is of what reading the weight or multiplying takes at least",
                  f"{'weights x activations':42}{'tokens':>7}{'threads':>8}{'us':>10}{'GB/s':>8}{'GOP/s':>8}{'share':>8}  limit"]
    for row in kinds["kernel"]:
        _, texts, numbers = parse_name(row["name"])
        share = f"{row['share']:7.0%}  {row['limit']}" if "share" in row else ""
        lines.append(f"{' x '.join(texts):42}{numbers['tokens']:7}{numbers['threads']:8}{row['us']:10.0f}"
                     f"{row['bytes'] / row['us'] / 1e3:8.1f}{row['operations'] / row['us'] / 1e3:8.0f} {share}")
    if kinds["model"]:
        lines += ["", f"{'model':42}{'threads':>8}{'us':>10}{'library MB':>12}{'workspace KB':>14}  peers: us (times as long)"]
    for row in kinds["model"]:
        _, texts, numbers = parse_name(row["name"])
        peers = ", ".join(f"{name} {us:.0f} ({us / row['us']:.2f}x)" for name, us in row["peers"].items())
        lines.append(f"{' '.join(texts):42}{numbers['threads']:8}{row['us']:10.0f}{row['library_bytes'] / 1e6:12.2f}"
                     f"{row['workspace_bytes'] / 1e3:14.1f}  {peers}")
    return lines


def slower(old, new):
    """Names of the rows that took more than SLOWER times as long as in the old run."""
    before = {row["name"]: row for row in old["rows"]}
    return [row["name"] for row in new["rows"] if "us" in row and row["name"] in before and row["us"] > SLOWER * before[row["name"]]["us"]]


def comparison(old, new):
    """Text lines: what got slower, what got faster, and what cannot be compared."""
    lines = []
    if old["machine"] != new["machine"]:
        lines.append(f"warning: expected runs of one machine, got '{old['machine']}' and '{new['machine']}'")
    before = {row["name"]: row for row in old["rows"]}
    changes = {"slower": [], "faster": []}
    for row in new["rows"]:
        if "us" not in row or row["name"] not in before:
            continue
        ratio = row["us"] / before[row["name"]]["us"]
        kind = "slower" if ratio > SLOWER else "faster" if ratio < 1 / SLOWER else None
        if kind:
            changes[kind].append((ratio, f"{kind}: {row['name']}: {before[row['name']]['us']:.1f} -> {row['us']:.1f} us ({ratio:.2f}x)"))
    lines += [text for _, text in sorted(changes["slower"], reverse=True)] + [text for _, text in sorted(changes["faster"])]
    names = {row["name"] for row in new["rows"]}
    common = sum("us" in row and row["name"] in before for row in new["rows"])
    lines.append(f"{common} rows compared: {len(changes['slower'])} slower, {len(changes['faster'])} faster by more than "
                 f"{SLOWER - 1:.0%}; {len(names - before.keys())} new, {len(before.keys() - names)} not measured")
    return lines


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: report.py OLD.json NEW.json")
    old, new = map(read, sys.argv[1:])
    print("\n".join(tables(new) + [""] + comparison(old, new)))
    sys.exit(bool(slower(old, new)))


if __name__ == "__main__":
    main()
