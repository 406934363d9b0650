"""The rules that make a closed form exact in floating point: rewritings of the same type as those of the proofs.

Each law is an equality of mathematics whose right side loses no digits where the left side does. A kernel is lowered
by the first rule of STABILITY that applies to a node, from the outermost inwards; nothing here knows a loss by name.

Letters of the laws: a is a class whose logit is the largest, m = z_a, D_k = m - z_k >= 0, E_k = exp(-D_k),
R the sum of E_k over all k but a, and x a number. With them p_k = E_k / (1 + R).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sympy import Abs, Add, Expr, Indexed, IndexedBase, KroneckerDelta, Mul, Pow, S, Symbol, exp, expand_mul, log, tanh

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.algebra.indices import ClassIndex, c
from symce.kernel.forms import (
    Centred,
    Complement,
    Difference,
    Divergence,
    Excess,
    Expm1,
    LogProbability,
    Probability,
    Residual,
    SechSquared,
    Share,
    SoftmaxDivergence,
)
from symce.rules import laws
from symce.rules.rule import Rule
from symce.rules.sums import LINEARITY

A = ClassIndex("a")
m, R, x = Symbol("m", real=True), Symbol("R", positive=True), Symbol("x", real=True)
D, E = IndexedBase("D", nonnegative=True), IndexedBase("E", positive=True)
f = IndexedBase("f", real=True)
T = Symbol("T", positive=True)
#: the vector of a Hessian-vector product, less its entry at the largest class
FROM_TOP = IndexedBase("v_from_top", real=True)
_k, _j, _p, _z = laws.k, laws.j, laws.pk, laws.z
_p_a, _p_c, _p_other = Softmax(_z, A), laws.p_c, laws.pj


def _apart(body: Expr) -> Expr:
    """The sum over all classes but a."""
    return FiniteSum((1 - KroneckerDelta(A, _k)) * body, _k)


def _is_p(expr: Expr) -> bool:
    return isinstance(expr, Softmax) and not isinstance(expr, Share)


def _free(expr: Expr) -> list[ClassIndex]:
    """The classes that an expression varies with, the row's first and the true class last."""
    found = {s for s in expr.free_symbols if isinstance(s, ClassIndex)}
    return sorted(found, key=lambda s: (s == c, str(s)))


def _without(terms: tuple[Expr, ...], taken: tuple[Expr, ...]) -> list[Expr] | None:
    """The terms less those taken; None where one of them is not there."""
    left = Counter(terms)
    left.subtract(taken)
    return None if min(left.values()) < 0 else list(left.elements())


# --- logarithms and exponentials ---------------------------------------------------------------------------------
def _log_softmax(expr: Expr) -> Expr | None:
    argument = expr.args[0]
    if _is_p(argument):
        return LogProbability(*argument.args)
    return LogProbability(*argument.args) if isinstance(argument, Probability) else None


LOG_SOFTMAX = Rule(
    name="log-softmax-by-gap",
    law=(log(_p), -(D[_k] + log(1 + R))),
    why="Two terms that are not negative are added: the logarithm is never taken of a probability that has rounded to "
    "0 or 1, and log1p keeps an R that is small beside 1.",
    rewrite=_log_softmax,
    heads=(log,),
)


def _log_of_quotient(expr: Expr) -> Expr | None:
    argument = expr.args[0]
    if not (isinstance(argument, Mul) and argument.has(Softmax, Sigmoid, Probability)):
        return None
    if any(factor.is_number and not factor.is_positive for factor in argument.args):
        return None  # a loss that is defined nowhere stays so
    return Add(*[log(factor) for factor in argument.args])


LOG_OF_QUOTIENT = Rule(
    name="log-term-by-term",
    law=(log(_p / laws.model[_k]), log(_p) - log(laws.model[_k])),
    why="The quotient of two probabilities may be 0/0, or overflow, where the difference of their logarithms does not.",
    rewrite=_log_of_quotient,
    heads=(log,),
)


def _log_sigmoid(expr: Expr) -> Expr | None:
    argument = expr.args[0]
    if isinstance(argument, Sigmoid):
        return -Softplus(-argument.args[0])
    whole = 1 - argument
    return -Softplus(whole.args[0]) if isinstance(whole, Sigmoid) else None


LOG_SIGMOID = Rule(
    name="log-sigmoid-by-softplus",
    law=(log(Sigmoid(x)), -Softplus(-x)),
    why="Softplus is max(x, 0) + log1p(exp(-|x|)): the logarithm is never taken of what has rounded to 0 or 1.",
    rewrite=_log_sigmoid,
    heads=(log,),
)


def _softmax_of_exponential(expr: Expr) -> Expr | None:
    for total in sorted(expr.args[0].atoms(LogSumExp), key=str):
        for index in _free(expr):
            if expr.args[0] == total.at(index) - total:
                return Probability(total, index)
    return None


SOFTMAX_OF_EXPONENTIAL = Rule(
    name="softmax-of-exponential",
    law=(exp(_z[_k] - LogSumExp(_z[_j], _j)), _p),
    why="An exponential less a log-sum-exp is a softmax: it is computed as one, without rounding the log-sum-exp.",
    rewrite=_softmax_of_exponential,
    heads=(exp,),
)


def _one_minus_power(expr: Expr) -> Expr | None:
    for term in expr.args:
        for factor in Mul.make_args(term):
            if isinstance(factor, Pow) and _is_p(factor.base) and -term / factor in expr.args:
                left = _without(expr.args, (term, -term / factor))
                if left is not None:
                    return Add(*left, term / factor * Expm1(factor.exp * log(factor.base)))
    return None


ONE_MINUS_POWER = Rule(
    name="one-minus-power-by-expm1",
    law=(1 - _p**laws.positive, 1 - exp(laws.positive * log(_p))),
    why="1 less a power near 1 is -expm1 of its logarithm, which keeps all digits.",
    rewrite=_one_minus_power,
    heads=(Add,),
)


def _one_minus_tanh(expr: Expr) -> Expr | None:
    for term in expr.args:
        for factor in Mul.make_args(term):
            if isinstance(factor, Pow) and factor.exp == 2 and isinstance(factor.base, tanh):
                left = _without(expr.args, (term, -term / factor))
                if left is not None:
                    return Add(*left, -term / factor * SechSquared(factor.base.args[0]))
    return None


ONE_MINUS_TANH = Rule(
    name="one-minus-tanh-squared",
    law=(1 - tanh(x) ** 2, 4 * exp(-2 * Abs(x)) / (1 + exp(-2 * Abs(x))) ** 2),
    why="tanh rounds to 1 long before its slope vanishes; the exponential holds what is left.",
    rewrite=_one_minus_tanh,
    heads=(Add,),
)


# --- differences of probabilities --------------------------------------------------------------------------------
def _complement(expr: Expr) -> Expr | None:
    for term in expr.args:
        for power in Mul.make_args(term):
            factor = power.base if isinstance(power, Pow) and power.exp.is_Integer and power.exp > 0 else power
            if _is_p(factor) or isinstance(factor, Sigmoid):
                left = _without(expr.args, (term, -term / factor))
                if left is not None:
                    other = Complement(*factor.args) if _is_p(factor) else Sigmoid(-factor.args[0])
                    return Add(*left, -term / factor * other)
    return None


COMPLEMENT = Rule(
    name="complement-by-the-others",
    law=(1 - _p_a, R / (1 + R)),
    why="1 - p is the sum of the other classes over the same denominator: it does not vanish where p rounds to 1.",
    rewrite=_complement,
    heads=(Add,),
)


def _target_complement(expr: Expr) -> Expr | None:
    for term in expr.args:
        if not _is_p(term) or S.NegativeOne not in expr.args:
            continue
        left = _without(expr.args, (term, S.NegativeOne))
        rest = Add(*left) if left else S.Zero
        if rest != 0 and not rest.has(Indexed, ClassIndex, Softmax, FiniteSum):
            return term * rest - Mul(1 - rest, Complement(*term.args), evaluate=False)
    return None


TARGET_COMPLEMENT = Rule(
    name="less-a-target-near-one",
    law=(_p - (1 - x), _p * x - (1 - x) * (1 - _p)),
    why="A smoothed target is 1 less a number x that is known: neither the target nor the probability is subtracted "
    "from 1.",
    rewrite=_target_complement,
    heads=(Add,),
)


def _opened(expr: Expr) -> Iterator[tuple[Expr, ...]]:
    """The terms of a sum, also with one product of a probability and a bracket multiplied out."""
    yield expr.args
    for position, term in enumerate(expr.args):
        factors = Mul.make_args(term)
        if any(_is_p(q) for q in factors) and any(isinstance(q, Add) for q in factors):
            rest = expr.args[:position] + expr.args[position + 1 :]
            linear = [LINEARITY.exhaust(factor) or factor for factor in factors]
            yield (*rest, *Add.make_args(expand_mul(Mul(*linear), deep=False)))


def _open_product(expr: Expr) -> Expr | None:
    for terms in _opened(expr):
        if terms is expr.args:
            continue
        opened = Add(*terms)
        if isinstance(opened, Add) and any(rewrite(opened) is not None for rewrite in (_residual, _complement)):
            return opened
    return None


OPEN_PRODUCT = Rule(
    name="open-a-bracket-that-hides-a-difference",
    law=(_p * (1 + x) - 1, _p * x - (1 - _p)),
    why="Multiplied out, the difference of the probability and 1 (or a target) is seen, and has an exact form.",
    rewrite=_open_product,
    heads=(Add,),
)


def _open_complement(expr: Expr) -> Expr | None:
    for term in expr.args:
        complement = next((q for q in Mul.make_args(term) if isinstance(q, Add) and _is_p(1 - q)), None)
        bracket = next((q for q in Mul.make_args(term) if isinstance(q, Add) and q is not complement), None)
        if complement is None or bracket is None:
            continue
        coefficient = term / complement / bracket
        kept, left = [], list(expr.args)
        left.remove(term)
        for inner in bracket.args:
            if -coefficient * inner in left:
                left.remove(-coefficient * inner)
                left.append(-coefficient * (1 - complement) * inner)
            else:
                kept.append(inner)
        if len(kept) < len(bracket.args):
            return Add(*left, coefficient * complement * Add(*kept))
    return None


OPEN_COMPLEMENT = Rule(
    name="complement-times-a-term-less-the-term",
    law=((1 - _p) * x - x, -_p * x),
    why="Where p is small, (1 - p) x and x are nearly the same.",
    rewrite=_open_complement,
    heads=(Add,),
)


def _residual(expr: Expr) -> Expr | None:
    for term in expr.args:
        factors = Mul.make_args(term)
        probability = next((q for q in factors if _is_p(q) or isinstance(q, Probability)), None)
        if probability is None:
            continue
        vector, j = probability.args
        for total in factors:
            if isinstance(total, FiniteSum):
                coefficient = term / probability / total
                left = _without(expr.args, (term, -coefficient * total.at(j)))
                if left is not None:
                    return Add(*left, coefficient * Residual(vector, j, total))
        coefficient = term / probability
        for other in expr.args:
            target = _like_a_probability(-other / coefficient, j)
            left = None if target is None else _without(expr.args, (term, other))
            if left is not None:
                return Add(*left, coefficient * Difference(vector, j, target))
    return None


def _like_a_probability(expr: Expr, j: Expr) -> Expr | None:
    """An entry of a target, or of another softmax, at class j; or a number made of parameters, as eps/K is."""
    if isinstance(expr, Indexed) and expr.indices[0] == j and expr.is_nonnegative:
        return expr
    positive = not (expr.is_nonpositive or expr.could_extract_minus_sign())
    if positive and expr.free_symbols and not expr.has(Indexed, ClassIndex, FiniteSum, LogSumExp, log):
        return expr
    other = _softmax_of_exponential(expr) if isinstance(expr, exp) else None
    return other if other is not None and other.args[1] == j else None


RESIDUAL = Rule(
    name="residual-at-the-largest",
    law=(_p_a * FiniteSum(f[_k], _k) - f[A], _p_a * _apart(f[_k]) - f[A] * (1 - _p_a)),
    why="At the largest class both terms may be near the sum of all f, and their difference lost. Without f_a in the "
    "sum, and with 1 - p_a as the others, nothing cancels.",
    rewrite=_residual,
    heads=(Add,),
)


def _sigmoid_residual(expr: Expr) -> Expr | None:
    for term in expr.args:
        for factor in Mul.make_args(term):
            if not isinstance(factor, Sigmoid):
                continue
            coefficient = term / factor
            for other in expr.args:
                target = -other / coefficient
                if isinstance(target, Indexed) and target.is_nonnegative:
                    left = _without(expr.args, (term, other))
                    if left is not None:
                        by_case = factor * (1 - target) - target * Sigmoid(-factor.args[0])
                        return Add(*left, coefficient * by_case)
    return None


SIGMOID_RESIDUAL = Rule(
    name="residual-of-sigmoid",
    law=(Sigmoid(x) - laws.y[_k], (1 - laws.y[_k]) * Sigmoid(x) - laws.y[_k] * Sigmoid(-x)),
    why="For a label near 1 the difference is small beside both; 1 - y is exact there, and sigma(-x) holds the rest.",
    rewrite=_sigmoid_residual,
    heads=(Add,),
)


def _centred(expr: Expr) -> Expr | None:
    for term in expr.args:
        for total in Mul.make_args(term):
            if not isinstance(total, FiniteSum):
                continue
            index, body = total.open(_free(expr))
            for probability in Mul.make_args(body):
                if not (_is_p(probability) and probability.args[1] == index):
                    continue
                if body == probability * FROM_TOP[index]:
                    continue  # 0 at the largest class: nothing cancels there
                found = _centred_on(expr, term, total, FiniteSum(body / probability, index), probability.args[0])
                if found is not None:
                    return found
    return None


def _centred_on(expr: Expr, term: Expr, total: Expr, f: FiniteSum, vector: IndexedBase) -> Expr | None:
    coefficient = -term / total
    for j in _free(expr):
        own = Add.make_args(expand_mul(coefficient * f.at(j)))
        left = _without(expr.args, (term, *own)) or (None if Counter(expr.args) != Counter((term, *own)) else [])
        if left is not None:
            return Add(*left, coefficient * Centred(vector, j, f))
    return None


CENTRED = Rule(
    name="centred-at-the-largest",
    law=(f[A] - FiniteSum(_p * f[_k], _k), f[A] * (1 - _p_a) - _apart(_p * f[_k])),
    why="The mean is near the value at a class whose probability is near 1; without that class in the sum, and with "
    "1 - p_a as the others, what is left of their difference is exact.",
    rewrite=_centred,
    heads=(Add,),
)


def _complement_of_mean(expr: Expr) -> Expr | None:
    for term in expr.args:
        for total in Mul.make_args(term):
            if not isinstance(total, FiniteSum) or -term / total not in expr.args:
                continue
            index, body = total.open(_free(expr))
            factors = Mul.make_args(body)
            probabilities = [q for q in factors if _is_p(q) and q.args[1] == index]
            if len(probabilities) != 1 or not any(isinstance(q, Indexed) for q in factors):
                continue
            left = _without(expr.args, (term, -term / total))
            if left is None:
                continue
            weights = body / probabilities[0]
            others = FiniteSum(weights * Complement(*probabilities[0].args), index)
            return Add(*left, -term / total * (others - Excess(FiniteSum(weights, index))))
    return None


COMPLEMENT_OF_MEAN = Rule(
    name="complement-of-a-mean",
    law=(1 - FiniteSum(_p * f[_k], _k), FiniteSum((1 - _p) * f[_k], _k) - (FiniteSum(f[_k], _k) - 1)),
    why="The mean of p under weights that sum to 1 may be near 1; the mean of 1 - p holds the difference.",
    rewrite=_complement_of_mean,
    heads=(Add,),
)


# --- divergences -------------------------------------------------------------------------------------------------
def _divergence(expr: Expr) -> Expr | None:
    index, body = expr.open()
    factors = Mul.make_args(body)
    for position, logarithm in enumerate(factors):
        if not (isinstance(logarithm, log) and isinstance(logarithm.args[0], Mul)):
            continue
        weight = Mul(*factors[:position], *factors[position + 1 :])
        below = weight / logarithm.args[0]
        probabilities = {q for q in (weight, below) if _is_p(q) and q.args[1] == index}
        vectors = {q for q in (weight, below) if isinstance(q, Indexed) and q.is_nonnegative and q.indices[0] == index}
        if len(probabilities) != 1 or len(vectors) != 1:
            continue
        (target,) = vectors
        excess = Excess(FiniteSum(target, index))
        terms = FiniteSum(Divergence(weight, below, log(weight / below)), index)
        return terms + excess if target == weight else terms - excess
    return None


DIVERGENCE = Rule(
    name="divergence-of-positive-terms",
    law=(
        FiniteSum(laws.y[_k] * log(laws.y[_k] / _p), _k),
        FiniteSum(laws.y[_k] * log(laws.y[_k] / _p) - laws.y[_k] + _p, _k) + FiniteSum(laws.y[_k], _k) - 1,
    ),
    why="Each term is then at least 0, and 0 only where y_k = p_k: near equality no term cancels another. What the "
    "target's rounding leaves of its sum less 1 is added exactly.",
    rewrite=_divergence,
    heads=(FiniteSum,),
)


def _softmax_divergence(expr: Expr) -> Expr | None:
    index, body = expr.open()
    factors = Mul.make_args(body)
    for position, weight in enumerate(factors):
        whole = _softmax_of_exponential(weight) if isinstance(weight, exp) else None
        if not isinstance(whole, Probability) or whole.args[1] != index:
            continue
        u = whole.args[0]
        rest = Add.make_args(Mul(*factors[:position], *factors[position + 1 :]))
        logs = [t for t in rest if isinstance(-t, log) and _is_p((-t).args[0]) and (-t).args[0].args[1] == index]
        if len(logs) == 1 and Add(*rest) == u.at(index) - u + logs[0]:
            return SoftmaxDivergence(u, (-logs[0]).args[0].args[0])
    return None


_u = IndexedBase("u", real=True)
_q, _delta = Softmax(_u, _k), Symbol("delta", real=True)
_x_k = (_z[_k] - _u[_k]) - FiniteSum(Softmax(_u, laws.l) * (_z[laws.l] - _u[laws.l]), laws.l)
SOFTMAX_DIVERGENCE = Rule(
    name="divergence-of-two-softmaxes",
    law=(
        FiniteSum(_q * log(_q / _p), _k),
        log(1 + FiniteSum(_q * (exp(_x_k) - 1 - _x_k), _k)),
    ),
    why="With x the difference of the two logits less its mean under q, each term is at least 0 and of second order: "
    "near equality the divergence, which is as small as x squared, keeps its digits and its sign.",
    rewrite=_softmax_divergence,
    heads=(FiniteSum,),
)


# --- the vector itself -------------------------------------------------------------------------------------------
def _never(expr: Expr) -> Expr | None:
    """These laws are followed where a softmax is computed; they rewrite no node of an expression."""
    return None


SOFTMAX_BY_GAP = Rule(
    name="softmax-by-gap",
    law=(_p, E[_k] / (1 + R)),
    why="The largest exponent is 0, so that nothing overflows; the rounding error of z_k - m is kept and made up for, "
    "since the exponential would make it as many ulps as the gap is wide.",
    rewrite=_never,
)

LOGSUMEXP_BY_GAP = Rule(
    name="logsumexp-by-gap",
    law=(LogSumExp(_z[_k], _k), m + log(1 + R)),
    why="The largest exponent is 0, so that nothing overflows, and log1p keeps an R that is small beside 1.",
    rewrite=_never,
)

SHIFT_BEFORE_DIVISION = Rule(
    name="shift-before-division",
    law=(exp(_z[_k] / T - m / T), exp((_z[_k] - m) / T)),
    why="z/T rounds to as many ulps as the logits are large; the difference is taken first, and the rounding errors of "
    "both are made up for.",
    rewrite=_never,
)

DIRECTION_FROM_TOP = Rule(
    name="direction-from-the-largest",
    law=(
        laws.v[_k] - FiniteSum(_p * laws.v[_k], _k),
        (laws.v[_k] - laws.v[A]) - FiniteSum(_p * (laws.v[_k] - laws.v[A]), _k),
    ),
    why="Where a shift of all logits changes nothing, neither does one of v: with 0 at the largest class, the mean "
    "of v holds nothing that cancels there.",
    rewrite=_never,
)

TRUE_CLASS_APART = Rule(
    name="true-class-apart",
    law=(_p_other * (1 - _p_c) ** x, _p_other / (1 - _p_c) * (1 - _p_c) ** (x + 1)),
    why="A negative power of 1 - p_c is infinite where p_c rounds to 1, beside a factor that is 0 there. Each class's "
    "share of the others, and -log p_c over 1 - p_c, are finite everywhere, and no negative power remains.",
    rewrite=_never,
)

#: in the order in which they are tried
STABILITY: tuple[Rule, ...] = (
    SOFTMAX_DIVERGENCE,
    DIVERGENCE,
    LOG_SOFTMAX,
    LOG_SIGMOID,
    LOG_OF_QUOTIENT,
    SOFTMAX_OF_EXPONENTIAL,
    CENTRED,
    TARGET_COMPLEMENT,
    RESIDUAL,
    SIGMOID_RESIDUAL,
    COMPLEMENT_OF_MEAN,
    COMPLEMENT,
    ONE_MINUS_POWER,
    ONE_MINUS_TANH,
    OPEN_COMPLEMENT,
    OPEN_PRODUCT,
)
#: followed within the passes themselves
PASSES: tuple[Rule, ...] = (
    SOFTMAX_BY_GAP,
    LOGSUMEXP_BY_GAP,
    SHIFT_BEFORE_DIVISION,
    DIRECTION_FROM_TOP,
    TRUE_CLASS_APART,
)
#: all of them, by name
CATALOGUE = {rule.name: rule for rule in (*PASSES, *STABILITY)}
