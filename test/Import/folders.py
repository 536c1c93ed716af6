# RUN: rm -rf %t && mkdir -p %t && %python %s %t
# RUN: squint-translate --import-hugging-face %t/llama --mlir-print-debuginfo | FileCheck %s --check-prefix=LLAMA
# RUN: squint-translate --import-hugging-face %t/gemma3 -o %t/gemma3.mlir && FileCheck %s --check-prefix=GEMMA < %t/gemma3.mlir
# RUN: squint-translate --import-hugging-face %t/shards -o %t/shards/model.mlir && FileCheck %s --check-prefix=SHARDS < %t/shards/model.mlir
# RUN: squint-translate --import-hugging-face %t/phi3 | FileCheck %s --check-prefix=JOINED
# RUN: squint-translate --import-hugging-face %t/gptq -o %t/gptq.mlir && FileCheck %s --check-prefix=ORDER < %t/gptq.mlir
# RUN: squint-translate --import-hugging-face %t/symmetric -o %t/symmetric.mlir && FileCheck %s --check-prefix=SYMMETRIC < %t/symmetric.mlir
# RUN: squint-translate --import-hugging-face %t/cache/models--x/snapshots/0123 | FileCheck %s --check-prefix=CACHE
# RUN: squintc %t/shards/ --explain --progress=never | FileCheck %s --check-prefix=ROLES
# RUN: squintc %t/shards -o %t/m.so --mcpu=x86-64-v3 --depfile=%t/m.d --progress=never && FileCheck %s --check-prefix=DEPENDS < %t/m.d
"""How the weights of folders in Hugging Face's layout are referred to; the operators are those of GGUF files."""
import os
import pathlib
import sys

import folder_models

folder = pathlib.Path(sys.argv[1])
for kind in ("llama", "gemma3", "phi3"):
    folder_models.write(folder / kind, kind)
folder_models.write(folder / "shards", "qwen2", shards=2, stored="BF16")
folder_models.write(folder / "gptq", "llama", packing=dict(method="gptq", act_order=True, group=32))
folder_models.write(folder / "symmetric", "llama", packing=dict(method="gptq", symmetric=True, group=32))

# As the hub's client keeps models.
home = folder / "cache" / "models--x"
folder_models.write(home / "blobs", "llama")
(home / "snapshots" / "0123").mkdir(parents=True)
for name in ("config.json", "model.safetensors"):
    os.rename(home / "blobs" / name, home / "blobs" / name[:3])
    os.symlink(f"../../blobs/{name[:3]}", home / "snapshots" / "0123" / name)

# LLAMA: func.func @main(%{{.*}}: tensor<?x?xi64> {squint.dims = ["batch", "sequence"], squint.name = "input_ids"}
# LLAMA-SAME: squint.assume = {{\[\[}}"sequence", "<=", "96"]]
# LLAMA: %[[T:.*]] = squint.constant #squint.data<"model.safetensors", {{[0-9]+}}, 28672> : tensor<112x64xf32> loc(#[[TLOC:.*]])
# LLAMA: squint.embedding %[[T]]
# Halves of heads are turned.
# LLAMA: squint.rotary %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}} {squint.dims
# LLAMA: squint.linear %{{.*}}, %[[T]]
# LLAMA: #[[TLOC]] = loc("model.embed_tokens.weight"

# Factors of norms have one added.
# GEMMA: squint.constant #squint.data<"gemma3.weights", {{[0-9]+}}, 256> : tensor<64xf32>
# GEMMA-NEXT: squint.norm

# SHARDS: #squint.data<"model-00001-of-00002.safetensors", {{[0-9]+}}, 14336> : tensor<112x64xbf16>
# SHARDS: #squint.data<"model-00002-of-00002.safetensors"
# SHARDS: bias(

# JOINED: #squint.data<"model.safetensors", [[#Q:]], 16384> : tensor<64x64xf32>
# JOINED: #squint.data<"model.safetensors", [[#Q + 16384]], 8192> : tensor<32x64xf32>

# ORDER: %[[I:.*]] = squint.constant dense<[{{.*}}]> : tensor<64xi64>
# ORDER: %[[X:.*]] = onnx.Gather(%{{.*}}, %[[I]]) {axis = 2
# ORDER: squint.linear %[[X]]
# SYMMETRIC-NOT: Gather
# SYMMETRIC: !squint.packed<64x64, "int4:group=32,scale=f16">

# CACHE: #squint.data<"{{.*}}", {{[0-9]+}}, 28672> : tensor<112x64xf32>

# ROLES: blk.0.attn_q {{ *}}q {{ *}}64x64 {{ *}}f
# ROLES: output {{ *}}head

# DEPENDS: config.json
# DEPENDS: model-00001-of-00002.safetensors
# DEPENDS: model.safetensors.index.json
