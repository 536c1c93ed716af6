"""What the tests of methods that compensate share: models whose columns matter differently, recipes, and outputs against the float model's."""
import models
import numpy as np
import onnx
import squint_testing as squint


def recipe(work, name, weights, method=None, options="", activations="f32"):
    lines = [f"weights: {weights}", f"activations: {activations}"]
    lines += [f"method: {method}", f"options: {{{options}}}"] if method else []
    (work / f"{name}.yaml").write_text("rules:\n  - " + "\n    ".join(lines) + "\n")
    return f"--recipe={work / name}.yaml"


def skewed(model, rows, seed):
    """Inputs with a few strong directions: where all columns matter the same there is nothing to compensate."""
    (name, x), = models.feeds(model, rows, seed=seed).items()
    columns = x.reshape(rows, -1).shape[1]
    rng = np.random.default_rng(7)
    mix = rng.standard_normal((columns, columns)) * (np.arange(1, columns + 1)[:, None] ** -0.7)
    return {name: (x.reshape(rows, -1) @ mix).reshape(x.shape).astype(np.float32)}


def heavy(model):
    """The model with a few large elements in its weights, as trained ones have."""
    rng = np.random.default_rng(3)
    for i, tensor in enumerate(model.graph.initializer):
        value = onnx.numpy_helper.to_array(tensor).copy()
        if value.ndim > 1:
            value *= np.where(rng.random(value.shape) < 0.01, 6, 1).astype(np.float32)
            model.graph.initializer[i].CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    return model


class Comparison:
    """One model in `work`, its samples, and what each of several recipes makes of its output."""

    def __init__(self, work, model):
        self.work, self.path = work, work / "model.onnx"
        onnx.save(model, self.path)
        np.savez(work / "samples.npz", **skewed(model, 128, 1))
        self.feeds = skewed(model, 64, 2)
        self.want = squint.session(self.path).run(["y"], self.feeds)[0]

    def compute(self, flags, jobs=2):
        library = squint.compile(self.path, self.work / "model.so", *flags, f"--calibration={self.work / 'samples.npz'}", f"--jobs={jobs}")
        return squint.run(library, self.feeds)["y"], library.read_bytes()

    def error(self, y):
        return float(np.sqrt(np.mean((y - self.want) ** 2) / np.mean(self.want**2)))

    def check(self, weights, method, options, activations, other, bound):
        """The method's error is below `bound` of that of `other`, its arguments for `recipe`; fused kernels compute what the definition
        says; the bytes are the same for every count of threads."""
        flags = [recipe(self.work, "method", weights, method, options, activations)]
        y, one = self.compute(flags, jobs=1)
        assert one == self.compute(flags)[1], "expected the same library for every count of threads"
        plain, _ = self.compute(flags + ["--unfused"])
        apart = float(np.abs(y - plain).max() / np.abs(plain).max())
        against = self.error(self.compute([recipe(self.work, "other", *other)])[0])
        error = self.error(y)
        print(f"{weights} {method} {options}: {error:.4f}, without {against:.4f}; {apart:.1e} from the unfused", flush=True)
        assert 0 < error < bound * against and apart < 1e-5

    def refuse(self, weights, method, message):
        squint.refused(message, self.compute, [recipe(self.work, "refused", weights, method)], kind=RuntimeError)
