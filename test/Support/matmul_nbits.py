# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products of a model as MatMulNBits, as the quantizer of ONNX Runtime makes them."""
import numpy as np
from onnx import helper, numpy_helper
from onnxruntime.capi._pybind_state import quantize_matmul_4bits


def quantize(model, block=32, symmetric=True, accuracy_level=0):
    """Replaces every MatMul with a constant matrix, in place; returns how many there were."""
    graph = model.graph
    constants = {t.name: t for t in graph.initializer}
    # Exporters transpose weights that lie as [out, in].
    transposed = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Transpose" and n.input[0] in constants}
    count = 0
    for node in graph.node:
        name = node.input[1] if node.op_type == "MatMul" else None
        source = transposed.get(name, name)
        if source not in constants or len(constants[source].dims) != 2:
            continue
        weight = numpy_helper.to_array(constants[source])
        weight = np.ascontiguousarray(weight.T if name in transposed else weight, np.float32)
        k, n = weight.shape
        blocks = -(-k // block)
        codes, scales = np.zeros((n, blocks, block // 2), np.uint8), np.zeros(n * blocks, np.float32)
        zeros = np.zeros(n * ((blocks + 1) // 2), np.uint8)
        quantize_matmul_4bits(codes, weight, scales, zeros, block, n, k, symmetric)
        parts = {"codes": codes, "scales": scales.reshape(n, blocks)}
        if not symmetric:
            parts["zeros"] = zeros.reshape(n, -1)
        names = [f"{name}_{part}_{count}" for part in parts]
        graph.initializer.extend(numpy_helper.from_array(v, f) for v, f in zip(parts.values(), names))
        replaced = helper.make_node("MatMulNBits", [node.input[0], *names], node.output, name=node.name, domain="com.microsoft", K=k, N=n,
                                    bits=4, block_size=block, accuracy_level=accuracy_level)
        node.CopyFrom(replaced)
        count += 1
    used = {name for node in graph.node for name in node.input}
    for group in (graph.node, graph.initializer):
        for item in [i for i in group if not used & set(getattr(i, "output", None) or [getattr(i, "name", "")])
                     and not set(getattr(i, "output", [])) & {o.name for o in graph.output}]:
            group.remove(item)
        used = {name for node in graph.node for name in node.input}
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return count
