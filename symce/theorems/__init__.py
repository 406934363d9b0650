"""What every derivation rests on, and what connects the losses: theorems, one idea a file, each derived.

A module of this folder that defines ``prove() -> tuple[Proof, ...]`` is a chapter; its proofs cite only each other and
the rules.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from symce.derivation.proof import Proof


@cache
def chapters() -> dict[str, tuple[Proof, ...]]:
    """The proofs of every chapter, by its name."""
    names = sorted(m.name for m in iter_modules(__path__))
    return {name: import_module(f"{__name__}.{name}").prove() for name in names}


__all__ = ["chapters"]
