"""From logits to the gradient: z, softmax, target, and their difference, for the chapter's example."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.bars import Panel, bars
from symce.figures.figure import Figure, Notation, Table
from symce.figures.letters import latex_row, mathtext
from symce.figures.rows import named, softmax

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

LOGITS = (2.0, 1.0, 0.5)
TRUE_CLASS = 0


def figure() -> Figure:
    table = data()
    rounded = {name: ", ".join(f"{x:.4f}" for x in table.numbers(name)) for name in ("probability", "gradient")}
    loss = named("cross_entropy").value(LOGITS, TRUE_CLASS)[0]
    return Figure(
        name="gradient-flow",
        title="From the logits to the gradient",
        caption=(
            rf"Cross-entropy for the logits $\mathbf{{z}} = {latex_row(LOGITS)}$ with the true class $c = 1$ (index 0 "
            rf"in the code; hatched): the softmax $\bph$, the target $\mathbf{{y}}$, and the gradient "
            rf"$\bph - \mathbf{{y}}$. The loss is ${loss:.4f}$. The gradient is negative at the true class alone, and "
            "sums to zero."
        ),
        alt=(
            "Four panels with one bar for each of three classes. Logits: 2, 1, 0.5. Probabilities: "
            f"{rounded['probability']}. Target: 1, 0, 0. Gradient: {rounded['gradient']}."
        ),
        draw=draw,
        data=data,
    )


@cache
def data() -> Table:
    """Columns class (from 1), logit, probability, target, gradient."""
    return Table.of(
        **{"class": np.arange(1, len(LOGITS) + 1)},
        logit=LOGITS,
        probability=softmax(LOGITS)[0],
        target=np.eye(len(LOGITS))[TRUE_CLASS],
        gradient=named("cross_entropy").gradient(LOGITS, TRUE_CLASS)[0],
    )


def draw(notation: Notation) -> Canvas:
    table = data()
    labels = {
        "logit": "logits $z_k$",
        "probability": mathtext(r"softmax $\ph_k$", notation),
        "target": "target $y_k$",
        "gradient": mathtext(r"gradient $\ph_k - y_k$", notation),
    }
    panels = [
        Panel(label, table.numbers(n).tolist(), "logit" if n == "logit" else "unit") for n, label in labels.items()
    ]
    return bars(panels, classes=["1", "2", "3"], marked=TRUE_CLASS, height_cm=5.6)
