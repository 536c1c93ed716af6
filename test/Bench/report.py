# Tables and comparisons of stored runs; nothing is measured.
# RUN: rm -rf %t && mkdir -p %t
# RUN: %python %s %t
import json
import os
import pathlib
import subprocess
import sys

work = pathlib.Path(sys.argv[1])
bench = pathlib.Path(os.environ["SQUINT_SOURCE"]) / "bench"
sys.path.insert(0, str(bench))
import report

PREFIX = "kernel/int4:group=32/int8:group=32"


def entry(name, best, **counters):
    return {"name": f"{name}/manual_time", "run_type": "iteration", "best": best, **counters}


# The best of all repetitions counts, of limits the best count of streams; aggregates do not.
google = {"benchmarks": [
    entry("limit/memory-read-1-stream/threads:1", 0.02, amount=0.4, label="GB/s"),
    entry("limit/memory-read-4-streams/threads:1", 0.01, amount=0.4, label="GB/s"),
    entry("limit/int8-dot/threads:1", 0.001, amount=1.0, label="GOP/s"),
    entry("limit/float-multiply-add/threads:1", 0.001, amount=0.25, label="GOP/s"),
    entry(f"{PREFIX}/tokens:1/threads:1", 0.0004, operations=3.2e7, bytes=1e7),
    entry(f"{PREFIX}/tokens:1/threads:1", 0.0003125, operations=3.2e7, bytes=1e7),
    {**entry(f"{PREFIX}/tokens:1/threads:1", 0.0001, operations=3.2e7, bytes=1e7), "run_type": "aggregate"},
    entry(f"{PREFIX}/tokens:512/threads:1", 0.02, operations=1.6e10, bytes=1e7),
    entry("kernel/f32/f32/tokens:512/threads:1", 0.128, operations=1.6e10, bytes=6e7),
    entry("kernel/f32/f32/tokens:512/threads:2", 0.128, operations=1.6e10, bytes=6e7),
]}
rows = report.from_google(google)
report.add_shares(rows)
by_name = {row["name"]: row for row in rows}
assert len(rows) == len(by_name) == 8, rows
assert abs(by_name["limit/memory-read-4-streams/threads:1"]["rate"] - 40) < 1e-9
# 10 MB at 40 GB/s take 250 us; 16 Gop at 1000 GOP/s take 16 ms, in float at 250 take 64 ms.
for name, limit, share in ((f"{PREFIX}/tokens:1/threads:1", "memory-read", 0.8), (f"{PREFIX}/tokens:512/threads:1", "int8-dot", 0.8),
                           ("kernel/f32/f32/tokens:512/threads:1", "float-multiply-add", 0.5)):
    assert by_name[name]["limit"] == limit and abs(by_name[name]["share"] - share) < 1e-9, by_name[name]
assert "share" not in by_name["kernel/f32/f32/tokens:512/threads:2"]

rows.append({"name": "model/MiniLM-1x16/int8/threads:1", "us": 500.0, "peers": {"ORT float": 1250.0}, "library_bytes": 2_500_000, "workspace_bytes": 1000})
run = {"machine": "a machine", "rows": rows}
text = "\n".join(report.tables(run))
for line in ("machine: a machine", "memory-read-4-streams                    1      40.0 GB/s",
             "int4:group=32 x int8:group=32                   1       1       312    32.0     102     80%  memory-read",
             "f32 x f32                                     512       1    128000     0.5     125     50%  float-multiply-add",
             "f32 x f32                                     512       2    128000     0.5     125 ",
             "MiniLM-1x16 int8                                 1       500        2.50           1.0  ORT float 1250 (2.50x)"):
    assert line in text.split("\n"), text


def compare(new, status):
    """What report.py says about the stored run and the new one."""
    report.write(run, work / "old.json")
    report.write(new, work / "new.json")
    done = subprocess.run([sys.executable, bench / "report.py", work / "old.json", work / "new.json"], capture_output=True, text=True)
    assert done.returncode == status, (status, done)
    return done.stdout + done.stderr


def changed(factors, machine="a machine", drop=()):
    """The stored run with some times multiplied."""
    copy = json.loads(json.dumps(run))
    for row in copy["rows"]:
        if "us" in row:
            row["us"] *= factors.get(row["name"], 1)
    return {"machine": machine, "rows": [row for row in copy["rows"] if row["name"] not in drop]}


minilm, many, one = "model/MiniLM-1x16/int8/threads:1", f"{PREFIX}/tokens:512/threads:1", f"{PREFIX}/tokens:1/threads:1"
assert "5 rows compared: 0 slower, 0 faster by more than 5%; 0 new, 0 not measured" in compare(changed({}), 0)
assert "0 slower, 0 faster" in compare(changed({minilm: 1.049, many: 0.96}), 0)
said = compare(changed({minilm: 1.06, many: 1.5, one: 0.8}), 1)
assert said.index(f"slower: {many}: 20000.0 -> 30000.0 us (1.50x)\n") < said.index(f"slower: {minilm}: 500.0 -> 530.0 us (1.06x)\n"), said
assert f"faster: {one}: 312.5 -> 250.0 us (0.80x)\n5 rows compared: 2 slower, 1 faster" in said, said
# Less measured is not slower, and a run on another machine is told.
said = compare(changed({many: 2}, machine="another", drop=(many,)), 0)
assert "warning: expected runs of one machine, got 'a machine' and 'another'\n4 rows compared: 0 slower, 0 faster" in said, said
assert "0 new, 1 not measured" in said

for text in ("", "[]", '{"machine": "m", "rows": [{"name": "model/x", "us": 0}]}', '{"machine": "m", "rows": [{"us": 1}]}'):
    (work / "old.json").write_text(text)
    done = subprocess.run([sys.executable, bench / "report.py", work / "old.json", work / "new.json"], capture_output=True, text=True)
    assert done.returncode == 1 and "old.json: expected a run as --json writes it, got " in done.stderr and "Traceback" not in done.stderr, done
