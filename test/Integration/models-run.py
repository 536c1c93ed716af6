# squint-run and squint.load on models instead of libraries: what squintc would emit, and no file is left.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import os
import pathlib
import subprocess
import sys

import folder_models
import gguf_models
import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
temporary = work / "tmp"
temporary.mkdir()
os.environ["TMPDIR"] = str(temporary)
small = dict(block_count=1, context_length=200)
meta, weights = gguf_models.write(work / "model.gguf", "llama", **small)
folder_models.write(work / "folder.v1", "qwen3", **small)


def run(model, *flags):
    done = subprocess.run([squint.BIN / "squint-run", model, *flags], capture_output=True, text=True)
    assert not list(temporary.iterdir()), list(temporary.iterdir())
    return done


ask = ["--prompt-tokens=5,17,60", "--generate=12", "--json"]
floats = ["--activations=f32", "--cache=f32"]
text = [5, 17, 60]
for _ in range(12):
    text.append(int(gguf_models.logits("llama", meta, weights, np.array(text))[-1].argmax()))
done = run(work / "model.gguf", *ask, *floats)
assert json.loads(done.stdout)["tokens"] == text[3:] and "compiled " in done.stderr and "model.gguf in " in done.stderr, done
# The defaults are squintc's.
flags = ["--cache=int8", "--context=64"]
library = squint.compile(work / "folder.v1", work / "library.so", *flags)
assert json.loads(run(work / "folder.v1", *ask, *flags).stdout)["tokens"] == json.loads(squint.tool("squint-run", library, *ask))["tokens"]
os.chdir(work)
done = run("folder.v1/", "--benchmark=0", "--prompt=10", "--generate=2", "--threads=2")
assert "tokens a second" in done.stdout, done
done = run("model.gguf", "--cache=none", "--dim=batch=1")
assert done.stdout.startswith("model: ") and "in   input_ids: int64[1, sequence]" in done.stdout, done

# What is refused, with the compiler's words.
(work / "broken.gguf").write_bytes((work / "model.gguf").read_bytes()[:500])
(work / "text.gguf").write_text("no model")
(work / "empty").mkdir()
for model, rule, flags in (
    ("broken.gguf", "broken.gguf", []), ("text.gguf", "expected a GGUF file, a folder, or a model", []), ("empty", "config.json", []),
    ("model.gguf", "--activations=int9: unknown element", ["--activations=int9"]), ("model.gguf", "expected --context=N", ["--context=0"]),
    ("model.gguf", "--weights-file and --target are for a library", ["--target=x"]), ("model.gguf", "--check is for MODEL.onnx", ["--check=empty"]),
    ("library.so", "--cache is for a model, got the library", ["--cache=f16"]), ("nothing.gguf", "expected a GGUF file", []),
):
    done = run(model, *ask, *flags)
    assert done.returncode == 1 and rule in done.stderr and not done.stdout, (model, done)
os.environ["TMPDIR"] = str(work / "nowhere")
done = subprocess.run([squint.BIN / "squint-run", "model.gguf"], capture_output=True, text=True)
assert done.returncode == 1 and "error: cannot make a folder for temporary files" in done.stderr, done
