"""The softmax Jacobian by cases, k = j and k != j, and p - y by that route: how many textbooks write it."""

from __future__ import annotations

from sympy import Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import j
from symce.algebra.nodes import Named, Partial, Total
from symce.derivation.model import k, y, z
from symce.derivation.proof import Builder, Proof
from symce.rules import CATALOGUE
from symce.rules.calculus import RULES as CALCULUS
from symce.rules.chain import CHAIN
from symce.rules.targets import sums_to_one

p_k, p_j = Softmax(z, k), Softmax(z, j)
loss = Named(Symbol("L"), -FiniteSum(y[k] * log(p_k), k))


def prove() -> tuple[Proof, ...]:
    """The Jacobian, and the gradient of cross-entropy with it."""
    return (jacobian_by_cases(), gradient_by_cases())


def jacobian_by_cases() -> Proof:
    """dp_k/dz_j is p_k (1 - p_k) for k = j and -p_k p_j elsewhere."""
    builder = Builder("jacobian-by-cases", "corollary", "the softmax Jacobian by cases", Total(p_k, z[j]))
    builder.apply(CATALOGUE["softmax-jacobian"])
    builder.apply(CATALOGUE["in-cases"])
    return builder.proof()


def gradient_by_cases() -> Proof:
    """dL/dz_j = p_j - y_j for cross-entropy: the term k = j and all the others are summed apart."""
    builder = Builder("gradient-by-cases", "theorem", "the derivative of cross-entropy by cases", Total(loss, z[j]))
    builder.apply(CHAIN)
    builder.cycle((*CALCULUS, CATALOGUE["delta-contraction"]), until=lambda e: not e.has(Partial))
    for name in ("delta-contraction", "softmax-jacobian", "in-cases", "split-off", "cancel"):
        builder.apply(CATALOGUE[name])
    names = ("distribute-in-sum", "sum-linearity", "delta-contraction")
    builder.cycle([CATALOGUE[n] for n in names])
    builder.apply(CATALOGUE["expand"])
    builder.apply(sums_to_one(y))
    return builder.proof()
