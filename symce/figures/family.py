"""A loss and its gradient for several values of its first parameter that is one number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from symce.algebra.letters import latex_letter
from symce.figures.example import Example, symbols_of
from symce.figures.figure import Figure, Notation, Table
from symce.figures.letters import latex_number, number
from symce.figures.style import canvas, series
from symce.losses.loss import Loss, Param

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

#: A family is worth drawing where its curves lie apart by this part of the range of the loss.
APART = 0.1


def family(loss: Loss, at: Example, curve: Callable[[Example], Table]) -> Figure | None:
    """The figure, or None for a loss without such a parameter. ``curve`` gives a member's columns."""
    param = next((p for p in loss.params if not p.shape), None)
    if param is None:
        return None
    members = _members(param, at, curve)
    letter = latex_letter(param.name, (), symbols_of(loss))

    @cache
    def data() -> Table:
        tables = [(value, table) for value, table in members.items()]
        return Table.of(
            parameter=np.concatenate([np.full(len(t.columns["logit"]), value) for value, t in tables]),
            **{n: np.concatenate([t.numbers(n) for _, t in tables]) for n in ("logit", "loss", "gradient_1")},
        )

    def draw(notation: Notation) -> Canvas:
        picture, (left, right) = canvas(2, height_cm=6.2)
        for n, value in enumerate(members):
            table = data().where("parameter", value)
            label = f"${letter} = {latex_number(value)}$"
            left.plot(table.numbers("logit"), table.numbers("loss"), label=label, **series(n))
            right.plot(table.numbers("logit"), table.numbers("gradient_1"), **series(n))
        picture.legend(loc="outside upper center", ncols=len(members))
        for axes in (left, right):
            axes.set_xlabel("logit $z_1$")
        left.set_ylabel(r"loss $\mathcal{L}$")
        right.set_ylabel(r"gradient $\partial\mathcal{L}/\partial z_1$")
        return picture

    values = ", ".join(f"${latex_number(v)}$" for v in members)
    fixed = ", ".join(part for part in at.setting.split(", ") if not part.startswith(f"${letter} ="))
    middle = {v: t.numbers("loss")[np.abs(t.numbers("logit")).argmin()] for v, t in members.items()}
    return Figure(
        name=f"{loss.name}-by-{param.name}".replace("_", "-"),
        title=f"{loss.title}: for several values of {param.name}",
        caption=(
            rf"The loss and its derivative at the first class for ${letter}$ equal to {values}, against $z_1$."
            + (f" Other parameters: {fixed}." if fixed else "")
        ),
        alt=(
            f"Two panels with {len(members)} curves each, one for each value of {param.name}. At logit 0 the loss is "
            + ", ".join(f"{number(x)} for {number(v)}" for v, x in middle.items())
            + "."
        ),
        draw=draw,
        data=data,
    )


def _members(param: Param, at: Example, curve: Callable[[Example], Table]) -> dict[float, Table]:
    """Values of the parameter in its domain with their curves: around the default, so far apart that one sees it.

    A value at which the loss is not finite anywhere (0, for one that divides by the parameter) is no member.
    """
    default = float(at.rows.params[param.name])
    reach = 1.0
    nearest: dict[float, Table] = {}
    while True:
        found = {}
        for value in _values(param.domain, default, reach):
            table = curve(replace(at, rows=at.rows.at(**{param.name: value})))
            if all(np.isfinite(table.numbers(name)).any() for name in ("loss", "gradient_1")):
                found[value] = table
        spread = _spread([t.numbers("loss") for t in found.values()])
        if spread >= APART:
            return found
        if reach >= 1e6 or (param.domain == "unit" and reach * default >= 1):
            return nearest or found  # the parameter has hardly any effect: nothing is gained by going far
        nearest = nearest or found
        reach *= 10


def _values(domain: str, default: float, reach: float) -> list[float]:
    """Four values or so. ``reach``: how far they go, in defaults (or ones, where the default is 0)."""
    unit = (abs(default) or 1.0) * reach
    if domain == "real":
        values = [-unit, 0.0, default, 2 * unit]
    elif domain == "positive":
        values = [default / 2, default, 2 * unit, 4 * unit]
    else:
        values = [0.0, default, unit / 2, unit, 2 * unit]
    top = 1.0 if domain == "unit" else np.inf
    return sorted({min(v, top) for v in values})


def _spread(curves: list[np.ndarray]) -> float:
    """How far the curves lie apart at most, relative to the range of all."""
    together = np.stack(curves)
    together = together[:, np.isfinite(together).all(axis=0)]
    if together.size == 0:
        return np.inf
    extent = float(together.max() - together.min())
    return float((together.max(axis=0) - together.min(axis=0)).max()) / extent if extent else 0.0
