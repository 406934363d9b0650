"""What holds for two classes; and what a one-hot vector, of zeros and a one, makes of powers and absolute values."""

from __future__ import annotations

from sympy import Abs, Add, Expr, Indexed, KroneckerDelta, Pow, S

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, one, two
from symce.rules import laws as L
from symce.rules.rule import Rule


def _two_terms(expr: Expr) -> Expr | None:
    if isinstance(expr, FiniteSum) and isinstance(expr.bound, ClassIndex):
        return expr.at(one) + expr.at(two)
    return None


def _second(expr: Expr) -> Expr | None:
    if isinstance(expr, Indexed) and str(expr.base) == str(L.y) and expr.indices == (two,):
        return 1 - expr.base[one]
    return None


def _distance(expr: Expr) -> Expr | None:
    """|p_j - delta_cj| or its square, at the true class and elsewhere."""
    if isinstance(expr, Abs):
        difference, power = expr.args[0], 1
    elif isinstance(expr, Pow) and expr.exp == 2:
        difference, power = expr.base, 2
    else:
        return None
    for sign in (1, -1):
        terms = Add.make_args(sign * difference)
        softmax = [t for t in terms if isinstance(t, Softmax)]
        delta = [-t for t in terms if isinstance(-t, KroneckerDelta)]
        if len(terms) == 2 and softmax and delta and L.c in delta[0].args and softmax[0].args[1] in delta[0].args:
            p = softmax[0]
            return delta[0] * (1 - Softmax(p.args[0], L.c)) ** power + (1 - delta[0]) * p**power
    return None


def _zero_power(expr: Expr) -> Expr | None:
    return S.One if isinstance(expr, Pow) and expr.exp == 0 else None


_delta = KroneckerDelta(L.c, L.j)
TWO_TERMS = Rule(
    "two-classes",
    (FiniteSum(L.v[L.k], L.k), L.v[one] + L.v[two]),
    "There are two classes, and the sum has two terms.",
    _two_terms,
    assumes="two-classes",
    coq="two_classes",
    heads=(FiniteSum,),
)
SECOND = Rule(
    "second-of-two",
    (L.y[two], 1 - L.y[one]),
    "There are two classes, and the target's two entries add up to one.",
    _second,
    assumes="two-classes,sums-to-one",
    coq="second_of_two",
    heads=(Indexed,),
)
OTHER = Rule(
    "the-other-of-two",
    (Softmax(L.z, two), 1 - Softmax(L.z, one)),
    "There are two classes, and their probabilities add up to one.",
    lambda e: 1 - Softmax(e.args[0], one) if isinstance(e, Softmax) and e.args[1] == two else None,
    assumes="two-classes",
    coq="the_other_of_two",
    heads=(Softmax,),
)
DISTANCE = Rule(
    "distance-to-one-hot",
    (Abs(L.pj - _delta), _delta * (1 - L.p_c) + (1 - _delta) * L.pj),
    "At the true class the distance to 1 is 1 - p_c; anywhere else the distance to 0 is p_j.",
    _distance,
    coq="distance_to_one_hot",
    heads=(Abs, Pow),
)
ZERO_POWER = Rule(
    "zero-power",
    (Pow(L.positive, S.Zero, evaluate=False), S.One),
    "A power with exponent 0 is 1.",
    _zero_power,
    coq="zero_power",
    heads=(Pow,),
)
RULES: tuple[Rule, ...] = (TWO_TERMS, SECOND, OTHER, DISTANCE, ZERO_POWER)
