# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The recipes that come with Squint: YAML files that say how a model is quantized.

>>> "w8a8" in names()
True
>>> check(path("w8a8"))
"""
import pathlib

from .._squint import check_recipe as check

__all__ = ["check", "names", "path", "read"]


def names() -> list[str]:
    """The names of all recipes, sorted."""
    return sorted(file.stem for file in pathlib.Path(__file__).parent.glob("*.yaml"))


def path(name: str) -> str:
    """The file of a recipe, for `squint.compile(recipe=)`. Raises KeyError for a name that is not among `names()`.

    >>> path("none")
    Traceback (most recent call last):
    KeyError: 'none'
    """
    if name not in names():
        raise KeyError(name)
    return str(pathlib.Path(__file__).with_name(f"{name}.yaml"))


def read(name: str) -> str:
    """The text of a recipe.

    >>> print(read("w8a8").splitlines()[0].startswith("#"))
    True
    """
    return pathlib.Path(path(name)).read_text()
