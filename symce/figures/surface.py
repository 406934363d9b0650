"""A loss over two logits: contours, and arrows the way that gradient descent goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from symce.figures.figure import Table
from symce.figures.letters import number
from symce.figures.rows import Rows
from symce.figures.style import FigureError, canvas, ink, sequential

if TYPE_CHECKING:
    from matplotlib.contour import ContourSet
    from matplotlib.figure import Figure as Canvas

SPAN = 4.0
GRID = 81
#: every how many points of the grid an arrow starts
STRIDE = 10
_ARROWS: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.0045, "zorder": 4}


def sampled(rows: Rows, size: int, target: ArrayLike | None) -> Table:
    """Loss and gradient over the first two of ``size`` logits, the others 0.

    Columns z_1, z_2, loss, gradient_1, gradient_2. Raises FigureError where the loss is nowhere finite.
    """
    line = np.linspace(-SPAN, SPAN, GRID)
    first, second = (a.ravel() for a in np.meshgrid(line, line))
    logits = np.zeros((len(first), size))
    logits[:, 0], logits[:, 1] = first, second
    loss, gradient = rows.value(logits, target), rows.gradient(logits, target)
    if not np.isfinite(loss).any():
        raise FigureError(
            f"{rows.kernel.name} has no finite value for any logits from {-SPAN:g} to {SPAN:g}: look at its statement "
            "and at the defaults of its parameters"
        )
    return Table.of(z_1=first, z_2=second, loss=loss, gradient_1=gradient[:, 0], gradient_2=gradient[:, 1])


def surface(table: Table, *, title: str, levels: Sequence[float] | None = None, height_cm: float = 8.6) -> Canvas:
    """The drawing, blank where the loss is not finite; without ``levels``, some ten that are evenly spaced."""
    from matplotlib.ticker import MaxNLocator

    square = {name: np.ma.masked_invalid(table.numbers(name).reshape(GRID, GRID)) for name in table.columns}
    z_1, z_2, loss = square["z_1"], square["z_2"], square["loss"]
    picture, (axes,) = canvas(height_cm=height_cm)
    if levels is None:
        levels = [float(x) for x in MaxNLocator(10).tick_values(float(loss.min()), float(loss.max()))]
    axes.contourf(z_1, z_2, loss, levels, cmap=sequential())
    lines = axes.contour(z_1, z_2, loss, levels, colors=ink(), linewidths=0.5, linestyles="solid")
    places = _label_places(lines)
    if places:
        axes.clabel(lines, fmt=number, fontsize=7.5, manual=places, inline_spacing=3)
    some = np.s_[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
    down = [-square[name][some] for name in ("gradient_1", "gradient_2")]
    length = np.ma.filled(np.ma.hypot(*down), 0.0)
    # the longest arrow is nearly as long as from one to the next
    scale = 0.9 * STRIDE * 2 * SPAN / (GRID - 1) / (float(length.max()) or 1.0)
    axes.quiver(z_1[some], z_2[some], down[0] * scale, down[1] * scale, color=ink(), **_ARROWS)
    axes.set(xlim=(-SPAN, SPAN), ylim=(-SPAN, SPAN), aspect="equal", title=title)
    axes.grid(visible=False)
    axes.set_xlabel("logit $z_1$")
    axes.set_ylabel("logit $z_2$")
    return picture


def _label_places(lines: ContourSet) -> list[tuple[float, float]]:
    """For each line, its point nearest to the middle of the picture, not at the rim and rather between two arrows."""
    places = []
    for segments in lines.allsegs:
        points = np.concatenate([np.empty((0, 2)), *segments])
        inside = points[np.abs(points).max(axis=1) < 0.9 * SPAN]
        between = inside[np.abs(inside[:, 1] - np.round(inside[:, 1])) < 0.2]  # arrows start halfway between numbers
        inside = between if len(between) else inside
        if len(inside):
            x, y = inside[np.hypot(*inside.T).argmin()]
            places.append((float(x), float(y)))
    return places
