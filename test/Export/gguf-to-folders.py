# Language models from GGUF files as folders: what a folder became as GGUF becomes the folder again, codes of GGML are the floats that they stand
# for or are quantized anew, and what config.json cannot say is refused.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import pathlib
import subprocess
import sys

import folder_models
import gguf_models
import numpy as np
import squint_testing as squint
from safetensors.numpy import load_file

work = pathlib.Path(sys.argv[1])


def emit(source, output, *flags):
    squint.tool("squintc", source, f"--emit={'gguf' if output.suffix else 'safetensors'}", "--progress=never", *flags, "-o", output)
    return output


def alike(got, want):
    """Settings, numbers up to what f32 has of them."""
    if isinstance(want, dict):
        return all(key in got and alike(got[key], value) for key, value in want.items())
    if isinstance(want, list):
        return len(got) == len(want) and all(map(alike, got, want))
    return bool(np.isclose(got, want, rtol=1e-6)) if isinstance(want, (int, float)) and not isinstance(want, bool) else got == want


# Names, joined weights, rows of queries and keys, factors of norms, windows, scaling of angles.
for kind in gguf_models.MODELS:
    folder_models.write(work / kind, kind)
    folder = emit(emit(work / kind, work / f"{kind}.gguf"), work / "out" / kind)
    before, after = (json.loads((path / "config.json").read_text()) for path in (work / kind, folder))
    for key in ("torch_dtype", "sliding_window_pattern") + (("hidden_act",) if "hidden_activation" in before else ()):
        before.pop(key, None)
    assert alike(after, before), (kind, before, after)
    before, after = (load_file(path / "model.safetensors") for path in (work / kind, folder))
    assert before.keys() == after.keys(), (kind, before.keys() ^ after.keys())
    for name, array in before.items():
        same = np.abs(array - after[name]).max() < 1e-6 if kind.startswith("gemma3") and "norm" in name else np.array_equal(array, after[name])
        assert same and after[name].dtype == np.float32, (kind, name)

# Codes: floats, or other codes; tokens with a meaning.
ids = np.random.default_rng(1).integers(0, gguf_models.VOCABULARY, (1, 30))
file = work / "codes.gguf"
meta, weights = gguf_models.write(file, "llama", edit=lambda writer: writer.add_bos_token_id(7), block_count=1, embedding_length=256, feed_forward_length=256,
                                  type=["Q8_0", "Q4_K", "Q6_K", "IQ4_XS", "Q4_0"])


def run(source, *flags):
    return squint.run(squint.compile(source, work / "m.so", "--cache=none", "--activations=f32", *flags), {"input_ids": ids})["logits"]


folder = emit(file, work / "out" / "codes")
assert json.loads((folder / "config.json").read_text())["bos_token_id"] == 7
assert squint.relative_error(run(folder)[0], gguf_models.logits("llama", meta, weights, ids[0])) < 1e-5
packed = emit(file, work / "out" / "packed", "--weights=int4:group=32,zero-point")
assert "quantization_config" in json.loads((packed / "config.json").read_text())
assert squint.relative_error(run(packed), run(file, "--weights=int4:group=32,zero-point")) < 1e-5


def refuse(rule, kind, *flags, **more):
    gguf_models.write(work / "bad.gguf", kind, block_count=1, **more)
    done = subprocess.run([str(part) for part in (squint.BIN / "squintc", work / "bad.gguf", "--emit=safetensors", "--progress=never", *flags, "-o", work / "none")],
                          capture_output=True, text=True)
    assert done.returncode == 1 and rule in done.stderr.splitlines()[-1] and not (work / "none").exists(), (rule, done.stderr)


refuse("expected a model whose angles, windows and sizes of heads the settings of 'llama' can say", "llama-3")
refuse("the settings of 'llama' can say", "llama", **{"rope.dimension_count": 8})
refuse("the settings of 'qwen3' can say", "qwen3", **{"attention.value_length": 16})
refuse("expected a tensor that models of this config.json have", "phi3", bias=True)

# A model whose folder and GGUF file others made.
if squint.data():
    stories = squint.data() / "llm_stories260k"
    folder = emit(stories / "stories260K-f32.gguf", work / "out" / "stories")
    got, wanted = (load_file(path / "model.safetensors") for path in (folder, stories / "hf"))
    assert got.keys() == wanted.keys() and all(np.array_equal(got[name], array) for name, array in wanted.items())
    wanted = json.loads((stories / "hf" / "config.json").read_text())
    wanted.pop("torch_dtype", None)
    assert alike(json.loads((folder / "config.json").read_text()), wanted)
