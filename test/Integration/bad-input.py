# Whatever a model or a flag says, the answer is a message that names it, exit 1 and no output file.
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import os
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
failed = False


def refused(what, *flags, path=work / "bad.onnx", expect="bad.onnx"):
    """squintc has to say `expect` in at most four lines and leave nothing behind."""
    global failed
    output = work / "out" / "model.so"
    output.parent.mkdir(exist_ok=True)
    done = subprocess.run([squint.BIN / "squintc", path, "--progress=never", *flags, "-o", output], capture_output=True, text=True, timeout=60)
    left = sorted(p.name for p in output.parent.iterdir())
    ok = done.returncode == 1 and expect in done.stderr and 0 < len(done.stderr.strip().splitlines()) <= 4 and not left
    failed |= not ok
    print(f"{'ok' if ok else 'WRONG'}: {what}: exit {done.returncode}, left {left}, {done.stderr.strip()[:300]}")


good = models.perceptron().SerializeToString()
for what, data in {
    "empty": b"",
    "truncated": good[: len(good) // 2],
    "random": np.random.default_rng(0).bytes(5000),
    "text": b"hello\n",
}.items():
    (work / "bad.onnx").write_bytes(data)
    refused(what)


def changed(what, change, *flags, expect="bad.onnx"):
    model = models.perceptron()
    change(model)
    (work / "bad.onnx").write_bytes(model.SerializeToString())
    refused(what, *flags, expect=expect)


def operator(model):
    model.graph.node[3].op_type = "NoSuchOperator"


def types(model):
    model.graph.initializer[0].data_type = onnx.TensorProto.INT32


def shapes(model):
    weight = next(t for t in model.graph.initializer if t.name == "w2")
    weight.dims[1] -= 1
    weight.raw_data = weight.raw_data[: 4 * int(np.prod(weight.dims))]


def external(location):
    def change(model):
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value=location)

    return change


def not_finite(value):
    def change(model):
        weight = next(t for t in model.graph.initializer if t.name == "w2")
        array = np.frombuffer(weight.raw_data, np.float32).copy()
        array[7] = value
        weight.raw_data = array.tobytes()

    return change


changed("unknown operator", operator, expect="NoSuchOperator")
changed("wrong type", types)
changed("shape mismatch", shapes)
changed("missing external data", external("none.bin"), expect="none.bin")
changed("absolute external data", external("/etc/passwd"))
changed("escaping external data", external("../../../../../../../../etc/passwd"))
changed("NaN in a weight", not_finite(np.nan), "--weights=int8", expect="finite")
changed("infinity in a weight", not_finite(np.inf), "--weights=int8", expect="finite")
os.symlink("/etc/passwd", work / "link.bin")
changed("external data through a link", external("link.bin"))

(work / "good.onnx").write_bytes(good)
np.savez(work / "names.npz", other=np.zeros((4, 96), np.float32))
np.savez(work / "shapes.npz", x=np.zeros((4, 95), np.float32))
STATIC = ["--weights=int8", "--activations=int8:tensor"]
for flags, expect in (
    (["--weights=int5:banana"], "banana"),
    (["--weights=nonesuch"], "nonesuch"),
    (["--mcpu=nonesuch"], "nonesuch"),
    (["--mtriple=nonesuch"], "nonesuch"),
    (["--calibration=/nonexistent.npz"], "nonexistent.npz"),
    ([*STATIC, f"--calibration={work / 'names.npz'}"], "names.npz"),
    ([*STATIC, f"--calibration={work / 'shapes.npz'}"], "shapes.npz"),
    (STATIC, "calibration"),
    (["--dim=N=-3"], "-3"),
    (["--dim=N=3", "--dim=N=4"], "several"),
    (["--depfile=/nonexistent/d"], "/nonexistent/d"),
    (["--recipe=/nonexistent.yaml"], "nonexistent.yaml"),
):
    refused(" ".join(map(str, flags)), *flags, path=work / "good.onnx", expect=expect)

done = subprocess.run([squint.BIN / "squintc", work / "good.onnx", "--progress=never", "-o", work / "no" / "such" / "folder.so"],
                      capture_output=True, text=True)
failed |= done.returncode != 1 or "folder.so" not in done.stderr
print("unwritable output:", done.returncode, done.stderr.strip())
sys.exit(failed)
