"""The stability rules: their laws are true, what they write equals what it was, and each is needed."""

from __future__ import annotations

import inspect

import mpmath as mp
import pytest
from numeric import Point, evaluate
from sympy import Expr, IndexedBase, Symbol, exp, log, tanh

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex, Index, K, c, j
from symce.algebra.walk import bottom_up
from symce.derivation.derive import derive
from symce.kernel import forms
from symce.kernel.build import kernel
from symce.kernel.forms import Centred, Complement, Difference, Residual
from symce.kernel.stability import CATALOGUE, FROM_TOP, PASSES, STABILITY
from symce.losses import catalogue

k = ClassIndex("k")
z, y, u, t = (IndexedBase(n, real=True) for n in "zyut")
y = IndexedBase("y", nonnegative=True)
r, T = Symbol("r", positive=True), Symbol("T", positive=True)
P_J, P_K, P_C = (Softmax(z, i) for i in (j, k, c))
TEACHER = exp(t[j] / T - LogSumExp(t[k] / T, k))
NODES = tuple(n for _, n in inspect.getmembers(forms, inspect.isclass) if hasattr(n, "definition") and n is not Softmax)


def meaning(expr: Expr) -> Expr:
    """The expression with the definition of each stable form for it."""
    return bottom_up(expr, lambda e: e.definition() if isinstance(e, NODES) and not isinstance(e, Softmax) else None)


def largest(size: int) -> Point:
    """A point at which the letters of the laws (a, m, D, E, R) have their meaning."""
    point = Point(size)
    logits = [point.value(("z", n)) for n in range(1, size + 1)]
    a = max(range(size), key=lambda n: logits[n])
    gaps = [logits[a] - x for x in logits]
    for n, gap in enumerate(gaps, start=1):
        point = point.having(("D", n), gap).having(("E", n), mp.exp(-gap))
    point = point.having(("m",), logits[a]).having(("R",), mp.fsum(mp.exp(-g) for g in gaps) - 1)
    return Point(size, {ClassIndex("a"): a + 1}, point.values)


def points(*exprs: Expr, size: int) -> list[Point]:
    """For each choice of the free classes, the point of ``largest``."""
    free = sorted({s for e in exprs for s in e.free_symbols if isinstance(s, Index)}, key=str)
    start, found = largest(size), [{}]
    for index in free:
        known = [start.indices[index]] if index in start.indices else list(range(1, size + 1))
        found = [{**f, index: n} for f in found for n in known]
    return [Point(size, {**start.indices, **f}, start.values) for f in found]


def same(left: Expr, right: Expr, size: int) -> bool:
    return all(
        mp.almosteq(
            evaluate(left, point),
            evaluate(right, point),
            rel_eps=mp.mpf(10) ** -25,
            abs_eps=mp.mpf(10) ** -25,
        )
        for point in points(left, right, size=size)
    )


@pytest.mark.parametrize(
    ("name", "size"),
    # with one class 1 - p_c is 0, and nothing can be divided by it
    [(name, size) for name in CATALOGUE for size in (1, 2, 4) if (name, size) != ("true-class-apart", 1)],
)
def test_the_law_is_true(name: str, size: int) -> None:
    assert same(*CATALOGUE[name].law, size)


EXAMPLES = {
    "divergence-of-two-softmaxes": FiniteSum(
        TEACHER.xreplace({j: k}) * (t[k] / T - LogSumExp(t[j] / T, j) - log(P_K)), k
    ),
    "divergence-of-positive-terms": FiniteSum(y[k] * log(y[k] / P_K), k),
    "log-softmax-by-gap": log(P_J),
    "log-sigmoid-by-softplus": log(1 - Sigmoid(z[j])),
    "log-term-by-term": log(P_J / y[j]),
    "softmax-of-exponential": TEACHER,
    "centred-at-the-largest": r * y[j] - r * FiniteSum(P_K * y[k], k) + 3,
    "residual-at-the-largest": r * P_J * FiniteSum(y[k], k) - r * y[j] + u[j],
    "residual-of-sigmoid": r * Sigmoid(z[j]) - r * y[j],
    "complement-of-a-mean": r - r * FiniteSum(P_K * y[k], k),
    "less-a-target-near-one": P_C - 1 + r - r / K,
    "complement-by-the-others": r**2 * P_C**2 - r**2 * P_C,
    "one-minus-power-by-expm1": 2 - 2 * P_C**r,
    "one-minus-tanh-squared": r - r * tanh(z[j] / T) ** 2,
    "complement-times-a-term-less-the-term": r * (1 - P_C) * (y[j] + u[j]) - r * y[j],
    "open-a-bracket-that-hides-a-difference": P_J * (FiniteSum(y[k], k) + r) - y[j],
}


def test_every_rule_has_an_example() -> None:
    assert set(EXAMPLES) == {rule.name for rule in STABILITY}


@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("name", EXAMPLES)
def test_what_a_rule_writes_equals_what_it_was(name: str, size: int) -> None:
    before = EXAMPLES[name]
    after = CATALOGUE[name].rewrite(before)
    assert after is not None
    assert after != before
    assert isinstance(before, CATALOGUE[name].heads)
    assert same(meaning(before), meaning(after), size)


@pytest.mark.parametrize(
    ("name", "expr"),
    [
        ("centred-at-the-largest", y[j] - 2 * FiniteSum(P_K * y[k], k)),
        ("centred-at-the-largest", FROM_TOP[j] - FiniteSum(P_K * FROM_TOP[k], k)),
        ("centred-at-the-largest", u[j] - FiniteSum(P_K * y[k], k)),
        ("residual-at-the-largest", P_J * FiniteSum(y[k], k) - 2 * y[j]),
        ("residual-at-the-largest", P_J - u[j]),
        ("complement-by-the-others", 1 - 2 * P_J),
        ("complement-by-the-others", 1 + P_J),
        ("complement-of-a-mean", 1 - FiniteSum(P_K * P_K, k)),
        ("divergence-of-positive-terms", FiniteSum(y[k] * log(y[k] / P_K) ** 2, k)),
        ("divergence-of-positive-terms", FiniteSum(u[k] * log(u[k] / P_K), k)),
        ("divergence-of-two-softmaxes", FiniteSum(TEACHER.xreplace({j: k}) * (t[k] / T - log(P_K)), k)),
        ("softmax-of-exponential", exp(t[j] - LogSumExp(u[k], k))),
        ("log-term-by-term", log(-P_C)),
        ("one-minus-tanh-squared", 1 - 2 * tanh(z[j]) ** 2),
        ("complement-times-a-term-less-the-term", (1 - P_C) * (y[j] + u[j]) - 2 * y[j]),
    ],
)
def test_a_rule_leaves_alone_what_is_not_its_law(name: str, expr: Expr) -> None:
    assert CATALOGUE[name].rewrite(expr) is None


def test_the_forms_are_those_of_the_laws() -> None:
    residual = CATALOGUE["residual-at-the-largest"].rewrite
    assert residual(P_J * FiniteSum(y[k], k) - y[j]) == Residual(z, j, FiniteSum(y[k], k))
    assert residual(P_J - y[j]) == Difference(z, j, y[j])
    assert CATALOGUE["complement-by-the-others"].rewrite(1 - P_C) == Complement(z, c)
    assert CATALOGUE["centred-at-the-largest"].rewrite(y[j] - FiniteSum(P_K * y[k], k)) == Centred(
        z, j, FiniteSum(y[k], k)
    )


def test_the_rules_are_named_by_what_they_say_and_know_no_loss() -> None:
    names = [rule.name for rule in (*PASSES, *STABILITY)]
    assert len(names) == len(set(names)) == len(CATALOGUE)
    assert not set(catalogue()) & {w for rule in CATALOGUE.values() for w in (rule.name, *rule.why.split())}


def test_every_rule_is_followed_by_some_loss_of_the_catalogue() -> None:
    followed = {name for loss in catalogue().values() for name in kernel(derive(loss)).stability}
    # distillation's teacher is a softmax within a divergence and within a difference, which come first
    assert set(CATALOGUE) - followed == {"softmax-of-exponential"}
