"""What the gradient is like: p - y by way of log-softmax; its entries add up to zero and point towards the target."""

from __future__ import annotations

from sympy import Expr, IndexedBase, KroneckerDelta, Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import c, j
from symce.algebra.nodes import Named, Total
from symce.derivation.model import k, y, z
from symce.derivation.proof import Builder, Proof, citation
from symce.rules import CATALOGUE, Rule
from symce.rules.chain import MINUS
from symce.rules.targets import one_hot, sums_to_one
from symce.theorems.softmax import log_softmax

u = IndexedBase("u", real=True)
p_j, p_c = Softmax(z, j), Softmax(z, c)
delta = KroneckerDelta(c, j)
loss = Named(Symbol("L"), -log(p_c))


def prove() -> tuple[Proof, ...]:
    """A second route to p - y; the sum of the entries, for any loss of p too; the signs of the entries; the margin."""
    return (nll_of_log_softmax(), sums_to_zero(), sums_to_zero_for_any_loss(), true_class(), other_classes(), margin())


def nll_of_log_softmax() -> Proof:
    """d/dz_j of -log p_c by the derivative of log-softmax."""
    lemma = log_softmax()
    k = lemma.statement.args[0].args[0].args[1]

    def match(expr: Expr) -> Expr | None:
        instance = lemma.statement.xreplace({k: c})
        return lemma.result.xreplace({k: c}) if expr == instance else None

    builder = Builder("nll-of-log-softmax", "theorem", "the negative log-likelihood of log-softmax", Total(loss, z[j]))
    builder.apply(MINUS)
    builder.apply(citation(lemma, match))
    builder.apply(one_hot(y))
    return builder.proof()


def sums_to_zero() -> Proof:
    """sum_j (p_j - y_j) = 0."""
    builder = Builder(
        "gradient-sums-to-zero",
        "theorem",
        "the sum of the gradient's entries",
        FiniteSum(p_j - y[j], j),
    )
    builder.apply(CATALOGUE["sum-linearity"])
    builder.apply(CATALOGUE["softmax-sums-to-one"])
    builder.apply(sums_to_one(y))
    return builder.proof()


def sums_to_zero_for_any_loss() -> Proof:
    """sum_j p_j (u_j - sum_k p_k u_k) = 0, for the derivatives u_k = dL/dp_k of any loss."""
    inner = FiniteSum(Softmax(z, k) * u[k], k)
    builder = Builder(
        "gradient-sums-to-zero-for-any-loss",
        "theorem",
        "the sum of the gradient's entries, for any loss of the predicted probabilities",
        FiniteSum(p_j * (u[j] - inner), j),
    )
    for rule in ("distribute-in-sum", "sum-linearity", "softmax-sums-to-one"):
        builder.apply(CATALOGUE[rule])
    return builder.proof()


def true_class() -> Proof:
    """dL/dz_c = p_c - 1 <= 0: a step against the gradient raises the logit of the true class."""
    builder = Builder("slope-of-the-true-class", "theorem", "the derivative at the true class", Total(loss, z[c]))
    builder.record(*_gradient(c))
    builder.bound(CATALOGUE["probability-at-most-one"], "<=")
    return builder.proof()


def other_classes() -> Proof:
    """dL/dz_j >= 0 for j other than c (what the factor in front says): their logits are lowered."""
    builder = Builder(
        "slope-of-the-other-classes",
        "theorem",
        "the derivative at every other class",
        (1 - delta) * Total(loss, z[j]),
    )
    rule, gradient = _gradient(j)
    builder.record(rule, (1 - delta) * gradient)
    builder.apply(CATALOGUE["expand"])
    builder.apply(CATALOGUE["common-factor"])
    builder.bound(CATALOGUE["not-negative"], ">=")
    return builder.proof()


def margin() -> Proof:
    """Along the negative gradient z_c - z_j grows at the rate dL/dz_j - dL/dz_c = 1 - p_c + p_j, for j other than c."""
    builder = Builder(
        "margin-grows",
        "theorem",
        "the rate at which a step against the gradient separates the true class from another",
        (1 - delta) * (Total(loss, z[j]) - Total(loss, z[c])),
    )
    rule, gradient = _gradient(j)
    builder.record(rule, (1 - delta) * (gradient - _gradient(c)[1]))
    builder.apply(CATALOGUE["expand"])
    grouped = (1 - delta) * (1 - p_c + p_j)
    builder.record(CATALOGUE["common-factor"], grouped)
    builder.bound(CATALOGUE["not-negative"], ">=")
    return builder.proof()


def _gradient(index: Expr) -> tuple[Rule, Expr]:
    """The theorem on -log p_c, as a rule, and what it gives for an index."""
    lemma = nll_of_log_softmax()
    result = Softmax(z, index) - KroneckerDelta(c, index)
    return citation(lemma, lambda _: None), result
