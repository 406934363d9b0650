"""What a measurement of accuracy found: figures by loss, kernel, dtype, precision, regime and quantity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Broken:
    """The entry that breaks a promise by most, with all that is needed to compute it again; arrays as lists."""

    message: str
    arguments: Mapping[str, Any]
    entry: int
    exact: float
    got: float

    def to_json(self) -> dict[str, Any]:
        return {
            "message": self.message,
            "arguments": {n: _plain(a) for n, a in self.arguments.items()},
            "entry": self.entry,
            "exact": _plain(self.exact),
            "got": _plain(self.got),
        }


@dataclass(frozen=True)
class Key:
    """What a figure is of. ``by`` is "numpy", "torch", or how a peer is called; ``precision`` native, wide or half."""

    loss: str
    by: str
    dtype: str
    precision: str
    regime: str
    quantity: str


@dataclass
class Figure:
    """The worst of the entries of one key.

    ``strict``: in ulps of the exact value; ``of_terms``: in ulps of the larger of it and its terms. ``nans``: NaN where
    there is a number or an infinity; ``infinities``: a wrong infinity; ``zeros``: 0 for a normal number that is no mere
    rounding of its terms; ``wrong_numbers``: numbers for infinity; ``negatives``: values below 0 where the exact one is
    not. ``share``: the largest part used up of what is promised, above 1 where a promise is broken; None where nothing
    is promised.
    """

    key: Key
    entries: int = 0
    strict: float = 0.0
    of_terms: float = 0.0
    zeros: int = 0
    nans: int = 0
    infinities: int = 0
    wrong_numbers: int = 0
    negatives: int = 0
    share: float | None = None
    broken: Broken | None = None

    @property
    def ok(self) -> bool:
        return self.broken is None

    def to_json(self) -> dict[str, Any]:
        """As JSON data; an infinite number of ulps is the string "inf"."""
        counts = {n: getattr(self, n) for n in ("zeros", "nans", "infinities", "wrong_numbers", "negatives")}
        return {
            **vars(self.key),
            "entries": self.entries,
            "strict": _plain(self.strict),
            "of_terms": _plain(self.of_terms),
            **counts,
            "share": _plain(self.share),
            "ok": self.ok,
            "broken": None if self.broken is None else self.broken.to_json(),
        }


@dataclass(frozen=True)
class AccuracyReport:
    """All figures, in the order of losses and kernels. ``notes`` say what was left out, and why."""

    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()
    rows: int = field(default=0, kw_only=True)

    @property
    def ok(self) -> bool:
        """Whether no promise is broken, and there was something to measure."""
        return bool(self.figures) and all(f.ok for f in self.figures)

    @property
    def failures(self) -> tuple[Figure, ...]:
        return tuple(f for f in self.figures if not f.ok)

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "rows": self.rows,
            "figures": [f.to_json() for f in self.figures],
            "notes": list(self.notes),
        }


def joined(reports: Sequence[AccuracyReport]) -> AccuracyReport:
    """The reports of several losses as one."""
    notes = dict.fromkeys(note for report in reports for note in report.notes)
    figures = tuple(f for report in reports for f in report.figures)
    return AccuracyReport(figures, tuple(notes), rows=sum(report.rows for report in reports))


def worst(figures: Sequence[Figure], key: Key) -> Figure:
    """One figure of several: the worst of each number, the sum of each count."""
    found = Figure(key)
    for f in figures:
        found.strict, found.of_terms = max(found.strict, f.strict), max(found.of_terms, f.of_terms)
        for name in ("entries", "zeros", "nans", "infinities", "wrong_numbers", "negatives"):
            setattr(found, name, getattr(found, name) + getattr(f, name))
        if f.share is not None and (found.share is None or f.share > found.share):
            found.share = f.share
        if f.broken is not None and (found.broken is None or f.share == found.share):
            found.broken = f.broken
    return found


def _plain(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return [_plain(a) for a in x]
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    return x
