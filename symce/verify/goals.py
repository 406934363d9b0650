"""What stands beside the logits in a measurement of accuracy: targets of every kind, parameters, weights, smoothing."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symce.losses.loss import Loss, Param
from symce.verify.case import Array, parameter, rounded
from symce.verify.regimes import Logits
from symce.verify.rounding import FORMATS

INDEX = ("top", "second", "last", "masked")
DENSE = (
    "one-hot at the top",
    "one-hot at the bottom",
    "near one-hot",
    "spread",
    "with zeros",
    "near the softmax",
    "the softmax, rounded",
)
LABELS = ("right", "wrong", "mixed", "soft", "near the sigmoid")
#: parameters that are one number a sample and class, such as the logits of a teacher
OF_ROWS = ("near the logits", "apart", "nearer the logits", "the logits")
#: kinds at which a divergence is next to nothing
NEAR = ("near the softmax", "the softmax, rounded", "near the logits", "nearer the logits", "the logits")
#: kinds of which each entry is 0 or 1
HARD = (*INDEX, *DENSE[:2], *LABELS[:3])


@dataclass(frozen=True)
class Goal:
    """A target of a row: a class, or (K,) numbers of the dtype, or None; ``of_rows``: parameters (K,) of this row."""

    kind: str
    target: Any = None
    of_rows: Mapping[str, Array] = field(default_factory=dict)

    @property
    def hard(self) -> bool:
        """Whether nothing but the true class counts."""
        return self.kind in HARD

    @property
    def near(self) -> bool:
        """Whether the target is next to the prediction."""
        return self.kind in NEAR


@dataclass(frozen=True)
class Setting:
    """Keyword arguments that hold for all rows of a call; numbers of the dtype."""

    params: Mapping[str, Any] = field(default_factory=dict)
    weight: Array | None = None
    label_smoothing: float = 0.0

    def text(self) -> str:
        """The arguments, as one would write them."""
        given: dict[str, Any] = dict(self.params)
        if self.weight is not None:
            given["weight"] = self.weight
        if self.label_smoothing:
            given["label_smoothing"] = self.label_smoothing
        return ", ".join(f"{n}={a.tolist() if isinstance(a, np.ndarray) else a!r}" for n, a in given.items())


def kinds(loss: Loss, form: str, regime: str) -> tuple[str, ...]:
    """The kinds of targets that a loss has in a form ("index", "dense" or "none")."""
    if form == "index":
        return INDEX if regime == "half masked" else INDEX[:3]
    if form == "dense":
        return LABELS if loss.target == "multilabel" else DENSE
    return OF_ROWS if any(p.shape == "NxK" for p in loss.params) else ("",)


def goal(loss: Loss, form: str, kind: str, logits: Logits, dtype: str) -> Goal:
    """The target of a kind for a row of logits; the same for the same row always."""
    z = logits.row
    rng = np.random.default_rng([zlib.crc32(f"{kind} {dtype}".encode()), zlib.crc32(z.tobytes())])
    target: Any = None
    if form == "index":
        target = _index(kind, z)
    elif form == "dense":
        drawn = _labels(kind, z, rng) if loss.target == "multilabel" else _distribution(kind, z, rng, dtype)
        target = rounded(drawn, dtype).astype(np.float64)
        # below the normal numbers a target has few bits, and a product with it none to spare
        target = np.where(target < math.ldexp(1.0, FORMATS[dtype].least), 0.0, target)
    of_rows = {p.name: _of_row(p, kind, z, rng, dtype) for p in loss.params if p.shape == "NxK"}
    return Goal(kind, target, of_rows)


def _index(kind: str, z: Array) -> int:
    order = np.argsort(-z, kind="stable")
    finite = int(np.isfinite(z).sum())
    return int(order[{"top": 0, "second": min(1, finite - 1), "last": finite - 1, "masked": -1}[kind]])


def _distribution(kind: str, z: Array, rng: np.random.Generator, dtype: str) -> Array:
    """Of masked classes the share is 0."""
    size, open_ = len(z), np.isfinite(z)
    p = softmax(z)
    if kind.startswith("one-hot"):
        chosen = np.argmax(z) if kind.endswith("top") else np.argmin(np.where(open_, z, np.inf))
        return onehot(size, int(chosen))
    if kind == "the softmax, rounded":
        return p
    if kind == "near the softmax":
        y = p * (1 + 1e-3 * rng.normal(size=size))
    else:
        y = np.where(open_, rng.exponential(size=size), 0.0)
        if kind == "near one-hot":
            # so small that what is left for the largest is near 1, and yet a number of the dtype
            y *= 1e-4 if dtype in ("float32", "float64") else 2e-2
            y[rng.choice(np.flatnonzero(open_))] = 1
        elif kind == "with zeros":
            y[rng.permutation(size)[: size // 2]] = 0
    total = y.sum()
    return np.asarray(y / total) if total > 0 else onehot(size, int(np.argmax(z)))


def onehot(size: int, c: int) -> Array:
    return np.asarray(np.arange(size) == c, dtype=np.float64)


def _labels(kind: str, z: Array, rng: np.random.Generator) -> Array:
    if kind in ("right", "wrong"):
        return np.where((z > 0) == (kind == "right"), 1.0, 0.0)
    if kind == "mixed":
        return rng.integers(0, 2, len(z)).astype(float)
    if kind == "soft":
        return rng.uniform(0, 1, len(z))
    return np.asarray(np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z))))


def _of_row(p: Param, kind: str, z: Array, rng: np.random.Generator, dtype: str) -> Array:
    if p.domain != "real" or kind == "apart" or kind not in OF_ROWS:
        drawn = parameter(p, rng, (1, len(z)), "float64")[0] * (3 if p.domain == "real" else 1)
        drawn = np.where(np.isneginf(z), -np.inf, drawn) if p.domain == "real" else drawn
    else:
        drawn = z + {"near the logits": 1e-2, "nearer the logits": 1e-5, "the logits": 0.0}[kind] * rng.normal(
            size=len(z)
        )
    return rounded(drawn, dtype).astype(np.float64)


def softmax(z: Array) -> Array:
    with np.errstate(all="ignore"):
        e = np.exp(z - z.max())
    return np.asarray(e / e.sum())


#: values of a parameter by its domain, beside its default: ends of the domain, small ones, large ones
_VALUES = {
    "real": (-1.3, 0.0, 2.6),
    "nonnegative": (0.5, 1.0, 0.0, 2.0, 5.0),
    "positive": (0.07, 0.5, 2.3, 7.7),
    "unit": (0.0, 1e-3, 0.5, 0.9),
}


def settings(loss: Loss, size: int, dtype: str, *, weight: bool, label_smoothing: bool) -> Iterator[Setting]:
    """Values of the parameters: the defaults first, then others of their domains, each value of each once or more.

    ``weight``, ``label_smoothing``: the kernel takes these too; they come with the defaults of the parameters.
    """
    rng = np.random.default_rng([zlib.crc32(f"{loss.name} {dtype}".encode()), size])
    named = [p for p in loss.params if p.shape != "NxK"]
    values = {p.name: _values(p, size, dtype, rng) for p in named}
    count = max((len(v) for v in values.values()), default=1)
    for n in range(count):
        # each parameter a step ahead of the one before, so that their special values do not always meet
        yield Setting({p: v[(n + i) % len(v)] if n else v[0] for i, (p, v) in enumerate(values.items())})
    weights = rounded(rng.uniform(0.2, 2.0, size), dtype) if weight else None
    smoothing = float(rounded(np.asarray(0.1), dtype)) if label_smoothing else 0.0
    defaults = {p: v[0] for p, v in values.items()}
    if weights is not None:
        yield Setting(defaults, weights)
    if smoothing:
        yield Setting(defaults, None, smoothing)
    if weights is not None and smoothing:
        yield Setting(defaults, weights, smoothing)


def _values(p: Param, size: int, dtype: str, rng: np.random.Generator) -> list[Any]:
    numbers = [*([] if p.default is None else [p.default]), *_VALUES[p.domain]]
    found: list[Any] = [float(rounded(np.asarray(x), dtype)) for x in dict.fromkeys(numbers)]
    if p.shape == "K":
        found = [found[0], *(parameter(p, rng, (1, size), dtype) for _ in range(2))]
    return found
