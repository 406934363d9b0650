"""What -log(p + 1e-10) does to the loss: a ceiling, no gradient below it, and values under zero."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.figure import Figure, Notation, Table
from symce.figures.letters import latex_number, number
from symce.figures.rows import Array, named
from symce.figures.style import canvas, ink, note, series

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

CLAMP = 1e-10


def figure() -> Figure:
    loss = data().numbers("clamped")
    ceiling, least = f"{loss.max():.2f}", number(loss.min(), 2)
    exact = data().numbers("exact").max()
    return Figure(
        name="clamped-log",
        title="The loss with a clamped logarithm",
        caption=(
            r"The loss of one sample against the margin by which the true class leads, in float64: exact, and as "
            r"$-\log(\ph_c + 10^{-10})$, which some code computes so that the logarithm of zero never comes up. The "
            rf"clamped loss has a ceiling of ${ceiling}$, where its slope is zero and a wrong prediction is no longer "
            rf"corrected (left); and it falls below zero, to ${latex_number(loss.min(), 2)}$, for one that is "
            "right (right, on a scale that is linear about zero and logarithmic beyond)."
        ),
        alt=(
            "Two panels against the margin of the true class. Left, the exact loss falls in a straight line from "
            f"{exact:g} at margin {data().numbers('margin').min():g} to about zero, while the clamped loss stays at "
            f"{ceiling} until the margin is about -{ceiling}. Right, for positive margins, the exact loss tends to "
            f"zero from above; the clamped loss crosses zero near margin {ceiling} and ends at {least}."
        ),
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns margin (z_c less the other logit), exact and clamped loss."""
    margin = np.linspace(-40.0, 40.0, 641)
    z = np.stack([margin, np.zeros_like(margin)], axis=1)
    return Table.of(margin=margin, exact=named("cross_entropy").value(z, 0), clamped=clamped(z))


def clamped(logits: Array) -> Array:
    """-log(p_0 + 1e-10) with the softmax written down plainly: the code that is criticised, not a kernel."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(-np.log(e[:, 0] / e.sum(axis=1) + CLAMP))


def draw(notation: Notation) -> Canvas:
    picture, (left, right) = canvas(2, height_cm=6.6)
    table = data()
    margin, exact, cut = (table.numbers(n) for n in ("margin", "exact", "clamped"))
    for axes in (left, right):
        axes.plot(margin, exact, **series(0))
        axes.plot(margin, cut, **series(1))
        axes.set_xlabel("margin of the true class, $z_c - z_k$")
    note(left, "exact", (-32, 32), (8, 2))
    note(left, "clamped", (-39, cut.max()), (0, -12))
    note(left, f"{cut.max():.2f}", (-39, cut.max()), (0, 4))
    left.set(xlim=(-40, 10), ylim=(-1, 41))
    left.set_ylabel("loss (nats)")
    right.set_yscale("symlog", linthresh=1e-11, linscale=0.8)
    right.axhspan(-1e-8, 0, color="C1", alpha=0.12, lw=0)
    right.axhline(0, color=ink(), linewidth=0.6)
    note(right, "exact", (25, 1e-10), (8, 0))
    note(right, "clamped", (24, -1e-10), (6, 6))
    right.annotate("negative", (1, 0), (0, -12), textcoords="offset points")
    right.set(xlim=(0, 40), ylim=(-2e-9, 2), yticks=[-1e-10, 0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1])
    right.set_ylabel("loss (nats)")
    return picture
