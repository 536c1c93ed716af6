# squint-run on a language model's library: perplexity, logits, divergence, generated tokens and speed; and what it refuses.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import pathlib
import subprocess
import sys

import gguf_models
import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
file = work / "model.gguf"
meta, weights = gguf_models.write(file, "llama", context_length=200)
library = squint.compile(file, work / "model.so", "--activations=f32", "--cache=f32")
random = np.random.default_rng(1)
tokens = random.integers(0, gguf_models.VOCABULARY, (3, 150)).astype(np.int32)
np.save(work / "tokens.npy", tokens)
exact = np.stack([gguf_models.logits("llama", meta, weights, row) for row in tokens])
logs = exact - np.log(np.exp(exact).sum(-1, keepdims=True))


def run(*flags):
    return squint.tool("squint-run", library, *flags)


def refused(text, *flags, path=library):
    done = subprocess.run([squint.BIN / "squint-run", path, *map(str, flags)], capture_output=True, text=True)
    assert done.returncode == 1 and text in done.stderr, done.stderr


# Losses of every token but the first, and the logits of chosen positions, across the blocks that a window is cut into.
report = json.loads(run(f"--perplexity={work}/tokens.npy", f"--nll-output={work}/nll.npy", f"--logits-output={work}/logits.npy", "--positions=0,3,126-129,149",
                        "--threads=2", "--json"))
wanted = -np.take_along_axis(logs[:, :-1], tokens[:, 1:, None].astype(np.int64), -1)[..., 0]
losses = np.load(work / "nll.npy")
assert losses.shape == wanted.shape and losses.dtype == np.float32 and np.abs(losses - wanted).max() < 1e-4
positions = [0, 3, 126, 127, 128, 129, 149]
assert squint.relative_error(np.load(work / "logits.npy"), exact[:, positions]) < 1e-5
assert abs(report["nll"] - wanted.mean()) < 1e-5 and abs(report["ppl"] - np.exp(wanted.mean())) < 1e-3 * report["ppl"]
error = np.exp(wanted.mean()) * wanted.std(ddof=1) / np.sqrt(wanted.size)
assert abs(report["ppl_error"] - error) < 1e-3 * error and report["tokens"] == wanted.size
# int64, and one window without its axis.
np.save(work / "row.npy", tokens[0].astype(np.int64))
assert "ppl" in run(f"--perplexity={work}/row.npy")

# The divergence from other logits.
base = (exact[:, positions] + random.normal(0, 0.5, exact[:, positions].shape)).astype(np.float32)
np.save(work / "base.npy", base)
report = json.loads(run(f"--perplexity={work}/tokens.npy", f"--kl-base={work}/base.npy", "--positions=0,3,126-129,149", "--json"))
p = base - np.log(np.exp(base.astype(np.float64)).sum(-1, keepdims=True))
divergence = (np.exp(p) * (p - logs[:, positions])).sum(-1).ravel()
assert abs(report["kl"] - divergence.mean()) < 1e-4 * divergence.mean(), (report, divergence.mean())
assert abs(report["kl_99"] - np.sort(divergence)[len(divergence) * 99 // 100]) < 1e-4
assert abs(report["same_top"] - (base.argmax(-1) == exact[:, positions].argmax(-1)).mean()) < 1e-9

# Tokens: the likeliest ones, or drawn, the same for the same seed.
prompt = [5, 17, 60]
text = list(prompt)
for _ in range(20):
    text.append(int(gguf_models.logits("llama", meta, weights, np.array(text))[-1].argmax()))
ask = "--prompt-tokens=5,17,60"
assert json.loads(run(ask, "--generate=20", "--json"))["tokens"] == text[3:]
assert run(ask, "--generate=20").split() == [str(token) for token in text[3:]]
draw = lambda *flags: json.loads(run(ask, "--generate=30", "--json", "--temperature=2", *flags))["tokens"]
assert draw("--seed=7") == draw("--seed=7") != draw("--seed=8")
for narrow in ("--top-k=1", "--top-p=1e-6", "--min-p=1"):
    assert draw(narrow, "--seed=3")[:20] == text[3:], narrow
first = lambda seed, *flags: json.loads(run(ask, "--generate=1", "--json", f"--temperature=1", f"--seed={seed}", *flags))["tokens"][0]
likely = np.argsort(-gguf_models.logits("llama", meta, weights, np.array(prompt))[-1], kind="stable")
assert {first(seed, "--top-k=3") for seed in range(40)} == set(likely[:3])

# Speed; the state is rewound between rounds.
report = json.loads(run("--benchmark=0.1", "--prompt=100", "--generate=10", "--threads=2", "--json"))
assert report["prefill_tokens_per_s"] > 0 and report["decode_tokens_per_s"] > 0 and report["decode_behind_prompt_tokens_per_s"] > 0 and report["rounds"] >= 3 and report["threads"] == 2 and report["prompt"] == 100
assert "tokens a second" in run("--benchmark=0", "--prompt=10", "--generate=2", "--profile")

refused("tokens.npz: ", f"--perplexity={work}/tokens.npz")
(work / "bad.npy").write_bytes((work / "tokens.npy").read_bytes()[:-3])
refused("bad.npy: expected the elements of", f"--perplexity={work}/bad.npy")
(work / "bad.npy").write_bytes(b"no array")
refused("bad.npy: expected an array as numpy saves it", f"--perplexity={work}/bad.npy")
np.save(work / "floats.npy", np.zeros((2, 5), np.float32))
refused("floats.npy: expected int32 or int64 [windows, tokens]", f"--perplexity={work}/floats.npy")
np.save(work / "large.npy", np.array([[1, gguf_models.VOCABULARY]], np.int32))
refused(f"expected tokens below {gguf_models.VOCABULARY}, got {gguf_models.VOCABULARY}", f"--perplexity={work}/large.npy")
np.save(work / "long.npy", np.zeros((1, 201), np.int32))
refused("expected at most 200 tokens in a sequence, got 73 behind 128", f"--perplexity={work}/long.npy")
refused("expected --positions and --logits-output or --kl-base together", f"--perplexity={work}/tokens.npy", "--positions=1")
for bad in ("3,2", "1-", "a", "150", "2-1", "-1", ""):
    refused("expected", f"--perplexity={work}/tokens.npy", f"--logits-output={work}/x.npy", f"--positions={bad}")
refused("base.npy: expected float32[3, 1, 112], got float32[3, 7, 112]", f"--perplexity={work}/tokens.npy", f"--kl-base={work}/base.npy", "--positions=1")
refused("expected --prompt-tokens=I,J,... and --generate=N", "--generate=3")
refused("expected at most 200 tokens", ask, "--generate=300")
refused("expected --prompt and --generate of at least 1", "--benchmark=0", "--prompt=0")
whole = squint.compile(file, work / "whole.so", "--cache=none")
refused("expected a language model with a state", ask, "--generate=3", path=whole)
assert not (work / "x.npy").exists()
