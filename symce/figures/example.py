"""The example on which the figures of a loss are drawn: logits, a target, and values of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from symce.algebra.letters import Symbols, latex_letter, latex_vector
from symce.figures.letters import latex_number, latex_row
from symce.figures.rows import Array, Rows
from symce.figures.style import FigureError
from symce.kernel.kernel import Kernel
from symce.losses.loss import Loss, Param

#: The true class, the first, is neither the most nor the least probable; no margin or threshold is a round number.
LOGITS = (0.5, 1.2, -0.8)
#: how much of a target that must not be one-hot lies at the first class
SOFT = 0.8


@dataclass(frozen=True)
class Example:
    """A loss with arguments at which it has a value and derivatives.

    ``logits`` is (K,), the true class the first. ``target`` is its index 0, a row (K,), or None for a loss that has
    none. ``setting`` says in LaTeX what the parameters are, "" where there are none.
    """

    rows: Rows
    logits: Array
    target: int | Array | None
    setting: str

    @property
    def size(self) -> int:
        return len(self.logits)

    @property
    def target_row(self) -> Array | None:
        """The target as one number a class."""
        return np.eye(self.size)[self.target] if isinstance(self.target, int) else self.target


def example(loss: Loss, kernel: Kernel) -> Example:
    """The example of a loss.

    Raises FigureError where the loss has no finite value and derivatives there, for no kind of target.
    """
    size = max(len(LOGITS), kernel.least_classes)
    logits = np.concatenate([LOGITS, np.zeros(size - len(LOGITS))])
    rows = Rows(kernel, {p.name: _parameter(p, size) for p in loss.params})
    setting = ", ".join(f"${_equation(p, rows.params[p.name], symbols_of(loss))}$" for p in loss.params)
    for target in _targets(kernel, size):
        given = (logits, target)
        results = (rows.value(*given), rows.gradient(*given), rows.hessian(*given))
        if all(np.isfinite(r).all() for r in results):
            return Example(rows, logits, target, setting)
    raise FigureError(
        f"{loss.name} or a derivative of it is not finite at the logits {list(LOGITS)}, so that there is nothing to "
        "draw: look at its statement and at the defaults of its parameters"
    )


def symbols_of(loss: Loss) -> Symbols:
    """The letters that a loss gives its parameters."""
    return {p.name: p.symbol for p in loss.params if p.symbol}


def _targets(kernel: Kernel, size: int) -> list[int | Array | None]:
    """Targets to try: the true class, one-hot, then one that is nowhere 0 (a logarithm of it may be taken)."""
    if "none" in kernel.programs:
        return [None]
    if "index" in kernel.programs:
        return [0]
    one_hot = np.eye(size)[0]
    return [one_hot, SOFT * one_hot + (1 - SOFT) / (size - 1) * (1 - one_hot)]


def _parameter(p: Param, size: int) -> Any:
    """The default; without one, 1 or 1/2 as the domain allows, and for one value a class a row that falls."""
    if p.default is not None:
        return p.default
    if p.shape:
        # another model's logits or probabilities, the frequencies of classes: all equal, they may have no effect
        falling = np.linspace(1.5, 0.0, size)
        return falling if p.domain == "real" else (falling + 0.75) / (falling + 0.75).sum()
    return 0.5 if p.domain == "unit" else 1.0


def _equation(p: Param, value: Any, symbols: Symbols) -> str:
    name = latex_letter(p.name, ("k",) if p.shape else (), symbols)
    if np.ndim(value) == 0:
        return f"{name} = {latex_number(float(value))}"
    vector = latex_letter(p.name, (), symbols) if p.name in symbols else latex_vector(p.name)
    return f"{vector} = {latex_row(np.round(value, 3).tolist())}"
