"""Two classes: softmax is the logistic sigmoid of the difference of the logits, cross-entropy the binary one."""

from __future__ import annotations

from sympy import Function, Symbol, exp, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import one, two
from symce.algebra.nodes import Named
from symce.derivation.model import k, y, z
from symce.derivation.proof import Builder, Proof, citation
from symce.rules import CATALOGUE
from symce.rules.calculus import DEFINITION

p_1 = Softmax(z, one)
s = Sigmoid(z[one] - z[two])


def prove() -> tuple[Proof, ...]:
    """Softmax of two logits, and cross-entropy in its terms."""
    return (softmax_of_two(), binary_cross_entropy())


def softmax_of_two() -> Proof:
    """p_1 = sigma(z_1 - z_2)."""
    builder = Builder("softmax-of-two", "lemma", "softmax of two logits", p_1)
    builder.record(CATALOGUE["recognise-softmax"], p_1.definition())
    builder.apply(CATALOGUE["two-classes"])
    builder.record(CATALOGUE["lowest-terms"], 1 / (1 + exp(z[two] - z[one])))
    builder.apply(CATALOGUE["recognise-sigmoid"])
    return builder.proof()


def binary_cross_entropy() -> Proof:
    """H(y, p) = -y_1 log s - (1 - y_1) log(1 - s), with s = sigma(z_1 - z_2)."""
    lemma = softmax_of_two()
    name = Function("H")(Symbol("y"), Symbol("p"))
    statement = Named(name, -FiniteSum(y[k] * log(Softmax(z, k)), k))
    builder = Builder("binary-cross-entropy", "theorem", "cross-entropy with two classes", statement)
    builder.record(DEFINITION, statement.definition)
    builder.apply(CATALOGUE["two-classes"])
    builder.apply(CATALOGUE["second-of-two"])
    builder.apply(CATALOGUE["the-other-of-two"])
    builder.record(citation(lemma, lambda _: None), builder.current.xreplace({p_1: s}))
    return builder.proof()
