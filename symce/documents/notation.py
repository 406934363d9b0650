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

    def letter(match: re.Match[str]) -> str:
        found = _LETTERS[notation][match[1]]
        # \partial\ph must not become \partialp
        glued = found[0].isalpha() and match.start() > 0 and math[match.start() - 1].isalpha()
        return f" {found}" if glued else found

    return _MACRO.sub(letter, math)
