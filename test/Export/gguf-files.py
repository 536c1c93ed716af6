# Language models written as GGUF: the bytes that came in go out again, other formats are the numbers that the library computes with, and what
# GGML has no type for is refused. The package gguf reads the files.
# REQUIRES: squintc, squint-run
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import json
import os
import pathlib
import subprocess
import sys

import folder_models
import gguf
import gguf_models
import numpy as np
import sentencepiece
import squint_testing as squint

work = pathlib.Path(sys.argv[1])


def emit(source, name, *flags):
    squint.tool("squintc", source, "--emit=gguf", "--progress=never", *flags, "-o", work / f"{name}.gguf")
    return work / f"{name}.gguf"


def read(path):
    """Weights as floats, the names of their types, and the metadata."""
    reader = gguf.GGUFReader(path)
    weights = {t.name: gguf.dequantize(np.array(t.data), t.tensor_type).reshape(t.shape[::-1]).astype(np.float32) for t in reader.tensors}
    return weights, {t.name: t.tensor_type.name for t in reader.tensors}, {name: field.contents() for name, field in reader.fields.items()}


# What comes in goes out: all types, all kinds of metadata, joined weights, factors of angles, another alignment and a vocabulary.
def vocabulary(writer):
    writer.add_custom_alignment(64)
    writer.add_token_list([f"token {i}" for i in range(gguf_models.VOCABULARY)])
    writer.add_token_scores([float(i) for i in range(gguf_models.VOCABULARY)])
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
    writer.add_uint64("general.parameter_count", 2**40)


types = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0",
         "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "MXFP4", "BF16", "F16"]
for name, kind, more in (("types", "llama", dict(type=types, embedding_length=256, feed_forward_length=256, block_count=4)), ("gemma3", "gemma3", {}),
                         ("phi3-long", "phi3-long", dict(type="Q4_0")), ("llama-3", "llama-3", {}), ("llama-head", "llama-head", {})):
    gguf_models.write(work / f"{name}-in.gguf", kind, edit=vocabulary, **more)
    assert emit(work / f"{name}-in.gguf", name).read_bytes() == (work / f"{name}-in.gguf").read_bytes(), name

# Folders: rows of queries and keys, factors of norms and of angles, numbers of config.json.
for kind in gguf_models.MODELS:
    meta, weights = folder_models.write(work / kind, kind)
    got, stored, metadata = read(emit(work / kind, f"folder-{kind}"))
    assert got.keys() == weights.keys(), (kind, got.keys() ^ weights.keys())
    for name, array in weights.items():
        assert np.array_equal(got[name], array), (kind, name)
    architecture = gguf_models.architecture(kind)
    assert metadata["general.architecture"] == architecture and metadata["tokenizer.ggml.model"] == "none"
    for key, value in meta.items():
        if key not in gguf_models.OURS:
            assert np.isclose(metadata[f"{architecture}.{key}"], value, rtol=1e-6) if not isinstance(value, str) else metadata[f"{architecture}.{key}"] == value, (kind, key)
# A vocabulary of sentencepiece, with tokens that only the files beside it name.
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["the cat sat on the mat and the dog ran after a red ball"] * 9), model_type="bpe",
                                         model_prefix=str(work / "words"), vocab_size=60, hard_vocab_limit=False, minloglevel=9)
folder_models.write(work / "spoken", "llama")
(work / "spoken" / "tokenizer.model").write_bytes((work / "words.model").read_bytes())
(work / "spoken" / "tokenizer_config.json").write_text(json.dumps(
    {"add_bos_token": True, "chat_template": "{{ messages }}", "added_tokens_decoder": {"100": {"content": "<|turn|>", "special": True}}}))
(work / "spoken" / "added_tokens.json").write_text(json.dumps({"<mark>": 101, "far": 4000}))
words = sentencepiece.SentencePieceProcessor(model_file=str(work / "words.model"))
metadata = read(emit(work / "spoken", "spoken"))[2]
count, tokens = words.vocab_size(), metadata["tokenizer.ggml.tokens"]
assert count < 100 and len(tokens) == gguf_models.VOCABULARY
assert tokens[:count] == [words.id_to_piece(i) for i in range(count)] and tokens[count] == f"[PAD{count}]" and tokens[100:102] == ["<|turn|>", "<mark>"]
assert metadata["tokenizer.ggml.scores"][:count] == [words.get_score(i) for i in range(count)]
types = metadata["tokenizer.ggml.token_type"]
assert types[:3] == [2, 3, 3] and set(types[3:count]) == {1} and types[count] == 5 and types[100:102] == [3, 4]
assert metadata["tokenizer.ggml.model"] == "llama" and metadata["tokenizer.ggml.eos_token_id"] == 2 and "tokenizer.ggml.padding_token_id" not in metadata
assert metadata["tokenizer.ggml.add_bos_token"] is True and metadata["tokenizer.chat_template"] == "{{ messages }}"
data = pathlib.Path(os.environ.get("SQUINT_TEST_DATA", "none"))
if (data / "llama2_tokenizer").exists():
    folder_models.write(work / "spoken", "llama", vocabulary=32000, embedding_length=32)
    (work / "spoken" / "tokenizer.model").write_bytes((data / "llama2_tokenizer" / "tokenizer.model").read_bytes())
    metadata, wanted = read(emit(work / "spoken", "llama2"))[2], read(data / "gguf_vocab" / "ggml-vocab-llama-spm.gguf")[2]
    for key in ("model", "pre", "tokens", "scores", "token_type", "bos_token_id", "eos_token_id", "unknown_token_id", "add_bos_token"):
        assert metadata[f"tokenizer.ggml.{key}"] == wanted[f"tokenizer.ggml.{key}"], key
# And back: the same numbers as the folder's, in another order of rows.
ids = np.random.default_rng(1).integers(0, gguf_models.VOCABULARY, (1, 40))
for kind in ("llama-3", "phi3-long"):
    meta, weights = folder_models.write(work / kind, kind)
    library = squint.compile(work / f"folder-{kind}.gguf", work / f"{kind}.so", "--cache=none")
    assert squint.relative_error(squint.run(library, {"input_ids": ids})["logits"][0], gguf_models.logits(kind, meta, weights, ids[0])) < 1e-5
# Mistral's windows on some layers have to be said.
folder_models.write(work / "some", "mistral", edit=lambda config, tensors: config.update(layer_types=["full_attention", "sliding_attention"]))
assert read(emit(work / "some", "some"))[2]["llama.attention.sliding_window_pattern"] == [False, True]
assert "window = 7" in squint.tool("squintc", work / "some.gguf", "--emit=squint", "-o", "-", "--progress=never")

# Formats: what the file holds is what the library computes with.
sizes = dict(embedding_length=256, feed_forward_length=256, block_count=1)
gguf_models.write(work / "float.gguf", "llama", **sizes)
meta, _ = folder_models.write(work / "packed", "llama", packing=dict(method="gptq", symmetric=True, group=32), **sizes)
(work / "all.yaml").write_text("rules:\n  - roles: [embedding, head]\n    weights: q6_k\n  - weights: q4_k\n")
for name, source, wanted, flags in (
    ("int4", "float.gguf", "Q4_0", ["--weights=int4:group=64"]), ("int3", "float.gguf", "Q4_0", ["--weights=int3:group=32"]),
    ("int5", "float.gguf", "Q5_0", ["--weights=int5:group=32"]), ("int8", "float.gguf", "Q8_0", ["--weights=int8:channel,scale=f16"]),
    ("mxfp4", "float.gguf", "MXFP4", ["--weights=mxfp4"]), ("q4_k", "float.gguf", "Q4_K", [f"--recipe={work / 'all.yaml'}"]),
    ("half", "float.gguf", "BF16", ["--weights=bf16"]), ("packed", "packed", "Q4_0", []),
):
    weights, stored, metadata = read(emit(work / source, f"as-{name}", *flags))
    assert stored["blk.0.attn_v.weight"] == wanted and stored["blk.0.attn_norm.weight"] == "F32", stored
    # The head has a format of its own, the table keeps its floats, where a format is for all linears.
    assert stored["token_embd.weight"] == ("Q6_K" if name == "q4_k" else "F32") and ("output.weight" in stored) == (name not in ("q4_k", "packed")), stored
    meta = gguf_models.metadata("llama", **sizes, head="output.weight" in stored)
    library = squint.compile(work / source, work / f"{name}.so", "--cache=none", *(flags or ["--activations=f32"]))
    error = squint.relative_error(squint.run(library, {"input_ids": ids})["logits"][0], gguf_models.logits("llama", meta, weights, ids[0]))
    print(f"{name}: {error:.1e}")
    assert error < 1e-5, name


def refuse(source, rule, *flags, output="refused.gguf"):
    command = [squint.BIN / "squintc", source, "--progress=never", *flags, "-o", work / output]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    assert done.returncode == 1 and rule in done.stderr.splitlines()[-1], (rule, done.stderr)
    assert not (work / output).exists()


to = "--emit=gguf"
refuse(work / "float.gguf", "tensor 'blk.0.attn_q.weight': expected a format that GGML has a type for", to, "--weights=int4:group=32,zero-point")
refuse(work / "float.gguf", "groups of a multiple of 32 with scales of f16), got int4:group=16,scale=f16", to, "--weights=int4:group=16")
refuse(work / "float.gguf", "got int8:channel,scale=f32", to, "--weights=int8:channel")
gguf_models.write(work / "joined.gguf", "phi3", **sizes)
(work / "mixed.yaml").write_text("rules:\n  - roles: [v]\n    weights: q8_0\n  - weights: q4_0\n")
refuse(work / "joined.gguf", "tensor 'blk.0.attn_qkv.weight': expected one format for 'blk.0.attn_q' and 'blk.0.attn_v', which are rows of it, got q4_0 and q8_0",
       to, f"--recipe={work / 'mixed.yaml'}")
(work / "rotated.yaml").write_text("rewrites:\n  - rotate\nrules:\n  - weights: q8_0\n")
refuse(work / "float.gguf", "expected an operator of the architecture 'llama' to write the model as GGUF", to, f"--recipe={work / 'rotated.yaml'}")
folder_models.write(work / "ordered", "llama", packing=dict(method="gptq", act_order=True, symmetric=True, group=32))
refuse(work / "ordered", "'onnx.Gather' op expected an operator of the architecture 'llama' to write the model as GGUF", to)
folder_models.write(work / "scaled", "gemma3", edit=lambda config, tensors: config.update(query_pre_attn_scalar=7))
refuse(work / "scaled", "setting 'query_pre_attn_scalar': expected what GGUF takes it to be for models of 7 layers", to)
squint.tool("squintc", work / "float.gguf", "--emit=onnx", "-o", work / "text.mlir", "--progress=never")
refuse(work / "text.mlir", "expected a model from a GGUF file or a folder to write it as GGUF", to)
refuse(work / "float.gguf", "expected --emit=gguf or imatrix with a .gguf output and the other way round", to, output="refused.so")
refuse(work / "float.gguf", "expected --emit=gguf or imatrix with a .gguf output and the other way round")

# The recipe of llama.cpp's Q4_K_M is its file, byte by byte.
if squint.data():
    stories = squint.data() / "llm_stories260k"
    emit(stories / "stories260K-f32.gguf", "stories", f"--recipe={squint.SOURCE / 'recipes' / 'q4_k_m.yaml'}")
    made, theirs = ({t.name: (t.tensor_type, np.array(t.data)) for t in gguf.GGUFReader(path).tensors}
                    for path in (work / "stories.gguf", stories / "stories260K-llamacpp-q4_k_m.gguf"))
    assert made.keys() == theirs.keys()
    for name, (stored, data) in made.items():
        assert stored == theirs[name][0] and np.array_equal(data, theirs[name][1]), name
    float_weights, folder_weights = read(stories / "stories260K-f32.gguf")[0], read(emit(stories / "hf", "stories-hf"))[0]
    assert all(np.array_equal(array, folder_weights[name]) for name, array in float_weights.items())
