"""Fisher information and Gauss-Newton of softmax: for cross-entropy both are the Hessian, diag(p) - p p^T."""

from __future__ import annotations

from sympy import Expr, IndexedBase, Symbol, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, j
from symce.algebra.nodes import Named, Partial, Product, Total
from symce.derivation.model import k, y, z
from symce.derivation.phases import CONTRACT, DIFFERENTIATE, JACOBIANS, WRITE_OUT
from symce.derivation.proof import Builder, Proof, citation
from symce.derivation.tidy import tidy
from symce.rules import CATALOGUE
from symce.rules.targets import expected_target
from symce.theorems.softmax import log_softmax

l = ClassIndex("l")  # noqa: E741
p_k = Softmax(z, k)
#: cross-entropy as a function of p alone
LOSS = Named(Symbol("L"), -FiniteSum(y[k] * log(Softmax(z, k)), k))


def prove() -> tuple[Proof, ...]:
    """The expectation over the model's own labels of the product of two scores; and what Gauss-Newton makes of it."""
    return (fisher_information(), gauss_newton(), gauss_newton_in_expectation())


def fisher_information() -> Proof:
    """E[dlog p_c/dz_j dlog p_c/dz_l] for a label c drawn from p is p_j (delta_jl - p_l)."""
    lemma = log_softmax()

    def match(expr: Expr) -> Expr | None:
        if not (isinstance(expr, Total) and isinstance(expr.function, log)):
            return None
        index, other = expr.function.args[0].args[1], expr.variable.indices[0]
        instance = {k: index, j: other}
        return lemma.result.xreplace(instance) if expr == lemma.statement.xreplace(instance) else None

    statement = FiniteSum(p_k * Product(Total(log(p_k), z[j]), Total(log(p_k), z[l])), k)
    builder = Builder("fisher-information", "theorem", "the Fisher information of softmax", statement)
    builder.apply(citation(lemma, match))
    builder.apply(CATALOGUE["cancel"])
    _write_out(builder)
    return builder.proof()


def gauss_newton() -> Proof:
    """sum_k dp_k/dz_j d^2L/dp_k^2 dp_k/dz_l for cross-entropy: the second derivative in p has no mixed terms."""
    curvature = Partial(Partial(LOSS, p_k), p_k)
    statement = FiniteSum(Product(Product(Total(p_k, z[j]), Total(p_k, z[l])), curvature), k)
    builder = Builder("gauss-newton", "theorem", "the Gauss-Newton matrix of cross-entropy", statement)
    builder.cycle(DIFFERENTIATE)
    for rule in JACOBIANS:
        builder.apply(rule)
    builder.apply(CATALOGUE["cancel"])
    return builder.proof()


def gauss_newton_in_expectation() -> Proof:
    """For targets that are p on average, Gauss-Newton is the Fisher information, and that the Hessian."""
    start = gauss_newton()
    builder = Builder(
        "gauss-newton-in-expectation",
        "corollary",
        "the Gauss-Newton matrix for targets that the model expects",
        start.statement,
    )
    builder.record(citation(start, lambda _: None), start.result)
    builder.apply(expected_target(IndexedBase("y", nonnegative=True)))
    _write_out(builder)
    return builder.proof()


def _write_out(builder: Builder) -> None:
    builder.cycle((*CONTRACT, *WRITE_OUT, CATALOGUE["softmax-sums-to-one"]))
    tidy(builder)
