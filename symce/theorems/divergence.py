"""The Kullback-Leibler divergence: H(p, q) - H(p), never negative, and 0 only where the distributions agree."""

from __future__ import annotations

from sympy import Expr, Function, KroneckerDelta, Symbol, log, sqrt

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import c
from symce.algebra.nodes import Named
from symce.algebra.walk import unfold
from symce.derivation.model import k, z
from symce.derivation.proof import Builder, Kind, Proof, citation
from symce.derivation.quantities import cross_entropy, divergence, entropy, model, p_k, true
from symce.rules import CATALOGUE
from symce.rules.calculus import DEFINITION
from symce.rules.targets import MODEL_SUMS, TRUE_SUMS

_y, _p = Symbol("y"), Symbol("p")


def prove() -> tuple[Proof, ...]:
    """Cross-entropy as an expectation, its decomposition, Gibbs' inequality, one-hot targets, and a true distance."""
    return (
        cross_entropy_is_expectation(),
        decomposition(),
        gibbs(),
        cross_entropy_at_least_entropy(),
        cross_entropy_of_one_hot(),
        divergence_of_one_hot(),
        distance(),
    )


def cross_entropy_is_expectation() -> Proof:
    """H(p, q) = E[-log q_X] for X drawn from p."""
    builder = _unfolded(
        "cross-entropy-is-expectation", "theorem", "cross-entropy as an expectation", cross_entropy(true, model)
    )
    builder.apply(CATALOGUE["expectation"])
    return builder.proof()


def decomposition() -> Proof:
    """KL(p, q) = H(p, q) - H(p)."""
    builder = _unfolded("kl-decomposition", "theorem", "divergence and entropies", divergence(true, model))
    for rule in ("log-of-quotient", "distribute-in-sum", "sum-linearity", "name-entropy"):
        builder.apply(CATALOGUE[rule])
    return builder.proof()


def gibbs() -> Proof:
    """KL(p, q) >= 0 (Gibbs' inequality; Cover and Thomas 2006, theorem 2.6.3)."""
    builder = _unfolded("gibbs", "theorem", "Gibbs' inequality", divergence(true, model))
    turned = -FiniteSum(true[k] * log(model[k] / true[k]), k)
    builder.record(CATALOGUE["log-of-quotient"], turned)
    builder.bound(CATALOGUE["log-below-tangent"], ">=")
    builder.apply(CATALOGUE["distribute-in-sum"])
    builder.apply(CATALOGUE["sum-linearity"])
    builder.apply(TRUE_SUMS)
    builder.apply(MODEL_SUMS)
    return builder.proof()


def cross_entropy_at_least_entropy() -> Proof:
    """H(p, q) >= H(p): no code for q is shorter, on average, than the best one for p."""
    whole = cross_entropy(true, model)
    builder = Builder("cross-entropy-at-least-entropy", "corollary", "the least cross-entropy", whole)
    split, least = decomposition(), gibbs()
    builder.record(citation(split, lambda _: None), entropy(true) + divergence(true, model))
    builder.record(citation(least, lambda _: None), entropy(true), ">=")
    return builder.proof()


def cross_entropy_of_one_hot() -> Proof:
    """H(y, p) = -log p_c for the one-hot vector y of class c: only the term of the true class is left."""
    statement = Named(Function("H")(_y, _p), -FiniteSum(KroneckerDelta(k, c) * log(p_k), k))
    builder = _unfolded("cross-entropy-of-one-hot", "theorem", "cross-entropy with a one-hot target", statement)
    builder.apply(CATALOGUE["delta-contraction"])
    return builder.proof()


def divergence_of_one_hot() -> Proof:
    """KL(y, p) = -log p_c as well: for a one-hot target divergence and cross-entropy are the same."""
    delta = KroneckerDelta(k, c)
    statement = Named(Function("KL")(_y, _p), FiniteSum(delta * log(delta / p_k), k))
    builder = _unfolded("kl-of-one-hot", "theorem", "the divergence from a one-hot target", statement)
    builder.apply(CATALOGUE["delta-contraction"])
    builder.apply(CATALOGUE["log-of-power"])
    builder.record(
        citation(cross_entropy_of_one_hot(), lambda _: None),
        Named(Function("H")(_y, _p), -log(Softmax(z, c))),
    )
    return builder.proof()


def distance() -> Proof:
    """KL(p, q) >= sum_k (sqrt p_k - sqrt q_k)^2: the divergence is 0 for q = p alone."""
    builder = _unfolded("kl-is-a-distance", "theorem", "the divergence as a distance", divergence(true, model))
    roots = sqrt(model[k]) / sqrt(true[k])
    builder.record(CATALOGUE["log-of-power"], -2 * FiniteSum(true[k] * log(roots), k))
    builder.bound(CATALOGUE["log-below-tangent"], ">=")
    builder.apply(CATALOGUE["distribute-in-sum"])
    builder.apply(CATALOGUE["sum-linearity"])
    crossed = FiniteSum(sqrt(true[k]) * sqrt(model[k]), k)
    builder.record(TRUE_SUMS, FiniteSum(true[k], k) + 1 - 2 * crossed)
    builder.record(MODEL_SUMS, FiniteSum(true[k], k) + FiniteSum(model[k], k) - 2 * crossed)
    squares = FiniteSum((sqrt(true[k]) - sqrt(model[k])) ** 2, k)
    builder.record(CATALOGUE["expand"], squares)
    return builder.proof()


def _unfolded(name: str, kind: Kind, title: str, statement: Expr) -> Builder:
    builder = Builder(name, kind, title, statement)
    builder.record(DEFINITION, unfold(statement))
    return builder
