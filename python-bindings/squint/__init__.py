# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Squint: a compiler for quantized models.

`compile` makes a native library of a model, `load` and `Model.session` run it, `Model.state` and `generate` are for language models,
`run_pipeline` runs passes on MLIR text, and `squint.recipes` has the recipes. Arrays are numpy's.
"""
from . import recipes
from ._squint import Error, Generation, Model, Sampler, Session, State, Value, compile, generate, load, run_pipeline
from ._squint import version as __version__

Error.__module__ = "squint"

__all__ = ["Error", "Generation", "Model", "Sampler", "Session", "State", "Value", "__version__", "compile", "generate", "load",
           "recipes", "run_pipeline"]
