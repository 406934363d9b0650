"""A formula computed as it is written: operation by operation, each rounded to one precision.

It is what code does that follows a formula word by word, and what a handout compares a kernel with. Softmax and
log-sum-exp are those of textbooks, with the largest entry subtracted first. Functions are taken in float64 and then
rounded, so that every machine gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import (
    Abs,
    Add,
    Eq,
    Expr,
    Ge,
    Gt,
    Indexed,
    KroneckerDelta,
    Le,
    Lt,
    Mul,
    Ne,
    Number,
    Pow,
    Symbol,
    exp,
    log,
    sign,
    tanh,
)

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, K
from symce.algebra.nodes import Named
from symce.algebra.piecewise import ByCases, Where

#: the value of a free index, counted from 0
Indices = Mapping[ClassIndex, int]
_FUNCTIONS = {exp: np.exp, log: np.log, tanh: np.tanh, Abs: np.abs, sign: np.sign}
_RELATIONS = {Eq: np.equal, Ne: np.not_equal, Lt: np.less, Le: np.less_equal, Gt: np.greater, Ge: np.greater_equal}


@dataclass(frozen=True)
class AsWritten:
    """Letters with their values, in one dtype: a number, or K numbers of a vector, by name.

    ``size`` is K. Raises TypeError for a node that has no value in arithmetic of numbers, KeyError for an unknown
    letter.
    """

    size: int
    given: Mapping[str, Any]
    dtype: Any = np.float32

    def value(self, expr: Expr, at: Indices | None = None) -> float:
        """The expression with its free indices at these classes; NaN or infinite where a step of it is."""
        with np.errstate(all="ignore"):
            return float(self._of(expr, dict(at or {})))

    def _of(self, expr: Expr, at: dict[ClassIndex, int]) -> Any:
        match expr:
            case Named():
                return self._of(expr.definition, at)
            case Number():
                return self.dtype(float(expr))
            case Symbol():
                return self.dtype(self.size if expr == K else self.given[expr.name])
            case Indexed():
                return self.dtype(self.given[str(expr.base)][at[expr.indices[0]]])
            case KroneckerDelta():
                first, second = (at[index] for index in expr.args)
                return self.dtype(first == second)
            case Softmax():
                vector, index = expr.args
                return self._softmax([self.dtype(x) for x in self.given[str(vector)]])[at[index]]
            case Sigmoid():
                return self.dtype(1) / (self.dtype(1) + self._function(np.exp, -self._of(expr.args[0], at)))
            case Softplus():
                grown = self.dtype(1) + self._function(np.exp, self._of(expr.args[0], at))
                return self._function(np.log, grown)
            case LogSumExp():
                terms = self._each(expr, at)
                largest = max(terms)
                return largest + self._function(np.log, self._sum([self._shifted(x, largest) for x in terms]))
            case FiniteSum():
                return self._sum(self._each(expr, at))
            case Add():
                return self._sum([self._of(term, at) for term in expr.args])
            case Mul():
                return self._product([self._of(factor, at) for factor in expr.args])
            case Pow():
                return self._power(expr, at)
            case Where():
                relation = _RELATIONS[type(expr.condition)]
                holds = relation(*(self._of(side, at) for side in expr.condition.args))
                return self._of(expr.then if holds else expr.otherwise, at)
            case ByCases():
                return self._of(expr.then if self._of(expr.delta, at) else expr.otherwise, at)
        if type(expr) in _FUNCTIONS:
            return self._function(_FUNCTIONS[type(expr)], self._of(expr.args[0], at))
        raise TypeError(f"{type(expr).__name__} has no value in arithmetic of numbers: {expr}")

    def _each(self, expr: FiniteSum | LogSumExp, at: dict[ClassIndex, int]) -> list[Any]:
        index, body = expr.open(at)
        return [self._of(body, {**at, index: n}) for n in range(self.size)]

    def _softmax(self, logits: list[Any]) -> list[Any]:
        exponentials = [self._shifted(z, max(logits)) for z in logits]
        total = self._sum(exponentials)
        return [e / total for e in exponentials]

    def _shifted(self, x: Any, largest: Any) -> Any:
        return self._function(np.exp, x - largest)

    def _function(self, function: Any, x: Any) -> Any:
        return self.dtype(function(np.float64(x)))

    def _power(self, expr: Pow, at: dict[ClassIndex, int]) -> Any:
        base = self._of(expr.base, at)
        if expr.exp == -1:
            return self.dtype(1) / base
        return self.dtype(np.float64(base) ** np.float64(self._of(expr.exp, at)))

    def _sum(self, terms: list[Any]) -> Any:
        total = self.dtype(0)
        for term in terms:
            total = total + term
        return total

    def _product(self, factors: list[Any]) -> Any:
        # 0 * log 0 is 0, in textbooks too
        if any(factor == 0 for factor in factors):
            return self.dtype(0)
        product = self.dtype(1)
        for factor in factors:
            product = product * factor
        return product
