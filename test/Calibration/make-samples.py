# Samples where there are no data: a causal language model speaks for itself, what else there is, is random.
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import squint_testing as squint
from onnx import helper, numpy_helper
from onnx.onnx_pb import TensorProto

work = pathlib.Path(sys.argv[1])
VOCABULARY = 61


def make(path, *flags):
    return subprocess.run([squint.BIN / "squintc", path, "-o", work / "s.npz", "--progress=never", *flags], capture_output=True, text=True)


def samples(path, *flags):
    done = make(path, *flags)
    assert done.returncode == 0, done.stderr
    return dict(np.load(work / "s.npz"))


def language_model(name, table, causal=True):
    """Scores of the next token from the last one, [batch, length, VOCABULARY]; of any one, if not causal."""
    nodes = [helper.make_node("Gather", ["table", "ids"], ["one"])]
    if not causal:
        nodes += [helper.make_node("ReduceMean", ["one", "axis"], ["mean"], keepdims=1), helper.make_node("Add", ["one", "mean"], ["all"])]
    nodes += [helper.make_node("MatMul", ["one" if causal else "all", "head"], ["scores"])]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g",
        [value("ids", TensorProto.INT64, ["batch", "length"]), value("mask", TensorProto.INT64, ["batch", "length"])],
        [value("scores", TensorProto.FLOAT, ["batch", "length", VOCABULARY]), value("seen", TensorProto.INT64, ["batch", "length"])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.eye(VOCABULARY, dtype=np.float32), "head"),
         numpy_helper.from_array(np.array([1]), "axis")])
    graph.node.append(helper.make_node("Identity", ["mask"], ["seen"]))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, work / name)
    return work / name


# One successor each: the samples are known but for their first tokens.
successor = (7 * np.arange(VOCABULARY) + 3) % VOCABULARY
sure = language_model("sure.onnx", 40 * np.eye(VOCABULARY, dtype=np.float32)[successor])
got = samples(sure, "--make-samples=6", "--dim=length=21")
assert got["ids"].shape == (6, 21) and got["ids"].dtype == np.int64 and (got["mask"] == 1).all()
assert (got["ids"][:, 1:] == successor[got["ids"][:, :-1]]).all() and len(set(got["ids"][:, 0])) > 2
got = samples(sure, "--make-samples=6", "--dim=length=21", "--first-token=5")
assert (got["ids"][:, 0] == 5).all() and (got["ids"] == got["ids"][0]).all()

# Two successors, one three times as likely: so they occur.
table = np.full((VOCABULARY, VOCABULARY), -40, np.float32)
table[np.arange(VOCABULARY), successor] = np.log(3)
table[np.arange(VOCABULARY), (successor + 1) % VOCABULARY] = 0
fair = language_model("fair.onnx", table)
ids = samples(fair, "--make-samples=24", "--dim=length=64")["ids"]
likely = (ids[:, 1:] == successor[ids[:, :-1]])
assert (likely | (ids[:, 1:] == (successor[ids[:, :-1]] + 1) % VOCABULARY)).all()
print("likely:", likely.mean())
assert abs(likely.mean() - 0.75) < 4 * np.sqrt(0.75 * 0.25 / likely.size)

# The seed decides, and nothing else.
again = samples(fair, "--make-samples=24", "--dim=length=64", "--jobs=1")["ids"]
other = samples(fair, "--make-samples=24", "--dim=length=64", "--seed=2")["ids"]
assert (again == ids).all() and (other != ids).any()

# A model that looks ahead does not speak: its tokens are even.
ahead = language_model("ahead.onnx", 40 * np.eye(VOCABULARY, dtype=np.float32)[successor], causal=False)
ids = samples(ahead, "--make-samples=40", "--dim=length=50")["ids"]
assert (ids[:, 1:] == successor[ids[:, :-1]]).mean() < 0.1
counts = np.bincount(ids.ravel(), minlength=VOCABULARY)
assert counts.min() > 10 and counts.max() < 70, counts

# What is read of them is accepted as samples.
samples(fair, "--make-samples=4", "--dim=length=16")
done = subprocess.run([squint.BIN / "squintc", fair, "--weights=int8:channel", "--activations=int8:tensor", f"--calibration={work / 's.npz'}",
                       "-o", work / "fair.so"], capture_output=True, text=True)
assert done.returncode == 0, done.stderr

for path, flags, expected in (
        (fair, ["--make-samples=4"], "expected a size for the dimension 'length' of input 'ids'"),
        (fair, ["--make-samples=4", "--dim=length=8", "--first-token=61"], "expected a first token of 0 to 60, got 61"),
        (fair, ["--make-samples=0", "--dim=length=8"], "expected at least one sample for --make-samples"),
        (fair, ["--make-samples=4", "--dim=length=8", "-o", work / "s.so"], "expected --make-samples with a .npz output"),
        (fair, ["-o", work / "t.npz"], "expected --make-samples with a .npz output")):
    (work / "s.npz").unlink(missing_ok=True)
    done = make(path, *flags)
    print(done.stderr.strip())
    assert done.returncode == 1 and expected in done.stderr and not (work / "s.npz").exists()
