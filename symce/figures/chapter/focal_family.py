"""Focal loss and the size of its gradient for several focusing parameters."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.figure import Figure, Notation, Table
from symce.figures.letters import mathtext, number
from symce.figures.rows import named, two_classes
from symce.figures.style import canvas, series

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

GAMMAS = (0.0, 0.5, 1.0, 2.0, 5.0)


def figure() -> Figure:
    half = {g: float(named("focal").at(gamma=g).value(two_classes([0.5]), 0)[0]) for g in GAMMAS}
    listed = ", ".join(f"{number(v, 2)} for gamma {g:g}" for g, v in half.items())
    return Figure(
        name="focal-family",
        title="Focal loss for several focusing parameters",
        caption=(
            r"Focal loss $-(1 - \ph_c)^\gamma\log \ph_c$ (left) and the size of its gradient at the true class, which "
            r"is the maximum norm of the whole gradient (right). $\gamma = 0$ is cross-entropy. A larger $\gamma$ "
            r"takes loss and gradient off examples that are right already; but where $\ph_c$ is small, the gradient "
            r"for $\gamma > 0$ is larger than that of cross-entropy."
        ),
        alt=(
            "Two panels against the probability of the true class, five curves each. Left the loss, which falls faster "
            f"to zero the larger gamma is: at probability 0.5 it is {listed}. Right the size of the gradient: for "
            "gamma 0 a straight line from 1 to 0; for larger gamma a curve that first rises above 1 and then falls "
            "below the line."
        ),
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns gamma, p_c, loss, gradient (its size at the true class)."""
    p = np.concatenate([np.geomspace(0.001, 0.02, 60)[:-1], np.linspace(0.02, 1.0, 197)])
    z = two_classes(p)
    focal = {g: named("focal").at(gamma=g) for g in GAMMAS}
    return Table.of(
        gamma=np.repeat(GAMMAS, len(p)),
        p_c=np.tile(p, len(GAMMAS)),
        loss=np.concatenate([f.value(z, 0) for f in focal.values()]),
        gradient=np.concatenate([np.abs(f.gradient(z, 0)[:, 0]) for f in focal.values()]),
    )


def draw(notation: Notation) -> Canvas:
    picture, (left, right) = canvas(2, height_cm=6.6)
    for n, gamma in enumerate(GAMMAS):
        curve = data().where("gamma", gamma)
        left.plot(curve.numbers("p_c"), curve.numbers("loss"), label=f"{gamma:g}", **series(n))
        right.plot(curve.numbers("p_c"), curve.numbers("gradient"), **series(n))
    left.legend(title=r"$\gamma$", title_fontsize=9)
    left.set(xlim=(0, 1.01), ylim=(0, 4))
    right.set(xlim=(0, 1.01), ylim=(0, None))
    for axes in (left, right):
        axes.set_xlabel(mathtext(r"probability of the true class, $\ph_c$", notation))
    left.set_ylabel(mathtext(r"loss $-(1 - \ph_c)^\gamma \log \ph_c$ (nats)", notation))
    right.set_ylabel(r"$|\partial\mathcal{L}/\partial z_c|$")
    return picture
