"""A choice between two expressions: by a condition, or by whether two indices are equal.

Plain nodes: SymPy's Piecewise folds itself into the products and sums around it.
"""

from __future__ import annotations

from typing import Any

from sympy import Basic, Expr, KroneckerDelta, S
from sympy.core.sympify import _sympify


class Where(Expr):
    """``then`` where ``condition`` (a SymPy relation) holds, ``otherwise`` elsewhere."""

    is_commutative = True

    def __new__(cls, condition: Any, then: Any, otherwise: Any) -> Expr:
        condition, then, otherwise = _sympify(condition), _sympify(then), _sympify(otherwise)
        if condition is S.true or then == otherwise:
            return then
        if condition is S.false:
            return otherwise
        return Expr.__new__(cls, condition, then, otherwise)

    @property
    def condition(self) -> Basic:
        return self.args[0]

    @property
    def then(self) -> Expr:
        return self.args[1]

    @property
    def otherwise(self) -> Expr:
        return self.args[2]

    def _eval_derivative(self, symbol: Basic) -> Expr:
        return Where(self.condition, self.then.diff(symbol), self.otherwise.diff(symbol))


class ByCases(Expr):
    """``then`` where the indices of ``delta`` are equal, ``otherwise`` elsewhere: a sum of both, written by cases."""

    is_commutative = True

    def __new__(cls, delta: KroneckerDelta, then: Any, otherwise: Any) -> Expr:
        return Expr.__new__(cls, delta, _sympify(then), _sympify(otherwise))

    @property
    def delta(self) -> KroneckerDelta:
        return self.args[0]

    @property
    def then(self) -> Expr:
        return self.args[1]

    @property
    def otherwise(self) -> Expr:
        return self.args[2]

    @property
    def plain(self) -> Expr:
        """The sum of both cases, each times 1 where it holds and times 0 elsewhere."""
        return self.delta * self.then + (1 - self.delta) * self.otherwise
