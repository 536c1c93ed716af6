# Every format of weights and activations, in linears and convolutions: the fused kernels against the definition (codes
# decoded into memory, then a float product), and the error that rounding explains against the float model.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

# Weights, activations, and the largest root mean square of the error over that of the output.
FORMATS = [
    ("int2:group=32", "int8:group=32", 1.2),
    ("int2:channel,zero-point", "f32", 1.2),
    ("int3:group=32", "int8:token", 0.5),
    ("int3:group=7", "f32", 0.4),
    ("int5:group=24,zero-point", "int8:token", 0.1),
    ("int6:tensor", "int8:token", 0.15),
    ("int6:group=48", "f32", 0.05),
    ("int7:channel", "int8:token", 0.05),
    ("nf4:block=64", "int8:token", 0.2),
    ("nf4:channel", "f32", 0.25),
    ("f8e4m3", "f32", 0.05),
    ("f8e4m3", "f8e4m3", 0.07),
    ("f8e5m2:group=32", "int8:token", 0.1),
    ("mxfp4", "int8:token", 0.25),
    ("mxfp8", "f16", 0.05),
    ("nvfp4", "f8e5m2", 0.25),
    ("nvfp4", "int8:token", 0.2),
    ("nf4:group=16,scale=dynamic8", "f32", 0.2),
    ("int4:group=16,min", "int8:token", 0.2),
    ("mxfp6e2m3", "f32", 0.06),
    ("mxfp6e3m2", "int8:token", 0.1),
    ("mxfp8e5m2", "f32", 0.1),
    ("mxint8", "int8:token", 0.03),
    ("codebook2:group=32", "f32", 0.7),
    ("codebook3:channel", "f32", 0.4),
    ("codebook4:tensor", "int8:token", 0.3),
    ("int8:channel,sparse=2:4", "int8:token", 0.9),
    ("int4:group=32,sparse=2:4", "int8:group=32", 0.9),
    ("int5:channel,sparse=2:4", "f32", 0.9),
    ("int8:channel,sparse=50%", "int8:token", 0.9),
    ("int4:group=32,sparse=30%", "int8:group=32", 0.6),
    ("int4:channel,sparse=75%", "f32", 1.0),
    ("mxfp4,round=even", "f32", 0.25),
    ("mxint8,round=rceil", "int8:token", 0.03),
    ("int8:channel", "bf16", 0.02),
    ("f32", "f16", 0.002),
    ("f32", "f8e4m3:token", 0.07),
]

work = pathlib.Path(sys.argv[1])
failed = False
for name in ("convolutions", "perceptron"):
    model = getattr(models, name)()
    onnx.save(model, work / "model.onnx")
    feeds = models.feeds(model, 37)
    want = squint.session(work / "model.onnx").run(["y"], feeds)[0]
    for weights, activations, bound in FORMATS:
        if name == "convolutions" and "group" in activations:
            activations = activations.split(":")[0] + ":token"  # a convolution's activations have one scale an image
        flags = [f"--weights={weights}", f"--activations={activations}"]
        got = squint.run(squint.compile(work / "model.onnx", work / "model.so", *flags), feeds)["y"]
        plain = squint.run(squint.compile(work / "model.onnx", work / "plain.so", "--unfused", *flags), feeds)["y"]
        error = float(np.sqrt(np.mean((got - want) ** 2) / np.mean(want**2)))
        apart = float(np.abs(got - plain).max() / np.abs(plain).max())
        # Products of floats agree to float precision; where what follows rounds to few bits, that may make another code.
        exact = activations == "f32" or (activations.startswith("int8") and weights[:3] in ("int", "mxf"))
        ok = 0 < error < bound and apart < (1e-5 if exact else 0.03)
        failed |= not ok
        print(f"{name} {weights} {activations}: {error:.4f} (under {bound}), {apart:.1e} from the unfused: {'ok' if ok else 'FAILED'}")
sys.exit(failed)
