# REQUIRES: data
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""The shapes that follow for the standard's own test cases are those of the expected results."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile

import onnx

folder = pathlib.Path(sys.argv[1])
archives = sorted(pathlib.Path(os.environ["SQUINT_TEST_DATA"], "onnx_backend").glob("*.tar.gz"))
with tarfile.open(archives[-1]) as archive:
    archive.extractall(folder, [m for m in archive.getmembers() if m.name.startswith("node/")])


def load(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return tensor


def numbered(case, kind):
    return sorted((case / "test_data_set_0").glob(f"{kind}_*.pb"), key=lambda p: int(p.stem.split("_")[1]))


def check(case):
    """None, or what is wrong with a case: a refusal in words, or shapes that differ."""
    model = onnx.load(case / "model.onnx")
    inputs, outputs = numbered(case, "input"), numbered(case, "output")
    if not all(v.type.HasField("tensor_type") for v in [*model.graph.input, *model.graph.output]):
        return "refused: no tensor"
    if len(inputs) == len(model.graph.input):
        # Vectors of integers say shapes and axes: as constants they decide the shapes of results.
        for value, path in zip(model.graph.input, inputs):
            tensor = load(path)
            scales = tensor.data_type == onnx.TensorProto.FLOAT and re.search("resize|upsample|range", case.name)
            if len(tensor.dims) <= 1 and (tensor.data_type in (6, 7, 9) or scales):
                tensor.name = value.name
                model.graph.initializer.append(tensor)
    path = case / "constant.onnx"
    path.write_bytes(model.SerializeToString())
    done = subprocess.run(f"squint-translate --import-onnx {path} -o {path}.mlir && squint-opt --squint-infer-shapes {path}.mlir",
                          shell=True, capture_output=True, text=True)
    if done.returncode:
        assert done.returncode == 1 and "error: " in done.stderr, (case.name, done.returncode, done.stderr)
        return "refused: " + done.stderr.splitlines()[0].split("error: ")[1]
    results = re.search(r"func\.func @main(.*)\{\n", done.stdout)[1].split(" -> ")[-1]
    got = [[d if d == "?" else int(d) for d in re.findall(r"(\?|\d+)x", t)] for t in re.findall(r"tensor<([^>]*)> \{", results)]
    want = [list(load(p).dims) for p in outputs]
    same = len(got) == len(want) and all(
        len(g) == len(w) and all(a in ("?", b) for a, b in zip(g, w)) for g, w in zip(got, want))
    return None if same else f"expected {want}, got {got}"


# Every third: neighbours differ in their data only.
cases = sorted(p.parent for p in (folder / "node").glob("*/model.onnx"))[::3]
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    answers = dict(zip((c.name for c in cases), pool.map(check, cases)))
refused = {name: answer for name, answer in answers.items() if answer and answer.startswith("refused: ")}
wrong = {name: answer for name, answer in answers.items() if answer and name not in refused}
right = len(answers) - len(refused) - len(wrong)
print(f"{right} right, {len(refused)} refused, {len(wrong)} wrong of {len(answers)}")
print(json.dumps({"refused": refused, "wrong": wrong}, indent=1))
assert not wrong
assert right >= 0.9 * len(answers)
