# The examples in the documentation of the Python package, and its stubs: every name has one.
# REQUIRES: python-bindings
# RUN: rm -rf %t && mkdir -p %t && cp %S/../../examples/cmake/model.* %t && cd %t && %python %s
import ast
import doctest
import importlib.metadata
import inspect
import pathlib

import squint

squint.compile("model.onnx", "model.so")
runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
parser = doctest.DocTestParser()


def documented(scope, prefix=""):
    """Everything public, with its name."""
    for name, item in vars(scope).items():
        if not name.startswith("_") and not inspect.ismodule(item):
            yield prefix + name, item
            if inspect.isclass(item):
                yield from documented(item, f"{name}.")


def examples(scope, names):
    items = {"": scope, **{name: item for name, item in documented(scope) if name.split(".")[0] in names}}
    for name, item in items.items():
        text = inspect.getdoc(item) or ""
        test = parser.get_doctest(text, {"squint": squint, **vars(scope)}, f"{scope.__name__}.{name}", None, 0)
        if test.examples:
            runner.run(test)
    return items


items = examples(squint, squint.__all__)
examples(squint.recipes, squint.recipes.__all__)
assert runner.failures == 0 and runner.tries > 15, (runner.failures, runner.tries)

# Everything that is not obvious is documented, and everything is in the stubs.
folder = pathlib.Path(squint.__file__).parent
stubs = ast.parse((folder / "_squint.pyi").read_text())
known = {node.name: node for node in stubs.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
for name in squint.__all__:
    if name not in ("recipes", "__version__"):
        assert name in known and ast.get_docstring(known[name]), name
members = {f"{node.name}.{part.name}" for node in known.values() for part in node.body if isinstance(part, ast.FunctionDef)}
assert {name for name in items if "." in name} - members <= {"Error.with_traceback", "Error.add_note", "Error.args"}, set(items) - members
assert (folder / "py.typed").exists()
assert importlib.metadata.version("squint-compiler") == squint.__version__
