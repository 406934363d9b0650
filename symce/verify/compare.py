"""Comparing what a kernel returned with what it must return; a tally keeps the worst error and the first failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symce.verify.case import Array
from symce.verify.report import Failure, Row

#: Half and bfloat16 are computed in float32 and rounded once.
TOLERANCE = {"float64": 64 * 2.0**-52, "float32": 64 * 2.0**-23, "float16": 4 * 2.0**-10, "bfloat16": 4 * 2.0**-7}
#: Computed in float64 and rounded once: half a unit in the last place, and what float64 itself is short of.
WIDE = {"float32": 0.51 * 2.0**-23, "float16": 0.51 * 2.0**-10, "bfloat16": 0.51 * 2.0**-7}
#: At extreme logits, where only what must not happen is looked for: NaN, infinity, a wrong limit.
LOOSE = {"float64": 1e-9, "float32": 1e-3, "float16": 1e-2, "bfloat16": 5e-2}


@dataclass(frozen=True)
class Difference:
    """The worst relative error of an array, and where it is."""

    error: float
    position: tuple[int, ...] = ()
    expected: float | None = None
    got: float | None = None


def difference(got: Array, expected: Array, scale: Array, counted: Array | None = None) -> Difference:
    """The worst |got - expected| / (|expected| + scale); infinite where one is NaN or infinite and the other not.

    ``counted``: the entries that are looked at; None: all. NaN in both, or the same infinity, is right.
    """
    if np.shape(got) != np.shape(expected):
        return Difference(float("inf"), (), None, None)
    with np.errstate(all="ignore"):
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        error = np.abs(got - expected) / (np.abs(expected) + scale)
        error = np.where(same, 0.0, np.where(np.isfinite(error), error, np.inf))
    if counted is not None:
        error = np.where(counted, error, 0.0)
    if error.size == 0:
        return Difference(0.0)
    worst = np.unravel_index(int(np.argmax(error)), error.shape)
    return Difference(float(error[worst]), tuple(map(int, worst)), float(expected[worst]), float(got[worst]))


@dataclass
class Tally:
    """The worst error of one check of one kernel in one dtype, over its cases."""

    what: str
    dtype: str
    allowed: float
    reference: str
    error: float = 0.0
    cases: int = 0
    note: str = ""
    failure: Failure | None = None

    def add(self, found: Difference, call: str, arguments: Callable[[], Mapping[str, Any]]) -> None:
        """Count a case; ``arguments`` gives what the failing call was made with, should it fail."""
        self.cases += 1
        self.error = max(self.error, found.error)
        if found.error > self.allowed and self.failure is None:
            self.failure = Failure(
                f"{self.what}: {found.got!r} where {found.expected!r} is right, a relative error of {found.error:.3g}; "
                f"allowed: {self.allowed:.3g}",
                self.what,
                call,
                arguments(),
                found.position,
                found.expected,
                found.got,
            )

    def fail(self, message: str, call: str, arguments: Callable[[], Mapping[str, Any]]) -> None:
        """Count a case that could not be compared: the kernel raised, or returned something of another shape."""
        self.cases += 1
        self.error = float("inf")
        if self.failure is None:
            self.failure = Failure(message, self.what, call, arguments())

    def row(self, loss: str, target: str) -> Row:
        ok = self.failure is None and self.cases > 0
        return Row(
            loss, target, self.what, self.dtype, self.reference, self.error, self.allowed, self.cases, ok, self.note,
            self.failure,
        )  # fmt: skip


@dataclass
class Board:
    """The tallies of one kernel, made when they are first asked for, in that order."""

    loss: str
    target: str
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)

    def tally(self, what: str, dtype: str = "", allowed: float = 0.0, reference: str = "") -> Tally:
        return self.tallies.setdefault((what, dtype), Tally(what, dtype, allowed, reference))

    def rows(self) -> list[Row]:
        return [t.row(self.loss, self.target) for t in self.tallies.values()]
