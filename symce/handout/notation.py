"""Which letters stand for what: the predicted probability as \\hat\\pi, as in the seed of the course, or as p."""

from __future__ import annotations

from collections.abc import Mapping

from symce.algebra.letters import P_HAT
from symce.handout.options import Notation

#: LaTeX by the name of the letter, for formulas. In a handout the effective target is the smoothed one's letter,
#: for q is a distribution that the first sections are about.
SYMBOLS: dict[Notation, Mapping[str, str]] = {
    "hat-pi": {"q": r"\tilde{y}", "true": "p", "model": "q"},
    "p": {"q": r"\tilde{y}", P_HAT: "p", "P": "P", "true": "y", "model": "p"},
}
