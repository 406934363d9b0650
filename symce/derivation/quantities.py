"""The quantities of information theory that theorems on more than one loss are about, under their names."""

from __future__ import annotations

from sympy import Expr, Function, IndexedBase, Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.nodes import Named
from symce.derivation.model import k, y, z
from symce.rules import laws

#: a true distribution p and a model's q, as information theory has them
true, model = laws.true, laws.model
#: how much something exceeds what it is compared with
slack = laws.slack
p_k = Softmax(z, k)
H, KL, E = Function("H"), Function("KL"), Function("E")


def entropy(vector: IndexedBase) -> Expr:
    """H(p) = -sum_k p_k log p_k."""
    return Named(H(_name(vector)), -FiniteSum(vector[k] * log(vector[k]), k))


def cross_entropy(vector: IndexedBase, other: IndexedBase | None = None) -> Expr:
    """H(p, q) = -sum_k p_k log q_k; q is softmax where no other vector is given."""
    entry = p_k if other is None else other[k]
    return Named(H(_name(vector), _name(other)), -FiniteSum(vector[k] * log(entry), k))


def divergence(vector: IndexedBase, other: IndexedBase | None = None) -> Expr:
    """KL(p, q) = sum_k p_k log(p_k / q_k)."""
    entry = p_k if other is None else other[k]
    return Named(KL(_name(vector), _name(other)), FiniteSum(vector[k] * log(vector[k] / entry), k))


def expected_surprise(vector: IndexedBase, other: IndexedBase) -> Expr:
    """E[-log q_X] for an X that is drawn from p."""
    return Named(E(_name(vector), _name(other)), FiniteSum(vector[k] * -log(other[k]), k))


def _name(vector: IndexedBase | None) -> Symbol:
    return Symbol("p" if vector is None else str(vector))


__all__ = [
    "KL",
    "E",
    "H",
    "cross_entropy",
    "divergence",
    "entropy",
    "expected_surprise",
    "model",
    "p_k",
    "slack",
    "true",
    "y",
]
