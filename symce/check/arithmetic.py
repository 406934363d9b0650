"""Decimal numbers of 60 digits, and dual numbers over them: exact first derivatives by arithmetic (Clifford; Wengert).

A dual number is ``value + slope * epsilon`` with epsilon^2 = 0. Each derivative that is being taken has an epsilon of
its own, told apart by its level, so that a derivative inside a derivative does not mix them up.

The second opinion (quotients.py) has neither: it computes with mpmath and takes difference quotients.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

DIGITS = 60
#: a context of our own, by whose methods all is computed: the precision of the caller's decimals stays what it is
CONTEXT = Context(
    DIGITS, ROUND_HALF_EVEN, MIN_EMIN, MAX_EMAX, flags=[], traps=[InvalidOperation, DivisionByZero, Overflow]
)
ZERO, ONE, MINUS_ONE = Decimal(0), Decimal(1), Decimal(-1)

Number: TypeAlias = "Decimal | Dual"

_add, _multiply = CONTEXT.add, CONTEXT.multiply
#: these take long and are asked for the same numbers again in every derivative
_exp, _ln, _power = (lru_cache(4096)(function) for function in (CONTEXT.exp, CONTEXT.ln, CONTEXT.power))


class Undefined(ArithmeticError):
    """An expression has no value at a point: a division by zero, the logarithm of a number that is not positive."""


@dataclass(frozen=True, slots=True)
class Dual:
    """value + slope * epsilon; ``level`` says which epsilon. Both parts may be dual numbers of a lower level."""

    level: int
    value: Number
    slope: Number


def real(fraction: Fraction | int) -> Decimal:
    """A rational number."""
    return CONTEXT.divide(Decimal(fraction.numerator), Decimal(fraction.denominator))


def digits(x: Decimal, count: int) -> str:
    """The number as text, rounded to so many digits."""
    rounded = Context(count, ROUND_HALF_EVEN, MIN_EMIN, MAX_EMAX).create_decimal(x).normalize()
    return f"{rounded:f}" if -7 < rounded.adjusted() < count else str(rounded)


def primal(x: Number) -> Decimal:
    """The number without its slopes."""
    while type(x) is Dual:
        x = x.value
    return x  # type: ignore[return-value]  # the loop ends at a number that is not dual


def slope(x: Number, level: int) -> Number:
    """The coefficient of the epsilon of ``level``."""
    return x.slope if isinstance(x, Dual) and x.level == level else ZERO


def add(x: Number, y: Number) -> Number:
    if not isinstance(x, Dual):
        return Dual(y.level, add(x, y.value), y.slope) if isinstance(y, Dual) else _add(x, y)
    if not isinstance(y, Dual) or y.level < x.level:
        return Dual(x.level, add(x.value, y), x.slope)
    if x.level < y.level:
        return Dual(y.level, add(x, y.value), y.slope)
    return Dual(x.level, add(x.value, y.value), add(x.slope, y.slope))


def multiply(x: Number, y: Number) -> Number:
    if not isinstance(x, Dual):
        if isinstance(y, Dual):
            return Dual(y.level, multiply(x, y.value), multiply(x, y.slope))
        return _multiply(x, y)
    if not isinstance(y, Dual) or y.level < x.level:
        return Dual(x.level, multiply(x.value, y), multiply(x.slope, y))
    if x.level < y.level:
        return multiply(y, x)
    rate = add(multiply(x.value, y.slope), multiply(x.slope, y.value))
    return Dual(x.level, multiply(x.value, y.value), rate)


def negative(x: Number) -> Number:
    return multiply(MINUS_ONE, x)


def divide(x: Number, y: Number) -> Number:
    """A quotient; of equal numbers it is 1, which x times 1/x need not be. Raises Undefined where y is 0."""
    level = max(x.level if isinstance(x, Dual) else 0, y.level if isinstance(y, Dual) else 0)
    if not level:
        if y == 0:
            raise Undefined("a division by zero")
        return CONTEXT.divide(x, y)  # type: ignore[arg-type]  # neither is dual
    above, below = (n.value if isinstance(n, Dual) and n.level == level else n for n in (x, y))
    quotient = divide(above, below)
    rate = add(slope(x, level), negative(multiply(quotient, slope(y, level))))
    return Dual(level, quotient, divide(rate, below))


def power(x: Number, n: Number) -> Number:
    """x to the n. Raises Undefined for a negative power of 0 and for a real power of a negative number."""
    if isinstance(n, Dual):
        return exp(multiply(n, log(x)))
    if n == 0:
        return ONE
    if n == 1:
        return x
    if isinstance(x, Dual):
        return Dual(x.level, power(x.value, n), multiply(multiply(n, power(x.value, _add(n, MINUS_ONE))), x.slope))
    if x == 0:
        if n < 0:
            raise Undefined("a division by zero")
        return ZERO
    if n == MINUS_ONE:
        return CONTEXT.divide(ONE, x)
    if x < 0 and n != n.to_integral_value():
        raise Undefined(f"a power of the negative number {digits(x, 6)}")
    return _power(x, n)


def exp(x: Number) -> Number:
    if not isinstance(x, Dual):
        return _exp(x)
    value = exp(x.value)
    return Dual(x.level, value, multiply(value, x.slope))


def log(x: Number) -> Number:
    """Raises Undefined where x is not positive."""
    if isinstance(x, Dual):
        return Dual(x.level, log(x.value), multiply(x.slope, power(x.value, MINUS_ONE)))
    if x <= 0:
        raise Undefined(f"the logarithm of {digits(x, 6)}")
    return _ln(x)


def tanh(x: Number) -> Number:
    """1 - 2 / (exp(2x) + 1): where x is small it loses as many digits as x has zeros in front."""
    return add(ONE, multiply(Decimal(-2), power(add(exp(multiply(Decimal(2), x)), ONE), MINUS_ONE)))


def sigmoid(x: Number) -> Number:
    return power(add(ONE, exp(negative(x))), MINUS_ONE)


def softplus(x: Number) -> Number:
    return log(add(ONE, exp(x)))


def sign(x: Number) -> Decimal:
    """-1, 0 or 1: its derivative is 0 wherever it has one."""
    value = primal(x)
    return ZERO if value == 0 else ONE if value > 0 else MINUS_ONE


def absolute(x: Number) -> Number:
    return multiply(sign(x), x)
