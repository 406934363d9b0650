"""Finite products, their logarithms, and powers that a one-hot vector picks from."""

from __future__ import annotations

from sympy import Expr, IndexedBase, KroneckerDelta, Mul, Pow, S, exp, log

from symce.algebra.binders import FiniteProduct, FiniteSum
from symce.algebra.indices import ClassIndex, SampleIndex
from symce.algebra.nodes import Named
from symce.rules import laws as L
from symce.rules.rule import Rule


def _log_of_product(expr: Expr) -> Expr | None:
    if isinstance(expr, log) and isinstance(expr.args[0], FiniteProduct):
        index, body = expr.args[0].open()
        return FiniteSum(log(body), index)
    return None


def _log_of_power(expr: Expr) -> Expr | None:
    if isinstance(expr, log) and isinstance(expr.args[0], Pow):
        base, exponent = expr.args[0].args
        return exponent * log(base)
    return None


def _log_of_factors(expr: Expr) -> Expr | None:
    """log(a b / c) as log a + log b - log c, for factors that are positive."""
    if not isinstance(expr, log) or not isinstance(expr.args[0], Mul):
        return None
    total = S.Zero
    for factor in expr.args[0].args:
        base, exponent = factor.as_base_exp()
        if not base.is_positive and not base.is_nonnegative:
            return None
        total += exponent * log(base)
    return total


def _picked(expr: Expr) -> Expr | None:
    """prod_k f_k^delta_kc is f_c."""
    if not isinstance(expr, FiniteProduct):
        return None
    index, body = expr.open()
    if not isinstance(body, Pow):
        return None
    delta = body.exp.definition if isinstance(body.exp, Named) else body.exp
    if not isinstance(delta, KroneckerDelta) or index not in delta.args:
        return None
    (other,) = [a for a in delta.args if a != index]
    return body.base.xreplace({index: other})


_i, _k = SampleIndex("i"), ClassIndex("k")
_f = IndexedBase("P", positive=True)
LOG_OF_PRODUCT = Rule(
    "log-of-product",
    (log(FiniteProduct(_f[_i, _k], _i)), FiniteSum(log(_f[_i, _k]), _i)),
    "The logarithm of a product is the sum of the logarithms.",
    _log_of_product,
    coq="log_of_product",
)
LOG_OF_POWER = Rule(
    "log-of-power",
    (log(_f[_i, _k] ** L.a), L.a * log(_f[_i, _k])),
    "The logarithm of a power is the exponent times the logarithm.",
    _log_of_power,
    coq="log_of_power",
)
LOG_OF_QUOTIENT = Rule(
    "log-of-quotient",
    (log(L.pk / L.pj), log(L.pk) - log(L.pj)),
    "The logarithm of a product or quotient of positive numbers is the sum or difference of their logarithms.",
    _log_of_factors,
    coq="log_of_quotient",
)
LOG_OF_EXP = Rule(
    "log-of-exp",
    (log(exp(L.a), evaluate=False), L.a),
    "The logarithm undoes the exponential.",
    lambda e: e.args[0].args[0] if isinstance(e, log) and isinstance(e.args[0], exp) else None,
    coq="log_of_exp",
)
PICK = Rule(
    "one-hot-power",
    (FiniteProduct(L.pk ** KroneckerDelta(L.c, L.k), L.k), L.p_c),
    "A power with exponent 0 is the factor 1: of the product only the factor of the true class is left.",
    _picked,
    coq="one_hot_power",
)
RULES: tuple[Rule, ...] = (LOG_OF_PRODUCT, LOG_OF_POWER, LOG_OF_QUOTIENT, LOG_OF_EXP, PICK)
