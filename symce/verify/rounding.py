"""Correct rounding of exact numbers to floating-point formats, and errors counted in their units in the last place.

Done in integers: an mpmath number is a sign, an integer and a power of two, whatever the precision of the moment.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath as mp

#: an mpmath number, a float, an int or a Fraction
Exact = Any


@dataclass(frozen=True)
class Format:
    """A binary format: bits of the significand, with the leading one, and exponents of the normal numbers in [1, 2)."""

    bits: int
    least: int
    largest: int

    @property
    def finest(self) -> int:
        """The exponent of the least subnormal number."""
        return self.least - self.bits + 1


FORMATS = {
    "float16": Format(11, -14, 15),
    "bfloat16": Format(8, -126, 127),
    "float32": Format(24, -126, 127),
    "float64": Format(53, -1022, 1023),
}


def nearest(x: Exact, dtype: str) -> float:
    """The number of the dtype (float16, bfloat16, float32, float64) that is nearest to ``x``, half to even.

    Numbers below the normal range become subnormal ones, numbers beyond the largest infinite, as IEEE 754 has it.
    ``x`` is taken as it is, at any precision. Raises ValueError for another dtype.
    """
    form = _format(dtype)
    special = _special(x)
    if special is not None:
        return special
    negative, integer, exponent = _parts(x, form.bits + 2)
    quantum = max(exponent + integer.bit_length() - form.bits, form.finest)
    rounded = _shifted(integer, exponent - quantum)
    if rounded.bit_length() + quantum > form.largest + 1:
        return -math.inf if negative else math.inf
    # the bits fit in a float, and so do the exponents of every format
    return math.copysign(math.ldexp(rounded, quantum), -1.0 if negative else 1.0)


def ulp(x: Exact, dtype: str) -> Exact:
    """The spacing of the dtype's numbers at |x|, as an mpmath number.

    At and below the normal range, and at 0, it is the least subnormal number; beyond the largest number, that of the
    largest numbers. It is infinite at infinity and NaN at NaN. Raises ValueError for another dtype.
    """
    form = _format(dtype)
    special = _special(x)
    if special is not None and special != 0:
        return mp.mpf(abs(special))
    _, integer, exponent = _parts(x, form.bits + 2)
    binade = exponent + integer.bit_length() - 1 if integer else form.least
    return mp.ldexp(1, min(max(binade, form.least), form.largest) - form.bits + 1)


def ulps(got: float, exact: Exact, dtype: str, terms: Exact | None = None) -> float:
    """|got - exact| in units in the last place of ``exact``, or of ``terms`` where that is larger.

    ``terms`` is the size of what is added up to ``exact``, for results that must cancel; not finite, it counts as not
    given. 0 where both are NaN, or the same infinity, or ``got`` is the infinity that ``exact`` rounds to; infinite
    where one of the two is NaN or infinite otherwise. Raises ValueError for another dtype.
    """
    got = float(got)
    right = nearest(exact, dtype)
    if math.isnan(got) or math.isnan(right):
        return 0.0 if math.isnan(got) and math.isnan(right) else math.inf
    if math.isinf(got) or _special(exact) in (math.inf, -math.inf):
        return 0.0 if got == right else math.inf
    with mp.workprec(256):  # a difference is rounded once, be its terms of whatever precision
        error = abs(mp.fsub(_number(exact), mp.mpf(got)))
        unit = ulp(exact, dtype)
        if terms is not None and mp.isfinite(_number(terms)):
            unit = max(unit, ulp(terms, dtype))
        return float(error / unit)


def _format(dtype: str) -> Format:
    if dtype not in FORMATS:
        raise ValueError(f"unknown dtype {dtype!r}: one of {', '.join(FORMATS)}")
    return FORMATS[dtype]


def _special(x: Exact) -> float | None:
    """NaN, an infinity or 0, if the number is one."""
    if isinstance(x, int | Fraction):
        return 0.0 if x == 0 else None
    if isinstance(x, mp.mpf):
        return float(x) if x == 0 or not mp.isfinite(x) else None
    x = float(x)
    return x if x == 0 or not math.isfinite(x) else None


def _parts(x: Exact, bits: int) -> tuple[bool, int, int]:
    """Sign, integer and exponent of integer * 2^exponent: exact, or of a fraction that has no such form rounded to odd
    with more than ``bits`` bits, so that a second rounding to at most that many errs by nothing."""
    if isinstance(x, mp.mpf):
        sign, integer, exponent, _ = x._mpf_
        return bool(sign), int(integer), int(exponent)
    ratio = Fraction(x)
    numerator, denominator = abs(ratio.numerator), ratio.denominator
    shift = max(0, bits + 1 + denominator.bit_length() - numerator.bit_length())
    quotient, rest = divmod(numerator << shift, denominator)
    return ratio < 0, (quotient << 1) | (rest != 0), -shift - 1


def _shifted(integer: int, places: int) -> int:
    """integer * 2^places, rounded to an integer, half to even."""
    if places >= 0:
        return integer << places
    if -places > integer.bit_length():
        return 0
    floor, rest = integer >> -places, integer & ((1 << -places) - 1)
    half = 1 << (-places - 1)
    return floor + (rest > half or (rest == half and floor & 1))


def _number(x: Exact) -> Exact:
    return mp.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else x if isinstance(x, mp.mpf) else mp.mpf(x)
