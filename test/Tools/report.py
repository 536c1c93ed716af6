# The report: what each layer became, and how far the model is from its float self on the samples, as numbers and as a page.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import html.parser
import json
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
model = models.perceptron()
onnx.save(model, work / "model.onnx")
feeds = models.feeds(model, 12, seed=1)
labels = np.random.default_rng(2).integers(0, model.graph.output[0].type.tensor_type.shape.dim[1].dim_value, 12)
labels[::2] = squint.session(work / "model.onnx").run(["y"], feeds)[0].argmax(-1)[::2]
labels[3] = -1  # not known
np.savez(work / "samples.npz", **feeds, labels=labels)
library = squint.compile(work / "model.onnx", work / "model.so", "--weights=int4:group=32", "--activations=int8:token",
                         f"--calibration={work / 'samples.npz'}", f"--report={work / 'r.json'},{work / 'r.html'}")
report = json.loads((work / "r.json").read_text())

# The first 8 samples have a row each.
first = {name: array[:8] for name, array in feeds.items()}
want = squint.session(work / "model.onnx").run(["y"], first)[0].astype(np.float64)
got = squint.run(library, first)["y"]
error = float((((got - want) ** 2).sum(-1) / (want ** 2).sum(-1)).mean())
same = float((got.argmax(-1) == want.argmax(-1)).mean())
print(report["accuracy"], error, same)
assert report["accuracy"]["samples"] == 8
assert abs(report["accuracy"]["squared_error"] / error - 1) < 1e-3 and report["accuracy"]["same_top"] == same

# By the labels that the file has, of both models: minus the mean logarithm of their parts of the softmax, and where they are the largest.
for prefix, y in (("", got), ("float_", want)):
    y = y[labels[:8] >= 0].astype(np.float64)
    own = labels[:8][labels[:8] >= 0]
    loss = np.log(np.exp(y).sum(-1)) - y[np.arange(len(own)), own]
    assert abs(report["accuracy"][f"{prefix}perplexity"] / np.exp(loss.mean()) - 1) < 1e-5, report["accuracy"]
    assert report["accuracy"][f"{prefix}top1"] == (y.argmax(-1) == own).mean() > 0

shapes = sorted(sorted(t.dims) for t in model.graph.initializer if len(t.dims) == 2)
assert sorted(sorted(layer["shape"]) for layer in report["layers"]) == shapes
for layer in report["layers"]:
    assert layer["weights"].startswith("int4:group=32") and layer["method"] == "rtn" and layer["activations"].startswith("int8:token")
    # Outputs lose about what weights lose where inputs are noise.
    assert 10 < layer["outputs_snr_db"] < 30 and 0 < layer["seconds"] < 60, layer
    assert 4.5 <= layer["bits"] < 4.7 and 15 < layer["weights_snr_db"] < 25 and layer["clipped"] < 0.02, layer


# A page that is whole and looks at nothing elsewhere.
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], set(), ""

    def handle_starttag(self, tag, attributes):
        self.seen.add(tag)
        assert not any(value and ("http" in value or "//" in value) for _, value in attributes), attributes
        if tag not in ("meta", "html", "rect", "path", "polyline"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        self.text += data


# Times are nowhere but in the report: the same IR twice.
printed = []
for i in range(2):
    squint.tool("squintc", work / "model.onnx", "--weights=int4:group=32", f"--report={work / 'again.json'}", "--emit=quantized",
                "-o", work / "again.mlir")
    printed.append((work / "again.mlir").read_text())
assert printed[0] == printed[1] and "seconds" not in printed[0] and "squint.times" not in printed[0]
assert all("seconds" in layer for layer in json.loads((work / "again.json").read_text())["layers"])

# Labels that fit no sample, and ones that no row has.
for wrong, message in ((labels[:5], "'labels': expected a multiple of the 12 samples, got 5"),
                       (labels.astype(np.float32), "'labels': expected integers, got"),
                       (np.repeat(labels, 2), "sample 0: expected a label for each of 1 rows of the result, got 2"),
                       (labels + 1000, "sample 0: expected labels below")):
    np.savez(work / "samples.npz", **feeds, labels=wrong)
    try:
        squint.compile(work / "model.onnx", work / "none.so", "--weights=int4:group=32", f"--calibration={work / 'samples.npz'}",
                       f"--report={work / 'none.json'}")
    except RuntimeError as refusal:
        assert message in str(refusal), refusal
    else:
        raise AssertionError(f"expected '{message}'")

# A language model's labels are the tokens that follow.
stories = squint.data() and squint.data() / "llm_stories260k"
if stories and stories.is_dir():
    ids = np.load(stories / "windows.npz")["input_ids"][:3]
    np.savez(work / "tokens.npz", input_ids=ids)
    library = squint.compile(stories / "stories260K.onnx", work / "stories.so", "--weights=int4:group=32", f"--report={work / 'stories.json'}",
                             f"--calibration={work / 'tokens.npz'}")
    accuracy = json.loads((work / "stories.json").read_text())["accuracy"]
    y = squint.run(library, {"input_ids": ids})["logits"][:, :-1].astype(np.float64)
    loss = np.log(np.exp(y).sum(-1)) - np.take_along_axis(y, ids[:, 1:, None], -1)[..., 0]
    print(accuracy)
    assert abs(accuracy["perplexity"] / np.exp(loss.mean()) - 1) < 1e-3 and accuracy["float_perplexity"] < accuracy["perplexity"]

page = Page()
page.feed((work / "r.html").read_text())
assert {"table", "svg", "rect"} <= page.seen and not page.open, page.open
assert f"On 8 samples: relative squared error {report['accuracy']['squared_error']:.4g}" in page.text, page.text[:600]
