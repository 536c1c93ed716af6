# Rotations leave the function that ONNX Runtime computes of the model as it was, and make codes of few bits better where
# some channels stand out.
# REQUIRES: squintc, squint-opt, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import onnx
import squint_testing as squint
from transformers import Transformer, rewrite

work = pathlib.Path(sys.argv[1])
MODELS = {"llama": dict(), "untied": dict(tied=False, bias=True), "gpt": dict(norm="layer", gated=False, bias=True),
          "blocks": dict(heads=5, shared=5, size=4, hidden=36), "post": dict(order="post", norm="layer", gated=False)}
OFF = {"residual": "false", "values": "false", "keys": "false", "down": "false"}


def rotate(**options):
    return "--squint-rotate=" + " ".join(f"{k}={v}" for k, v in options.items())


for name, options in MODELS.items():
    t = Transformer(**options)
    onnx.save(t.model, work / f"{name}.onnx")
    feeds = t.feeds(3)
    want = squint.session(work / f"{name}.onnx").run(None, feeds)[0]
    kinds = [OFF | {"values": "true", "down": "true"}] if name == "post" else [{}]
    if name == "llama":
        kinds.append({"keys": "true", "seed": "5"})
    for kind in kinds:
        library, text = rewrite(squint, t.model, work, rotate(**kind), stem=name)
        got = squint.run(library, feeds)["logits"]
        error = squint.relative_error(got, want)
        online = text.count("squint.hadamard")
        print(f"{name} {kind}: {error:.1e}, {online} online")
        assert error < 1e-5, (name, kind, error)
        # In each of two layers; and around a table that is the head's weight too.
        stays = name in ("llama", "blocks")
        assert online == 2 * ((kind.get("down") != "false") + 2 * (kind.get("keys") == "true") + stays), (name, kind, online)
        assert name != "gpt" or kind.get("residual") == "false" or "centered" not in text

# Twice the same bytes, on one thread and on several.
t = Transformer()
texts = [[(work / f"twice.{part}").read_bytes() for part in ("mlir", "weights")]
         for flags in ([], ["--mlir-disable-threading"]) if rewrite(squint, t.model, work, rotate(), *flags, stem="twice")]
assert texts[0] == texts[1]

# Models that normalize after the addition are refused, by the operator in the way.
try:
    rewrite(squint, Transformer(**MODELS["post"]).model, work, rotate(), stem="post")
    raise SystemExit("expected an error")
except RuntimeError as error:
    message = str(error)
    assert "residual stream cannot be rotated: expected norms beside the stream" in message and "/LayerNormalization" in message, message

# Four bits, and eight for activations alone.
for formats, better in (("weights=int4:group=32 activations=int4:token,clip=0.9", 0.8), ("weights=int8 activations=int8:token", 0.8)):
    feeds, errors = t.feeds(16, seed=3), []
    onnx.save(t.model, work / "q.onnx")
    want = squint.session(work / "q.onnx").run(None, feeds)[0]
    for passes in ([], [rotate()]):
        library, _ = rewrite(squint, t.model, work, *passes, f"--squint-select-formats={formats}", stem="q")
        errors.append(float(np.linalg.norm(squint.run(library, feeds)["logits"] - want) / np.linalg.norm(want)))
    print(f"{formats}: {errors[0]:.4f}, rotated {errors[1]:.4f}")
    assert errors[1] < better * errors[0], errors
