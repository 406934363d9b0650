"""The values of -log p_c: 0 where the prediction is certain and right, log K where it is uniform, without bound."""

from __future__ import annotations

from sympy import Symbol, exp, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import c
from symce.algebra.nodes import Named
from symce.algebra.walk import unfold
from symce.derivation.model import k, z
from symce.derivation.proof import Builder, Proof
from symce.derivation.quantities import slack
from symce.rules import CATALOGUE
from symce.rules.calculus import DEFINITION

p_c = Softmax(z, c)
loss = Named(Symbol("L"), -log(p_c))
h, B = Symbol("h", real=True), Symbol("B", positive=True)


def prove() -> tuple[Proof, ...]:
    """Bounds that meet at p_c = 1, the value at equal logits, and that no bound holds."""
    return (loss_from_below(), loss_from_above(), loss_at_uniform(), loss_is_unbounded())


def loss_from_below() -> Proof:
    """-log p_c >= 1 - p_c: the loss is 0 for a prediction that is certain and right, and for no other."""
    builder = Builder("loss-from-below", "theorem", "the loss from below", loss)
    builder.record(DEFINITION, loss.definition)
    builder.bound(CATALOGUE["log-below-tangent"], ">=")
    builder.apply(CATALOGUE["expand"])
    return builder.proof()


def loss_from_above() -> Proof:
    """-log p_c <= 1/p_c - 1: as p_c goes to 1, the loss goes to 0."""
    builder = Builder("loss-from-above", "theorem", "the loss from above", loss)
    builder.record(DEFINITION, loss.definition)
    builder.record(CATALOGUE["log-of-quotient"], log(1 / p_c))
    builder.bound(CATALOGUE["log-below-tangent"], "<=")
    return builder.proof()


def loss_at_uniform() -> Proof:
    """Where all logits are the same number h, the loss is log K."""
    uniform = Named(Symbol("L"), -log(exp(h) / FiniteSum(exp(h), k)))
    builder = Builder("loss-at-uniform", "theorem", "the loss of equal logits", uniform)
    builder.record(DEFINITION, unfold(uniform))
    builder.apply(CATALOGUE["sum-of-a-constant"])
    builder.apply(CATALOGUE["log-of-power"])
    return builder.proof()


def loss_is_unbounded() -> Proof:
    """For every bound B: where p_c is at most exp(-B), the loss is at least B."""
    beyond = Named(Symbol("L"), -log(exp(-B - slack), evaluate=False))
    builder = Builder("loss-is-unbounded", "theorem", "the loss where p_c = exp(-B - t)", beyond)
    builder.record(DEFINITION, unfold(beyond))
    builder.apply(CATALOGUE["log-of-exp"])
    builder.bound(CATALOGUE["and-more"], ">=")
    return builder.proof()
