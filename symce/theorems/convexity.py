"""Why cross-entropy is convex: its Hessian's quadratic form is a variance."""

from __future__ import annotations

from sympy import Expr, IndexedBase

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, FeatureIndex, j
from symce.algebra.nodes import Named
from symce.derivation.model import z
from symce.derivation.proof import Builder, Proof, citation
from symce.rules import CATALOGUE
from symce.rules.linear import x

l, d = ClassIndex("l"), FeatureIndex("d")  # noqa: E741
v, V, beta, u = (IndexedBase(name, real=True) for name in ("v", "V", "beta", "u"))
p_j = Softmax(z, j)


def prove() -> tuple[Proof, ...]:
    """The variance, the quadratic form of the Hessian, and the same for the weights and biases of a linear layer."""
    return (variance(), convex_in_logits(), convex_in_weights())


def mean(vector: Expr) -> Expr:
    """sum_l p_l v_l, with ``vector`` a function of an index."""
    return FiniteSum(Softmax(z, l) * vector(l), l)


def quadratic_form(vector: Expr) -> Expr:
    """sum_j v_j (H v)_j, with H v = p_j (v_j - sum_l p_l v_l)."""
    return FiniteSum(vector(j) * p_j * (vector(j) - mean(vector)), j)


def spread(vector: Expr) -> Expr:
    """sum_j p_j (v_j - sum_l p_l v_l)^2."""
    return FiniteSum(p_j * (vector(j) - mean(vector)) ** 2, j)


def variance() -> Proof:
    """sum_j p_j (v_j - m)^2 = sum_j p_j v_j^2 - m^2, with m = sum_l p_l v_l."""
    builder = Builder("variance", "lemma", "the variance of v under the prediction", spread(_plain))
    builder.record(CATALOGUE["expand"], FiniteSum((p_j * (v[j] - mean(_plain)) ** 2).expand(), j))
    builder.apply(CATALOGUE["sum-linearity"])
    builder.apply(CATALOGUE["softmax-sums-to-one"])
    return builder.proof()


def convex_in_logits() -> Proof:
    """v^T H v >= 0 for every v: cross-entropy is convex in the logits, for every target that sums to one."""
    return _convex("convex-in-the-logits", "the quadratic form of the Hessian of cross-entropy", _plain)


def convex_in_weights() -> Proof:
    """The same along every direction (V, beta) of weights and biases, in which the logits move by V x + beta."""

    def moved(index: Expr) -> Expr:
        return Named(u[index], FiniteSum(V[index, d] * x[d], d) + beta[index])

    return _convex("convex-in-the-weights", "the second derivative along a direction of weights and biases", moved)


def _convex(name: str, title: str, vector: Expr) -> Proof:
    lemma = variance()
    builder = Builder(name, "theorem", title, quadratic_form(vector))
    builder.apply(CATALOGUE["distribute-in-sum"])
    builder.apply(CATALOGUE["sum-linearity"])
    builder.record(citation(lemma, lambda _: None), spread(vector))
    builder.bound(CATALOGUE["not-negative"], ">=")
    return builder.proof()


def _plain(index: Expr) -> Expr:
    return v[index]
