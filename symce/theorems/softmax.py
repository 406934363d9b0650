"""The derivatives of softmax, log-softmax, log-sum-exp and the logistic sigmoid, from exp and the quotient rule."""

from __future__ import annotations

from sympy import Expr, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import j
from symce.algebra.nodes import Partial, Product, Total
from symce.derivation.model import k, z
from symce.derivation.phases import CONTRACT, DIFFERENTIATE, JACOBIANS
from symce.derivation.proof import Builder, Proof
from symce.derivation.tidy import tidy
from symce.rules import CATALOGUE
from symce.rules.chain import CHAIN

p_k, s_k = Softmax(z, k), Sigmoid(z[k])


def prove() -> tuple[Proof, ...]:
    """Jacobian of softmax; derivatives of log-softmax, log-sum-exp and sigmoid; and that softmax sums to one."""
    return (softmax_jacobian(), log_softmax(), log_sum_exp(), sigmoid(), normalised())


def softmax_jacobian() -> Proof:
    """dp_k/dz_j = p_k (delta_kj - p_j)."""
    builder = _from_definition("softmax-jacobian", "the softmax Jacobian", p_k)
    builder.apply(CATALOGUE["expand"])
    builder.apply(CATALOGUE["recognise-softmax"])
    tidy(builder)
    return builder.proof()


def log_sum_exp() -> Proof:
    """d/dz_j log sum_k exp(z_k) = p_j."""
    builder = _from_definition("logsumexp", "the derivative of log-sum-exp", LogSumExp(z[k], k))
    builder.apply(CATALOGUE["recognise-softmax"])
    return builder.proof()


def sigmoid() -> Proof:
    """ds_k/dz_j = s_k (1 - s_k) delta_kj."""
    builder = _from_definition("sigmoid", "the derivative of the logistic sigmoid", s_k)
    builder.apply(CATALOGUE["recognise-sigmoid"])
    return builder.proof()


def log_softmax() -> Proof:
    """d log p_k / dz_j = delta_kj - p_j."""
    builder = Builder("log-softmax", "corollary", "the derivative of log-softmax", Total(log(p_k), z[j]))
    builder.apply(CHAIN)
    builder.cycle(DIFFERENTIATE, until=lambda e: not e.has(Partial))
    for rule in JACOBIANS:
        builder.apply(rule)
    builder.cycle(CONTRACT, until=lambda e: not e.has(Product))
    return builder.proof()


def normalised() -> Proof:
    """sum_k p_k = 1."""
    index, body = FiniteSum(p_k, k).open()
    builder = Builder("softmax-sums-to-one", "lemma", "the sum of softmax", FiniteSum(body, index))
    builder.record(CATALOGUE["recognise-softmax"], FiniteSum(body.definition(), index))
    builder.apply(CATALOGUE["sum-linearity"])
    return builder.proof()


def _from_definition(name: str, title: str, function: Expr) -> Builder:
    builder = Builder(name, "theorem", title, Total(function, z[j]))
    builder.apply(CATALOGUE["unfold-definition"])
    builder.cycle(DIFFERENTIATE)
    return builder
