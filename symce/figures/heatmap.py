"""Matrices as coloured cells with their values written in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from symce.figures.figure import Table
from symce.figures.letters import cells
from symce.figures.style import canvas, diverging, paper, readable_on

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Matrix:
    """A square matrix, one row and column a class. The labels are in mathtext."""

    title: str
    values: NDArray[np.float64]
    rows: str
    columns: str


def heatmaps(matrices: Sequence[Matrix], *, height_cm: float) -> Canvas:
    """The matrices side by side, all on one scale of colours that is symmetric about 0."""
    picture, all_axes = canvas(len(matrices), height_cm=height_cm)
    largest = max(float(np.nanmax(np.abs(m.values))) for m in matrices) or 1.0
    colours = diverging()
    for axes, matrix in zip(all_axes, matrices, strict=True):
        size = len(matrix.values)
        edges = np.arange(size + 1) + 0.5
        axes.pcolormesh(
            edges, edges, matrix.values, cmap=colours, vmin=-largest, vmax=largest, edgecolors=paper(), linewidth=1.5
        )
        texts = iter(cells(matrix.values.ravel().tolist()))
        for (row, column), value in np.ndenumerate(matrix.values):
            ink = readable_on(colours(0.5 + 0.5 * value / largest))
            axes.text(column + 1, row + 1, next(texts), ha="center", va="center", color=ink)
        axes.set(xticks=range(1, size + 1), yticks=range(1, size + 1), aspect="equal")
        axes.invert_yaxis()  # the first row on top, as matrices are written
        axes.grid(visible=False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_title(matrix.title, loc="center")
        axes.set_xlabel(matrix.columns)
        axes.set_ylabel(matrix.rows)
    return picture


def entries(values: NDArray[np.float64], **more: str) -> Table:
    """A matrix as a table with the columns row, column (counted from 1) and value, and ``more`` that are constant."""
    rows, columns = np.indices(values.shape)
    constant = {name: [word] * values.size for name, word in more.items()}
    return Table.of(**constant, row=rows.ravel() + 1, column=columns.ravel() + 1, value=values.ravel())


def matrix(table: Table) -> NDArray[np.float64]:
    """The matrix of such a table."""
    size = int(table.numbers("row").max())
    return table.numbers("value").reshape(size, size)
