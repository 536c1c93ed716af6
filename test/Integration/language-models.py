# Language models in GGUF files compute what their architecture says, in the formats that they come in.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import gguf_models
import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])


def check(name, kind, most, *flags, tokens=40, **more):
    """The largest error of a model's logits, over the largest logit, for two sequences at once."""
    file = work / f"{name}.gguf"
    meta, weights = gguf_models.write(file, kind, **more)
    ids = np.random.default_rng(1).integers(0, gguf_models.VOCABULARY, (2, tokens))
    library = squint.compile(file, work / f"{name}.so", "--cache=none", *flags)
    got = squint.run(library, {"input_ids": ids})["logits"]
    error = squint.relative_error(got, np.stack([gguf_models.logits(kind, meta, weights, row) for row in ids]))
    print(f"{name} {' '.join(flags)}: {error:.1e}")
    assert error < most, name
    return library, ids, got


for kind in gguf_models.MODELS:
    check(kind, kind, 1e-5, "--activations=f32")
# Longer than a block of keys, and the window lies within one.
check("blocks", "mistral", 1e-5, "--activations=f32", tokens=300, context_length=300)
check("far", "mistral", 1e-5, "--activations=f32", tokens=300, context_length=300, **{"attention.sliding_window": 140})
check("unfused", "qwen3", 1e-5, "--activations=f32", "--unfused")

# The formats as they are, with float activations and with those of 8 bits; other types are those that test/Import/language-models.py names.
sizes = {"block_count": 1, "embedding_length": 256, "feed_forward_length": 256, "attention.head_count": 8}
for stored in ("BF16", "Q4_1", "Q6_K", "IQ4_XS", "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "MXFP4"):
    check(stored.lower(), "llama", 1e-5, "--activations=f32", type=stored, **sizes)
# Tables of types on grids are in panels, the head's or their own.
check("grids", "llama", 1e-5, "--activations=f32", type=["IQ3_S", "F32"], head=True, **sizes)
check("unfused_grids", "llama", 1e-5, "--activations=f32", "--unfused", type="IQ2_S", **sizes)
check("q4_1", "llama", 0.03, type="Q4_1", **sizes)
check("q6_k", "llama", 0.03, type="Q6_K", **sizes)
check("iq4_xs", "llama", 0.03, type="IQ4_XS", **sizes)
check("iq2_xs", "llama", 0.03, type="IQ2_XS", **sizes)
check("iq3_xxs", "llama", 0.03, type="IQ3_XXS", **sizes)
check("iq1_m", "llama", 0.03, type="IQ1_M", **sizes)
check("mxfp4", "llama", 0.03, type="MXFP4", **sizes)
# Other formats are made of what the codes stand for.
check("q8_0", "llama", 0.3, "--weights=int4:group=32", "--activations=int8:token", type="Q8_0", **sizes)

# The table that is the head's weight, too, is there once.
library, ids, once = check("tied", "llama", 1e-5, "--activations=f32", type="Q8_0", vocabulary=4000)
size = int(squint.tool("squint-run", library).split("weights ")[1].split()[0])
assert size < 4000 * 64 * 34 / 32 * 1.5, size
