# A language model on a GPU, run by an interpreter of PTX: its state stays there, and tokens go in one by one or many at once. The
# tokens, and all logits where products are of integers, are those of this machine.
# REQUIRES: squintc, squint-run, ptx-emulator
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import os
import pathlib
import sys

os.environ["LD_LIBRARY_PATH"] = os.environ["SQUINT_PTX_EMULATOR"]
if len(sys.argv) == 2:  # the loader reads the variable when a process starts
    os.execv(sys.executable, [sys.executable, *sys.argv, "again"])

import gguf_models
import numpy as np
import squint_testing as squint
from session import Error, Model, State

work = pathlib.Path(sys.argv[1])
TRIPLE = "--mtriple=nvptx64-nvidia-cuda"
random = np.random.default_rng(1)
for kind, cache, flags in (("llama", "int4", []), ("gemma3", "f16", []), ("phi3", "f32", ["--activations=f32"])):
    file = work / f"{kind}.gguf"
    gguf_models.write(file, kind, context_length=300)
    host, device = (Model(squint.compile(file, work / f"{kind}_{name}.so", f"--cache={cache}", *flags, *more))
                    for name, more in (("host", []), ("device", [TRIPLE, "--mcpu=sm_80"])))
    ids = random.integers(0, gguf_models.VOCABULARY, (2, 11))
    states, logits = [State(host, 2), State(device, 2)], []
    for state in states:
        parts = [state.run(ids[:, :7]), *(state.run(ids[:, i:i + 1]) for i in range(7, 11))]
        logits.append(np.concatenate(parts, axis=1))
    apart = np.abs(logits[0] - logits[1]).max() / np.abs(logits[0]).max()
    print(f"{kind} cache {cache}: {apart:.1e} from this machine", flush=True)
    assert apart == 0, kind

    # Saved here, the state goes on there; what was rewound is forgotten.
    mine, its = states
    other = State(device, 2)
    other.load(mine.save())
    assert np.array_equal(other.run(ids[:, :1]), mine.run(ids[:, :1])), kind
    for sequence in range(2):
        other.rewind(5, sequence)
    its = State(device, 2)
    its.run(ids[:, :5])
    assert np.array_equal(other.run(ids[:, 5:7]), its.run(ids[:, 5:7])), kind
    copy = State(device, 2)
    its.copy_to(copy)
    assert np.array_equal(copy.run(ids[:, 7:8]), its.run(ids[:, 7:8])), kind
    squint.refused("index out of range", its.run, np.full((2, 1), gguf_models.VOCABULARY), kind=Error)
    assert copy.run(ids[:, 8:9]).shape[1] == 1, "a wrong token leaves the model usable"
