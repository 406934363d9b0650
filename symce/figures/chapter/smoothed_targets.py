"""Two ways to smooth a target: eps shared by the other classes, or by all."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.figures.figure import Figure, Notation, Table
from symce.figures.rows import Array, named, softmax
from symce.figures.style import HATCHES, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

CLASSES, EPS, TRUE_CLASS = 5, 0.1, 0
FORMS = {"others": "label_smoothing", "all": "label_smoothing_uniform"}


def figure() -> Figure:
    at = {form: _pair(data().numbers(form)) for form in FORMS}
    return Figure(
        name="smoothed-targets",
        title="Two ways to smooth a target",
        caption=(
            rf"The smoothed target $\tilde{{y}}_k$ for $K = {CLASSES}$, $\epsilon = {EPS:g}$ and the true class "
            rf"$c = {TRUE_CLASS + 1}$. Where the other classes share $\epsilon$, $\epsilon/(K - 1)$ each, the true "
            r"class keeps $1 - \epsilon$. Where all classes share it, $\epsilon/K$ each, as in PyTorch, the true class "
            r"keeps $1 - \epsilon + \epsilon/K$. They are the same for "
            r"$\epsilon_{\mathrm{PyTorch}} = \epsilon K/(K - 1)$."
        ),
        alt=(
            f"Pairs of bars for {CLASSES} classes. Shared by the other classes: {at['others'][0]} at the true class "
            f"and {at['others'][1]} at each other. Shared by all: {at['all'][0]} at the true class and {at['all'][1]} "
            "at each other."
        ),
        draw=draw,
        data=data,
    )


def _pair(target: Array) -> tuple[str, str]:
    return f"{target[TRUE_CLASS]:.3f}", f"{target[TRUE_CLASS + 1]:.3f}"


@cache
def data() -> Table:
    """Columns class (from 1), others, all: the target, read off the gradient, which is softmax less target."""
    z = np.zeros(CLASSES)
    targets = {form: softmax(z)[0] - named(loss).at(eps=EPS).gradient(z, TRUE_CLASS)[0] for form, loss in FORMS.items()}
    return Table.of(**{"class": np.arange(1, CLASSES + 1)}, **targets)


def draw(notation: Notation) -> Canvas:
    picture, (axes,) = canvas(height_cm=6.2)
    table = data()
    classes = table.numbers("class")
    labels = {
        "others": r"$\epsilon/(K - 1)$ to each other class",
        "all": r"$\epsilon/K$ to every class (PyTorch)",
    }
    for n, (form, label) in enumerate(labels.items()):
        x = classes + (n - 0.5) * 0.42
        axes.bar(x, table.numbers(form), width=0.38, color=f"C{n}", hatch=HATCHES[n], linewidth=0, label=label)
        for place, value in zip(x, table.numbers(form), strict=True):
            axes.annotate(
                f"{value:.3f}", (place, value), (0, 2), textcoords="offset points", ha="center", va="bottom",
                fontsize=7.5,
            )  # fmt: skip
    axes.legend(loc="upper right")
    axes.grid(visible=False, axis="x")
    axes.set(ylim=(0, 1.02), xticks=classes)
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("class $k$")
    axes.set_ylabel(r"smoothed target $\tilde{y}_k$")
    return picture
