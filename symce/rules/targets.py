"""Declared facts about targets. Each is an assumption, not a theorem: a proof that uses one must list it."""

from __future__ import annotations

from dataclasses import replace

from sympy import Add, Expr, Indexed, IndexedBase, KroneckerDelta, S

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.nodes import Named
from symce.algebra.walk import bottom_up
from symce.rules import laws as L
from symce.rules.dependence import entries
from symce.rules.rule import Rule
from symce.rules.sums import split


def sums_to_one(vector: IndexedBase) -> Rule:
    """The fact sum_k vector_k = 1."""

    def rewrite(expr: Expr) -> Expr | None:
        if isinstance(expr, FiniteSum):
            index, body = expr.open()
            if isinstance(body, Indexed) and body == vector[index]:
                return S.One
        return None

    return Rule(
        "target-sums-to-one",
        (FiniteSum(vector[L.k], L.k), S.One),
        "The target is a probability distribution; a one-hot vector is one.",
        rewrite,
        assumes="sums-to-one",
        coq="target_sum",
        heads=(FiniteSum,),
    )


def distribution(vector: IndexedBase, whose: str) -> Rule:
    """The fact that the entries of a distribution add up to one, for one that is neither the target nor softmax."""
    fact = sums_to_one(vector)
    name = f"{vector}-sums-to-one"
    why = f"The probabilities of {whose} add up to one."
    return replace(fact, name=name, why=why, assumes=name)


def one_hot(vector: IndexedBase) -> Rule:
    """delta_cj, under the name of the one-hot vector's entry y_j."""

    def rewrite(expr: Expr) -> Expr | None:
        if isinstance(expr, KroneckerDelta) and L.c in expr.args:
            (other,) = [a for a in expr.args if a != L.c]
            return Named(vector[other], expr)
        return None

    return Rule(
        "one-hot",
        (KroneckerDelta(L.c, L.j), Named(vector[L.j], KroneckerDelta(L.c, L.j))),
        "The one-hot vector of the true class c has entries y_j = 1 for j = c and 0 elsewhere.",
        rewrite,
        coq="reflexivity",
        heads=(KroneckerDelta,),
    )


def expected_target(vector: IndexedBase) -> Rule:
    """p_k in the place of the target's entry: the target that the model itself expects."""

    def rewrite(expr: Expr) -> Expr | None:
        if isinstance(expr, Indexed) and expr.base == vector:
            return Softmax(L.z, expr.indices[0])
        return None

    return Rule(
        "target-is-what-is-predicted",
        (vector[L.k], L.pk),
        "In expectation over labels that are drawn from the prediction, the one-hot target is the prediction.",
        rewrite,
        assumes="predicted-target",
        coq="expected_target",
        heads=(Indexed,),
    )


def effective_target(entry: Softmax) -> Rule:
    """-q_k / p_k, with q_k free of the logits, as what stands in the place of the target: q gets its name."""

    def rewrite(expr: Expr) -> Expr | None:
        q = Add(*[-entry * t for t in Add.make_args(expr)])
        index = entry.args[1]
        if index not in q.free_symbols or q.has(Softmax, Sigmoid) or entries(q, entry.args[0]):
            return None
        factor, q = split(q, index)
        if isinstance(q, Indexed | KroneckerDelta | Named):
            return None  # it has a name already
        return -factor * Named(IndexedBase("q", real=True)[index], q) / entry

    q_k = L.w[L.k] * L.y[L.k]
    return Rule(
        "effective-target",
        (-q_k / L.pk, -Named(IndexedBase("q", real=True)[L.k], q_k) / L.pk),
        "What stands in the place of the target is called the effective target q.",
        rewrite,
        outermost_first=True,
        coq="reflexivity",
    )


def spread_one_hot(expr: Expr, vector: IndexedBase) -> Expr:
    """The expression with delta_ck for every entry vector_k: the vector is the one-hot vector of class c."""
    return bottom_up(
        expr,
        lambda e: KroneckerDelta(L.c, e.indices[0]) if isinstance(e, Indexed) and e.base == vector else None,
    )


TRUE_SUMS = distribution(L.true, "the true distribution")
MODEL_SUMS = distribution(L.model, "the model's distribution")
RULES: tuple[Rule, ...] = (
    sums_to_one(L.y),
    TRUE_SUMS,
    MODEL_SUMS,
    one_hot(L.y),
    expected_target(L.y),
    effective_target(L.pk),
)
