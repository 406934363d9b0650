"""Panels of bars side by side, one bar a class, each with its value written at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symce.figures.letters import cells
from symce.figures.style import HATCHES, canvas, ink

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas


@dataclass(frozen=True)
class Panel:
    """One value a class. ``label`` is in mathtext; panels of the same ``scale`` have the same axis."""

    label: str
    values: Sequence[float]
    scale: str


def bars(panels: Sequence[Panel], *, classes: Sequence[str], marked: int | None = None, height_cm: float) -> Canvas:
    """The panels; the bar of the class ``marked`` (from 0) has another colour and is hatched."""
    picture, all_axes = canvas(len(panels), height_cm=height_cm)
    numbered: set[str] = set()
    for axes, panel in zip(all_axes, panels, strict=True):
        places = range(len(panel.values))
        for n, value in zip(places, panel.values, strict=True):
            is_marked = n == marked
            axes.bar(n, value, width=0.62, color="C1" if is_marked else "C0", hatch=HATCHES[is_marked], linewidth=0)
        low, high = _limits([v for p in panels if p.scale == panel.scale for v in p.values])
        axes.set(ylim=(low, high), xlim=(-0.65, len(panel.values) - 0.35))
        axes.tick_params(axis="y", labelleft=panel.scale not in numbered)
        numbered.add(panel.scale)
        axes.axhline(0, color=ink(), linewidth=0.6)
        for n, value, text in zip(places, panel.values, cells(panel.values), strict=True):
            down = value < 0
            axes.annotate(
                text, (n, value), (0, -2 if down else 2), textcoords="offset points", ha="center",
                va="top" if down else "bottom", fontsize=7.5,
            )  # fmt: skip
        axes.set_xticks(list(places), list(classes))
        axes.tick_params(axis="x", length=0)
        axes.grid(visible=False, axis="x")
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel("class $k$")
        axes.set_ylabel(panel.label)
    return picture


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Room for the bars and the numbers at their ends."""
    low, high = min(0.0, *values), max(0.0, *values)
    room = 0.13 * (high - low) or 1.0
    return low - room * (low < 0), high + room * (high > 0 or low == 0)
