"""Numbers of 50 digits, and dual numbers over them: exact first derivatives by arithmetic (Clifford; Wengert 1964).

A dual number is ``value + slope * epsilon`` with epsilon^2 = 0. Each derivative that is being taken has an epsilon of
its own, told apart by its level, so that a derivative inside a derivative does not mix them up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath

#: a context of our own: the precision of the caller's mpmath stays what it is
mp = mpmath.mp.clone()
mp.dps = 50

Real: TypeAlias = Any
Number: TypeAlias = "Real | Dual"


class Undefined(ArithmeticError):
    """An expression has no value at a point: a division by zero, the logarithm of a number that is not positive."""


@dataclass(frozen=True, slots=True)
class Dual:
    """value + slope * epsilon; ``level`` says which epsilon. Both parts may be dual numbers of a lower level."""

    level: int
    value: Number
    slope: Number


def real(fraction: Fraction) -> Real:
    """A rational number."""
    return mp.mpf(fraction.numerator) / fraction.denominator


def primal(x: Number) -> Real:
    """The number without its slopes."""
    while isinstance(x, Dual):
        x = x.value
    return x


def slope(x: Number, level: int) -> Number:
    """The coefficient of the epsilon of ``level``."""
    return x.slope if isinstance(x, Dual) and x.level == level else mp.zero


def add(x: Number, y: Number) -> Number:
    if not isinstance(x, Dual):
        return Dual(y.level, add(x, y.value), y.slope) if isinstance(y, Dual) else x + y
    if not isinstance(y, Dual) or y.level < x.level:
        return Dual(x.level, add(x.value, y), x.slope)
    if x.level < y.level:
        return Dual(y.level, add(x, y.value), y.slope)
    return Dual(x.level, add(x.value, y.value), add(x.slope, y.slope))


def multiply(x: Number, y: Number) -> Number:
    if not isinstance(x, Dual):
        return Dual(y.level, multiply(x, y.value), multiply(x, y.slope)) if isinstance(y, Dual) else x * y
    if not isinstance(y, Dual) or y.level < x.level:
        return Dual(x.level, multiply(x.value, y), multiply(x.slope, y))
    if x.level < y.level:
        return multiply(y, x)
    slope = add(multiply(x.value, y.slope), multiply(x.slope, y.value))
    return Dual(x.level, multiply(x.value, y.value), slope)


def power(x: Number, n: Number) -> Number:
    """x to the n. Raises Undefined for a negative power of 0 and for a real power of a negative number."""
    if isinstance(n, Dual):
        return exp(multiply(n, log(x)))
    if n == 0:
        return mp.one
    if isinstance(x, Dual):
        return Dual(x.level, power(x.value, n), multiply(multiply(n, power(x.value, n - 1)), x.slope))
    if x == 0 and n < 0:
        raise Undefined("a division by zero")
    if mp.isint(n):
        return x ** int(n)
    if x < 0:
        raise Undefined(f"a power of the negative number {mp.nstr(x, 6)}")
    return mp.power(x, n)


def exp(x: Number) -> Number:
    if not isinstance(x, Dual):
        return mp.exp(x)
    value = exp(x.value)
    return Dual(x.level, value, multiply(value, x.slope))


def log(x: Number) -> Number:
    """Raises Undefined where x is not positive."""
    if isinstance(x, Dual):
        return Dual(x.level, log(x.value), multiply(x.slope, power(x.value, -1)))
    if x <= 0:
        raise Undefined(f"the logarithm of {mp.nstr(x, 6)}")
    return mp.log(x)


def tanh(x: Number) -> Number:
    if not isinstance(x, Dual):
        return mp.tanh(x)
    value = tanh(x.value)
    return Dual(x.level, value, multiply(add(mp.one, multiply(mp.mpf(-1), multiply(value, value))), x.slope))


def sigmoid(x: Number) -> Number:
    return power(add(mp.one, exp(multiply(mp.mpf(-1), x))), -1)


def softplus(x: Number) -> Number:
    return log(add(mp.one, exp(x)))


def sign(x: Number) -> Number:
    """-1, 0 or 1: its derivative is 0 wherever it has one."""
    return mp.sign(primal(x))


def absolute(x: Number) -> Number:
    return multiply(sign(x), x)
