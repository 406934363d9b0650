"""What is known of softmax and of the logistic sigmoid. The derivatives are theorems of symce.theorems, cited here."""

from __future__ import annotations

from sympy import Add, Expr, Indexed, KroneckerDelta, Mul, Pow, S, exp, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex
from symce.algebra.nodes import Partial, Total
from symce.rules import laws as L
from symce.rules.rule import Rule


def _softmax_jacobian(expr: Expr) -> Expr | None:
    if isinstance(expr, Total) and isinstance(expr.function, Softmax) and isinstance(expr.variable, Indexed):
        vector, k = expr.function.args
        if expr.variable.base == vector:
            j = expr.variable.indices[0]
            return Softmax(vector, k) * (KroneckerDelta(k, j) - Softmax(vector, j))
    return None


def _sigmoid_derivative(expr: Expr) -> Expr | None:
    if isinstance(expr, Total) and isinstance(expr.function, Sigmoid) and isinstance(expr.variable, Indexed):
        entry = expr.function.args[0]
        if isinstance(entry, Indexed) and entry.base == expr.variable.base:
            s = expr.function
            return s * (1 - s) * KroneckerDelta(entry.indices[0], expr.variable.indices[0])
    return None


def _definition(expr: Expr) -> Expr | None:
    """The derivative of a function that is defined by a formula, as the derivative of the formula."""
    if not (isinstance(expr, Total) and isinstance(expr.variable, Indexed)):
        return None
    f = expr.function
    if isinstance(f, Softmax | Sigmoid):
        return Partial(f.definition(), expr.variable)
    if isinstance(f, LogSumExp):
        index, body = f.open(expr.variable.free_symbols)
        return Partial(log(FiniteSum(exp(body), index)), expr.variable)
    return None


def _recognise_sigmoid(expr: Expr) -> Expr | None:
    """1 / (1 + exp(-x)) and what is left of its derivative, under the name sigma(x)."""
    if not isinstance(expr, Mul | Pow):
        return None
    for factor in Mul.make_args(expr):
        base, exponent = factor.as_base_exp()
        x = _sigmoid_argument(1 / base)
        if x is not None and exponent.is_Integer and exponent.is_negative:
            s = Sigmoid(x)
            rest = (expr / factor).xreplace({exp(-x): (1 - s) / s})
            return rest * s**-exponent
    return None


def _sigmoid_argument(expr: Expr) -> Expr | None:
    below = 1 / expr - 1
    return -below.args[0] if isinstance(below, exp) else None


def _is_sum_of_exp(expr: Expr) -> Indexed | None:
    """The entry z_l of sum_l exp(z_l), or None."""
    if isinstance(expr, FiniteSum):
        _, body = expr.open()
        if isinstance(body, exp) and isinstance(body.args[0], Indexed):
            return body.args[0]
    return None


def _recognise(expr: Expr) -> Expr | None:
    """exp(z_k) / sum_l exp(z_l), under its name."""
    factors = list(Mul.make_args(expr))
    for below in factors:
        base, exponent = (below.base, below.exp) if isinstance(below, Pow) else (below, S.One)
        entry = _is_sum_of_exp(base)
        if entry is None or not (exponent.is_Integer and exponent.is_negative):
            continue
        for above in factors:
            if isinstance(above, exp) and isinstance(above.args[0], Indexed) and above.args[0].base == entry.base:
                rest = [f for f in factors if f is not below and f is not above]
                return Mul(*rest, base ** (exponent + 1), Softmax(entry.base, above.args[0].indices[0]))
    return None


def _normalised(expr: Expr) -> Expr | None:
    if isinstance(expr, FiniteSum):
        index, body = expr.open()
        if isinstance(body, Softmax) and body.args[1] == index:
            return S.One
    return None


def _normalised_exponentials(expr: Expr) -> Expr | None:
    if not isinstance(expr, FiniteSum):
        return None
    index, body = expr.open()
    if not isinstance(body, exp):
        return None
    for term in Add.make_args(body.args[0]):
        if isinstance(-term, LogSumExp) and LogSumExp(body.args[0] - term, index) == -term:
            return S.One
    return None


def _log_softmax(expr: Expr) -> Expr | None:
    if isinstance(expr, log) and isinstance(expr.args[0], Softmax):
        vector, k = expr.args[0].args
        index = ClassIndex.fresh(k.free_symbols)
        return vector[k] - LogSumExp(vector[index], index)
    return None


JACOBIAN = Rule(
    "softmax-jacobian",
    (Total(L.pk, L.z[L.j]), L.pk * (KroneckerDelta(L.k, L.j) - L.pj)),
    "The theorem on the softmax Jacobian.",
    _softmax_jacobian,
    coq="softmax_jacobian",
    heads=(Total,),
)
SIGMOID = Rule(
    "sigmoid-derivative",
    (
        Total(Sigmoid(L.z[L.k]), L.z[L.j]),
        Sigmoid(L.z[L.k]) * (1 - Sigmoid(L.z[L.k])) * KroneckerDelta(L.k, L.j),
    ),
    "The theorem on the logistic sigmoid; each s_k depends on its own logit alone.",
    _sigmoid_derivative,
    coq="sigmoid_derivative",
    heads=(Total,),
)
DEFINITION = Rule(
    "unfold-definition",
    (Total(L.pk, L.z[L.j]), Partial(exp(L.z[L.k]) / FiniteSum(exp(L.z[L.l]), L.l), L.z[L.j])),
    "The function is replaced by the formula that defines it.",
    _definition,
    coq="softmax_definition",
    heads=(Total,),
)
RECOGNISE = Rule(
    "recognise-softmax",
    (exp(L.z[L.k]) / FiniteSum(exp(L.z[L.l]), L.l), L.pk),
    "The quotient is softmax by definition.",
    _recognise,
    coq="softmax_definition",
)
RECOGNISE_SIGMOID = Rule(
    "recognise-sigmoid",
    (1 / (1 + exp(-L.a)) ** 2 * exp(-L.a), Sigmoid(L.a) * (1 - Sigmoid(L.a))),
    "sigma(t) = 1 / (1 + exp(-t)) by definition, hence exp(-t) = (1 - sigma(t)) / sigma(t).",
    _recognise_sigmoid,
    outermost_first=True,
    coq="sigmoid_definition",
)
NORMALISED = Rule(
    "softmax-sums-to-one",
    (FiniteSum(L.pk, L.k), S.One),
    "The numerators of softmax add up to its denominator.",
    _normalised,
    coq="softmax_sum",
    heads=(FiniteSum,),
)
NORMALISED_EXPONENTIALS = Rule(
    "exponentials-sum-to-one",
    (FiniteSum(exp(L.w[L.k] - LogSumExp(L.w[L.l], L.l)), L.k), S.One),
    "exp(t_k - log sum exp t) is softmax of any t: numerators over their sum.",
    _normalised_exponentials,
    coq="softmax_sum",
    heads=(FiniteSum,),
)
LOG_SOFTMAX = Rule(
    "log-softmax",
    (log(L.pk), L.z[L.k] - LogSumExp(L.z[L.l], L.l)),
    "The logarithm of the quotient that defines softmax.",
    _log_softmax,
    coq="log_softmax",
)
RULES: tuple[Rule, ...] = (
    JACOBIAN,
    SIGMOID,
    DEFINITION,
    RECOGNISE,
    RECOGNISE_SIGMOID,
    NORMALISED,
    NORMALISED_EXPONENTIALS,
    LOG_SOFTMAX,
)
