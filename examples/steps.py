# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the demos share."""
import json
import subprocess


def say(text):
    print(f"== {text}", flush=True)


def compile(squintc, model, library, flags, more=()):
    """Runs squintc unless the library is already there, made by the same compiler from the same model, files beside it (`more`) and flags.
    Returns whether it ran."""
    inputs = [squintc, model, *more]
    key = json.dumps([flags, [[str(p), p.stat().st_size, p.stat().st_mtime_ns] for p in inputs]])
    stamp = library.with_suffix(".stamp")
    if library.exists() and stamp.exists() and stamp.read_text() == key:
        return False
    say("squintc " + " ".join([model.name, *flags, "-o", library.name]))
    subprocess.run([squintc, model, *flags, "-o", library], check=True)
    stamp.write_text(key)
    return True
