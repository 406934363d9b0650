"""Softmax, the logistic sigmoid and softplus, as SymPy functions that know their derivatives.

``Softmax(z, k)`` is entry k of softmax(z), for a vector z (an IndexedBase) of any length. z stays an argument, so that
``free_symbols`` holds it and SymPy does not take the derivative for 0.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Function, Indexed, KroneckerDelta, S, exp, log

from symce.algebra.binders import FiniteSum, guard
from symce.algebra.indices import ClassIndex


class Softmax(Function):
    """softmax(z)_k = exp(z_k) / sum_l exp(z_l) (Bridle 1990)."""

    nargs = 2
    is_positive = True
    is_finite = True

    def definition(self) -> Expr:
        """The quotient that defines it."""
        z, k = self.args
        index = ClassIndex.fresh(k.free_symbols)
        return exp(z[k]) / FiniteSum(exp(z[index]), index)

    def _eval_derivative(self, symbol: Any) -> Expr:
        z, k = self.args
        guard(symbol)
        if isinstance(symbol, Indexed) and symbol.base == z:
            j = symbol.indices[0]
            return self * (KroneckerDelta(k, j) - Softmax(z, j))
        return S.Zero


class Sigmoid(Function):
    """sigma(x) = 1 / (1 + exp(-x))."""

    nargs = 1
    is_positive = True
    is_finite = True

    def definition(self) -> Expr:
        """The quotient that defines it."""
        return 1 / (1 + exp(-self.args[0]))

    def fdiff(self, argindex: int = 1) -> Expr:
        return self * (1 - self)


class Softplus(Function):
    """softplus(x) = log(1 + exp(x))."""

    nargs = 1
    is_positive = True
    is_finite = True

    def definition(self) -> Expr:
        """The logarithm that defines it."""
        return log(1 + exp(self.args[0]))

    def fdiff(self, argindex: int = 1) -> Expr:
        return Sigmoid(self.args[0])
