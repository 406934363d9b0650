"""The stable forms as SymPy nodes: what the rules of symce.kernel.stability write, and lowering turns into passes.

``z`` is the vector whose softmax p is: an IndexedBase, or the log-sum-exp of any expression of the class.
Each node's ``definition`` is what it stands for, in plain letters: the rules are tested against it.
"""

from __future__ import annotations

from sympy import Expr, Function, S, exp, log, tanh

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, c


def probability(z: Expr, k: Expr) -> Expr:
    """p_k: softmax of a vector, or of what a log-sum-exp runs over."""
    return exp(z.at(k) - z) if isinstance(z, LogSumExp) else Softmax(z, k)


class Complement(Function):  # type: ignore[misc]
    """1 - p_k of ``(z, k)``: the share of all other classes."""

    nargs = 2
    is_positive = True

    def definition(self) -> Expr:
        return 1 - probability(*self.args)


class Probability(Function):  # type: ignore[misc]
    """p_k of ``(z, k)`` for a vector that has no letter: exp(a_k - log-sum-exp of a)."""

    nargs = 2
    is_positive = True

    def definition(self) -> Expr:
        return probability(*self.args)


class LogProbability(Function):  # type: ignore[misc]
    """log p_k of ``(z, k)``."""

    nargs = 2

    def definition(self) -> Expr:
        return log(probability(*self.args))


class Share(Softmax):
    """p_k / (1 - p_c) for k other than c, and 0 for k = c: the share of class k among the others."""


class Rate(Function):  # type: ignore[misc]
    """-log p_c / (1 - p_c) for a vector's softmax: 1 in the limit p_c = 1."""

    nargs = 1
    is_positive = True

    def definition(self) -> Expr:
        (z,) = self.args
        return -log(Softmax(z, c)) / (1 - Softmax(z, c))


class Centred(Function):  # type: ignore[misc]
    """f_j - sum_k p_k f_k of ``(z, j, f)``, with f a sum over k of f_k that stands for its summand."""

    nargs = 3

    def definition(self) -> Expr:
        z, j, f = self.args
        index, body = f.open([j, c])
        return f.at(j) - FiniteSum(probability(z, index) * body, index)


class Residual(Function):  # type: ignore[misc]
    """p_j F - f_j of ``(z, j, f)``, with f the sum F of all f_k: 0 in sum, as a gradient must be."""

    nargs = 3

    def definition(self) -> Expr:
        z, j, f = self.args
        return probability(z, j) * f - f.at(j)


class Difference(Function):  # type: ignore[misc]
    """p_j - f of ``(z, j, f)``, for f of the size of a probability."""

    nargs = 3

    def definition(self) -> Expr:
        z, j, f = self.args
        return probability(z, j) - f


class Expm1(Function):  # type: ignore[misc]
    """exp(x) - 1."""

    nargs = 1

    def definition(self) -> Expr:
        return exp(self.args[0]) - S.One


class SechSquared(Function):  # type: ignore[misc]
    """1 - tanh(x)^2."""

    nargs = 1
    is_positive = True

    def definition(self) -> Expr:
        return 1 - tanh(self.args[0]) ** 2


class Divergence(Function):  # type: ignore[misc]
    """f log(f / g) - f + g of ``(f, g, log f - log g)``: never negative, and 0 for f = g alone."""

    nargs = 3
    is_nonnegative = True

    def definition(self) -> Expr:
        f, g, difference = self.args
        return f * difference - f + g


class Excess(Function):  # type: ignore[misc]
    """sum_k f_k - 1 of that sum."""

    nargs = 1

    def definition(self) -> Expr:
        return self.args[0] - S.One


class SoftmaxDivergence(Function):  # type: ignore[misc]
    """sum_k q_k log(q_k / p_k) of ``(u, z)``, with q the softmax of u and p that of z."""

    nargs = 2
    is_nonnegative = True

    def definition(self) -> Expr:
        u, z = self.args
        k = ClassIndex.fresh(self.free_symbols)
        q, p = probability(u, k), probability(z, k)
        return FiniteSum(q * log(q / p), k)
