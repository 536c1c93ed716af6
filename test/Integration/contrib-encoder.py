# The sentence encoder as ONNX Runtime's tools leave it behind: optimized, with fused attention and norms, and with its products
# quantized to 4 bits, agrees with ONNX Runtime.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %S/../../examples/encoder %t
import pathlib
import sys

import matmul_nbits
import numpy as np
import onnx
import onnxruntime
import squint_testing as squint
from onnxruntime.quantization import quantize_dynamic

sys.path.insert(0, sys.argv[1])
import model

work = pathlib.Path(sys.argv[2])
source = model.write(work)


def optimized(source, name):
    options, path = onnxruntime.SessionOptions(), work / name
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath, options.log_severity_level = str(path), 4
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    kinds = {node.op_type for node in onnx.load(path, load_external_data=False).graph.node if node.domain == "com.microsoft"}
    assert kinds, "nothing was fused"
    print(f"{name}:", ", ".join(sorted(kinds)))
    return path


def dynamic():
    whole = onnx.load(source)
    onnx.save(whole, work / "inline.onnx")
    quantize_dynamic(work / "inline.onnx", work / "dynamic.onnx")
    return optimized(work / "dynamic.onnx", "dynamic-optimized.onnx")


def quantized(**options):
    graph, path = onnx.load(source), work / "quantized.onnx"
    assert matmul_nbits.quantize(graph, **options) == 36
    onnx.save(graph, path)
    return path


def tokens(batch, length):
    ids = np.random.default_rng(length).integers(1000, 20000, (batch, length))
    mask = np.ones_like(ids)
    mask[-1, length // 2 + 1:] = 0
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def check(name, path, least_cosine=None):
    library, session = squint.compile(path, work / "model.so"), squint.session(path)
    for batch, length in ((1, 7), (3, 65)):
        feeds = tokens(batch, length)
        got = squint.run(library, feeds)
        for output, want in zip(session.get_outputs(), session.run(None, feeds)):
            value = got[output.name]
            error = squint.relative_error(value, want)
            cosine = float((value * want).sum() / np.linalg.norm(value) / np.linalg.norm(want))
            print(f"{name} {batch}x{length} {output.name}: {error:.1e}, cosine {cosine:.5f}")
            assert error < 1e-5 if least_cosine is None else cosine > least_cosine
    return library.stat().st_size


whole = check("optimized", optimized(source, "optimized.onnx"))
small = check("4 bits with zero points", quantized(symmetric=False))
# The products are an eighth of what they were; the table of words stays.
assert small < 0.65 * whole, (small, whole)
check("dynamic", dynamic(), least_cosine=0.9999)
check("4 bits, 8 of activations", quantized(accuracy_level=4), least_cosine=0.999)
