"""What holds for two classes; and what a one-hot vector, of zeros and a one, makes of powers and absolute values."""

from __future__ import annotations

from sympy import Abs, Add, Expr, Indexed, KroneckerDelta, Mul, Pow, S

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, one, two
from symce.algebra.piecewise import ByCases
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


def _by_cases(expr: Expr) -> Expr | None:
    """A product with delta_kj in it, where k = j and elsewhere: p_k (delta_kj - p_j)."""
    if not isinstance(expr, Mul):
        return None
    brackets = [f for f in expr.args if isinstance(f, Add)]
    deltas = {d for f in brackets for d in f.args if isinstance(d, KroneckerDelta)}
    if len(brackets) != 1 or len(deltas) != 1 or expr.atoms(KroneckerDelta) != deltas:
        return None
    (delta,) = deltas
    one, other = delta.args
    kept, gone = (one, other) if L.j in (other,) else (other, one)
    return ByCases(delta, expr.xreplace({delta: S.One}).xreplace({gone: kept}), expr.xreplace({delta: S.Zero}))


def _split_off(expr: Expr) -> Expr | None:
    """sum_k f_k (A_k if k = j else B_k) is f_j A_j and the sum of f_k B_k over the other k."""
    if not isinstance(expr, FiniteSum):
        return None
    index, body = expr.open()
    parts = [e for e in body.atoms(ByCases) if index in e.delta.args]
    if len(parts) != 1:
        return None
    (part,) = parts
    (other,) = [a for a in part.delta.args if a != index]
    rest = body.xreplace({part: part.otherwise})
    return body.xreplace({part: part.then}).xreplace({index: other}) + FiniteSum((1 - part.delta) * rest, index)


def _zero_power(expr: Expr) -> Expr | None:
    return S.One if isinstance(expr, Pow) and expr.exp == 0 else None


_delta = KroneckerDelta(L.c, L.j)
_delta_kj = KroneckerDelta(L.k, L.j)
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
BY_CASES = Rule(
    "in-cases",
    (L.pk * (_delta_kj - L.pj), ByCases(_delta_kj, L.pk * (1 - L.pk), -L.pk * L.pj)),
    "Where the two indices are equal the Kronecker delta is 1, and elsewhere it is 0.",
    _by_cases,
    coq="by_cases",
    heads=(Mul,),
)
SPLIT_OFF = Rule(
    "split-off",
    (
        FiniteSum(L.v[L.k] * ByCases(_delta_kj, L.u[L.k], L.w[L.k]), L.k),
        L.v[L.j] * L.u[L.j] + FiniteSum((1 - _delta_kj) * L.v[L.k] * L.w[L.k], L.k),
    ),
    "The term of the sum in which the two indices are equal is written apart from all others.",
    _split_off,
    coq="split_off",
    heads=(FiniteSum,),
)
ZERO_POWER = Rule(
    "zero-power",
    (Pow(L.positive, S.Zero, evaluate=False), S.One),
    "A power with exponent 0 is 1.",
    _zero_power,
    coq="zero_power",
    heads=(Pow,),
)
RULES: tuple[Rule, ...] = (TWO_TERMS, SECOND, OTHER, DISTANCE, BY_CASES, SPLIT_OFF, ZERO_POWER)
