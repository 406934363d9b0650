"""Cross-entropy over two logits, the third at 0."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.figure import Figure, Notation, Table
from symce.figures.letters import number
from symce.figures.rows import named
from symce.figures.surface import SPAN, sampled, surface

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


#: closer together where the loss is small
LEVELS = (0.0, 0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.1)


def figure() -> Figure:
    table = data()
    loss = table.numbers("loss")
    middle = loss[np.flatnonzero(np.hypot(table.numbers("z_1"), table.numbers("z_2")) < 1e-9)[0]]
    low, middle, high = (number(x) for x in (loss.min(), middle, loss.max()))
    return Figure(
        name="loss-surface",
        title="Cross-entropy over two logits",
        caption=(
            r"Cross-entropy for three classes over $z_1$, the logit of the true class, and $z_2$, with $z_3 = 0$. The "
            r"arrows are $-\nabla\mathcal{L}$, the way that gradient descent goes: $1 - \ph_1$ to the right and "
            r"$\ph_2$ down, so long as the prediction is wrong, and hardly anywhere once it is right. The surface is "
            "convex and has no minimum: the loss tends to 0 towards the lower right."
        ),
        alt=(
            f"Contour lines of the loss over two logits from minus {SPAN:g} to {SPAN:g}. The loss is {high} in the "
            f"upper left corner, {middle} in the middle and {low} in the lower right corner. Arrows point to the right "
            "and downwards; they are longest in the upper left and vanish in the lower right."
        ),
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns z_1, z_2, loss, gradient_1, gradient_2."""
    return sampled(named("cross_entropy"), 3, 0)


def draw(notation: Notation) -> Canvas:
    return surface(data(), title=r"$\mathcal{L}$ (nats), true class $c = 1$, $z_3 = 0$", levels=LEVELS)
