"""Entropy: an expectation, at least 0 (and 0 for a one-hot vector), at most log K (and log K for the uniform one)."""

from __future__ import annotations

from sympy import Expr, Function, KroneckerDelta, Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.indices import K, c
from symce.algebra.nodes import Named
from symce.algebra.walk import unfold
from symce.derivation.model import k
from symce.derivation.proof import Builder, Proof
from symce.derivation.quantities import entropy, true
from symce.rules import CATALOGUE
from symce.rules.calculus import DEFINITION
from symce.rules.targets import TRUE_SUMS

#: the label of H(y), for a y that is not the letter of a distribution
H_OF_Y = Function("H")(Symbol("y"))


def prove() -> tuple[Proof, ...]:
    """What entropy is, and its extreme values with the distributions that have them."""
    return (
        entropy_is_expectation(),
        entropy_at_least_zero(),
        entropy_of_one_hot(),
        entropy_at_most_log_k(),
        entropy_of_uniform(),
    )


def entropy_is_expectation() -> Proof:
    """H(p) = E[-log p_X]."""
    builder = _unfolded("entropy-is-expectation", "entropy as an expectation", entropy(true))
    builder.apply(CATALOGUE["expectation"])
    return builder.proof()


def entropy_at_least_zero() -> Proof:
    """H(p) >= 0."""
    builder = _unfolded("entropy-at-least-zero", "the least entropy", entropy(true))
    builder.bound(CATALOGUE["log-of-probability"], ">=")
    return builder.proof()


def entropy_of_one_hot() -> Proof:
    """H(y) = 0 for the one-hot vector of any class."""
    delta = KroneckerDelta(k, c)
    builder = _unfolded(
        "entropy-of-one-hot", "the entropy of a one-hot vector", Named(H_OF_Y, -FiniteSum(delta * log(delta), k))
    )
    builder.apply(CATALOGUE["delta-contraction"])
    return builder.proof()


def entropy_at_most_log_k() -> Proof:
    """H(p) <= log K."""
    builder = _unfolded("entropy-at-most-log-k", "the greatest entropy", entropy(true))
    spread = FiniteSum(true[k] * (log(K) + log(1 / (K * true[k]))), k)
    builder.record(CATALOGUE["log-of-quotient"], spread)
    builder.bound(CATALOGUE["log-below-tangent"], "<=")
    builder.apply(CATALOGUE["distribute-in-sum"])
    builder.apply(CATALOGUE["sum-linearity"])
    builder.apply(CATALOGUE["sum-of-a-constant"])
    builder.apply(TRUE_SUMS)
    return builder.proof()


def entropy_of_uniform() -> Proof:
    """The distribution with 1/K for each class has entropy log K."""
    uniform = Named(H_OF_Y, -FiniteSum(log(1 / K) / K, k))
    builder = _unfolded("entropy-of-uniform", "the entropy of the uniform distribution", uniform)
    builder.apply(CATALOGUE["sum-of-a-constant"])
    builder.apply(CATALOGUE["log-of-power"])
    return builder.proof()


def _unfolded(name: str, title: str, statement: Expr) -> Builder:
    builder = Builder(name, "theorem", title, statement)
    builder.record(DEFINITION, unfold(statement))
    return builder
