"""What whoever asks for a handout may choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Notation = Literal["hat-pi", "p"]
Style = Literal["delta", "cases", "matrix"]


@dataclass(frozen=True)
class Options:
    """``title`` and ``author`` "" for the handout's own; ``sections`` the labels to keep, () for all.

    ``notation``: the predicted probability as \\hat\\pi or as p. ``style``: the softmax Jacobian with a Kronecker
    delta, by cases, or as a matrix.
    """

    title: str = ""
    author: str = ""
    sections: tuple[str, ...] = ()
    notation: Notation = "hat-pi"
    style: Style = "delta"
