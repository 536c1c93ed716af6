# One model has the same bits on every processor with fused multiply-add, for any number of threads, and row by row.
# REQUIRES: squintc, squint-run, x86_64, avx2
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import sys

import models
import numpy as np
import onnx
import squint_testing as squint

FORMATS = [[], ["--weights=int8:channel", "--activations=int8:token"], ["--weights=int4:group=32", "--activations=int8:group=32"],
           ["--weights=int8:group=64,zero-point", "--activations=int8:token"], ["--weights=int4:group=32"],
           ["--weights=nf4:block=64", "--activations=int8:token"], ["--weights=int6:channel,zero-point", "--activations=f8e4m3"]]
# AVX2; with AVX-VNNI; AVX-512 without VNNI; with it; with BF16; AMX. What this machine lacks is left out (emulated-x86.py has it).
PROCESSORS = ["x86-64-v3", "alderlake", "x86-64-v4", "icelake-server", "znver4", "sapphirerapids"]

work = pathlib.Path(sys.argv[1])
# A table in panels, that products read and rows are read out of.
TIED = [[], [f"--recipe={squint.SOURCE / 'recipes' / 'w8a8-embedding.yaml'}"]]
for name in ("convolutions", "perceptron", "attention", "mobile", "tied"):
    model = getattr(models, name)()
    onnx.save(model, work / "model.onnx")
    feeds = models.feeds(model, 13)
    for number, flags in enumerate(TIED if name == "tied" else FORMATS):
        if name in ("convolutions", "mobile") and number >= 2:
            continue  # no groups along a convolution's activations
        results = {}
        for cpu in ["native", *PROCESSORS]:
            library = squint.compile(work / "model.onnx", work / f"{name}-{number}-{cpu}.so", f"--mcpu={cpu}", *flags)
            try:
                squint.run(library, feeds)
            except RuntimeError as error:
                assert "expected a processor with the features of" in str(error) and cpu not in ("native", "x86-64-v3"), error
                print(str(error).rsplit("error: ")[-1].strip())
                continue
            for threads in (1, 2, 3):
                results[cpu, threads] = squint.run(library, feeds, threads)["y"]
        library = work / f"{name}-{number}-native.so"
        rows = [squint.run(library, {k: v[i : i + 1] for k, v in feeds.items()})["y"] for i in range(13)]
        results["one by one"] = np.concatenate(rows)
        first = results["native", 1].tobytes()
        differing = [key for key, value in results.items() if value.tobytes() != first]
        print(name, flags, "differs:", differing)
        assert not differing
