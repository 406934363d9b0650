"""The softmax Jacobian at the chapter's example."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from symce.figures.chapter.gradient_flow import LOGITS
from symce.figures.figure import Figure, Notation, Table
from symce.figures.heatmap import Matrix, entries, heatmaps, matrix
from symce.figures.letters import latex_row, mathtext
from symce.figures.rows import PARTITION, rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


def figure() -> Figure:
    lines = "; ".join(", ".join(f"{x:.3f}" for x in row) for row in matrix(data()))
    return Figure(
        name="softmax-jacobian",
        title="The softmax Jacobian",
        caption=(
            r"The softmax Jacobian $\partial\ph_k/\partial z_j = \ph_k(\delta_{kj} - \ph_j)$ at "
            rf"$\mathbf{{z}} = {latex_row(LOGITS)}$. It is symmetric and its rows sum to zero: a logit that grows "
            "raises its own probability by as much as it lowers the others together."
        ),
        alt=f"A matrix of three by three cells, positive on the diagonal and negative elsewhere. Its rows: {lines}.",
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns row, column, value."""
    return entries(rows(PARTITION).hessian(LOGITS))


def draw(notation: Notation) -> Canvas:
    title = mathtext(r"$\partial\ph_k / \partial z_j$", notation)
    row_label = mathtext(r"row $k$ (probability $\ph_k$)", notation)
    return heatmaps([Matrix(title, matrix(data()), row_label, "column $j$ (logit $z_j$)")], height_cm=6.6)
