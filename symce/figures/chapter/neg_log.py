"""The loss of one sample against the probability of its true class: -log p_c."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.figure import Figure, Notation, Table
from symce.figures.letters import mathtext, number
from symce.figures.rows import named, two_classes
from symce.figures.style import canvas, dot, ink, note

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

KEY_POINTS = (0.01, 0.5, 0.9, 1.0)


def figure() -> Figure:
    points = data().where("mark", 1.0)
    pairs = list(zip(points.columns["p_c"], points.columns["loss"], strict=True))
    listed = ", ".join(f"{number(float(v), 3)} at {p:g}" for p, v in pairs)
    return Figure(
        name="neg-log",
        title="The loss against the probability of the true class",
        caption=(
            r"Cross-entropy of one sample, $-\log \ph_c$, in nats. It is $0$ for a certain and right prediction, grows "
            r"without bound as $\ph_c \to 0$, and is $\log K$ for the uniform prediction $\ph_c = 1/K$."
        ),
        alt=(
            "A curve that falls steeply from the upper left and flattens out to zero at the right: minus the logarithm "
            f"of the true class's probability. Marked are the losses {listed}."
        ),
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns p_c, loss and mark (1 at the key points, 0 along the curve)."""
    curve = np.linspace(0.005, 1.0, 399)
    p = np.concatenate([curve, KEY_POINTS])
    loss = named("cross_entropy").value(two_classes(p), 0)
    return Table.of(p_c=p, loss=loss, mark=[0.0] * len(curve) + [1.0] * len(KEY_POINTS))


def draw(notation: Notation) -> Canvas:
    picture, (axes,) = canvas(height_cm=6.6)
    curve, points = data().where("mark", 0.0), data().where("mark", 1.0)
    axes.plot(curve.numbers("p_c"), curve.numbers("loss"))
    dot(axes, points.numbers("p_c"), points.numbers("loss"))
    offsets = [(8, 0), (6, 7), (-30, 17), (3, 30)]
    sides = ["left", "left", "center", "right"]
    for p, loss, offset, side in zip(points.numbers("p_c"), points.numbers("loss"), offsets, sides, strict=True):
        label = mathtext(rf"$\ph_c = {p:g}$: {loss:.3f}", notation)
        # the two at the right stand off, each at the end of a line of its own
        leader = {"arrowprops": {"arrowstyle": "-", "linewidth": 0.6, "color": ink(), "shrinkB": 3}} if p > 0.5 else {}
        note(axes, label, (p, loss), offset, va="center", ha=side, **leader)
    axes.set(xlim=(0, 1.03), ylim=(-0.12, 5.4))
    axes.set_xlabel(mathtext(r"probability of the true class, $\ph_c$", notation))
    axes.set_ylabel(mathtext(r"loss $-\log \ph_c$ (nats)", notation))
    return picture
