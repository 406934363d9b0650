"""Numbers in mpmath with a derivative along v, each with its size: the sum of the absolute values of its terms.

Products with an exact 0 are 0, be the other factor infinite: 0 * log 0 = 0, as the losses mean it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import mpmath as mp

Real = Any
T = TypeVar("T")
ZERO = mp.mpf(0)
ONE = mp.mpf(1)


def product(a: Real, b: Real) -> Real:
    """a * b, but 0 wherever a factor is 0."""
    return a * b if a and b else ZERO


def add(a: Real, b: Real) -> Real:
    """a + b; an exact 0 costs nothing."""
    return b if a is ZERO else a if b is ZERO else a + b


class Dual:
    """A number f and ``along``, its derivative along v.

    ``size`` and ``along_size`` are theirs with every term of a sum replaced by its absolute value: a rounding error is
    in proportion to these, where terms cancel.
    """

    __slots__ = ("along", "along_size", "size", "value")

    def __init__(self, value: Real, size: Real, along: Real = ZERO, along_size: Real = ZERO) -> None:
        self.value = value
        self.size = size
        self.along = along
        self.along_size = along_size

    def __add__(self, other: Dual) -> Dual:
        return Dual(
            add(self.value, other.value),
            add(self.size, other.size),
            add(self.along, other.along),
            add(self.along_size, other.along_size),
        )

    def __neg__(self) -> Dual:
        along = self.along if self.along is ZERO else -self.along
        return Dual(-self.value, self.size, along, self.along_size)

    def __mul__(self, other: Dual) -> Dual:
        value, size = product(self.value, other.value), product(self.size, other.size)
        if self.along_size is ZERO and other.along_size is ZERO:
            return Dual(value, size)
        return Dual(
            value,
            size,
            add(product(self.value, other.along), product(self.along, other.value)),
            add(product(self.size, other.along_size), product(self.along_size, other.size)),
        )


PLUS = Dual(ONE, ONE)
MINUS = Dual(-ONE, ONE)


class Number(Dual):
    """A number of the record, with what it was computed from and the partial derivatives in that."""

    __slots__ = ("adjoint", "depends", "parents")

    def __init__(
        self,
        value: Real,
        size: Real,
        along: Real = ZERO,
        along_size: Real = ZERO,
        parents: tuple[tuple[Number, Dual], ...] = (),
        *,
        depends: bool = False,
    ) -> None:
        super().__init__(value, size, along, along_size)
        self.parents = parents
        #: whether logits enter it
        self.depends = depends
        self.adjoint: Dual | None = None

    def gain(self, adjoint: Dual) -> None:
        self.adjoint = adjoint if self.adjoint is None else self.adjoint + adjoint

    def pull(self) -> None:
        """Hand the adjoint on."""
        if self.adjoint is None:
            return
        for parent, partial in self.parents:
            if not parent.depends:
                continue
            if partial is PLUS:
                parent.gain(self.adjoint)
            else:
                parent.gain(-self.adjoint if partial is MINUS else self.adjoint * partial)


def others(values: Sequence[T], plus: Callable[[T, T], T], zero: T) -> list[T]:
    """For each entry the sum of all others, as sums: nothing is subtracted, so that nothing cancels."""
    before, after = [zero], [zero]
    for value in values[:-1]:
        before.append(plus(before[-1], value))
    for value in values[:0:-1]:
        after.append(plus(after[-1], value))
    return [plus(a, b) for a, b in zip(before, reversed(after), strict=True)]


# --- functions of one number: the value; from that its first two derivatives, and the size of the second --------------

Derivatives = Callable[[Real, Real], tuple[Real, Real, Real]]


def log(x: Real) -> Real:
    """-inf at 0. Raises ValueError where x is negative."""
    if x < 0:
        raise ValueError("the logarithm of a negative number")
    return mp.log(x) if x else -mp.inf


def _of_log(x: Real, value: Real) -> tuple[Real, Real, Real]:
    if not x:
        return mp.inf, -mp.inf, mp.inf
    first = 1 / x
    return first, -(first**2), first**2


def _of_sqrt(x: Real, value: Real) -> tuple[Real, Real, Real]:
    if not x:
        return mp.inf, -mp.inf, mp.inf
    first = 1 / (2 * value)
    return first, -first / (2 * x), first / (2 * x)


def _of_tanh(x: Real, value: Real) -> tuple[Real, Real, Real]:
    first = mp.sech(x) ** 2
    second = -2 * product(value, first)
    return first, second, abs(second)


def _sqrt(x: Real) -> Real:
    if x < 0:
        raise ValueError("the square root of a negative number")
    return mp.sqrt(x)


FUNCTIONS: dict[str, tuple[Callable[[Real], Real], Derivatives]] = {
    "log": (log, _of_log),
    "exp": (mp.exp, lambda x, value: (value, value, value)),
    "sqrt": (_sqrt, _of_sqrt),
    "tanh": (mp.tanh, _of_tanh),
    "inverse": (lambda x: 1 / x, lambda x, value: (-(value**2), 2 * value**3, 2 * abs(value) ** 3)),
}
