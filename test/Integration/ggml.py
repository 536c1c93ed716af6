# GGML's types end to end: the fused kernels against the definition (rows decoded into memory, then a float product), with float
# and with int8 activations, tables of embeddings, and rows that are no whole blocks.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import subprocess
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

# Type, and the largest root mean square of the error over that of the output.
TYPES = [("q4_0", 0.12), ("q4_1", 0.12), ("q5_0", 0.06), ("q5_1", 0.06), ("q8_0", 0.01), ("q2_k", 0.5), ("q3_k", 0.25), ("q4_k", 0.12),
         ("q5_k", 0.06), ("q6_k", 0.03), ("iq4_nl", 0.12), ("iq4_xs", 0.12), ("tq1_0", 1.2), ("tq2_0", 1.2)]

work = pathlib.Path(sys.argv[1])
failed = False


def check(model, flags, bound, name, exact=1e-4):
    global failed
    onnx.save(model, work / "model.onnx")
    feeds = models.feeds(model, 19)
    want = squint.session(work / "model.onnx").run(["y"], feeds)[0]
    got = squint.run(squint.compile(work / "model.onnx", work / "model.so", *flags), feeds)["y"]
    plain = squint.run(squint.compile(work / "model.onnx", work / "plain.so", "--unfused", *flags), feeds)["y"]
    error = float(np.sqrt(np.mean((got - want) ** 2) / np.mean(want**2)))
    apart = float(np.abs(got - plain).max() / np.abs(plain).max())
    ok = 0 < error < bound and apart < exact
    failed |= not ok
    print(f"{name}: {error:.4f} (under {bound}), {apart:.1e} from the unfused: {'ok' if ok else 'FAILED'}")


layers = models.perceptron(width=512, hidden=256)
table = models.classifier(words=300, width=256)
for weights, bound in TYPES:
    for activations in ("f32", "int8:group=32", "int8:token"):
        # A code of the second layer's activations may flip between the two.
        check(layers, [f"--weights={weights}", f"--activations={activations}"], bound + 0.02, f"{weights} x {activations}",
              1e-4 if activations == "f32" else 1e-3)
    (work / "recipe.yaml").write_text(f"rules:\n  - operators: embedding\n    weights: {weights}\n")
    check(table, [f"--recipe={work / 'recipe.yaml'}"], bound + 0.02, f"{weights} table", 1e-6)

# A multiple of 32 columns, and of nothing: by name, or what a recipe says.
onnx.save(models.perceptron(), work / "model.onnx")
result = subprocess.run([squint.BIN / "squintc", work / "model.onnx", "--weights=q4_k", "-o", work / "none.so"], text=True, capture_output=True)
print(result.stderr)
assert result.returncode and "expected rows of a multiple of 256 values for 'q4_k', got 96" in result.stderr
(work / "recipe.yaml").write_text("rules:\n  - weights: [q4_k, q5_0, f16]\n")
check(models.perceptron(), [f"--recipe={work / 'recipe.yaml'}"], 0.06, "fallbacks")
sys.exit(failed)
