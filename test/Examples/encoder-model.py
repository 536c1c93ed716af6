# The written graph is the encoder: its weights stay outside, and ONNX Runtime finds the golden embeddings with it.
# REQUIRES: data
# RUN: rm -rf %t && %python %s %S/../../examples/encoder %t %data/minilm/golden.npz
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

sys.path.insert(0, sys.argv[1])
import model

path = model.write(sys.argv[2])
onnx.checker.check_model(str(path))
graph = onnx.load(path, load_external_data=False).graph
assert all(t.data_location == onnx.TensorProto.EXTERNAL for t in graph.initializer)
assert pathlib.Path(path).stat().st_size < 100_000

with np.load(sys.argv[3], allow_pickle=True) as golden:
    feeds = {k: golden[k].astype(np.int64) for k in ("input_ids", "attention_mask", "token_type_ids")}
    want = golden["sentence_embedding_numpy_f64"]
got = onnxruntime.InferenceSession(str(path)).run(["sentence_embedding"], feeds)[0]
assert np.abs(got - want).max() < 1e-6, np.abs(got - want).max()
