# Importance matrices as llama.cpp has them, in GGUF and in the older form: what is written are the mean squares of inputs, what is read quantizes
# as the samples do. (llama-quantize of llama.cpp with either file writes the bytes that --emit=gguf writes with it.) Whatever is wrong with a file is
# said in one line.
# REQUIRES: squintc
# RUN: rm -rf %t && mkdir -p %t && %python %s %t
import pathlib
import struct
import subprocess
import sys

import folder_models
import gguf
import gguf_models
import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
ids = np.random.default_rng(0).integers(0, gguf_models.VOCABULARY, (6, 32))
np.savez(work / "samples.npz", input_ids=ids)
(work / "recipe.yaml").write_text("rules:\n  - roles: [embedding]\n    weights: q8_0\n  - roles: [head]\n    weights: q8_0\n"
                                  "  - weights: q4_0\n    method: imatrix\n")
recipe, samples = f"--recipe={work / 'recipe.yaml'}", f"--calibration={work / 'samples.npz'}"


def squintc(*arguments):
    squint.tool("squintc", *arguments, "--progress=never")


def read_gguf(path):
    reader = gguf.GGUFReader(path)
    assert reader.fields["general.type"].contents() == "imatrix" and reader.fields["imatrix.datasets"].contents() == ["samples.npz"]
    assert reader.fields["imatrix.chunk_count"].contents() == 6 and reader.fields["imatrix.chunk_size"].contents() == 32
    tensors = {t.name: np.array(t.data) for t in reader.tensors}
    assert all(array.size == 1 and array == ids.size for name, array in tensors.items() if name.endswith(".counts"))
    return {name.removesuffix(".in_sum2"): array.ravel() / ids.size for name, array in tensors.items() if name.endswith(".in_sum2")}


def read_older(path):
    data, at, entries = path.read_bytes(), 4, {}
    for _ in range(struct.unpack_from("<i", data)[0]):
        length, = struct.unpack_from("<i", data, at)
        name = data[at + 4:at + 4 + length].decode()
        calls, columns = struct.unpack_from("<ii", data, at + 4 + length)
        at += 12 + length
        entries[name] = np.frombuffer(data, np.float32, columns, at) / calls
        at += 4 * columns
    assert struct.unpack_from("<ii", data, at) == (6, len("samples.npz")) and data[at + 8:] == b"samples.npz"
    return entries


for kind, source in (("qwen3", "gguf"), ("phi3", "gguf"), ("phi3", "folder"), ("llama-head", "folder")):
    model = work / f"{kind}-{source}"
    meta, weights = (gguf_models if source == "gguf" else folder_models).write(model, kind)
    for form in ("gguf", "dat"):
        squintc(model, "--emit=imatrix", samples, "-o", work / f"matrix.{form}")
    entries, older = read_gguf(work / "matrix.gguf"), read_older(work / "matrix.dat")
    # One for each matrix, whether the table is the head's or not.
    wanted = {name for name, array in weights.items() if array.ndim == 2 and name != "token_embd.weight"} | {"output.weight"}
    assert entries.keys() == wanted and older.keys() == wanted, (kind, wanted ^ entries.keys())
    for name, means in entries.items():
        assert np.allclose(means, older[name], rtol=1e-6), name
    x = weights["token_embd.weight"][ids.ravel()].astype(np.float64)
    x = x / np.sqrt((x * x).mean(-1, keepdims=True) + meta["attention.layer_norm_rms_epsilon"]) * weights["blk.0.attn_norm.weight"]
    name = "blk.0.attn_qkv.weight" if kind == "phi3" else "blk.0.attn_k.weight"
    assert np.allclose(entries[name], (x * x).mean(0), rtol=1e-5), kind

    # The first layer's inputs are the same with samples, and both forms are the same.
    for name, flag in (("samples", samples), ("gguf", f"--imatrix={work / 'matrix.gguf'}"), ("dat", f"--imatrix={work / 'matrix.dat'}")):
        squintc(model, "--emit=gguf", recipe, flag, "-o", work / f"by-{name}.gguf")
    squintc(model, "--emit=gguf", "--weights=q4_0", "-o", work / "plain.gguf")
    tensors = {name: {t.name: np.array(t.data) for t in gguf.GGUFReader(work / f"{name}.gguf").tensors} for name in ("by-samples", "by-gguf", "by-dat", "plain")}
    assert (work / "by-gguf.gguf").read_bytes() == (work / "by-dat.gguf").read_bytes()
    first = "blk.0.attn_qkv.weight" if kind == "phi3" else "blk.0.attn_v.weight"
    assert np.array_equal(tensors["by-gguf"][first], tensors["by-samples"][first])
    assert not np.array_equal(tensors["by-gguf"][first], tensors["plain"][first])
model = work / "llama-head-folder"


def refuse(rule, *arguments, output="refused.gguf"):
    done = subprocess.run([str(part) for part in (squint.BIN / "squintc", model, "--progress=never", *arguments, "-o", work / output)],
                          capture_output=True, text=True, timeout=60)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 1 and rule in lines[0], (rule, done.stderr)
    assert not (work / output).exists()


def refuse_file(rule, data):
    path = work / "broken"
    path.write_bytes(data) if isinstance(data, bytes) else data(path)
    refuse(rule, "--emit=gguf", recipe, f"--imatrix={path}")


def entry(name, calls, values):
    return struct.pack("<i", len(name)) + name + struct.pack("<ii", calls, len(values)) + np.array(values, np.float32).tobytes()


def write(*tensors, kind="imatrix"):
    def make(path):
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_string("general.type", kind)
        for name, array in tensors:
            writer.add_tensor(name, array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return make


ones = np.ones((1, 64), np.float32)
refuse_file("'%s': expected a number of entries at 0, got the end of the file" % (work / "broken"), b"")
refuse_file("expected entries, got none", b"\0\0\0\0")
refuse_file("expected a number of entries at 0 from 0 to the size of the file, got -1", b"\xff\xff\xff\xff")
refuse_file("expected 9 bytes of a name at 8, got 3", struct.pack("<ii", 1, 9) + b"abc" + b"")
refuse_file("expected 20 bytes of numbers at 17, got 0", struct.pack("<ii", 1, 1) + b"a" + struct.pack("<ii", 1, 5))
refuse_file("entry 'a': expected finite numbers of 0 or more", struct.pack("<i", 1) + entry(b"a", 1, [np.nan]))
refuse_file("entry 'a': expected distinct names", struct.pack("<i", 2) + entry(b"a", 1, [1]) * 2)
refuse_file("blk.0.attn_q': expected an entry 'blk.0.attn_q.weight' in the importance matrix", struct.pack("<i", 1) + entry(b"a", 1, [1]))
refuse_file("blk.0.attn_v': expected importance of 64 columns, got 3", struct.pack("<i", 1) + entry(b"blk.0.attn_v.weight", 1, [1, 2, 3]))
refuse_file("metadata 'general.type': expected imatrix, got 'model'", write(("a.in_sum2", ones), kind="model"))
refuse_file("tensor 'a': expected NAME.in_sum2 or NAME.counts", write(("a", ones)))
refuse_file("tensor 'a.in_sum2': expected f32, got f16", write(("a.in_sum2", ones.astype(np.float16))))
refuse_file("tensor 'a.in_sum2': expected one matrix, got several (of experts?)", write(("a.in_sum2", np.ones((8, 64), np.float32))))
refuse_file("tensor 'a.counts': expected one number, got 64", write(("a.counts", ones)))
refuse_file("tensor 'a.in_sum2': expected finite numbers of 0 or more", write(("a.in_sum2", -ones)))
refuse_file("entry 'a': expected sums and counts", write(("a.in_sum2", ones)))
refuse("--imatrix is for the method imatrix of a --recipe", "--emit=gguf", f"--imatrix={work / 'matrix.dat'}")
refuse("expected a rule with the method 'imatrix' in the recipe for --imatrix", "--emit=gguf", f"--imatrix={work / 'matrix.dat'}",
       f"--recipe={squint.SOURCE / 'recipes' / 'q8_0.yaml'}")
refuse("expected samples (--calibration) for squint-quantize-imatrix", "--emit=gguf", recipe)
refuse("expected samples (--calibration) for --emit=imatrix", "--emit=imatrix")
refuse("expected --emit=imatrix with a .gguf or .dat output", "--emit=imatrix", samples, output="refused.npz2")

# Whatever bytes are others: an error in one line, or a matrix.
rng = np.random.default_rng(3)
for name in ("matrix.dat", "matrix.gguf"):
    whole, failures = (work / name).read_bytes(), 0
    for i in range(40):
        data = bytearray(whole)
        for at in rng.integers(0, 600, 3):
            data[at] = int(rng.integers(256))
        (work / "broken").write_bytes(data[: rng.integers(len(data))] if i % 8 == 0 else data)
        done = subprocess.run([str(part) for part in (squint.BIN / "squintc", model, "--progress=never", "--emit=gguf", recipe, f"--imatrix={work / 'broken'}", "-o", work / "any.gguf")],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode in (0, 1) and len(done.stderr.splitlines()) == done.returncode, (name, i, done.stderr)
        failures += done.returncode
    assert failures > 5, (name, failures)
