# The sentence encoder: float agrees with ONNX Runtime for every shape, int8 keeps the embeddings, threads keep the bits.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %S/../../examples/encoder %t
import pathlib
import sys

import numpy as np
import squint_testing as squint

sys.path.insert(0, sys.argv[1])
import model

work = pathlib.Path(sys.argv[2])
path = model.write(work)
session = squint.session(path)


def tokens(batch, length):
    ids = np.random.default_rng(length).integers(1000, 20000, (batch, length))
    mask = np.ones_like(ids)
    mask[-1, length // 2 + 1 :] = 0
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


library = squint.compile(path, work / "float.so")
for batch, length in ((1, 1), (1, 7), (3, 128), (2, 33)):
    feeds = tokens(batch, length)
    got = squint.run(library, feeds)
    for output, want in zip(session.get_outputs(), session.run(None, feeds)):
        error = squint.relative_error(got[output.name], want)
        print(f"float {batch}x{length} {output.name}: {error:.1e}")
        assert error < 1e-5

feeds = tokens(3, 77)
want = session.run(["sentence_embedding"], feeds)[0]
for weights, activations, least in (("int8:channel", "int8:token", 0.99), ("int4:group=32", "int8:token", 0.93)):
    library = squint.compile(path, work / "quantized.so", f"--weights={weights}", f"--activations={activations}")
    results = [squint.run(library, feeds, threads) for threads in (1, 2, 3)]
    cosine = float((results[0]["sentence_embedding"] * want).sum(1).min())
    print(f"{weights} {activations}: least cosine {cosine:.5f}")
    assert cosine > least
    for name in results[0]:
        assert len({r[name].tobytes() for r in results}) == 1, f"{name} depends on the number of threads"
