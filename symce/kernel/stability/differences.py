"""Differences of probabilities, of which both may be near 1, or near the same number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sympy import Add, Expr, Indexed, IndexedBase, Mul, Pow, S, exp, expand_mul, log

from symce.algebra.binders import FiniteSum, LogSumExp
from symce.algebra.functions import Sigmoid, Softmax
from symce.algebra.indices import ClassIndex
from symce.kernel.forms import Centred, Complement, Difference, Excess, Probability, Residual
from symce.kernel.stability.letters import FROM_TOP, A, R, classes_in, f, is_softmax, k, p, p_a, without, without_top, x
from symce.kernel.stability.logarithms import softmax_of_exponential
from symce.rules import laws
from symce.rules.rule import Rule
from symce.rules.sums import LINEARITY


def _complement(expr: Expr) -> Expr | None:
    for term in expr.args:
        for power in Mul.make_args(term):
            factor = power.base if isinstance(power, Pow) and power.exp.is_Integer and power.exp > 0 else power
            if is_softmax(factor) or isinstance(factor, Sigmoid):
                left = without(expr.args, (term, -term / factor))
                if left is not None:
                    other = Complement(*factor.args) if is_softmax(factor) else Sigmoid(-factor.args[0])
                    return Add(*left, -term / factor * other)
    return None


COMPLEMENT = Rule(
    name="complement-by-the-others",
    law=(1 - p_a, R / (1 + R)),
    why="1 - p is the sum of the other classes over the same denominator: it does not vanish where p rounds to 1.",
    rewrite=_complement,
    heads=(Add,),
)


def _target_complement(expr: Expr) -> Expr | None:
    for term in expr.args:
        if not is_softmax(term) or S.NegativeOne not in expr.args:
            continue
        left = without(expr.args, (term, S.NegativeOne))
        rest = Add(*left) if left else S.Zero
        if rest != 0 and not rest.has(Indexed, ClassIndex, Softmax, FiniteSum):
            return term * rest - Mul(1 - rest, Complement(*term.args), evaluate=False)
    return None


TARGET_COMPLEMENT = Rule(
    name="less-a-target-near-one",
    law=(p - (1 - x), p * x - (1 - x) * (1 - p)),
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
        if any(is_softmax(q) for q in factors) and any(isinstance(q, Add) for q in factors):
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
    law=(p * (1 + x) - 1, p * x - (1 - p)),
    why="Multiplied out, the difference of the probability and 1 (or a target) is seen, and has an exact form.",
    rewrite=_open_product,
    heads=(Add,),
)


def _open_complement(expr: Expr) -> Expr | None:
    for term in expr.args:
        complement = next((q for q in Mul.make_args(term) if isinstance(q, Add) and is_softmax(1 - q)), None)
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
    law=((1 - p) * x - x, -p * x),
    why="Where p is small, (1 - p) x and x are nearly the same.",
    rewrite=_open_complement,
    heads=(Add,),
)


def _residual(expr: Expr) -> Expr | None:
    for term in expr.args:
        factors = Mul.make_args(term)
        probability = next((q for q in factors if is_softmax(q) or isinstance(q, Probability)), None)
        if probability is None:
            continue
        vector, j = probability.args
        for total in factors:
            if isinstance(total, FiniteSum):
                coefficient = term / probability / total
                left = without(expr.args, (term, -coefficient * total.at(j)))
                if left is not None:
                    return Add(*left, coefficient * Residual(vector, j, total))
        coefficient = term / probability
        for other in expr.args:
            target = _like_a_probability(-other / coefficient, j)
            left = None if target is None else without(expr.args, (term, other))
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
    other = softmax_of_exponential(expr) if isinstance(expr, exp) else None
    return other if other is not None and other.args[1] == j else None


RESIDUAL = Rule(
    name="residual-at-the-largest",
    law=(p_a * FiniteSum(f[k], k) - f[A], p_a * without_top(f[k]) - f[A] * (1 - p_a)),
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
                    left = without(expr.args, (term, other))
                    if left is not None:
                        by_case = factor * (1 - target) - target * Sigmoid(-factor.args[0])
                        return Add(*left, coefficient * by_case)
    return None


SIGMOID_RESIDUAL = Rule(
    name="residual-of-sigmoid",
    law=(Sigmoid(x) - laws.y[k], (1 - laws.y[k]) * Sigmoid(x) - laws.y[k] * Sigmoid(-x)),
    why="For a label near 1 the difference is small beside both; 1 - y is exact there, and sigma(-x) holds the rest.",
    rewrite=_sigmoid_residual,
    heads=(Add,),
)


def _centred(expr: Expr) -> Expr | None:
    for term in expr.args:
        for total in Mul.make_args(term):
            if not isinstance(total, FiniteSum):
                continue
            index, body = total.open(classes_in(expr))
            for probability in Mul.make_args(body):
                if not (is_softmax(probability) and probability.args[1] == index):
                    continue
                if body == probability * FROM_TOP[index]:
                    continue  # 0 at the largest class: nothing cancels there
                found = _centred_on(expr, term, total, FiniteSum(body / probability, index), probability.args[0])
                if found is not None:
                    return found
    return None


def _centred_on(expr: Expr, term: Expr, total: Expr, f: FiniteSum, vector: IndexedBase) -> Expr | None:
    coefficient = -term / total
    for j in classes_in(expr):
        own = Add.make_args(expand_mul(coefficient * f.at(j)))
        left = without(expr.args, (term, *own)) or (None if Counter(expr.args) != Counter((term, *own)) else [])
        if left is not None:
            return Add(*left, coefficient * Centred(vector, j, f))
    return None


CENTRED = Rule(
    name="centred-at-the-largest",
    law=(f[A] - FiniteSum(p * f[k], k), f[A] * (1 - p_a) - without_top(p * f[k])),
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
            index, body = total.open(classes_in(expr))
            factors = Mul.make_args(body)
            probabilities = [q for q in factors if is_softmax(q) and q.args[1] == index]
            if len(probabilities) != 1 or not any(isinstance(q, Indexed) for q in factors):
                continue
            left = without(expr.args, (term, -term / total))
            if left is None:
                continue
            weights = body / probabilities[0]
            others = FiniteSum(weights * Complement(*probabilities[0].args), index)
            return Add(*left, -term / total * (others - Excess(FiniteSum(weights, index))))
    return None


COMPLEMENT_OF_MEAN = Rule(
    name="complement-of-a-mean",
    law=(1 - FiniteSum(p * f[k], k), FiniteSum((1 - p) * f[k], k) - (FiniteSum(f[k], k) - 1)),
    why="The mean of p under weights that sum to 1 may be near 1; the mean of 1 - p holds the difference.",
    rewrite=_complement_of_mean,
    heads=(Add,),
)
