"""The regimes that accuracy is measured in: rows of logits where rounding shows, drawn from fixed seeds.

Margins are not integers: the difference of two integers is exact, and would hide what the shift loses.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from symce.verify.case import Array, rounded
from symce.verify.rounding import nearest, ulp

#: at 84 exp is the smallest that float32 has as normal numbers, and so loses most to a rounded difference
MARGINS = (10, 20, 40, 84, 88, 100, 300, 700)
#: huge logits, where the dtype has them
HUGE = (1e4, 1e30, 3e38, 1e300)
REGIMES = (
    "ordinary",
    "offset 1e4",
    *(f"margin {m}" for m in MARGINS),
    "equal",
    *(f"huge {h:.0e}".replace("+", "") for h in HUGE),
    "half masked",
    "ulp differences",
)


@dataclass(frozen=True)
class Logits:
    """One row of logits (K,), in float64, each a number of the dtype it was drawn for."""

    regime: str
    row: Array


def draws(
    dtype: str, size: int, *, labels: bool = False, distinct: bool = False, regimes: Sequence[str] = REGIMES
) -> Iterator[Logits]:
    """Rows of every regime for a dtype and a number of classes.

    ``labels``: each entry is a label of its own, so that margins are distances from 0, to both sides. ``distinct``:
    rows with two equal logits are left out, for losses that have no derivative there. The same arguments give the same
    rows always.
    """
    for regime in regimes:
        rng = np.random.default_rng([zlib.crc32(f"{regime} {dtype}".encode()), size])
        for row in _rows(regime, dtype, size, labels, rng):
            drawn = rounded(row, dtype).astype(np.float64)
            if not distinct or len(np.unique(drawn)) == size:
                yield Logits(regime, drawn)


def _rows(regime: str, dtype: str, size: int, labels: bool, rng: np.random.Generator) -> Iterator[Array]:
    kind, _, number = regime.partition(" ")
    if kind == "ordinary":
        for _ in range(3):
            yield rng.normal(0, 3, size)
    elif kind == "offset":
        yield rng.normal(0, 3, size) + 1e4
        yield rng.normal(0, 3, size) - 1e4
    elif kind == "margin":
        yield from _apart(float(number), size, labels, rng)
    elif kind == "equal":
        yield np.full(size, rng.uniform(-3, 3))
    elif kind == "huge":
        yield from _huge(float(number), dtype, size, rng)
    elif kind == "half":
        for _ in range(2):
            row = rng.normal(0, 3, size)
            row[rng.permutation(size)[: max(1, size // 2)]] = -np.inf
            yield row
    else:
        for base in (rng.uniform(1, 2), rng.uniform(30, 60)):
            start = float(rounded(np.asarray(base), dtype))
            yield start + rng.integers(-3, 4, size) * float(ulp(start, dtype))


def _apart(margin: float, size: int, labels: bool, rng: np.random.Generator) -> Iterator[Array]:
    """Rows whose true class, or another, leads by a bit more than the margin."""
    if labels:
        for _ in range(2):
            yield rng.choice([-1.0, 1.0], size) * (margin + rng.uniform(0, 1, size))
        return
    above, below = rng.uniform(-3, 0, size), rng.uniform(-3, 0, size)
    place = int(rng.integers(size))
    above[place] = np.delete(above, place).max() + margin + rng.uniform(0.05, 0.95)
    below[place] = np.delete(below, place).min() - margin - rng.uniform(0.05, 0.95)
    yield above
    yield below


def _huge(huge: float, dtype: str, size: int, rng: np.random.Generator) -> Iterator[Array]:
    if not math.isfinite(nearest(huge, dtype)):
        return
    both = ((huge, -huge),) if math.isfinite(nearest(2 * huge, dtype)) else ()  # their distance is a number
    for numbers in ((huge,), (-huge,), *both):
        row = rng.normal(0, 3, size)
        places = rng.permutation(size)[: len(numbers)]
        row[places] = numbers[: len(places)]
        yield row
