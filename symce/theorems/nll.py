"""Negative log-likelihood of log-softmax is cross-entropy with a class index: a second route to pi - y."""

from __future__ import annotations

from sympy import Expr, Symbol, log

from symce.algebra.functions import Softmax
from symce.algebra.indices import c, j
from symce.algebra.nodes import Named, Total
from symce.derivation.model import y, z
from symce.derivation.proof import Builder, Proof, citation
from symce.rules.chain import MINUS
from symce.rules.targets import one_hot
from symce.theorems.softmax import log_softmax


def prove() -> tuple[Proof, ...]:
    """d/dz_j of -log p_c by the derivative of log-softmax."""
    lemma = log_softmax()
    k = lemma.statement.args[0].args[0].args[1]
    loss = Named(Symbol("L"), -log(Softmax(z, c)))

    def match(expr: Expr) -> Expr | None:
        instance = lemma.statement.xreplace({k: c})
        return lemma.result.xreplace({k: c}) if expr == instance else None

    builder = Builder("nll-of-log-softmax", "theorem", "the negative log-likelihood of log-softmax", Total(loss, z[j]))
    builder.apply(MINUS)
    builder.apply(citation(lemma, match))
    builder.apply(one_hot(y))
    return (builder.proof(),)
