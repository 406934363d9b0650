"""Text in figures: LaTeX of captions as Matplotlib's mathtext prints it, and numbers as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from symce.figures.style import FigureError

if TYPE_CHECKING:
    from symce.figures.figure import Notation

_LETTERS = {
    "hat-pi": {"ph": r"\hat{\pi}", "bph": r"\hat{\boldsymbol{\pi}}"},
    "p": {"ph": "{p}", "bph": r"\mathbf{p}"},
}
_MARK = re.compile(r"\\(b?ph)(?![A-Za-z])")


def mathtext(text: str, notation: Notation) -> str:
    """A label with ``\\ph`` and ``\\bph`` in it, in the letters of a notation. Raises FigureError for another one."""
    if notation not in _LETTERS:
        raise FigureError(f"no notation {notation!r}; the notations are: {', '.join(_LETTERS)}")
    return _MARK.sub(lambda m: _LETTERS[notation][m[1]], text)


def number(x: float, digits: int = 3) -> str:
    """A number to so many significant digits, as plain text: 0.693, 4.61, -1e-10."""
    text = f"{x:.{digits}g}"
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else text


def latex_number(x: float, digits: int = 3) -> str:
    """A number in LaTeX: ``0.693``, ``10^{-4}``, ``2.5 \\times 10^{-7}``."""
    mantissa, _, exponent = number(x, digits).partition("e")
    if not exponent:
        return mantissa
    power = f"10^{{{exponent}}}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, rf"{mantissa} \times {power}")


def latex_row(values: Sequence[float]) -> str:
    """Numbers in brackets: ``[2, 1, 0.5]``."""
    return f"[{', '.join(latex_number(x) for x in values)}]"


def cells(values: Sequence[float]) -> list[str]:
    """Numbers that stand side by side, in one format: as they are where one decimal says all, three decimals where
    these say enough, powers of ten elsewhere.
    """
    if all(number(x, 3) == f"{x:.1f}".removesuffix(".0") for x in values):
        return [number(x, 3).replace("-", "\N{MINUS SIGN}") for x in values]
    largest = max((abs(x) for x in values if x == x), default=0.0)
    if largest == 0 or 0.05 <= largest < 1000:
        return ["0" if x == 0 else f"{round(x, 3) + 0.0:.3f}".replace("-", "\N{MINUS SIGN}") for x in values]
    return ["0" if x == 0 else f"${latex_number(x, 2)}$" for x in values]
