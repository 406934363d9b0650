"""The exact loss, gradient and Hessian-vector product of one row: the statement at as many digits as it takes.

The statement is read from its syntax tree and differentiated exactly (``symce.verify.precise``), at two precisions:
what both agree on to the digits asked for is right, if no function was given a number that had lost its digits. Where
one was, or where a result is nothing but what is left of its terms, the readings begin again at a precision that shows
the smallest probability beside 1, and double it until two agree. A masked class, a logit of -inf, has the probability
0, and a product with an exact 0 is 0, be the other factor infinite or none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np

from symce.language import tree as T
from symce.losses.loss import Loss
from symce.verify.dual import ZERO
from symce.verify.precise import Row, number
from symce.verify.probabilities import Infinite
from symce.verify.semantics import Undefined
from symce.verify.structure import subtrees
from symce.verify.tape import Tape

Real = Any

#: readings after which one gives up; each has twice the digits of the one before
READINGS = 5
#: logits further apart than this, or from 0 in exp, are apart for good: exp of the distance is not shown beside 1
SPREAD = 6_000
#: of the digits of a reading, the share that a rounding error of what is 0 may reach up to
NOISE = 0.8


class NoAgreement(ArithmeticError):
    """Two readings of a statement did not agree at any precision tried: it is too ill-conditioned there."""


@dataclass(frozen=True)
class Magnitudes:
    """Sizes, to some digits, of the terms of a row's loss, of its gradient (K) and of its Hessian times v (K).

    The sum of the absolute values of what is added up. For the loss: of the terms of its statement, through products,
    quotients and integer powers; a probability, its complement, the logarithms of both, a log-sum-exp, a function and
    what no logit enters are terms as they are. For the derivatives: of what the chain rule adds up to the entry, where
    the derivatives 1 - p_k of log p_k in z_k, -p_j of it in z_j, and of p_k likewise, are terms as they are.
    """

    value: Real
    gradient: tuple[Real, ...]
    hvp: tuple[Real, ...]


@dataclass(frozen=True)
class Exact:
    """A row's loss, its gradient (K) and its Hessian times v (K), as mpmath numbers; infinite or NaN where they are."""

    value: Real
    gradient: tuple[Real, ...]
    hvp: tuple[Real, ...]
    terms: Magnitudes


@dataclass(frozen=True)
class _Reading:
    """Value, gradient and Hessian times v in one list, with their sizes, at so many digits."""

    numbers: list[Real]
    sizes: list[Real]
    places: int
    doubt: bool
    lost: bool
    reach: float
    #: why there are no numbers: a quotient by what may be 0 but for lost digits
    undefined: Undefined | None = None


def oracle(
    loss: Loss,
    logits: Sequence[Any],
    target: int | Sequence[Any] | None = None,
    params: Mapping[str, Any] | None = None,
    v: Sequence[Any] | None = None,
    *,
    digits: int = 30,
    infinite: Infinite = "nan",
) -> Exact:
    """The loss of one row, with its derivatives, right to ``digits`` decimal digits.

    ``logits`` (K), ``target`` (a class index from 0, or K numbers, or None) and ``params`` (numbers, or K numbers; a
    default where one is left out) are taken exactly: floats as they are, fractions.Fraction and mpmath numbers too.
    ``v`` (K) is the vector of the Hessian-vector product; without it that is 0. A softmax or log-sum-exp with one logit
    of +inf is NaN, or with ``infinite="limit"`` its limit, one-hot. At logits further apart than SPREAD, what the
    statement itself loses as 1 - 1, such as Sum(y[k]*p[k], k) - 1, counts as 0; 1 - p[k] is not lost.

    Raises NoAgreement where no precision tried gives the digits, such as in the logarithm of what is 0 but for rounding
    errors, and Undefined where the statement divides by zero.
    """
    size = len(logits)
    given = {p.name: (params or {}).get(p.name, p.default) for p in loss.params}

    def reading(places: int) -> _Reading:
        with mp.workdps(places):
            tape = Tape(infinite)
            direction = [ZERO] * size if v is None else [number(x) for x in v]
            row = Row.of(loss, [number(x) for x in logits], target, given, direction, tape)
            try:
                (value,) = row.losses()
            except Undefined as error:
                if not tape.lost:
                    raise
                return _Reading([], [], places, True, True, float(tape.reach), error)
            tape.backward(value)
            adjoints = [x.adjoint or tape.constant(ZERO) for x in row.logits]
            numbers = [value.value, *(x.value for x in adjoints), *(x.along for x in adjoints)]
            sizes = [value.size, *(x.size for x in adjoints), *(x.along_size for x in adjoints)]
            return _Reading(numbers, sizes, places, tape.doubt, tape.lost, float(tape.reach))

    inputs = [_floats(logits), *(_floats(a) for a in given.values() if a is not None)]
    if target is not None and loss.target != "index":
        inputs.append(_floats(target))
    finite = inputs[0][np.isfinite(inputs[0])]
    extent = 1.0 + float(np.abs(finite).max(initial=0.0))

    quick = 2 * digits + 20 + math.ceil(2 * math.log10(extent))
    first = reading(quick)
    # an exp or log-sum-exp of the statement's own may lose what is small beside 1 within a number that no logit enters,
    # and that is then taken as it is
    hidden = _exponentials(loss) and 0.44 * first.reach + digits > quick
    if not first.doubt and not hidden:
        second = reading(2 * quick)
        settled = [_agreed(first, second, n, digits) for n in range(2 * size + 1)]
        if not second.doubt and None not in settled:
            return _exact(settled, second.sizes)

    # exp(-reach) and its square show beside 1, or the first is below whatever a float holds
    start = digits + 60 + math.ceil(4 * math.log10(extent))
    start += math.ceil(0.87 * first.reach if first.reach < SPREAD else 800)
    start = max(quick, start + _detail(inputs))
    first = reading(start)
    for turn in range(1, READINGS):
        second = reading(start << turn)
        if first.undefined is not None and second.undefined is not None:
            raise second.undefined
        pairs = zip(first.numbers, second.numbers, strict=False)
        settled = [_settled(a, b, first.places, extent, digits) for a, b in pairs]
        if settled and None not in settled and not second.lost:
            return _exact(settled, second.sizes)
        first = second
    raise NoAgreement(f"{loss.name}: no {digits} digits at a precision of {first.places} for logits {list(logits)}")


def _exponentials(loss: Loss) -> bool:
    """Whether the statement takes exponentials, other than those of p and s."""
    return any(
        isinstance(t, T.LogSumExp) or (isinstance(t, T.Apply) and t.function == "exp") for t in subtrees(loss.statement)
    )


def _exact(numbers: list[Real], sizes: list[Real]) -> Exact:
    size = len(numbers) // 2
    (value, gradient, hvp), terms = ((a[0], tuple(a[1 : size + 1]), tuple(a[size + 1 :])) for a in (numbers, sizes))
    return Exact(value, gradient, hvp, Magnitudes(*terms))


def _floats(values: Any) -> Any:
    return np.array([float(x) for x in np.ravel(np.asarray(values, dtype=object))])


def _detail(arrays: Sequence[Any]) -> int:
    """The digits that it takes to tell apart the nearest of the inputs, and the smallest of them from 0."""
    least = 1.0
    for array in arrays:
        values = np.sort(np.append(array[np.isfinite(array)], 0.0))
        with np.errstate(over="ignore"):
            gaps = np.diff(values)
        least = min(least, float(gaps[gaps > 0].min(initial=1.0)))
    return math.ceil(-2 * math.log10(least))


def _agreed(first: _Reading, second: _Reading, n: int, digits: int) -> Real | None:
    """The n-th number of two readings that nothing casts doubt on, if they agree and enough of its terms is left."""
    a, b, size = first.numbers[n], second.numbers[n], second.sizes[n]
    if mp.isnan(b):
        return b if mp.isnan(a) else None
    if not mp.isfinite(b) or not size:
        return b if a == b else None
    with mp.workdps(second.places):
        left = abs(a - b) <= abs(b) * mp.mpf(10) ** -digits
        return b if left and abs(b) > size * mp.mpf(10) ** -(first.places // 2) else None


def _settled(a: Real, b: Real, places: int, extent: float, digits: int) -> Real | None:
    """The number that two readings agree on, the first at ``places`` digits, the second at twice that; None if none.

    ``extent`` is the size of the logits: errors of 0 grow with it.
    """
    if mp.isnan(a) or mp.isnan(b):
        return mp.nan if mp.isnan(a) and mp.isnan(b) else None
    if a == b:
        return b
    with mp.workdps(2 * places):
        if mp.isfinite(b) and abs(a - b) <= abs(b) * mp.mpf(10) ** -digits:
            return b
        noise = mp.mpf(10) ** (-NOISE * places)
        if abs(a) <= noise * mp.mpf(extent) ** 4 and abs(b) <= noise**2 * mp.mpf(extent) ** 4:
            return ZERO
    return None
