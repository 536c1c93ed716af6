# Rotary embeddings: each product and sum is rounded, so that numpy's floats are the same bits.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import platform
import sys

import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
random = np.random.default_rng(7)
# Whole vectors; some lanes over; elements that do not turn; a head of an odd size.
for size, pairs in ((64, 32), (80, 40), (24, 9), (7, 3)):
    for form in ("", "interleaved"):
        ir = work / "rotary.mlir"
        x, angles = f"tensor<?x?x3x{size}xf32>", f"tensor<?x?x{pairs}xf32>"
        ir.write_text(f'''
        func.func @main(%x: {x} {{squint.name = "x", squint.dims = ["b", "s", "3", "{size}"]}},
                        %c: {angles} {{squint.name = "c", squint.dims = ["b", "s", "{pairs}"]}},
                        %d: {angles} {{squint.name = "d", squint.dims = ["b", "s", "{pairs}"]}})
            -> ({x} {{squint.name = "y", squint.dims = ["b", "s", "3", "{size}"]}}) {{
          %y = squint.rotary %x, %c, %d {form} {{squint.dims = [["b", "s", "3", "{size}"]]}} : {x}, {angles}
          return %y : {x}
        }}''')
        feeds = {"x": random.standard_normal((2, 5, 3, size), np.float32)}
        feeds |= {name: random.standard_normal((2, 5, pairs), np.float32) for name in "cd"}
        first, second = (np.s_[..., : 2 * pairs : 2], np.s_[..., 1 : 2 * pairs : 2]) if form else (np.s_[..., :pairs], np.s_[..., pairs : 2 * pairs])
        want = feeds["x"].copy()
        a, b, c, d = feeds["x"][first], feeds["x"][second], feeds["c"][:, :, None], feeds["d"][:, :, None]
        want[first], want[second] = a * c - b * d, b * c + a * d
        for cpu in ("native", "baseline"):
            flags = ["--mcpu=x86-64"] if cpu == "baseline" and platform.machine() == "x86_64" else []
            library = squint.compile(ir, work / f"rotary_{cpu}.so", "--compile-from=squint", *flags)
            for threads in (1, 2):
                assert np.array_equal(squint.run(library, feeds, threads)["y"], want), (size, pairs, form, cpu, threads)
