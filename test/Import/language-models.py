# RUN: rm -rf %t && mkdir -p %t && %python %s %t
# RUN: squint-translate --import-gguf %t/llama.gguf --mlir-print-debuginfo | FileCheck %s --check-prefix=LLAMA
# RUN: squint-translate --import-gguf %t/llama-3.gguf | FileCheck %s --check-prefix=FACTORS
# RUN: squint-translate --import-gguf %t/mistral.gguf | FileCheck %s --check-prefix=WINDOW
# RUN: squint-translate --import-gguf %t/qwen2.gguf | FileCheck %s --check-prefix=BIAS
# RUN: squint-translate --import-gguf %t/gemma3.gguf | FileCheck %s --check-prefix=GEMMA
# RUN: squint-translate --import-gguf %t/phi3.gguf --dim batch=1 --dim sequence=7 | FileCheck %s --check-prefix=JOINED
# RUN: squint-translate --import-gguf %t/types.gguf --store=%t/types.weights | FileCheck %s --check-prefix=TYPES
# RUN: squint-translate --import-gguf %t/version2.gguf | FileCheck %s --check-prefix=LLAMA2
# RUN: squintc %t/llama.gguf --explain --progress=never | FileCheck %s --check-prefix=ROLES
# RUN: not squint-translate --import-gguf %t/llama.gguf --dim sequence=97 2>&1 | FileCheck %s --check-prefix=LONG
# RUN: not squint-translate %t/llama.gguf 2>&1 | FileCheck %s --check-prefix=WHICH
"""The operators of each architecture, and how weights are referred to."""
import sys

import gguf_models

folder = sys.argv[1]
for kind in ("llama", "llama-3", "mistral", "qwen2", "gemma3", "phi3"):
    # The name of a file says nothing.
    gguf_models.write(f"{folder}/{kind}.gguf", kind, type="Q4_1" if kind == "llama" else "F32")
gguf_models.write(f"{folder}/version2.gguf", "llama", version=2)
# A type a matrix.
types = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0",
         "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "MXFP4", "BF16", "F16"]
gguf_models.write(f"{folder}/types.gguf", "llama", type=types, embedding_length=256, feed_forward_length=256, block_count=4)

# LLAMA: func.func @main(%{{.*}}: tensor<?x?xi64> {squint.dims = ["batch", "sequence"], squint.name = "input_ids"}
# LLAMA-SAME: -> (tensor<?x?x112xf32> {squint.dims = ["batch", "sequence", "112"], squint.name = "logits"})
# LLAMA-SAME: squint.assume = {{\[\[}}"sequence", "<=", "96"]]
# LLAMA: %[[P:.*]] = squint.positions {squint.dims = {{\[\[}}"batch", "sequence"]]} : tensor<?x?xi64>
# LLAMA: %[[COS:.*]] = onnx.Cos
# LLAMA: %[[SIN:.*]] = onnx.Sin
# LLAMA: %[[T:.*]] = squint.constant #squint.data<"llama.gguf", [[AT:[0-9]+]], 4480> : !squint.packed<112x64, "q4_1">
# LLAMA: %[[TABLE:.*]] = squint.dequantize %[[T]]
# LLAMA: squint.embedding %[[TABLE]]
# LLAMA: squint.norm
# LLAMA: squint.linear {{.*}} loc(#[[Q:.*]])
# LLAMA: squint.rotary %{{.*}}, %[[COS]], %[[SIN]] interleaved
# LLAMA: squint.attention %{{.*}}, %{{.*}}, %{{.*}} scale = 2.500000e-01 causal {squint.dims
# The table is the head's weight, too.
# LLAMA: squint.linear %{{.*}}, %[[TABLE]]
# LLAMA: #[[Q]] = loc("blk.0.attn_q"

# LLAMA2: #squint.data<"version2.gguf", {{[0-9]+}}, 28672> : tensor<112x64xf32>

# FACTORS: squint.rotary {{.*}} : tensor<?x?x4x16xf32>, tensor<?x?x8xf32>
# WINDOW: squint.attention {{.*}} causal window = 7 {
# BIAS: squint.linear %{{.*}}, %{{.*}} bias(%{{.*}})
# BIAS: squint.rotary %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}} {squint.dims

# GEMMA: %[[GLOBAL:.*]] = onnx.Cos
# GEMMA: %[[LOCAL:.*]] = onnx.Cos
# GEMMA: squint.embedding
# GEMMA: squint.constant dense<8.000000e+00> : tensor<f32>
# GEMMA: squint.norm {{.*}} tensor<?x?x64xf32>
# GEMMA: squint.norm {{.*}} tensor<?x?x4x32xf32>
# GEMMA: squint.rotary %{{.*}}, %[[LOCAL]]
# GEMMA-COUNT-5: squint.attention {{.*}} causal window = 5 {
# GEMMA: squint.rotary %{{.*}}, %[[GLOBAL]]
# GEMMA: squint.attention {{.*}} causal {
# GEMMA: onnx.Gelu({{.*}}approximate = "tanh"
# GEMMA: squint.attention {{.*}} causal window = 5 {

# JOINED: func.func @main(%{{.*}}: tensor<1x7xi64>
# JOINED-NOT: squint.assume
# JOINED: #squint.data<"phi3.gguf", [[#Q:]], 16384> : tensor<64x64xf32>
# JOINED: #squint.data<"phi3.gguf", [[#Q + 16384]], 8192> : tensor<32x64xf32>
# JOINED: #squint.data<"phi3.gguf", [[#Q + 24576]], 8192> : tensor<32x64xf32>
# JOINED: #squint.data<"phi3.gguf", [[#G:]], 24576> : tensor<96x64xf32>
# JOINED: #squint.data<"phi3.gguf", [[#G + 24576]], 24576> : tensor<96x64xf32>

# TYPES: "q4_0"
# TYPES: "q4_1"
# TYPES: "q5_0"
# TYPES: "q5_1"
# TYPES: "q8_0"
# TYPES: "q2_k"
# TYPES: "q3_k"
# TYPES: "q4_k"
# TYPES: "q5_k"
# TYPES: "q6_k"
# TYPES: "iq4_nl"
# TYPES: "iq4_xs"
# TYPES: "tq1_0"
# TYPES: "tq2_0"
# TYPES: "iq1_s"
# TYPES: "iq1_m"
# TYPES: "iq2_xxs"
# TYPES: "iq2_xs"
# TYPES: "iq2_s"
# TYPES: "iq3_xxs"
# TYPES: "iq3_s"
# TYPES: "mxfp4"
# TYPES: tensor<{{.*}}xbf16>
# TYPES: tensor<{{.*}}xf16>

# ROLES: token_embd {{ *}}embedding
# ROLES: blk.0.attn_q {{ *}}q {{ *}}64x64 {{ *}}q4_1 {{.*}}int8:group=32
# ROLES: blk.0.attn_k {{ *}}k
# ROLES: blk.0.attn_v {{ *}}v
# ROLES: blk.0.attn_output {{ *}}o
# ROLES: blk.0.ffn_gate {{ *}}gate
# ROLES: blk.0.ffn_up {{ *}}up
# ROLES: blk.0.ffn_down {{ *}}down
# ROLES: output {{ *}}head

# LONG: error: expected a sequence of at most 96 tokens, the model's context, got 97
# WHICH: error: expected --import-onnx, --import-gguf or --import-hugging-face
