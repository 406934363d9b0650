"""The catalogue: one file a loss. A module of this folder that defines LOSS is in it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from symce.losses.loss import Loss, Param


@cache
def _catalogue() -> tuple[Loss, ...]:
    modules = (import_module(f"{__name__}.{m.name}") for m in iter_modules(__path__))
    return tuple(sorted((m.LOSS for m in modules if hasattr(m, "LOSS")), key=lambda loss: loss.name))


def catalogue() -> dict[str, Loss]:
    """Every loss that comes with symce, by name, in order of the names."""
    return {loss.name: loss for loss in _catalogue()}


__all__ = ["Loss", "Param", "catalogue"]
