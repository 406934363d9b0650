"""Figures of handouts, drawn by Matplotlib from the numbers of symce's own kernels.

figure.py     what a figure is, and its files
style.py      the look: sizes, colours, light and dark
letters.py    labels in a notation, numbers in LaTeX
rows.py       kernels run on rows of logits
bars.py, heatmap.py, surface.py, inline.py
chapter/      the figures of the chapter, one file each
example.py, loss.py   the figures of any one loss

Nothing here imports Matplotlib before something is drawn.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

from symce.figures.figure import Figure, Notation, Table, save, svg
from symce.figures.loss import of_loss
from symce.figures.style import FigureError, Theme

#: in the order in which the chapter comes to them
_CHAPTER = (
    "neg_log", "gradient_magnitude", "sqrt_two", "gradient_flow", "softmax_jacobian", "hessian", "loss_surface",
    "smoothed_targets", "focal_family", "clamped_log",
)  # fmt: skip


@cache
def _chapter() -> tuple[Figure, ...]:
    return tuple(import_module(f"{__name__}.chapter.{module}").figure() for module in _CHAPTER)


def catalogue() -> dict[str, Figure]:
    """The figures of the chapter by name, in its order. Their words hold numbers, so that kernels are derived here."""
    return {figure.name: figure for figure in _chapter()}


__all__ = ["Figure", "FigureError", "Notation", "Table", "Theme", "catalogue", "of_loss", "save", "svg"]
