# Archives of numpy's own, in every order and type, reach a library as they are; broken ones are refused in one line.
# REQUIRES: squintc, squint-run, x86_64
# RUN: rm -rf %t && mkdir -p %t
# RUN: %squintc %S/../Emit/Inputs/scale.mlir --compile-from=llvm -o %t/scale.so
# RUN: %python %s %t
import pathlib
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import squint_testing as squint

work = pathlib.Path(sys.argv[1])
library = work / "scale.so"
weights = np.float32([1, 2, 3, 4])


def run(file):
    outputs = work / "out.npz"
    outputs.unlink(missing_ok=True)
    return subprocess.run([str(squint.BIN / "squint-run"), library, f"--inputs={file}", f"--outputs={outputs}"], capture_output=True,
                          text=True, timeout=60, errors="replace")


def accepted(name, file, x):
    done = run(file)
    assert done.returncode == 0, (name, done.stderr)
    with np.load(work / "out.npz") as z:
        assert z.files == ["y"] and z["y"].dtype == np.float32
        assert np.array_equal(z["y"], x * weights), name


def refused(name, data, said):
    file = work / "bad.npz"
    file.write_bytes(data)
    done = run(file)
    assert done.returncode == 1 and said in done.stderr, (name, done.returncode, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1 and str(file) in done.stderr, (name, done.stderr)
    assert not (work / "out.npz").exists(), name


x = np.random.default_rng(0).standard_normal((5, 4), np.float32)
for name, save, array in (("stored", np.savez, x), ("deflated", np.savez_compressed, x), ("Fortran order", np.savez, np.asfortranarray(x)),
                          ("transposed", np.savez_compressed, np.ascontiguousarray(x.T).T), ("empty", np.savez, x[:0]),
                          ("one row", np.savez, x[:1])):
    save(work / "x.npz", x=array)
    accepted(name, work / "x.npz", array)


def archive(entries, **options):
    file = work / "made.npz"
    with zipfile.ZipFile(file, "w", **options) as z:
        for name, data in entries:
            z.writestr(name, data)
    return file.read_bytes()


def npy(header, data=b"\0" * 80, version=(1, 0), length=None):
    text = header.encode()
    fmt = "<H" if version[0] == 1 else "<I"
    return b"\x93NUMPY" + bytes(version) + struct.pack(fmt, len(text) if length is None else length) + text + data


good = "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 4), }\n"
for version in ((1, 0), (2, 0), (3, 0)):
    (work / "x.npz").write_bytes(archive([("x.npy", npy(good, x.tobytes(), version))]))
    accepted(version, work / "x.npz", x)
(work / "x.npz").write_bytes(archive([("x.npy", npy('{"shape":(5,4),"fortran_order":False,"descr":"<f4"}', x.tobytes()))]))
accepted("another writer's header", work / "x.npz", x)

valid = archive([("x.npy", npy(good))])
refused("nothing", b"", "")
refused("no zip", b"hello\n", "")
refused("cut", valid[: len(valid) // 2], "")
refused("no array", archive([("x.txt", b"hello")]), "expected arrays")
refused("twice", archive([("x.npy", npy(good)), ("x.npy", npy(good))]), "twice")
refused("no magic", archive([("x.npy", b"hello, this is no array of numpy's")]), "expected an array as numpy saves it")
refused("short", archive([("x.npy", b"\x93NUM")]), "the end")
refused("version 9", archive([("x.npy", npy(good, version=(9, 0)))]), "expected version 1 to 3")
refused("endless header", archive([("x.npy", npy(good, version=(2, 0), length=2**31))]), "expected a header of at most 1 MiB")
refused("header beyond the file", archive([("x.npy", npy(good, length=60000))]), "the end")
for name, header, said in (
    ("no dictionary", "[1, 2]", "expected numpy's header"),
    ("cut header", good[:20], "expected"),
    ("big-endian", good.replace("<f4", ">f4"), "expected little-endian numbers"),
    ("objects", good.replace("<f4", "|O"), "expected little-endian numbers"),
    ("strings", good.replace("<f4", "<U4"), "expected little-endian numbers"),
    ("structured", good.replace("'<f4'", "[('a', '<f4')]"), "structured"),
    ("no shape", "{'descr': '<f4', 'fortran_order': False}", "expected descr, fortran_order and shape"),
    ("negative", good.replace("(5, 4)", "(-5, 4)"), "expected numpy's header"),
    ("too few elements", good.replace("(5, 4)", "(6, 4)"), "got 80 bytes"),
    ("too many elements", good.replace("(5, 4)", "(4, 4)"), "got 80 bytes"),
    ("overflow", good.replace("(5, 4)", "(4611686018427387904, 4)"), "got 80 bytes"),
    ("overflow of a number", good.replace("(5, 4)", "(99999999999999999999999, 4)"), "expected numpy's header"),
    ("many dimensions", good.replace("(5, 4)", "(" + "1, " * 100 + ")"), "at most 64 dimensions"),
    ("trailing text", good.replace("}", ", 1}"), "expected numpy's header"),
    ("another type", good.replace("<f4", "<i4"), "expected float32[batch, 4], got int32[5, 4]"),
):
    refused(name, archive([("x.npy", npy(header))]), said)
refused("another name", archive([("z.npy", npy(good))]), "expected the inputs 'x' float32[batch, 4]")
refused("one more", archive([("x.npy", npy(good)), ("z.npy", npy(good))]), "the model has no input 'z'")

# Flipped bits: whatever is accepted or refused, it ends.
rng = np.random.default_rng(1)
for i in range(60):
    data = bytearray(archive([("x.npy", npy(good, x.tobytes()))], compression=zipfile.ZIP_DEFLATED))
    for at in rng.integers(0, len(data), 1 + i % 4):
        data[at] ^= 1 << rng.integers(0, 8)
    (work / "bad.npz").write_bytes(data)
    done = run(work / "bad.npz")
    assert done.returncode in (0, 1), (i, done.returncode, done.stderr)
print("ok")
