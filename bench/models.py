# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models that `make bench` measures, and the same ones for other run-time systems.

A function of `MODELS` yields (title, kind, model, flags of squintc, peers, inputs); peers are names -> functions of a count of threads
that give a function to call with the inputs.
"""
import functools
import logging
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "test" / "Support"), str(ROOT / "examples" / "encoder")]
import model as encoder
import squint_testing as squint

INT8 = ["--weights=int8:channel", "--activations=int8:token"]
INT4 = ["--weights=int4:group=32", "--activations=int8:group=32"]


# Peers ----------------------------------------------------------------------------------------------------------------
@functools.cache
def onnxruntime_session(path, threads):
    return squint.session(path, threads)


def onnxruntime_peer(path):
    return lambda threads: functools.partial(onnxruntime_session(path(), threads).run, None)


@functools.cache
def openvino_request(path, threads):
    import openvino

    options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(str(path), "CPU", options).create_infer_request()


def openvino_peer(path):
    return lambda threads: functools.partial(openvino_request(path(), threads).infer, share_inputs=True)


def has_openvino():
    try:
        import openvino
    except ImportError:
        return False
    return True


def peers(floats, integers=None):
    """Both systems on the float model and, where there is one, on the quantized one, which a function makes when it is needed."""
    result = {"ORT float": onnxruntime_peer(lambda: floats)}
    if integers:
        result["ORT int8"] = onnxruntime_peer(integers)
    if has_openvino():
        result["OpenVINO float"] = openvino_peer(lambda: floats)
        if integers:
            result["OpenVINO int8"] = openvino_peer(integers)
    return result


def simplify(path, out):
    """Folds constants and norms, without which ONNX Runtime's tool quantizes little."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(out)
    # Weights that lie beside the model would be looked for beside the new one.
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", out.name + ".data")
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return str(out)


def quantize_dynamic(path, out):
    """Weights per channel, activations as they come, as ONNX Runtime's tool does it; once."""
    from onnxruntime import quantization

    if not out.exists():
        logging.getLogger().setLevel(logging.ERROR)
        quantization.quantize_dynamic(simplify(path, out.with_suffix(".float.onnx")), str(out), per_channel=True,
                                      weight_type=quantization.QuantType.QInt8)
    return out


def quantize_static(path, out, samples):
    """QuantizeLinear and DequantizeLinear around everything, calibrated on samples [N, ...] of the one input; once."""
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.feeds = iter([{"image": samples[i : i + 1]} for i in range(len(samples))])

        def get_next(self):
            return next(self.feeds, None)

    if not out.exists():
        signed = quantization.QuantType.QInt8
        logging.getLogger().setLevel(logging.ERROR)
        quantization.quantize_static(simplify(path, out.with_suffix(".float.onnx")), str(out), Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
                                     activation_type=signed, weight_type=signed)
    return out


# Inputs ---------------------------------------------------------------------------------------------------------------
def tokens(batch, length):
    ids = np.random.default_rng(0).integers(1000, 20000, (batch, length))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def images(count):
    return {"image": np.random.default_rng(0).standard_normal((count, 3, 32, 32), np.float32)}


def write_chain(folder, nodes, initializers, opsets):
    """A model of one input x [tokens, 4096] and the last node's output."""
    import onnx
    from onnx import TensorProto, helper

    def info(name):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", 4096])

    graph = helper.make_graph(nodes, "chain", [info("x")], [info(nodes[-1].output[0])], initializers)
    opsets = [helper.make_opsetid(*o) for o in opsets]
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "chain.onnx")
    return folder / "chain.onnx"


def float_chain(folder, layers=16, width=4096):
    """y = x W0 ... W15. The weights overlap, each 4 KB further in one file of 64 MB, so that the file is small while
    every layer has weights of its own."""
    from onnx import TensorProto, helper

    if (folder / "chain.onnx").exists():
        return folder / "chain.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    count = width * width
    values = np.random.default_rng(1).standard_normal(count + layers * 1024, np.float32) / np.float32(width**0.5)
    values.tofile(folder / "weights.bin")
    nodes, weights = [], []
    for i in range(layers):
        tensor = TensorProto(name=f"w{i}", data_type=TensorProto.FLOAT, dims=[width, width], data_location=TensorProto.EXTERNAL)
        for key, value in (("location", "weights.bin"), ("offset", i * 4096), ("length", 4 * count)):
            tensor.external_data.add(key=key, value=str(value))
        weights.append(tensor)
        nodes.append(helper.make_node("MatMul", [f"y{i - 1}" if i else "x", f"w{i}"], [f"y{i}"], name=f"linear{i}"))
    return write_chain(folder, nodes, weights, [("", 17)])


def nbits_chain(folder, layers=16, width=4096, block=32):
    """The same products for ONNX Runtime: MatMulNBits with random 4-bit codes and int8 arithmetic (accuracy level 4)."""
    from onnx import helper, numpy_helper

    if (folder / "chain.onnx").exists():
        return folder / "chain.onnx"
    rng, nodes, weights = np.random.default_rng(2), [], []
    for i in range(layers):
        codes = rng.integers(0, 256, (width, width // block, block // 2), np.uint8)
        scales = np.full((width, width // block), 0.2 / width**0.5, np.float32)
        weights += [numpy_helper.from_array(codes, f"q{i}"), numpy_helper.from_array(scales, f"s{i}")]
        nodes.append(helper.make_node("MatMulNBits", [f"y{i - 1}" if i else "x", f"q{i}", f"s{i}"], [f"y{i}"], K=width, N=width,
                                      domain="com.microsoft", bits=4, block_size=block, accuracy_level=4))
    return write_chain(folder, nodes, weights, [("", 17), ("com.microsoft", 1)])


# Models ---------------------------------------------------------------------------------------------------------------
def minilm(work, data):
    path = encoder.write(work / "minilm")
    others = peers(path, lambda: quantize_dynamic(path, work / "minilm-int8.onnx"))
    for length in (16, 128):
        yield f"MiniLM-1x{length}", "float", path, [], others, tokens(1, length)
        yield f"MiniLM-1x{length}", "int8", path, INT8, others, tokens(1, length)
        yield f"MiniLM-1x{length}", "int4-g32", path, INT4, others, tokens(1, length)


def chain(work, data):
    ours, theirs = float_chain(work / "chain"), nbits_chain(work / "nbits")
    for count in (1, 128):
        x = {"x": np.random.default_rng(0).standard_normal((count, 4096), np.float32)}
        yield f"16-linears-{count}-tokens", "int4-g32", ours, INT4, {"ORT MatMulNBits": onnxruntime_peer(lambda: theirs)}, x


def resnet(work, data):
    path = data / "resnet_cifar10" / "resnet20_cifar10.onnx"
    calibration = work / "resnet-calibration.npz"
    records = np.fromfile(data / "cifar10" / "calib_public_1000.bin", np.uint8).reshape(-1, 3073)[:256]
    pixels = records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255
    mean, deviation = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    samples = (pixels - mean[:, None, None]) / deviation[:, None, None]
    np.savez(calibration, image=samples)
    static = ["--weights=int8:channel", "--activations=int8:tensor", f"--calibration={calibration}"]
    others = peers(path, lambda: quantize_static(path, work / "resnet-qdq.onnx", samples))
    for count in (1, 32):
        yield f"ResNet-20-batch-{count}", "float", path, [], others, images(count)
        yield f"ResNet-20-batch-{count}", "int8-static", path, static, others, images(count)


def vit(work, data):
    path = data / "tiny_vit_fashion" / "encoder_fashion.onnx"
    for count in (1, 32):
        image = {"image": np.random.default_rng(0).random((count, 1, 28, 28), np.float32)}
        yield f"tiny-ViT-batch-{count}", "float", path, [], peers(path), image
        yield f"tiny-ViT-batch-{count}", "int8", path, INT8, peers(path), image


def stories(work, data):
    path = data / "llm_stories260k" / "stories260K.onnx"
    others = peers(path, lambda: quantize_dynamic(path, work / "stories-int8.onnx"))
    for length in (1, 128):
        ids = {"input_ids": np.random.default_rng(0).integers(3, 512, (1, length))}
        yield f"stories260K-1x{length}", "float", path, [], others, ids
        yield f"stories260K-1x{length}", "int8", path, INT8, others, ids
        yield f"stories260K-1x{length}", "int4-g32", path, INT4, others, ids


MODELS = {"minilm": minilm, "chain": chain, "resnet": resnet, "vit": vit, "stories": stories}
NEED_DATA = {"resnet", "vit", "stories"}
