"""symce: from a loss stated once, as mathematics, to its derivation, its proof and its kernels.

    from symce import Loss, Param, derive

    loss = Loss("poly1", "Poly-1 loss", "index", "-log(p[c]) + eps*(1 - p[c])", (Param("eps", default=1.0),))
    derive(loss)                       # a notebook shows the loss, every step to its gradient, and what else follows
    derive(loss).gradient.final        # one proof, shown likewise

Names are imported when they are first asked for: ``import symce`` alone loads no SymPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symce.derivation.derive import derive
    from symce.losses import catalogue
    from symce.losses.loss import Loss, Param

__version__ = "0.1.0"

_HOMES = {
    "Loss": "symce.losses.loss",
    "Param": "symce.losses.loss",
    "catalogue": "symce.losses",
    "derive": "symce.derivation.derive",
}

__all__ = ["Loss", "Param", "__version__", "catalogue", "derive"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'symce' has no attribute {name!r}; it has: {', '.join(__all__)}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value  # the next access finds it at once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
