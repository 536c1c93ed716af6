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
np.savez(work / "samples.npz", **feeds)
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

shapes = sorted(sorted(t.dims) for t in model.graph.initializer if len(t.dims) == 2)
assert sorted(sorted(layer["shape"]) for layer in report["layers"]) == shapes
for layer in report["layers"]:
    assert layer["weights"].startswith("int4:group=32") and layer["method"] == "rtn" and layer["activations"].startswith("int8:token")
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


page = Page()
page.feed((work / "r.html").read_text())
assert {"table", "svg", "rect"} <= page.seen and not page.open, page.open
assert f"On 8 samples: relative squared error {report['accuracy']['squared_error']:.4g}" in page.text, page.text[:600]
