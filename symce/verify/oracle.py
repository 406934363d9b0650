"""The exact loss, gradient and Hessian-vector product of one row: the statement at as many digits as it takes.

The statement is read from its syntax tree and differentiated exactly (``symce.verify.precise``), at a precision that
shows the smallest probability beside 1, then at twice that, until two readings agree to the digits asked for. A masked
class, a logit of -inf, has the probability 0, and a product with an exact 0 is 0, be the other factor infinite or none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

from symce.losses.loss import Loss
from symce.verify.precise import row_losses
from symce.verify.semantics import Rows

Real = Any

#: readings after which one gives up; each has twice the digits of the one before
READINGS = 5
#: logits further apart than this are apart for good: exp of the distance is not made to show beside 1
SPREAD = 6_000
#: of the digits of a reading, the share that a rounding error of what is 0 may reach up to
NOISE = 0.8


class NoAgreement(ArithmeticError):
    """Two readings of a statement did not agree at any precision tried: it is too ill-conditioned there."""


@dataclass(frozen=True)
class Exact:
    """A row's loss, its gradient (K) and its Hessian times v (K), as mpmath numbers; infinite or NaN where they are."""

    value: Real
    gradient: tuple[Real, ...]
    hvp: tuple[Real, ...]


def oracle(
    loss: Loss,
    logits: Sequence[float],
    target: int | Sequence[float] | None = None,
    params: Mapping[str, Any] | None = None,
    v: Sequence[float] | None = None,
    *,
    digits: int = 30,
) -> Exact:
    """The loss of one row, with its derivatives, right to ``digits`` decimal digits.

    ``logits`` (K), ``target`` (a class index from 0, or K numbers, or None) and ``params`` (numbers, or K numbers; a
    default where one is left out) are taken as the floats that they are. ``v`` (K) is the vector of the Hessian-vector
    product; without it that is 0. At logits further apart than SPREAD, what the statement itself loses as 1 - 1, such
    as log(1 - Sum(y[k]*p[k], k)), is lost; 1 - p[k] is not.

    Raises NoAgreement where no precision tried gives the digits, Undefined where the statement divides by zero.
    """
    z = np.array([logits], dtype=np.float64)
    direction = np.zeros(z.shape[1]) if v is None else np.asarray(v, dtype=np.float64)
    goal: Any = None
    if target is not None:
        goal = np.array([target], dtype=np.int64 if loss.target == "index" else np.float64)
    given = {n: np.asarray(a, dtype=np.float64) for n, a in (params or {}).items()}
    rows = Rows(loss, z, goal, {n: a[None] if _per_row(loss, n) else a for n, a in given.items()}, False)
    finite = z[np.isfinite(z)]
    size = 1.0 + float(np.abs(finite).max(initial=0.0))
    spread = float(np.ptp(finite)) if finite.size else 0.0
    # exp(-spread) and its square show beside 1, or the first is below whatever a float holds
    start = digits + 60 + math.ceil(4 * math.log10(size)) + math.ceil(0.87 * spread if spread < SPREAD else 800)
    start += _detail([finite, *([goal] if goal is not None and loss.target != "index" else []), *given.values()])
    before = _reading(rows, direction, start)
    for reading in range(1, READINGS):
        places = start << reading
        now = _reading(rows, direction, places)
        settled = [_settled(a, b, places // 2, size, digits) for a, b in zip(before, now, strict=True)]
        if None not in settled:
            return Exact(settled[0], tuple(settled[1 : z.shape[1] + 1]), tuple(settled[z.shape[1] + 1 :]))
        before = now
    raise NoAgreement(f"{loss.name}: no {digits} digits at a precision of {places} for logits {list(logits)}")


def _detail(arrays: Sequence[Any]) -> int:
    """The digits that it takes to tell apart the nearest of the inputs, and the smallest of them from 0."""
    least = 1.0
    for array in arrays:
        values = np.sort(np.append(array.ravel(), 0.0))
        gaps = np.diff(values[np.isfinite(values)])
        least = min(least, float(gaps[gaps > 0].min(initial=1.0)))
    return math.ceil(-2 * math.log10(least))


def _per_row(loss: Loss, name: str) -> bool:
    return any(p.name == name and p.shape == "NxK" for p in loss.params)


def _reading(rows: Rows, v: Any, places: int) -> list[Real]:
    """Value, gradient and Hessian times v, computed with so many digits."""
    with mp.workdps(places):
        (found,) = row_losses(rows, 0, v, masked=-mp.inf)
        zeros = [mp.mpf(0)] * rows.logits.shape[1]
        return [found.value, *(found.grad or zeros), *(found.twice or zeros)]


def _settled(a: Real, b: Real, places: int, size: float, digits: int) -> Real | None:
    """The number that two readings agree on, the first at ``places`` digits, the second at twice that; None if none.

    ``size`` is that of the logits: errors of 0 grow with it.
    """
    if mp.isnan(a) or mp.isnan(b):
        return mp.nan if mp.isnan(a) and mp.isnan(b) else None
    if a == b:
        return b
    with mp.workdps(2 * places):
        if mp.isfinite(b) and abs(a - b) <= abs(b) * mp.mpf(10) ** -digits:
            return b
        noise = mp.mpf(10) ** (-NOISE * places)
        if abs(a) <= noise * mp.mpf(size) ** 4 and abs(b) <= noise**2 * mp.mpf(size) ** 4:
            return mp.mpf(0)
    return None
