"""The Hessians of cross-entropy and of focal loss at the chapter's logits: one is convex, the other is not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.figure import Figure, Notation, Table
from symce.figures.heatmap import Matrix, entries, heatmaps, matrix
from symce.figures.letters import latex_row
from symce.figures.rows import named

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

GAMMA = 2.0
#: a true class that is improbable: there focal loss is not convex
LOGITS = (2.0, 1.0, -1.5)
TRUE_CLASS = 2


def figure() -> Figure:
    ce, focal = (matrix(data().where("loss", name)) for name in ("cross_entropy", "focal"))
    least = float(np.linalg.eigvalsh(focal)[0])
    lines = ["; ".join(", ".join(f"{x:.3f}" for x in row) for row in h) for h in (ce, focal)]
    return Figure(
        name="hessian",
        title="The Hessians of cross-entropy and focal loss",
        caption=(
            rf"Second derivatives at $\mathbf{{z}} = {latex_row(LOGITS)}$ for the true class $c = {TRUE_CLASS + 1}$. "
            r"Left, cross-entropy: $\mathrm{diag}(\bph) - \bph\bph^\top$, the softmax Jacobian, whatever the true "
            rf"class; it is positive semidefinite. Right, focal loss with $\gamma = {GAMMA:g}$: its smallest "
            rf"eigenvalue is ${least:.3f}$, so focal loss is not convex in the logits."
        ),
        alt=(
            f"Two matrices of three by three cells. Rows for cross-entropy: {lines[0]}. "
            f"Rows for focal loss: {lines[1]}. The smallest eigenvalue of the second is {least:.3f}."
        ),
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns loss, row, column, value."""
    ce = named("cross_entropy").hessian(LOGITS, TRUE_CLASS)
    focal = named("focal").at(gamma=GAMMA).hessian(LOGITS, TRUE_CLASS)
    return entries(ce, loss="cross_entropy").stacked(entries(focal, loss="focal"))


def draw(notation: Notation) -> Canvas:
    titles = {"cross_entropy": "cross-entropy", "focal": rf"focal loss, $\gamma = {GAMMA:g}$"}
    matrices = {name: matrix(data().where("loss", name)) for name in titles}
    labels = ("row $l$ (logit $z_l$)", "column $j$ (logit $z_j$)")
    return heatmaps([Matrix(title, matrices[name], *labels) for name, title in titles.items()], height_cm=6.4)
