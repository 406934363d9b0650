"""How large the gradient of cross-entropy is, in three norms, against the probability of the true class."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.figure import Figure, Notation, Table
from symce.figures.letters import mathtext, number
from symce.figures.rows import named
from symce.figures.style import canvas, dot, ink, note, series

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

CLASSES = 10
TABLE_POINTS = (0.01, 0.5, 0.99)


def figure() -> Figure:
    points = data().where("mark", 1.0)
    listed = ", ".join(
        f"{number(float(v), 2)} at {p:g}"
        for p, v in zip(points.columns["p_c"], points.columns["maximum_norm"], strict=True)
    )
    least = number(data().numbers("euclidean_even")[0], 4)
    return Figure(
        name="gradient-magnitude",
        title="The size of the gradient against the probability of the true class",
        caption=(
            r"The gradient $\bph - \mathbf{y}$ of cross-entropy in three norms. The maximum norm is $1 - \ph_c$, the "
            r"sum of absolute values $2(1 - \ph_c)$. The Euclidean norm depends on how the other classes share "
            rf"$1 - \ph_c$: it lies in the band, which is drawn for $K = {CLASSES}$, smallest where they share evenly, "
            r"and $\sqrt{2}\,(1 - \ph_c)$ where one has it all. Hence the bound $\sqrt{2}$. The dots are the "
            r"magnitudes at $\ph_c = 0.01$, $0.5$ and $0.99$."
        ),
        alt=(
            "Straight lines that fall to zero where the true class has probability one. From the value at probability "
            "zero, the norm of absolute values falls from 2, the maximum norm from 1, and the Euclidean norm is a band "
            f"between lines from {least} and from the square root of 2, which is drawn as a bound. "
            f"Marked on the maximum norm are {listed}."
        ),
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns p_c, sum_norm, maximum_norm, euclidean_even, euclidean_single, mark (1 at the points of the table)."""
    curve = np.linspace(0.0, 1.0, 101)
    p = np.concatenate([curve, TABLE_POINTS])
    with np.errstate(divide="ignore"):
        true, rest = np.log(p)[:, None], np.log1p(-p)[:, None]
    even = np.hstack([true, np.repeat(rest - np.log(CLASSES - 1), CLASSES - 1, axis=1)])
    single = np.hstack([true, rest, np.full((len(p), CLASSES - 2), -np.inf)])
    shared, alone = (named("cross_entropy").gradient(z, 0) for z in (even, single))
    return Table.of(
        p_c=p,
        sum_norm=np.abs(shared).sum(axis=1),
        maximum_norm=np.abs(shared).max(axis=1),
        euclidean_even=np.linalg.norm(shared, axis=1),
        euclidean_single=np.linalg.norm(alone, axis=1),
        mark=[0.0] * len(curve) + [1.0] * len(TABLE_POINTS),
    )


def draw(notation: Notation) -> Canvas:
    picture, (axes,) = canvas(height_cm=7.4)
    curve, points = data().where("mark", 0.0), data().where("mark", 1.0)
    p = curve.numbers("p_c")
    axes.axhline(np.sqrt(2), color=ink(), linewidth=0.8, linestyle=(0, (1, 2)))
    note(axes, r"bound $\sqrt{2}$", (1.0, np.sqrt(2)), (0, 3), ha="right", va="bottom")
    axes.fill_between(
        p, curve.numbers("euclidean_even"), curve.numbers("euclidean_single"), color="C2", alpha=0.3, lw=0
    )
    lines = (("sum_norm", 1), ("euclidean_single", 2), ("euclidean_even", 2), ("maximum_norm", 0))
    for name, n in lines:
        axes.plot(p, curve.numbers(name), **series(n))
    note(axes, mathtext(r"$\|\bph - \mathbf{y}\|_1 = 2(1 - \ph_c)$", notation), (0.22, 1.56), (6, 2))
    leader = {"arrowstyle": "-", "linewidth": 0.6, "color": ink(), "shrinkB": 0}
    band = mathtext(rf"$\|\bph - \mathbf{{y}}\|_2$, $K = {CLASSES}$", notation)
    note(axes, band, (0.42, 0.7), (70, 42), arrowprops=leader, va="center")
    note(axes, mathtext(r"$\|\bph - \mathbf{y}\|_\infty = 1 - \ph_c$", notation), (0.2, 0.8), (-8, -21), ha="center")
    dot(axes, points.numbers("p_c"), points.numbers("maximum_norm"))
    for x, y, offset in zip(
        points.numbers("p_c"), points.numbers("maximum_norm"), [(9, -10), (-6, -10), (13, 5)], strict=True
    ):
        note(axes, f"{y:.2f}", (x, y), offset, ha="center", va="center")
    axes.set(xlim=(0, 1.07), ylim=(0, 2.05))
    axes.set_xlabel(mathtext(r"probability of the true class, $\ph_c$", notation))
    axes.set_ylabel(r"norm of $\nabla_{\mathbf{z}}\mathcal{L}$")
    return picture
