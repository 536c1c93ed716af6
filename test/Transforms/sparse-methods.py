# Two of four weights, a share of all weights and SpQR's outliers: outputs nearer to the float model's than what needs no samples
# gives, fused kernels as the definition has them, the same bytes for every count of threads.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
from weight_methods import Comparison, heavy

# Format, method, options, activations; what to be better than, and by how much.
CASES = [
    ("int8:channel,sparse=2:4", "sparse", "", "int8:token", ("int8:channel,sparse=2:4", None, "", "int8:token"), 0.9),
    ("int4:group=32,sparse=2:4", "sparse", "descent: 1", "f32", ("int4:group=32,sparse=2:4",), 0.9),
    ("int8:channel,sparse=50%", "sparse", "", "int8:token", ("int8:channel,sparse=50%", None, "", "int8:token"), 0.9),
    ("int8:channel,sparse=50%", "sparse", "", "f32", ("int8:channel,sparse=2:4", "sparse"), 1.0),
    ("int4:group=32,sparse=40%", "sparse", "descent: 1", "f32", ("int4:group=32,sparse=40%",), 0.9),
    ("int3:group=16,scale=bilevel3", "spqr", "threshold: 0.2, targets: 0.5", "f32", ("int3:group=16,scale=bilevel3", "spqr", "threshold: 0.2"), 1.0),
    ("int3:group=16,scale=bilevel3", "spqr", "threshold: 0", "f32", ("int3:group=16",), 0.95),
    ("int3:group=16,scale=bilevel3", "spqr", "threshold: 0.2", "f32", ("int3:group=16,scale=bilevel3", "spqr", "threshold: 0"), 0.9),
]
# Convolutions are matrix products of windows to all methods alike: some cases stand for the rest.
for model, cases in (models.perceptron(), CASES), (models.convolutions(), CASES[::3]):
    comparison = Comparison(pathlib.Path(sys.argv[1]), heavy(model))
    for case in cases:
        comparison.check(*case)

# What a method is not for it refuses by name.
comparison.refuse("int8:channel", "sparse", "expected a sparse format, got 'int8:channel,scale=f32'")
comparison.refuse("int3:group=16", "spqr", "expected a format with scale=bilevel3 and no outliers yet, got int3:group=16,scale=f16")
