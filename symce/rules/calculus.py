"""The rules of differentiation, and nothing else: each turns one Partial into simpler ones."""

from __future__ import annotations

from collections.abc import Callable

from sympy import (
    Abs,
    Add,
    Expr,
    Indexed,
    KroneckerDelta,
    Mul,
    Pow,
    S,
    exp,
    log,
    sign,
    tanh,
)

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.nodes import Named, Partial
from symce.algebra.piecewise import Where
from symce.rules import laws as L
from symce.rules.dependence import depends
from symce.rules.rule import Rule


def _on_partial(rewrite: Callable[[Expr, Expr], Expr | None]) -> Callable[[Expr], Expr | None]:
    """``rewrite(function, variable)`` as a rewriter of Partial nodes."""
    return lambda e: rewrite(e.function, e.variable) if isinstance(e, Partial) else None


def _definition(f: Expr, x: Expr) -> Expr | None:
    return Partial(f.definition, x) if isinstance(f, Named) else None


def _linearity(f: Expr, x: Expr) -> Expr | None:
    if not depends(f, x):
        return S.Zero
    if isinstance(f, Add):
        return Add(*[Partial(t, x) for t in f.args])
    if isinstance(f, FiniteSum):
        index, body = f.open(x.free_symbols)
        return FiniteSum(Partial(body, x), index)
    if isinstance(f, Mul):
        constant = [t for t in f.args if not depends(t, x)]
        if constant:
            return Mul(*constant) * Partial(Mul(*[t for t in f.args if depends(t, x)]), x)
    return None


def _quotient(f: Expr, x: Expr) -> Expr | None:
    if not isinstance(f, Mul):
        return None
    below = [t for t in f.args if isinstance(t, Pow) and t.exp == -1 and depends(t, x)]
    above = [t for t in f.args if t not in below]
    if not below or not depends(Mul(*above), x):
        return None
    top, bottom = Mul(*above), Mul(*[t.base for t in below])
    return (Partial(top, x) * bottom - top * Partial(bottom, x)) / bottom**2


def _product(f: Expr, x: Expr) -> Expr | None:
    if not isinstance(f, Mul):
        return None
    terms = []
    for position, factor in enumerate(f.args):
        rest = Mul(*f.args[:position], *f.args[position + 1 :])
        if depends(factor, x):
            terms.append(rest * Partial(factor, x))
    return Add(*terms)


def _power(f: Expr, x: Expr) -> Expr | None:
    if not isinstance(f, Pow):
        return None
    base, exponent = f.args
    if not depends(exponent, x):
        return exponent * base ** (exponent - 1) * Partial(base, x)
    if not depends(base, x):
        return f * log(base) * Partial(exponent, x)
    return f * (Partial(exponent, x) * log(base) + exponent / base * Partial(base, x))


def _log(f: Expr, x: Expr) -> Expr | None:
    return Partial(f.args[0], x) / f.args[0] if isinstance(f, log) else None


def _exp(f: Expr, x: Expr) -> Expr | None:
    return f * Partial(f.args[0], x) if isinstance(f, exp) else None


def _tanh(f: Expr, x: Expr) -> Expr | None:
    return (1 - f**2) * Partial(f.args[0], x) if isinstance(f, tanh) else None


def _abs(f: Expr, x: Expr) -> Expr | None:
    if isinstance(f, sign):
        return S.Zero
    return sign(f.args[0]) * Partial(f.args[0], x) if isinstance(f, Abs) else None


def _sigmoid(f: Expr, x: Expr) -> Expr | None:
    if _same_family(f, x):
        return None  # an entry of s, not a function of it
    return f * (1 - f) * Partial(f.args[0], x) if isinstance(f, Sigmoid) else None


def _softplus(f: Expr, x: Expr) -> Expr | None:
    return Sigmoid(f.args[0]) * Partial(f.args[0], x) if isinstance(f, Softplus) else None


def _logsumexp(f: Expr, x: Expr) -> Expr | None:
    if not isinstance(f, LogSumExp):
        return None
    index, body = f.open(x.free_symbols)
    if isinstance(body, Indexed) and body.indices == (index,):
        weight: Expr = Softmax(body.base, index)
    else:
        weight = exp(body - f)
    return FiniteSum(weight * Partial(body, x), index)


def _where(f: Expr, x: Expr) -> Expr | None:
    if not isinstance(f, Where):
        return None
    # as a sum of products, which sums and deltas know how to take apart
    holds, fails = Where(f.condition, S.One, S.Zero), Where(f.condition, S.Zero, S.One)
    return holds * Partial(f.then, x) + fails * Partial(f.otherwise, x)


def _same_family(f: Expr, x: Expr) -> bool:
    """Whether f and x are entries of one sigma(z)."""
    return (
        isinstance(x, Sigmoid)
        and isinstance(f, Sigmoid)
        and isinstance(f.args[0], Indexed)
        and f.args[0].base == x.args[0].base
    )


def _variable(f: Expr, x: Expr) -> Expr | None:
    if isinstance(x, Softmax) and isinstance(f, Softmax) and f.args[0] == x.args[0]:
        return KroneckerDelta(f.args[1], x.args[1])
    if _same_family(f, x):
        return KroneckerDelta(f.args[0].indices[0], x.args[0].indices[0])
    if isinstance(x, Indexed) and isinstance(f, Indexed) and f.base == x.base:
        return Mul(*[KroneckerDelta(a, b) for a, b in zip(f.indices, x.indices, strict=True)])
    return None


_x, _f, _g, _a, _b, _n = L.x, L.f, L.g, L.a, L.b, L.n
_shifted = L.u[L.k] * _f

DEFINITION = Rule(
    "definition",
    (Partial(Named(L.a, _f), _x), Partial(_f, _x)),
    "A name stands for its definition.",
    _on_partial(_definition),
    coq="reflexivity",
    heads=(Partial,),
)
RULES: tuple[Rule, ...] = (
    DEFINITION,
    Rule(
        "derivative-of-where",
        (Partial(Where(L.a < L.b, _f, _g), _x), Where(L.a < L.b, Partial(_f, _x), Partial(_g, _x))),
        "Almost everywhere the condition does not change under a small change of the variable, so the derivative is "
        "taken case by case; at the kink itself there is none.",
        _on_partial(_where),
        heads=(Partial,),
    ),
    Rule(
        "linearity",
        (Partial(_a * _f + _b * _g, _x), _a * Partial(_f, _x) + _b * Partial(_g, _x)),
        "The derivative of a finite sum is the sum of the derivatives, constant factors come out, and the derivative "
        "of a constant is 0.",
        _on_partial(_linearity),
        outermost_first=True,
        coq="linearity",
        heads=(Partial,),
    ),
    Rule(
        "quotient-rule",
        (Partial(_f / _g, _x), (Partial(_f, _x) * _g - _f * Partial(_g, _x)) / _g**2),
        "Numerator and denominator both depend on the variable.",
        _on_partial(_quotient),
        outermost_first=True,
        coq="quotient",
        heads=(Partial,),
    ),
    Rule(
        "product-rule",
        (Partial(_f * _g, _x), _g * Partial(_f, _x) + _f * Partial(_g, _x)),
        "Each factor is differentiated in turn, the others held fixed.",
        _on_partial(_product),
        outermost_first=True,
        coq="product",
        heads=(Partial,),
    ),
    Rule(
        "power-rule",
        (Partial(_f**_n, _x), _n * _f ** (_n - 1) * Partial(_f, _x)),
        "Chain rule with the derivative n t^(n-1) of t^n, for any real exponent n.",
        _on_partial(_power),
        coq="power",
        heads=(Partial,),
    ),
    Rule(
        "derivative-of-log",
        (Partial(log(_f), _x), Partial(_f, _x) / _f),
        "Chain rule with the derivative 1/t of log t.",
        _on_partial(_log),
        coq="log",
        heads=(Partial,),
    ),
    Rule(
        "derivative-of-exp",
        (Partial(exp(_f), _x), exp(_f) * Partial(_f, _x)),
        "Chain rule; the exponential is its own derivative.",
        _on_partial(_exp),
        coq="exp",
        heads=(Partial,),
    ),
    Rule(
        "derivative-of-tanh",
        (Partial(tanh(_f), _x), (1 - tanh(_f) ** 2) * Partial(_f, _x)),
        "Chain rule with the derivative 1 - tanh(t)^2 of tanh t.",
        _on_partial(_tanh),
        heads=(Partial,),
    ),
    Rule(
        "derivative-of-abs",
        (Partial(Abs(_f - 2), _x), sign(_f - 2) * Partial(_f - 2, _x)),
        "Almost everywhere |t| is t or -t; at t = 0 there is no derivative, and symce takes 0.",
        _on_partial(_abs),
        heads=(Partial,),
    ),
    Rule(
        "derivative-of-sigmoid",
        (Partial(Sigmoid(_f), _x), Sigmoid(_f) * (1 - Sigmoid(_f)) * Partial(_f, _x)),
        "Chain rule with the derivative sigma(t) (1 - sigma(t)) of the logistic sigmoid.",
        _on_partial(_sigmoid),
        coq="sigmoid",
        heads=(Partial,),
    ),
    Rule(
        "derivative-of-softplus",
        (Partial(Softplus(_f), _x), Sigmoid(_f) * Partial(_f, _x)),
        "Chain rule; the logistic sigmoid is the derivative of softplus.",
        _on_partial(_softplus),
        heads=(Partial,),
    ),
    Rule(
        "derivative-of-logsumexp",
        (Partial(LogSumExp(L.z[L.k], L.k), _x), FiniteSum(L.pk * Partial(L.z[L.k], _x), L.k)),
        "The derivative of log-sum-exp with respect to its arguments is their softmax.",
        _on_partial(_logsumexp),
        outermost_first=True,
        coq="logsumexp",
        heads=(Partial,),
    ),
    Rule(
        "independent-entries",
        (Partial(L.z[L.k], _x), KroneckerDelta(L.k, L.j)),
        "The entries of a vector are independent variables: the derivative of one with respect to another is 1 if they "
        "are the same and 0 if not.",
        _on_partial(_variable),
        coq="variable",
        heads=(Partial,),
    ),
)
