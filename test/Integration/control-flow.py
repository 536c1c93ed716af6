# REQUIRES: squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
"""Branches and loops that data decides, against ONNX Runtime."""
import numpy as np
from graph_testing import B, F, I, graph, info, node, run, same, save

rng = np.random.default_rng(0)
x = rng.standard_normal((3, 4), np.float32)
yes, no = np.array(True), np.array(False)

# A branch decides the size of what follows.
short = graph([node("Slice", ["x", "zero", "two", "zero"], ["s"])], [], [info("s")])
both = graph([node("Concat", ["x", "x"], ["t"], axis=0)], [], [info("t")])
path = save("sizes", [node("If", ["c"], ["a"], then_branch=short, else_branch=both), node("Relu", ["a"], ["b"]),
                      node("ReduceSum", ["b", "zero"], ["sum"], keepdims=0), node("Shape", ["b"], ["shape"])],
            [info("x", F, ["n", 4]), info("c", B, [])], [info("b", F, [None, 4]), info("sum", F, [4]), info("shape", I, [2])],
            {"zero": np.array([0]), "two": np.array([2])})
same(path, {"x": x, "c": yes}, {"x": x, "c": no}, {"x": x[:2], "c": yes})

# Branches in branches; values from outside, constants, and one that only passes on.
inner = graph([node("If", ["d"], ["i"], then_branch=graph([node("Mul", ["x", "x"], ["m"])], [], [info("m")]),
                    else_branch=graph([node("Identity", ["x"], ["p"])], [], [info("p")]))], [], [info("i")])
outer = graph([node("Add", ["x", "one"], ["q"])], [], [info("q")], {"one": np.float32(1)})
path = save("nested", [node("If", ["c"], ["y"], then_branch=inner, else_branch=outer)],
            [info("x", F, ["n", 4]), info("c", B, []), info("d", B, [1])], [info("y", F, [None, 4])])
same(path, *({"x": x, "c": c, "d": d.reshape(1)} for c in (yes, no) for d in (yes, no)))

# A loop that accumulates, its count from data; two values that change places.
body = graph([node("Add", ["a", "b"], ["s"]), node("Identity", ["go"], ["on"]), node("Identity", ["b"], ["a_next"])],
             [info("i", I, []), info("go", B, []), info("a"), info("b")], [info("on", B, []), info("a_next"), info("s")])
path = save("fibonacci", [node("Add", ["m", "one"], ["count"]), node("Loop", ["count", "", "x", "x"], ["u", "v"], body=body)],
            [info("x", F, ["n", 4]), info("m", I, [])], [info("u", F, [None, 4]), info("v", F, [None, 4])], {"one": np.int64(1)})
same(path, {"x": x, "m": 4}, {"x": x, "m": 0}, {"x": x[:2], "m": -7})

# It ends early; what it collects is as long as it ran.
body = graph([node("Add", ["v", "step"], ["next"]), node("ReduceMax", ["next"], ["most"], keepdims=0), node("Less", ["most", "limit"], ["on"]),
              node("Mul", ["next", "v"], ["out"])],
             [info("i", I, []), info("go", B, []), info("v")], [info("on", B, []), info("next"), info("out")])
path = save("early", [node("Loop", ["most_trips", "enter", "x"], ["last", "all"], body=body), node("ReduceSum", ["all"], ["total"], keepdims=0)],
            [info("x", F, ["n", 4]), info("limit", F, []), info("enter", B, [])], [info("last", F, [None, 4]), info("all", F, [None, None, 4]), info("total", F, [])],
            {"most_trips": np.int64(10), "step": np.float32(0.5)})
same(path, *({"x": x, "limit": np.float32(l), "enter": e} for l in (0, 3, 100) for e in (yes, no)), knows_empty=False)

# A trip count that is an input, with results that are collected.
body = graph([node("Cast", ["i"], ["f"], to=F), node("Add", ["v", "f"], ["next"]), node("Identity", ["go"], ["on"])],
             [info("i", I, []), info("go", B, []), info("v")], [info("on", B, []), info("next"), info("next")])
path = save("collect", [node("Loop", ["m", "c", "x"], ["last", "all"], body=body)], [info("x", F, [2]), info("m", I, []), info("c", B, [])],
            [info("last", F, [2]), info("all", F, [None, 2])])
same(path, *({"x": x[0, :2], "m": m, "c": c} for m in (0, 1, 5) for c in (yes, no)), knows_empty=False)

# Without a trip count; a branch, and a count of what data holds, in each iteration.
branch = node("If", ["odd"], ["w"], then_branch=graph([node("Mul", ["v", "half"], ["h"])], [], [info("h")]),
              else_branch=graph([node("Sub", ["v", "half"], ["k"])], [], [info("k")]))
body = graph([node("Mod", ["i", "two"], ["rest"]), node("Cast", ["rest"], ["odd"], to=B), branch, node("Greater", ["w", "zero"], ["positive"]),
              node("NonZero", ["positive"], ["where"]), node("Shape", ["where"], ["shape"]), node("Gather", ["shape", "last"], ["left"]),
              node("Greater", ["left", "none"], ["on"])],
             [info("i", I, []), info("go", B, []), info("v")], [info("on", B, []), info("w")])
path = save("while", [node("Loop", ["", "c", "x"], ["y"], body=body)], [info("x", F, ["n", 4]), info("c", B, [])], [info("y", F, [None, 4])],
            {"two": np.int64(2), "half": np.float32(0.5), "zero": np.float32(0), "last": np.int64(1), "none": np.int64(0)})
same(path, {"x": x, "c": yes}, {"x": x, "c": no}, {"x": -np.abs(x), "c": yes}, {"x": 3 * x, "c": yes})

# Scans: backward, along other axes, a state of another shape.
body = graph([node("Add", ["s", "a"], ["s_next"]), node("Mul", ["s_next", "b"], ["out"]), node("ReduceSum", ["out"], ["sum"], keepdims=0)],
             [info("s"), info("a"), info("b")], [info("s_next"), info("out"), info("sum")])
for i, (directions, axes, outs) in enumerate((([0, 0], [0, 0], [0, 0]), ([1, 0], [1, 0], [0, 1]), ([0, 1], [-1, 1], [1, 0]))):
    shape = lambda axis: ["t", 3] if axis == 0 else [3, "t"]
    path = save(f"scan{i}", [node("Scan", ["init", "p", "q"], ["state", "rows", "sums"], body=body, num_scan_inputs=2, scan_input_directions=directions,
                                  scan_input_axes=axes, scan_output_axes=[outs[1], 0], scan_output_directions=[outs[0], 1])],
                [info("init", F, [3]), info("p", F, shape(axes[0])), info("q", F, shape(axes[1]))],
                [info("state", F, [3]), info("rows", F, [None, None]), info("sums", F, [None])])
    data = [rng.standard_normal((5, 3), np.float32) for _ in range(2)]
    same(path, {"init": x[:, 0], "p": data[0] if axes[0] == 0 else data[0].T.copy(), "q": data[1] if axes[1] == 0 else data[1].T.copy()})

# Positions by the iteration's number are cut as a Slice cuts.
body = graph([node("Unsqueeze", ["i", "first"], ["from"]), node("Add", ["from", "one"], ["to"]), node("Slice", ["x", "from", "to"], ["row"]),
              node("ReduceSum", ["row", "first"], ["r"], keepdims=1), node("Add", ["v", "r"], ["next"]), node("Identity", ["go"], ["on"])],
             [info("i", I, []), info("go", B, []), info("v")], [info("on", B, []), info("next")])
path = save("rows", [node("Loop", ["m", "", "init"], ["y"], body=body)], [info("x", F, ["n", 4]), info("m", I, []), info("init", F, [1, 4])],
            [info("y", F, [1, 4])], {"first": np.array([0]), "one": np.array([1])})
same(path, *({"x": x, "m": m, "init": x[:1]} for m in (0, 2, 3, 6)))
print("ok")
