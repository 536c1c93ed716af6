# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles a sentence encoder in float, int8 and int4, and compares the libraries with ONNX Runtime.

    python demo.py --bin FOLDER-OF-SQUINTC --work FOLDER

Prints one table: the size of each library, the latency of one text of 128 tokens on one thread beside ONNX Runtime's
float run (measured in turns), the cosine of the embeddings to float's, and the sentence found nearest to a question.
SQUINT_DEMO_BENCHMARK=0 leaves the latency out.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import onnxruntime
import tokenizers

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import model
from steps import compile, say

FORMATS = {
    "float": [],
    "int8": ["--weights=int8:channel", "--activations=int8:token"],
    "int4": ["--weights=int4:group=32", "--activations=int8:token"],
}
QUESTION = "How can I make the letters on my screen larger?"
SENTENCES = [
    "To increase the size of the text, open the display settings and move the slider.",
    "The recipe asks for two cups of flour and a pinch of salt.",
    "Our train to the mountains leaves at seven in the morning.",
    "The new telescope has found water in the air of a distant planet.",
    "Press the button on the side to turn the volume down.",
    "She has played the violin in the city's orchestra since she was twenty.",
    "Interest rates rose again, and the price of houses fell.",
    "Wash the wound with clean water before you put on a bandage.",
]


def tokenizer():
    t = tokenizers.Tokenizer.from_file(str(model.PACKAGE / "tokenizer.json"))
    t.no_padding()
    t.no_truncation()
    return t


def batch(texts):
    """The model's inputs for the texts, padded to the longest; the mask leaves the padding out."""
    encoded = [e.ids for e in tokenizer().encode_batch(texts)]
    ids = np.zeros((len(encoded), max(map(len, encoded))), np.int64)
    mask = np.zeros_like(ids)
    for row, tokens in enumerate(encoded):
        ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def embed(squint_run, library, feeds):
    """The texts' embeddings [n, 384] from the compiled library."""
    inputs, outputs = library.with_suffix(".in.npz"), library.with_suffix(".out.npz")
    np.savez(inputs, **feeds)
    subprocess.run([squint_run, library, f"--inputs={inputs}", f"--outputs={outputs}"], check=True)
    with np.load(outputs) as arrays:
        return arrays["sentence_embedding"]


def latencies(squint_run, session, libraries, work, rounds=3, seconds=0.5):
    """Least microseconds of each library and, under None, of ONNX Runtime; all take turns, so that they meet the same machine."""
    feeds = {k: v[:, :128] for k, v in batch([" ".join(SENTENCES * 2)]).items()}
    inputs, best = work / "latency.npz", {}
    np.savez(inputs, **feeds)
    for _ in range(rounds):
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            session.run(None, feeds)
            best[None] = min(best.get(None, 1e30), (time.perf_counter() - start) * 1e6)
        for name, library in libraries.items():
            run = subprocess.run([squint_run, library, f"--inputs={inputs}", "--threads=1", f"--benchmark={seconds}", "--json"],
                                 check=True, capture_output=True, text=True)
            best[name] = min(best.get(name, 1e30), json.loads(run.stdout)["latency_us"]["min"])
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="where squintc and squint-run are")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="where the model and the libraries go")
    args = parser.parse_args()
    squintc, squint_run = args.bin / "squintc", args.bin / "squint-run"

    say(f"writing the model to {args.work}")
    encoder = model.write(args.work)
    libraries = {name: args.work / f"encoder-{name}.so" for name in FORMATS}
    for name, flags in FORMATS.items():
        compile(squintc, encoder, libraries[name], flags, [encoder.with_name("model.safetensors")])

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(str(encoder), options, providers=["CPUExecutionProvider"])
    feeds = batch([QUESTION, *SENTENCES])
    reference = session.run(["sentence_embedding"], feeds)[0]
    best = {}
    if os.environ.get("SQUINT_DEMO_BENCHMARK", "1") != "0":
        say("measuring")
        best = latencies(squint_run, session, libraries, args.work)

    print(f"\nquestion: {QUESTION}\n")
    print(f"{'':14}{'library':>9}{'latency':>11}{'ONNX Runtime':>15}{'faster':>9}{'cosine':>10}   nearest sentence")
    failed = False
    for name, library in libraries.items():
        e = embed(squint_run, library, feeds)
        cosine = float((e * reference).sum(1).mean())
        nearest = int((e[1:] @ e[0]).argmax())
        failed |= not cosine > 0.9 or nearest != 0
        ours, theirs = best.get(name), best.get(None)
        timing = f"{ours / 1e3:8.2f} ms{theirs / 1e3:12.2f} ms{theirs / ours:8.2f}x" if best else f"{'-':>11}{'-':>15}{'-':>9}"
        print(f"{name:14}{library.stat().st_size / 1e6:6.1f} MB{timing}{cosine:10.5f}   {SENTENCES[nearest]}")
    if best:
        print("\nlatency: one text of 128 tokens, one thread, the least of interleaved rounds; ONNX Runtime runs in float")
    if failed:
        sys.exit("demo: expected cosines over 0.9 and the same nearest sentence in every format")


if __name__ == "__main__":
    main()
