"""What the generated functions of a kernel accept: decided once, here, for every target."""

from __future__ import annotations

import keyword
from dataclasses import dataclass

from symce.kernel.ir import RowProgram
from symce.kernel.kernel import Kernel, KernelParam

#: Arguments that generated functions have of their own: no parameter of a loss may be called so.
RESERVED = frozenset(
    {
        "logits", "input", "target", "v", "weight", "ignore_index", "label_smoothing", "reduction", "normalizer",
        "axis", "cotangent", "K", "classes", "np", "torch", "math", "value", "gradient", "hvp", "self", "ctx",
        "nn", "Tensor", "rows", "losses", "row_weight", "row_kernel", "denominator", "kept", "dtype", "batch_shape",
        "wanted", "vectors", "run", "block", "loss", "derivative", "y", "z", "N", "cot",
        "on_empty", "infinite", "precision", "x", "W", "b", "memory", "out", "threads", "inplace",
        "shards", "here", "columns", "jax", "jnp", "lax", "functools", "Array", "dense", "possible",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """One form of the target, and the program that serves it."""

    name: str
    program: RowProgram

    @property
    def suffix(self) -> str:
        """How the names of its row functions end."""
        return "" if self.name == "none" else f"_{self.name}"


@dataclass(frozen=True)
class Interface:
    """The options of a kernel's functions: an option exists only where it means something."""

    kernel: Kernel

    def __post_init__(self) -> None:
        for name in (self.kernel.name, *(p.name for p in self.kernel.params)):
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
                raise ValueError(
                    f"loss {self.kernel.name!r}: {name!r} cannot name a Python function or argument; rename it"
                )
        taken = sorted(RESERVED & {p.name for p in self.kernel.params})
        if taken:
            raise ValueError(
                f"loss {self.kernel.name!r}: the parameter name {taken[0]!r} is one that generated functions use "
                "themselves; rename it"
            )
        if not self.forms:
            raise ValueError(f"loss {self.kernel.name!r}: no program serves a target of kind {self.kernel.target!r}")

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms that a caller may pass, class indices first."""
        allowed = {"index": ("index",), "none": ("none",), "multilabel": ("dense",)}
        names = allowed.get(self.kernel.target, ("index", "dense"))
        return tuple(Form(n, self.kernel.programs[n]) for n in names if n in self.kernel.programs)

    @property
    def index(self) -> bool:
        """Whether class indices are accepted."""
        return any(f.name == "index" for f in self.forms)

    @property
    def dense(self) -> bool:
        """Whether one value a class is accepted."""
        return any(f.name == "dense" for f in self.forms)

    @property
    def target(self) -> bool:
        return self.kernel.target != "none"

    @property
    def weight(self) -> bool:
        """Class weights: they multiply the rows of class indices, the target of a linear loss, or the entries."""
        return self.target and (
            self.kernel.target == "index" or self.kernel.elementwise or self.kernel.linear_in_target
        )

    @property
    def smoothing(self) -> bool:
        """Smoothing acts on a target of one value a class, and the loss must be linear in it."""
        return self.dense and self.kernel.linear_in_target and self.kernel.target in ("distribution", "weights")

    @property
    def effective(self) -> bool:
        """Whether weight and smoothing turn the target y into q, before the program sees it."""
        return self.dense and self.kernel.linear_in_target and not self.kernel.elementwise

    @property
    def limit(self) -> bool:
        """Whether a row with one logit of +inf has a limit: softmax is then certain of that class."""
        return self.kernel.one_hot_limit

    @property
    def hvp(self) -> bool:
        return all("hvp" in f.program.outputs for f in self.forms)

    @property
    def class_params(self) -> tuple[KernelParam, ...]:
        return tuple(p for p in self.kernel.params if p.shape == "K")

    @property
    def row_params(self) -> tuple[KernelParam, ...]:
        return tuple(p for p in self.kernel.params if p.shape == "NxK")

    def options(self) -> list[tuple[str, str]]:
        """The keyword-only options after the parameters, with their defaults as Python text."""
        options = [("weight", "None")] if self.weight else []
        options += [("ignore_index", "-100")] if self.index else []
        options += [("label_smoothing", "0.0")] if self.smoothing else []
        options += [("reduction", '"mean"'), ("normalizer", "None"), ("on_empty", '"nan"')]
        options += [("infinite", '"nan"')] if self.limit else []
        return [*options, ("precision", '"native"')]
