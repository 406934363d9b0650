"""For which losses the Euclidean norm of the gradient stays below the square root of 2, and for which not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.figure import Figure, Notation, Table
from symce.figures.letters import mathtext, number
from symce.figures.rows import named, two_classes
from symce.figures.style import canvas, dot, ink, note, series

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

WEIGHT, GAMMA = 3.0, 2.0


def figure() -> Figure:
    p, highest = peak()
    table = data()
    weighted = number(table.numbers("weighted").max(), 3)
    above = table.numbers("p_c")[table.numbers("focal") > table.numbers("cross_entropy")].max()
    return Figure(
        name="sqrt-two",
        title="Where the norm of the gradient exceeds the square root of 2",
        caption=(
            r"The Euclidean norm of the gradient for $K = 2$. Cross-entropy stays below $\sqrt{2}$. Neither "
            rf"cross-entropy with a class weight $w_c = {WEIGHT:g}$ nor focal loss with $\gamma = {GAMMA:g}$ does: the "
            rf"focal loss reaches ${highest:.3f}$ at $\ph_c = {p:.3f}$, the weighted loss tends to "
            rf"${WEIGHT:g}\sqrt{{2}} \approx {weighted}$ as $\ph_c \to 0$."
        ),
        alt=(
            "Three curves of the gradient's norm against the probability of the true class, and a line at the square "
            f"root of 2, 1.414. Weighted cross-entropy falls in a straight line from {weighted} to 0, cross-entropy "
            f"from 1.414 to 0. Focal loss starts at 1.414, rises to {highest:.3f} at probability {p:.3f}, and falls "
            f"to 0, below cross-entropy from about {above:.2f} on."
        ),
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns p_c, cross_entropy, weighted, focal: Euclidean norms of the gradient."""
    p = np.linspace(0.0, 1.0, 401)
    z = two_classes(p)
    norms = {
        "cross_entropy": named("cross_entropy").gradient(z, 0),
        "weighted": named("weighted_cross_entropy").at(w=WEIGHT).gradient(z, 0),
        "focal": named("focal").at(gamma=GAMMA).gradient(z, 0),
    }
    return Table.of(p_c=p, **{name: np.linalg.norm(g, axis=1) for name, g in norms.items()})


@cache
def peak() -> tuple[float, float]:
    """Where focal loss has the largest gradient, and how large it is."""
    p = np.linspace(0.001, 0.999, 99_801)
    norm = np.linalg.norm(named("focal").at(gamma=GAMMA).gradient(two_classes(p), 0), axis=1)
    n = int(norm.argmax())
    return float(p[n]), float(norm[n])


def draw(notation: Notation) -> Canvas:
    picture, (axes,) = canvas(height_cm=7.0)
    table = data()
    p = table.numbers("p_c")
    axes.axhline(np.sqrt(2), color=ink(), linewidth=0.8, linestyle=(0, (1, 2)))
    note(axes, r"$\sqrt{2} \approx 1.414$", (1.0, np.sqrt(2)), (0, 3), ha="right", va="bottom")
    for n, name in enumerate(("cross_entropy", "weighted", "focal")):
        axes.plot(p, table.numbers(name), **series(n))
    note(axes, f"weighted cross-entropy, $w_c = {WEIGHT:g}$", (0.3, 0.7 * WEIGHT * np.sqrt(2)), (6, 2))
    note(axes, "cross-entropy", (0.5, 0.5 * np.sqrt(2)), (7, 5))
    note(axes, rf"focal, $\gamma = {GAMMA:g}$", (0.4, table.numbers("focal")[160]), (-12, -6), ha="right", va="top")
    x, y = peak()
    dot(axes, x, y, "C2")
    note(axes, f"{y:.3f}", (x, y), (0, 6), ha="center", va="bottom")
    axes.set(xlim=(0, 1.01), ylim=(0, 4.4))
    axes.set_xlabel(mathtext(r"probability of the true class, $\ph_c$", notation))
    axes.set_ylabel(r"$\|\nabla_{\mathbf{z}}\mathcal{L}\|_2$")
    return picture
