"""Where a loss's formulas lose their digits and its kernel does not: numbers of both, beside the exact ones."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
from sympy import Expr

from symce.algebra.indices import c, j
from symce.derivation.derive import Derivation
from symce.derivation.model import Model, k
from symce.figures.example import Example, example
from symce.figures.letters import latex_number
from symce.handout.as_written import AsWritten
from symce.kernel.kernel import Kernel
from symce.losses.loss import Loss
from symce.targets.numpy import NumpyTarget
from symce.verify.modules import Generated, load
from symce.verify.oracle import Exact, oracle

DTYPE = np.float32
#: by how much a logit stands above the others, and by how little, of itself, a target or a teacher is off
MARGINS = (5.0, 10.0, 17.0, 20.0, 40.0)
DISTANCES = (1e-1, 1e-2, 1e-4, 1e-5, 1e-6)
#: from this relative error on a number has lost its digits
LOST = 0.1
#: up to this one a kernel has kept its digits; a result that must cancel at a place shows nothing of either
KEPT = 1e-5
#: digits that are shown: few enough for a kernel to have them on every machine
DIGITS = 3

_MARGIN = {
    "right": "the logit of the true class stands above the others by the margin",
    "wrong": "the logit of another class stands above that of the true class by the margin",
    "none": "the first logit stands above the others by the margin",
    "labels": "the logits are the margin where a label is 1, and its negative elsewhere",
}


@dataclass(frozen=True)
class Place:
    """A row of arguments in float32. ``step`` is the margin, or the distance, that the row stands for."""

    step: float
    logits: Any
    target: Any
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Numbers:
    """One number of a loss at one place: exact, by its formula in float32, by its kernel in float32."""

    step: float
    exact: Any
    formula: float
    kernel: float

    @property
    def lost(self) -> int:
        """How much is lost by the formula: 2 where it gives no number, 1 where most digits are wrong, 0 else."""
        if not np.isfinite(self.formula):
            return 2
        return int(abs(self.formula - self.exact) > LOST * abs(self.exact))


@dataclass(frozen=True)
class Comparison:
    """A quantity of a loss at several places.

    ``head`` names the step; ``where`` says what the places are, in words; ``setting`` in LaTeX what K and the
    parameters are.
    """

    quantity: str
    head: str
    where: str
    setting: str
    rows: tuple[Numbers, ...]

    @property
    def lost(self) -> int:
        return sum(row.lost for row in self.rows)

    @property
    def kept(self) -> bool:
        return all(abs(row.kernel - row.exact) <= KEPT * abs(row.exact) for row in self.rows)


def comparison(derivation: Derivation, kernel: Kernel) -> Comparison | None:
    """The quantity and the places at which a loss's formulas lose most; None where they lose no digits to speak of.

    Raises LoadError where the kernel cannot be loaded, FigureError for a loss that has no example.
    """
    module = numpy_kernel(kernel, derivation.loss)
    best: Comparison | None = None
    for found in _comparisons(derivation, kernel, module):
        if found.kept and found.lost > (best.lost if best else 0):
            best = found
    return best


def numpy_kernel(kernel: Kernel, loss: Loss) -> Generated:
    """The NumPy module of a kernel, generated and loaded."""
    with tempfile.TemporaryDirectory(prefix="symce-") as folder:
        for path, text in NumpyTarget().render(kernel).items():
            file = Path(folder) / "numpy" / Path(path).name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return load(Path(folder), "numpy", loss)


def number(x: Any) -> str:
    """A number as the text of a cell, to DIGITS digits."""
    if mp.isnan(x):
        return "NaN"
    if mp.isinf(x):
        return r"$\infty$" if x > 0 else r"$-\infty$"
    return f"${latex_number(float(x), DIGITS)}$" if x else "0"


def _comparisons(derivation: Derivation, kernel: Kernel, module: Generated) -> Iterator[Comparison]:
    loss, model = derivation.loss, derivation.model
    entries = ("the true class", "another class") if loss.target in ("index", "distribution", "weights") else ()
    names = entries or ("the first class", "the second class")
    at = example(loss, kernel)
    setting = ", ".join(filter(None, [f"$K = {at.size}$", at.setting]))
    for head, where, places in _places(derivation, at):
        exact = [exactly(loss, place) for place in places]
        written = [_written(model, place) for place in places]
        values = [by_kernel(loss, module, place) for place in places]
        quantities: list[tuple[str, Expr, int | None]] = [("the loss", model.value, None)]
        gradient = derivation.gradient.final.result
        quantities += [(f"the derivative by the logit of {name}", gradient, n) for n, name in enumerate(names)]
        for what, expr, entry in quantities:
            rows = []
            for place, truth, formula, (value, grad) in zip(places, exact, written, values, strict=True):
                number = truth.value if entry is None else truth.gradient[entry]
                # what float32 cannot hold says nothing about the form
                if mp.isfinite(number) and abs(number) >= np.finfo(DTYPE).tiny:
                    by_formula = formula.value(expr, {c: 0} if entry is None else {c: 0, j: entry})
                    rows.append(Numbers(place.step, number, by_formula, value if entry is None else grad[entry]))
            yield Comparison(what, head, where, setting, tuple(rows))


def _places(derivation: Derivation, at: Example) -> Iterator[tuple[str, str, Sequence[Place]]]:
    """The name of a step, what it means, and rows of arguments."""
    loss = derivation.loss
    shapes = {p.name: (at.size,) if p.shape else () for p in loss.params}
    params = {name: np.full(shapes[name], value, dtype=DTYPE) for name, value in at.rows.params.items()}
    yield from _near(loss, at.size, params)
    scale = _scale(derivation.model, params, at.size)
    target = at.target if isinstance(at.target, int | None) else np.asarray(at.target, dtype=DTYPE)
    first, second = np.eye(at.size, dtype=DTYPE)[:2]
    directions = {"right": first, "wrong": second} if target is not None else {"none": first}
    if loss.target == "multilabel":
        directions = {"labels": 2 * first - 1}
    for kind, direction in directions.items():
        places = [Place(round(scale * m, 6), (scale * m * direction).astype(DTYPE), target, params) for m in MARGINS]
        yield "margin", _MARGIN[kind], places


def _near(loss: Loss, size: int, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[Place]]]:
    """Places where the prediction is nearly a target, or nearly that of another model's logits."""
    halves = np.array([2.0 ** -min(n + 1, size - 1) for n in range(size)])  # 1/2, 1/4, ...: they sum to 1 exactly
    tilt = np.array([1.0, -1.0] + [0.0] * (size - 2))
    if loss.target == "distribution":
        target = halves.astype(DTYPE)
        yield (
            "distance",
            "the target is 1/2, 1/4, ... and the logits are its logarithms, the first moved up and the second down by "
            "the distance",
            [Place(d, (np.log(halves) + d * tilt).astype(DTYPE), target, params) for d in DISTANCES],
        )
    others = [p.name for p in loss.params if p.shape == "NxK" and p.domain == "real"]
    if loss.target == "none" and len(others) == 1:
        base = params[others[0]].astype(np.float64)
        yield (
            "distance",
            "the logits are the other model's, the first moved up and the second down by the distance",
            [Place(d, (base + d * tilt).astype(DTYPE), None, params) for d in DISTANCES],
        )


def _scale(model: Model, params: Mapping[str, Any], size: int) -> float:
    """What a unit of the logit that softmax is taken of is in z, near 0: T for z/T."""
    if model.image is None:
        return 1.0
    first, second = (AsWritten(size, {"z": [x] * size, **params}).value(model.image, {k: 0}) for x in (0.0, 1.0))
    return float(f"{1 / (second - first):.0e}") if second > first else 1.0


def exactly(loss: Loss, at: Place) -> Exact:
    """The loss and its derivatives for the numbers of a row as they are."""
    one_hot = isinstance(at.target, int) and loss.target != "index"
    row = np.eye(len(at.logits))[at.target] if one_hot else at.target
    target = row.tolist() if isinstance(row, np.ndarray) else row
    return oracle(loss, at.logits.tolist(), target, {name: value.tolist() for name, value in at.params.items()})


def _written(model: Model, at: Place) -> AsWritten:
    size = len(at.logits)
    target = np.eye(size)[at.target] if isinstance(at.target, int) else at.target
    given = {"z": at.logits, **at.params, **({} if target is None else {"y": target})}
    if model.image is not None:
        letters = AsWritten(size, given)
        given["a"] = [letters.value(model.image, {k: n}) for n in range(size)]
    return AsWritten(size, given)


def by_kernel(loss: Loss, module: Generated, at: Place) -> tuple[float, list[float]]:
    """The loss and its gradient as the kernel computes them in float32."""
    args = [at.logits[None]]
    if at.target is not None:
        args.append(np.array([at.target]) if isinstance(at.target, int) else at.target[None])
    rows = {p.name: at.params[p.name][None] if p.shape == "NxK" else at.params[p.name] for p in loss.params}
    numbers = {name: value if value.ndim else value.item() for name, value in rows.items()}
    value, gradient = module.functions["value_and_grad"](*args, **numbers, reduction="sum")
    return float(value), [float(g) for g in gradient[0]]
