"""Logarithms and exponentials, of which the argument may have rounded to 0 or 1."""

from __future__ import annotations

from sympy import Abs, Add, Expr, Mul, Pow, exp, log, tanh

from symce.algebra.binders import LogSumExp
from symce.algebra.functions import Sigmoid, Softmax, Softplus
from symce.kernel.forms import Expm1, LogProbability, Probability, SechSquared
from symce.kernel.stability.letters import D, R, classes_in, is_softmax, j, k, p, without, x, z
from symce.rules import laws
from symce.rules.rule import Rule


def _log_softmax(expr: Expr) -> Expr | None:
    argument = expr.args[0]
    if is_softmax(argument):
        return LogProbability(*argument.args)
    return LogProbability(*argument.args) if isinstance(argument, Probability) else None


LOG_SOFTMAX = Rule(
    name="log-softmax-by-gap",
    law=(log(p), -(D[k] + log(1 + R))),
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
    law=(log(p / laws.model[k]), log(p) - log(laws.model[k])),
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


def softmax_of_exponential(expr: Expr) -> Expr | None:
    for total in sorted(expr.args[0].atoms(LogSumExp), key=str):
        for index in classes_in(expr):
            if expr.args[0] == total.at(index) - total:
                return Probability(total, index)
    return None


SOFTMAX_OF_EXPONENTIAL = Rule(
    name="softmax-of-exponential",
    law=(exp(z[k] - LogSumExp(z[j], j)), p),
    why="An exponential less a log-sum-exp is a softmax: it is computed as one, without rounding the log-sum-exp.",
    rewrite=softmax_of_exponential,
    heads=(exp,),
)


def _one_minus_power(expr: Expr) -> Expr | None:
    for term in expr.args:
        for factor in Mul.make_args(term):
            if isinstance(factor, Pow) and is_softmax(factor.base) and -term / factor in expr.args:
                left = without(expr.args, (term, -term / factor))
                if left is not None:
                    return Add(*left, term / factor * Expm1(factor.exp * log(factor.base)))
    return None


ONE_MINUS_POWER = Rule(
    name="one-minus-power-by-expm1",
    law=(1 - p**laws.positive, 1 - exp(laws.positive * log(p))),
    why="1 less a power near 1 is -expm1 of its logarithm, which keeps all digits.",
    rewrite=_one_minus_power,
    heads=(Add,),
)


def _one_minus_tanh(expr: Expr) -> Expr | None:
    for term in expr.args:
        for factor in Mul.make_args(term):
            if isinstance(factor, Pow) and factor.exp == 2 and isinstance(factor.base, tanh):
                left = without(expr.args, (term, -term / factor))
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
