# A table that is the weight of the head, too, is there once, and nothing changes: rows and products have the bits that they have
# with a copy of it, and rows those of the definition.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

WORDS, WIDTH = 300, 76
# Weights, activations, and the most bits a number of the table takes: its codes, scales, zero points, the filling of panels.
FORMATS = [
    ("f32", "f32", 34), ("bf16", "f32", 18), ("int8:channel", "int8:token", 11), ("int8:tensor", "f32", 11),
    ("int8:channel,zero-point", "int8:token", 11), ("int6:channel", "int8:token", 9), ("int4:group=32", "int8:group=32", 7),
    ("int4:group=32,zero-point", "f32", 7), ("int3:group=24", "int8:token", 6), ("nf4:block=64", "f32", 7),
    ("f8e4m3", "f32", 11), ("mxfp4", "int8:token", 7), ("nvfp4", "f32", 8),
]

work = pathlib.Path(sys.argv[1])
for name, copied in (("tied", False), ("copied", True)):
    onnx.save(models.tied(WORDS, WIDTH, copied), work / f"{name}.onnx")
feeds = models.feeds(models.tied(WORDS, WIDTH), 21)


def build(name, *flags):
    library = squint.compile(work / f"{name}.onnx", work / f"{name}{''.join(flags[1:])}.so", *flags)
    return squint.run(library, feeds), int(squint.tool("squint-run", library).split("weights ")[1].split()[0])


for weights, activations, most in FORMATS:
    recipe = work / "recipe.yaml"
    recipe.write_text(f"rules:\n  - operators: embedding\n    weights: {weights}\n"
                      f"  - weights: {weights}\n    activations: {activations}\n")
    flags = [] if weights == "f32" else [f"--recipe={recipe}"]
    (once, size), (twice, larger), (plain, _) = (build("tied", *flags), build("copied", *flags),
                                                 build("tied", *flags, "--unfused"))
    table, copy = 8 * size / (WORDS * WIDTH), 8 * larger / (WORDS * WIDTH)
    print(f"{weights} {activations}: {table:.2f} bits a number with one table, {copy:.2f} with two")
    assert table < most and copy > 1.6 * table
    assert once["rows"].tobytes() == twice["rows"].tobytes() == plain["rows"].tobytes()
    assert once["y"].tobytes() == twice["y"].tobytes()
    assert np.abs(once["y"] - plain["y"]).max() < 0.03 * np.abs(plain["y"]).max()
