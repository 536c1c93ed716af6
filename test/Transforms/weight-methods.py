# Codebooks and additive codebooks: outputs nearer to the float model's than what needs no samples gives, fused kernels as the
# definition has them, the same bytes for every count of threads.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
from weight_methods import Comparison, heavy

# Format, method, options, activations; what to be better than, and by how much.
CASES = [
    ("codebook2:group=32", "codebook", "", "f32", ("codebook2:group=32",), 0.9),
    ("codebook2:channel", "codebook", "compensate: false", "f32", ("codebook2:channel",), 1.0),
    ("codebook3:group=64", "gptq", "descent: 1", "f32", ("codebook3:group=64",), 0.9),
    ("additive2", "additive", "", "f32", ("codebook2:group=64", "codebook"), 1.0),
    ("additive3:group=64", "additive", "descent: 2", "int8:token", ("int3:group=32", None, "", "int8:token"), 1.0),
]
# Convolutions are matrix products of windows to all methods alike: some cases stand for the rest.
for model, cases in (models.perceptron(), CASES), (models.convolutions(), CASES[::3]):
    comparison = Comparison(pathlib.Path(sys.argv[1]), heavy(model))
    for case in cases:
        comparison.check(*case)

# What a method is not for it refuses by name.
comparison.refuse("int4:group=32", "codebook", "expected a codebook, got 'int4:group=32,scale=f16'")
comparison.refuse("int8:channel", "additive", "expected an additive element, got 'int8:channel,scale=f32'")
comparison.refuse("additive2", "rtn", "expected the method additive for 'additive2:channel,scale=f16'")
