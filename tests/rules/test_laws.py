"""The law that a rule prints is true, and it is the law that the rule applies."""

from dataclasses import replace
from itertools import product

import mpmath as mp
import pytest
from numeric import Point, evaluate
from sympy import Basic, Expr, Indexed, KroneckerDelta, Symbol, exp
from sympy.core.function import AppliedUndef

from symce.algebra.binders import Binder
from symce.algebra.indices import Index
from symce.algebra.nodes import Named
from symce.rules import CATALOGUE, RuleError
from symce.rules.bounds import bound
from symce.rules.rule import Rule

#: arbitrary functions of the laws, as functions to compute with: both stay between 1 and 3
CONCRETE = {"f": lambda x: 1 + exp(-x) / 2, "g": lambda x: 2 + exp(x) / 9}
#: laws that hold only under the assumption that they name
ASSUMED = {
    "target-sums-to-one",
    "target-is-what-is-predicted",
    "true-sums-to-one",
    "model-sums-to-one",
    "two-classes",
    "second-of-two",
    "the-other-of-two",
}
#: laws that are inequalities
BOUNDS = {name for name, rule in CATALOGUE.items() if rule.relation != "="}
#: the law that says what G_ij is, for a loss of a sample that is any function: there is nothing to compute
DEFINING = {"chain-rule-batch"}


def concrete(expr: Expr) -> Expr:
    return expr.replace(
        lambda e: isinstance(e, AppliedUndef) and e.func.__name__ in CONCRETE,
        lambda e: CONCRETE[e.func.__name__](*e.args),
    )


def points(*exprs: Expr, size: int):
    free = sorted({s for e in exprs for s in e.free_symbols if isinstance(s, Index)}, key=str)
    for choice in product(range(1, 3), repeat=len(free)):
        if max(choice, default=1) <= size:
            yield defined(Point(size, dict(zip(free, choice, strict=True))), *exprs)


def defined(point: Point, *exprs: Expr) -> Point:
    """The point at which every entry that a law names has the value of its definition, whatever its indices."""
    for named in sorted({n for e in exprs for n in names(e)}, key=str):
        if isinstance(named.label, Indexed) and not named.definition.has(KroneckerDelta):
            ranges = [range(1, point.length(i) + 1) for i in named.label.indices]
            for choice in product(*ranges):
                there = replace(point, indices={**point.indices, **dict(zip(named.label.indices, choice, strict=True))})
                point = point.having((str(named.label.base), *choice), evaluate(named.definition, there))
    return point


def names(expr: Basic) -> set[Named]:
    """The names in an expression, those below a sum under a free index."""
    if isinstance(expr, Binder):
        return names(expr.open()[1])
    found = {n for a in expr.args for n in names(a)}
    return found | ({expr} if isinstance(expr, Named) else set())


@pytest.mark.parametrize("name", [n for n in CATALOGUE if n not in ASSUMED | DEFINING | BOUNDS])
@pytest.mark.parametrize("size", [1, 3])
def test_the_law_is_true(name, size):
    left, right = map(concrete, CATALOGUE[name].law)
    for point in points(left, right, size=size):
        a, b = evaluate(left, point), evaluate(right, point)
        assert mp.almosteq(a, b, rel_eps=mp.mpf(10) ** -15, abs_eps=mp.mpf(10) ** -15), (point, a, b)


@pytest.mark.parametrize("name", sorted(BOUNDS))
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_an_inequality_is_true_and_says_something(name, size):
    rule = CATALOGUE[name]
    strict = False
    for point in points(*rule.law, size=size):
        left, right = (evaluate(side, point) for side in rule.law)
        gap = right - left if rule.relation == "<=" else left - right
        assert gap > -(mp.mpf(10) ** -30), (point, left, right)
        strict = strict or gap > mp.mpf(10) ** -9
    assert strict or size <= 2, "it holds with equality at every point: a rule that is an equation would say more"


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_an_inequality_applies_to_its_own_law_and_gives_it(name):
    rule = CATALOGUE[name]
    assert bound(rule, rule.law[0], rule.relation) == rule.law[1]
    b = Symbol("b", positive=True)
    turned = bound(rule, -3 * b * rule.law[0], {"<=": ">=", ">=": "<="}[rule.relation])
    assert turned == -3 * b * rule.law[1]


def test_an_inequality_is_no_equation():
    with pytest.raises(RuleError, match="is an inequality"):
        CATALOGUE["not-negative"].exhaust(CATALOGUE["not-negative"].law[0])
    with pytest.raises(RuleError, match="is an equality"):
        bound(CATALOGUE["expand"], CATALOGUE["expand"].law[0], "<=")


def test_an_inequality_does_not_reach_behind_a_factor_of_unknown_sign():
    a, rule = Symbol("a", real=True), CATALOGUE["log-below-tangent"]
    part = rule.law[0]
    assert bound(rule, a * part, "<=") is None
    assert bound(rule, a**2 * part, "<=") == a**2 * rule.law[1]
    assert bound(rule, -(a**2) * part, "<=") is None
    assert bound(rule, 1 / (1 + part), "<=") is None


def test_a_false_law_is_noticed():
    left, right = map(concrete, CATALOGUE["product-rule"].law)
    point = next(points(left, right, size=3))
    assert not mp.almosteq(evaluate(left, point), evaluate(2 * right, point))


def test_an_assumed_law_is_false_without_its_assumption():
    for name in ASSUMED:
        rule = CATALOGUE[name]
        assert rule.assumes
        point = next(points(*rule.law, size=3))
        assert not mp.almosteq(evaluate(rule.law[0], point), evaluate(rule.law[1], point))


#: laws whose left side SymPy writes as the right one at once, rules that act only where the result is shorter, and
#: the chain rule of an inner map, whose rule is made for the map of one loss
REWRITES = [
    n
    for n in CATALOGUE
    if n
    not in {
        *BOUNDS,
        "collect",
        "combine-powers",
        "lowest-terms",
        "delta-substitution",
        "chain-rule-elementwise",
    }
]


@pytest.mark.parametrize("name", REWRITES)
def test_the_rule_applies_to_its_own_law(name):
    rule = CATALOGUE[name]
    assert rule.rewrite(rule.law[0]) is not None, f"{name} does not apply to the left side of its law"


@pytest.mark.parametrize(
    "name", [n for n in CATALOGUE if n not in ASSUMED | DEFINING | BOUNDS | {"chain-rule-linear-layer"}]
)
def test_what_the_rule_makes_of_its_law_is_equal_to_it(name):
    rule = CATALOGUE[name]
    made = rule.exhaust(rule.law[0])
    if made is None:
        made = rule.law[0]
    left, made = concrete(rule.law[0]), concrete(made)
    for point in points(left, made, size=3):
        assert mp.almosteq(evaluate(left, point), evaluate(made, point), rel_eps=mp.mpf(10) ** -15), point


def test_names_are_unique_and_explained():
    assert len(CATALOGUE) >= 35
    for name, rule in CATALOGUE.items():
        assert rule.name == name
        assert rule.why.endswith("."), name


def test_a_rule_that_does_not_end_is_an_error():
    from sympy import Symbol

    x = Symbol("x")
    endless = Rule("endless", (x, x + 1), "Never.", lambda e: e + 1 if e.is_Add or e == x else None)
    with pytest.raises(RuleError, match="still applies after"):
        endless.exhaust(x)


def test_a_rule_name_is_kebab_case():
    from sympy import Symbol

    x = Symbol("x")
    with pytest.raises(RuleError, match="kebab-case"):
        Rule("Not Kebab", (x, x), "", lambda e: None)
