# The figures that trained models have to keep: top-1 of ResNet-20, perplexity of a small language model, float errors.
# REQUIRES: squintc, squint-run, data
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import numpy as np
import squint_testing as squint

work, data = pathlib.Path(sys.argv[1]), squint.data()
INT8 = ["--weights=int8:channel", "--activations=int8:token"]


def images(part, count):
    records = np.fromfile(data / "cifar10" / part, np.uint8).reshape(-1, 3073)[:count]
    pixels = records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    return (pixels - mean[:, None, None]) / deviation[:, None, None], records[:, 0]


def check(what, value, ok):
    print(f"{what}: {value}", flush=True)
    assert ok, what


def float_errors():
    models = {
        "resnet_cifar10/resnet20_cifar10.onnx": {"image": images("test_public_2000.bin", 4)[0]},
        "resnet_cifar10/resnet32_cifar10.onnx": {"image": images("test_public_2000.bin", 2)[0]},
        "mnist_onnx/model.onnx": {"Input3": np.random.default_rng(0).random((1, 1, 28, 28), np.float32)},
        "tiny_vit_fashion/encoder_fashion.onnx": {"image": np.random.default_rng(0).random((5, 1, 28, 28), np.float32)},
    }
    for path, feeds in models.items():
        session = squint.session(data / path)
        got = squint.run(squint.compile(data / path, work / "float.so"), feeds)
        for output, want in zip(session.get_outputs(), session.run(None, feeds)):
            error = squint.relative_error(got[output.name], want)
            check(f"{path} {output.name} float error", f"{error:.1e}", error < 1e-5)


def resnet():
    path = data / "resnet_cifar10" / "resnet20_cifar10.onnx"
    np.savez(work / "calibration.npz", image=images("calib_public_1000.bin", 256)[0])
    x, y = images("test_public_2000.bin", 2000)
    base = (squint.session(path).run(None, {"image": x})[0].argmax(1) == y).mean()
    library = squint.compile(path, work / "resnet.so", "--weights=int8:channel", "--activations=int8:tensor",
                             f"--calibration={work / 'calibration.npz'}")
    (logits,) = squint.run(library, {"image": x}).values()
    top1 = (logits.argmax(1) == y).mean()
    check("ResNet-20 int8 top-1", f"{top1:.4f}, float {base:.4f}", top1 >= base - 0.005)


def stories():
    path = data / "llm_stories260k" / "stories260K.onnx"
    with np.load(data / "llm_stories260k" / "windows.npz") as windows:
        ids = windows["input_ids"]

    def perplexity(*flags):
        (logits,) = squint.run(squint.compile(path, work / "stories.so", *flags), {"input_ids": ids}).values()
        logits = logits.astype(np.float64) - logits.max(-1, keepdims=True)
        log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        return float(np.exp(-np.take_along_axis(log[:, :-1], ids[:, 1:, None], -1).mean()))

    for bound, flags in ((4.493, []), (4.55, INT8), (5.10, ["--weights=int4:group=32", "--activations=f32"]),
                         (5.13, ["--weights=int4:group=32", "--activations=int8:group=32"])):
        value = perplexity(*flags)
        check(f"stories260K {' '.join(flags) or 'float'} perplexity", f"{value:.4f}, at most {bound}", value <= bound)


float_errors()
resnet()
stories()
