"""What a verification found: plain data that the command line prints as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Failure:
    """The first case that failed, with all that is needed to run it again.

    ``call`` names the function; ``arguments`` are what it was given, arrays as {"dtype", "shape", "data"}; ``expected``
    and ``got`` are the values at ``position``, the worst entry of ``quantity``.
    """

    message: str
    quantity: str = ""
    call: str = ""
    arguments: Mapping[str, Any] | None = None
    position: tuple[int, ...] = ()
    expected: float | None = None
    got: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "message": self.message,
            "quantity": self.quantity,
            "call": self.call,
            "arguments": None if self.arguments is None else {n: plain(a) for n, a in self.arguments.items()},
            "position": list(self.position),
            "expected": _number(self.expected),
            "got": _number(self.got),
        }


@dataclass(frozen=True)
class Row:
    """One check of one kernel in one dtype: the worst error over its cases, and what is allowed.

    ``error`` is relative to the size of the terms that the result is a sum of. ``dtype`` is "" where the check has no
    dtype of its own. ``reference`` says what the kernel was compared with, ``note`` what the check left out, and why.
    """

    loss: str
    target: str
    what: str
    dtype: str
    reference: str
    error: float
    allowed: float
    cases: int
    ok: bool
    note: str = ""
    failure: Failure | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "loss": self.loss,
            "target": self.target,
            "what": self.what,
            "dtype": self.dtype,
            "reference": self.reference,
            "error": _number(self.error),
            "allowed": _number(self.allowed),
            "cases": self.cases,
            "ok": self.ok,
            "note": self.note,
            "failure": None if self.failure is None else self.failure.to_json(),
        }


@dataclass(frozen=True)
class Report:
    """All rows of a verification, in order of loss and target. ``notes`` say what could not be checked here."""

    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every check passed, and there was one."""
        return bool(self.rows) and all(row.ok for row in self.rows)

    @property
    def failures(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.ok)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON data: numbers that JSON has no word for (NaN, infinity) are strings."""
        return {"ok": self.ok, "rows": [row.to_json() for row in self.rows], "notes": list(self.notes)}


def plain(value: Any) -> Any:
    """An argument as JSON data that gives it back exactly."""
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "shape": list(value.shape), "data": [_number(x) for x in value.ravel()]}
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return _number(value)
    return value


def _number(x: Any) -> Any:
    if x is None or isinstance(x, int | np.integer):
        return None if x is None else int(x)
    x = float(x)
    return x if math.isfinite(x) else str(x)
