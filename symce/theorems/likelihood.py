"""From the likelihood to cross-entropy: log, minus, mean; with the labels as one-hot vectors.

P_ik is the probability that the model gives to class k for sample i, c_i the true class of sample i.
"""

from __future__ import annotations

from sympy import Expr, IndexedBase, KroneckerDelta, Symbol, exp, log

from symce.algebra.binders import FiniteProduct, FiniteSum
from symce.algebra.indices import N, SampleIndex, TrueClass
from symce.algebra.nodes import Named
from symce.algebra.walk import unfold
from symce.derivation.model import k
from symce.derivation.proof import Builder, Proof, citation
from symce.derivation.quantities import slack
from symce.rules import CATALOGUE
from symce.rules.calculus import DEFINITION

i = SampleIndex("i")
P = IndexedBase("P", positive=True)
Y = IndexedBase("Y", nonnegative=True)
B = Symbol("B", positive=True)
likelihood = FiniteProduct(FiniteProduct(P[i, k] ** Y[i, k], k), i)
nll = Named(Symbol("nll"), -log(likelihood))
mean = Named(Symbol("Lce"), FiniteSum(-FiniteSum(Y[i, k] * log(P[i, k]), k), i) / N)


def prove() -> tuple[Proof, ...]:
    """One-hot exponents, the log-likelihood, its negative, cross-entropy as its mean, and why log may be taken."""
    return (one_hot(), log_likelihood(), log_is_increasing(), negative(), mean_loss(), mean_of_true_classes())


def one_hot() -> Proof:
    """prod_i prod_k P_ik^Y_ik = prod_i P_ic_i where Y_i is the one-hot vector of c_i."""
    product = FiniteProduct(FiniteProduct(P[i, k] ** KroneckerDelta(k, TrueClass(i)), k), i)
    statement = Named(Symbol("likelihood"), product)
    builder = _unfolded("likelihood-of-one-hot", "the likelihood with one-hot labels", statement)
    builder.apply(CATALOGUE["one-hot-power"])
    return builder.proof()


def log_likelihood() -> Proof:
    """log prod_i prod_k P_ik^Y_ik = sum_i sum_k Y_ik log P_ik."""
    statement = log(Named(Symbol("likelihood"), likelihood))
    builder = _unfolded("log-likelihood", "the log-likelihood", statement)
    builder.apply(CATALOGUE["log-of-product"])
    builder.apply(CATALOGUE["log-of-power"])
    return builder.proof()


def log_is_increasing() -> Proof:
    """log(B e^t) >= log B for t >= 0: the larger of two likelihoods has the larger logarithm."""
    builder = Builder("log-is-increasing", "lemma", "the logarithm of a larger number", log(B * exp(slack)))
    builder.apply(CATALOGUE["log-of-quotient"])
    builder.bound(CATALOGUE["and-more"], ">=")
    return builder.proof()


def negative() -> Proof:
    """NLL = -sum_i sum_k Y_ik log P_ik."""
    lemma = log_likelihood()
    builder = _unfolded("negative-log-likelihood", "the negative log-likelihood", nll)
    builder.record(citation(lemma, lambda _: None), -lemma.result)
    return builder.proof()


def mean_loss() -> Proof:
    """The mean of the samples' cross-entropies is NLL / N."""
    lemma = negative()
    builder = _unfolded("cross-entropy-is-mean-nll", "cross-entropy as the mean negative log-likelihood", mean)
    builder.record(citation(lemma, lambda _: None), nll / N)
    return builder.proof()


def mean_of_true_classes() -> Proof:
    """With one-hot labels it is the mean of -log P_ic_i."""
    delta = KroneckerDelta(k, TrueClass(i))
    statement = Named(Symbol("Lce"), FiniteSum(-FiniteSum(delta * log(P[i, k]), k), i) / N)
    builder = _unfolded("mean-of-true-classes", "the cross-entropy loss with one-hot labels", statement)
    builder.apply(CATALOGUE["delta-contraction"])
    return builder.proof()


def _unfolded(name: str, title: str, statement: Expr) -> Builder:
    builder = Builder(name, "theorem", title, statement)
    builder.record(DEFINITION, unfold(statement))
    return builder
