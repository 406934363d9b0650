"""The letters of running text: which LaTeX \\ph, \\pt and \\qm stand for in a notation."""

from __future__ import annotations

import re
from typing import Literal

_LETTERS: dict[str, dict[str, str]] = {
    "hat-pi": {
        "ph": r"\hat{\pi}",
        "bph": r"\hat{\boldsymbol{\pi}}",
        "bPh": r"\hat{\mathbf{P}}",
        "pt": "p",
        "bpt": r"\mathbf{p}",
        "qm": "q",
        "bqm": r"\mathbf{q}",
    },
    "p": {
        "ph": "p",
        "bph": r"\mathbf{p}",
        "bPh": r"\mathbf{P}",
        "pt": "y",
        "bpt": r"\mathbf{y}",
        "qm": "p",
        "bqm": r"\mathbf{p}",
    },
}
_MACRO = re.compile(r"\\(b?p[ht]|bPh|b?qm)(?![A-Za-z])")


def expand(math: str, notation: Literal["hat-pi", "p"]) -> str:
    """LaTeX with the letters of the notation in the places of the macros."""
    return _MACRO.sub(lambda m: _LETTERS[notation][m[1]], math)
