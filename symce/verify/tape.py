"""Reverse-mode differentiation in mpmath: every operation is recorded, then adjoints flow back through the record.

Numbers carry their derivative along v forwards (``symce.verify.dual``), and so do adjoints on their way back: the
adjoint of a logit is its entry of the gradient, and the adjoint's derivative along v its entry of the Hessian times v.
A row of K classes takes O(K) operations.
"""

from __future__ import annotations

from collections.abc import Sequence

import mpmath as mp

from symce.verify.dual import FUNCTIONS, MINUS, ONE, PLUS, ZERO, Dual, Number, Real, product
from symce.verify.probabilities import Infinite, Sigmoid, Softmax


class Tape:
    """A record of operations on numbers, at mpmath's precision of the moment.

    ``doubt``: a result lost half of its digits or more, in what a function, a quotient or a comparison was then made
    of. ``lost``: one that is 0, but for rounding, was taken the logarithm of or divided by. ``reach``: the largest
    x such that exp(-x) may stand beside 1.
    """

    def __init__(self, infinite: Infinite = "nan") -> None:
        self.infinite = infinite
        self.steps: list[Number | Softmax] = []
        self.half = mp.ldexp(1, -(mp.mp.prec // 2))
        self.doubt = False
        self.lost = False
        self.reach: Real = ZERO

    def variable(self, value: Real, along: Real) -> Number:
        return Number(value, abs(value), along if along else ZERO, abs(along) if along else ZERO, depends=True)

    def constant(self, value: Real) -> Number:
        return Number(value, abs(value)) if value else Number(ZERO, ZERO)

    def backward(self, result: Number) -> None:
        """Let the adjoint 1 of the result flow back to the variables."""
        result.gain(PLUS)
        for step in reversed(self.steps):
            step.pull()

    # --- sums and products --------------------------------------------------------------------------------------------

    def add(self, a: Number, b: Number) -> Number:
        return self._record(a + b, ((a, PLUS), (b, PLUS)))

    def sub(self, a: Number, b: Number) -> Number:
        return self._record(a + -b, ((a, PLUS), (b, MINUS)))

    def neg(self, a: Number) -> Number:
        return self._record(-a, ((a, MINUS),))

    def mul(self, a: Number, b: Number) -> Number:
        if not ((a.depends or a.value) and (b.depends or b.value)):
            return self.constant(ZERO)
        return self._record(a * b, ((a, b), (b, a)))

    def total(self, numbers: Sequence[Number]) -> Number:
        """The sum."""
        found = Dual(
            mp.fsum([n.value for n in numbers]),
            mp.fsum([n.size for n in numbers]),
            _sum([n.along for n in numbers]),
            _sum([n.along_size for n in numbers]),
        )
        return self._record(found, tuple((n, PLUS) for n in numbers if n.depends))

    # --- functions ----------------------------------------------------------------------------------------------------

    def apply(self, name: str, a: Number) -> Number:
        """A function of one number: log, exp, sqrt, tanh, softplus, sigmoid, or inverse, 1/a.

        Raises ValueError or ZeroDivisionError where the function has no value.
        """
        if name == "sigmoid":
            return self.label(self.sigmoid(a), "s")
        if name == "softplus":
            return self.neg(self.label(self.sigmoid(a), "log 1-s"))
        value = FUNCTIONS[name][0](self._argument(name, a))
        if not a.depends:
            return self.constant(value)
        first, second, size = FUNCTIONS[name][1](a.value, value)
        return self._function(a, value, first, second, size)

    def div(self, a: Number, b: Number) -> Number:
        """a / b. Raises ZeroDivisionError where b is 0."""
        return self.mul(a, self.apply("inverse", b))

    def pow(self, a: Number, b: Number) -> Number:
        """a ** b; at a = 0 the derivatives are their limits from above. Raises ValueError where it is not real.

        An integer power is a product of sums, where a is a sum; any other is a function.
        """
        if b.depends:
            return self.apply("exp", self.mul(b, self.apply("log", a)))
        n = b.value
        whole = mp.isint(n)
        self._significant(a)
        if a.value < 0 and not whole:
            raise ValueError("a negative number to a power that is not an integer")

        def at(base: Real, factor: Real, exponent: Real) -> Real:
            if not factor:
                return ZERO
            if not base and exponent < 0:
                return mp.sign(factor) * mp.inf
            return factor * mp.power(base, exponent) if exponent else factor

        def size(of: Real, factor: Real, exponent: Real) -> Real:
            return at(a.size, abs(factor), exponent) if whole and exponent >= 0 else abs(of)

        value, slope, bend = n, n - 1, n - 2
        power, first, second = at(a.value, ONE, value), at(a.value, n, slope), at(a.value, n * slope, bend)
        if not a.depends:
            return self._record(Dual(power, size(power, ONE, value)), ())
        partial = Dual(
            first,
            size(first, n, slope),
            product(second, a.along),
            product(size(second, n * slope, bend), a.along_size),
        )
        found = Dual(power, size(power, ONE, value), product(first, a.along), product(partial.size, a.along_size))
        return self._record(found, ((a, partial),))

    def abs(self, a: Number) -> Number:
        self._significant(a)
        return self.neg(a) if a.value < 0 else a

    def min(self, first: Number, *rest: Number) -> Number:
        for other in rest:
            self.compared(first, other)
            first = other if other.value < first.value else first
        return first

    def max(self, first: Number, *rest: Number) -> Number:
        for other in rest:
            self.compared(first, other)
            first = other if other.value > first.value else first
        return first

    def compared(self, a: Number, b: Number) -> None:
        """Two numbers are about to be compared: in doubt where they differ by next to nothing."""
        size = a.size + b.size
        if (a.depends or b.depends) and mp.isfinite(size):
            self.doubt |= bool(abs(a.value - b.value) <= size * self.half)

    # --- softmax and sigmoid ------------------------------------------------------------------------------------------

    def softmax(self, numbers: Sequence[Number]) -> Softmax:
        """The softmax of the numbers, and their log-sum-exp."""
        for number in numbers:
            self._resolved(number)
        found = Softmax(numbers, self.infinite)
        for distance in found.distance:
            self._reached(distance)
        self.steps.append(found)
        return found

    def sigmoid(self, a: Number) -> Sigmoid:
        self._resolved(a)
        self._reached(a.value)
        return Sigmoid(a)

    def label(self, sigmoid: Sigmoid, kind: str) -> Number:
        """A relative of a sigmoid: s, 1-s, log s or log 1-s."""
        found, partial = sigmoid.entry(kind)
        return self._record(found, ((sigmoid.a, partial),))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _record(self, found: Dual, parents: tuple[tuple[Number, Dual], ...]) -> Number:
        if not any(parent.depends for parent, _ in parents):
            return self.constant(found.value)  # what no logit enters is one term
        number = Number(found.value, found.size, found.along, found.along_size, parents, depends=True)
        self.steps.append(number)
        return number

    def _function(self, a: Number, value: Real, first: Real, second: Real, size: Real) -> Number:
        slope = abs(first)
        partial = Dual(first, slope, product(second, a.along), product(size, a.along_size))
        found = Dual(value, abs(value), product(first, a.along), product(slope, a.along_size))
        return self._record(found, ((a, partial),))

    def _argument(self, name: str, a: Number) -> Real:
        """The argument of a function; noted are doubts that it has the digits that the function needs."""
        if name in ("exp", "tanh"):
            self._reached(a.value if name == "exp" else 2 * a.value)
        if name == "exp":
            self._resolved(a)
        else:
            self._significant(a)
        if name in ("log", "inverse") and a.depends and a.size and not a.value:
            self.lost = True
        if name == "log" and a.depends:
            self.doubt |= bool(abs(a.value - 1) <= self.half)
        return a.value

    def _significant(self, a: Number) -> None:
        """Whether enough of a number is left, of the terms that it was added up from."""
        if a.depends and a.size and mp.isfinite(a.size):
            self.doubt |= bool(abs(a.value) <= a.size * self.half)

    def _reached(self, x: Real) -> None:
        if mp.isfinite(x) and abs(x) > self.reach:
            self.reach = abs(x)

    def _resolved(self, a: Number) -> None:
        """Whether a number has digits enough after the point."""
        if a.depends and mp.isfinite(a.size):
            self.doubt |= bool(a.size * self.half > 1)


def _sum(values: Sequence[Real]) -> Real:
    present = [x for x in values if x is not ZERO]
    return mp.fsum(present) if present else ZERO
