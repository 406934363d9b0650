"""What the rows of a block must give, exactly: the oracle's results with class weights and smoothing around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath as mp
import numpy as np

from symce.language import tree as T
from symce.losses.loss import Loss
from symce.verify.blocks import Block, Row
from symce.verify.oracle import NoAgreement, oracle
from symce.verify.semantics import Undefined
from symce.verify.structure import subtrees

Real = Any
#: decimal digits of the oracle: an ulp of float64 is 16 of them
DIGITS = 30


@dataclass(frozen=True)
class Entries:
    """Exact numbers, and for each the size of the terms that it is the sum of."""

    numbers: tuple[Real, ...]
    terms: tuple[Real, ...]


@dataclass(frozen=True)
class Outputs:
    """What a row must give: value (one number, or one a class), gradient (K) and hvp (K)."""

    value: Entries
    gradient: Entries
    hvp: Entries


def outputs(block: Block, row: Row, *, per_entry: bool) -> Outputs | str:
    """The exact results of a row, or why there are none: the statement is not defined there, or too ill-conditioned."""
    params = {**block.setting.params, **row.goal.of_rows}
    target, factors = _effective(block, row, per_entry)
    v = tuple(map(float, row.v))
    try:
        if not per_entry:
            return _scaled([_exact(block.loss, _floats(row.logits), target, _frozen(params), v)], factors)
        if any(isinstance(t, T.Scalar) and t.name == "K" for t in subtrees(block.loss.statement)):
            return "its losses per entry hold K, and have no oracle of their own"
        parts = []
        for k in range(block.size):  # no class enters the term of another: each is a row of one class
            own = _frozen({n: a if np.ndim(a) == 0 else a[k : k + 1] for n, a in params.items()})
            goal = None if target is None else target[k : k + 1]
            parts.append(_exact(block.loss, _floats(row.logits[k : k + 1]), goal, own, v[k : k + 1]))
        return _scaled(parts, factors)
    except (NoAgreement, Undefined) as error:
        return str(error)


def _effective(block: Block, row: Row, per_entry: bool) -> tuple[Any, Sequence[Fraction]]:
    """The target that the statement is to be given, and what its results are to be multiplied with.

    A loss of one true class is multiplied with the weight of the class, a loss of one term a class with those of the
    classes; any other is linear in y, and gets the effective target w ((1 - eps) y + eps / K).
    """
    size, setting, target = block.size, block.setting, row.goal.target
    weight = [Fraction(1)] * size if setting.weight is None else [Fraction(float(w)) for w in setting.weight]
    if target is None:
        return None, [Fraction(1)]
    if per_entry:
        return _floats(target), weight
    if block.loss.target == "index":
        return int(target), [weight[target]]
    y = [float(k == target) for k in range(size)] if block.form == "index" else list(map(float, target))
    if setting.weight is None and not setting.label_smoothing:
        return tuple(y), [Fraction(1)]
    eps = Fraction(setting.label_smoothing)
    return tuple(w * ((1 - eps) * Fraction(x) + eps / size) for w, x in zip(weight, y, strict=True)), [Fraction(1)]


def _scaled(parts: Sequence[Outputs], factors: Sequence[Fraction]) -> Outputs:
    """The results of the parts one after the other, each multiplied with its factor."""
    with mp.workdps(2 * DIGITS):
        sizes = [mp.mpf(f.numerator) / f.denominator for f in factors]
        joined = []
        for name in ("value", "gradient", "hvp"):
            entries = [getattr(part, name) for part in parts]
            pairs = list(zip(entries, sizes, strict=True))
            numbers = tuple(f * x for e, f in pairs for x in e.numbers)
            joined.append(Entries(numbers, tuple(f * x for e, f in pairs for x in e.terms)))
    return Outputs(*joined)


@lru_cache(maxsize=20_000)
def _exact(
    loss: Loss, logits: tuple[float, ...], target: Any, params: tuple[tuple[str, Any], ...], v: tuple[float, ...]
) -> Outputs:
    """The oracle's results; those of the same inputs are shared by dtypes, targets and precisions."""
    found = oracle(loss, logits, target, dict(params), v, digits=DIGITS)
    terms = found.terms
    return Outputs(
        Entries((found.value,), (terms.value,)),
        Entries(found.gradient, terms.gradient),
        Entries(found.hvp, terms.hvp),
    )


def _floats(numbers: Any) -> tuple[float, ...]:
    return tuple(map(float, numbers))


def _frozen(params: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((n, float(a) if np.ndim(a) == 0 else _floats(a)) for n, a in sorted(params.items()))
