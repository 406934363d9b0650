"""How the variants of cross-entropy hang together: focal loss without focus, smoothing as a mixture of two losses."""

from __future__ import annotations

from sympy import Pow, S, Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import K, c
from symce.algebra.nodes import Product
from symce.derivation.model import k, y, z
from symce.derivation.proof import Builder, Proof
from symce.rules import CATALOGUE

eps = Symbol("eps", nonnegative=True)
p_c, p_k = Softmax(z, c), Softmax(z, k)


def prove() -> tuple[Proof, ...]:
    """Focal loss with gamma = 0, and label smoothing."""
    return (focal_without_focus(), smoothing_is_a_mixture())


def focal_without_focus() -> Proof:
    """(1 - p_c)^0 (-log p_c) = -log p_c."""
    power = Pow(1 - p_c, S.Zero, evaluate=False)
    builder = Builder("focal-without-focus", "theorem", "focal loss with gamma = 0", Product(power, -log(p_c)))
    builder.apply(CATALOGUE["zero-power"])
    builder.apply(CATALOGUE["cancel"])
    return builder.proof()


def smoothing_is_a_mixture() -> Proof:
    """-sum_k ((1 - eps) y_k + eps/K) log p_k = (1 - eps) H(y, p) - (eps/K) sum_k log p_k."""
    smoothed = (1 - eps) * y[k] + eps / K
    builder = Builder(
        "smoothing-is-a-mixture",
        "theorem",
        "label smoothing as a mixture of two losses",
        -FiniteSum(smoothed * log(p_k), k),
    )
    builder.apply(CATALOGUE["distribute-in-sum"])
    builder.apply(CATALOGUE["sum-linearity"])
    builder.apply(CATALOGUE["name-entropy"])
    return builder.proof()
