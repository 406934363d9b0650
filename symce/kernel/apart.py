"""The true class apart: closed forms in p_c rewritten so that no negative power of 1 - p_c, or of p_c, is left.

Where p_c rounds to 1, a power (1 - p_c)^n with n < 0 is infinite, and what it is multiplied by is 0; likewise p_c^n
where p_c is 0. The mathematics
has no such point: every term holds enough factors that vanish with q = 1 - p_c. They are made visible by identities,
with r_k = p_k / q the share of class k among the others, and rho = -log p_c / q, which tends to 1:

    p_l = q r_l                                for l != c
    sum_k p_k f_k = f_c - q (f_c - sum_{k != c} r_k f_k)
    log p_c = -q rho
    1 - p_c = q

Multiplied out, the powers of q and of p_c add up, and what is left is checked: one that may still be negative is
refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Add, Expr, KroneckerDelta, Mul, Pow, S, Symbol, expand_mul, expand_multinomial, log

from symce.algebra.binders import FiniteSum
from symce.algebra.functions import Softmax
from symce.algebra.indices import ClassIndex, c
from symce.algebra.walk import bottom_up
from symce.kernel.forms import Rate, Share
from symce.rules.algebra import COLLECT, COMMON_FACTOR, combine
from symce.rules.cost import cost
from symce.rules.sums import CONTRACT, DISTRIBUTE, LINEARITY


@dataclass(frozen=True)
class Apart:
    """An expression at the true class, and elsewhere; both in 1 - p_c, p_c, shares and the rate."""

    at_c: Expr
    elsewhere: Expr


#: 1 - p_c
Q = Symbol("q_c", positive=True)
#: more terms than this are not multiplied out
TERMS = 200


def needs_it(expr: Expr) -> bool:
    """Whether a power of 1 - p_c, or of p_c, stands in the expression that may be negative."""
    bases = [p.base for p in expr.atoms(Pow) if not p.exp.is_nonnegative]
    return any(_is_complement(b) or _is_complement(-b) or _is_p_c(b) for b in bases)


def true_class_apart(expr: Expr, row: ClassIndex) -> Apart | None:
    """The expression without negative powers of 1 - p_c; None where one is left."""
    # sums term by term, so that the identity on sums of p_k f_k finds them
    for rule in (DISTRIBUTE, LINEARITY, CONTRACT):
        written_out = rule.exhaust(expr)
        expr = expr if written_out is None else written_out
    p_c = next(p for p in sorted(expr.atoms(Softmax), key=str) if p.args[1] == c)
    at_c = _rewrite(_where_delta(expr, row, S.One).xreplace({row: c}), p_c)
    elsewhere = _rewrite(_with_share(_where_delta(expr, row, S.Zero), row), p_c)
    if at_c is None or elsewhere is None:
        return None
    return Apart(at_c, elsewhere)


def _where_delta(expr: Expr, row: ClassIndex, value: Expr) -> Expr:
    return expr.xreplace({KroneckerDelta(row, c): value})


def _with_share(expr: Expr, row: ClassIndex) -> Expr:
    """q r_l for every p_l outside a logarithm: log p_l has a stable form, and log q + log r_l has none."""
    own = [p for p in sorted(expr.atoms(Softmax), key=str) if p.args[1] == row]
    kept = {log(p): Symbol(f"log p{n}") for n, p in enumerate(own)}
    shared = expr.xreplace(kept).xreplace({p: Q * Share(*p.args) for p in own})
    return shared.xreplace({letter: logarithm for logarithm, letter in kept.items()})


def _rewrite(expr: Expr, p_c: Softmax) -> Expr | None:
    expr = bottom_up(expr, _sum_without_c).xreplace({log(p_c): -Q * Rate(p_c.args[0])})
    expr = bottom_up(expr, lambda e: _complement(e, p_c))
    # a difference such as t - p_c t hides a q: it comes to light with 1 - q for p_c, which costs digits of a small p_c
    for attempt in (expr, expr.xreplace({p_c: 1 - Q})):
        flat = expand_mul(expand_multinomial(attempt))
        if len(Add.make_args(flat)) > TERMS:
            return None
        flat = Add(*[combine(t) for t in Add.make_args(flat)])
        groups = _by_power(Add.make_args(flat))
        vanishing = all(_exponent(t, p_c).is_nonnegative for t in Add.make_args(flat))
        if vanishing and all(lowest.is_nonnegative for lowest, _ in groups):
            total = Add(*[Q**low * _shortest(Add(*[combine(t, Q**-low) for t in terms])) for low, terms in groups])
            return total.xreplace({Q: 1 - p_c})
    return None


def _by_power(terms: tuple[Expr, ...]) -> list[tuple[Expr, list[Expr]]]:
    """The terms in groups whose exponents of q differ by numbers, each with the lowest exponent of its group."""
    groups: list[tuple[Expr, list[Expr]]] = []
    for term in terms:
        exponent = _exponent(term)
        for position, (lowest, members) in enumerate(groups):
            difference = exponent - lowest
            if difference.is_number:
                groups[position] = (exponent if difference.is_negative else lowest, [*members, term])
                break
        else:
            groups.append((exponent, [term]))
    return groups


def _shortest(expr: Expr) -> Expr:
    candidates = [expr]
    for rule in (COMMON_FACTOR, COLLECT):
        for candidate in list(candidates):
            new = rule.exhaust(candidate)
            if new is not None:
                candidates.append(new)
    return min(candidates, key=cost)


def _sum_without_c(expr: Expr) -> Expr | None:
    """sum_k p_k f_k by the second identity."""
    if not isinstance(expr, FiniteSum):
        return None
    index, body = expr.open([c])
    factors = list(Mul.make_args(body))
    for position, factor in enumerate(factors):
        if isinstance(factor, Softmax) and not isinstance(factor, Share) and factor.args[1] == index:
            f = Mul(*factors[:position], *factors[position + 1 :])
            f_c = f.xreplace({index: c})
            return f_c - Q * (f_c - FiniteSum(Share(factor.args[0], index) * f, index))
    return None


def _exponent(term: Expr, of: Expr = Q) -> Expr:
    return Add(*[f.as_base_exp()[1] for f in Mul.make_args(term) if f.as_base_exp()[0] == of])


def _is_p_c(expr: Expr) -> bool:
    return isinstance(expr, Softmax) and not isinstance(expr, Share) and expr.args[1] == c


def _complement(expr: Expr, p_c: Softmax) -> Expr | None:
    """A sum with the terms 1 and -p_c (or -1 and p_c) with q for them."""
    if isinstance(expr, Add):
        for sign in (S.One, S.NegativeOne):
            if sign in expr.args and -sign * p_c in expr.args:
                return Add(sign * Q, *[t for t in expr.args if t not in (sign, -sign * p_c)])
    return None


def _is_complement(expr: Expr) -> bool:
    if not (isinstance(expr, Add) and len(expr.args) == 2):
        return False
    rest = 1 - expr
    return isinstance(rest, Softmax) and not isinstance(rest, Share) and rest.args[1] == c
