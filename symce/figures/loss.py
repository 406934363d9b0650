"""The figures of any one loss, also of one that a user has stated."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.bars import Panel, bars
from symce.figures.example import Example, example
from symce.figures.family import family
from symce.figures.figure import Figure, Notation, Table
from symce.figures.heatmap import Matrix, entries, heatmaps, matrix
from symce.figures.letters import cells, latex_number, latex_row, mathtext, number
from symce.figures.rows import rows, softmax
from symce.figures.style import canvas, series
from symce.figures.surface import SPAN, sampled, surface
from symce.kernel.ir import Const
from symce.kernel.kernel import Kernel
from symce.losses.loss import Loss

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

#: the logit of the true class along curves
FROM, TO, POINTS = -5.0, 6.0, 221


def of_loss(loss: Loss, kernel: Kernel | None = None) -> tuple[Figure, ...]:
    """Figures of a loss: against the logit of the true class, over its first parameter, gradient, Hessian, surface.

    Without its ``kernel`` at hand, it is derived. A loss without a parameter that is one number has no family; one
    whose second derivatives are 0 everywhere has no Hessian. Raises FigureError where the loss is not finite at the
    example, or has no finite value in a picture.
    """
    at = example(loss, rows(loss).kernel if kernel is None else kernel)
    figures = [_against_logit(loss, at), family(loss, at, curve), _gradient(loss, at), _hessian(loss, at)]
    return (*(f for f in figures if f is not None), _surface(loss, at))


def curve(at: Example) -> Table:
    """Columns logit (the first), loss, gradient_1, ..., gradient_K: the other logits stay as they are."""
    line = np.linspace(FROM, TO, POINTS)
    logits = np.tile(at.logits, (POINTS, 1))
    logits[:, 0] = line
    gradient = at.rows.gradient(logits, at.target)
    each = {f"gradient_{k + 1}": gradient[:, k] for k in range(at.size)}
    return Table.of(logit=line, loss=at.rows.value(logits, at.target), **each)


def _figure(
    loss: Loss,
    kind: str,
    title: str,
    caption: str,
    alt: str,
    draw: Callable[[Notation], Canvas],
    data: Callable[[], Table],
) -> Figure:
    return Figure(f"{loss.name.replace('_', '-')}-{kind}", f"{loss.title}: {title}", caption, alt, draw, data)


def _words(at: Example) -> str:
    """The target and the parameters, as the end of a caption."""
    target = at.target_row
    what = "" if target is None else rf" The target is $\mathbf{{y}} = {latex_row(np.round(target, 3).tolist())}$."
    return what + (f" Parameters: {at.setting}." if at.setting else "")


def _against_logit(loss: Loss, at: Example) -> Figure:
    data = cache(partial(curve, at))

    def draw(notation: Notation) -> Canvas:
        picture, (left, right) = canvas(2, height_cm=6.2)
        table = data()
        left.plot(table.numbers("logit"), table.numbers("loss"))
        for k in range(at.size):
            entry = table.numbers(f"gradient_{k + 1}")
            right.plot(table.numbers("logit"), entry, label=f"$j = {k + 1}$", **series(k))
        picture.legend(loc="outside upper right", ncols=at.size)
        for axes in (left, right):
            axes.set_xlabel("logit $z_1$")
        left.set_ylabel(r"loss $\mathcal{L}$")
        right.set_ylabel(r"gradient $\partial\mathcal{L}/\partial z_j$")
        return picture

    others = latex_row(at.logits[1:].tolist())
    true = "" if at.target is None else ", the logit of the true class"
    ends = data().numbers("loss")[[0, -1]]
    return _figure(
        loss, "against-logit", "against one logit",
        rf"The loss and each entry of its gradient against $z_1${true}, the other logits fixed at ${others}$."
        + _words(at),
        f"Two panels against the first logit from {FROM:g} to {TO:g}. Left the loss, which is {number(ends[0])} at the "
        f"left end and {number(ends[1])} at the right. Right the derivatives with respect to the {at.size} logits.",
        draw, data,
    )  # fmt: skip


def _gradient(loss: Loss, at: Example) -> Figure:
    gradient = at.rows.gradient(at.logits, at.target)[0]
    columns = {"logit": at.logits}
    labels = {"logit": "logits $z_k$"}
    if "p[" in loss.value and loss.logits == "z[k]":
        columns["probability"], labels["probability"] = softmax(at.logits)[0], r"softmax $\ph_k$"
    if at.target_row is not None:
        columns["target"], labels["target"] = at.target_row, "target $y_k$"
    columns["gradient"], labels["gradient"] = gradient, r"$\partial\mathcal{L}/\partial z_k$"

    @cache
    def data() -> Table:
        return Table.of(**{"class": np.arange(1, at.size + 1)}, **columns)

    def draw(notation: Notation) -> Canvas:
        scales = {"probability": "unit", "target": "unit"}
        panels = [
            Panel(mathtext(label, notation), data().numbers(n).tolist(), scales.get(n, n))
            for n, label in labels.items()
        ]
        classes = [str(k + 1) for k in range(at.size)]
        return bars(panels, classes=classes, marked=None if at.target is None else 0, height_cm=5.6)

    words = [f"{name.capitalize()}: {', '.join(cells(column.tolist()))}." for name, column in columns.items()]
    flat = " The second derivatives of the loss are zero." if _flat(at) else ""
    return _figure(
        loss, "gradient", "the gradient at one example",
        rf"The gradient at $\mathbf{{z}} = {latex_row(at.logits.tolist())}$.{flat}{_words(at)}",
        f"Bars for each class. {' '.join(words)}",
        draw, data,
    )  # fmt: skip


def _flat(at: Example) -> bool:
    """Whether the second derivatives are 0 for all logits: the kernel computes nothing for them."""
    hvp = next(iter(at.rows.kernel.programs.values())).outputs["hvp"]
    return isinstance(hvp, Const) and hvp.value == 0


def _hessian(loss: Loss, at: Example) -> Figure | None:
    if _flat(at):
        return None
    values = at.rows.hessian(at.logits, at.target)

    @cache
    def data() -> Table:
        return entries(values)

    def draw(notation: Notation) -> Canvas:
        title = r"$\partial^2\mathcal{L} / \partial z_j \partial z_l$"
        labels = ("row $l$ (logit $z_l$)", "column $j$ (logit $z_j$)")
        return heatmaps([Matrix(title, matrix(data()), *labels)], height_cm=6.6)

    eigenvalues = np.linalg.eigvalsh(values)
    least = eigenvalues[0]
    if least >= -1e-12 * np.abs(eigenvalues).max():  # 0 but for rounding, as along the vector of ones
        sign = "positive semidefinite here"
    else:
        sign = rf"not positive semidefinite: its smallest eigenvalue is ${latex_number(least)}$; the loss is not convex"
    lines = "; ".join(", ".join(cells(row)) for row in values.tolist())
    return _figure(
        loss, "hessian", "the Hessian at one example",
        rf"Second derivatives at $\mathbf{{z}} = {latex_row(at.logits.tolist())}$. The matrix is {sign}.{_words(at)}",
        f"A matrix of {at.size} by {at.size} cells. Its rows: {lines}.",
        draw, data,
    )  # fmt: skip


def _surface(loss: Loss, at: Example) -> Figure:
    data = cache(partial(sampled, at.rows, at.size, at.target))
    others = "" if at.size == 2 else r", the other logits $0$"

    def draw(notation: Notation) -> Canvas:
        return surface(data(), title=rf"loss $\mathcal{{L}}${others}")

    finite = data().numbers("loss")[np.isfinite(data().numbers("loss"))]
    return _figure(
        loss, "over-two-logits", "over two logits",
        rf"The loss over $z_1$ and $z_2${others}. The arrows are $-\nabla\mathcal{{L}}$, the way that gradient descent "
        f"goes.{_words(at)}",
        f"Contour lines of the loss over two logits from minus {SPAN:g} to {SPAN:g}, with arrows downhill. The loss "
        f"lies between {number(finite.min())} and {number(finite.max())}.",
        draw, data,
    )  # fmt: skip
