# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws the way of data of docs/Overview.md: python docs/data-flow.py > docs/data-flow.svg"""
from xml.sax.saxutils import escape

STAGES = [  # (stage, what the IR holds, (step to the next, what it does) )
    ("model.onnx", "a graph, and weights in it or beside it", ("import, infer-shapes", "protobuf → operators; weights stay in the mapped file")),
    ("onnx", "onnx.MatMul, onnx.LayerNormalization, …", ("raise", "batch norm and transposes folded, convolutions channels-last")),
    ("squint", "squint.linear, squint.conv, squint.norm, squint.embedding", ("select-formats, calibrate, quantize", "a format for each weight and activation; codes and scales")),
    ("quantized", "squint.linear of squint.dequantize of !squint.packed", ("fuse, convert-onnx-to-linalg", "dequantize + product + bias, activation, residual → one op")),
    ("fused", "kernel.gemm with an epilogue; linalg for the rest", ("pack, convert to vector", "weights re-laid for the targets, tiles chosen")),
    ("kernel", "vector code in outlined kernels, tensors between them", ("bufferize, plan memory, lower", "workspace offsets as functions of the symbolic sizes")),
    ("llvm", "squint_plan, squint_run and one function a kernel", ("emit", "LLVM → object, runtime linked in, weights as a section")),
    ("library", ".so · .a · .o, a C header, perhaps a weights file", None),
]
LEFT, WIDTH, HEIGHT, GAP, TOP = 20, 470, 46, 34, 20


def text(x, y, value, **style):
    attributes = " ".join(f'{k.replace("_", "-")}="{v}"' for k, v in style.items())
    return f'<text x="{x}" y="{y}" {attributes}>{escape(value)}</text>'


def main():
    height = TOP * 2 + len(STAGES) * HEIGHT + (len(STAGES) - 1) * GAP
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="920" height="{height}" viewBox="0 0 920 {height}" font-family="sans-serif">')
    print('<rect width="100%" height="100%" fill="white"/>')
    print('<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
          '<path d="M0 0 L8 4 L0 8 z" fill="#456"/></marker></defs>')
    for i, (stage, holds, step) in enumerate(STAGES):
        y = TOP + i * (HEIGHT + GAP)
        fill = "#eef3f8" if 0 < i < len(STAGES) - 1 else "#f7efe0"
        print(f'<rect x="{LEFT}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{fill}" stroke="#456"/>')
        print(text(LEFT + 14, y + 20, stage, font_size=15, font_weight="bold", fill="#123"))
        print(text(LEFT + 14, y + 37, holds, font_size=12, fill="#345"))
        if step:
            x, start = LEFT + 60, y + HEIGHT
            print(f'<line x1="{x}" y1="{start}" x2="{x}" y2="{start + GAP - 2}" stroke="#456" stroke-width="1.5" marker-end="url(#tip)"/>')
            print(text(x + 14, start + GAP / 2 + 4, step[0], font_size=13, font_style="italic", fill="#246"))
            print(text(LEFT + WIDTH + 16, start + GAP / 2 + 4, step[1], font_size=12, fill="#555"))
    print("</svg>")


if __name__ == "__main__":
    main()
