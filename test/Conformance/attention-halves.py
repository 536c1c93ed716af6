# Attention of 16-bit floats rounds where the standard's function body stores, as the tests of the installed onnx package expect.
# REQUIRES: squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t && %python %S/run.py %t
import pathlib
import sys

import onnx
from onnx.backend.test.case.node import collect_testcases

work = pathlib.Path(sys.argv[1])


def save(value, info, path):
    made = value if isinstance(value, onnx.TensorProto) else onnx.numpy_helper.from_array(value, info.name)
    path.write_bytes(made.SerializeToString())


count = 0
for case in collect_testcases("Attention"):
    graph = case.model.graph
    if not any(v.type.tensor_type.elem_type in (onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16) for v in graph.output):
        continue
    if any(o.domain == "" and o.version > 27 for o in case.model.opset_import):
        continue
    folder = work / case.name / "test_data_set_0"
    folder.mkdir(parents=True)
    onnx.save(case.model, folder.parent / "model.onnx")
    (inputs, outputs), = case.data_sets
    for values, infos, name in ((inputs, graph.input, "input"), (outputs, graph.output, "output")):
        for i, (value, info) in enumerate(zip(values, infos)):
            save(value, info, folder / f"{name}_{i}.pb")
    count += 1
print(count, "tests")
assert count >= 16
