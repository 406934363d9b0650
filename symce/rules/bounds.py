"""Inequalities: a part of an expression replaced by a bound of it, with an eye on the sign of what stands around it.

Where a larger part makes the whole larger (a term, a factor beside what is not negative, the argument of log) an upper
bound of the part is one of the whole; behind a minus sign it is a lower one. Anywhere else nothing is replaced.
"""

from __future__ import annotations

from sympy import Add, Expr, Indexed, KroneckerDelta, Mul, Pow, S, exp, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.rules import laws as L
from symce.rules.rule import Relation, Rule, RuleError

_OPPOSITE: dict[Relation, Relation] = {"<=": ">=", ">=": "<="}


def bound(rule: Rule, expr: Expr, relation: Relation) -> Expr | None:
    """What ``expr`` is ``relation`` by the rule's law, applied wherever it gives that; None where it applies nowhere.

    Raises RuleError for a rule that is an equality.
    """
    if rule.relation == "=":
        raise RuleError(f"rule {rule.name!r} is an equality, which bounds nothing")
    new = _bound(rule, expr, relation)
    return None if new == expr else new


def _bound(rule: Rule, expr: Expr, relation: Relation) -> Expr:
    if rule.relation == relation:
        found = rule.rewrite(expr)
        if found is not None:
            return found
    if isinstance(expr, FiniteSum):
        index, body = expr.open()
        return FiniteSum(_bound(rule, body, relation), index)
    if isinstance(expr, Add):
        return Add(*[_bound(rule, t, relation) for t in expr.args])
    if isinstance(expr, log | exp):
        return expr.func(_bound(rule, expr.args[0], relation))
    if isinstance(expr, Mul):
        return _factor(rule, expr, relation)
    return expr


def _factor(rule: Rule, expr: Mul, relation: Relation) -> Expr:
    """The first factor that has a bound, where the sign of all the others together is known."""
    number, product = expr.as_coeff_Mul()
    if number != 1:
        return number * _bound(rule, product, relation if number > 0 else _OPPOSITE[relation])
    for position, factor in enumerate(expr.args):
        rest = Mul(*expr.args[:position], *expr.args[position + 1 :])
        if nonnegative(rest):
            inner = relation
        elif nonnegative(-rest):
            inner = _OPPOSITE[relation]
        else:
            continue
        new = _bound(rule, factor, inner)
        if new != factor:
            return rest * new
    return expr


def nonnegative(expr: Expr) -> bool:
    """Whether an expression is known not to be negative: by what its letters stand for, or as a square."""
    if expr.is_nonnegative or isinstance(expr, KroneckerDelta) or _complement(expr):
        return True
    if isinstance(expr, Add):
        # 1 and -p, or 1 and -delta, together are not negative
        paired = next((-t for t in expr.args if isinstance(-t, KroneckerDelta | Softmax)), None)
        rest = expr if paired is None or S.One not in expr.args else expr - 1 + paired
        return all(nonnegative(t) for t in Add.make_args(rest))
    if isinstance(expr, Mul):
        return all(nonnegative(a) for a in expr.args)
    if isinstance(expr, Pow):
        return bool(expr.exp.is_even and expr.base.is_extended_real) or nonnegative(expr.base)
    if isinstance(expr, FiniteSum):
        return nonnegative(expr.open()[1])
    return False


def _complement(expr: Expr) -> bool:
    """1 - delta, or 1 - p."""
    rest = 1 - expr
    return isinstance(rest, KroneckerDelta | Softmax)


def is_probability(expr: Expr) -> bool:
    """Whether an expression is an entry of a distribution: of softmax, or of a vector that is declared to be one."""
    return isinstance(expr, Softmax) or (isinstance(expr, Indexed) and str(expr.base) in _DISTRIBUTIONS)


#: vectors that are not negative and whose entries, by an assumption that the rule names, add up to one
_DISTRIBUTIONS = {"y": "sums-to-one", "true": "true-sums-to-one", "model": "model-sums-to-one"}


def _tangent(expr: Expr) -> Expr | None:
    if isinstance(expr, log) and expr.args[0].has(Indexed, Softmax, L.positive):
        return expr.args[0] - 1
    return None


def _log_of_probability(expr: Expr) -> Expr | None:
    return S.Zero if isinstance(expr, log) and is_probability(expr.args[0]) else None


def _square(expr: Expr) -> Expr | None:
    return expr.base if isinstance(expr, Pow) and expr.exp == 2 and is_probability(expr.base) else None


def _drop(expr: Expr) -> Expr | None:
    return S.Zero if not expr.is_Number and expr != 0 and nonnegative(expr) else None


def _other_class(expr: Expr) -> Expr | None:
    """(1 - delta_jc) p_j, the probability of another class than the true one, also to a power."""
    if not isinstance(expr, Mul):
        return None
    for factor in expr.args:
        delta = 1 - factor
        if isinstance(delta, KroneckerDelta) and L.c in delta.args:
            (other,) = [a for a in delta.args if a != L.c]
            for power in expr.args:
                base, exponent = power.as_base_exp()
                rest = Mul(*[f for f in expr.args if f not in (factor, power)])
                whole = exponent.is_Integer and exponent >= 1 and nonnegative(rest)
                if isinstance(base, Softmax) and base.args[1] == other and whole:
                    return rest * factor * base ** (exponent - 1) * (1 - Softmax(base.args[0], L.c))
    return None


def _at_most_one(expr: Expr) -> Expr | None:
    return S.One if is_probability(expr) else None


def _and_more(expr: Expr) -> Expr | None:
    """M + t for a t that is not negative."""
    if isinstance(expr, Add):
        kept = [t for t in expr.args if t != L.slack]
        return Add(*kept) if len(kept) < len(expr.args) else None
    return None


_delta = KroneckerDelta(L.c, L.j)
TANGENT = Rule(
    "log-below-tangent",
    (log(L.positive), L.positive - 1),
    "The logarithm is concave and lies below its tangent at 1; the two meet at 1 alone.",
    _tangent,
    relation="<=",
    coq="log_below_tangent",
)
LOG_OF_PROBABILITY = Rule(
    "log-of-probability",
    (log(L.pk), S.Zero),
    "A probability is at most 1, and its logarithm at most 0.",
    _log_of_probability,
    relation="<=",
    coq="log_of_probability",
)
SQUARE = Rule(
    "square-of-probability",
    (L.pk**2, L.pk),
    "A number between 0 and 1 is at least its square.",
    _square,
    relation="<=",
    coq="square_of_probability",
)
DROP = Rule(
    "not-negative",
    (L.a**2, S.Zero),
    "A square, a probability and products and sums of them are not negative.",
    _drop,
    relation=">=",
    coq="not_negative",
)
OTHER_CLASS = Rule(
    "another-class",
    ((1 - _delta) * L.pj, (1 - _delta) * (1 - L.p_c)),
    "The probability of a class other than the true one is at most that of all the others together.",
    _other_class,
    relation="<=",
    coq="another_class",
)
AT_MOST_ONE = Rule(
    "probability-at-most-one",
    (L.pk, S.One),
    "A probability is at most 1.",
    _at_most_one,
    relation="<=",
    coq="probability_at_most_one",
)
AND_MORE = Rule(
    "and-more",
    (L.a + L.slack, L.a),
    "What is added is not negative.",
    _and_more,
    relation=">=",
    coq="and_more",
)
RULES: tuple[Rule, ...] = (TANGENT, LOG_OF_PROBABILITY, SQUARE, DROP, OTHER_CLASS, AT_MOST_ONE, AND_MORE)
