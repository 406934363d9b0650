"""Results against what is exact and what is promised: the worst of each quantity, and the first broken promise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import numpy as np

from symce.verify.accuracy_report import Broken, Figure, Key
from symce.verify.blocks import LABELS, Block, Row
from symce.verify.case import Array
from symce.verify.exact import Entries, Outputs
from symce.verify.promises import CANCELLED, NEVER_NEGATIVE, PRECISIONS, ROW_SUM, promised
from symce.verify.rounding import FORMATS, nearest, ulp, ulps
from symce.verify.structure import more_than_a_scale

#: the order of reports
DTYPES = ("float32", "float64", "float16", "bfloat16")
#: a gradient whose exact sum is below this, beside its largest entry, sums to 0
NOTHING = mp.mpf(10) ** -20


@dataclass
class Judge:
    """The figures of a loss, made as results come in."""

    figures: dict[Key, Figure] = field(default_factory=dict)

    def report(self) -> tuple[Figure, ...]:
        """The figures, in the order of dtypes, precisions and regimes."""
        return tuple(self.figures[key] for key in sorted(self.figures, key=_place))

    def add(
        self, block: Block, by: str, precision: str, results: Mapping[str, Array], exact: Sequence[Outputs | None]
    ) -> None:
        """What was returned for a block: ``results`` by value, gradient and hvp; ``exact`` by row, None: not known.

        ``precision`` "": a peer, of which nothing is promised.
        """
        for i, (row, right) in enumerate(zip(block.rows, exact, strict=True)):
            if right is None:
                continue
            for quantity, array in results.items():
                self.row(block, row, by, precision, quantity, np.atleast_1d(array[i]), getattr(right, quantity))

    def row(self, block: Block, row: Row, by: str, precision: str, quantity: str, got: Array, right: Entries) -> None:
        """One quantity of one row; of derivatives, only where all of them are numbers."""
        if any(mp.isnan(x) or (quantity != "value" and mp.isinf(x)) for x in right.numbers):
            return
        key = Key(block.loss.name, by, block.dtype, precision, row.label, quantity)
        for place, (x, exact, terms) in enumerate(zip(got.tolist(), right.numbers, right.terms, strict=True)):
            named = key
            if quantity == "gradient" and block.form == "index":
                named = _renamed(key, "gradient, true class" if place == row.goal.target else "gradient, others")
            self.entry(block, row, named, place, x, exact, terms)
        if quantity == "gradient":
            self.row_sum(block, row, _renamed(key, "sum of the gradient"), got, right)

    def entry(self, block: Block, row: Row, key: Key, place: int, got: float, exact: Any, terms: Any) -> None:
        """One number."""
        figure = self.figures.setdefault(key, Figure(key))
        figure.entries += 1
        strict = ulps(got, exact, block.dtype)
        of_terms = ulps(got, exact, block.dtype, terms) if strict else 0.0
        figure.strict, figure.of_terms = max(figure.strict, strict), max(figure.of_terms, of_terms)
        wrong = self._counted(figure, got, exact, block.dtype, of_terms)
        if key.precision == "":
            return
        shares = {wrong: math.inf} if wrong else {}
        hard = row.goal.hard and not block.setting.label_smoothing
        for promise in promised(
            block.loss.name,
            key.quantity,
            key.precision,
            row.regime,
            hard=hard,
            near=row.goal.near,
            mapped=more_than_a_scale(block.loss),
        ):
            if promise.losses is None and abs(exact) < mp.ldexp(1, FORMATS[block.dtype].least):
                continue  # of any loss: of results that are normal numbers
            error, bound = (strict if promise.strict else of_terms), promise.ulps(key.precision, block.setting.params)
            kind = "ulp" if promise.strict else "ulp of the larger term"
            shares[f"{error:.3g} {kind}, {bound:.3g} promised ({promise.title})"] = error / bound
        for message, share in shares.items():
            self._promise(figure, share, message, block, row, place, got, exact)

    def _counted(self, figure: Figure, got: float, exact: Any, dtype: str, of_terms: float) -> str:
        """Count a result that is not of the kind of the exact one; what is wrong with it, or ""."""
        right = nearest(exact, dtype)
        if math.isnan(got):
            figure.nans += 1
            return f"NaN for {right!r}"
        if math.isinf(got):
            if got == right:
                return ""
            figure.infinities += 1
            return f"{got!r} for {right!r}"
        if not mp.isfinite(exact):
            figure.wrong_numbers += 1
            return ""
        if got == 0 and abs(right) >= math.ldexp(1.0, FORMATS[dtype].least) and of_terms > CANCELLED:
            figure.zeros += 1
            return "0 for a normal number"
        if got < 0 <= right and figure.key.quantity == "value":
            figure.negatives += 1
            return "negative" if figure.key.loss in NEVER_NEGATIVE else ""
        return ""

    def row_sum(self, block: Block, row: Row, key: Key, got: Array, right: Entries) -> None:
        """The sum of a gradient whose exact sum is 0, in ulps of its largest entry."""
        if not np.isfinite(got).all():
            return
        largest = max(abs(x) for x in right.numbers)
        with mp.workdps(60):
            if largest == 0 or abs(mp.fsum(right.numbers)) > NOTHING * largest:
                return
        figure = self.figures.setdefault(key, Figure(key))
        figure.entries += 1
        total = math.fsum(got.tolist())
        unit = ulp(largest, block.dtype)
        strict, of_terms = (float(abs(total) / max(unit, *more)) for more in ((unit,), self._units(right, block.dtype)))
        figure.strict, figure.of_terms = max(figure.strict, strict), max(figure.of_terms, of_terms)
        if key.precision:
            allowed = ROW_SUM * block.size
            message = f"a sum of {of_terms:.3g} ulp of the largest entry or term, {allowed:.3g} promised"
            self._promise(figure, of_terms / allowed, message, block, row, -1, total, mp.mpf(0))

    def _units(self, right: Entries, dtype: str) -> tuple[Any, ...]:
        """The spacing of the dtype at each of the terms of a gradient."""
        return tuple(ulp(t, dtype) for t in right.terms if mp.isfinite(t))

    def _promise(
        self, figure: Figure, share: float, message: str, block: Block, row: Row, place: int, got: float, exact: Any
    ) -> None:
        """Note how much of a promise is used up; the worst breach is kept."""
        worse = figure.share is None or share > figure.share
        figure.share = share if worse else figure.share
        if share > 1 and (worse or figure.broken is None):
            given = {"logits": row.logits.tolist(), "target": _listed(row.goal.target), "v": row.v.tolist()}
            given |= {n: _listed(a) for n, a in {**block.setting.params, **row.goal.of_rows}.items()}
            given |= {"weight": _listed(block.setting.weight)}
            given |= {"label_smoothing": block.setting.label_smoothing or None}
            shown = {n: a for n, a in given.items() if a is not None}
            figure.broken = Broken(message, shown, place, nearest(exact, block.dtype), got)

    def failed(self, block: Block, by: str, precision: str, message: str) -> None:
        """A call that raised, or returned something of the wrong shape or dtype."""
        for label in dict.fromkeys(row.label for row in block.rows):
            key = Key(block.loss.name, by, block.dtype, precision, label, "call")
            first = next(row for row in block.rows if row.label == label)
            figure = self.figures.setdefault(key, Figure(key))
            self._promise(figure, math.inf, message, block, first, -1, math.nan, mp.nan)

    def unusable(self, loss: str, by: str, message: str) -> None:
        """A kernel that cannot be loaded."""
        key = Key(loss, by, "", "", "", "call")
        self.figures[key] = Figure(key, share=math.inf, broken=Broken(message, {}, -1, math.nan, math.nan))


def _place(key: Key) -> tuple[int, int, int]:
    """Where a figure stands in a report; those of one place stay as they came."""
    orders = ((key.dtype, DTYPES), (key.precision, (*PRECISIONS, "")), (key.regime, LABELS))
    return tuple(order.index(name) if name in order else -1 for name, order in orders)  # type: ignore[return-value]


def _renamed(key: Key, quantity: str) -> Key:
    return Key(key.loss, key.by, key.dtype, key.precision, key.regime, quantity)


def _listed(a: Any) -> Any:
    return a.tolist() if isinstance(a, np.ndarray) else a
