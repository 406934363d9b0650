"""Numbers with derivatives, in mpmath: value, gradient, derivative along v, and the gradient of that (H v).

Products with an exact 0 are 0, be the other factor infinite: 0 * log 0 = 0, as the losses mean it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp

Real = Any
ZERO = mp.mpf(0)


def product(a: Real, b: Real) -> Real:
    """a * b, but 0 wherever a factor is 0."""
    return ZERO if a == 0 or b == 0 else a * b


@dataclass(frozen=True)
class Dual:
    """A number f that depends on z_1..z_K: ``grad`` is its gradient, ``along`` the derivative along v, ``twice`` H v.

    ``grad`` and ``twice`` are empty where f is a constant.
    """

    value: Real
    grad: tuple[Real, ...] = ()
    along: Real = ZERO
    twice: tuple[Real, ...] = ()

    def __add__(self, other: Dual) -> Dual:
        return Dual(
            self.value + other.value,
            _combine(self.grad, other.grad),
            self.along + other.along,
            _combine(self.twice, other.twice),
        )

    def __neg__(self) -> Dual:
        return Dual(-self.value, tuple(-a for a in self.grad), -self.along, tuple(-a for a in self.twice))

    def __sub__(self, other: Dual) -> Dual:
        return self + -other

    def __mul__(self, other: Dual) -> Dual:
        f, g = self, other
        return Dual(
            product(f.value, g.value),
            _combine(_scaled(f.value, g.grad), _scaled(g.value, f.grad)),
            product(f.value, g.along) + product(g.value, f.along),
            _combine(
                _combine(_scaled(f.value, g.twice), _scaled(g.value, f.twice)),
                _combine(_scaled(f.along, g.grad), _scaled(g.along, f.grad)),
            ),
        )

    def through(self, value: Real, first: Callable[[], Real], second: Callable[[], Real]) -> Dual:
        """A function of f, of which value and first two derivatives at f are given."""
        if not self.grad:
            return Dual(value)
        slope, bend = first(), second()
        return Dual(
            value,
            _scaled(slope, self.grad),
            product(slope, self.along),
            _combine(_scaled(slope, self.twice), _scaled(product(bend, self.along), self.grad)),
        )


def constant(value: Real) -> Dual:
    return Dual(mp.mpf(value))


def total(values: Sequence[Dual]) -> Dual:
    """The sum."""
    result = constant(0)
    for value in values:
        result = result + value
    return result


def quotient(f: Dual, g: Dual) -> Dual:
    """f / g. Raises ZeroDivisionError where g is 0."""
    if g.value == 0:
        raise ZeroDivisionError("division by zero")
    inverse = 1 / g.value
    return f * g.through(inverse, lambda: -(inverse**2), lambda: 2 * inverse**3)


def power(f: Dual, g: Dual) -> Dual:
    """f ** g; at f = 0 the derivatives are their limits from above."""
    if g.grad:
        return exp(g * log(f))
    n = g.value

    def at(coefficient: Real, exponent: Real) -> Real:
        if coefficient == 0:
            return ZERO
        if f.value == 0 and exponent < 0:
            return mp.sign(coefficient) * mp.inf
        return coefficient * mp.power(f.value, exponent)

    return f.through(at(mp.mpf(1), n), lambda: at(n, n - 1), lambda: at(n * (n - 1), n - 2))


def exp(f: Dual) -> Dual:
    value = mp.exp(f.value)
    return f.through(value, lambda: value, lambda: value)


def log(f: Dual) -> Dual:
    """log f; -inf at 0. Raises ValueError where f is negative."""
    if f.value < 0:
        raise ValueError("the logarithm of a negative number")
    if f.value == 0:
        return f.through(-mp.inf, lambda: mp.inf, lambda: -mp.inf)
    inverse = 1 / f.value
    return f.through(mp.log(f.value), lambda: inverse, lambda: -(inverse**2))


def log1p(f: Dual) -> Dual:
    inverse = 1 / (1 + f.value)
    return f.through(mp.log1p(f.value), lambda: inverse, lambda: -(inverse**2))


def sqrt(f: Dual) -> Dual:
    return power(f, constant(mp.mpf(1) / 2))


def tanh(f: Dual) -> Dual:
    value = mp.tanh(f.value)
    slope = mp.sech(f.value) ** 2
    return f.through(value, lambda: slope, lambda: -2 * value * slope)


def absolute(f: Dual) -> Dual:
    return -f if f.value < 0 else f


def sigmoid(f: Dual) -> Dual:
    value, other = (1 / (1 + mp.exp(-x)) for x in (f.value, -f.value))
    return f.through(value, lambda: value * other, lambda: value * other * (other - value))


def softplus(f: Dual) -> Dual:
    x = f.value
    value = (x if x > 0 else 0) + mp.log1p(mp.exp(-abs(x)))
    s, other = (1 / (1 + mp.exp(-a)) for a in (x, -x))
    return f.through(value, lambda: s, lambda: s * other)


def _scaled(factor: Real, vector: tuple[Real, ...]) -> tuple[Real, ...]:
    return tuple(product(factor, a) for a in vector) if factor != 0 else ()


def _combine(a: tuple[Real, ...], b: tuple[Real, ...]) -> tuple[Real, ...]:
    if not a or not b:
        return a or b
    return tuple(x + y for x, y in zip(a, b, strict=True))
