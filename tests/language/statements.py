"""Losses to state in tests: a short way to write one, with the parameters that its text names."""

from __future__ import annotations

from symce.losses.loss import Loss, Param

PARAMS = (
    Param("gamma", domain="nonnegative", default=2.0),
    Param("eps", domain="unit", default=0.1),
    Param("T", domain="positive", default=1.0),
    Param("w", domain="nonnegative", default=1.0, shape="K"),
    Param("t", default=None, shape="NxK"),
)


def loss(value: str, target: str = "index", logits: str = "z[k]", params: tuple[Param, ...] | None = None) -> Loss:
    """A loss named ``sample``; of PARAMS, those whose name occurs in the texts, unless ``params`` says which."""
    if params is None:
        words = set("".join(ch if ch.isalnum() else " " for ch in value + " " + logits).split())
        params = tuple(p for p in PARAMS if p.name in words)
    return Loss("sample", "A sample", target, value, params, logits)  # type: ignore[arg-type]
